"""Every SQL statement of the server, named, in ``.sql`` files beside their stores.

A statement starts with ``-- name: its_name``; a line ``-- fleet: reason`` excuses it from naming a
tenant column. Values stand in it as ``:site_id``. ``load("rules")["find"]`` is ``-- name: find`` of
``rules.sql``, and ``connection.fetch(*load("rules")["find"](rule_id=id))`` runs it.
The number of an advisory lock is written by its name, ``{lock.FOLDS}``.
"""

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

from flywheel_server.core.locks import Lock

_LOCK = re.compile(r"\{lock\.([A-Z_]+)\}")
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)
# What may hold a colon or a dollar that means nothing to us comes first and is left as it is.
_TOKEN = re.compile(
    r"""
    [eE]'(?:[^'\\]|\\.|'')*'            # E'a string with \' escapes'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | --[^\n]*
    | /\*.*?\*/
    | (?<!\w)(?P<quote>\$\w*\$).*?(?P=quote)    # $$a body of a function$$
    | :: | :=
    | (?<![\w)\]]):(?P<name>[a-z][a-z0-9_]*)\b  # not the [from:to] of an array
    | (?<!\w)(?P<number>\$[0-9]+)
    """,
    re.VERBOSE | re.DOTALL,
)


class Statement:
    """A statement as PostgreSQL takes it, and the names of its parameters in their order."""

    __slots__ = ("called", "names", "text")

    def __init__(self, called: str, text: str) -> None:
        """Read ``text``, where ``:name`` stands for a value. Raises ValueError on ``$1``."""
        numbers: dict[str, int] = {}

        def numbered(token: re.Match[str]) -> str:
            if token["number"]:
                raise ValueError(f"{called}: give {token['number']} a name")
            if token["name"] is None:
                return token[0]
            return f"${numbers.setdefault(token['name'], len(numbers) + 1)}"

        self.called = called
        self.text = _TOKEN.sub(numbered, text)
        self.names = tuple(numbers)

    def __call__(self, /, **values: object) -> tuple[str, *tuple[object, ...]]:
        """Return what a connection's methods take: the text, and each value in its place.

        Raises TypeError where a name is missing or not known.
        """
        if len(values) == len(self.names):
            try:
                return (self.text, *map(values.__getitem__, self.names))
            except KeyError:
                pass  # Said below, with all that is wrong.
        missing = [name for name in self.names if name not in values]
        unknown = [name for name in values if name not in self.names]
        raise TypeError(f"{self.called}: missing {missing}, unknown {unknown}")


@cache
def load(noun: str) -> MappingProxyType[str, Statement]:
    """Return the statements of ``noun.sql`` by name."""
    text = files()[noun].read_text(encoding="utf-8")
    parts = _NAME.split(_LOCK.sub(lambda found: str(int(Lock[found[1]])), text))
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a statement of {noun}.sql is named twice")
    return MappingProxyType(
        {
            name: Statement(f"{noun}.{name}", part.strip())
            for name, part in zip(names, parts[2::2], strict=True)
        }
    )


@cache
def files() -> dict[str, Path]:
    """Return the files of statements of all rooms, by noun, in alphabetical order."""
    found: dict[str, Path] = {}
    for path in Path(__file__).parents[1].glob("[a-z]*/**/*.sql"):
        if found.setdefault(path.stem, path) != path:
            raise ValueError(f"two rooms have a {path.name}")
    return dict(sorted(found.items()))

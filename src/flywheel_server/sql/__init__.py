"""Every SQL statement of the server, named, in one ``.sql`` file per noun.

A statement starts with ``-- name: its_name``; a line ``-- fleet: reason`` excuses it from naming a
tenant column. ``load("rules")["find"]`` is the text of ``-- name: find`` in ``rules.sql``.
"""

import re
from functools import cache
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


@cache
def load(noun: str) -> MappingProxyType[str, str]:
    """Return the statements of ``noun.sql`` by name."""
    text = resources.files(__name__).joinpath(f"{noun}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a statement of {noun}.sql is named twice")
    return MappingProxyType(dict(zip(names, (part.strip() for part in parts[2::2]), strict=True)))


def nouns() -> list[str]:
    """Return the nouns that have a file, in alphabetical order."""
    return sorted(
        entry.name.removesuffix(".sql")
        for entry in resources.files(__name__).iterdir()
        if entry.name.endswith(".sql")
    )

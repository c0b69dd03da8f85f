"""The subset of JSON that every agent encodes alike: what is signed has to stay within it.

Agents verify a signature over their own encoding of what they read. Go escapes <, > and &, writes
floats its own way and holds every number as a double; beyond ASCII each encoder differs.
"""

from collections.abc import Iterable

from flywheel_server.core import errors

MOST_TEXT = 1_000
MOST_INTEGER = 2**53 - 1
MOST_ITEMS = 100
MOST_DEPTH = 6


def plain(text: str) -> bool:
    """Say whether every encoder writes this text as it stands (but for quotes and backslashes)."""
    return all(" " <= character <= "~" and character not in "<>&" for character in text)


def check(value: object, depth: int = 0) -> None:
    """Raise InvalidInput unless every agent encodes this JSON value as the server does."""
    if depth > MOST_DEPTH:
        raise errors.InvalidInput("The rule is nested too deeply: make its values plainer.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        _check_members((*value.keys(), *value.values()), depth)
    elif isinstance(value, (list, tuple)):
        _check_members(value, depth)
    elif isinstance(value, int):
        _check_integer(value)
    elif value is not None:
        raise errors.InvalidInput(
            "A rule holds texts, whole numbers, true, false and null: write other numbers as text."
        )


def _check_members(members: Iterable[object], depth: int) -> None:
    for number, member in enumerate(members):
        if number >= MOST_ITEMS:
            raise errors.InvalidInput(f"A list in a rule has at most {MOST_ITEMS} items.")
        check(member, depth + 1)


def _check_text(text: str) -> None:
    if len(text) > MOST_TEXT or not plain(text):
        raise errors.InvalidInput(
            "Every text of a rule is plain ASCII on one line, without <, > and &, of at most "
            f"{MOST_TEXT} characters: agents verify the signature over exactly that."
        )


def _check_integer(number: int) -> None:
    if abs(number) > MOST_INTEGER:
        raise errors.InvalidInput(f"Whole numbers in a rule are at most {MOST_INTEGER}.")

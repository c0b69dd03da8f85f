"""Which value fits which operator of a rule's condition, so that both engines compare alike.

One engine compares numbers and texts with one another, the other never does: a condition whose
value does not fit would hold on some appliances and never on others.
"""

from collections.abc import Callable

from flywheel_server.core import errors
from flywheel_server.rules.model.rules import Condition

_LONGEST_SHOWN = 80


def check(condition: Condition) -> None:
    """Raise InvalidInput unless the value fits the operator. Expressions are compiled elsewhere."""
    wanted = _WANTED[condition.operator]
    if not _FITS[wanted](condition.value):
        raise unfit(condition, f"takes {wanted}")


def unfit(condition: Condition, why: str) -> errors.InvalidInput:
    """Return the refusal of a condition, which names it."""
    field = condition.field[:_LONGEST_SHOWN]
    sentence = f"The condition on {field} cannot be: {condition.operator} {why}."
    return errors.InvalidInput(sentence, fields={"conditions": sentence})


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _scalar(value: object) -> bool:
    return isinstance(value, str | int)


_ONE = "one text, whole number, true or false"
_SEVERAL = "a list of one or more texts, whole numbers, true or false"
_NUMBER = "a whole number, since engines compare no text with a number"
_TEXT = "a text that is not empty"
_EITHER = "true or false"
_FITS: dict[str, Callable[[object], bool]] = {
    _ONE: _scalar,
    _SEVERAL: lambda value: isinstance(value, list) and bool(value) and all(map(_scalar, value)),
    _NUMBER: _whole,
    _TEXT: lambda value: isinstance(value, str) and value != "",
    _EITHER: lambda value: isinstance(value, bool),
}
_WANTED = {
    "eq": _ONE,
    "ne": _ONE,
    "contains": _TEXT,
    "regex": _TEXT,
    "gt": _NUMBER,
    "lt": _NUMBER,
    "in": _SEVERAL,
    "not_in": _SEVERAL,
    "exists": _EITHER,
}

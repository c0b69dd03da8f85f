"""Which rule an incident meets: the operators of the two engines in the field.

First match wins, in the order of ``priority`` (lower first). A missing field makes every operator
false but ``exists``. A rule without conditions matches everything, in both engines.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Engine = Literal["go", "python"]
Json = Mapping[str, Any]

_MISSING = object()
_DEFAULT_PRIORITY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as an engine holds it: read once from the wire, then only compared."""

    rule_id: str
    conditions: tuple[Json, ...]
    action: str
    runbook_id: str | None
    priority: int
    severities: frozenset[str]
    source: str


def read(rules: Iterable[Json]) -> tuple[Rule, ...]:
    """Return the enabled rules of an answer of the server, in the order they are tried."""
    held = [_rule(rule) for rule in rules if rule.get("enabled", True)]
    # The sort is stable: equal priorities keep the order in which the server sent them.
    return tuple(sorted(held, key=lambda rule: rule.priority))


def first_match(rules: Iterable[Rule], incident: Json, engine: Engine) -> Rule | None:
    """Return the first rule that an incident's fields meet, or None."""
    return next((rule for rule in rules if matches(rule, incident, engine)), None)


def matches(rule: Rule, incident: Json, engine: Engine) -> bool:
    """Say whether all conditions of a rule hold for an incident's fields."""
    if rule.severities and incident.get("severity") not in rule.severities:
        return False
    return all(holds(condition, incident, engine) for condition in rule.conditions)


def holds(condition: Json, incident: Json, engine: Engine) -> bool:
    """Say whether one condition holds for an incident's fields, as this engine understands it."""
    actual = _field(incident, str(condition.get("field", "")))
    wanted = condition.get("value")
    operator = str(condition.get("operator", ""))
    if operator == "exists":
        return (actual is not _MISSING) == (wanted is not False)
    if actual is _MISSING:
        return False
    compare = _OPERATORS[engine].get(operator)
    return compare is not None and compare(actual, wanted)


def _rule(rule: Json) -> Rule:
    action = rule.get("action") or next(iter(rule.get("actions") or ()), "")
    params = rule.get("action_params") or {}
    priority = rule.get("priority")
    return Rule(
        rule_id=str(rule["id"]),
        conditions=tuple(rule.get("conditions") or ()),
        action=str(action),
        runbook_id=params.get("runbook_id"),
        priority=_DEFAULT_PRIORITY if priority is None else int(priority),
        severities=frozenset(rule.get("severity_filter") or ()),
        source=str(rule.get("source", "")),
    )


def _field(incident: Json, path: str) -> Any:
    value: Any = incident
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


# Go: numbers and numeric strings are compared as numbers, everything else as its text.


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _go_order(actual: Any, wanted: Any) -> int:
    left, right = _number(actual), _number(wanted)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    return (_text(actual) > _text(wanted)) - (_text(actual) < _text(wanted))


def _go_in(actual: Any, wanted: Any) -> bool:
    return any(_go_order(actual, one) == 0 for one in wanted)


def _search(actual: Any, wanted: Any) -> bool:
    try:
        return re.search(str(wanted), _text(actual)) is not None
    except re.error:
        return False


def _python_contains(actual: Any, wanted: Any) -> bool:
    try:
        return wanted in actual
    except TypeError:
        return False


def _python_order(actual: Any, wanted: Any) -> int:
    try:
        return bool(actual > wanted) - bool(actual < wanted)
    except TypeError:
        return 0


_Comparison = Callable[[Any, Any], bool]
_OPERATORS: dict[Engine, dict[str, _Comparison]] = {
    "go": {
        "eq": lambda actual, wanted: _go_order(actual, wanted) == 0,
        "ne": lambda actual, wanted: _go_order(actual, wanted) != 0,
        "contains": lambda actual, wanted: _text(wanted) in _text(actual),
        "regex": _search,
        "gt": lambda actual, wanted: _go_order(actual, wanted) > 0,
        "lt": lambda actual, wanted: _go_order(actual, wanted) < 0,
        "in": lambda actual, wanted: isinstance(wanted, list) and _go_in(actual, wanted),
        "not_in": lambda actual, wanted: isinstance(wanted, list) and not _go_in(actual, wanted),
    },
    "python": {
        "eq": lambda actual, wanted: bool(actual == wanted),
        "ne": lambda actual, wanted: bool(actual != wanted),
        "contains": _python_contains,
        "regex": _search,
        "gt": lambda actual, wanted: _python_order(actual, wanted) > 0,
        "lt": lambda actual, wanted: _python_order(actual, wanted) < 0,
        "in": lambda actual, wanted: isinstance(wanted, list) and actual in wanted,
        "not_in": lambda actual, wanted: isinstance(wanted, list) and actual not in wanted,
    },
}

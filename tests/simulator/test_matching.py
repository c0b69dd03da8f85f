"""The operators of both engines, as the wire contract tells them."""

from typing import Any

import pytest

from simulator import matching
from simulator.matching import Engine

GO_INCIDENT = {
    "check_type": "firewall_status",
    "incident_type": "firewall_status",
    "drift_detected": True,
    "host_id": "WS-1",
    "platform": "windows",
    "severity": "high",
    "retries": 3,
    "size": "10",
    "nested": {"service": {"name": "spooler"}},
    "tags": ["a", "b"],
}
ENGINES: list[Engine] = ["go", "python"]


def holds(field: str, operator: str, value: object, engine: Engine) -> bool:
    condition = {"field": field, "operator": operator, "value": value}
    return matching.holds(condition, GO_INCIDENT, engine)


def rule(rule_id: str, conditions: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {
        "id": rule_id,
        "conditions": conditions,
        "action": "run_windows_runbook",
        "action_params": {"runbook_id": "RB-WIN-SEC-001"},
        "enabled": True,
        **more,
    }


def for_check(check_type: str) -> list[dict[str, Any]]:
    return [
        {"field": "check_type", "operator": "eq", "value": check_type},
        {"field": "drift_detected", "operator": "eq", "value": True},
    ]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("check_type", "eq", "firewall_status", True),
        ("check_type", "eq", "firewall", False),
        ("drift_detected", "eq", True, True),
        ("drift_detected", "eq", False, False),
        ("platform", "ne", "nixos", True),
        ("platform", "ne", "windows", False),
        ("check_type", "contains", "wall", True),
        ("check_type", "contains", "fire_", False),
        ("check_type", "regex", "^fire.*status$", True),
        ("check_type", "regex", "(", False),
        ("retries", "gt", 2, True),
        ("retries", "gt", 3, False),
        ("retries", "lt", 4, True),
        ("retries", "lt", 3, False),
        ("platform", "in", ["linux", "windows"], True),
        ("platform", "in", ["linux"], False),
        ("platform", "not_in", ["linux"], True),
        ("platform", "not_in", ["linux", "windows"], False),
        ("platform", "in", "windows", False),
        ("nested.service.name", "eq", "spooler", True),
        ("nested.service", "exists", None, True),
        ("nested.missing", "exists", True, False),
        ("platform", "exists", True, True),
        ("platform", "no_such_operator", "windows", False),
    ],
)
def test_an_operator_means_the_same_to_both_engines(
    engine: Engine, field: str, operator: str, value: object, expected: bool
) -> None:
    assert holds(field, operator, value, engine) is expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("operator", ["eq", "ne", "contains", "regex", "gt", "lt", "in", "not_in"])
@pytest.mark.parametrize("field", ["status", "details.state", "check_type.deeper"])
def test_a_missing_field_makes_every_operator_false(
    engine: Engine, operator: str, field: str
) -> None:
    value = ["x"] if operator in {"in", "not_in"} else "x"
    assert not holds(field, operator, value, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_only_exists_can_be_true_of_a_missing_field(engine: Engine) -> None:
    assert holds("status", "exists", False, engine)
    assert not holds("platform", "exists", False, engine)


@pytest.mark.parametrize(
    ("field", "operator", "value", "go", "python"),
    [
        # Numeric strings are numbers to Go.
        ("size", "eq", 10, True, False),
        ("size", "gt", 9, True, False),
        ("size", "eq", "10.0", True, False),
        ("size", "in", [10], True, False),
        ("retries", "eq", "3", True, False),
        ("retries", "not_in", ["3"], False, True),
        # Everything else is its text to Go.
        ("drift_detected", "eq", "true", True, False),
        ("drift_detected", "eq", 1, False, True),
        ("check_type", "gt", "a", True, True),
        ("check_type", "gt", 5, True, False),
        ("tags", "contains", "a", True, True),
    ],
)
def test_go_and_python_differ_where_they_really_do(
    field: str, operator: str, value: object, go: bool, python: bool
) -> None:
    assert holds(field, operator, value, "go") is go
    assert holds(field, operator, value, "python") is python


@pytest.mark.parametrize("engine", ENGINES)
def test_all_conditions_of_a_rule_must_hold(engine: Engine) -> None:
    both = matching.read([rule("R-1", for_check("firewall_status"))])
    other = matching.read(
        [rule("R-2", [*for_check("firewall_status"), *for_check("windows_defender")])]
    )
    assert matching.first_match(both, GO_INCIDENT, engine) is both[0]
    assert matching.first_match(other, GO_INCIDENT, engine) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_without_conditions_matches_everything(engine: Engine) -> None:
    assert matching.first_match(matching.read([rule("R-ALL", [])]), {}, engine) is not None


def test_the_lowest_priority_number_is_tried_first_and_the_first_match_wins() -> None:
    held = matching.read(
        [
            rule("R-YAML", for_check("firewall_status"), priority=100),
            rule("R-FIRST-50", for_check("firewall_status"), priority=50),
            rule("R-SECOND-50", for_check("firewall_status"), priority=50),
            rule("R-OTHER", for_check("windows_defender"), priority=1),
            rule("R-UNSAID", for_check("firewall_status")),
        ]
    )
    assert [one.rule_id for one in held] == [
        "R-OTHER",
        "R-FIRST-50",
        "R-SECOND-50",
        "R-YAML",
        "R-UNSAID",
    ]
    found = matching.first_match(held, GO_INCIDENT, "go")
    assert found is not None
    assert found.rule_id == "R-FIRST-50"


def test_a_disabled_rule_is_not_held() -> None:
    assert matching.read([rule("R-OFF", for_check("firewall_status"), enabled=False)]) == ()


def test_a_severity_filter_keeps_other_severities_out() -> None:
    high = matching.read([rule("R-H", for_check("firewall_status"), severity_filter=["high"])])
    low = matching.read([rule("R-L", for_check("firewall_status"), severity_filter=["low"])])
    assert matching.first_match(high, GO_INCIDENT, "go") is not None
    assert matching.first_match(low, GO_INCIDENT, "go") is None


def test_the_action_is_read_from_actions_where_there_is_none() -> None:
    wire = rule("R-1", [], actions=["escalate"])
    del wire["action"], wire["action_params"]
    (held,) = matching.read([wire])
    assert (held.action, held.runbook_id) == ("escalate", None)

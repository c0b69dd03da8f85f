"""Healings in words: what is known is said, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from flywheel_server.executions.model import healing_words
from flywheel_server.executions.model.healing_words import Approval, Facts, PlanFacts, RuleFacts
from flywheel_server.rules.model import origins, rules

FACTS = Facts(
    level="L1",
    incident_type="service_stopped",
    hostname="WS-1",
    runbook_name="Print spooler",
    outcome="success",
    standing="observed",
    verified=None,
    duration_seconds=None,
    error_category=None,
    chaos=False,
    rule=None,
    plan=None,
)
RULE = RuleFacts(source="promoted", scope="site", tier=None, name="Spooler", approval=None)


@pytest.mark.parametrize(
    ("incident_type", "fault"),
    [
        ("firewall", "The firewall on WS-1 was not as it should be."),
        ("disk_space", "WS-1 was short of disk space."),
        ("print_queue", "A check on WS-1 found something wrong: print queue."),
        ("{host}", "A check on WS-1 found something wrong: {host}."),
    ],
)
def test_a_fault_is_named_as_far_as_its_check_is_known(incident_type: str, fault: str) -> None:
    told = healing_words.story(replace(FACTS, incident_type=incident_type))
    assert told.fault == fault


def test_a_host_called_like_a_placeholder_stays_as_it_is() -> None:
    told = healing_words.story(replace(FACTS, hostname="{by}{host}"))
    assert told.fault == "A service on {by}{host} had stopped."


@pytest.mark.parametrize(
    ("changes", "deed"),
    [
        ({}, "A rule on the appliance ran the repair “Print spooler”."),
        ({"rule": RULE}, "A rule that was learnt at this site ran the repair “Print spooler”."),
        (
            {"rule": replace(RULE, source="platform"), "runbook_name": None},
            "A rule that was learnt from many organizations together answered it, “Spooler”.",
        ),
        (
            {
                "rule": replace(
                    RULE, approval=Approval(tier="partner", by="pat", successes=7, attempts=7)
                )
            },
            (
                "A rule that was learnt at this site ran the repair “Print spooler”; pat of your "
                "IT partner had approved it, after the same repair had worked 7 of 7 times."
            ),
        ),
        (
            {"rule": replace(RULE, approval=Approval(tier="x", by="pat", successes=0, attempts=0))},
            (
                "A rule that was learnt at this site ran the repair “Print spooler”; pat had "
                "approved it."
            ),
        ),
        (
            {"level": "L2"},
            "The planner, which is asked where no rule is sure, chose the repair “Print spooler”.",
        ),
        (
            {
                "level": "L2",
                "plan": PlanFacts(planner="model", decided_by="kim", decided_by_kind="client"),
            },
            (
                "The planner, which is asked where no rule is sure, proposed the repair “Print "
                "spooler”, and kim of your organization approved it."
            ),
        ),
        (
            {
                "level": "L2",
                "plan": PlanFacts(planner="model", decided_by=None, decided_by_kind=None),
            },
            (
                "The planner, which is asked where no rule is sure, chose the repair “Print "
                "spooler” by asking a language model."
            ),
        ),
        ({"level": "L3"}, "A person took care of it."),
        ({"level": "L3", "outcome": "not_attempted"}, "It was handed to a person."),
    ],
)
def test_a_deed_names_what_is_known_of_who_did_it(changes: dict[str, Any], deed: str) -> None:
    assert healing_words.story(replace(FACTS, **changes)).deed == deed


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, "It worked. No check was made afterwards."),
        (
            {"verified": True, "duration_seconds": 1.5},
            "It worked, in 1.5 seconds. Checked afterwards: the fault was gone.",
        ),
        (
            {"verified": False, "outcome": "failure", "duration_seconds": 240.0},
            "It did not work, in 4 minutes. Checked afterwards: the fault was still there.",
        ),
        ({"outcome": "not_attempted", "verified": None}, "Nothing was tried."),
        (
            {"outcome": "not_attempted", "error_category": "no_credentials"},
            "Nothing was tried: the appliance has no password for this machine.",
        ),
        (
            {"chaos": True},
            (
                "It worked. No check was made afterwards. This was a planned test, not a fault of "
                "its own."
            ),
        ),
    ],
)
def test_a_result_says_what_came_of_it_and_whether_it_was_checked(
    changes: dict[str, Any], result: str
) -> None:
    assert healing_words.story(replace(FACTS, **changes)).result == result


def test_every_origin_of_a_rule_has_words() -> None:
    sources, scopes = rules.Source.__args__, rules.RuleScope.__args__  # type: ignore[attr-defined]
    told = {origins.origin(source, scope) for source in sources for scope in scopes}
    assert len(told) == len(sources) - 1 + len(scopes)

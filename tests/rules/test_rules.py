"""How rules are made, chosen and written."""

import datetime as dt
import json
import re
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given, strategies as st

from flywheel_server.core import errors
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Condition, NewRule, Rule, RuleScope

SITE = UUID("0199b1f0-0000-7000-8000-000000000001")
OTHER_SITE = UUID("0199b1f0-0000-7000-8000-000000000002")
_FIELDS = set(NewRule.__dataclass_fields__)


def learnt(**changes: Any) -> NewRule:
    given: dict[str, Any] = {
        "source": "platform",
        "scope": "platform",
        "scope_id": None,
        "incident_type": "service_dns",
        "runbook_id": "RB-WIN-SVC-001",
        "platform": "windows",
        "generation": 1,
    }
    return rules.learnt(**(given | changes))


def stored(rule: NewRule | None = None, **changes: Any) -> Rule:
    made = replace(rule or learnt(), **{k: v for k, v in changes.items() if k in _FIELDS})
    state: dict[str, Any] = {
        "id": UUID(int=abs(hash(made.rule_id))),
        "enabled": True,
        "disabled_reason": None,
        "enabled_changed_at": dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
        "withdrawn_at": None,
        "match_count": 0,
        "success_count": 0,
        "failure_count": 0,
        "success_rate": None,
        "created_at": dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    }
    state |= {k: v for k, v in changes.items() if k not in _FIELDS}
    values = {name: getattr(made, name) for name in _FIELDS}
    return Rule(**values, **state)


def test_a_rule_id_never_changes_for_the_same_input() -> None:
    """Golden vectors: appliances hold these ids for ever."""
    assert learnt().rule_id == "L1-service-dns-RB-WIN-SVC-001-adc9147a461ccd9b"
    assert (
        learnt(
            source="promoted",
            scope="site",
            scope_id=SITE,
            incident_type="linux:ssh config",
            runbook_id="LIN-SSH-001",
            platform="linux",
            generation=3,
        ).rule_id
        == "L1-linux-ssh-config-LIN-SSH-001-166314f3b4272b21"
    )


_ids = st.builds(
    lambda scope, *rest: (scope, None if scope == "platform" else rest[0], *rest[1:]),
    st.sampled_from(["platform", "site"]),
    st.sampled_from([SITE, OTHER_SITE]),
    st.sampled_from(["promoted", "platform", "custom"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60),
    st.text(st.sampled_from("AB-:1"), min_size=1, max_size=40),
    st.integers(1, 3),
)


@given(_ids, _ids)
def test_two_inputs_never_share_a_rule_id(one: Any, other: Any) -> None:
    made = [
        rules.rule_id(
            source=source,
            scope=scope,
            scope_id=scope_id,
            incident_type=incident_type,
            runbook_id=runbook_id,
            generation=generation,
        )
        for scope, scope_id, source, incident_type, runbook_id, generation in (one, other)
    ]
    assert (made[0] == made[1]) == (one == other)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{3,64}", each) for each in made)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"incident_type": "a:b", "runbook_id": "c"}, {"incident_type": "a", "runbook_id": "b:c"}),
        ({"incident_type": "service_dns"}, {"incident_type": "service-dns"}),
        ({"runbook_id": "RB-" + "X" * 40 + "1"}, {"runbook_id": "RB-" + "X" * 40 + "2"}),
        ({"generation": 1}, {"generation": 2}),
        ({"source": "promoted"}, {"source": "platform"}),
    ],
)
def test_inputs_that_look_alike_get_ids_of_their_own(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert learnt(**first).rule_id != learnt(**second).rule_id


def test_a_learnt_rule_runs_the_earning_runbook_on_its_platform() -> None:
    windows = learnt()
    assert windows.action == "run_windows_runbook"
    assert windows.action_params == {
        "runbook_id": "RB-WIN-SVC-001",
        "phases": ["remediate", "verify"],
    }
    assert windows.conditions == (
        Condition(field="check_type", operator="eq", value="service_dns"),
        Condition(field="drift_detected", operator="eq", value=True),
    )
    linux = learnt(incident_type="ssh", runbook_id="LIN-SSH-001", platform="linux")
    assert linux.action == "run_linux_runbook"


@pytest.mark.parametrize("platform", ["macos", "network", ""])
def test_no_rule_is_made_for_a_platform_without_an_agent(platform: str) -> None:
    assert rules.action_for(platform) is None
    with pytest.raises(errors.InvalidInput):
        learnt(platform=platform)


@pytest.mark.parametrize(
    "incident_type", ["", "a<b", "a>b", "a&b", "größe", "a\nb", "a\x00b", "\ud800", "x" * 201]
)
def test_an_incident_type_that_encoders_write_differently_makes_no_rule(
    incident_type: str,
) -> None:
    assert not rules.expressible(incident_type)
    with pytest.raises(errors.InvalidInput):
        learnt(incident_type=incident_type)


@pytest.mark.parametrize(
    "incident_type", ["firewall_status", 'a "quoted" \\ one', "x" * 200, "a:b"]
)
def test_plain_incident_types_make_rules_that_pass_the_check(incident_type: str) -> None:
    rules.check_wire(learnt(incident_type=incident_type))


def test_narrower_scopes_come_first() -> None:
    order: list[RuleScope] = ["site", "organization", "partner", "platform"]
    priorities = [
        learnt(scope=scope, scope_id=None if scope == "platform" else SITE).priority
        for scope in order
    ]
    assert priorities == sorted(set(priorities))
    assert priorities[0] > rules.SYNCED_PRIORITY


def test_of_rules_that_say_the_same_only_the_narrowest_is_served() -> None:
    scopes: list[RuleScope] = ["platform", "partner", "organization", "site"]
    same = [
        stored(learnt(scope=scope, scope_id=None if scope == "platform" else SITE))
        for scope in scopes
    ]
    for count in range(1, 5):
        assert [rule.scope for rule in rules.desired(same[:count], "standard")] == [
            scopes[count - 1]
        ]


def test_a_disabled_narrow_rule_hides_no_wider_one() -> None:
    platform = stored()
    site = stored(learnt(scope="site", scope_id=SITE), enabled=False)
    assert rules.desired([site, platform], "standard") == [platform]


def test_an_id_is_served_once() -> None:
    wide = stored(rule_id="MY-RULE", source="custom", name="wide")
    narrow = stored(
        learnt(incident_type="other", scope="site", scope_id=SITE), rule_id="MY-RULE", name="narrow"
    )
    assert [rule.name for rule in rules.desired([wide, narrow], "standard")] == ["narrow"]


def test_two_runbooks_for_one_incident_are_both_served_in_a_fixed_order() -> None:
    one, two = stored(), stored(learnt(runbook_id="RB-WIN-SVC-002"))
    expected = sorted([one, two], key=lambda rule: rule.rule_id)
    assert rules.desired([one, two], "standard") == expected
    assert rules.desired([two, one], "standard") == expected


def test_tiers_get_their_sets_and_compiled_rules_are_never_served() -> None:
    standard = stored(rule_id="S-1", source="synced", tier="standard", priority=5)
    full = stored(rule_id="F-1", source="synced", tier="full_coverage", priority=5)
    compiled = stored(rule_id="C-1", source="builtin", priority=1)
    everything = [compiled, full, standard]
    assert rules.desired(everything, "standard") == [standard]
    assert rules.desired(everything, "full_coverage") == [full, standard]


def test_the_wire_form_is_the_contracts() -> None:
    assert rules.wire(stored()) == {
        "id": learnt().rule_id,
        "name": "service_dns: RB-WIN-SVC-001",
        "description": "Learnt: RB-WIN-SVC-001 heals service_dns.",
        "conditions": [
            {"field": "check_type", "operator": "eq", "value": "service_dns"},
            {"field": "drift_detected", "operator": "eq", "value": True},
        ],
        "action": "run_windows_runbook",
        "actions": ["run_windows_runbook"],
        "action_params": {"runbook_id": "RB-WIN-SVC-001", "phases": ["remediate", "verify"]},
        "hipaa_controls": [],
        "priority": 56,
        "cooldown_seconds": 300,
        "max_retries": 1,
        "enabled": True,
        "source": "platform",
    }
    assert rules.wire(stored(severity_filter=("high",)))["severity_filter"] == ["high"]


def test_the_signed_text_is_sorted_spaced_and_escaped() -> None:
    assert rules.canonical([{"b": [1, True], "a": "ä"}]) == b'[{"a": "\\u00e4", "b": [1, true]}]'


def test_the_yaml_holds_what_the_wire_holds() -> None:
    rule = learnt(incident_type='it\'s: a "#" test\\n - yes')
    assert yaml.safe_load(rules.as_yaml(rule)) == rules.wire(rule)
    assert len(rules.as_yaml(learnt(incident_type="x" * 200))) <= 8_192


@pytest.mark.parametrize(
    "changes",
    [
        {"rule_id": "a:b"},
        {"rule_id": "ab"},
        {"rule_id": "x" * 65},
        {"name": "größe"},
        {"name": "a<b"},
        {"description": "a\nb"},
        {"action": ""},
        {"conditions": ()},
        {"conditions": (Condition(field="platform", operator="eq", value="x"),)},
        {"action_params": {"x": 1.0}},
        {"action_params": {"x": 0.5}},
        {"action_params": {"x": 2**53}},
        {"action_params": {"x": "&"}},
        {"action_params": {"&": "x"}},
        {"action_params": {"x": ["y" * 1_001]}},
        {"action_params": {"x": [[[[[[[1]]]]]]]}},
        {"action_params": {"x": list(range(101))}},
        {"action_params": {"x": ["y" * 900] * 20}},
        {"action_params": {"x": object()}},
        {"hipaa_controls": ("§",)},
        {"incident_type": "a&b"},
    ],
)
def test_a_rule_that_agents_would_read_differently_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        rules.check_wire(replace(learnt(), **changes))


def test_an_unknown_operator_is_refused() -> None:
    more = Condition(field="hostname", operator="like", value="x")
    with pytest.raises(errors.InvalidInput, match="contains"):
        rules.check_wire(replace(learnt(), conditions=(*learnt().conditions, more)))


def test_announcements_name_whose_rule_sets_change() -> None:
    assert rules.announcement(learnt()) == "platform"
    assert rules.announcement(learnt(scope="site", scope_id=SITE)) == f"site:{SITE}"


def test_go_reads_the_signed_text_as_it_stands() -> None:
    """What Go's encoder would escape, or write as another number, never gets into a rule."""
    text = rules.canonical([rules.wire(learnt())]).decode()
    assert not set("<>&") & set(text)
    assert json.loads(text)[0]["conditions"] == [
        asdict(condition) for condition in learnt().conditions
    ]

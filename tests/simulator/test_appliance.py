"""What a simulated appliance decides from what it holds, and how each agent words it."""

import datetime as dt
import hashlib
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator import catalogue, messages
from simulator.appliance import Appliance, Host, Identity, UntrustedRulesError
from simulator.messages import Dialect, Heal, Json

SERVER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
WINDOWS = Host(name="WS-1", platform="windows")
LINUX = Host(name="srv-1", platform="linux")
SPOOLER = catalogue.BY_CHECK_TYPE["print_spooler"]
NOW = dt.datetime(2026, 2, 24, 10, 0, 0, 123456, tzinfo=dt.UTC)
TELLS_THE_TRUTH = {Dialect.GO_OLDER: False, Dialect.GO_NEWER: True, Dialect.PYTHON: False}


def appliance(dialect: Dialect = Dialect.GO_NEWER) -> Appliance:
    identity = Identity(
        site_id="site-1",
        site_index=1,
        hostname="site-1-appliance",
        mac="02:00:5e:10:00:aa",
        public_key="ab" * 32,
        dialect=dialect,
        hosts=(WINDOWS, LINUX),
    )
    made = Appliance(identity, random.Random(3))
    made.take_check_in(welcome())
    return made


def welcome(l2_mode: str = "auto", rules_hash: str | None = None) -> Json:
    return {
        "appliance_id": "site-1-02:00:5E:10:00:AA",
        "l2_mode": l2_mode,
        "server_public_key": SERVER.public_key().public_bytes_raw().hex(),
        "rules_hash": rules_hash,
    }


def rule_for(kind: catalogue.IncidentType, **more: object) -> dict[str, Any]:
    return {
        "id": "L1-LEARNT-1",
        "conditions": [
            {"field": "check_type", "operator": "eq", "value": kind.check_type},
            {"field": "drift_detected", "operator": "eq", "value": True},
        ],
        "action": f"run_{kind.platform}_runbook",
        "action_params": {"runbook_id": kind.runbook_id, "phases": ["remediate", "verify"]},
        "priority": 50,
        "enabled": True,
        "source": "platform",
        **more,
    }


def signed(rules: list[dict[str, Any]], key: Ed25519PrivateKey = SERVER) -> Json:
    text = json.dumps(rules, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)
    return {"rules": rules, "signature": key.sign(text.encode()).hex()}


def wants_rules(one: Appliance) -> bool:
    return one.wants_rules


def heal_until(one: Appliance, kind: catalogue.IncidentType, *, healed: bool) -> Heal:
    heals = (one.heal(WINDOWS, kind) for _ in range(1_000))
    return next(heal for heal in heals if heal.healed is healed)


@pytest.mark.parametrize("dialect", Dialect)
def test_an_incident_moves_from_l2_to_l1_once_a_rule_is_held(dialect: Dialect) -> None:
    one = appliance(dialect)
    assert one.heal(WINDOWS, SPOOLER).level == "L2"
    one.take_rules(signed([rule_for(SPOOLER)]), '"hash-1"')
    heal = one.heal(WINDOWS, SPOOLER)
    assert (heal.level, heal.rule_id, heal.runbook_id) == ("L1", "L1-LEARNT-1", "RB-WIN-SVC-003")
    assert one.holds_learnt_rule()


@pytest.mark.parametrize("l2_mode", ["disabled", "manual"])
def test_without_its_own_l2_a_person_is_called(l2_mode: str) -> None:
    one = appliance()
    one.take_check_in(welcome(l2_mode))
    assert one.heal(WINDOWS, SPOOLER).level == "L3"
    assert one.check_in(60)["active_l2_mode"] == l2_mode


@pytest.mark.parametrize("action", ["escalate", "alert:disk_space_critical"])
def test_a_rule_that_only_tells_somebody_is_no_heal(action: str) -> None:
    one = appliance()
    one.take_rules(signed([rule_for(SPOOLER, action=action, action_params={})]), '"h"')
    heal = one.heal(WINDOWS, SPOOLER)
    assert (heal.level, heal.runbook_id) == ("L3", "ESC-print_spooler")


def test_what_nothing_heals_goes_to_a_person() -> None:
    assert appliance().heal(LINUX, catalogue.BY_CHECK_TYPE["raid_degraded"]).level == "L3"


def test_rules_with_a_strangers_signature_are_refused_and_the_old_ones_kept() -> None:
    one = appliance()
    one.take_rules(signed([rule_for(SPOOLER)]), '"old"')
    held = one.rules_hash
    with pytest.raises(UntrustedRulesError):
        one.take_rules(signed([], STRANGER), '"new"')
    altered = signed([rule_for(SPOOLER)])
    altered["rules"][0]["priority"] = 1
    with pytest.raises(UntrustedRulesError):
        one.take_rules(altered, '"new"')
    assert one.heal(WINDOWS, SPOOLER).level == "L1"
    assert one.rules_hash == held


def test_it_reports_the_hash_it_runs_and_wants_rules_when_told_of_another() -> None:
    one = appliance()
    assert one.check_in(1)["active_rules_hash"] is None
    assert wants_rules(one)
    one.take_rules(signed([]), '"etag"')
    running = hashlib.sha256(b"[]").hexdigest()
    assert one.check_in(2)["active_rules_hash"] == running
    one.take_check_in(welcome(rules_hash=running))
    assert not wants_rules(one)
    one.take_check_in(welcome(rules_hash="another"))
    assert wants_rules(one)


@pytest.mark.parametrize("dialect", Dialect)
def test_only_the_newer_daemon_admits_a_failed_l2_heal(dialect: Dialect) -> None:
    one = appliance(dialect)
    failed = heal_until(one, catalogue.BY_CHECK_TYPE["update_agent"], healed=False)
    body = one.report(failed, NOW)["execution"]
    assert body["success"] is not TELLS_THE_TRUTH[dialect]
    assert body["status"] == ("failure" if TELLS_THE_TRUTH[dialect] else "success")


@pytest.mark.parametrize(
    ("dialect", "at_l1", "at_l2"),
    [
        (Dialect.GO_OLDER, "L1-LEARNT-1", "RB-WIN-SVC-003"),
        (Dialect.GO_NEWER, "RB-WIN-SVC-003", "RB-WIN-SVC-003"),
        (Dialect.PYTHON, "L1-LEARNT-1", "L2-run_windows_runbook"),
    ],
)
def test_each_agent_names_what_healed_in_its_own_namespace(
    dialect: Dialect, at_l1: str, at_l2: str
) -> None:
    one = appliance(dialect)
    assert (
        one.report(heal_until(one, SPOOLER, healed=True), NOW)["execution"]["runbook_id"] == at_l2
    )
    one.take_rules(signed([rule_for(SPOOLER)]), '"h"')
    assert (
        one.report(heal_until(one, SPOOLER, healed=True), NOW)["execution"]["runbook_id"] == at_l1
    )


def test_the_go_daemon_writes_what_the_wire_contract_samples() -> None:
    one = appliance(Dialect.GO_OLDER)
    heal = heal_until(one, SPOOLER, healed=True)
    body = one.report(heal, NOW)
    assert body["reported_at"] == "2026-02-24T10:00:00Z"
    execution = body["execution"]
    incident = "drift-WS-1-print_spooler-1771927200123"
    assert execution["incident_id"] == incident
    assert execution["execution_id"] == f"l2-{incident}-1771927200123"
    assert execution["pattern_signature"] == "print_spooler:RB-WIN-SVC-003:WS-1"
    assert not {"appliance_id", "platform", "started_at", "verification_passed"} & set(execution)
    one.take_rules(signed([rule_for(SPOOLER)]), '"h"')
    at_l1 = one.report(heal_until(one, SPOOLER, healed=True), NOW)["execution"]
    assert at_l1["appliance_id"] == "site-1-02:00:5E:10:00:AA"
    assert (at_l1["confidence"], at_l1["resolution_level"]) == (1, "L1")


def test_the_python_agent_writes_its_own_shape() -> None:
    one = appliance(Dialect.PYTHON)
    execution = one.report(heal_until(one, SPOOLER, healed=True), NOW)["execution"]
    assert execution["completed_at"] == "2026-02-24T10:00:00.123456+00:00"
    assert execution["platform"] == "windows"
    assert execution["verification_passed"] is True
    assert execution["appliance_id"] is None
    assert "pattern_signature" not in execution


def test_missing_credentials_are_said_in_words_that_the_server_knows() -> None:
    heal = Heal(
        level="L2",
        host="WS-1",
        platform="windows",
        check_type="remote_access",
        rule_id=None,
        runbook_id="RB-WIN-ACCESS-001",
        action="run_windows_runbook",
        healed=False,
        no_credentials=True,
        duration_seconds=2.0,
    )
    newer = messages.execution(Dialect.GO_NEWER, heal, "site-1", None, NOW)["execution"]
    python = messages.execution(Dialect.PYTHON, heal, "site-1", None, NOW)["execution"]
    assert newer["error_category"] == "no_credentials"
    assert newer["error_message"] == "no WinRM credentials for host WS-1"
    assert python["error_message"] == "no WinRM credentials for host WS-1"


def test_the_python_agents_incidents_carry_no_more_than_it_knows() -> None:
    assert messages.incident(Dialect.PYTHON, "h", "linux", "cron") == {
        "check_type": "cron",
        "drift_detected": True,
    }
    go = messages.incident(Dialect.GO_NEWER, "h", "linux", "cron")
    assert go["check_type"] == go["incident_type"] == "cron"
    assert "status" not in go

"""The registry knows every rule that the daemons have compiled in: none of them is an alarm."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.executions.model import executions
from flywheel_server.learning.actions import folds
from flywheel_server.rules.actions import catalogue
from flywheel_server.rules.model import detect_only
from tests import cast as people, deliveries as walk, telemetry
from tests.cast import STAGE, Cast
from tests.field import reports

# As the wire contract lists them.
_LINUX = ("SVC", "PERM", "NET", "BANNER", "CRYPTO", "IR", "DISK", "NTP", "UPGRADES", "CERT")
_WINDOWS = ("PATCH-001", "AV-001", "BACKUP-002", "LOG-001", "FW-001", "CERT-001", "SSH-001")
_WINDOWS_TOO = ("AGENT-001", "PASSWD-001", "RDP-NLA-001", "GUEST-001", "SVC-SPOOLER")
_SECURITY = ("SCREENLOCK-AGENT", "BITLOCKER-AGENT", "DEFENDER-CLOUD", "AUDIT-POLICY")
_KNOWN = ("FW-002", "AUDIT-002", "KERN-001", "CRON-001", "SUID-001")
_KNOWN_LINUX = ("FW", "AUDIT", "LOG")
_KNOWN_SECURITY = ("BITLOCKER", "SMB", "SMB1", "SCREENLOCK", "DEFENDER-EXCL")
_KNOWN_WINDOWS = ("DEFENDER-001", "NET-PROFILE", "DNS-HIJACK")
_SERVICES = ("DNS", "NETLOGON", "WUAUSERV")
_ESCALATING = ("ENCRYPT", "SERVICE", "LIN-PORTS", "LIN-USERS", "WIN-ROGUE-ADMIN")
_ESCALATING_TOO = ("WIN-ROGUE-TASKS", "NET-PORTS", "NET-SVC", "NET-REACH", "NET-DNS")
COMPILED = [
    *(f"L1-LIN-{each}-001" for each in (*_LINUX, *_KNOWN_LINUX)),
    *(f"L1-{each}" for each in (*_WINDOWS, *_KNOWN)),
    *(f"L1-WIN-{each}" for each in (*_WINDOWS_TOO, *_KNOWN_WINDOWS)),
    *(f"L1-WIN-SEC-{each}" for each in (*_SECURITY, *_KNOWN_SECURITY)),
    *(f"L1-WIN-SVC-{each}" for each in _SERVICES),
    *(f"L1-PERSIST-{each}-001" for each in ("TASK", "REG", "WMI")),
    *(f"L1-{each}-001" for each in (*_ESCALATING, *_ESCALATING_TOO)),
]
# (runbook, check type, compiled, synced with full coverage)
TWINS = [
    ("RB-WIN-SEC-016", "screen_lock_policy", "L1-WIN-SEC-SCREENLOCK", "L1-SCREENLOCK-001"),
    ("RB-WIN-SEC-005", "bitlocker_status", "L1-WIN-SEC-BITLOCKER", "L1-BITLOCKER-001"),
    ("RB-WIN-SEC-007", "smb_signing", "L1-WIN-SEC-SMB", "L1-SMB-SIGNING-001"),
    ("RB-WIN-SEC-020", "smb1_protocol", "L1-WIN-SEC-SMB1", "L1-SMB1-001"),
    ("RB-WIN-SVC-001", "service_netlogon", "L1-WIN-SVC-NETLOGON", "L1-SVC-NETLOGON-001"),
]
PERSISTENCE = [
    ("L1-PERSIST-TASK-001", "RB-WIN-SEC-018", "scheduled_task_persistence"),
    ("L1-PERSIST-REG-001", "RB-WIN-SEC-019", "registry_run_persistence"),
    ("L1-PERSIST-WMI-001", "RB-WIN-SEC-021", "wmi_event_persistence"),
]


async def counts(client: httpx.AsyncClient, cast: Cast, source: str) -> dict[str, tuple[int, ...]]:
    """Return (matches, successes, failures) of the rules of a source that matched at all."""
    rules = await telemetry.items(client, cast.admin, f"rules?source={source}&limit=200")
    return {
        rule["rule_id"]: (rule["match_count"], rule["success_count"], rule["failure_count"])
        for rule in rules
        if rule["match_count"]
    }


async def test_every_compiled_rule_of_both_daemons_is_known_and_counted(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """Broken on purpose by leaving the ids without a check type out of ``rules.toml``."""
    assert len(COMPILED) == len(set(COMPILED)) == 58
    await telemetry.send(
        client, cast.site, [reports.older(each, f"zz_check_{n}") for n, each in enumerate(COMPILED)]
    )

    await telemetry.turn(client, cast.admin)

    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []
    counted = await counts(client, cast, "builtin") | await counts(client, cast, "synced")
    assert {each for each, (matches, *_) in counted.items() if matches == 1} == set(COMPILED)
    alarms = await telemetry.items(client, cast.admin, "alarms")
    assert "unresolved_ids" not in {alarm["kind"] for alarm in alarms}


async def test_a_compiled_rule_without_a_known_check_type_covers_no_candidate(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """Broken on purpose by giving L1-PATCH-001 the check type ``patching``."""
    await telemetry.send(
        client,
        cast.site,
        telemetry.executions(6, incident_type="patching", runbook_id="RB-WIN-PATCH-001"),
    )
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["state"], pattern["failing"]) == ("eligible", [])


@pytest.mark.parametrize("runbook_id", detect_only.DETECT_ONLY)
def test_what_only_looks_was_not_attempted_whatever_its_agent_says(runbook_id: str) -> None:
    example = json.loads(detect_only.DETECT_ONLY[runbook_id])
    for level in ("L1", "L2"):
        for success in (True, False):
            assert _outcome(example["runbook_id"], level, success) == "not_attempted"
            assert _outcome(runbook_id, level, success) == "not_attempted"
    # A person heals by whatever means.
    assert _outcome(runbook_id, "L3", success=True) == "success"


def _outcome(reported_id: str, level: Any, success: bool) -> str:
    return executions.outcome(
        success=success,
        verified=None,
        level=level,
        incident_type="linux_firewall",
        reported_id=reported_id,
        action=None,
        error_category=None,
        error_message=None,
    )


def test_the_table_of_what_only_looks_is_that_of_the_catalogue() -> None:
    known = {runbook_id: executable for runbook_id, _, _, executable in catalogue.runbooks()}
    looks = {each for each, executable in known.items() if not executable and each[:3] == "LIN"}
    assert set(detect_only.DETECT_ONLY) == looks
    compiled = {
        rule_id: entry.get("runbook_id")
        for rule_id, entry in catalogue.read("rules.toml")["builtin"].items()
    }
    assert {
        rule_id: runbook_id for rule_id, runbook_id in compiled.items() if runbook_id in looks
    } == detect_only.DETECT_ONLY_RULES


async def test_a_daemon_that_looked_at_a_firewall_healed_nothing(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    """Older and newer name it differently, and both call it a success in 0 ms."""
    await reports.send(
        client,
        cast.site,
        reports.older("L1-LIN-FW-001", "linux_firewall"),
        reports.newer("LIN-FW-001", "linux_firewall"),
    )
    await telemetry.turn(client, cast.admin)
    assert await counts(client, cast, "builtin") == {"L1-LIN-FW-001": (2, 0, 0)}
    (rule,) = await telemetry.items(client, cast.admin, "rules?incident_type=linux_firewall")
    assert rule["detect_only"] is True
    assert rule["success"] == {"successes": 0, "attempts": 0}


@pytest.mark.parametrize("version", [walk.OLDER, walk.NEWER, walk.PYTHON, None])
async def test_of_two_rules_for_one_runbook_the_one_that_the_daemon_has_counts(
    client: httpx.AsyncClient, cast: Cast, version: str | None
) -> None:
    """The synced one is never fetched by a daemon, and Python agents name rules by their ids.

    Broken on purpose by counting synced rules among those that answer: both, so none.
    """
    site = cast.neighbour
    assert site.healing_tier == "full_coverage"
    if version is not None:
        await walk.check_in_with(client, site, "02:00:00:0A:00:01", version)
    for runbook_id, check_type, _, synced in TWINS:
        await reports.send(client, site, reports.newer(runbook_id, check_type))
        await reports.send(client, site, reports.python(synced, check_type))

    await telemetry.turn(client, cast.admin)

    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []
    assert await counts(client, cast, "builtin") == {
        compiled: (1, 1, 0) for _, _, compiled, _ in TWINS
    }
    assert await counts(client, cast, "synced") == {synced: (1, 1, 0) for *_, synced in TWINS}


@pytest.mark.parametrize(
    ("version", "source"),
    [(walk.OLDER, "builtin"), (walk.NEWER, "builtin"), (walk.PYTHON, "synced")],
)
async def test_an_id_of_two_rules_means_the_one_that_the_sites_agents_have(
    client: httpx.AsyncClient, cast: Cast, version: str, source: str
) -> None:
    """Broken on purpose by ``daemons_alone`` that is always false."""
    site = cast.neighbour
    await walk.check_in_with(client, site, "02:00:00:0A:00:01", version)
    for rule_id, _, check_type in PERSISTENCE:
        await reports.send(client, site, reports.older(rule_id, check_type))
    await telemetry.turn(client, cast.admin)
    assert await counts(client, cast, source) == {rule_id: (1, 1, 0) for rule_id, *_ in PERSISTENCE}
    # The newer daemon names the runbook, wherever it stands.
    for _, runbook_id, check_type in PERSISTENCE:
        await reports.send(client, site, reports.newer(runbook_id, check_type))
    await telemetry.turn(client, cast.admin)
    assert {matches for matches, *_ in (await counts(client, cast, "builtin")).values()} == (
        {2} if source == "builtin" else {1}
    )


async def test_a_compiled_rule_of_unknown_check_type_answers_for_its_runbook_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    """A rule of the site that is for the type comes first; two of one runbook answer nothing."""
    site = await people.make_site(database)
    await reports.send(client, site, reports.newer("LIN-PERM-001", "linux_permissions"))
    await reports.send(client, site, reports.newer("RB-WIN-SVC-002", "service_dhcp"))
    await telemetry.turn(client, cast.admin)
    assert await counts(client, cast, "builtin") == {"L1-LIN-PERM-001": (1, 1, 0)}
    (unknown,) = await telemetry.items(client, cast.admin, "unresolved-ids")
    assert unknown["reported_id"] == "RB-WIN-SVC-002"


async def test_what_was_kept_counts_once_a_release_knows_its_id(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Broken on purpose by loading the catalogue without moving what was kept unresolved."""
    await owner.execute("DELETE FROM l1_rules WHERE rule_id = 'L1-CERT-001'")
    await reports.send(client, cast.site, reports.older("L1-CERT-001", "cert_expiry"))
    await telemetry.turn(client, cast.admin)
    assert len(await telemetry.items(client, cast.admin, "unresolved-ids")) == 1

    async with db.transaction(database, STAGE) as connection:
        await catalogue.load(connection)

    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []
    assert await counts(client, cast, "builtin") == {"L1-CERT-001": (1, 1, 0)}
    async with db.transaction(database, walk.LOOP) as connection:
        assert [each for each in await folds.verify(connection) if each.differing] == []

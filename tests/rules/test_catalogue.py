"""The catalogue: complete, loaded once, and never undoing what a person decided."""

from collections import Counter

from flywheel_server.core import clock, db, listener
from flywheel_server.rules.actions import catalogue
from flywheel_server.rules.store import rules, runbooks
from tests.cast import STAGE

DETECT_ONLY = {
    "LIN-ACCT-001",
    "LIN-FW-001",
    "LIN-INTEGRITY-001",
    "LIN-IR-001",
    "LIN-MAC-001",
    "LIN-NTP-001",
    "LIN-PATCH-001",
    "LIN-SVC-001",
    "LIN-SVC-002",
}
# The contract's "Runbook ids", counted by family.
FAMILIES = {
    "RB-WIN-AD": 4,
    "RB-WIN-SEC": 21,
    "RB-WIN-SVC": 4,
    "RB-WIN-NET": 9,
    "RB-WIN-STG": 3,
    "RB-WIN-UPD": 2,
    "RB-WIN-ACCESS": 5,
    "RB-WIN-DEVICE": 4,
    "RB-NET-SECURITY": 1,
    "LIN-PERM": 4,
    "LIN-SSH": 4,
    "LIN-SVC": 4,
    "LIN-ACCT": 2,
    "LIN-AUDIT": 2,
    "LIN-KERN": 2,
}


def test_every_runbook_of_the_contract_is_there() -> None:
    known = list(catalogue.runbooks())
    families = Counter(runbook_id.rpartition("-")[0] for runbook_id, *_ in known)
    assert {family: families[family] for family in FAMILIES} == FAMILIES
    assert Counter(platform for *_, platform, executable in known if executable) == {
        "windows": 61,
        "linux": 22,
    }
    not_executable = {runbook_id for runbook_id, *_, executable in known if not executable}
    planner = {each for each in not_executable if each.startswith("RB-")}
    assert not_executable - planner == DETECT_ONLY
    assert len(planner) == 10


async def test_a_migrated_database_holds_the_catalogue(database: db.Database) -> None:
    async with db.transaction(database, STAGE) as connection:
        everything = await rules.page(
            connection, source=None, enabled=True, incident_type=None, after=None, limit=500
        )
        sources = Counter((rule.source, rule.tier) for rule in everything)
        assert sources == {
            ("synced", "standard"): 7,
            ("synced", "full_coverage"): 25,
            ("builtin", None): 58,
        }
        firewall = (await rules.find(connection, "L1-FW-002"))[0]
        assert (firewall.incident_type, firewall.runbook_id) == (
            "firewall_status",
            "RB-WIN-SEC-001",
        )
        aliases = await connection.fetch("SELECT a.alias, a.runbook_id FROM aliases a")
    assert {row["alias"]: row["runbook_id"] for row in aliases} == {
        alias: runbook_id
        for runbook_id, *_ in catalogue.runbooks()
        for alias in (
            runbook_id,
            f"run_windows_runbook:{runbook_id}",
            f"run_linux_runbook:{runbook_id}",
            f"run_runbook:{runbook_id}",
        )
    }


async def test_loading_again_changes_nothing_and_announces_nothing(database: db.Database) -> None:
    heard: list[tuple[str, str]] = []
    database.subscribers.append(lambda channel, payload: heard.append((channel, payload)))
    async with db.transaction(database, STAGE) as connection:
        (rule,) = await rules.find(connection, "L1-NTP-001")
        await rules.set_enabled(
            connection, rule.id, enabled=False, reason="no clocks here", now=clock.now()
        )
        before = await rules.get(connection, rule.id)
        await catalogue.load(connection)
        assert await rules.get(connection, rule.id) == before
    assert heard == []


async def test_a_rule_of_an_older_release_is_renewed_and_announced(database: db.Database) -> None:
    heard: list[tuple[str, str]] = []
    database.subscribers.append(lambda channel, payload: heard.append((channel, payload)))
    async with db.transaction(database, STAGE) as connection:
        await connection.execute(
            "UPDATE l1_rules SET cooldown_seconds = 1, name = 'old' WHERE rule_id = 'L1-NTP-001'"
        )
        await connection.execute("UPDATE runbooks SET executable = true WHERE platform = 'linux'")
        await catalogue.load(connection)
        (rule,) = await rules.find(connection, "L1-NTP-001")
        assert (rule.cooldown_seconds, rule.name) == (300, "Restart time synchronization")
        detect_only = await runbooks.get(connection, "LIN-FW-001")
        assert detect_only is not None
        assert not detect_only.executable
    assert heard == [(listener.RULES, "platform")]

"""Counts follow the facts exactly: once each, under any concurrency, rebuildable."""

import asyncio
import random
from typing import Any

import httpx

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import folds
from tests import cast as people, folding, telemetry
from tests.cast import Cast
from tests.folding import LOOP

Owner = Any


async def test_a_pattern_is_the_sum_of_its_executions(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        [
            *telemetry.executions(7, failures=2),
            telemetry.execution(verification_passed=True),
            telemetry.execution(error_category="no_credentials"),
            telemetry.execution(chaos_campaign_id="c"),
            telemetry.execution(chaos_campaign_id="c", success=False),
            telemetry.execution(resolution_level="L3"),
            telemetry.execution(hostname="WS-2"),
        ],
    )

    await telemetry.turn(client, cast.admin)

    rows = await telemetry.items(client, cast.admin, "patterns")
    (pattern,) = [row for row in rows if row["hostname"] == "WS-1"]
    assert len(rows) == 2
    assert {
        name: pattern[name]
        for name in (
            "occurrences", "successes", "verified_successes", "failures", "not_attempted",
            "chaos_successes", "chaos_failures",
        )
    } == {
        "occurrences": 8, "successes": 6, "verified_successes": 1, "failures": 2,
        "not_attempted": 1, "chaos_successes": 1, "chaos_failures": 1,
    }  # fmt: skip
    assert await folding.differences(database) == {}


async def test_folding_again_changes_nothing(client: httpx.AsyncClient, cast: Cast) -> None:
    await telemetry.send(client, cast.site, telemetry.executions(5))
    await telemetry.turn(client, cast.admin)

    steps = await telemetry.turn(client, cast.admin)

    assert {name: step["rows_out"] for name, step in steps.items() if step["rows_out"]} == {}
    assert steps["generate_patterns"]["rows_in"] == 0


async def test_a_fact_that_commits_late_is_taken_by_a_later_fold_and_by_no_other(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    """A mark by sequence number or by time misses it; made to fail with ``xid >= xmax(mark)``."""
    await telemetry.send(client, cast.site, [telemetry.execution()])
    slow = owner.transaction()
    await slow.start()
    # Takes its transaction id before the next fold, and commits after it.
    await owner.execute(
        "INSERT INTO executions (site_id, execution_id, received_at, evidence_at, occurred_at,"
        " level, incident_id, incident_type, hostname, reported_id, outcome)"
        " SELECT site_id, 'late', received_at, evidence_at, occurred_at, level, incident_id,"
        " incident_type, hostname, reported_id, outcome FROM executions"
    )
    await owner.execute(
        "INSERT INTO execution_keys SELECT site_id, 'late', digest, received_at FROM execution_keys"
    )
    await folding.fold_all(database)
    await telemetry.send(client, cast.site, [telemetry.execution()])
    await folding.fold_all(database)
    (before,) = await telemetry.items(client, cast.admin, "patterns")

    await slow.commit()
    await folding.fold_all(database)
    await folding.fold_all(database)

    (after,) = await telemetry.items(client, cast.admin, "patterns")
    assert (before["occurrences"], after["occurrences"]) == (2, 3)
    assert await folding.differences(database) == {}


async def test_a_correction_moves_its_count_whenever_it_is_folded(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    early, late = telemetry.execution(), telemetry.execution()
    await telemetry.send(client, cast.site, [early, late])
    await telemetry.send(client, cast.site, [early | {"hostname": "WS-2"}])
    await folding.fold_all(database)
    await telemetry.send(client, cast.site, [late | {"success": False}])
    await telemetry.send(client, cast.site, [late | {"hostname": "WS-2"}])
    await folding.fold_all(database)

    rows = await telemetry.items(client, cast.admin, "patterns")

    assert {row["hostname"]: row["occurrences"] for row in rows} == {"WS-1": 0, "WS-2": 2}
    assert await folding.differences(database) == {}


async def test_writers_and_folders_at_once_lose_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    source = random.Random(7)
    known = telemetry.executions(40)

    async def write(site: people.CastSite) -> None:
        for _ in range(15):
            batch = source.sample(known, 8)
            changed = [
                item | {"success": source.random() < 0.5, "hostname": source.choice("AB")}
                for item in batch
            ]
            await telemetry.send(client, site, [*changed, *telemetry.executions(3)])

    writing = asyncio.gather(*(write(site) for site in cast.sites))
    while not writing.done():
        await folding.fold_all(database)
        await asyncio.sleep(0)
    await writing
    await folding.fold_all(database)

    assert await folding.differences(database) == {}
    async with db.transaction(database, LOOP) as connection:
        in_force = await connection.fetchval("SELECT sum(weight) FROM executions")
        known_keys = await connection.fetchval("SELECT count(*) FROM execution_keys")
    rows = await telemetry.items(client, cast.admin, "patterns?limit=200")
    assert sum(row["occurrences"] for row in rows) == in_force == known_keys
    assert in_force > 8 * 15 * 3


async def test_an_alias_folds_what_was_kept_unresolved_in(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        [
            *telemetry.executions(5, runbook_id="spooler-fix"),
            *telemetry.executions(2),
            *telemetry.executions(4, runbook_id="an-old-rule-id", resolution_level="L1",
                                  incident_type="smb_signing"),
        ],
    )  # fmt: skip
    await telemetry.turn(client, cast.admin)
    unresolved = await telemetry.items(client, cast.admin, "unresolved-ids")
    assert {(row["reported_id"], row["level"], row["executions"]) for row in unresolved} == {
        ("spooler-fix", "L2", 5),
        ("an-old-rule-id", "L1", 4),
    }

    for body in (
        {"alias": "spooler-fix", "runbook_id": "RB-WIN-SVC-003"},
        {"alias": "an-old-rule-id", "rule_id": "L1-WIN-SEC-SMB"},
    ):
        made = await client.post("/api/admin/aliases", json=body, headers=cast.admin.headers)
        assert made.status_code == 201, made.text

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["runbook_id"], pattern["occurrences"]) == ("RB-WIN-SVC-003", 7)
    assert await telemetry.items(client, cast.admin, "unresolved-ids") == []
    (rule,) = await telemetry.items(
        client, cast.admin, "rules?source=builtin&incident_type=smb_signing"
    )
    assert rule["match_count"] == 4
    assert await folding.differences(database) == {}
    # What comes later under the alias goes the same way.
    await telemetry.send(client, cast.site, telemetry.executions(1, runbook_id="spooler-fix"))
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert pattern["occurrences"] == 8
    assert await folding.differences(database) == {}


async def test_a_runbook_registered_later_takes_its_executions_over(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await telemetry.send(
        client, cast.site, telemetry.executions(5, runbook_id="run_runbook:RB-OWN-001")
    )
    await telemetry.turn(client, cast.admin)

    made = await client.post(
        "/api/admin/runbooks",
        json={
            "runbook_id": "RB-OWN-001",
            "name": "Our own",
            "platform": "windows",
            "executable": True,
        },
        headers=cast.admin.headers,
    )

    assert made.status_code == 201, made.text
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert pattern["runbook_id"] == "RB-OWN-001"
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert pattern["state"] == "eligible"
    assert await folding.differences(database) == {}


async def test_l1_reports_resolve_by_rule_id_by_alias_and_by_runbook(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    async def report(runbook_id: str, incident_type: str, site: people.CastSite) -> None:
        await telemetry.send(
            client,
            site,
            [telemetry.execution(runbook_id=runbook_id, incident_type=incident_type,
                                 resolution_level="L1")],
        )  # fmt: skip

    await report("L1-WIN-SEC-SMB1", "smb1_protocol", cast.site)
    await report("RB-WIN-SEC-020", "smb1_protocol", cast.site)
    await report("run_windows_runbook:RB-WIN-SEC-020", "smb1_protocol", cast.site)
    # Daemons alone name a runbook, and fetch no synced rule, also at a site of full coverage.
    await report("RB-WIN-SEC-020", "smb1_protocol", cast.neighbour)
    # A runbook that no rule of the site uses for this type.
    await report("RB-WIN-SEC-020", "another_type", cast.site)

    await telemetry.turn(client, cast.admin)

    rules = await telemetry.items(client, cast.admin, "rules?incident_type=smb1_protocol")
    counts = {rule["rule_id"]: rule["match_count"] for rule in rules}
    assert counts == {"L1-WIN-SEC-SMB1": 4, "L1-SMB1-001": 0}
    unresolved = await telemetry.items(client, cast.admin, "unresolved-ids")
    assert [(row["reported_id"], row["executions"]) for row in unresolved] == [
        ("RB-WIN-SEC-020", 1)
    ]
    assert await folding.differences(database) == {}


async def test_two_patterns_with_one_signature_stay_two(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        [
            telemetry.execution(incident_type="a", runbook_id="b", hostname="c:d"),
            telemetry.execution(incident_type="a", runbook_id="b:c", hostname="d"),
        ],
    )
    await folding.fold_all(database)
    await telemetry.send(
        client,
        cast.site,
        [telemetry.execution(incident_type="a:b", runbook_id="c", hostname="d")],
    )
    await folding.fold_all(database)

    rows = await telemetry.items(client, cast.admin, "patterns")

    assert {row["signature"] for row in rows} == {"a:b:c:d"}
    assert len({row["id"] for row in rows}) == 3
    assert {row["occurrences"] for row in rows} == {1}
    assert await folding.differences(database) == {}


async def test_verify_finds_a_count_that_was_tampered_with(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    await telemetry.send(client, cast.site, telemetry.executions(3))
    await telemetry.send(
        client, cast.site, [telemetry.execution(resolution_level="L1", runbook_id="L1-NTP-001")]
    )
    await telemetry.turn(client, cast.admin)

    for statement, name in (
        ("UPDATE patterns SET successes = successes + 1", "patterns"),
        ("UPDATE platform_pattern_sites SET failures = failures + 1", "platform"),
        ("UPDATE platform_patterns SET organizations = organizations + 1", "aggregates"),
        ("UPDATE rule_counts SET successes = successes + 1", "rules"),
        ("UPDATE l1_rules SET match_count = match_count + 1", "counters"),
        ("UPDATE level_days SET failures = failures + 1", "days"),
        ("DELETE FROM executions WHERE level = 'L1'", "keys"),
    ):
        tampering = owner.transaction()
        await tampering.start()
        await owner.execute(statement)
        await tampering.commit()
        assert name in await folding.differences(database), statement

    async with db.transaction(database, LOOP) as connection:
        await folds.rebuild(connection, clock.now())
    assert set(await folding.differences(database)) == {"keys"}


async def test_an_organization_that_opts_out_takes_its_past_counts_along(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, *others = await people.make_organizations(database, 3)
    for site in (first, *others):
        await telemetry.send(client, site, telemetry.executions(4))
    await telemetry.turn(client, cast.admin)

    answer = await client.patch(
        f"/api/admin/organizations/{first.organization_id}",
        json={"contributes": False},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pattern["organizations"], pattern["sites"], pattern["occurrences"]) == (2, 2, 8)
    assert await folding.differences(database) == {}


async def test_the_gates_of_a_site_open_and_shut_with_the_facts(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    items = telemetry.executions(5)
    await telemetry.send(client, cast.site, items[:4])
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["state"], pattern["failing"]) == ("observed", ["occurrences"])

    await telemetry.send(client, cast.site, items[4:])
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns?state=eligible")
    assert pattern["failing"] == []

    await telemetry.send(client, cast.site, [items[0] | {"success": False}])
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns?state=withdrawn")
    assert pattern["failing"] == ["success_rate"]

    await telemetry.send(client, cast.site, telemetry.executions(5))
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns?state=eligible")
    await owner.execute(
        "UPDATE patterns SET last_evidence_at = last_evidence_at - interval '8 days', "
        "due_at = due_at - interval '8 days'"
    )
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "patterns?state=withdrawn")
    assert pattern["failing"] == ["seen_recently"]


async def test_a_rule_for_the_incident_type_covers_its_patterns(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await telemetry.send(
        client,
        cast.site,
        telemetry.executions(6, incident_type="ntp_sync", runbook_id="LIN-NET-001"),
    )

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert (pattern["state"], pattern["failing"]) == ("observed", ["not_covered"])
    (gate,) = [gate for gate in pattern["gates"] if gate["name"] == "not_covered"]
    assert gate["explanation"] == "Already covered by L1-NTP-001."

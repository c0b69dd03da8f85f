"""Step 5: the health of rules is a fold of their attempts, and what fails is withdrawn."""

import asyncio
import datetime as dt
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from flywheel_server import loop
from flywheel_server.core import clock, db, embedded
from flywheel_server.core.settings import Settings
from flywheel_server.folds import actions, store as stored_folds
from flywheel_server.learning.actions import folds
from flywheel_server.loop import retention, turns
from flywheel_server.loop.runs import Run
from flywheel_server.rules.model import e_detector
from flywheel_server.rules.store import rule_health, rules
from tests import attempts, parts, telemetry
from tests.attempts import LOOP
from tests.cast import Cast

Owner = Any


async def _health(database: db.Database, rule: Any) -> rule_health.Health | None:
    async with db.transaction(database, LOOP) as connection:
        return (await rule_health.of_rules(connection, [rule.id])).get(rule.id)


async def _differences(database: db.Database) -> dict[str, int]:
    async with db.transaction(database, LOOP) as connection:
        found = await folds.verify(connection)
    assert {each.name for each in found} >= {"rule_attempts", "rule_health"}
    return {each.name: each.differing for each in found if each.differing}


def _value(outcomes: list[bool]) -> float:
    done = e_detector.run(e_detector.START, outcomes, 0.8, 1e9)
    return e_detector.value(done.numbers, 0.8)


async def test_attempts_become_the_five_numbers_once_each(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    outcomes = [True, False, True, True, False, True]
    await attempts.record(owner, cast.site, {rule.rule_id: outcomes[:4]})
    await attempts.watch(database, settings)
    await attempts.record(owner, cast.site, {rule.rule_id: outcomes[4:]})

    for _ in range(2):
        run = await attempts.watch(database, settings)
        assert run.error is None
        health = await _health(database, rule)
        assert health is not None
        assert (health.successes, health.attempts) == (4, 6)
        assert health.value == _value(outcomes)
        assert await _differences(database) == {}
    assert (run.rows_in, run.rows_out) == (0, 0)


async def test_a_failing_rule_is_withdrawn_and_leaves_the_next_sync(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    bad, good = await attempts.make_rules(database, cast.site, 2)
    assert await _served(client, cast) >= {bad.rule_id, good.rule_id}
    await attempts.record(owner, cast.site, {bad.rule_id: [False] * 10, good.rule_id: [True] * 100})

    steps = await telemetry.turn(client, cast.admin)

    assert steps["count_rules"]["rows_out"] == 2
    assert steps["watch_rules"]["rows_out"] == 1
    served = await _served(client, cast)
    assert good.rule_id in served
    assert bad.rule_id not in served
    async with db.transaction(database, LOOP) as connection:
        now = await rules.get(connection, bad.id)
        event = await connection.fetchrow(
            "SELECT kind, partner_id, site_id, data FROM events WHERE kind = 'rule.withdrawn'"
        )
    assert now is not None
    assert not now.enabled
    assert now.withdrawn_at is not None
    assert "0 of 10" in str(now.disabled_reason)
    assert event is not None
    assert (event["partner_id"], event["site_id"]) == (cast.site.partner_id, cast.site.id)
    assert event["data"]["rule_id"] == bad.rule_id
    answer = await client.get("/api/admin/audit", headers=cast.admin.headers)
    assert "rule.withdraw" in {entry["action"] for entry in answer.json()["items"]}
    assert await _differences(database) == {}


async def test_a_persons_enabling_starts_the_rule_anew_until_new_evidence_arrives(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    before = clock.now()
    await attempts.record(owner, cast.site, {rule.rule_id: [False] * 10})
    await attempts.watch(database, settings)
    answer = await client.post(
        f"/api/admin/rules/{rule.id}/enable",
        json={"reason": "The appliance was mended."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text

    # What began before the enabling is reported late: it counts for nothing.
    await attempts.record(owner, cast.site, {rule.rule_id: [False] * 10}, began_at=before)
    await attempts.watch(database, settings)

    health = await _health(database, rule)
    assert health is not None
    assert (health.value, health.attempts) == (0, 0)
    assert await _enabled(database, rule)
    assert await _differences(database) == {}
    await attempts.record(owner, cast.site, {rule.rule_id: [False] * 10})
    await attempts.watch(database, settings)
    assert not await _enabled(database, rule)


async def test_a_correction_replays_its_rule_in_the_old_order(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    sent = [
        telemetry.execution(resolution_level="L1", runbook_id=rule.rule_id, success=success)
        for success in (True, False, False, True, True)
    ]
    for each in sent:
        await telemetry.send(client, cast.site, [each])
    await attempts.watch(database, settings)
    assert await _differences(database) == {}

    await telemetry.send(client, cast.site, [sent[1] | {"success": True}])
    await attempts.watch(database, settings)

    health = await _health(database, rule)
    assert health is not None
    assert health.value == _value([True, True, False, True, True])
    assert await _differences(database) == {}

    # It was no attempt at all, then one of another level: the rule's are four, then five again.
    await telemetry.send(client, cast.site, [sent[2] | {"error_category": "no_credentials"}])
    await telemetry.send(client, cast.site, [sent[4] | {"resolution_level": "L2"}])
    await attempts.watch(database, settings)
    health = await _health(database, rule)
    assert health is not None
    assert health.value == _value([True, True, True])
    assert await _differences(database) == {}


async def test_a_correction_moves_an_attempt_to_the_rule_it_names(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, settings: Settings
) -> None:
    first, second = await attempts.make_rules(database, cast.site, 2)
    one = telemetry.execution(resolution_level="L1", runbook_id=first.rule_id, success=False)
    two = telemetry.execution(resolution_level="L1", runbook_id=first.rule_id)
    await telemetry.send(client, cast.site, [one])
    await telemetry.send(client, cast.site, [two])
    await attempts.watch(database, settings)

    await telemetry.send(client, cast.site, [one | {"runbook_id": second.rule_id}])
    await attempts.watch(database, settings)

    healths = [await _health(database, rule) for rule in (first, second)]
    assert [(each.successes, each.attempts) for each in healths if each] == [(1, 1), (0, 1)]
    assert await _differences(database) == {}


async def test_a_new_alias_brings_the_attempts_that_were_unresolved(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    await attempts.record(owner, cast.site, {"fix-the-firewall": [True, False]})
    await attempts.watch(database, settings)
    assert await _health(database, rule) is None

    answer = await client.post(
        "/api/admin/aliases",
        json={"alias": "fix-the-firewall", "rule_id": rule.rule_id},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 201, answer.text
    await attempts.record(owner, cast.site, {"fix-the-firewall": [True]})
    await attempts.watch(database, settings)

    health = await _health(database, rule)
    assert health is not None
    assert health.value == _value([True, False, True])
    assert await _differences(database) == {}


async def test_a_changed_bar_judges_what_is_recorded_anew(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    await attempts.record(owner, cast.site, {rule.rule_id: [True, False, False, True]})
    await attempts.watch(database, settings)

    answer = await client.put(
        "/api/admin/flywheel/policy",
        json={"withdrawal_success_rate": 0.5, "reason": "Half is good enough here."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    await attempts.watch(database, settings)

    done = e_detector.run(e_detector.START, [True, False, False, True], 0.5, 1e9)
    health = await _health(database, rule)
    assert health is not None
    assert health.value == e_detector.value(done.numbers, 0.5)
    assert await _differences(database) == {}


async def test_what_partitions_held_is_kept_in_the_numbers(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    outcomes = [True, False, True, True, False]
    await attempts.record(owner, cast.site, {rule.rule_id: outcomes})
    await attempts.watch(database, settings)
    await _fold_all(database)

    later = clock.now() + dt.timedelta(days=40)
    async with db.transaction(database, LOOP) as connection:
        assert await retention.drop_executions(connection, later, days=1) >= 1
    assert await owner.fetchval("SELECT count(*) FROM rule_attempts") == 0
    await owner.execute(
        "SELECT ensure_partition('executions', date_trunc('month', now())::date,"
        " (date_trunc('month', now()) + interval '1 month')::date)"
    )
    await attempts.record(owner, cast.site, {rule.rule_id: [False]})
    for rebuild in (False, True):
        if rebuild:
            async with db.transaction(database, LOOP) as connection:
                await folds.rebuild(connection, clock.now())
        await attempts.watch(database, settings)
        health = await _health(database, rule)
        assert health is not None
        assert health.value == _value([*outcomes, False])
        assert (health.successes, health.attempts) == (3, 6)
        assert await _differences(database) == {}


async def test_a_partition_stays_until_the_attempts_are_folded_too(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    await attempts.watch(database, settings)
    await attempts.record(owner, cast.site, {"anything": [True]})
    await _fold(database, actions.patterns, actions.platform, actions.deliveries, actions.days)

    async with db.transaction(database, LOOP) as connection:
        await retention.drop_executions(connection, clock.now() + dt.timedelta(days=40), days=1)
        assert await connection.fetchval("SELECT count(*) FROM executions") == 1


async def test_a_tampered_count_is_found(
    database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    await attempts.record(owner, cast.site, {rule.rule_id: [True, False, True]})
    await attempts.watch(database, settings)
    await _fold_all(database)
    assert await _differences(database) == {}
    for statement, names in (
        ("UPDATE rule_health SET numbers = '{1,2,3,4,5}'", {"rule_health"}),
        ("UPDATE rule_attempts SET success = NOT success", {"rule_attempts", "rule_health"}),
        ("DELETE FROM rule_attempts WHERE seq = 2", {"rule_attempts", "rule_health"}),
    ):
        await owner.execute(statement)
        assert set(await _differences(database)) == names, statement
        async with db.transaction(database, LOOP) as connection:
            await folds.rebuild(connection, clock.now())
        await attempts.watch(database, settings)
        assert "rule_attempts" not in await _differences(database)
        assert "rule_health" not in await _differences(database)


@pytest.mark.parametrize("step", ["count_rules", "watch_rules"])
async def test_the_loop_and_whoever_switches_a_rule_on_never_wait_for_each_other(
    database: db.Database,
    address: embedded.Address,
    cast: Cast,
    owner: Owner,
    settings: Settings,
    step: str,
) -> None:
    """Made to fail by taking the health of a rule before the rule, in the fold or when judging."""
    (rule,) = await attempts.make_rules(database, cast.site)
    await attempts.record(owner, cast.site, {rule.rule_id: [True, False]})
    await attempts.watch(database, settings)
    await attempts.record(owner, cast.site, {rule.rule_id: [False]})
    if step == "watch_rules":
        await _run(database, settings, "count_rules")
    person = await asyncpg.connect(address.owner_url)
    try:
        async with person.transaction():
            # As a switch does: the rule, then its health.
            await person.execute("UPDATE l1_rules SET enabled = true WHERE id = $1", rule.id)
            turning = asyncio.create_task(_run(database, settings, step))
            async with asyncio.timeout(20):
                while not await owner.fetchval(_SOMEBODY_WAITS):
                    await asyncio.sleep(0.01)
            await person.execute("SET LOCAL lock_timeout = '1s'")
            await person.execute("UPDATE rule_health SET value = value WHERE rule = $1", rule.id)
    finally:
        await person.close()

    assert (await turning).error is None


_SOMEBODY_WAITS = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


async def _run(database: db.Database, settings: Settings, name: str) -> Run:
    (step,) = (each for each in loop.STEPS if each.name == name)
    (run,) = await turns.run_turn(database, settings, (step,), turn_id=uuid4(), holder=uuid4())
    return run


async def _fold_all(database: db.Database) -> None:
    await _fold(
        database,
        actions.patterns,
        actions.platform,
        actions.rules,
        actions.deliveries,
        actions.days,
    )
    async with db.transaction(database, LOOP) as connection:
        marks = await connection.fetch("SELECT fold FROM fold_marks")
    assert {row["fold"] for row in marks} == set(stored_folds.FOLDS)


async def _fold(database: db.Database, *steps: Any) -> None:
    for fold in steps:
        async with db.transaction(database, LOOP) as connection:
            await fold(connection, clock.now())


async def _enabled(database: db.Database, rule: Any) -> bool:
    async with db.transaction(database, LOOP) as connection:
        found = await rules.get(connection, rule.id)
    return found is not None and found.enabled


async def _served(client: httpx.AsyncClient, cast: Cast) -> set[str]:
    # Rules are written past the server here, which hears of them.
    await parts.settle(client)
    answer = await client.get(
        "/agent/sync", params={"site_id": cast.site.slug}, headers=cast.site.headers
    )
    assert answer.status_code == 200, answer.text
    return {rule["id"] for rule in answer.json()["rules"]}

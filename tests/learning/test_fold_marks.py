"""Marks say how far folds have come: across clusters, side by side, and when partitions go."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx

from flywheel_server.core import clock, db
from flywheel_server.folds import store as stored
from flywheel_server.learning.actions import folds
from flywheel_server.loop import retention
from tests import folding, telemetry
from tests.cast import Cast
from tests.folding import LOOP

Owner = Any


async def test_in_another_cluster_everything_is_counted_anew(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    """After a dump and restore the transaction ids of facts and marks mean nothing."""
    await telemetry.send(client, cast.site, telemetry.executions(5))
    await telemetry.turn(client, cast.admin)
    await telemetry.send(client, cast.site, telemetry.executions(2))
    await owner.execute("UPDATE fold_marks SET system_identifier = 42, mark = '900000:900000:'")
    await owner.execute("UPDATE executions SET xid = '899999'")

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    assert pattern["occurrences"] == 7
    assert await folding.differences(database) == {}


async def test_folds_run_side_by_side_and_each_only_once(database: db.Database) -> None:
    """Made to fail by sharing without the fold's own lock, and by having each fold lock alone."""
    async with db.transaction(database, LOOP) as held:
        await stored.share(held, "patterns")
        async with db.transaction(database, LOOP) as beside:
            await stored.share(beside, "platform")
        assert await _is_refused(database, lambda c: stored.share(c, "patterns"))
        assert await _is_refused(database, stored.lock)

    async with db.transaction(database, LOOP) as alone:
        await stored.lock(alone)
        # Whoever rebuilds holds the lock alone and folds.
        await stored.share(alone, "patterns")
        assert await _is_refused(database, lambda c: stored.share(c, "platform"))


async def _is_refused(
    database: db.Database, lock: Callable[[db.Connection], Awaitable[None]]
) -> bool:
    try:
        async with db.transaction(database, LOOP) as connection:
            await connection.execute("SET LOCAL lock_timeout = '100ms'")
            await lock(connection)
    except asyncpg.LockNotAvailableError:
        return True
    return False


async def test_a_mark_that_no_fold_uses_makes_nothing_anew(
    database: db.Database, owner: Owner
) -> None:
    """Made to fail by looking at every mark: the one of an older release is never made anew."""
    await folding.fold_all(database)
    await owner.execute(
        "INSERT INTO fold_marks (fold, mark, system_identifier, folded_at)"
        " VALUES ('rule_attempts', '1:1:', 42, now())"
    )

    async with db.transaction(database, LOOP) as connection:
        assert not await folds.follow_cluster(connection, clock.now())
        await connection.execute("UPDATE fold_marks SET system_identifier = 42")
        assert await folds.follow_cluster(connection, clock.now())
        assert not await folds.follow_cluster(connection, clock.now())


async def test_partitions_that_are_dropped_one_after_the_other_add_up(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    """Broken by a count that the second one replaces, or that is kept as another one."""
    for successes, failures, verified, chaos in ((3, 1, 2, 1), (5, 2, 4, 2)):
        await telemetry.send(client, cast.site, telemetry.executions(successes))
        await telemetry.send(client, cast.site, telemetry.executions(failures, failures))
        await telemetry.send(
            client, cast.site, telemetry.executions(verified, verification_passed=True)
        )
        marked = telemetry.executions(2 * chaos, chaos, chaos_campaign_id="game day")
        await telemetry.send(client, cast.site, marked)
        await folding.fold_all(database)
        async with db.transaction(database, LOOP) as connection:
            later = clock.now() + dt.timedelta(days=40)
            assert await retention.drop_executions(connection, later, days=1) >= 1
        await owner.execute(
            "SELECT ensure_partition('executions', date_trunc('month', now())::date,"
            " (date_trunc('month', now()) + interval '1 month')::date)"
        )

    kept = await owner.fetchrow(
        "SELECT successes, verified_successes, failures, chaos_successes, chaos_failures,"
        " since_successes, since_verified_successes, since_failures FROM dropped_counts"
    )
    assert tuple(kept) == (14, 6, 3, 3, 3, 14, 6, 3)
    assert await folding.differences(database) == {}


async def test_a_dropped_partition_leaves_its_counts_behind(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    for site in cast.sites:
        await telemetry.send(client, site, telemetry.executions(3, failures=1))
        await telemetry.send(
            client, site, [telemetry.execution(resolution_level="L1", runbook_id="L1-NTP-001")]
        )
    corrected = telemetry.execution()
    await telemetry.send(client, cast.site, [corrected])
    await folding.fold_all(database)
    before = await telemetry.items(client, cast.admin, "patterns")
    # A month from now the present month is past a retention of a day.
    later = clock.now() + dt.timedelta(days=40)

    async with db.transaction(database, LOOP) as connection:
        dropped = await retention.drop_executions(connection, later, days=1)

    assert dropped >= 1
    async with db.transaction(database, LOOP) as connection:
        assert await connection.fetchval("SELECT count(*) FROM executions") == 0
    assert await telemetry.items(client, cast.admin, "patterns") == before
    assert await folding.differences(database) == {}
    await owner.execute(
        "SELECT ensure_partition('executions', date_trunc('month', now())::date,"
        " (date_trunc('month', now()) + interval '1 month')::date)"
    )
    await telemetry.send(client, cast.site, telemetry.executions(2))
    await folding.fold_all(database)
    assert await folding.differences(database) == {}
    async with db.transaction(database, LOOP) as connection:
        await folds.rebuild(connection, clock.now())
    assert await folding.differences(database) == {}


async def test_a_partition_that_is_not_folded_yet_is_kept(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await folding.fold_all(database)
    await telemetry.send(client, cast.site, telemetry.executions(1))

    async with db.transaction(database, LOOP) as connection:
        await retention.drop_executions(connection, clock.now() + dt.timedelta(days=40), days=1)
        assert await connection.fetchval("SELECT count(*) FROM executions") == 1

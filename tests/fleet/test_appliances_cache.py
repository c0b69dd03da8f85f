"""Check-ins in memory, and the buffer of newer times."""

import asyncio
import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from flywheel_server.core import clock, db, errors, listener
from flywheel_server.core.listener import Listener
from flywheel_server.fleet.actions import checkin
from flywheel_server.fleet.actions.checkin import Instructions
from flywheel_server.fleet.caches.appliances import CheckIns, Heartbeats, Said
from flywheel_server.fleet.model.appliances import Report
from flywheel_server.rules.store import deliveries
from tests import cast as people, ordering
from tests.cast import STAGE, Cast, CastSite

REPORT = Report(hostname="vm")
DESIRED, ACTIVE = "d" * 64, "a" * 64
TOLD = Instructions(id=UUID(int=1), wire_id="w", l2_mode="auto")


@pytest.fixture
def check_ins(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> CheckIns:
    ear = Listener(database)
    monkeypatch.setattr(ear, "_heard_at", float("inf"))
    return CheckIns(database, ear)


async def announce(database: db.Database, channel: str, payload: str) -> None:
    async with db.transaction(database, STAGE) as connection:
        await db.announce(connection, channel, payload)


async def test_only_an_equal_report_is_known_whichever_rules_it_runs(
    check_ins: CheckIns, cast: Cast
) -> None:
    check_ins.remember(cast.site.scope, REPORT, TOLD, check_ins.generation)
    assert check_ins.known(cast.site.scope, REPORT) == TOLD
    assert check_ins.known(cast.site.scope, replace(REPORT, active_rules_hash="h")) == TOLD
    assert check_ins.known(cast.neighbour.scope, REPORT) is None
    assert check_ins.known(cast.appliance.scope, REPORT) is None
    assert check_ins.known(cast.site.scope, replace(REPORT, agent_version="2")) is None


async def test_only_the_newest_report_of_an_appliance_is_known(
    check_ins: CheckIns, cast: Cast
) -> None:
    check_ins.remember(cast.site.scope, REPORT, TOLD, check_ins.generation)
    newer = replace(REPORT, agent_version="2")
    check_ins.remember(cast.site.scope, newer, TOLD, check_ins.generation)
    assert check_ins.known(cast.site.scope, REPORT) is None
    assert check_ins.known(cast.site.scope, newer) == TOLD


async def test_a_change_of_the_appliance_is_heard_and_an_answer_that_raced_is_not_kept(
    check_ins: CheckIns, cast: Cast, database: db.Database
) -> None:
    check_ins.remember(cast.site.scope, REPORT, TOLD, check_ins.generation)
    before = check_ins.generation
    await announce(database, listener.APPLIANCES, str(TOLD.id))
    assert check_ins.known(cast.site.scope, REPORT) is None
    check_ins.remember(cast.site.scope, REPORT, TOLD, before)
    assert check_ins.known(cast.site.scope, REPORT) is None


async def test_open_orders_are_never_answered_from_memory(check_ins: CheckIns, cast: Cast) -> None:
    told = replace(TOLD, pending_orders=({"order_id": "o"},))
    check_ins.remember(cast.site.scope, REPORT, told, check_ins.generation)
    assert check_ins.known(cast.site.scope, REPORT) is None


async def test_appliances_are_known_before_they_return(
    check_ins: CheckIns, cast: Cast, database: db.Database
) -> None:
    """Broken on purpose by learning those with open orders, and those that only a name tells."""
    report = replace(REPORT, mac="02:00:5E:10:00:01", active_l2_mode="auto")
    told, other = await _register(database, cast.site, report, "1"), replace(REPORT, hostname="b")
    nameless = await _register(database, cast.neighbour, REPORT, "2")
    busy = await _register(database, cast.neighbour, replace(other, mac="02:00:5E:10:00:02"), "3")
    ordered = replace(cast.appliance, id=busy.id, site=cast.neighbour)
    await ordering.issue(database, ordered, order_id="heal::known:1")
    learning = asyncio.create_task(check_ins.run())
    for forget in database.subscribers:
        forget("", "")
    while check_ins.known(cast.site.scope, report) is None:
        await asyncio.sleep(0)
    assert check_ins.known(cast.site.scope, report) == told
    bound = replace(cast.site.scope, appliance_id=told.id)
    assert check_ins.known(bound, report) == told
    assert check_ins.known(replace(bound, appliance_id=UUID(int=7)), report) is None
    assert check_ins.known(cast.site.scope, replace(report, hostname="c")) is None
    assert nameless.id not in check_ins._keys
    assert busy.id not in check_ins._keys
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)


async def _register(
    database: db.Database, site: CastSite, report: Report, rules_hash: str
) -> Instructions:
    async with db.transaction(database, site.scope) as connection:
        told, _ = await checkin.check_in(
            connection, site.scope, report, uptime_seconds=1, rules_hash=rules_hash, now=clock.now()
        )
    return told


async def test_many_beats_become_one_statement_and_never_go_back(
    database: db.Database, cast: Cast
) -> None:
    beats = Heartbeats(database, deliveries.synced)
    other = await people.make_appliance(database, cast.foreign_site)
    now = clock.now() + dt.timedelta(minutes=1)
    for seconds in range(3):
        moment = now + dt.timedelta(seconds=seconds)
        beats.seen(cast.site.id, cast.appliance.id, moment, Said(100 + seconds, DESIRED, None))
    beats.synced(other.scope, now)
    await beats.flush()
    beats.seen(
        cast.site.id, cast.appliance.id, now - dt.timedelta(hours=1), Said(None, "old", "old")
    )
    await beats.flush()
    async with db.transaction(database, STAGE) as connection:
        seen = await connection.fetch(
            "SELECT id, last_seen_at, last_sync_at, uptime_seconds FROM appliances"
        )
    assert {row["id"]: tuple(row)[1:] for row in seen} == {
        cast.appliance.id: (now + dt.timedelta(seconds=2), None, 102),
        other.id: (now, now, None),
    }


async def test_beats_wait_while_the_database_is_away(database: db.Database, cast: Cast) -> None:
    nowhere = await db.open_database("postgresql://flywheel_app@/flywheel?host=/nonexistent")
    beats = Heartbeats(nowhere, deliveries.synced)
    now = clock.now() + dt.timedelta(minutes=1)
    beats.seen(cast.site.id, cast.appliance.id, now, Said(7, DESIRED, ACTIVE))
    with pytest.raises(errors.DatabaseUnavailable):
        await beats.flush()
    await nowhere.close()
    beats.seen(
        cast.site.id, cast.appliance.id, now + dt.timedelta(seconds=1), Said(8, DESIRED, ACTIVE)
    )
    beats._database = database
    await beats.flush()
    async with db.transaction(database, STAGE) as connection:
        row = await connection.fetchrow(
            "SELECT last_seen_at, uptime_seconds FROM appliances WHERE id = $1", cast.appliance.id
        )
    assert row is not None
    assert tuple(row) == (now + dt.timedelta(seconds=1), 8)


async def test_beats_tell_which_rules_an_appliance_shall_run_and_runs(
    database: db.Database, cast: Cast
) -> None:
    """Broken on purpose by writing what an older beat says, and by a time that always moves."""
    beats = Heartbeats(database, deliveries.synced)
    now = clock.now() + dt.timedelta(minutes=1)
    place = (cast.site.id, cast.appliance.id)
    beats.seen(*place, now, Said(7, DESIRED, None))
    await beats.flush()
    assert await _rules(database, cast) == (DESIRED, None, None)
    beats.seen(*place, now, Said(7, DESIRED, ACTIVE))
    await beats.flush()
    *said, since = await _rules(database, cast)
    assert said == [DESIRED, ACTIVE]
    assert since is not None
    for moment, told in (
        (now - dt.timedelta(hours=1), Said(7, "old", "old")),
        (now, Said(7, DESIRED, None)),
        (now, Said(7, DESIRED, ACTIVE)),
    ):
        beats.seen(*place, moment, told)
        await beats.flush()
        assert await _rules(database, cast) == (DESIRED, ACTIVE, since)


async def _rules(
    database: db.Database, cast: Cast
) -> tuple[str | None, str | None, dt.datetime | None]:
    """Return what the appliance shall run, what it runs, and when it first said so."""
    async with db.transaction(database, STAGE) as connection:
        row = await connection.fetchrow(
            "SELECT desired_rules_hash, reported_rules_hash, reported_rules_hash_at "
            "FROM appliances WHERE id = $1",
            cast.appliance.id,
        )
    assert row is not None
    return tuple(row)


async def test_what_is_waiting_is_written_at_the_end(database: db.Database, cast: Cast) -> None:
    beats = Heartbeats(database, deliveries.synced)
    task = asyncio.create_task(beats.run())
    await asyncio.sleep(0)
    now = clock.now() + dt.timedelta(minutes=1)
    beats.seen(cast.site.id, cast.appliance.id, now, Said(None, DESIRED, None))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with db.transaction(database, STAGE) as connection:
        assert now == await connection.fetchval(
            "SELECT last_seen_at FROM appliances WHERE id = $1", cast.appliance.id
        )

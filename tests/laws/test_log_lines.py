"""What happened stands in the log: one line at INFO each, with the ids, once it is committed.

Broken on purpose: without any one of the calls of ``log_on_commit``, with lines written at once,
and with a lease that is noted at its claim alone, these fail.
"""

import datetime as dt
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from flywheel_server.commands import setup
from flywheel_server.core import clock, db
from flywheel_server.core.migrations import head
from flywheel_server.core.settings import Settings
from flywheel_server.loop.keeper import Keeper
from flywheel_server.rules.actions import rules as switching, withdraw
from tests import candidates, deliveries as walk, planning
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import add, learnt

Lines = list[MutableMapping[str, Any]]


def _told(lines: Lines, event: str) -> Lines:
    """Return the lines of an event; all of them are for everybody to read."""
    found = [line for line in lines if line["event"] == event]
    assert all(line["log_level"] == "info" for line in found)
    return found


async def test_decisions_about_candidates(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, second = [
        await candidates.make_candidate(database, cast.site, host) for host in ("WS-1", "WS-2")
    ]
    root, headers = "/api/partners/me/learning/candidates", cast.session("partner owner")
    with structlog.testing.capture_logs() as lines:
        approved = await client.post(f"{root}/{first}/approve", json={}, headers=headers)
        assert approved.status_code == 200, approved.text
        for verb in ("reject", "reopen"):
            done = await client.post(
                f"{root}/{second}/{verb}", json={"reason": "Not here."}, headers=headers
            )
            assert done.status_code == 200, done.text
        again = await client.post(f"{root}/{first}/approve", json={}, headers=headers)
        assert again.status_code == 409
    (line,) = _told(lines, "candidate approved")
    assert (line["pattern_id"], line["rule_id"]) == (first, approved.json()["rule_id"])
    assert (line["tier"], line["rule_is_new"]) == ("partner", True)
    assert line["site_id"] == str(cast.site.id)
    assert line["actor_id"] == str(cast.people["partner owner"].id)
    assert [each["pattern_id"] for each in _told(lines, "candidate rejected")] == [second]
    assert [each["pattern_id"] for each in _told(lines, "candidate reopened")] == [second]


async def test_decisions_about_plans(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [str(await planning.make_waiting(database, cast.appliance)) for _ in range(2)]
    root, headers = "/api/partners/me/plans", cast.session("partner owner")
    with structlog.testing.capture_logs() as lines:
        for id, verb, body in zip(
            ids, ("approve", "reject"), ({}, {"reason": "Not now."}), strict=True
        ):
            done = await client.post(f"{root}/{id}/{verb}", json=body, headers=headers)
            assert done.status_code == 200, done.text
    (approved,) = _told(lines, "plan approved")
    (rejected,) = _told(lines, "plan rejected")
    assert [approved["plan_id"], rejected["plan_id"]] == ids
    assert approved["order_id"]
    assert rejected["order_id"] is None


async def test_withdrawals_and_switches(database: db.Database, cast: Cast) -> None:
    rule = await candidates.make_platform_rule(database)
    with structlog.testing.capture_logs() as lines:
        async with db.transaction(database, walk.LOOP) as connection:
            assert await withdraw.withdraw(connection, walk.LOOP, rule, "It fails.", clock.now())
        await candidates.make_quarantine(database, cast.site)
        own = await add(database, learnt(scope="site", scope_id=cast.site.id))
        async with db.transaction(database, STAGE) as connection:
            await switching.switch(
                connection, STAGE, own, enabled=False, reason="Wrong.", now=clock.now()
            )
    (line,) = _told(lines, "rule withdrawn")
    assert (line["rule_id"], line["actor_kind"]) == (rule.rule_id, "loop")
    (line,) = _told(lines, "rule quarantined for one tenant")
    assert line["organization_id"] == str(cast.site.organization_id)
    (line,) = _told(lines, "rule disabled")
    assert line["rule_id"] == own.rule_id


async def test_alarms_of_delivery(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    rule = await add(database, learnt(scope="site", scope_id=cast.site.id))
    now = clock.now()
    await walk.check_in(client, cast.appliance, walk.NEWER)
    await walk.turn(client, now)
    await walk.check_in(client, cast.appliance, walk.NEWER)
    with structlog.testing.capture_logs() as lines:
        for later in (2, 3):
            await walk.turn(client, now + later * dt.timedelta(hours=1))
    (line,) = _told(lines, "delivery alarm raised")
    assert (line["rule_id"], line["site_id"]) == (rule.rule_id, str(cast.site.id))
    assert line["appliance_ids"] == [cast.appliance.wire_id]


async def test_the_leaders_lease(database: db.Database) -> None:
    settings = Settings(loop_interval=30)
    first, second = Keeper(database, settings), Keeper(database, settings)
    with structlog.testing.capture_logs() as lines:
        await first._attempt()
        await first._attempt()
        async with db.transaction(database, walk.LOOP) as connection:
            await connection.execute(
                "UPDATE loop_leases SET expires_at = now() - interval '1 s',"
                " turn_started_at = now() - interval '1 day'"
            )
        await second._attempt()
        await first._attempt()
        await second._release()
    told = [(each["event"], each["holder"]) for each in lines if each["event"].startswith("leader")]
    assert told == [
        ("leader lease taken", str(first.holder)),
        ("leader lease taken", str(second.holder)),
        ("leader lease lost", str(first.holder)),
        ("leader lease released", str(second.holder)),
    ]


async def test_migrations(empty_url: str) -> None:
    with structlog.testing.capture_logs() as lines:
        await setup.migrate(empty_url, Settings())
    told = _told(lines, "schema migrated")
    assert told[0]["before"] is None
    assert told[-1]["after"] == head()
    assert [each["before"] for each in told[1:]] == [each["after"] for each in told[:-1]]
    with structlog.testing.capture_logs() as lines:
        await setup.migrate(empty_url, Settings())
    assert _told(lines, "schema migrated") == []


async def test_no_line_tells_of_what_was_undone(database: db.Database) -> None:
    logger = structlog.get_logger("law")

    async def undo() -> None:
        db.log_on_commit(logger, "undone")
        raise ZeroDivisionError

    async def undo_a_part(connection: db.Connection) -> None:
        async with db.savepoint(connection):
            await undo()

    async def undo_all() -> None:
        async with db.transaction(database, STAGE):
            await undo()

    with structlog.testing.capture_logs() as lines:
        with pytest.raises(ZeroDivisionError):
            await undo_all()
        async with db.transaction(database, STAGE) as connection:
            db.log_on_commit(logger, "before")
            with pytest.raises(ZeroDivisionError):
                await undo_a_part(connection)
            db.log_on_commit(logger, "done", number=1)
            assert _told(lines, "done") == []
    assert [each["event"] for each in lines] == ["before", "done"]

"""Orders move as docs/states.md draws it, whoever asks and however often."""

import asyncio
import dataclasses
import datetime as dt
from uuid import UUID

import asyncpg
import pytest

from flywheel_server.core import clock, db, embedded, errors
from flywheel_server.core.scope import ApplianceScope, LoopScope
from flywheel_server.executions.actions import order_completions
from flywheel_server.orders import actions
from flywheel_server.orders.model import orders
from flywheel_server.orders.model.outcomes import Said
from tests import cast as people, ordering
from tests.cast import STAGE, Cast, CastAppliance

LOOP = LoopScope(reason="tests end orders by hand")
DAY = dt.timedelta(days=1)


async def complete(
    database: db.Database,
    scope: ApplianceScope,
    id: str,
    *,
    success: bool = True,
    now: dt.datetime | None = None,
) -> order_completions.Completion:
    async with db.transaction(database, scope) as connection:
        said = Said(
            success=success,
            result={"status": "deployed"},
            error_message=None if success else "no such host",
        )
        status, _ = await order_completions.complete(
            connection, scope, id, said, now=now or clock.now()
        )
        return status


async def acknowledge(
    database: db.Database, scope: ApplianceScope, id: str, now: dt.datetime | None = None
) -> actions.Acknowledgement:
    async with db.transaction(database, scope) as connection:
        return await actions.acknowledge(connection, scope, id, now or clock.now())


async def cancel(database: db.Database, id: str) -> orders.Order:
    async with db.transaction(database, STAGE) as connection:
        return await actions.cancel(connection, STAGE, id, reason="no more", now=clock.now())


async def handed_out(
    database: db.Database, appliance: CastAppliance, now: dt.datetime | None = None
) -> list[str]:
    async with db.transaction(database, appliance.scope) as connection:
        found = await actions.hand_out(
            connection, appliance.site.id, appliance.id, now or clock.now()
        )
    return [order.id for order in found]


async def expire(database: db.Database, now: dt.datetime) -> int:
    async with db.transaction(database, LOOP) as connection:
        return await actions.expire_due(connection, now)


async def test_an_order_is_acknowledged_and_completed_once(
    database: db.Database, cast: Cast
) -> None:
    order = await ordering.issue(database, cast.appliance)
    scope = cast.appliance.scope
    assert await handed_out(database, cast.appliance) == [order.id]
    assert await acknowledge(database, scope, order.id) == "acknowledged"
    assert await acknowledge(database, scope, order.id) == "already_acknowledged"
    assert await handed_out(database, cast.appliance) == []
    assert await complete(database, scope, order.id) == "completed"
    assert await complete(database, scope, order.id, success=False) == "already_completed"
    assert await acknowledge(database, scope, order.id) == "already_acknowledged"
    kept = await ordering.stored(database, order.id)
    assert (kept.state, kept.success, kept.result) == ("completed", True, {"status": "deployed"})


async def test_completing_from_pending_is_legal_and_a_failure_is_a_state(
    database: db.Database, cast: Cast
) -> None:
    order = await ordering.issue(database, cast.appliance)
    assert await complete(database, cast.site.scope, order.id, success=False) == "completed"
    kept = await ordering.stored(database, order.id)
    assert (kept.state, kept.error_message) == ("failed", "no such host")
    assert kept.acknowledged_at is None


async def test_another_appliances_order_is_not_found_by_anyone_but_its_own_keys(
    database: db.Database, cast: Cast
) -> None:
    other = await people.make_appliance(database, cast.site)
    order = await ordering.issue(database, other)
    for scope in (cast.appliance.scope, cast.neighbour.scope, cast.foreign_site.scope):
        with pytest.raises(errors.NotFound):
            await complete(database, scope, order.id)
        with pytest.raises(errors.NotFound):
            await acknowledge(database, scope, order.id)
    assert await handed_out(database, cast.appliance) == []
    assert await complete(database, other.scope, order.id) == "completed"


async def test_one_order_lives_for_one_thing_on_one_appliance(
    database: db.Database, cast: Cast
) -> None:
    other = await people.make_appliance(database, cast.site)
    first = await ordering.issue(database, cast.appliance)
    with pytest.raises(errors.AlreadyExists) as refused:
        await ordering.issue(database, cast.appliance)
    assert refused.value.extensions == {"order_id": first.id}
    await ordering.issue(database, other)
    await ordering.issue(database, cast.appliance, orders.draft("force_checkin", {}))
    await complete(database, cast.appliance.scope, first.id)
    assert (await ordering.issue(database, cast.appliance)).id != first.id


async def test_orders_of_one_second_sort_by_id_in_the_order_they_were_issued(
    database: db.Database, cast: Cast
) -> None:
    """Fails with ids of another version: lists break ties of a second by the id."""
    now = clock.now()
    issued = [
        (await ordering.issue(database, cast.appliance, orders.draft(kind, {}), now=now)).id
        for kind in ("view_logs", "force_checkin", "run_drift", "sync_rules")
    ]

    assert [UUID(each).version for each in issued] == [7] * 4
    assert issued == sorted(issued)


async def test_twenty_who_issue_the_same_order_at_once_make_one(
    database: db.Database, cast: Cast
) -> None:
    made = await asyncio.gather(
        *(ordering.issue(database, cast.appliance) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(each, orders.Order) for each in made) == 1
    assert sum(isinstance(each, errors.AlreadyExists) for each in made) == 19


async def test_the_deadline_ends_what_nobody_answered_and_frees_its_place(
    database: db.Database, cast: Cast
) -> None:
    order = await ordering.issue(database, cast.appliance)
    acknowledged = await ordering.issue(database, cast.appliance, orders.draft("view_logs", {}))
    await acknowledge(database, cast.appliance.scope, acknowledged.id)
    later = clock.now() + DAY
    assert await expire(database, order.expires_at - dt.timedelta(seconds=1)) == 0
    assert await expire(database, later) == 2
    assert await expire(database, later) == 0
    assert await handed_out(database, cast.appliance) == []
    for id in (order.id, acknowledged.id):
        assert (await ordering.stored(database, id)).state == "expired"
    await ordering.issue(database, cast.appliance, now=later)


async def test_the_deadline_holds_while_polling_without_the_loop(
    database: db.Database, cast: Cast
) -> None:
    order = await ordering.issue(database, cast.appliance)
    assert await handed_out(database, cast.appliance, clock.now() + DAY) == []
    assert (await ordering.stored(database, order.id)).state == "expired"


async def test_an_overdue_order_may_not_be_begun(database: db.Database, cast: Cast) -> None:
    order = await ordering.issue(database, cast.appliance)
    with pytest.raises(errors.Conflict):
        await acknowledge(database, cast.appliance.scope, order.id, clock.now() + DAY)


async def test_a_late_completion_is_kept_and_the_state_stays(
    database: db.Database, cast: Cast
) -> None:
    """Broken by `AND state IN ('pending', 'acknowledged')` in the statement: the word is lost."""
    overdue = await ordering.issue(database, cast.appliance)
    cancelled = await ordering.issue(database, cast.appliance, orders.draft("view_logs", {}))
    await cancel(database, cancelled.id)
    later = clock.now() + DAY
    for order in (overdue, cancelled):
        said = await complete(database, cast.appliance.scope, order.id, now=later)
        assert said == "recorded_late"
        again = await complete(database, cast.appliance.scope, order.id, now=later)
        assert again == "already_completed"
    assert [
        (kept.state, kept.success, kept.reported_at)
        for kept in (
            await ordering.stored(database, overdue.id),
            await ordering.stored(database, cancelled.id),
        )
    ] == [("expired", True, later), ("cancelled", True, later)]


async def test_only_what_lives_is_cancelled(database: db.Database, cast: Cast) -> None:
    order = await ordering.issue(database, cast.appliance)
    assert (await cancel(database, order.id)).state == "cancelled"
    assert (await cancel(database, order.id)).state == "cancelled"
    done = await ordering.issue(database, cast.appliance)
    await complete(database, cast.appliance.scope, done.id)
    with pytest.raises(errors.Conflict):
        await cancel(database, done.id)
    with pytest.raises(errors.Conflict):
        await acknowledge(database, cast.appliance.scope, order.id)


async def test_the_signature_holds_over_the_stored_text_for_one_target(
    database: db.Database, cast: Cast
) -> None:
    draft = orders.draft("diagnostic", {"b": [1, {"ä": None}], "a": "<&>"})
    order = await ordering.issue(database, cast.appliance, draft)
    kept = await ordering.stored(database, order.id)
    key = (await ordering.signer(database)).public_key
    wire = orders.wire(kept)
    assert ordering.accepted(wire, key, cast.appliance.wire_id)
    assert not ordering.accepted(wire, key, f"{cast.neighbour.slug}-02:00:00:00:00:01")
    assert not ordering.accepted(wire | {"parameters": {}}, key, cast.appliance.wire_id)
    assert wire["parameters"] == draft.parameters
    other = await ordering.issue(database, cast.appliance, orders.draft("view_logs", {}))
    assert other.nonce != order.nonce


async def test_secrets_never_reach_the_audit(database: db.Database, cast: Cast) -> None:
    draft = orders.draft("update_credentials", {"password": "hunter2-do-not-tell"})
    await ordering.issue(database, cast.appliance, draft)
    async with db.transaction(database, STAGE) as connection:
        told = await connection.fetch(
            "SELECT action, after FROM audit_entries WHERE object_kind = 'order'"
        )
    assert [row["action"] for row in told] == ["order.issue"]
    assert told[0]["after"]["parameters"] == ["password"]
    assert "hunter2" not in str([dict(row) for row in told])


@pytest.mark.parametrize(
    "change",
    [
        "state = 'completed'",
        "state = 'acknowledged'",
        "state = 'expired', finished_at = now()",
        "finished_at = now()",
        "state = 'failed', finished_at = now(), reported_at = now(), success = true",
        "success = true",
        "signed_payload = '{}'",
        "expires_at = expires_at + interval '1 day'",
        "order_type = 'run_scripts'",
        "state = 'sent'",
    ],
)
async def test_the_database_refuses_a_wrong_state_whoever_writes_it(
    database: db.Database, cast: Cast, address: embedded.Address, change: str
) -> None:
    order = await ordering.issue(database, cast.appliance)
    owner = await asyncpg.connect(address.owner_url)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(f"UPDATE orders SET {change} WHERE id = $1", order.id)
    finally:
        await owner.close()


async def test_the_database_lets_nothing_move_back(
    database: db.Database, cast: Cast, address: embedded.Address
) -> None:
    order = await ordering.issue(database, cast.appliance)
    await complete(database, cast.appliance.scope, order.id)
    owner = await asyncpg.connect(address.owner_url)
    try:
        for change in (
            "state = 'pending', finished_at = NULL",
            "success = false, state = 'failed'",
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await owner.execute(f"UPDATE orders SET {change} WHERE id = $1", order.id)
    finally:
        await owner.close()


async def test_the_domain_and_the_database_agree_on_every_move(
    database: db.Database, cast: Cast, address: embedded.Address
) -> None:
    """Broken by a move added to one of the two alone."""
    owner = await asyncpg.connect(address.owner_url)
    differing = []
    try:
        for old in orders.STATES:
            for new in orders.STATES:
                if old == new:
                    continue
                order = await ordering.issue(
                    database,
                    cast.appliance,
                    dataclasses.replace(orders.draft("run_drift", {}), object_key=f"{old}>{new}"),
                )
                if old != "pending":
                    await owner.execute(_SET[old], order.id, order.expires_at)
                try:
                    await owner.execute(_SET[new], order.id, order.expires_at)
                    moved = True
                except asyncpg.CheckViolationError:
                    moved = False
                if moved != orders.may_become(old, new):
                    differing.append((old, new))
    finally:
        await owner.close()
    assert differing == []


_SET: dict[orders.State, str] = {
    "pending": "UPDATE orders SET state = 'pending', finished_at = NULL, acknowledged_at = NULL,"
    " reported_at = NULL, success = NULL WHERE id = $1 AND $2::timestamptz IS NOT NULL",
    "acknowledged": "UPDATE orders SET state = 'acknowledged', acknowledged_at = now(),"
    " finished_at = NULL WHERE id = $1 AND $2::timestamptz IS NOT NULL",
    "completed": "UPDATE orders SET state = 'completed', finished_at = now(), success = true,"
    " reported_at = COALESCE(reported_at, now()) WHERE id = $1 AND $2::timestamptz IS NOT NULL",
    "failed": "UPDATE orders SET state = 'failed', finished_at = now(), success = false,"
    " reported_at = COALESCE(reported_at, now()) WHERE id = $1 AND $2::timestamptz IS NOT NULL",
    "expired": "UPDATE orders SET state = 'expired', finished_at = $2 WHERE id = $1",
    "cancelled": "UPDATE orders SET state = 'cancelled', finished_at = now() WHERE id = $1"
    " AND $2::timestamptz IS NOT NULL",
}

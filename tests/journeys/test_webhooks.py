"""An event's way to a receiver on a real socket, whatever ends on the way."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from standardwebhooks import WebhookVerificationError

from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope, PartnerScope
from flywheel_server.webhooks import sender as sending, store as stored
from flywheel_server.webhooks.actions import events, webhooks
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.model.events import Kind
from flywheel_server.webhooks.outgoing import Outgoing
from flywheel_server.webhooks.sender import Sender
from flywheel_server.webhooks.store import Delivery
from tests.cast import STAGE, Cast, CastSite
from tests.hooks import Made, Receiver, make_endpoint, receiving

LOOP = LoopScope(reason="tests")
DAY = dt.timedelta(days=1)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    opened = Outgoing(allow_private=True)
    yield opened
    await opened.close()


@pytest.fixture
def sender(database: db.Database, outgoing: Outgoing) -> Sender:
    return Sender(database, outgoing)


def _owner(cast: Cast, which: int = 0) -> PartnerScope:
    partner = cast.partners[which]
    return PartnerScope(
        actor_id=partner.id, actor_name="owner", partner_id=partner.id, rights="owner"
    )


async def _emit(
    database: db.Database, kind: Kind, site: CastSite | None = None, **data: object
) -> None:
    async with db.transaction(database, LOOP) as connection:
        await events.emit(
            connection, kind, site_id=site.id if site else None, data=data, now=clock.now()
        )


async def _endpoint(
    database: db.Database, actor: webhooks.Actor, url: str, kinds: list[str] | None = None
) -> Made:
    made = await make_endpoint(database, actor, url, kinds)
    async with db.transaction(database, LOOP) as connection:
        await connection.execute("DELETE FROM events WHERE kind = 'webhook.test'")
    return made


async def _deliveries(
    database: db.Database, actor: webhooks.Actor, id: UUID, state: str | None = None
) -> list[Delivery]:
    async with db.transaction(database, actor) as connection:
        endpoint = await webhooks.get(connection, actor, id)
        return await stored.deliveries(connection, endpoint, state=state, after=None, limit=50)


async def test_an_event_arrives_signed_as_the_receivers_own_library_verifies(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    made = await _endpoint(database, _owner(cast), receiver.url)
    await _emit(database, "rule.withdrawn", cast.site, rule_id="L1-é-001")

    assert await sender.send_due(clock.now()) == 1

    (body,) = receiver.verified(made.secret)
    assert body["type"] == "rule.withdrawn"
    assert body["data"] == {"rule_id": "L1-é-001"}
    assert body["tenant"]["site_id"] == str(cast.site.id)
    assert dt.datetime.fromisoformat(body["timestamp"]) <= clock.now()
    headers, raw = receiver.requests[0]
    assert headers[":path"] == "/hook?team=a"
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "delivered")
    assert headers["webhook-id"] == str(delivery.event_id)
    assert (delivery.attempts, delivery.last_status) == (1, 200)
    receiver.requests[:] = [(headers, raw.replace(b"001", b"002"))]
    with pytest.raises(WebhookVerificationError):
        receiver.verified(made.secret)
    assert await sender.send_due(clock.now() + DAY) == 0


async def test_partners_hear_of_their_own_tenants_and_operators_of_all(
    database: db.Database, cast: Cast, sender: Sender
) -> None:
    async with receiving() as first, receiving() as second, receiving() as platform:
        await _endpoint(database, _owner(cast, 0), first.url)
        await _endpoint(database, _owner(cast, 1), second.url, ["rule.promoted"])
        await _endpoint(database, STAGE, platform.url)
        await _emit(database, "candidate.eligible", cast.site, n=1)
        await _emit(database, "candidate.eligible", cast.foreign_site, n=2)
        await _emit(database, "rule.promoted", cast.foreign_site, n=3)
        await _emit(database, "rule.promoted", n=4)
        await sender.send_due(clock.now())

        told = [
            sorted(body["data"]["n"] for body in each.bodies())
            for each in (first, second, platform)
        ]

    assert told == [[1], [3], [1, 2, 3, 4]]


async def test_a_receiver_that_was_down_is_told_when_it_is_back(
    database: db.Database, cast: Cast, sender: Sender
) -> None:
    async with receiving() as gone:
        pass
    made = await _endpoint(database, _owner(cast), gone.url)
    await _emit(database, "rule.promoted", cast.site)
    now = clock.now()

    assert await sender.send_due(now) == 1
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "pending")
    assert delivery.attempts == 1
    assert "connection failed" in str(delivery.last_error)
    assert dt.timedelta(seconds=4) <= delivery.next_attempt_at - now <= dt.timedelta(seconds=6)
    assert await sender.send_due(now + dt.timedelta(seconds=3)) == 0

    port = int(gone.url.split(":")[2].split("/")[0])
    async with receiving(port) as back:
        back.status = 503
        assert await sender.send_due(now + dt.timedelta(seconds=7)) == 1
        back.status = 204
        assert await sender.send_due(now + dt.timedelta(minutes=1)) == 1
        assert back.kinds() == ["rule.promoted"] * 2
        assert back.requests[0][0]["webhook-id"] == back.requests[1][0]["webhook-id"]
        assert back.requests[0][1] == back.requests[1][1]
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "delivered")
    assert delivery.attempts == 3


async def test_a_server_that_dies_between_sending_and_storing_loses_no_event(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, outgoing: Outgoing
) -> None:
    made = await _endpoint(database, _owner(cast), receiver.url)
    await _emit(database, "rule.promoted", cast.site)
    receiver.hangs = True
    now = clock.now()
    attempt = asyncio.create_task(sender.send_due(now))
    await receiver.arrived.wait()
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    receiver.hangs = False
    heir = Sender(database, outgoing)

    # As long as the lease holds nobody else sends it: the dead one might be slow only.
    assert await heir.send_due(now + dt.timedelta(seconds=30)) == 0
    assert await heir.send_due(now + sending.LEASE) == 1

    assert receiver.kinds() == ["rule.promoted"] * 2
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "delivered")
    assert delivery.attempts == 1


async def test_what_is_sent_late_is_signed_with_the_time_of_its_sending(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    """Receivers refuse what was signed five minutes ago. Broken by the time of the event."""
    made = await _endpoint(database, _owner(cast), receiver.url)
    now = clock.now()
    async with db.transaction(database, LOOP) as connection:
        await events.emit(connection, "rule.promoted", site_id=cast.site.id, data={}, now=now - DAY)

    assert await sender.send_due(now) == 1

    (body,) = receiver.verified(made.secret)
    assert dt.datetime.fromisoformat(body["timestamp"]) < now - DAY / 2
    ((headers, _),) = receiver.requests
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))


async def test_who_answers_after_its_lease_has_lapsed_settles_nothing(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, outgoing: Outgoing
) -> None:
    """Broken by settling without the lease: the late failure makes a delivered one wait again."""
    made = await _endpoint(database, _owner(cast), receiver.url)
    await _emit(database, "rule.promoted", cast.site)
    receiver.hangs, receiver.status = True, 503
    now = clock.now()
    slow = asyncio.create_task(sender.send_due(now))
    await receiver.arrived.wait()
    receiver.hangs, receiver.status = False, 200
    assert await Sender(database, outgoing).send_due(now + sending.LEASE) == 1
    delivered = await _deliveries(database, _owner(cast), made.id, "delivered")

    receiver.status = 503
    receiver.let_go.set()
    assert await slow == 1

    assert await _deliveries(database, _owner(cast), made.id, "delivered") == delivered
    assert len(delivered) == 1


async def test_a_server_that_ends_leaves_what_is_underway_to_the_next_at_once(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, outgoing: Outgoing
) -> None:
    await _endpoint(database, _owner(cast), receiver.url)
    await _emit(database, "rule.promoted", cast.site)
    receiver.hangs = True
    running = asyncio.create_task(sender.run())
    await receiver.arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    receiver.hangs = False

    assert await Sender(database, outgoing).send_due(clock.now()) == 1
    assert len(receiver.requests) == 2


async def test_two_servers_send_each_delivery_once(
    database: db.Database, cast: Cast, receiver: Receiver, outgoing: Outgoing
) -> None:
    await _endpoint(database, STAGE, receiver.url)
    for number in range(30):
        await _emit(database, "rule.promoted", cast.site, n=number)
    senders = [Sender(database, outgoing) for _ in range(3)]

    for _ in range(10):
        await asyncio.gather(*(each.send_due(clock.now()) for each in senders))

    assert sorted(body["data"]["n"] for body in receiver.bodies()) == list(range(30))


async def test_a_receiver_that_hangs_holds_up_nobody_else(
    database: db.Database, cast: Cast, receiver: Receiver, outgoing: Outgoing
) -> None:
    sender = Sender(database, outgoing)
    async with receiving() as stuck:
        stuck.hangs = True
        await _endpoint(database, _owner(cast), stuck.url)
        await _endpoint(database, STAGE, receiver.url)
        for _ in range(20):
            await _emit(database, "rule.promoted", cast.site)
        running = asyncio.create_task(sender.run())
        await asyncio.wait_for(receiver.arrived.wait(), 10)
        while len(receiver.requests) < 8:
            receiver.arrived.clear()
            await asyncio.wait_for(receiver.arrived.wait(), 10)
        assert len(stuck.requests) == 4
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_delivery_is_given_up_after_twelve_attempts_stays_visible_and_can_be_retried(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    await _emit(database, "rule.promoted", cast.site)
    receiver.status = 500
    now = clock.now()
    for _ in range(rules.MOST_ATTEMPTS):
        assert await sender.send_due(now) == 1
        now += DAY
    assert await sender.send_due(now) == 0

    (dead,) = await _deliveries(database, owner, made.id, "dead")
    assert (dead.attempts, dead.last_status, dead.last_error) == (12, 500, "it answered 500")
    async with db.transaction(database, owner) as connection:
        assert (await webhooks.get(connection, owner, made.id)).dead == 1
        await webhooks.retry(connection, owner, made.id, dead.id, now)
    receiver.status = 200
    assert await sender.send_due(now) == 1
    (delivery,) = await _deliveries(database, owner, made.id, "delivered")
    assert delivery.attempts == 1


async def test_no_redirect_is_followed(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    async with receiving() as other:
        receiver.status, receiver.location = 307, other.url
        made = await _endpoint(database, _owner(cast), receiver.url)
        await _emit(database, "rule.promoted", cast.site)
        await sender.send_due(clock.now())

        assert other.requests == []
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "pending")
    assert delivery.last_error == "it answered 307"


async def test_a_private_address_is_refused_when_it_is_sent_to_as_well(
    database: db.Database, cast: Cast, receiver: Receiver
) -> None:
    """A name may lead elsewhere by then, and the setting may have been turned off."""
    strict = Outgoing(allow_private=False)
    sender = Sender(database, strict)
    made = await _endpoint(
        database, _owner(cast), receiver.url.replace("http://127.0.0.1", "https://localhost")
    )
    await _emit(database, "rule.promoted", cast.site)
    await sender.send_due(clock.now())
    await strict.close()

    assert receiver.requests == []
    (delivery,) = await _deliveries(database, _owner(cast), made.id, "pending")
    assert "private address" in str(delivery.last_error)


async def test_a_disabled_webhook_is_told_of_nothing_that_happens_meanwhile(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    for enabled in (False, True):
        async with db.transaction(database, owner) as connection:
            changes = webhooks.Changes(enabled=enabled)
            await webhooks.change(connection, owner, made.id, changes, clock.now())
        await _emit(database, "rule.promoted", cast.site, enabled=enabled)
        await sender.send_due(clock.now())

    assert [body["data"] for body in receiver.bodies()] == [{"enabled": True}]


async def test_a_silence_of_the_loop_is_told_once(database: db.Database) -> None:
    async def tell() -> bool:
        async with db.transaction(database, LOOP) as connection:
            return await events.tell_silence(connection, 180, clock.now())

    async def turn(ago: str) -> None:
        async with db.transaction(database, LOOP) as connection:
            await connection.execute(
                "INSERT INTO loop_leases (name, holder, expires_at, turn_started_at)"
                " VALUES ('loop', uuidv7(), now(), now() - $1::text::interval)"
                " ON CONFLICT (name) DO UPDATE SET turn_started_at = excluded.turn_started_at",
                ago,
            )

    assert not await tell()
    await turn("10 seconds")
    assert not await tell()
    await turn("10 minutes")
    assert [await tell(), await tell()] == [True, False]
    await turn("9 minutes")
    assert [await tell(), await tell()] == [True, False]


async def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    await _endpoint(database, _owner(cast), receiver.url)
    await _emit(database, "rule.promoted", cast.site)
    await sender.send_due(clock.now())
    receiver.status = 500
    await _emit(database, "rule.promoted", cast.site)
    await sender.send_due(clock.now())

    async with db.transaction(database, LOOP) as connection:
        assert await events.forget_old(connection, clock.now() + 29 * DAY) == 0
        assert await events.forget_old(connection, clock.now() + 31 * DAY) == 1
        assert await connection.fetchval("SELECT state FROM webhook_deliveries") == "pending"

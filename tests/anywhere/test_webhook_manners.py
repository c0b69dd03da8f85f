"""Webhooks meet receivers as they are: dead addresses, odd hosts, 410, Retry-After, new secrets."""

import asyncio
import datetime as dt
import socket
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from standardwebhooks import WebhookVerificationError

from flywheel_server.core import clock, db, errors, retry_after
from flywheel_server.core.scope import LoopScope, PartnerScope
from flywheel_server.webhooks.actions import events, webhooks
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.outgoing import Outgoing, Refused, Unanswered
from flywheel_server.webhooks.sender import Sender
from flywheel_server.webhooks.store import Endpoint
from tests.cast import STAGE, Cast
from tests.hooks import NOWHERE, Made, Receiver, make_endpoint, receiving

LOOP = LoopScope(reason="tests")
ADMIN, PARTNER = "/api/admin/webhooks", "/api/partners/me/webhooks"
NEW = {"url": NOWHERE, "kinds": ["rule.withdrawn"]}
MINUTE = dt.timedelta(minutes=1)
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


def _owner(cast: Cast) -> PartnerScope:
    partner = cast.partners[0]
    return PartnerScope(
        actor_id=partner.id, actor_name="owner", partner_id=partner.id, rights="owner"
    )


async def _endpoint(database: db.Database, actor: webhooks.Actor, url: str) -> Made:
    """Make an endpoint that nothing waits for."""
    made = await make_endpoint(database, actor, url, ["rule.promoted", "webhook.gone"])
    async with db.transaction(database, LOOP) as connection:
        await connection.execute("DELETE FROM events WHERE kind = 'webhook.test'")
    return made


async def _emit(database: db.Database, cast: Cast, **data: object) -> None:
    async with db.transaction(database, LOOP) as connection:
        await events.emit(
            connection, "rule.promoted", site_id=cast.site.id, data=data, now=clock.now()
        )


async def _stored(database: db.Database, actor: webhooks.Actor, id: UUID) -> Endpoint:
    async with db.transaction(database, actor) as connection:
        return await webhooks.get(connection, actor, id)


# ---- every checked address is tried


def _resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every host name resolve to these addresses, in this order."""

    async def found(_host: object, port: int, **_: object) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (each, port),
            )
            for each in addresses
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        # Nothing listens there.
        ("127.0.0.2", "127.0.0.1"),
        ("::1", "127.0.0.1"),
        # An address that this machine cannot reach at all.
        ("2001:db8::1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.1"),
        # All of the one family first, more than are tried: the other one is tried by turns.
        (*(f"::ffff:127.0.1.{n}" for n in range(1, 20)), "127.0.0.1"),
    ],
)
async def test_every_address_of_a_host_is_tried_until_one_takes_the_connection(
    monkeypatch: pytest.MonkeyPatch,
    outgoing: Outgoing,
    receiver: Receiver,
    addresses: tuple[str, ...],
) -> None:
    _resolving(monkeypatch, *addresses)
    url = receiver.url.replace("127.0.0.1", "hooks.example")

    answer = await outgoing.post(url, b"{}", {})

    assert answer.status == 200
    ((headers, _),) = receiver.requests
    assert headers["host"].startswith("hooks.example:")


async def test_what_an_address_has_answered_is_not_sent_to_another(
    monkeypatch: pytest.MonkeyPatch, outgoing: Outgoing, receiver: Receiver
) -> None:
    """What a receiver refuses is its word; only a connection that failed has another one tried."""
    receiver.status = 500
    _resolving(monkeypatch, "127.0.0.1", "127.0.0.1", "127.0.0.2")
    answer = await outgoing.post(receiver.url.replace("127.0.0.1", "hooks.example"), b"{}", {})
    assert (answer.status, len(receiver.requests)) == (500, 1)


async def test_a_host_without_a_living_address_fails_within_the_time_of_an_attempt(
    monkeypatch: pytest.MonkeyPatch, outgoing: Outgoing
) -> None:
    _resolving(monkeypatch, "127.0.0.2", "::1", "127.0.0.3")
    with pytest.raises(Unanswered, match="connection failed"):
        await outgoing.post("http://hooks.example:9/", b"{}", {})


@pytest.mark.parametrize(
    "addresses", [("1.1.1.1", "10.0.0.1"), ("2606:4700::1111", "::1"), ("8.8.8.8", "fe80::1%eth0")]
)
async def test_a_host_with_one_private_address_among_public_ones_is_refused_and_the_setting_named(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    strict = Outgoing(allow_private=False)
    _resolving(monkeypatch, *addresses)
    with pytest.raises(Refused, match="FLYWHEEL_WEBHOOK_ALLOW_PRIVATE=true"):
        await strict.post("https://hooks.example/", b"{}", {})
    await strict.close()


# ---- odd hosts

ODD = [
    "0177.0.0.1", "999.8.8.8", "1.2.3.256", "1.2.3", "1.2", "2130706433", "0x7f000001", "0x7f.1",
    "0x7f.0.0.0x1", "017700000001", "127.0.0.1.", "1.2.3.4.5", "08.8.8.8", "8.8.8.08", "1..2.3",
    "foo.0x4", "foo.09", "foo.1", "0x", "1.2.3.0x", "%31.1.1.1", "exa_mple..com", "-a.example",
    "a-.example", "a,b.example", "a^b.example", "example.com.", "x" * 64 + ".example",
    "a." * 130 + "example", "[fe80::1%25eth0]", "[::ffff:1.2.3.256]", "[1.1.1.1]", "[::g]",
    "localhost.0", "1.1.1.1\\@hooks.example", "*.example.com", "a~b.example",
]  # fmt: skip


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("private", [False, True])
def test_a_host_that_no_url_may_have_is_refused_whatever_may_be_sent_to(
    host: str, private: bool
) -> None:
    with pytest.raises(errors.InvalidInput):
        rules.check_url(f"https://{host}/hook", allow_private=private)


@pytest.mark.parametrize(
    "host",
    [
        "1.1.1.1", "1.1.1.1:8443", "[2606:4700::1111]", "[2606:4700::1111]:8443", "hooks.example",
        "HOOKS.example", "xn--exmple-cua.com", "a-b.c-d.example", "1a.example", "0x7g.example",
        "3com.com", "hook_receiver", "receiver:8080", "1.2.3.example", "x" * 63 + ".example",
    ],
)  # fmt: skip
def test_a_host_that_urls_have_is_taken(host: str) -> None:
    rules.check_url(f"https://{host}/hook?a=b%20c", allow_private=False)
    assert httpx.URL(f"https://{host}/hook?a=b%20c").host


@pytest.mark.parametrize("host", ["0177.0.0.1", "999.8.8.8", "1.2.3.256", "0x8.8.8.8"])
async def test_a_webhook_with_an_odd_host_is_422_when_it_is_made_and_when_it_is_changed(
    client: httpx.AsyncClient, cast: Cast, host: str
) -> None:
    headers = cast.people["partner owner"].headers
    made = await client.post(PARTNER, json=NEW, headers=headers)
    for answer in (
        await client.post(PARTNER, json=NEW | {"url": f"https://{host}/"}, headers=headers),
        await client.patch(
            f"{PARTNER}/{made.json()['id']}", json={"url": f"https://{host}/"}, headers=headers
        ),
    ):
        assert answer.status_code == 422, answer.text
        assert "ends in a number and is no IPv4 address" in answer.json()["detail"]


# ---- the refusal of a private target names the setting


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://localhost/", "http://1.1.1.1/hook"]
)
async def test_a_refused_target_names_the_setting_that_allows_it(
    client: httpx.AsyncClient, cast: Cast, url: str
) -> None:
    for path, headers in (
        (ADMIN, cast.admin.headers),
        (PARTNER, cast.people["partner owner"].headers),
    ):
        answer = await client.post(path, json=NEW | {"url": url}, headers=headers)
        assert answer.status_code == 422
        assert "FLYWHEEL_WEBHOOK_ALLOW_PRIVATE=true" in answer.json()["detail"]
    person = cast.people["operator admin"]
    shown = await client.post(
        "/operator/webhooks",
        data={"url": url, "kinds": "rule.withdrawn", "label": ""},
        headers=person.headers,
    )
    # The form comes back with the reason.
    assert "FLYWHEEL_WEBHOOK_ALLOW_PRIVATE=true" in shown.text


# ---- 410


async def test_410_switches_the_webhook_off_with_an_entry_an_event_an_alarm_and_a_note(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    receiver: Receiver,
    sender: Sender,
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    async with receiving() as other:
        await _endpoint(database, owner, other.url)
        receiver.status = 410
        now = clock.now()
        await _emit(database, cast, n=1)
        await sender.send_due(now)
        await _emit(database, cast, n=2)
        await sender.send_due(now + MINUTE)
        assert [body["type"] for body in other.bodies()].count("webhook.gone") == 1
        (told,) = [each["data"] for each in other.bodies() if each["type"] == "webhook.gone"]

    assert told["endpoint_id"] == str(made.id)
    assert len(receiver.requests) == 1
    gone = await _stored(database, owner, made.id)
    assert (gone.enabled, gone.gone_at is not None, gone.pending) == (False, True, 1)
    audit = await client.get("/api/admin/audit?action=webhook.gone", headers=cast.admin.headers)
    (entry,) = audit.json()["items"]
    assert (entry["object_id"], entry["actor_kind"]) == (str(made.id), "loop")
    page = await client.get(
        f"/partner/webhooks/{made.id}", headers=cast.people["partner owner"].cookie
    )
    assert "answered 410 (gone)" in page.text
    # What waits is sent when a person switches it on.
    receiver.status = 200
    answer = await client.patch(
        f"{PARTNER}/{made.id}",
        json={"enabled": True},
        headers=cast.people["partner owner"].headers,
    )
    assert (answer.json()["enabled"], answer.json()["gone_at"]) == (True, None)
    await sender.send_due(now + DAY)
    assert [body["data"] for body in receiver.bodies()] == [{"n": 1}, {"n": 1}]


async def test_410_of_the_platforms_own_webhook_is_an_alarm_until_it_is_mended(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    receiver: Receiver,
    sender: Sender,
) -> None:
    made = await _endpoint(database, STAGE, receiver.url)
    receiver.status = 410
    await _emit(database, cast)
    await sender.send_due(clock.now())

    async def alarms() -> list[str]:
        answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
        return [
            each["what"] for each in answer.json()["items"] if each["kind"] == "webhook_failing"
        ]

    assert ["gone" in each for each in await alarms()] == [True]
    await client.patch(f"{ADMIN}/{made.id}", json={"enabled": True}, headers=cast.admin.headers)
    assert await alarms() == []


async def test_410_from_an_address_that_was_changed_meanwhile_switches_nothing_off(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    receiver.status, receiver.hangs = 410, True
    await _emit(database, cast)
    attempt = asyncio.create_task(sender.send_due(clock.now()))
    await receiver.arrived.wait()
    async with db.transaction(database, owner) as connection:
        changes = webhooks.Changes(url=receiver.url + "&moved=yes")
        await webhooks.change(connection, owner, made.id, changes, clock.now())
    receiver.hangs = False
    receiver.let_go.set()
    await attempt

    assert (await _stored(database, owner, made.id)).enabled


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_no_other_answer_switches_a_webhook_off(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, status: int
) -> None:
    made = await _endpoint(database, STAGE, receiver.url)
    receiver.status = status
    await _emit(database, cast)
    await sender.send_due(clock.now())
    assert (await _stored(database, STAGE, made.id)).enabled


# ---- Retry-After

NOW = dt.datetime(2026, 2, 24, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "sent_at", "seconds"),
    [
        ("120", None, 120.0),
        (" 7 ", None, 7.0),
        ("1.5", None, 1.5),
        ("0", None, 0.0),
        ("Tue, 24 Feb 2026 10:02:00 GMT", None, 120.0),
        # The other server's clock is an hour late: its own date counts.
        ("Tue, 24 Feb 2026 09:02:00 GMT", "Tue, 24 Feb 2026 09:00:00 GMT", 120.0),
        ("Tuesday, 24-Feb-26 10:02:00 GMT", None, 120.0),
        ("Tue, 24 Feb 2026 09:00:00 GMT", None, 0.0),
        (None, None, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("1e9", None, None),
        ("9" * 400, None, None),
        ("Tue, 99 Feb 2026 10:02:00 GMT", None, None),
        ("१२", None, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_nonsense_is_none(
    value: str | None, sent_at: str | None, seconds: float | None
) -> None:
    assert retry_after.seconds(value, sent_at, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_a_receiver_is_sent_nothing_before_it_asked_to_be(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, status: int
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    receiver.status, receiver.retry_after = status, "1800"
    now = clock.now()
    await _emit(database, cast, n=1)
    await sender.send_due(now)
    receiver.status, receiver.retry_after = 200, None
    # Neither the one that failed nor what happens meanwhile.
    await _emit(database, cast, n=2)
    assert await sender.send_due(now + 29 * MINUTE) == 0
    waits = (await _stored(database, owner, made.id)).not_before
    assert waits is not None
    assert waits - now >= 30 * MINUTE

    assert await sender.send_due(now + 31 * MINUTE) == 2
    assert sorted(body["data"]["n"] for body in receiver.bodies()) == [1, 1, 2]


async def test_a_date_is_waited_for_as_well(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    await _endpoint(database, STAGE, receiver.url)
    now = clock.now()
    receiver.status = 503
    receiver.retry_after = format_datetime(now + 20 * MINUTE, usegmt=True)
    await _emit(database, cast)
    await sender.send_due(now)
    assert await sender.send_due(now + 19 * MINUTE) == 0
    assert await sender.send_due(now + 21 * MINUTE) == 1


@pytest.mark.parametrize("asked", ["999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_nothing_waits_longer_than_a_day_for_a_receiver(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender, asked: str
) -> None:
    await _endpoint(database, STAGE, receiver.url)
    receiver.status, receiver.retry_after = 429, asked
    await _emit(database, cast)
    now = clock.now()
    await sender.send_due(now)
    assert await sender.send_due(now + DAY - MINUTE) == 0
    assert await sender.send_due(now + DAY + MINUTE) == 1


async def test_a_receiver_that_asks_to_wait_holds_up_no_other(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    owner = _owner(cast)
    await _endpoint(database, owner, receiver.url)
    receiver.status, receiver.retry_after = 429, "3600"
    async with receiving() as other:
        await _endpoint(database, owner, other.url)
        await _emit(database, cast, n=1)
        await sender.send_due(clock.now())
        await _emit(database, cast, n=2)
        await sender.send_due(clock.now())
        assert len(other.requests) == 2
    assert len(receiver.requests) == 1


# ---- secrets are exchanged


@pytest.mark.parametrize("who", [ADMIN, PARTNER])
async def test_both_secrets_sign_during_the_overlap_and_the_new_one_alone_after_it(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    receiver: Receiver,
    sender: Sender,
    who: str,
) -> None:
    actor: webhooks.Actor = STAGE if who == ADMIN else _owner(cast)
    headers = cast.admin.headers if who == ADMIN else cast.people["partner owner"].headers
    made = await _endpoint(database, actor, receiver.url)

    answer = await client.post(
        f"{who}/{made.id}/rotate", json={"overlap_hours": 2}, headers=headers
    )

    assert answer.status_code == 201, answer.text
    new = answer.json()["secret"]
    assert new != made.secret
    until = dt.datetime.fromisoformat(answer.json()["overlap_until"])
    assert abs(until - clock.now() - dt.timedelta(hours=2)) < MINUTE
    await _emit(database, cast)
    await sender.send_due(clock.now())
    ((sent, _),) = receiver.requests
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert receiver.verified(new) == receiver.verified(made.secret)

    receiver.requests.clear()
    await _emit(database, cast)
    later = clock.now() + dt.timedelta(hours=2, seconds=1)
    body = await _sent_at(sender, receiver, later)
    assert len(body["webhook-signature"].split(" ")) == 1
    audit = await client.get("/api/admin/audit?action=webhook.rotate", headers=cast.admin.headers)
    assert len(audit.json()["items"]) == 1
    assert new not in audit.text
    assert new not in (await client.get(who, headers=headers)).text


async def _sent_at(sender: Sender, receiver: Receiver, now: dt.datetime) -> dict[str, str]:
    assert await sender.send_due(now) == 1
    ((headers, _),) = receiver.requests
    return headers


async def test_without_an_overlap_every_earlier_secret_ends_at_once(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    owner = _owner(cast)
    made = await _endpoint(database, owner, receiver.url)
    async with db.transaction(database, owner) as connection:
        _, second = await webhooks.rotate(connection, owner, made.id, DAY, clock.now())
        _, third = await webhooks.rotate(connection, owner, made.id, dt.timedelta(0), clock.now())
    await _emit(database, cast)
    await sender.send_due(clock.now())
    assert len(receiver.verified(third)) == 1
    for old in (made.secret, second):
        with pytest.raises(WebhookVerificationError):
            receiver.verified(old)


async def test_a_secret_that_was_lost_is_replaced_again_and_all_of_the_overlap_sign(
    database: db.Database, cast: Cast, receiver: Receiver, sender: Sender
) -> None:
    made = await _endpoint(database, STAGE, receiver.url)
    async with db.transaction(database, STAGE) as connection:
        rotated = [
            await webhooks.rotate(connection, STAGE, made.id, DAY, clock.now())
            for _ in range(rules.MOST_OLD_SECRETS)
        ]
        known = [made.secret, *(secret for _, secret in rotated)]
        with pytest.raises(errors.Conflict, match="without an overlap"):
            await webhooks.rotate(connection, STAGE, made.id, DAY, clock.now())
    await _emit(database, cast)
    await sender.send_due(clock.now())
    assert [len(receiver.verified(each)) for each in known] == [1] * 5
    # What has expired makes room.
    async with db.transaction(database, STAGE) as connection:
        later = clock.now() + DAY + MINUTE
        await webhooks.rotate(connection, STAGE, made.id, DAY, later)
    async with db.transaction(database, LOOP) as connection:
        assert await webhooks.forget_secrets(connection, later + 2 * DAY) == 1


@pytest.mark.parametrize("wrong", [{"overlap_hours": -1}, {"overlap_hours": 169}, {"hours": 1}])
async def test_an_overlap_is_bounded(
    client: httpx.AsyncClient, cast: Cast, wrong: dict[str, object]
) -> None:
    headers = cast.admin.headers
    made = await client.post(ADMIN, json=NEW, headers=headers)
    answer = await client.post(f"{ADMIN}/{made.json()['id']}/rotate", json=wrong, headers=headers)
    assert answer.status_code == 422


async def test_the_page_shows_a_new_secret_once(client: httpx.AsyncClient, cast: Cast) -> None:
    person = cast.people["partner owner"]
    made = await client.post(PARTNER, json=NEW, headers=person.headers)
    path = f"/partner/webhooks/{made.json()['id']}"
    shown = await client.post(
        f"{path}/rotate", data={"overlap_hours": "24"}, headers=person.headers
    )
    assert shown.status_code == 200
    assert "The new secret of this webhook" in shown.text
    assert "whsec_" in shown.text
    assert "whsec_" not in (await client.get(path, headers=person.headers)).text


async def test_nobody_rotates_anothers_secret(client: httpx.AsyncClient, cast: Cast) -> None:
    made = await client.post(PARTNER, json=NEW, headers=cast.people["partner owner"].headers)
    for path, headers, status in (
        (PARTNER, cast.foreign_session("partner owner"), 404),
        (ADMIN, cast.admin.headers, 404),
        (PARTNER, cast.people["partner technician"].headers, 403),
    ):
        answer = await client.post(f"{path}/{made.json()['id']}/rotate", json={}, headers=headers)
        assert answer.status_code == status, answer.text

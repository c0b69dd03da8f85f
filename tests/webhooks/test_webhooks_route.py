"""Webhooks over HTTP: who makes them, what is refused, and that a secret is shown once."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from flywheel_server.app import create_app
from flywheel_server.core import embedded
from flywheel_server.core.settings import Settings
from tests.cast import Cast
from tests.hooks import NOWHERE, receiving

ADMIN, PARTNER = "/api/admin/webhooks", "/api/partners/me/webhooks"
NEW = {"url": NOWHERE, "kinds": ["rule.withdrawn", "rule.promoted"], "label": "on call"}


@pytest.fixture
async def open_client(address: embedded.Address) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application that may send into private networks, and does."""
    app = create_app(
        Settings(loop=True, loop_interval=3_600, webhook_allow_private=True), address.app_url
    )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
            yield opened


def _headers(cast: Cast) -> dict[str, dict[str, str]]:
    return {ADMIN: cast.admin.headers, PARTNER: cast.people["partner owner"].headers}


@pytest.mark.parametrize("path", [ADMIN, PARTNER])
async def test_a_webhook_is_made_listed_changed_and_deleted_and_its_secret_shown_once(
    client: httpx.AsyncClient, cast: Cast, path: str
) -> None:
    headers = _headers(cast)[path]
    made = await client.post(path, json=NEW, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    assert made.json()["kinds"] == ["rule.promoted", "rule.withdrawn"]
    id = made.json()["id"]

    changed = await client.patch(f"{path}/{id}", json={"enabled": False}, headers=headers)
    assert changed.json() | {"enabled": True} == {
        name: value for name, value in made.json().items() if name != "secret"
    }
    listed = await client.get(path, headers=headers)
    assert [each["id"] for each in listed.json()["items"]] == [id]
    assert "secret" not in listed.text
    gone = await client.delete(f"{path}/{id}", headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    again = await client.delete(f"{path}/{id}", headers=headers)
    assert again.status_code == 404
    audit = await client.get("/api/admin/audit", headers=cast.admin.headers)
    actions = [entry["action"] for entry in audit.json()["items"]]
    assert {"webhook.create", "webhook.change", "webhook.delete"} <= set(actions)
    assert made.json()["secret"] not in audit.text


async def test_operators_and_partners_do_not_find_each_others_webhooks(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = _headers(cast)
    made = {
        path: (await client.post(path, json=NEW, headers=headers[path])).json()["id"]
        for path in (ADMIN, PARTNER)
    }
    foreign = cast.foreign_session("partner owner")

    for path, asker, id in (
        (ADMIN, headers[ADMIN], made[PARTNER]),
        (PARTNER, headers[PARTNER], made[ADMIN]),
        (PARTNER, foreign, made[PARTNER]),
    ):
        for method, rest in (
            ("PATCH", ""),
            ("DELETE", ""),
            ("GET", "/deliveries"),
            ("POST", "/test"),
        ):
            answer = await client.request(
                method, f"{path}/{id}{rest}", json={} if method == "PATCH" else None, headers=asker
            )
            assert answer.status_code == 404, (method, path, rest)
    assert (await client.get(PARTNER, headers=foreign)).json()["items"] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/", "https://[::ffff:192.168.0.1]/", "https://localhost/", "http://1.1.1.1/",
        "https://0x7f000001/", "https://2130706433/", "https://no-such-host.invalid/", "nonsense",
        "https://user:word@1.1.1.1/",
    ],
)  # fmt: skip
async def test_a_target_in_a_private_network_is_refused_at_creation_and_at_a_change(
    client: httpx.AsyncClient, cast: Cast, url: str
) -> None:
    headers = _headers(cast)[PARTNER]
    answer = await client.post(PARTNER, json=NEW | {"url": url}, headers=headers)
    assert answer.status_code == 422, answer.text
    made = await client.post(PARTNER, json=NEW, headers=headers)

    changed = await client.patch(
        f"{PARTNER}/{made.json()['id']}", json={"url": url}, headers=headers
    )

    assert changed.status_code == 422, changed.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": []}, {"kinds": ["rule.forgotten"]}, {"kinds": ["webhook.test"]}, {"kinds": None},
        {"url": ""}, {"url": "https://1.1.1.1/" + "x" * 3_000}, {"url": "https://1.1.1.1/\u0000"},
        {"url": "https://1.1.1.1/\ud800"}, {"label": "x" * 201}, {"secret": "mine"},
    ],
)  # fmt: skip
async def test_what_cannot_be_a_webhook_is_refused(
    client: httpx.AsyncClient, cast: Cast, wrong: dict[str, object]
) -> None:
    answer = await client.post(
        ADMIN,
        content=json.dumps(NEW | wrong),
        headers=cast.admin.headers | {"content-type": "application/json"},
    )
    assert answer.status_code in {400, 422}, answer.text


async def test_the_twenty_first_webhook_of_an_owner_is_refused(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = _headers(cast)[PARTNER]
    for _ in range(20):
        assert (await client.post(PARTNER, json=NEW, headers=headers)).status_code == 201
    assert (await client.post(PARTNER, json=NEW, headers=headers)).status_code == 409
    assert (await client.post(ADMIN, json=NEW, headers=cast.admin.headers)).status_code == 201


async def test_a_test_arrives_by_itself_and_shows_among_the_deliveries(
    open_client: httpx.AsyncClient, cast: Cast
) -> None:
    headers = _headers(cast)[PARTNER]
    async with receiving() as receiver:
        made = await open_client.post(PARTNER, json=NEW | {"url": receiver.url}, headers=headers)
        assert made.status_code == 201, made.text
        path = f"{PARTNER}/{made.json()['id']}"

        asked = await open_client.post(f"{path}/test", headers=headers)
        assert asked.status_code == 202, asked.text
        await receiver.arrived.wait()

        (body,) = receiver.verified(made.json()["secret"])
    assert body["type"] == "webhook.test"
    listed = await open_client.get(f"{path}/deliveries", headers=headers)
    (delivery,) = listed.json()["items"]
    assert (delivery["id"], delivery["kind"]) == (asked.json()["id"], "webhook.test")
    retried = await open_client.post(f"{path}/deliveries/{delivery['id']}/retry", headers=headers)
    assert retried.json()["state"] == "pending"
    none = await open_client.get(f"{path}/deliveries?state=dead", headers=headers)
    assert none.json()["items"] == []

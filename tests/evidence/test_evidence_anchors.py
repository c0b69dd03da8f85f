"""A timestamp that failed is tried again by an operator, with a reason, and the audit keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from tests import bundles, calendar_server, planning, telemetry
from tests.calendar_server import Calendar
from tests.cast import Cast
from tests.evidence.test_anchor_evidence import LOOP, anchor, make_due, settings_of, turn

ANCHORS = "/api/admin/evidence/anchors"


@pytest.fixture
async def calendar() -> AsyncIterator[Calendar]:
    async with calendar_server.running() as started:
        yield started


@pytest.fixture
def wrong(calendar: Calendar, tmp_path: Path) -> Settings:
    """Settings under which a timestamp fails: the header of another block."""
    file = tmp_path / "headers.txt"
    file.write_text(f"800000 {calendar_server.header(bytes(32)).hex()}\n")
    return settings_of(calendar, headers=str(file))


@pytest.fixture
async def failed(
    database: db.Database, cast: Cast, calendar: Calendar, wrong: Settings
) -> dict[str, Any]:
    await bundles.submitted(database, await bundles.agent_of(database, cast.appliance))
    await turn(database, settings_of(calendar))
    calendar.mine(800_000)
    async with db.transaction(database, LOOP) as connection:
        await connection.execute(
            "UPDATE evidence_anchors SET pending_since = now() - interval '3 days'"
        )
    await make_due(database)
    await turn(database, wrong)
    found = await anchor(database)
    assert found.state == "failed"
    assert found.proof is not None
    return {"id": str(found.id), "proof": found.proof.hex()}


@pytest.mark.parametrize("keep_proof", [False, True])
async def test_what_failed_is_tried_again_and_verified_once_the_headers_are_right(
    address: Any,
    database: db.Database,
    cast: Cast,
    calendar: Calendar,
    failed: dict[str, Any],
    keep_proof: bool,
) -> None:
    settings = settings_of(calendar, headers=calendar.url)
    async with planning.application(address.app_url, settings) as client:
        listed = await client.get(f"{ANCHORS}?state=failed", headers=cast.viewer.headers)
        assert [each["id"] for each in listed.json()["items"]] == [failed["id"]]
        body = {"reason": "The file of headers was wrong.", "keep_proof": keep_proof}
        url = f"{ANCHORS}/{failed['id']}/retry"
        looked = await client.post(url, json=body, headers=cast.viewer.headers)
        assert looked.status_code == 403
        unexplained = await client.post(url, json={}, headers=cast.admin.headers)
        assert unexplained.status_code == 422

        answer = await client.post(url, json=body, headers=cast.admin.headers)

        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["state"], told["problem"]) == ("pending", None)
        assert (told["proof"] == failed["proof"]) is keep_proof
        again = await client.post(url, json=body, headers=cast.admin.headers)
        assert again.status_code == 409
        (entry,) = await telemetry.items(client, cast.admin, "audit?action=evidence_anchor.retry")
    assert entry["object_id"] == failed["id"]
    assert entry["before"]["state"] == "failed"
    assert entry["before"]["proof"] == (None if keep_proof else failed["proof"])
    assert entry["after"]["reason"] == body["reason"]

    await turn(database, settings)
    calendar.mine(800_000)
    await make_due(database)
    await turn(database, settings)

    assert (await anchor(database)).state == "verified"


async def test_without_a_calendar_nothing_could_be_tried(
    client: httpx.AsyncClient, cast: Cast, failed: dict[str, Any]
) -> None:
    answer = await client.post(
        f"{ANCHORS}/{failed['id']}/retry",
        json={"reason": "Again."},
        headers=cast.admin.headers,
    )

    assert answer.status_code == 409
    assert "FLYWHEEL_OTS_CALENDARS" in answer.json()["detail"]

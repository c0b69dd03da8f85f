"""What can mean nothing is set aside with a reason, and comes back when it grows."""

from typing import Any

import httpx
import pytest

from tests import telemetry
from tests.cast import Cast

URL = "/api/admin/unresolved-ids"
WORD = {"reported_id": "L2-run_windows_runbook", "level": "L2"}
REASON = "The Python agent names its action, never the runbook."


async def ids(client: httpx.AsyncClient, cast: Cast, query: str = "") -> list[Any]:
    return await telemetry.items(client, cast.admin, f"unresolved-ids{query}")


async def alarms(client: httpx.AsyncClient, cast: Cast) -> list[Any]:
    items = await telemetry.items(client, cast.admin, "alarms")
    return [alarm for alarm in items if alarm["kind"] == "unresolved_ids"]


async def report(client: httpx.AsyncClient, cast: Cast, count: int, level: str = "L2") -> None:
    await telemetry.send(
        client,
        cast.site,
        telemetry.executions(count, runbook_id=WORD["reported_id"], resolution_level=level),
    )
    await telemetry.turn(client, cast.admin)


async def put_aside(client: httpx.AsyncClient, cast: Cast, **body: str) -> httpx.Response:
    return await client.post(
        f"{URL}/set-aside", json=WORD | {"reason": REASON} | body, headers=cast.admin.headers
    )


@pytest.mark.parametrize(("kept", "most"), [(4, 13), (200, 219)])
async def test_an_id_set_aside_is_no_alarm_until_it_grows(
    client: httpx.AsyncClient, cast: Cast, kept: int, most: int
) -> None:
    """By a tenth, and by ten at least. Broken on purpose by never coming back."""
    await report(client, cast, kept)
    (alarm,) = await alarms(client, cast)
    assert "Set aside" in alarm["what_to_do"]

    answer = await put_aside(client, cast)

    assert answer.status_code == 200, answer.text
    assert await alarms(client, cast) == []
    assert await ids(client, cast) == []
    (listed,) = await ids(client, cast, "?set_aside=true")
    aside = listed["set_aside"]
    assert (aside["reason"], aside["executions"], aside["comes_back_at"]) == (
        REASON,
        kept,
        most + 1,
    )
    assert (aside["over"], aside["by"]) == (False, "admin@example.com")
    metrics = (await client.get("/metrics")).text
    assert "flywheel_unresolved_executions 0.0" in metrics
    assert f"flywheel_set_aside_executions {kept}.0" in metrics

    await report(client, cast, most - kept)
    assert await alarms(client, cast) == []
    await report(client, cast, 1)
    assert len(await alarms(client, cast)) == 1
    (back,) = await ids(client, cast)
    assert (back["executions"], back["set_aside"]["over"]) == (most + 1, True)
    assert back["set_aside"]["reason"] == REASON
    assert await ids(client, cast, "?set_aside=true") == []

    # Set aside again, it is by what it has now.
    answer = await put_aside(client, cast, reason="Still none.")
    assert answer.json()["set_aside"]["executions"] == most + 1
    assert await alarms(client, cast) == []


async def test_each_level_is_set_aside_by_itself(client: httpx.AsyncClient, cast: Cast) -> None:
    await report(client, cast, 3)
    await report(client, cast, 2, level="L1")
    assert (await put_aside(client, cast)).status_code == 200
    (still,) = await ids(client, cast)
    assert (still["level"], still["executions"], still["set_aside"]) == ("L1", 2, None)
    assert (await put_aside(client, cast, level="L1")).status_code == 200
    assert await alarms(client, cast) == []
    assert {each["level"] for each in await ids(client, cast, "?set_aside=true")} == {"L1", "L2"}


async def test_an_id_is_taken_up_again_and_both_are_in_the_audit(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await report(client, cast, 3)
    assert (await put_aside(client, cast)).status_code == 200

    for _ in range(2):
        answer = await client.post(f"{URL}/take-up", json=WORD, headers=cast.admin.headers)
        assert (answer.status_code, answer.json()["set_aside"]) == (200, None)

    assert len(await ids(client, cast)) == 1
    assert len(await alarms(client, cast)) == 1
    entries = await telemetry.items(client, cast.admin, "audit?object_kind=unresolved_id")
    assert [entry["action"] for entry in entries] == [
        "unresolved_id.take_up",
        "unresolved_id.set_aside",
    ]
    assert entries[1]["after"]["reason"] == REASON


async def test_only_what_is_kept_is_set_aside_and_by_admins_with_a_reason(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    assert (await put_aside(client, cast)).status_code == 404
    await report(client, cast, 3)
    assert (await put_aside(client, cast, reason=" ")).status_code == 422
    answer = await client.post(
        f"{URL}/set-aside", json=WORD | {"reason": REASON}, headers=cast.viewer.headers
    )
    assert answer.status_code == 403
    assert len(await ids(client, cast)) == 1

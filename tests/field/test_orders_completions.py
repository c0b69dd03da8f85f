"""What agents say of orders, in their own bodies, and what the server makes of it.

Broken on purpose by believing ``success`` alone in ``orders/model/completions.py``: the table
fails; by a strict body in ``orders/routes/agent_orders.py``: the texts do.
"""

import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.executions.model import completions
from flywheel_server.orders.model import orders
from flywheel_server.orders.model.outcomes import Said
from tests import deliveries as walk, ordering
from tests.cast import Cast

OLDER, NEWER, PYTHON = "0.1.0", "0.4.13", "1.0.68"
TRIGGERED = {"success": True, "result": {"status": "healing_triggered"}}
NO_TARGET = {"success": True, "result": {"error": "No Windows target available"}}
HEALED = {"success": True, "result": {"status": "healed", "runbook_id": "RB-WIN-SEC-001"}}
UNREACHED = {"success": False, "error_message": "no WinRM credentials for host WS-TEST-30"}
REPLAY = {"success": False, "error_message": "nonce replay detected"}


@pytest.mark.parametrize(
    ("version", "body", "outcome", "standing"),
    [
        # Nothing was sent anywhere.
        (OLDER, TRIGGERED, "success", "claimed"),
        # A claim, whichever version says so.
        (NEWER, TRIGGERED, "success", "claimed"),
        (PYTHON, TRIGGERED, "success", "claimed"),
        (OLDER, HEALED, "success", "claimed"),
        (NEWER, HEALED, "success", "observed"),
        (PYTHON, HEALED, "success", "observed"),
        ("", HEALED, "success", "observed"),
        (NEWER, {"success": True}, "success", "observed"),
        (NEWER, {"success": True, "result": {"verification_passed": True}}, "success", "verified"),
        (NEWER, {"success": True, "result": {"verification_passed": False}}, "failure", "verified"),
        (OLDER, {"success": True, "result": {"verification_passed": True}}, "success", "claimed"),
        (PYTHON, NO_TARGET, "not_attempted", "observed"),
        (PYTHON, {"success": True, "result": {"error": {"code": 5}}}, "failure", "observed"),
        (PYTHON, {"success": True, "result": {"status": "error"}}, "failure", "observed"),
        (PYTHON, {"success": True, "result": {"success": False}}, "failure", "observed"),
        (PYTHON, {"success": True, "result": {"result": {"error": "x"}}}, "failure", "observed"),
        (PYTHON, {"success": True, "result": {"healing": {"ok": False}}}, "failure", "observed"),
        (PYTHON, {"success": True, "error_message": "it broke"}, "failure", "observed"),
        # Nothing in it says that there was an error.
        (PYTHON, {"success": True, "result": {"error": None}}, "success", "observed"),
        (PYTHON, {"success": True, "result": {"error": "", "errors": []}}, "success", "observed"),
        (PYTHON, {"success": True, "error_message": ""}, "success", "observed"),
        (PYTHON, {"success": True, "result": {"error": "None"}}, "success", "observed"),
        (PYTHON, {"success": True, "result": {"errors": ["it broke"]}}, "failure", "observed"),
        (NEWER, UNREACHED, "not_attempted", "observed"),
        (NEWER, REPLAY, "unknown", "claimed"),
    ],
)
def test_what_a_version_says_of_a_healing_order_and_what_it_is_worth(
    version: str, body: dict[str, Any], outcome: str, standing: str
) -> None:
    said = Said(
        success=body["success"],
        result=body.get("result"),
        error_message=body.get("error_message"),
    )
    meaning = completions.read(said, healing=True, agent_version=version)
    assert (meaning.outcome, meaning.standing) == (outcome, standing)


def test_each_word_for_a_replay_is_known_and_a_cooldown_is_none() -> None:
    def read(text: str, *, success: bool = False) -> str:
        said = Said(success=success, result=None, error_message=text)
        return completions.read(said, healing=True, agent_version=NEWER).outcome

    examples = [example for _, example in completions.REPLAYS]
    assert {read(example) for example in examples} == {"unknown"}
    assert read("order 9f1c already executed", success=True) == "unknown"
    status = Said(success=True, result={"status": "already_executed"}, error_message=None)
    assert completions.read(status, healing=False, agent_version=NEWER).outcome == "unknown"
    for text in (
        "runbook already executed recently: cooldown of 300 s",
        "invalid nonce",
        "unknown order type: zz_no_such_order",
        "x" * 5_000 + "nonce replay detected",
    ):
        assert read(text) == "failure", text


def test_an_error_of_any_size_is_a_short_text_and_a_list_of_findings_is_none() -> None:
    said = Said(success=True, result={"error": {"at": "x" * 100_000}}, error_message=None)
    meaning = completions.read(said, healing=True, agent_version=NEWER)
    assert len((meaning.error or "").encode()) <= 8 * 1024
    findings = Said(success=True, result={"errors": ["WS-1 drifted"]}, error_message=None)
    assert completions.read(findings, healing=False, agent_version=NEWER).outcome == "success"


def _text(**fields: Any) -> str:
    return json.dumps({"success": True} | fields)


@pytest.mark.parametrize(
    "body",
    [
        _text(result={"log": "a\x00b"}).encode(),
        _text(error_message=None, result={"a\x00b": ["\ud800"]}).encode(),
        b'{"success": true, "result": {"log": "\\udce9t\\udce9"}}',
        _text(result={"log": "x" * 200_000}).encode(),
        b'{"success": true, "result": {"load": NaN, "most": [Infinity, -Infinity]}}',
        b'{"success": true, "result": {"count": 123456789012345678901234567890}}',
        b'{"success": true, "result": {"code": 1e999}}',
        b'{"success": true, "result": {"log": "raw \x01 control"}}',
        b'{"success": true, "result": {"log": "caf\xe9"}}',
        b'{"success": true, "result": ["a", 1]}',
        b'{"success": true, "result": "done"}',
        b'{"success": true, "result": 3, "error_message": ""}',
        b"\xef\xbb\xbf" + _text(result={"status": "done"}).encode(),
        _text(result={"log": "é"}).encode("utf-16"),
        _text(result={"log": "é"}).encode("utf-16-le"),
        _text(result={"deep": json.loads("[" * 90 + "]" * 90)}).encode(),
    ],
)
async def test_no_text_keeps_an_order_open(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, body: bytes
) -> None:
    order = await ordering.issue(database, cast.appliance)
    headers = {**cast.appliance.credential.headers, "content-type": "application/json"}
    answer = await client.post(f"/api/orders/{order.id}/complete", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("status")) == (200, "completed"), answer.text
    assert (await walk.check_in(client, cast.appliance, NEWER))["pending_orders"] == []
    kept = await ordering.stored(database, order.id)
    assert (kept.state, kept.outcome) == ("completed", "success")


async def test_what_is_cleaned_is_kept_marked_and_shown(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"
    issued = await client.post(url, json={"kind": "view_logs"}, headers=cast.admin.headers)
    body = json.dumps({"success": False, "error_message": "a\x00" + "x" * 70_000})[:-1]
    body += ', "result": {"load": NaN}}'
    answer = await client.post(
        f"/api/orders/{issued.json()['order_id']}/complete",
        content=body,
        headers=cast.appliance.credential.headers,
    )
    assert answer.status_code == 200, answer.text
    (shown,) = (await client.get(url, headers=cast.viewer.headers)).json()["items"]
    assert shown["error_message"].startswith("a\ufffdx")
    assert shown["error_message"].endswith("[cut]")
    assert shown["result"] == {"load": None}
    assert (shown["status"], shown["outcome"]) == ("failed", "failure")


async def test_an_orders_standing_stands_in_every_view_of_it(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await walk.check_in(client, cast.appliance, OLDER)
    url = f"/api/sites/{cast.site.slug}/appliances/{cast.appliance.wire_id}/orders"
    body = {"kind": "healing", "runbook_id": "RB-WIN-SEC-001"}
    issued = (await client.post(url, json=body, headers=cast.admin.headers)).json()
    assert issued["caution"].startswith(orders.ACKNOWLEDGES_ONLY)
    page = f"/operator/fleet/{cast.site.id}"
    shown = await client.get(page, headers=cast.admin.headers)
    assert orders.ACKNOWLEDGES_ONLY in shown.text
    answer = await client.post(
        f"/api/orders/{issued['order_id']}/complete",
        json=TRIGGERED,
        headers=cast.appliance.credential.headers,
    )
    assert (answer.json()["outcome"], answer.json()["standing"]) == ("success", "claimed")
    for headers in (cast.viewer.headers, cast.partners[0].credential.headers):
        (seen,) = (await client.get(url, headers=headers)).json()["items"]
        assert (seen["status"], seen["standing"], seen["caution"]) == ("completed", "claimed", None)
        assert "cannot know" in seen["meaning"]
    shown = await client.get(f"{page}?orders=all", headers=cast.admin.headers)
    assert "cannot know whether anything was healed" in shown.text

from typing import Any

import httpx

from flywheel_server.core import db
from tests.accounts.test_operator_accounts import entry, everything
from tests.cast import Cast

RUNBOOK: dict[str, Any] = {
    "runbook_id": "RB-WIN-PRINT-001",
    "name": "Clear the print queue",
    "platform": "windows",
    "executable": True,
}


async def test_a_runbook_is_registered_with_its_colon_forms(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    answer = await client.post("/api/admin/runbooks", json=RUNBOOK, headers=cast.admin.headers)
    assert answer.status_code == 201
    assert answer.json()["source"] == "operator"
    aliases = await everything(client, cast, "aliases", limit="200")
    named = {each["alias"] for each in aliases if each["runbook_id"] == RUNBOOK["runbook_id"]}
    assert {RUNBOOK["runbook_id"], f"run_windows_runbook:{RUNBOOK['runbook_id']}"} <= named
    assert (await entry(database, "runbook.register"))["object_id"] == RUNBOOK["runbook_id"]
    again = await client.post("/api/admin/runbooks", json=RUNBOOK, headers=cast.admin.headers)
    assert again.status_code == 409


NO_RUNBOOKS: list[dict[str, Any]] = [
    {"runbook_id": "AUTO-1"},
    {"runbook_id": "RB-AUTO-1"},
    {"runbook_id": "L1-FW-002"},
    {"runbook_id": "L2-restart"},
    {"runbook_id": "L3-human"},
    {"runbook_id": "ESC-1"},
    {"runbook_id": "with space"},
    {"runbook_id": "colon:form"},
    {"runbook_id": ""},
    {"platform": "beos"},
    {"executable": "yes"},
    {"name": ""},
]


async def test_what_is_no_runbook_is_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    for change in NO_RUNBOOKS:
        answer = await client.post(
            "/api/admin/runbooks", json=RUNBOOK | change, headers=cast.admin.headers
        )
        assert answer.status_code == 422, (change, answer.text)


async def add(client: httpx.AsyncClient, cast: Cast, **body: str) -> httpx.Response:
    return await client.post("/api/admin/aliases", json=body, headers=cast.admin.headers)


async def test_an_alias_stands_for_a_runbook_or_a_rule(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    answer = await add(client, cast, alias="fix:firewall", runbook_id="RB-WIN-SEC-001")
    assert answer.status_code == 201, answer.text
    assert (await entry(database, "alias.add"))["after"] == {
        "runbook_id": "RB-WIN-SEC-001",
        "rule_id": None,
    }
    placeholder = await add(client, cast, alias="AUTO-firewall-7", rule_id="L1-FIREWALL-002")
    assert placeholder.status_code == 201, placeholder.text
    assert placeholder.json()["rule_id"] == "L1-FIREWALL-002"


MISLEADING: list[tuple[dict[str, str], int]] = [
    ({"alias": "AUTO-1", "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "RB-AUTO-1", "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "L1-OLD-001", "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "L2-restart", "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "L2-restart", "rule_id": "L1-FIREWALL-002"}, 422),
    ({"alias": "ESC-1", "rule_id": "L1-FIREWALL-002"}, 422),
    ({"alias": "x"}, 422),
    ({"alias": "", "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "x" * 301, "runbook_id": "RB-WIN-SEC-001"}, 422),
    ({"alias": "x", "runbook_id": "RB-WIN-SEC-001", "rule_id": "L1-FIREWALL-002"}, 422),
    ({"alias": "x", "runbook_id": "RB-NOT-THERE"}, 404),
    ({"alias": "x", "rule_id": "L1-NOT-THERE"}, 404),
    ({"alias": "RB-WIN-SEC-002", "runbook_id": "RB-WIN-SEC-001"}, 409),
    ({"alias": "L1-FW-002", "rule_id": "L1-FIREWALL-002"}, 409),
]


async def test_an_alias_that_would_teach_the_wrong_thing_is_refused(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    for body, status in MISLEADING:
        answer = await add(client, cast, **body)
        assert answer.status_code == status, (body, answer.text)

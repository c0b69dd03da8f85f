"""Executions as appliances send them, and turns of the loop: what learning tests are made of."""

import itertools
from collections.abc import Iterable
from typing import Any

import httpx

from flywheel_server.core import db
from flywheel_server.core.scope import LoopScope
from tests.cast import CastOperator, CastSite

_numbers = itertools.count(1)


def execution(**fields: Any) -> dict[str, Any]:
    """Return one L2 execution that succeeded; ``fields`` replace or add to it."""
    number = next(_numbers)
    return {
        "execution_id": f"l2-drift-{number}",
        "incident_id": f"drift-{number}",
        "incident_type": "service_stopped",
        "runbook_id": "RB-WIN-SVC-003",
        "hostname": "WS-1",
        "success": True,
        "resolution_level": "L2",
    } | fields


def executions(count: int, failures: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """Return ``count`` executions, the last ``failures`` of which failed."""
    return [execution(**{"success": index < count - failures} | fields) for index in range(count)]


async def send(
    client: httpx.AsyncClient, site: CastSite, items: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Post a batch and return what became of it."""
    response = await client.post(
        "/api/agent/executions/batch",
        json={"site_id": site.slug, "executions": list(items)},
        headers=site.headers,
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def turn(client: httpx.AsyncClient, operator: CastOperator) -> dict[str, dict[str, Any]]:
    """Run one turn of the loop; return the steps by name, none of which may have failed."""
    response = await client.post("/api/admin/flywheel/run", headers=operator.headers)
    assert response.status_code == 200, response.text
    steps = {step["name"]: step for step in response.json()["steps"]}
    assert all(step["error"] is None for step in steps.values()), steps
    return steps


async def items(client: httpx.AsyncClient, operator: CastOperator, path: str) -> list[Any]:
    """Return the items of an operator's list."""
    response = await client.get(f"/api/admin/{path}", headers=operator.headers)
    assert response.status_code == 200, response.text
    found: list[Any] = response.json()["items"]
    return found


async def facts(database: db.Database, **where: str) -> list[dict[str, Any]]:
    """Return every site's facts that have these values, in their order."""
    async with db.transaction(database, LoopScope(reason="tests look at facts")) as connection:
        rows = await connection.fetch("SELECT * FROM executions ORDER BY received_at, weight")
    return [dict(row) for row in rows if all(row[name] == value for name, value in where.items())]

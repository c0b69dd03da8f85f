"""Corrections: when they are evidence, two at once, and which fields make a body another one.

Broken on purpose: with a reversal of the present time, without the lock, and with a digest that
leaves one field out, these fail.
"""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from flywheel_server.core import clock, db
from flywheel_server.core.scope import ApplianceScope, LoopScope
from flywheel_server.executions.model.executions import Fact
from flywheel_server.executions.routes import wire_executions
from flywheel_server.executions.store import executions
from tests import parts, telemetry
from tests.cast import Cast

SITE = ApplianceScope(key_id=UUID(int=1), site_id=UUID(int=2), site_slug="site")
LEAST = {
    "execution_id": "l2-one",
    "incident_type": "disk_full",
    "resolution_level": "L2",
    "success": True,
}
# Two values of each field; the other one makes another body.
FIELDS: dict[str, tuple[Any, Any]] = {
    "incident_id": ("drift-a", "drift-b"),
    "incident_type": ("service_stopped", "disk_full"),
    "runbook_id": ("RB-WIN-SVC-003", "RB-WIN-SEC-001"),
    "hostname": ("WS-1", "WS-2"),
    "platform": ("windows", "linux"),
    "appliance_id": ("site-a", "site-b"),
    "started_at": ("2026-02-24T12:00:00Z", "2026-02-24T12:00:01Z"),
    "completed_at": ("2026-02-24T12:01:00Z", "2026-02-24T12:01:01Z"),
    "duration_seconds": (1.5, 2.5),
    "success": (True, False),
    "verification_passed": (True, False),
    "confidence": (0.5, 0.75),
    "resolution_level": ("L1", "L2"),
    "state_before": ({"service": "stopped"}, {"service": "paused"}),
    "state_after": ({"service": "running"}, {"service": "paused"}),
    "state_diff": ({"service": 1}, {"service": 2}),
    "executed_steps": (["restart"], ["start"]),
    "error_message": ("timed out", "refused"),
    "error_category": ("timeout", "network"),
    "cost_usd": (0.01, 0.02),
    "input_tokens": (100, 101),
    "output_tokens": (10, 11),
    "reasoning": ("It stopped.", "It hung."),
    "chaos_campaign_id": ("game day", "drill"),
    "action": ("restart", "start"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_another_value_of_any_field_is_another_body(field: str) -> None:
    first, again, other = (
        _fact(SITE, LEAST | {field: value}).digest for value in (FIELDS[field][0], *FIELDS[field])
    )
    assert first == again != other


async def test_a_reversal_is_evidence_of_when_what_it_takes_back_was(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    body = telemetry.execution()
    for reason, success in (("first", True), ("second", False), ("third", True)):
        item = body | {"success": success, "reasoning": reason}
        await telemetry.send(client, cast.site, [item])

    facts = sorted(await telemetry.facts(database), key=lambda each: each["revision"])
    assert [fact["weight"] for fact in facts].count(-1) == 2
    assert len({fact["evidence_at"] for fact in facts}) == 1
    assert facts[0]["evidence_at"] == facts[0]["received_at"]
    assert len({fact["received_at"] for fact in facts}) == 3


async def test_two_corrections_at_once_leave_one_fact_in_force(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both would read the same newest version if the second did not wait for the first."""
    body = telemetry.execution()
    await telemetry.send(client, cast.site, [body])
    reading, read = asyncio.Event(), executions.versions
    both = 0

    async def together(*arguments: Any) -> list[executions.Version]:
        """Hold the first that reads until the second one does, or waits for its lock."""
        nonlocal both
        found = await read(*arguments)
        both += 1
        if both == 2:
            reading.set()
        while not reading.is_set() and not await _is_waiting(database):
            await asyncio.sleep(0)
        return found

    monkeypatch.setattr(executions, "versions", together)
    writer = parts.of(client).writer
    facts = [_fact(cast.site.scope, body | {"hostname": name}) for name in ("WS-8", "WS-9")]
    async with asyncio.timeout(60):
        verdicts = await asyncio.gather(*(writer.record(cast.site.scope, [fact]) for fact in facts))

    assert verdicts == [["corrected"], ["corrected"]]
    kept = await telemetry.facts(database)
    assert sum(fact["weight"] for fact in kept) == 1
    assert sorted(fact["revision"] for fact in kept) == [0, 1, 1, 2, 2]


async def _is_waiting(database: db.Database) -> bool:
    async with db.transaction(database, LoopScope(reason="tests look")) as connection:
        return bool(
            await connection.fetchval(
                "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                "WHERE d.datname = current_database() AND l.locktype = 'advisory' "
                "AND NOT l.granted)"
            )
        )


def _fact(scope: ApplianceScope, body: dict[str, Any]) -> Fact:
    report = wire_executions.read_single(
        msgspec.json.encode({"execution": body}), scope, clock.now()
    )
    (item,) = report.items
    assert item.fact is not None, item
    return item.fact

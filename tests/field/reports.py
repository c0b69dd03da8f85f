"""Reports of heals by rules, body for body as each agent sends them."""

import datetime as dt
import itertools
import uuid
from typing import Any

import httpx

from flywheel_server.core import clock
from tests.cast import CastSite

_numbers = itertools.count(1_795_164_325_473)


def older(
    rule_id: str, check_type: str, *, host: str = "WS-TEST-30", success: bool = True, **fields: Any
) -> dict[str, Any]:
    """Return an L1 report of the older daemon, which names the rule."""
    return _go(rule_id, check_type, host, success) | fields


def newer(
    runbook_id: str,
    check_type: str,
    *,
    host: str = "WS-TEST-30",
    success: bool = True,
    **fields: Any,
) -> dict[str, Any]:
    """Return an L1 report of the newer daemon, which names the runbook."""
    return _go(runbook_id, check_type, host, success) | fields


def python(
    rule_id: str,
    check_type: str,
    *,
    host: str = "WS-TEST-30",
    success: bool = True,
    began_at: dt.datetime | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return an L1 report of the Python agent, which never says from which appliance it comes."""
    began = began_at or clock.now()
    return {
        "execution_id": str(uuid.uuid4()),
        "incident_id": f"INC-{next(_numbers)}",
        "runbook_id": rule_id,
        "hostname": host,
        "platform": "windows",
        "incident_type": check_type,
        "started_at": began.isoformat(timespec="microseconds"),
        "completed_at": (began + dt.timedelta(seconds=2)).isoformat(timespec="microseconds"),
        "duration_seconds": 2.0,
        "success": success,
        "status": "success" if success else "failure",
        "verification_passed": success,
        "confidence": 1.0,
        "resolution_level": "L1",
        "state_before": {},
        "state_after": {},
        "state_diff": {},
        "executed_steps": [],
        "error_message": None if success else "the check still fails",
        "cost_usd": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "reasoning": None,
    } | fields


async def send(client: httpx.AsyncClient, site: CastSite, *executions: dict[str, Any]) -> None:
    """Post each as its agent does: one at a time, wrapped."""
    for execution in executions:
        answer = await client.post(
            "/api/agent/executions",
            json={
                "site_id": site.slug,
                "execution": execution,
                "reported_at": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            headers=site.headers,
        )
        assert answer.status_code == 200, answer.text


def _go(id: str, check_type: str, host: str, success: bool) -> dict[str, Any]:
    number = next(_numbers)
    incident = f"drift-{host}-{check_type}-{number}"
    body = {
        "execution_id": f"l1-{incident}-{number}",
        "incident_id": incident,
        "runbook_id": id,
        "hostname": host,
        "incident_type": check_type,
        "duration_seconds": 0,
        "success": success,
        "status": "success" if success else "failure",
        "confidence": 1,
        "resolution_level": "L1",
        "pattern_signature": f"{check_type}:{id}:{host}",
    }
    return body if success else body | {"error_message": "the check still fails"}

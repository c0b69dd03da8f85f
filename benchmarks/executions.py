"""Executions to send: as facts for the writer, as bodies for HTTP; no two with the same id."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from benchmarks.stage import Site
from flywheel_server.executions.model.executions import Fact

_TYPES = 20


def facts(
    sites: Sequence[Site],
    count: int,
    word: str,
    now: dt.datetime,
    runbooks: Sequence[str] = ("RB-WIN-SEC-001",),
) -> list[Fact]:
    """Return facts as decoding makes them: every site in turn, its hosts and incidents by and by.

    The type of an incident goes with its runbook, as in the benchmark's history.
    """
    return [
        _fact(sites[n % len(sites)], f"{word}-{n}", n // len(sites), now, runbooks)
        for n in range(count)
    ]


def batch(site: Site, count: int, word: str) -> bytes:
    """Return the body of one post of many, as newer daemons write it: about 620 bytes each."""
    items = [execution(f"{word}-{n}", n) for n in range(count)]
    return json.dumps(
        {"site_id": site.slug, "executions": items, "reported_at": "2026-11-20T08:38:57Z"}
    ).encode()


def execution(execution_id: str, number: int) -> dict[str, Any]:
    return {
        "execution_id": execution_id,
        "incident_id": f"drift-{execution_id}",
        "runbook_id": "RB-WIN-SEC-001",
        "hostname": f"WS-{number % 5}",
        "platform": "windows",
        "incident_type": f"type_{number % _TYPES}",
        "started_at": "2026-11-20T08:38:50Z",
        "completed_at": "2026-11-20T08:38:57Z",
        "duration_seconds": 6.2,
        "success": True,
        "status": "success",
        "verification_passed": True,
        "confidence": 0.91,
        "resolution_level": "L2",
        "state_before": {"drifted": True, "profiles": ["domain", "private"]},
        "state_after": {"drifted": False},
        "cost_usd": 0.0021,
        "input_tokens": 840,
        "output_tokens": 96,
        "reasoning": "the firewall profile was off and the runbook made for this turns it on",
    }


def _fact(
    site: Site, execution_id: str, rank: int, now: dt.datetime, runbooks: Sequence[str]
) -> Fact:
    # Of five incidents of a site three are on one host, and one of these is healed at L1.
    host = max(rank % 5 - 2, 0)
    kind = (site.id.int + rank // 5) % _TYPES
    return Fact(
        site_id=site.id,
        execution_id=execution_id,
        digest=hashlib.sha256(execution_id.encode()).digest(),
        occurred_at=now,
        appliance_id=None,
        reported_appliance=None,
        level="L1" if rank % 5 == 1 else "L2",
        incident_id=f"drift-{execution_id}",
        incident_type=f"type_{kind}",
        hostname=f"ws-{host}",
        platform="windows",
        reported_id=runbooks[kind % len(runbooks)],
        outcome="success",
        verified=True,
        chaos_campaign_id=None,
        error_category=None,
        error_message=None,
        duration_seconds=6.2,
        confidence=0.91,
        cost_usd=0.0021,
        input_tokens=840,
        output_tokens=96,
        reasoning="the firewall profile was off and the runbook made for this turns it on",
        detail='{"state_before": {"drifted": true}, "state_after": {"drifted": false}}',
    )

"""What is wrong with the flywheel itself and needs a person, as parts of alarms.

Its loop, ids that mean nothing, events that reach nobody; see ``api.deliveries``.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flywheel_server.api import health
from flywheel_server.db import Connection
from flywheel_server.runtime import Runtime
from flywheel_server.store import overview, patterns, runs, set_aside


async def found(
    connection: Connection, parts: Runtime, steps: Sequence[str], now: dt.datetime, most: int
) -> list[dict[str, Any]]:
    """Return a silent loop, steps that fail, kept executions, events that were given up."""
    status = await runs.status(connection)
    newest = await runs.newest(connection, list(steps))
    kept = await patterns.unresolved_total(connection)
    aside = await set_aside.total(connection)
    dead = await overview.dead_webhooks(connection, most)
    return [
        *_silent_loop(parts, status, now),
        *(_failed(run) for run in newest if run.error is not None),
        *_unresolved(kept - aside),
        *map(_dead, dead),
    ]


def _silent_loop(
    parts: Runtime, status: runs.Status | None, now: dt.datetime
) -> list[dict[str, Any]]:
    since = None if status is None else status.seconds_since_turn
    if since is None or not health.silent(parts, since):
        return []
    return [
        {
            "kind": "loop_silent",
            "since": now - dt.timedelta(seconds=since),
            "what": "No process has turned the loop for three intervals: nothing is learnt.",
            "what_to_do": "See the servers' logs for why, and run at least one with "
            "FLYWHEEL_LOOP=true.",
        }
    ]


def _failed(run: runs.Run) -> dict[str, Any]:
    return {
        "kind": "step_failed",
        "since": run.started_at,
        "what": f"The loop's step {run.step} failed in its newest run.",
        "what_to_do": "Read the error beside its run; each turn tries the step again.",
    }


def _unresolved(executions: int) -> list[dict[str, Any]]:
    if not executions:
        return []
    return [
        {
            "kind": "unresolved_ids",
            "since": None,
            "what": f"{executions:,} executions teach nothing: they name ids that resolve to no "
            "rule and no runbook.",
            "what_to_do": "Give each id an alias, or register its runbook. Set aside, with a "
            "reason, what can mean nothing: it comes back when it grows by a tenth.",
        }
    ]


def _dead(endpoint: overview.Dead) -> dict[str, Any]:
    if endpoint.gone_at is not None:
        return {
            "kind": "webhook_failing",
            "since": endpoint.gone_at,
            "what": f"{endpoint.label or endpoint.url} answered that it is gone: its webhook is "
            "switched off.",
            "what_to_do": "Correct its address and switch it on, or delete the webhook.",
        }
    return {
        "kind": "webhook_failing",
        "since": endpoint.since,
        "what": f"{endpoint.dead:,} events did not reach {endpoint.label or endpoint.url} and were "
        "given up.",
        "what_to_do": "Mend the endpoint, then send them again.",
    }

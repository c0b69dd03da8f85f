"""What is wrong with the flywheel itself and needs a person, as parts of alarms.

Its loop, ids that mean nothing, services that fail, events that reach nobody; see
``rules.views.alarms``.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flywheel_server.core import service_failures
from flywheel_server.core.db import Connection
from flywheel_server.core.service_failures import Failing
from flywheel_server.core.services import ALARM_AFTER
from flywheel_server.fleet.store import quotas
from flywheel_server.learning.store import patterns, set_aside
from flywheel_server.loop import runs
from flywheel_server.overview import store as overview
from flywheel_server.overview.routes import health
from flywheel_server.web.runtime import Runtime


async def found(
    connection: Connection, parts: Runtime, steps: Sequence[str], now: dt.datetime, most: int
) -> list[dict[str, Any]]:
    """Return a silent loop, failing steps and services, kept executions, lost events."""
    status = await runs.status(connection)
    newest = await runs.newest(connection, list(steps))
    kept = await patterns.unresolved_total(connection)
    aside = await set_aside.total(connection)
    dead = await overview.dead_webhooks(connection, most)
    failing = await service_failures.failing(connection)
    return [
        *_silent_loop(parts, status, now),
        *(_failed(run) for run in newest if run.error is not None),
        *_unresolved(kept - aside),
        *(_service(each) for each in failing if each.failures >= ALARM_AFTER[each.service]),
        *map(_dead, dead),
        *_backlog(await quotas.backlog(connection)),
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


def _service(failing: Failing) -> dict[str, Any]:
    of_mail = failing.service == "mail"
    return {
        "kind": "mail_failing" if of_mail else "planner_failing",
        "since": failing.since,
        "what": f"{failing.failures:,} mails could not be sent: people wait for their links."
        if of_mail
        else f"The language model failed {failing.failures:,} times in a row: incidents that only "
        "it could plan for are left to people.",
        "what_to_do": "Correct FLYWHEEL_SMTP_URL or the mail server, then try it with "
        "`flywheel-server test-mail ADDRESS`; a mail that is sent ends this."
        if of_mail
        else "Compare what it said with FLYWHEEL_L2_BASE_URL, FLYWHEEL_L2_API_KEY and "
        "FLYWHEEL_L2_MODEL; its next answer ends this.",
        "refusal": failing.reason,
    }


def _backlog(waits: quotas.Backlog | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if waits is not None and waits.waiting:
        found.append(
            {
                "kind": "platform_rules_wait",
                "since": waits.since,
                "what": f"{waits.waiting:,} platform rules wait: their gates are open, and the "
                f"policy value `{waits.reason}` leaves no room for more.",
                "what_to_do": "Look at the platform's patterns for what one tenant may have "
                f"forged. If all is well, wait for the next turns, raise `{waits.reason}`, or "
                "disable rules that are not needed.",
            }
        )
    if waits is not None and waits.asked:
        found.append(
            {
                "kind": "platform_rules_ask",
                "since": waits.asked_since,
                "what": f"Of {waits.asked:,} platform patterns the incident type is easily taken "
                "for another, or a built-in rule heals it by another runbook; all their other "
                "gates are open.",
                "what_to_do": "Open each among the platform's patterns. Approve what is right, "
                "with a reason: the next turn makes it a rule. What is wrong comes from agents "
                "that name the incident type so: correct it there, or opt the organization out.",
            }
        )
    return found


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
        "what": f"{endpoint.dead:,} {'event' if endpoint.dead == 1 else 'events'} did not reach "
        f"{endpoint.label or endpoint.url} and {'was' if endpoint.dead == 1 else 'were'} given up.",
        "what_to_do": "Mend the endpoint, then send them again.",
    }

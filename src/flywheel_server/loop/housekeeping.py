"""Step 6: ends overdue orders, makes partitions ahead, forgets what is past its retention."""

import datetime as dt

from flywheel_server.accounts.actions import sessions
from flywheel_server.core import partitions
from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.evidence.actions import evidence_waiting
from flywheel_server.executions.actions import incidents
from flywheel_server.fleet.actions import clock_skews
from flywheel_server.fleet.store import quotas
from flywheel_server.loop import retention
from flywheel_server.orders import actions as orders
from flywheel_server.plans.actions import plan_approvals
from flywheel_server.webhooks.actions import events, webhooks


async def run(connection: Connection, turn: Turn) -> Counts:
    """Keep the tables in shape."""
    return {
        **await _keep(connection, turn.now),
        **await _drop(connection, turn),
        **await _forget(connection, turn),
    }


async def _keep(connection: Connection, now: dt.datetime) -> Counts:
    """End what is overdue, and make what the next days need."""
    return {
        "orders_expired": await orders.expire_due(connection, now),
        **await plan_approvals.keep(connection, now),
        "keys_with_evidence_admitted": await evidence_waiting.admit_due(connection, now),
        "usage_counts_changed": await quotas.count_rows(connection, now),
        "partitions_made": await partitions.ensure(connection, now),
    }


async def _drop(connection: Connection, turn: Turn) -> Counts:
    """Drop the partitions that are past their retention."""
    kept = turn.settings
    return {
        "execution_partitions_dropped": await retention.drop_executions(
            connection, turn.now, kept.execution_retention_days
        ),
        "log_partitions_dropped": await retention.drop_log_lines(
            connection, turn.now, kept.log_retention_days
        ),
    }


async def _forget(connection: Connection, turn: Turn) -> Counts:
    """Delete the rows that are past their retention."""
    now, days = turn.now, turn.settings.execution_retention_days
    idle = dt.timedelta(hours=turn.settings.session_idle_hours)
    return {
        "usage_counts_deleted": await quotas.forget(connection, now),
        "execution_keys_deleted": await retention.forget_keys(connection, now, days),
        "plans_deleted": await plan_approvals.forget(connection, now, days),
        "idempotency_keys_deleted": await retention.forget_answers(connection, now),
        "runs_deleted": await retention.forget_runs(connection, now),
        "events_deleted": await events.forget_old(connection, now),
        "webhook_secrets_deleted": await webhooks.forget_secrets(connection, now),
        "early_resolutions_deleted": await incidents.forget_early(connection, now),
        "clock_alarms_deleted": await clock_skews.forget(connection, now),
        "rule_sets_deleted": await retention.forget_rule_sets(connection, now),
        **await sessions.forget_old(connection, now, idle),
    }

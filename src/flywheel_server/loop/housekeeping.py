"""Step 6: ends overdue orders, makes partitions ahead, forgets what is past its retention."""

import datetime as dt

from flywheel_server.accounts.actions import sessions
from flywheel_server.core import partitions
from flywheel_server.core.db import Connection
from flywheel_server.core.step import Turn
from flywheel_server.evidence.actions import evidence_waiting
from flywheel_server.fleet.actions import clock_skews, incidents
from flywheel_server.fleet.store import quotas
from flywheel_server.loop import retention
from flywheel_server.orders import actions as orders
from flywheel_server.plans.actions import plan_approvals
from flywheel_server.webhooks.actions import events, webhooks


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Keep the tables in shape; return nothing looked at and things made or forgotten."""
    kept = turn.settings
    done = await orders.expire_due(connection, turn.now)
    done += await plan_approvals.keep(connection, turn.now)
    done += await evidence_waiting.admit_due(connection, turn.now)
    done += await quotas.count_rows(connection, turn.now)
    done += await quotas.forget(connection, turn.now)
    done += await partitions.ensure(connection, turn.now)
    done += await retention.drop_executions(connection, turn.now, kept.execution_retention_days)
    done += await retention.drop_log_lines(connection, turn.now, kept.log_retention_days)
    done += await retention.forget_keys(connection, turn.now, kept.execution_retention_days)
    done += await plan_approvals.forget(connection, turn.now, kept.execution_retention_days)
    done += await retention.forget_answers(connection, turn.now)
    done += await retention.forget_runs(connection, turn.now)
    done += await events.forget_old(connection, turn.now)
    done += await webhooks.forget_secrets(connection, turn.now)
    done += await incidents.forget_early(connection, turn.now)
    done += await clock_skews.forget(connection, turn.now)
    done += await retention.forget_rule_sets(connection, turn.now)
    idle = dt.timedelta(hours=kept.session_idle_hours)
    done += await sessions.forget_old(connection, turn.now, idle)
    return 0, done

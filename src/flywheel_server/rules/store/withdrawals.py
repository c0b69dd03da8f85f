"""What a withdrawal writes: the rule's end, and where the counting for a successor starts."""

import datetime as dt
from collections.abc import Sequence

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.rules.model.rules import Rule

_SQL = load("withdrawals")


async def disable(connection: Connection, rule: Rule, reason: str, now: dt.datetime) -> bool:
    """Switch a rule off as withdrawn; return whether it was on as ``rule`` says."""
    done = await connection.fetchval(
        *_SQL["disable"](
            id=rule.id, enabled_changed_at=rule.enabled_changed_at, reason=reason, now=now
        )
    )
    return done is not None


async def count_pair_anew(
    connection: Connection, incident_type: str, runbook_id: str, now: dt.datetime
) -> None:
    """Let only evidence received from here on count for this pair's next platform rule.

    The caller holds the fold lock.
    """
    await connection.execute(
        *_SQL["count_pair_anew"](incident_type=incident_type, runbook_id=runbook_id, now=now)
    )
    await connection.execute(
        *_SQL["count_sites_anew"](incident_type=incident_type, runbook_id=runbook_id)
    )
    await connection.execute(
        *_SQL["count_dropped_anew"](incident_type=incident_type, runbook_id=runbook_id)
    )


async def update_patterns(connection: Connection, rules: Sequence[Rule], now: dt.datetime) -> None:
    """Have the gates of these rules' incident types looked at anew; end their own candidates."""
    await connection.execute(
        *_SQL["patterns"](
            scope_ids=[rule.scope_id if rule.scope == "site" else None for rule in rules],
            incident_types=[rule.incident_type for rule in rules],
            runbook_ids=[rule.runbook_id for rule in rules],
            now=now,
        )
    )

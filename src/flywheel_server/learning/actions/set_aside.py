"""Sets ids aside that can mean nothing, with a reason, and takes them up again."""

import datetime as dt

from flywheel_server.core import audit, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.learning.model import unresolved as domain
from flywheel_server.learning.model.unresolved import Unresolved
from flywheel_server.learning.store import patterns, set_aside

_UNKNOWN = "No such id is kept unresolved at this level: take one from the list."


async def add(
    connection: Connection,
    actor: OperatorScope,
    reported_id: str,
    level: str,
    *,
    reason: str,
    now: dt.datetime,
) -> Unresolved:
    """Set an id aside with the executions that it has now; again renews reason and number.

    Raises NotFound for an id under which nothing is kept.
    """
    before = await _get(connection, reported_id, level)
    await set_aside.put(
        connection,
        reported_id,
        level,
        executions=before.executions,
        comes_back_at=domain.comes_back_at(before.executions),
        reason=reason,
        by=actor.actor_name,
        now=now,
    )
    after = await _get(connection, reported_id, level)
    await _record(connection, actor, "unresolved_id.set_aside", before, after, now)
    return after


async def take_up(
    connection: Connection, actor: OperatorScope, reported_id: str, level: str, now: dt.datetime
) -> Unresolved:
    """Have an id count as unresolved again; one that does changes nothing. Raises NotFound."""
    before = await _get(connection, reported_id, level)
    if before.set_aside is None:
        return before
    await set_aside.remove(connection, reported_id, level)
    after = await _get(connection, reported_id, level)
    await _record(connection, actor, "unresolved_id.take_up", before, after, now)
    return after


async def _get(connection: Connection, reported_id: str, level: str) -> Unresolved:
    found = await patterns.unresolved_id(connection, reported_id, level)
    if found is None:
        raise errors.NotFound(_UNKNOWN)
    return found


async def _record(
    connection: Connection,
    actor: OperatorScope,
    action: str,
    before: Unresolved,
    after: Unresolved,
    now: dt.datetime,
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="unresolved_id",
        object_id=after.reported_id,
        now=now,
        before=_told(before),
        after=_told(after),
    )


def _told(row: Unresolved) -> dict[str, object]:
    aside = row.set_aside
    return {
        "level": row.level,
        "executions": row.executions,
        "reason": None if aside is None else aside.reason,
        "comes_back_at": None if aside is None else aside.comes_back_at,
    }

"""Registers a runbook: from then on what was reported under its id teaches."""

import datetime as dt

from flywheel_server.core import audit
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.rules.actions import resolving
from flywheel_server.rules.store import runbooks


async def register(
    connection: Connection,
    actor: OperatorScope,
    *,
    runbook_id: str,
    name: str,
    platform: str,
    executable: bool,
    now: dt.datetime,
) -> runbooks.Runbook:
    """Add a runbook with its aliases. Raises AlreadyExists for an id in use."""
    await runbooks.insert_runbook(
        connection, runbook_id=runbook_id, name=name, platform=platform, executable=executable
    )
    # Before the audit entry: the loop, too, takes the folds' lock first and the audit's last.
    for alias in runbooks.aliases_of(runbook_id):
        await resolving.resolve_anew(connection, alias, now)
    await audit.record(
        connection,
        actor,
        "runbook.register",
        object_kind="runbook",
        object_id=runbook_id,
        now=now,
        after={"name": name, "platform": platform, "executable": executable},
    )
    registered = await runbooks.get(connection, runbook_id)
    if registered is None:
        raise LookupError(runbook_id)
    return registered

"""Registers a runbook: from then on what was reported under its id teaches."""

import datetime as dt

from flywheel_server.actions import audit
from flywheel_server.db import Connection
from flywheel_server.domain.scope import OperatorScope
from flywheel_server.store import runbooks


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

"""Adds an alias: from then on what was reported under it teaches its runbook or rule."""

import datetime as dt

from flywheel_server.core import audit, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.rules.actions import resolving
from flywheel_server.rules.model import aliases as domain
from flywheel_server.rules.store import aliases


async def add(
    connection: Connection,
    actor: OperatorScope,
    alias: str,
    *,
    runbook_id: str | None,
    rule_id: str | None,
    now: dt.datetime,
) -> aliases.Alias:
    """Let ``alias`` stand for one runbook or rule.

    Raises AlreadyExists for an alias in use or a rule's own id, NotFound for an unknown target,
    InvalidInput for an id that is never an alias.
    """
    domain.check(alias, for_rule=rule_id is not None)
    if rule_id is not None and not await aliases.rule_exists(connection, rule_id):
        raise errors.NotFound("No rule has this `rule_id`: see GET /api/admin/rules.")
    if await aliases.rule_exists(connection, alias):
        raise errors.AlreadyExists(f"`{alias}` is a rule's own id: it stands for that rule.")
    added = await aliases.insert(connection, alias, runbook_id=runbook_id, rule_id=rule_id, now=now)
    # Before the audit entry: the loop, too, takes the folds' lock first and the audit's last.
    await resolving.resolve_anew(connection, alias, now)
    await audit.record(
        connection,
        actor,
        "alias.add",
        object_kind="alias",
        object_id=alias,
        now=now,
        after={"runbook_id": runbook_id, "rule_id": rule_id},
    )
    return added

"""Writes the audit entry of a change, in the change's own transaction: no entry, no change."""

import datetime as dt
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, LoopScope, OperatorScope, PartnerScope
from flywheel_server.core.sql import load

_SQL = load("audit")

Actor = ClientScope | PartnerScope | OperatorScope | LoopScope
_KINDS = {
    ClientScope: "client",
    PartnerScope: "partner",
    OperatorScope: "operator",
    LoopScope: "loop",
}


def identity(actor: Actor) -> tuple[str, UUID | None, str]:
    """Return what is written of whoever acts: kind, id and name."""
    if isinstance(actor, LoopScope):
        return "loop", None, "the loop"
    return _KINDS[type(actor)], actor.actor_id, actor.actor_name


async def record(
    connection: Connection,
    actor: Actor,
    action: str,
    *,
    object_kind: str,
    object_id: str,
    now: dt.datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    site_id: UUID | None = None,
) -> None:
    """Append one entry: who did what to which object, and what it was before and after.

    The tenant ids say which people may read it; never put keys or passwords into before or after.
    """
    kind, actor_id, name = identity(actor)
    await connection.execute(
        *_SQL["append"](
            now=now,
            kind=kind,
            actor_id=actor_id,
            name=name,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            partner_id=partner_id,
            organization_id=organization_id,
            site_id=site_id,
            before=before,
            after=after,
        )
    )

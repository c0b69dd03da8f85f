"""What an appliance has, when a person says that it is gone or that it is another one.

Signed orders, evidence and executions never change: they are found by what the appliance was merged
into. Everything else moves.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model.appliances import Appliance, Identity
from flywheel_server.fleet.store import appliance_identities
from flywheel_server.fleet.store.appliances import from_row

_SQL = load("appliance_merges")


async def lock(connection: Connection, site_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Appliance]:
    """Return these appliances of a site, and keep others from changing them until the end."""
    rows = await connection.fetch(*_SQL["lock"](site_id=site_id, ids=ids))
    return {row["id"]: from_row(row) for row in rows}


async def remove(
    connection: Connection, gone: Appliance, now: dt.datetime, by: str, into: UUID | None = None
) -> list[str]:
    """Mark an appliance as removed; return the orders that were cancelled with it."""
    own = {"site_id": gone.site_id, "id": gone.id}
    await connection.execute(*_SQL["remove"](**own, now=now, by=by, into=into))
    rows = await connection.fetch(*_SQL["cancel_orders"](**own, now=now))
    await connection.execute(*_SQL["forget_deliveries"](**own))
    await connection.execute(*_SQL["forget_syncs"](**own))
    await appliance_identities.forget(connection, gone.site_id, gone.id)
    return [row["id"] for row in rows]


async def move(
    connection: Connection, gone: Appliance, into: UUID, now: dt.datetime, by: str
) -> list[bytes]:
    """Move what an appliance has to another one; return the digests of API keys that moved.

    Call it before ``remove``. What both have is folded first; then what is left is forgotten.
    """
    own = {"site_id": gone.site_id, "id": gone.id}
    await connection.execute(*_SQL["fold_deliveries"](**own, into=into))
    await connection.execute(*_SQL["move_deliveries"](**own, into=into))
    await connection.execute(*_SQL["forget_same_keys"](**own, into=into))
    await connection.execute(*_SQL["move_keys"](**own, into=into, now=now, by=by))
    await connection.execute(*_SQL["fold_reports"](**own, into=into))
    await connection.execute(*_SQL["move_reports"](**own, into=into))
    await connection.execute(*_SQL["forget_reports"](**own))
    await connection.execute(*_SQL["move_documents"](**own, into=into))
    await connection.execute(*_SQL["forget_documents"](**own))
    await connection.execute(*_SQL["move_plans"](**own, into=into))
    await connection.execute(*_SQL["repoint"](**own, into=into))
    rows = await connection.fetch(*_SQL["move_api_keys"](**own, into=into))
    return [row["digest"] for row in rows]


async def set_identity(
    connection: Connection, appliance: Appliance, shown: Identity, mac: str | None
) -> None:
    """Leave an appliance with the identity of one machine."""
    await connection.execute(
        *_SQL["set_identity"](
            site_id=appliance.site_id,
            id=appliance.id,
            mac=mac,
            public_key=shown.public_key or None,
            hostname=shown.hostname,
        )
    )


async def forget_waiting_keys(
    connection: Connection, appliance: Appliance, public_keys: Sequence[str]
) -> None:
    """Forget keys that wait on an appliance although other machines showed them."""
    await connection.execute(
        *_SQL["forget_waiting_keys"](
            site_id=appliance.site_id, id=appliance.id, public_keys=public_keys
        )
    )

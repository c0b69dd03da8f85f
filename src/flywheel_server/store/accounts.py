"""Partners, organizations, sites, operators and the keys of each."""

from flywheel_server.db import Connection
from flywheel_server.domain.scope import ApplianceScope, OperatorScope, PartnerScope
from flywheel_server.sql import load

_SQL = load("accounts")


async def find_key(
    connection: Connection, digest: bytes
) -> ApplianceScope | PartnerScope | OperatorScope | None:
    """Return the scope of the key with this SHA-256 ``digest``, unless it is revoked."""
    row = await connection.fetchrow(_SQL["find_key"], digest)
    if row is None:
        return None
    if row["site_id"] is not None:
        return ApplianceScope(
            key_id=row["id"],
            site_id=row["site_id"],
            site_slug=row["slug"],
            appliance_id=row["appliance_id"],
        )
    if row["partner_id"] is not None:
        return PartnerScope(
            actor_id=row["id"],
            actor_name=f"API key {row['label']}".strip(),
            partner_id=row["partner_id"],
            rights="owner",
        )
    return OperatorScope(
        actor_id=row["operator_id"], actor_name=row["email"], rights=row["operator_role"]
    )

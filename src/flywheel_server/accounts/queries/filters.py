"""The tenants that operators name in paths and filters, by slug or id."""

from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection


async def site(connection: Connection, text: str) -> accounts.Site:
    """Return the site with this slug or id. Raises NotFound."""
    found = await accounts.find_site(connection, text)
    if found is None:
        raise errors.NotFound("No site has this `site_id`: see GET /api/admin/sites.")
    return found


async def site_filter(connection: Connection, text: str | None) -> UUID | None:
    """Return the site to filter by, if any. Raises NotFound for an unknown one."""
    return None if text is None else (await site(connection, text)).id


async def partner_filter(connection: Connection, text: str | None) -> UUID | None:
    """Return the partner to filter by, if any. Raises NotFound for an unknown one."""
    if text is None:
        return None
    partner_id = accounts.as_uuid(text)
    if partner_id is None or await accounts.get_partner(connection, partner_id) is None:
        raise errors.NotFound("No partner has this `partner_id`: see GET /api/admin/partners.")
    return partner_id


async def organization_filter(connection: Connection, text: str | None) -> UUID | None:
    """Return the organization to filter by, if any. Raises NotFound for an unknown one."""
    if text is None:
        return None
    found = accounts.as_uuid(text)
    if found is None or await accounts.get_organization(connection, found) is None:
        raise errors.NotFound(
            "No organization has this `organization_id`: see GET /api/admin/organizations."
        )
    return found

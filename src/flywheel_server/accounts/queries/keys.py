"""Reads keys, without their text: operators see those of all, a partner's owners their own."""

from uuid import UUID

from flywheel_server.accounts.queries import filters
from flywheel_server.accounts.store import keys
from flywheel_server.accounts.views.keys import KeyView, PartnerKeyView
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PartnerScope
from flywheel_server.web import keysets as pages


async def listing(
    connection: Connection,
    page: pages.Page,
    *,
    site_id: str | None,
    partner_id: str | None,
    text: str | None,
) -> pages.Listing[KeyView]:
    """List keys for operators, oldest first. Raises NotFound for an unknown site or partner."""
    rows = await keys.list_keys(
        connection,
        after=page.after(UUID),
        site_id=await filters.site_filter(connection, site_id),
        partner_id=await filters.partner_filter(connection, partner_id),
        text=text,
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), KeyView.model_validate)


async def of_partner(
    connection: Connection,
    scope: PartnerScope,
    page: pages.Page,
    *,
    text: str | None,
    valid: bool | None = None,
) -> pages.Listing[PartnerKeyView]:
    """List the partner's keys, oldest first."""
    rows = await keys.list_of_partner(
        connection,
        scope.partner_id,
        text=text,
        valid=valid,
        after=page.after(UUID),
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), PartnerKeyView.model_validate)

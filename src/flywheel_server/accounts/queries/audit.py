"""Reads the audit for operators: every entry, and whether its chain holds."""

import datetime as dt

from flywheel_server.accounts.queries import filters
from flywheel_server.accounts.store import audit, tenants
from flywheel_server.accounts.views.audit import AuditEntryView, ChainView
from flywheel_server.core import clock
from flywheel_server.core.db import Connection
from flywheel_server.web import keysets as pages


async def listing(
    connection: Connection,
    page: pages.Page,
    *,
    action: str | None = None,
    object_kind: str | None = None,
    object_id: str | None = None,
    actor: str | None = None,
    partner_id: str | None = None,
    organization_id: str | None = None,
    site_id: str | None = None,
    text: str | None = None,
    tenant: str | None = None,
    days: int | None = None,
    actor_kind: str | None = None,
) -> pages.Listing[AuditEntryView]:
    """List who changed what, newest first. Raises NotFound for an unknown tenant."""
    wanted = audit.Filters(
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        actor=actor,
        partner_id=await filters.partner_filter(connection, partner_id),
        organization_id=await filters.organization_filter(connection, organization_id),
        site_id=await filters.site_filter(connection, site_id),
        text=text,
        tenants=None if tenant is None else await tenants.named(connection, tenant),
        actor_kind=actor_kind,
        since=None if days is None else clock.now() - dt.timedelta(days=days),
    )
    rows = await audit.list_entries(connection, wanted, page.after(int), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), _view)


async def chain(connection: Connection) -> ChainView:
    """Recompute the hash of every entry, and say where the chain breaks, if it does."""
    broken_at = await audit.first_break(connection)
    entries = await audit.length(connection)
    return ChainView(entries=entries, broken_at=broken_at, checked_at=clock.now())


def _view(entry: audit.Entry) -> AuditEntryView:
    return AuditEntryView(
        id=entry.id,
        at=entry.at,
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor=entry.actor,
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        partner_id=entry.partner_id,
        organization_id=entry.organization_id,
        site_id=entry.site_id,
        before=entry.before,
        after=entry.after,
        hash=entry.hash.hex(),
    )

"""Reads the audit for clients and partners: the scope decides which entries are theirs."""

import datetime as dt

from flywheel_server.accounts.store import tenant_audit
from flywheel_server.accounts.store.tenant_audit import Change
from flywheel_server.accounts.views.sites import PlaceView, SiteFilter
from flywheel_server.accounts.views.tenant_audit import ActorKind, ChangeView
from flywheel_server.core import clock
from flywheel_server.core.db import Connection
from flywheel_server.web import keysets as pages


async def listing(
    connection: Connection,
    page: pages.Page,
    site: SiteFilter,
    *,
    action: str | None,
    actor_kind: ActorKind | None,
    text: str | None,
    days: int | None,
) -> pages.Listing[ChangeView]:
    """List who changed what of the caller's, newest first. Raises NotFound for an unknown site."""
    wanted = tenant_audit.Filters(
        site_id=await site.find(connection),
        action=action,
        actor_kind=actor_kind,
        text=text,
        since=None if days is None else clock.now() - dt.timedelta(days=days),
    )
    rows = await tenant_audit.page(connection, wanted, page.after(int), page.limit + 1)
    return pages.listing(rows, page, lambda row: (row.id,), _view)


def _view(change: Change) -> ChangeView:
    site = None
    if change.site_id is not None:
        site = PlaceView(id=change.site_id, site_id=change.slug or "", name=change.site_name or "")
    return ChangeView(
        id=change.id,
        at=change.at,
        actor_kind=change.actor_kind,
        actor=change.actor,
        action=change.action,
        object_kind=change.object_kind,
        object_id=change.object_id,
        site=site,
        before=change.before,
        after=change.after,
        hash=change.hash.hex(),
    )

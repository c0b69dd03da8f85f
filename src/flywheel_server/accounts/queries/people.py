"""Reads the people whom one manages: the scope decides which they are."""

from uuid import UUID

from flywheel_server.accounts.actions import people as actions
from flywheel_server.accounts.queries import filters
from flywheel_server.accounts.store import people
from flywheel_server.accounts.views.people import UserView
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PersonScope
from flywheel_server.web import keysets as pages


async def listing(
    connection: Connection,
    scope: PersonScope,
    page: pages.Page,
    *,
    text: str | None,
    partner_id: str | None = None,
    organization_id: str | None = None,
    kind: people.Kind = people.ANY_KIND,
) -> pages.Listing[UserView]:
    """List people, the oldest account first. Raises NotFound for an unknown tenant."""
    rows = await people.list_users(
        connection,
        scope,
        after=page.after(UUID),
        text=text,
        kind=kind,
        partner_id=await filters.partner_filter(connection, partner_id),
        organization_id=await filters.organization_filter(connection, organization_id),
        limit=page.limit + 1,
    )
    invited = await people.invited(connection, [row.id for row in rows])
    return pages.listing(
        rows, page, lambda row: (row.id,), lambda row: UserView.of(row, invited=row.id in invited)
    )


async def get(connection: Connection, scope: PersonScope, id: UUID) -> UserView:
    """Return a person. Raises NotFound."""
    user = await actions.get(connection, scope, id)
    invited = await people.invited(connection, [id])
    return UserView.of(user, invited=id in invited)

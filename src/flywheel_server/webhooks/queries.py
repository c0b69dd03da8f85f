"""Reads webhooks and their deliveries: operators see the platform's own, partners theirs."""

from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.web import keysets as pages
from flywheel_server.webhooks import store
from flywheel_server.webhooks.actions import webhooks as actions
from flywheel_server.webhooks.views import DeliveryView, State, WebhookView


async def listing(
    connection: Connection, actor: actions.Actor, page: pages.Page, *, text: str | None
) -> pages.Listing[WebhookView]:
    """List the actor's webhooks, those whose address or label has the text."""
    rows = await store.page(
        connection,
        actions.owner_of(actor),
        text=text,
        after=page.after(UUID),
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), WebhookView.model_validate)


async def get(connection: Connection, actor: actions.Actor, id: UUID) -> WebhookView:
    """Return a webhook of the actor's. Raises NotFound."""
    return WebhookView.model_validate(await actions.get(connection, actor, id))


async def deliveries(
    connection: Connection,
    actor: actions.Actor,
    id: UUID,
    page: pages.Page,
    *,
    state: State | None,
    text: str | None,
) -> pages.Listing[DeliveryView]:
    """List the deliveries to a webhook of the actor's. Raises NotFound."""
    endpoint = await actions.get(connection, actor, id)
    rows = await store.deliveries(
        connection,
        endpoint,
        state=state,
        text=text,
        after=page.after(UUID),
        limit=page.limit + 1,
    )
    return pages.listing(rows, page, lambda row: (row.id,), DeliveryView.model_validate)

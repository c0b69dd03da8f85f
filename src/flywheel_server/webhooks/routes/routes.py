"""The routes of webhooks, the same for operators and for partners' owners."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import PathId, Search
from flywheel_server.core import errors
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Audience, RuntimeDep
from flywheel_server.webhooks.actions.webhooks import Actor
from flywheel_server.webhooks.routes import views as webhook_views
from flywheel_server.webhooks.routes.views import (
    CreatedWebhook,
    DeliveryView,
    NewWebhook,
    RotateWebhook,
    StateFilter,
    WebhookChange,
    WebhookView,
)


def _delivery_id(
    delivery_id: Annotated[str, Path(description="Its id, from the list of deliveries.")],
) -> UUID:
    found = accounts.as_uuid(delivery_id)
    if found is None:
        raise errors.NotFound("The id in the path is not one of ours: take it from a list.")
    return found


DeliveryId = Annotated[UUID, Depends(_delivery_id)]


def routes(prefix: str, tag: str, reads: Audience, changes: Audience) -> APIRouter:
    """Return the routes under ``prefix``; whose webhooks they are follows from who is asking."""
    router = APIRouter(prefix=prefix, tags=[tag])
    reading, changing = Depends(reads), Depends(changes)

    @router.post("", status_code=201)
    async def create_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, body: NewWebhook
    ) -> CreatedWebhook:
        """Have events sent to an address; the answer shows the secret that signs them, once."""
        return await webhook_views.create(parts, scope, body)

    @router.get("")
    async def list_webhooks(
        scope: Annotated[Actor, reading],
        parts: RuntimeDep,
        page: pages.PageDep,
        text: Search = None,
    ) -> pages.Listing[WebhookView]:
        """List the webhooks, oldest first, with how many deliveries wait or were given up."""
        return await webhook_views.listing(parts, scope, page, text)

    @router.get("/{id}")
    async def get_webhook(
        scope: Annotated[Actor, reading], parts: RuntimeDep, id: PathId
    ) -> WebhookView:
        """Return one webhook, without its secret."""
        return await webhook_views.get(parts, scope, id)

    @router.patch("/{id}")
    async def change_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, body: WebhookChange
    ) -> WebhookView:
        """Change a webhook, or switch it off and on."""
        return await webhook_views.change(parts, scope, id, body)

    @router.post("/{id}/rotate", status_code=201)
    async def rotate_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, body: RotateWebhook
    ) -> CreatedWebhook:
        """Replace the secret; the answer shows the new one, once. Both sign for a while."""
        return await webhook_views.rotate(parts, scope, id, body)

    @router.delete("/{id}", status_code=204)
    async def delete_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> None:
        """Delete a webhook with its deliveries."""
        await webhook_views.delete(parts, scope, id)

    @router.get("/{id}/deliveries")
    async def list_deliveries(
        *,
        scope: Annotated[Actor, reading],
        parts: RuntimeDep,
        id: PathId,
        page: pages.PageDep,
        state: StateFilter = None,
        text: Search = None,
    ) -> pages.Listing[DeliveryView]:
        """List what is or was on its way to a webhook, the newest first."""
        return await webhook_views.deliveries(parts, scope, id, page, state, text)

    @router.post("/{id}/deliveries/{delivery_id}/retry")
    async def retry_delivery(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, delivery_id: DeliveryId
    ) -> DeliveryView:
        """Send a delivery again, one that was given up too."""
        return await webhook_views.retry(parts, scope, id, delivery_id)

    @router.post("/{id}/test", status_code=202)
    async def send_test(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> DeliveryView:
        """Send an event of the kind `webhook.test` to this webhook alone."""
        return await webhook_views.send_test(parts, scope, id)

    return router

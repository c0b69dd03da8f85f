"""The routes of webhooks, the same for operators and for partners' owners."""

from typing import Annotated

from fastapi import APIRouter, Depends

from flywheel_server.accounts.views.bodies import PathId, Search
from flywheel_server.core import clock, db
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Audience, RuntimeDep
from flywheel_server.webhooks import queries
from flywheel_server.webhooks.actions import webhooks as actions
from flywheel_server.webhooks.actions.webhooks import Actor
from flywheel_server.webhooks.views import (
    CreatedWebhook,
    DeliveryId,
    DeliveryView,
    NewWebhook,
    RotateWebhook,
    StateFilter,
    WebhookChange,
    WebhookView,
)


def routes(prefix: str, tag: str, reads: Audience, changes: Audience) -> APIRouter:
    """Return the routes under ``prefix``; whose webhooks they are follows from who is asking."""
    router = APIRouter(prefix=prefix, tags=[tag])
    reading, changing = Depends(reads), Depends(changes)

    @router.post("", status_code=201)
    async def create_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, body: NewWebhook
    ) -> CreatedWebhook:
        """Have events sent to an address; the answer shows the secret that signs them, once."""
        await actions.check_target(parts.outgoing, body.url)
        async with db.transaction(parts.database, scope) as connection:
            made, secret = await actions.create(
                connection,
                scope,
                url=body.url,
                label=body.label,
                kinds=list(body.kinds),
                now=clock.now(),
            )
        return CreatedWebhook.of(made, secret)

    @router.get("")
    async def list_webhooks(
        scope: Annotated[Actor, reading],
        parts: RuntimeDep,
        page: pages.PageDep,
        text: Search = None,
    ) -> pages.Listing[WebhookView]:
        """List the webhooks, oldest first, with how many deliveries wait or were given up."""
        async with db.transaction(parts.database, scope) as connection:
            return await queries.listing(connection, scope, page, text=text)

    @router.get("/{id}")
    async def get_webhook(
        scope: Annotated[Actor, reading], parts: RuntimeDep, id: PathId
    ) -> WebhookView:
        """Return one webhook, without its secret."""
        async with db.transaction(parts.database, scope) as connection:
            return await queries.get(connection, scope, id)

    @router.patch("/{id}")
    async def change_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, body: WebhookChange
    ) -> WebhookView:
        """Change a webhook, or switch it off and on."""
        await actions.check_target(parts.outgoing, body.url)
        async with db.transaction(parts.database, scope) as connection:
            changed = await actions.change(connection, scope, id, body.changes(), clock.now())
        return WebhookView.model_validate(changed)

    @router.post("/{id}/rotate", status_code=201)
    async def rotate_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, body: RotateWebhook
    ) -> CreatedWebhook:
        """Replace the secret; the answer shows the new one, once. Both sign for a while."""
        async with db.transaction(parts.database, scope) as connection:
            made, secret = await actions.rotate(connection, scope, id, body.overlap, clock.now())
        return CreatedWebhook.of(made, secret)

    @router.delete("/{id}", status_code=204)
    async def delete_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> None:
        """Delete a webhook with its deliveries."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.delete(connection, scope, id, clock.now())

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
        async with db.transaction(parts.database, scope) as connection:
            return await queries.deliveries(connection, scope, id, page, state=state, text=text)

    @router.post("/{id}/deliveries/{delivery_id}/retry")
    async def retry_delivery(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, delivery_id: DeliveryId
    ) -> DeliveryView:
        """Send a delivery again, one that was given up too."""
        async with db.transaction(parts.database, scope) as connection:
            again = await actions.retry(connection, scope, id, delivery_id, clock.now())
        return DeliveryView.model_validate(again)

    @router.post("/{id}/test", status_code=202)
    async def send_test(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> DeliveryView:
        """Send an event of the kind `webhook.test` to this webhook alone."""
        async with db.transaction(parts.database, scope) as connection:
            sent = await actions.send_test(connection, scope, id, clock.now())
        return DeliveryView.model_validate(sent)

    return router

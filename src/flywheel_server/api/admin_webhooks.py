"""Webhooks of operators: told of what happens to every tenant and to the platform."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from flywheel_server import errors
from flywheel_server.api import pages, webhook_views
from flywheel_server.api.access import Admin, Reader, RuntimeDep
from flywheel_server.api.operator_bodies import PathId
from flywheel_server.api.webhook_views import (
    CreatedWebhook,
    DeliveryView,
    NewWebhook,
    StateFilter,
    WebhookChange,
    WebhookView,
)
from flywheel_server.store import accounts

router = APIRouter(prefix="/api/admin/webhooks", tags=["operators: webhooks"])


def _delivery_id(
    delivery_id: Annotated[str, Path(description="Its id, from the list of deliveries.")],
) -> UUID:
    found = accounts.as_uuid(delivery_id)
    if found is None:
        raise errors.NotFound("The id in the path is not one of ours: take it from a list.")
    return found


DeliveryId = Annotated[UUID, Depends(_delivery_id)]


@router.post("", status_code=201)
async def create_operators_webhook(
    scope: Admin, parts: RuntimeDep, body: NewWebhook
) -> CreatedWebhook:
    """Have events sent to an address; the answer shows the secret that signs them, this once."""
    return await webhook_views.create(parts, scope, body)


@router.get("")
async def list_operators_webhooks(
    scope: Reader, parts: RuntimeDep, page: pages.PageDep
) -> pages.Listing[WebhookView]:
    """List the webhooks, oldest first, with how many deliveries wait or were given up."""
    return await webhook_views.listing(parts, scope, page)


@router.patch("/{id}")
async def change_operators_webhook(
    scope: Admin, parts: RuntimeDep, id: PathId, body: WebhookChange
) -> WebhookView:
    """Change a webhook, or switch it off and on."""
    return await webhook_views.change(parts, scope, id, body)


@router.delete("/{id}", status_code=204)
async def delete_operators_webhook(scope: Admin, parts: RuntimeDep, id: PathId) -> None:
    """Delete a webhook with its deliveries."""
    await webhook_views.delete(parts, scope, id)


@router.get("/{id}/deliveries")
async def list_operators_deliveries(
    *,
    scope: Reader,
    parts: RuntimeDep,
    id: PathId,
    page: pages.PageDep,
    state: StateFilter = None,
) -> pages.Listing[DeliveryView]:
    """List what is or was on its way to a webhook, the newest first."""
    return await webhook_views.deliveries(parts, scope, id, page, state)


@router.post("/{id}/deliveries/{delivery_id}/retry")
async def retry_operators_delivery(
    scope: Admin, parts: RuntimeDep, id: PathId, delivery_id: DeliveryId
) -> DeliveryView:
    """Send a delivery again, one that was given up too."""
    return await webhook_views.retry(parts, scope, id, delivery_id)


@router.post("/{id}/test", status_code=202)
async def test_operators_webhook(scope: Admin, parts: RuntimeDep, id: PathId) -> DeliveryView:
    """Send an event of the kind `webhook.test` to this webhook alone."""
    return await webhook_views.send_test(parts, scope, id)

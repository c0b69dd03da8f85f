"""Webhooks: where events are sent, and what became of each delivery. For operators and owners.

Both kinds of people see the same pages under their own roots. A secret is on the page that answers
its creation, and never again.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import clock, db
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ADMIN, PARTNER_OWNER, READER, Audience, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame
from flywheel_server.web.pages.asking import Question
from flywheel_server.webhooks import queries
from flywheel_server.webhooks.actions import webhooks as actions
from flywheel_server.webhooks.actions.webhooks import Actor
from flywheel_server.webhooks.model.events import KINDS, OF_THE_PLATFORM
from flywheel_server.webhooks.views import (
    CreatedWebhook,
    DeliveryId,
    NewWebhook,
    RotateWebhook,
    WebhookChange,
    WebhookView,
)

_STATES = ("pending", "delivered", "dead")
_FIRST = pages.Page(limit=filters.SHOWN, cursor=None)
_Text = Annotated[str, Query(max_length=300)]
# What events say, for whoever chooses among them.
SAID = {
    "candidate.eligible": "A pattern became a candidate",
    "candidate.endorsed": "A client forwarded a candidate",
    "candidate.approved": "A candidate was approved",
    "candidate.rejected": "A candidate was rejected",
    "rule.promoted": "A rule was made",
    "rule.withdrawn": "A rule was withdrawn",
    "rule.quarantined": "A platform rule was taken from one tenant, for which it failed",
    "rule.declined": "A platform rule was declined by a tenant",
    "rule.returned": "A tenant gets a platform rule again",
    "rule.evidence_gone": "What a rule was learnt from was corrected or is gone",
    "rule.remains": "A rule that was switched off still runs on an appliance",
    "delivery.stuck": "An appliance does not run a rule that it should",
    "plan.waiting": "A plan waits for a person",
    "loop.silent": "The learning loop is silent",
    "webhook.gone": "A receiver is gone, and its webhook switched off",
    "webhook.test": "A test",
}


def routes(root: str, reads: Audience, changes: Audience) -> APIRouter:
    """Return the pages below ``root``."""
    here = f"{root}/webhooks"
    router = APIRouter(prefix=here, include_in_schema=False)
    reading, changing = Depends(reads), Depends(changes)

    @router.get("")
    async def webhooks_page(
        request: Request,
        scope: Annotated[Actor, reading],
        parts: RuntimeDep,
        page: filters.PageDep,
        text: _Text = "",
    ) -> Response:
        """List the webhooks, with the form for another one."""
        async with db.transaction(parts.database, scope) as connection:
            return await _list(request, scope, connection, page, here, text=text)

    @router.post("")
    async def create_webhook(
        request: Request, scope: Annotated[Actor, changing], parts: RuntimeDep
    ) -> Response:
        """Add a webhook and show its secret once."""
        given = await forms.texts(request)
        kinds = await forms.several(request, "kinds")
        new = _new(given, kinds)
        await actions.check_target(parts.outgoing, new.url)
        async with db.transaction(parts.database, scope) as connection:
            made, secret = await actions.create(
                connection,
                scope,
                url=new.url,
                label=new.label,
                kinds=list(new.kinds),
                now=clock.now(),
            )
            shown = CreatedWebhook.of(made, secret)
            return await _list(request, scope, connection, _FIRST, here, shown)

    @router.get("/{id}")
    async def webhook_page(
        *,
        request: Request,
        scope: Annotated[Actor, reading],
        parts: RuntimeDep,
        page: filters.PageDep,
        id: PathId,
        state: _Text = "",
        text: _Text = "",
    ) -> Response:
        """Show a webhook with its deliveries, the newest first."""
        async with db.transaction(parts.database, scope) as connection:
            found = await queries.get(connection, scope, id)
            return await _one(request, scope, connection, page, here, found, state=state, text=text)

    @router.post("/{id}")
    async def change_webhook(
        request: Request, scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Change where a webhook leads, what it is told of, and whether it is sent to."""
        given = await forms.texts(request)
        kinds = await forms.several(request, "kinds")
        body = _change(given, kinds)
        await actions.check_target(parts.outgoing, body.url)
        async with db.transaction(parts.database, scope) as connection:
            changed = await actions.change(connection, scope, id, body.changes(), clock.now())
        return frame.go(f"{here}/{id}", _changed(enabled=changed.enabled))

    _add_changes(router, here, changing)
    return router


def _add_changes(router: APIRouter, here: str, changing: Any) -> None:
    """Add what is done to one webhook from its page."""

    @router.post("/{id}/rotate")
    async def rotate_secret(
        request: Request, scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Replace a webhook's secret and show the new one once."""
        given = await forms.texts(request)
        body = forms.body(RotateWebhook, overlap_hours=_hours(given.get("overlap_hours", "")))
        async with db.transaction(parts.database, scope) as connection:
            changed, secret = await actions.rotate(connection, scope, id, body.overlap, clock.now())
            shown = CreatedWebhook.of(changed, secret)
            return await _one(request, scope, connection, _FIRST, here, shown)

    @router.get("/{id}/delete")
    async def ask_delete(
        request: Request, scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Ask before a webhook is deleted."""
        async with db.transaction(parts.database, scope) as connection:
            found = await queries.get(connection, scope, id)
        question = Question(
            title=f"Delete the webhook {found.label or found.url}",
            final="This is final: its deliveries are deleted too, and its secret is worth nothing.",
            then="To have a rest from it, pause it instead.",
            verb="Delete the webhook",
            back=f"{here}/{id}",
        )
        return asking.page(request, scope, question)

    @router.post("/{id}/delete")
    async def delete_webhook(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Delete a webhook with its deliveries."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.delete(connection, scope, id, clock.now())
        return frame.go(here, "The webhook is deleted: nothing is sent to it any more.")

    @router.post("/{id}/test")
    async def send_test(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Send a test."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.send_test(connection, scope, id, clock.now())
        return frame.go(f"{here}/{id}", "A test is on its way: it stands first in the list below.")

    @router.post("/{id}/deliveries/{delivery_id}/retry")
    async def retry_delivery(
        scope: Annotated[Actor, changing], parts: RuntimeDep, id: PathId, delivery_id: DeliveryId
    ) -> Response:
        """Send a delivery again."""
        async with db.transaction(parts.database, scope) as connection:
            await actions.retry(connection, scope, id, delivery_id, clock.now())
        return frame.go(f"{here}/{id}", "The delivery is sent again within the next seconds.")


operators = routes("/operator", READER, ADMIN)
partners = routes("/partner", PARTNER_OWNER, PARTNER_OWNER)


async def _list(
    request: Request,
    scope: Actor,
    connection: Connection,
    page: pages.Page,
    here: str,
    made: CreatedWebhook | None = None,
    text: str = "",
) -> Response:
    listed = await queries.listing(connection, scope, page, text=filters.text(text))
    return frame.page(
        request,
        scope,
        "webhooks.html",
        root=here,
        webhooks=listed.items,
        following=filters.following(request, listed.next),
        made=made,
        sought=text,
        kinds=_offered(scope),
        said=SAID,
    )


async def _one(
    request: Request,
    scope: Actor,
    connection: Connection,
    page: pages.Page,
    here: str,
    webhook: WebhookView,
    state: str = "",
    text: str = "",
) -> Response:
    wanted = filters.choice(state, *_STATES)
    listed = await queries.deliveries(
        connection,
        scope,
        webhook.id,
        page,
        state=wanted,  # type: ignore[arg-type]
        text=filters.text(text),
    )
    return frame.page(
        request,
        scope,
        "webhook.html",
        root=here,
        webhook=webhook,
        deliveries=listed.items,
        following=filters.following(request, listed.next),
        chosen={"state": state, "text": text},
        kinds=_offered(scope),
        said=SAID,
    )


def _hours(text: str) -> float | str:
    """Return the number, or the text, of which the body then says that it is none."""
    try:
        return float(text)
    except ValueError:
        return text


def _offered(scope: Actor) -> list[str]:
    """Return the events that may come to somebody's webhooks."""
    every = isinstance(scope, OperatorScope)
    return [kind for kind in KINDS if every or kind not in OF_THE_PLATFORM]


def _new(given: dict[str, str], kinds: list[str]) -> NewWebhook:
    return forms.checked(
        NewWebhook,
        {"url": given.get("url", "").strip(), "kinds": kinds, "label": given.get("label", "")},
    )


def _change(given: dict[str, str], kinds: list[str]) -> WebhookChange:
    if given.get("enabled"):
        return forms.checked(WebhookChange, {"enabled": given["enabled"] == "yes"})
    return forms.checked(
        WebhookChange,
        {"url": given.get("url", "").strip(), "kinds": kinds, "label": given.get("label", "")},
    )


def _changed(*, enabled: bool) -> str:
    if not enabled:
        return "The webhook is paused: events of this time are not sent later."
    return "The webhook is as you set it: the next event is sent to it."

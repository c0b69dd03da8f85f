"""What people send and read of webhooks, and what both kinds of routes do alike.

A secret is in the answer to its endpoint's creation, and in no other.
"""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from flywheel_server.accounts.views.bodies import Label, OperatorBody, View
from flywheel_server.core import clock, db, errors
from flywheel_server.web import keysets as pages
from flywheel_server.web.runtime import Runtime
from flywheel_server.webhooks import store as webhooks
from flywheel_server.webhooks.actions import webhooks as actions
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.model.events import KINDS, Kind
from flywheel_server.webhooks.outgoing import Refused, Unanswered

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_URL = "https://hooks.example.com/flywheel"
_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Url = Annotated[str, Field(min_length=1, max_length=rules.MOST_URL)]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=len(KINDS))]
State = Literal["pending", "delivered", "dead"]
StateFilter = Annotated[State | None, Query(description="Only such.")]


class NewWebhook(OperatorBody):
    """Where to send which events."""

    url: Url = Field(
        description="An https address in the open internet; no redirect is followed.",
        examples=[_URL],
    )
    kinds: Kinds = Field(description="Which events.", examples=[["rule.withdrawn"]])
    label: Label = Field(default="", description="What it is for.", examples=["chat"])


class WebhookChange(OperatorBody):
    """What to change of a webhook; what is missing or null stays."""

    url: Url | None = Field(default=None, description="As at creation.", examples=[_URL])
    kinds: Kinds | None = Field(
        default=None, description="All it is to be told of.", examples=[["rule.withdrawn"]]
    )
    label: Label | None = Field(default=None, description="What it is for.", examples=["chat"])
    enabled: bool | None = Field(
        default=None,
        description="Whether it is sent to. Events of a disabled time are not sent later; what was "
        "on its way waits.",
        examples=[True],
    )


class RotateWebhook(OperatorBody):
    """How long the present secret signs beside the new one."""

    overlap_hours: float = Field(
        default=24.0,
        ge=0,
        le=rules.LONGEST_OVERLAP.total_seconds() / 3_600,
        description="Hours in which both sign what is sent; 0 ends every earlier secret at once.",
        examples=[24],
    )


class WebhookView(View):
    """A webhook, without its secret."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    url: str = Field(description="Where it leads.", examples=[_URL])
    label: str = Field(description="What it is for.", examples=["chat"])
    kinds: list[str] = Field(
        description="Which events it is told of.", examples=[["rule.promoted"]]
    )
    enabled: bool = Field(description="Whether it is sent to.", examples=[True])
    gone_at: dt.datetime | None = Field(
        description="When its receiver answered 410 (gone), which switched it off.",
        examples=[None],
    )
    not_before: dt.datetime | None = Field(
        description="Nothing is sent before, as the receiver asked by `Retry-After`.",
        examples=[None],
    )
    overlap_until: dt.datetime | None = Field(
        description="Until when a secret that was replaced signs, too.", examples=[None]
    )
    pending: int = Field(description="Deliveries on their way.", examples=[0])
    dead: int = Field(description="Deliveries given up: retry them.", examples=[0])
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])


class CreatedWebhook(WebhookView):
    """A webhook with its new secret, shown this once."""

    secret: str = Field(
        description="Signs what is sent, by the Standard Webhooks scheme. Shown this once.",
        examples=[_SECRET],
    )


class DeliveryView(View):
    """One event on its way to one webhook."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    event_id: UUID = Field(
        description="The event's id, sent as `webhook-id`: the same at every attempt.",
        examples=[_UUID],
    )
    kind: str = Field(description="What happened.", examples=["rule.withdrawn"])
    occurred_at: dt.datetime = Field(description="When it happened.", examples=[_TIME])
    data: dict[str, Any] = Field(
        description="What is told of it.", examples=[{"rule_id": "L1-FIREWALL-002"}]
    )
    state: str = Field(
        description="`pending`, `delivered`, or `dead` when given up.", examples=["delivered"]
    )
    attempts: int = Field(description="How often it was tried.", examples=[1])
    next_attempt_at: dt.datetime = Field(
        description="While pending: not tried before.", examples=[_TIME]
    )
    last_status: int | None = Field(description="The last answer's status.", examples=[200])
    last_error: str | None = Field(description="Why the last attempt failed.", examples=[None])
    last_attempt_at: dt.datetime | None = Field(description="When that was.", examples=[_TIME])
    created_at: dt.datetime = Field(description="When it was made.", examples=[_TIME])


async def check_target(parts: Runtime, url: str) -> None:
    """Look where a URL leads. Raises InvalidInput for where nothing may be sent."""
    rules.check_url(url, allow_private=parts.settings.webhook_allow_private)
    try:
        await parts.outgoing.resolve(url)
    except Refused as error:
        raise errors.InvalidInput(
            f"`url` leads to a private address: choose one in the open internet, or {rules.ALLOW}."
        ) from error
    except Unanswered as error:
        raise errors.InvalidInput("The host of `url` is not known: correct its name.") from error


async def create(parts: Runtime, actor: actions.Actor, body: NewWebhook) -> CreatedWebhook:
    """Add an endpoint of the actor's."""
    await check_target(parts, body.url)
    async with db.transaction(parts.database, actor) as connection:
        made, secret = await actions.create(
            connection,
            actor,
            url=body.url,
            label=body.label,
            kinds=list(body.kinds),
            now=clock.now(),
        )
    shown = WebhookView.model_validate(made)
    return CreatedWebhook(**shown.model_dump(), secret=secret)


async def listing(
    parts: Runtime, actor: actions.Actor, page: pages.Page, text: str | None = None
) -> pages.Listing[WebhookView]:
    """List the actor's endpoints, those whose address or label has the text."""
    async with db.transaction(parts.database, actor) as connection:
        rows = await webhooks.page(
            connection,
            actions.owner_of(actor),
            text=text,
            after=page.after(UUID),
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), WebhookView.model_validate)


async def get(parts: Runtime, actor: actions.Actor, id: UUID) -> WebhookView:
    """Return an endpoint of the actor's."""
    async with db.transaction(parts.database, actor) as connection:
        found = await actions.get(connection, actor, id)
    return WebhookView.model_validate(found)


async def change(
    parts: Runtime, actor: actions.Actor, id: UUID, body: WebhookChange
) -> WebhookView:
    """Change an endpoint of the actor's."""
    if body.url is not None:
        await check_target(parts, body.url)
    async with db.transaction(parts.database, actor) as connection:
        changes = actions.Changes(
            url=body.url,
            label=body.label,
            kinds=None if body.kinds is None else list(body.kinds),
            enabled=body.enabled,
        )
        changed = await actions.change(connection, actor, id, changes, clock.now())
    return WebhookView.model_validate(changed)


async def delete(parts: Runtime, actor: actions.Actor, id: UUID) -> None:
    """Delete an endpoint of the actor's."""
    async with db.transaction(parts.database, actor) as connection:
        await actions.delete(connection, actor, id, clock.now())


async def rotate(
    parts: Runtime, actor: actions.Actor, id: UUID, body: RotateWebhook
) -> CreatedWebhook:
    """Replace the secret of an endpoint of the actor's."""
    overlap = dt.timedelta(hours=body.overlap_hours)
    async with db.transaction(parts.database, actor) as connection:
        changed, secret = await actions.rotate(connection, actor, id, overlap, clock.now())
    shown = WebhookView.model_validate(changed)
    return CreatedWebhook(**shown.model_dump(), secret=secret)


async def deliveries(
    parts: Runtime,
    actor: actions.Actor,
    id: UUID,
    page: pages.Page,
    state: State | None,
    text: str | None,
) -> pages.Listing[DeliveryView]:
    """List the deliveries to an endpoint of the actor's."""
    async with db.transaction(parts.database, actor) as connection:
        endpoint = await actions.get(connection, actor, id)
        rows = await webhooks.deliveries(
            connection,
            endpoint,
            state=state,
            text=text,
            after=page.after(UUID),
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), DeliveryView.model_validate)


async def retry(parts: Runtime, actor: actions.Actor, id: UUID, delivery_id: UUID) -> DeliveryView:
    """Have a delivery to an endpoint of the actor's sent again."""
    async with db.transaction(parts.database, actor) as connection:
        found = await actions.retry(connection, actor, id, delivery_id, clock.now())
    return DeliveryView.model_validate(found)


async def send_test(parts: Runtime, actor: actions.Actor, id: UUID) -> DeliveryView:
    """Send a test to an endpoint of the actor's."""
    async with db.transaction(parts.database, actor) as connection:
        made = await actions.send_test(connection, actor, id, clock.now())
    return DeliveryView.model_validate(made)

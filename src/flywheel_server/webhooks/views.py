"""What people send and read of webhooks, over both doors and of both kinds.

A secret is in the answer to its endpoint's creation, and in no other.
"""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Label, OperatorBody, View
from flywheel_server.core import errors
from flywheel_server.webhooks.actions.webhooks import Changes
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.model.events import KINDS, Kind
from flywheel_server.webhooks.store import Endpoint

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_URL = "https://hooks.example.com/flywheel"
_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Url = Annotated[str, Field(min_length=1, max_length=rules.MOST_URL)]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=len(KINDS))]
State = Literal["pending", "delivered", "dead"]
StateFilter = Annotated[State | None, Query(description="Only such.")]


def _delivery_id(
    delivery_id: Annotated[str, Path(description="Its id, from the list of deliveries.")],
) -> UUID:
    found = accounts.as_uuid(delivery_id)
    if found is None:
        raise errors.NotFound("The id in the path is not one of ours: take it from a list.")
    return found


DeliveryId = Annotated[UUID, Depends(_delivery_id)]


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

    def changes(self) -> Changes:
        """Return what is to become of the webhook."""
        kinds: list[str] | None = None if self.kinds is None else list(self.kinds)
        return Changes(url=self.url, label=self.label, kinds=kinds, enabled=self.enabled)


class RotateWebhook(OperatorBody):
    """How long the present secret signs beside the new one."""

    overlap_hours: float = Field(
        default=24.0,
        ge=0,
        le=rules.LONGEST_OVERLAP.total_seconds() / 3_600,
        description="Hours in which both sign what is sent; 0 ends every earlier secret at once.",
        examples=[24],
    )

    @property
    def overlap(self) -> dt.timedelta:
        """Return it as a duration."""
        return dt.timedelta(hours=self.overlap_hours)


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

    @classmethod
    def of(cls, endpoint: Endpoint, secret: str) -> "CreatedWebhook":
        """Return the view of an endpoint that has just got this secret."""
        return cls(**WebhookView.model_validate(endpoint).model_dump(), secret=secret)


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

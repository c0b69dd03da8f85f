"""Keys of sites and partners: what is sent and shown of them."""

import datetime as dt
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import (
    Label,
    NotBlank,
    OperatorBody,
    View,
)

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"


class NewKey(OperatorBody):
    """A partner's key to be issued."""

    label: Label = Field("", description="What it is for.", examples=["ticket system"])


class NewSiteKey(OperatorBody):
    """A site's key to be issued."""

    label: Label = Field("", description="What it is for.", examples=["rack 2"])
    appliance_id: NotBlank | None = Field(
        None,
        max_length=300,
        description="Bind the key to this appliance of the site, by its id or its id on the wire.",
        examples=["harbour-dental-main-02:00:5E:10:00:01"],
    )


class IssuedKey(View):
    """A key just issued."""

    id: UUID = Field(description="Its id, to revoke it by.", examples=[_UUID])
    key: str = Field(
        description="The key. It is shown this once: only its hash is kept.",
        examples=["flywheel_site_2KgSFg4t8QgDRX03Lxz1kT5c_KGryVwIP6TqBu7B4g4"],
    )


class KeyView(View):
    """A key, without its text."""

    id: UUID = Field(description="Its id, to revoke it by.", examples=[_UUID])
    site_id: str | None = Field(
        validation_alias="slug", description="Whose key, if a site's.", examples=["site-lab-01"]
    )
    appliance_id: str | None = Field(
        validation_alias="wire_id",
        description="The one appliance that may use it, if it is bound.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    partner_id: UUID | None = Field(description="Whose key, if a partner's.", examples=[None])
    operator_id: UUID | None = Field(description="Whose token, if an operator's.", examples=[None])
    label: str = Field(description="What it is for.", examples=["rack 2"])
    created_at: dt.datetime = Field(description="When it was issued.", examples=[_TIME])
    revoked_at: dt.datetime | None = Field(description="Since when it is refused.", examples=[None])


class PartnerKeyView(View):
    """A partner's key, without its text."""

    id: UUID = Field(description="Its id, to rotate or revoke it by.", examples=[_UUID])
    label: str = Field(description="What it is for.", examples=["ticket system"])
    created_at: dt.datetime = Field(description="When it was issued.", examples=[_TIME])
    revoked_at: dt.datetime | None = Field(description="Since when it is refused.", examples=[None])

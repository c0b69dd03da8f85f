"""Partners, organizations, sites and operators: what is sent and shown of them."""

import datetime as dt
from uuid import UUID

from pydantic import Field, model_validator

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Id, Name, OperatorBody, View
from flywheel_server.core.scope import OperatorRole

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"


class NewPartner(OperatorBody):
    """A partner to be added."""

    name: Name = Field(description="What people call it.", examples=["North IT"])


class PartnerView(View):
    """A partner."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["North IT"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class NewOrganization(OperatorBody):
    """An organization to be added."""

    partner_id: Id = Field(description="The partner who looks after it.", examples=[_UUID])
    name: Name = Field(description="What people call it.", examples=["Harbour Dental"])


class OrganizationChange(OperatorBody):
    """What to change; what is absent or null stays as it is."""

    name: Name | None = Field(None, description="Its new name.", examples=["Harbour Dental"])
    contributes: bool | None = Field(
        None,
        description="Whether its counts enter the platform's aggregates, the past ones too.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _something(self) -> "OrganizationChange":
        if self.name is None and self.contributes is None:
            raise ValueError("give `name` or `contributes`")
        return self


class OrganizationView(View):
    """An organization."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    partner_id: UUID = Field(description="The partner who looks after it.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["Harbour Dental"])
    contributes: bool = Field(
        description="Whether its counts enter the platform's aggregates.", examples=[True]
    )
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class NewSite(OperatorBody):
    """A site to be added."""

    site_id: str = Field(
        description="What its appliances call it; unique, and never another site's again.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        examples=["harbour-dental-main"],
    )
    organization_id: Id = Field(description="Whose site it is.", examples=[_UUID])
    name: Name = Field(description="What people call it.", examples=["Main practice"])
    healing_tier: accounts.HealingTier = Field(
        "standard", description="Which built-in rules it gets.", examples=["standard"]
    )


class SiteView(View):
    """A site."""

    id: UUID = Field(description="Its id.", examples=[_UUID])
    site_id: str = Field(
        validation_alias="slug",
        description="What its appliances call it.",
        examples=["harbour-dental-main"],
    )
    organization_id: UUID = Field(description="Whose site it is.", examples=[_UUID])
    partner_id: UUID = Field(description="The partner of that organization.", examples=[_UUID])
    name: str = Field(description="What people call it.", examples=["Main practice"])
    healing_tier: str = Field(description="Which built-in rules it gets.", examples=["standard"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class OperatorView(View):
    """An operator."""

    id: UUID = Field(description="Their id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["ops@example.com"])
    role: OperatorRole = Field(description="Viewers change nothing.", examples=["viewer"])
    created_at: dt.datetime = Field(description="When they were added.", examples=[_TIME])
    disabled_at: dt.datetime | None = Field(
        description="Since when their tokens are refused.", examples=[None]
    )

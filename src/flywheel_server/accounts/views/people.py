"""People who may sign in: what is sent and shown of them. A link is in one answer only."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from flywheel_server.accounts.actions.people import Link
from flywheel_server.accounts.store.people import User
from flywheel_server.accounts.views.bodies import Id, NotBlank, OperatorBody, View
from flywheel_server.core import people as rules
from flywheel_server.core.scope import ClientRole, PartnerRole, role_of

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_URL = "https://flywheel.example.com/invitation?token=2KgSFg4t8Qg"
_Email = Annotated[NotBlank, Field(max_length=rules.LONGEST_EMAIL)]


class NewPartnerUser(OperatorBody):
    """One of a partner's people to be invited."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: PartnerRole = Field(
        description="Owners manage people and keys, technicians decide, viewers look.",
        examples=["technician"],
    )


class NewClientUser(OperatorBody):
    """One of an organization's people to be invited."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: ClientRole = Field(
        description="Admins decide and manage people, viewers look.", examples=["viewer"]
    )


class NewUser(OperatorBody):
    """Somebody to be invited: with neither id, an operator."""

    email: _Email = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: Literal["owner", "technician", "admin", "viewer"] = Field(
        description="Of a partner: owner, technician or viewer; else admin or viewer.",
        examples=["technician"],
    )
    partner_id: Id | None = Field(None, description="The partner they work for.", examples=[_UUID])
    organization_id: Id | None = Field(
        None, description="The organization they work for.", examples=[None]
    )


class UserChange(OperatorBody):
    """What to change of somebody who may sign in."""

    role: Literal["owner", "technician", "admin", "viewer"] = Field(
        description="Another role of the same home: an operator stays an operator.",
        examples=["viewer"],
    )


class Invitation(View):
    """A new person's, or a forgotten password's, way in."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    invitation_link: str = Field(
        description="Give it to them: it sets a password, once. It is shown this once.",
        examples=[_URL],
    )
    expires_at: dt.datetime = Field(description="Until when it works.", examples=[_TIME])

    @classmethod
    def of(cls, link: Link, reached_at: str) -> "Invitation":
        """Return the view of an invitation to a server that is reached there."""
        return cls(
            id=link.user_id,
            invitation_link=rules.link_url(reached_at, link.kind, link.token),
            expires_at=link.expires_at,
        )


class SignInLink(View):
    """A link that signs a person in, once."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    link: str = Field(
        description="Give it to them: it signs in, once. It is shown this once.", examples=[_URL]
    )
    expires_at: dt.datetime = Field(description="Until when it works.", examples=[_TIME])

    @classmethod
    def of(cls, link: Link, reached_at: str) -> "SignInLink":
        """Return the view of a link to a server that is reached there."""
        return cls(
            id=link.user_id,
            link=rules.link_url(reached_at, link.kind, link.token),
            expires_at=link.expires_at,
        )


class SignedOut(View):
    """What signing somebody out everywhere did."""

    id: UUID = Field(description="The person's id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["person@example.com"])
    ended: int = Field(description="Sessions that ended.", examples=[3])


class UserView(View):
    """Somebody who may sign in."""

    id: UUID = Field(description="Their id.", examples=[_UUID])
    email: str = Field(description="Their e-mail address.", examples=["person@example.com"])
    role: str = Field(description="What they are.", examples=["partner technician"])
    partner_id: UUID | None = Field(description="Their partner, if any.", examples=[_UUID])
    organization_id: UUID | None = Field(description="Their organization, if any.", examples=[None])
    created_at: dt.datetime = Field(description="When they were invited.", examples=[_TIME])
    disabled_at: dt.datetime | None = Field(
        description="Since when they may not sign in.", examples=[None]
    )
    invitation_open: bool = Field(
        description="Whether an invitation of theirs waits to be used.", examples=[False]
    )

    @classmethod
    def of(cls, user: User, *, invited: bool) -> "UserView":
        """Return the view of a user; ``invited``: whether an invitation waits to be used."""
        return cls(
            id=user.id,
            email=user.email,
            role=role_of(user.scope),
            partner_id=user.partner_id,
            organization_id=user.organization_id,
            created_at=user.created_at,
            disabled_at=user.disabled_at,
            invitation_open=invited,
        )


TextFilter = Annotated[
    str | None,
    Query(min_length=1, max_length=300, description="In their address, whatever the case."),
]

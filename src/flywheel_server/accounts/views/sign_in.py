"""Signing in, sessions and passwords: what is sent and shown."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import NotBlank, OperatorBody, View
from flywheel_server.core import people as rules
from flywheel_server.web import bodies

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
Password = Annotated[
    bodies.Text, Field(min_length=1, max_length=rules.LONGEST_PASSWORD, repr=False)
]
Email = Annotated[NotBlank, Field(max_length=rules.LONGEST_EMAIL)]
Token = Annotated[NotBlank, Field(max_length=200, repr=False)]


class Credentials(OperatorBody):
    """What one signs in with."""

    email: Email = Field(description="One's e-mail address.", examples=["person@example.com"])
    password: Password = Field(description="One's password.", examples=["a long sentence of words"])


class Invited(OperatorBody):
    """An invitation and the password to set."""

    token: Token = Field(description="From the invitation's link.", examples=["2KgSFg4t8Qg"])
    password: Password = Field(
        description=f"The new password: at least {rules.SHORTEST_PASSWORD} characters.",
        examples=["a long sentence of words"],
    )


class WantedLink(OperatorBody):
    """Who wants a link."""

    email: Email = Field(description="One's e-mail address.", examples=["person@example.com"])


class GivenLink(OperatorBody):
    """A one-time link."""

    token: Token = Field(description="From the link.", examples=["2KgSFg4t8Qg"])


class NewPassword(OperatorBody):
    """A password to replace one's own."""

    current: Password = Field(description="The present one.", examples=["a long sentence of words"])
    new: Password = Field(
        description=f"The new one: at least {rules.SHORTEST_PASSWORD} characters.",
        examples=["another sentence of words"],
    )


class Accepted(View):
    """The request was taken; nothing is told about the account."""

    status: str = Field(description="always `accepted`", examples=["accepted"])


class SessionView(View):
    """Who one is, until when, and what must accompany changes."""

    email: str = Field(description="One's e-mail address.", examples=["person@example.com"])
    role: str = Field(description="What one is here.", examples=["partner technician"])
    partner_id: UUID | None = Field(description="One's partner, if any.", examples=[_UUID])
    organization_id: UUID | None = Field(description="One's organization, if any.", examples=[None])
    expires_at: dt.datetime = Field(description="When the session ends.", examples=[_TIME])
    csrf_token: str = Field(
        description="Send it with every change, as `X-CSRF-Token` or the form field `csrf_token`.",
        examples=["9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"],
    )


class ListedSession(View):
    """One of one's sessions."""

    id: UUID = Field(description="Its id, to end it by.", examples=[_UUID])
    address: str = Field(description="From where it was opened.", examples=["192.0.2.10"])
    user_agent: str = Field(description="With which browser.", examples=["Mozilla/5.0"])
    created_at: dt.datetime = Field(description="When it was opened.", examples=[_TIME])
    seen_at: dt.datetime = Field(description="Last used, to the minute.", examples=[_TIME])
    expires_at: dt.datetime = Field(description="When it ends at the latest.", examples=[_TIME])
    current: bool = Field(False, description="Whether it is this one.", examples=[True])


class Ended(View):
    """What signing out everywhere did."""

    ended: int = Field(description="Sessions that ended, this one too.", examples=[3])

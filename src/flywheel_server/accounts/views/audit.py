"""The audit, as operators see it."""

import datetime as dt
from typing import Any
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import View

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"


class AuditEntryView(View):
    """One change."""

    id: int = Field(description="Its place in the chain, from 1 without gaps.", examples=[12])
    at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])
    actor_kind: str = Field(
        description="`operator`, `partner`, `client` or `loop`.", examples=["operator"]
    )
    actor_id: UUID | None = Field(description="Who, by id; null for the loop.", examples=[_UUID])
    actor: str = Field(description="Who, as they were called.", examples=["ops@example.com"])
    action: str = Field(description="What was done.", examples=["rule.disable"])
    object_kind: str = Field(description="To what kind of object.", examples=["rule"])
    object_id: str = Field(description="To which object.", examples=[_UUID])
    partner_id: UUID | None = Field(description="The partner it concerns.", examples=[None])
    organization_id: UUID | None = Field(
        description="The organization it concerns.", examples=[None]
    )
    site_id: UUID | None = Field(description="The id of the site it concerns.", examples=[None])
    before: dict[str, Any] | None = Field(
        description="What it was before; null for a new object.", examples=[{"enabled": True}]
    )
    after: dict[str, Any] | None = Field(
        description="What it was afterwards.", examples=[{"enabled": False, "reason": "Too eager."}]
    )
    hash: str = Field(
        description="SHA-256 over this entry and the hash of the one before, in hex.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )


class ChainView(View):
    """Whether the audit is as it was written."""

    entries: int = Field(description="How many entries it has.", examples=[4_012])
    broken_at: int | None = Field(
        description="The first entry that is missing or was changed; null: it holds.",
        examples=[None],
    )
    checked_at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])

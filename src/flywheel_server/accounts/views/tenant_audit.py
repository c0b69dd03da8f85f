"""The audit, as clients and partners see it."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.sites import PlaceView

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
ActorKind = Literal["client", "partner", "operator", "loop"]
KindFilter = Annotated[ActorKind | None, Query(description="Only what such actors did.")]


class ChangeView(BaseModel):
    """One change."""

    id: int = Field(description="Its place in the platform's chain of entries.", examples=[12])
    at: dt.datetime = Field(description="When, UTC.", examples=["2026-02-24T10:00:00Z"])
    actor_kind: str = Field(
        description="`client`, `partner`, `operator` or `loop`.", examples=["client"]
    )
    actor: str = Field(description="Who, as they were called.", examples=["kim@example.com"])
    action: str = Field(description="What was done.", examples=["candidate.endorse"])
    object_kind: str = Field(description="To what kind of object.", examples=["candidate"])
    object_id: str = Field(description="To which object.", examples=[_UUID])
    site: PlaceView | None = Field(description="The site it concerns, if it is about one.")
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

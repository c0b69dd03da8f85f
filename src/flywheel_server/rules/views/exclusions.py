"""A tenant that does not get a platform rule, as operators see it."""

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from flywheel_server.rules.store.exclusions import Exclusion

_TIME = "2026-02-24T10:00:00Z"


class ExclusionView(BaseModel):
    """A platform rule that one tenant does not get, while others do."""

    id: UUID = Field(description="Its id.")
    rule: UUID = Field(description="The rule's id in this server.")
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-disk-RB-1"])
    kind: Literal["quarantined", "declined"] = Field(
        description="quarantined: taken away for failing there; declined: by the tenant's people."
    )
    partner_id: UUID = Field(description="Whose partner.")
    partner: str | None = Field(description="Its name.", examples=["North IT"])
    organization_id: UUID | None = Field(
        description="Whose sites lose it; null: all of the partner's.", examples=[None]
    )
    organization: str | None = Field(description="Its name.", examples=[None])
    reason: str = Field(description="Why.", examples=["3 of 20 attempts healed."])
    began_by: str = Field(description="Who did it.", examples=["the loop"])
    began_at: dt.datetime = Field(description="Since when, UTC.", examples=[_TIME])
    ended_by: str | None = Field(
        description="Who gave it back; null: it lasts until a person does.", examples=[None]
    )
    ended_at: dt.datetime | None = Field(description="When, UTC.", examples=[None])


def view(found: Exclusion, rule_id: str) -> ExclusionView:
    """Return an exclusion as operators see it."""
    return ExclusionView(
        id=found.id,
        rule=found.rule,
        rule_id=rule_id,
        kind=found.kind,
        partner_id=found.partner_id,
        partner=found.partner_name,
        organization_id=found.organization_id,
        organization=found.organization_name,
        reason=found.reason,
        began_by=found.began_by,
        began_at=found.began_at,
        ended_by=found.ended_by,
        ended_at=found.ended_at,
    )

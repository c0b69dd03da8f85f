"""Tenants that do not get a platform rule: which, why, until when; giving a rule back."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.rules.actions import exclusions as actions
from flywheel_server.rules.store import exclusions, rules
from flywheel_server.rules.store.exclusions import Exclusion
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/rule-exclusions", tags=["rules"])

_MOST_SHOWN = 100
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


@router.get("")
async def list_exclusions(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    in_force: Annotated[
        bool | None, Query(description="Only such that last, or that are over.")
    ] = None,
) -> pages.Listing[ExclusionView]:
    """List the tenants that do not get a platform rule, the newest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await exclusions.page(
            connection, in_force=in_force, before=page.after(UUID), limit=page.limit + 1
        )
    return pages.listing(rows, page, lambda row: (row[0].id,), lambda row: view(*row))


@router.post("/{exclusion_id}/end")
async def end_exclusion(
    scope: Admin,
    parts: RuntimeDep,
    exclusion_id: Annotated[
        str,
        Path(
            max_length=64,
            description="The exclusion's id.",
            examples=["01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"],
        ),
    ],
    body: ReasonBody,
) -> ExclusionView:
    """Give a rule back to a tenant that it was taken from: only what begins then counts there."""
    id = accounts.as_uuid(exclusion_id)
    if id is None:
        raise errors.NotFound("No tenant is kept from a rule under this id: take one of the list.")
    async with db.transaction(parts.database, scope) as connection:
        ended = await actions.release(connection, scope, id, reason=body.reason, now=clock.now())
        rule = await rules.get(connection, ended.rule)
    return view(ended, "" if rule is None else rule.rule_id)


async def of_rule(connection: Connection, rule: UUID) -> list[ExclusionView]:
    """Return the tenants that do not get one rule, the newest of many."""
    rows = await exclusions.page(connection, in_force=True, rule=rule, limit=_MOST_SHOWN)
    return [view(*row) for row in rows]


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

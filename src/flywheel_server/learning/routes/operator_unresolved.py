"""Ids that resolve to no rule and no runbook: listed, set aside with a reason, taken up again."""

import datetime as dt
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, Search, View
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import set_aside as actions
from flywheel_server.learning.model import unresolved as domain
from flywheel_server.learning.store import patterns
from flywheel_server.web import bodies
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.keysets import Listing, PageDep, listing

router = APIRouter(prefix="/api/admin/unresolved-ids", tags=["operators: learning"])

_MOST_ID = 300


class SetAsideView(View):
    """Why an id is no alarm, and when it will be one again."""

    reason: str = Field(description="Why, in the operator's words.", examples=["Names no runbook."])
    by: str = Field(description="Who set it aside.", examples=["admin@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=["2026-02-24T10:00:00Z"])
    executions: int = Field(description="How many executions it had by then.", examples=[42])
    comes_back_at: int = Field(
        description="With so many executions it counts as unresolved again.", examples=[52]
    )
    over: bool = Field(description="True: it has grown to that, and counts.", examples=[False])


class UnresolvedView(View):
    """An id that appliances reported and that resolves to no rule and no runbook."""

    reported_id: str = Field(description="As reported.", examples=["RB-NEW-001"])
    level: str = Field(description="L1 or L2.", examples=["L2"])
    executions: int = Field(description="How many executions teach nothing.", examples=[42])
    sites: int = Field(description="From how many sites.", examples=[3])
    incident_types: list[str] = Field(description="Up to ten of their incident types.")
    last_seen_at: dt.datetime = Field(description="Last occurrence, UTC.")
    set_aside: SetAsideView | None = Field(
        description="That an operator set it aside; null: nobody has."
    )


class UnresolvedId(OperatorBody):
    """Which id, as it was reported at which level."""

    reported_id: Annotated[bodies.Text, Field(max_length=_MOST_ID)] = Field(
        description="As reported.", examples=["L2-run_windows_runbook"]
    )
    level: Literal["L1", "L2"] = Field(description="At which level.", examples=["L2"])


class SetAsideBody(UnresolvedId):
    """Why an id can mean nothing."""

    reason: Reason = Field(
        description="Why, kept with it and in the audit.", examples=["It names no runbook."]
    )


@router.get("")
async def list_unresolved_ids(
    scope: Reader,
    parts: RuntimeDep,
    page: PageDep,
    text: Search = None,
    set_aside: Annotated[
        bool, Query(description="Those set aside instead, which are no alarm.")
    ] = False,
) -> Listing[UnresolvedView]:
    """List the ids under which executions teach nothing: give each an alias or register it.

    An id that can mean nothing is set aside with a reason, and comes back when it grows.
    """
    found = page.after_all(int, str, str)
    async with db.transaction(parts.database, scope) as connection:
        rows = await patterns.unresolved(
            connection,
            cast("tuple[int, str, str] | None", found),
            text=text,
            set_aside=set_aside,
            limit=page.limit + 1,
        )
    return listing(rows, page, lambda row: [row.executions, row.reported_id, row.level], _view)


@router.post("/set-aside")
async def set_aside_id(scope: Admin, parts: RuntimeDep, body: SetAsideBody) -> UnresolvedView:
    """Set an id aside that can mean nothing: it leaves the alarm until it grows.

    It comes back with a tenth more executions than it has now, and at least ten more.
    """
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.add(
            connection,
            scope,
            body.reported_id,
            body.level,
            reason=body.reason,
            now=clock.now(),
        )
    return _view(row)


@router.post("/take-up")
async def take_up_id(scope: Admin, parts: RuntimeDep, body: UnresolvedId) -> UnresolvedView:
    """Take an id up again that was set aside: it counts as unresolved from now on."""
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.take_up(
            connection, scope, body.reported_id, body.level, now=clock.now()
        )
    return _view(row)


def _view(row: domain.Unresolved) -> UnresolvedView:
    aside = row.set_aside
    return UnresolvedView(
        reported_id=row.reported_id,
        level=row.level,
        executions=row.executions,
        sites=row.sites,
        incident_types=row.incident_types,
        last_seen_at=row.last_seen_at,
        set_aside=aside
        and SetAsideView(
            reason=aside.reason,
            by=aside.by,
            at=aside.at,
            executions=aside.executions,
            comes_back_at=aside.comes_back_at,
            over=row.executions >= aside.comes_back_at,
        ),
    )

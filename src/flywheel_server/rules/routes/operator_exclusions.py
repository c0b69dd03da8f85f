"""Tenants that do not get a platform rule: which, why, until when; giving a rule back."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db
from flywheel_server.rules.actions import exclusions as actions
from flywheel_server.rules.queries import exclusions as queries
from flywheel_server.rules.views.exclusions import ExclusionView
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/rule-exclusions", tags=["rules"])


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
        return await queries.listed(connection, page, in_force)


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
    async with db.transaction(parts.database, scope) as connection:
        ended = await actions.release(connection, scope, id, reason=body.reason, now=clock.now())
        return await queries.shown(connection, ended)

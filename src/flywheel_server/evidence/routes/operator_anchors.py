"""Timestamps of evidence, for operators: which batches wait, failed, and are to be tried again."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.views.bodies import Filter, PathId, ReasonBody, Search
from flywheel_server.core import clock, db, errors
from flywheel_server.evidence.actions import evidence_anchors as actions
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.routes import evidence
from flywheel_server.evidence.routes.evidence import AnchorView
from flywheel_server.evidence.store import evidence_anchors as store
from flywheel_server.evidence.store.evidence_anchors import NamedAnchor
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/evidence/anchors", tags=["operators: evidence"])


class NamedAnchorView(AnchorView):
    """A batch with its organization."""

    organization_id: UUID = Field(description="Whose bundles it has.")
    organization: str = Field(description="Its name.", examples=["Harbour Dental"])


class RetryBody(ReasonBody):
    """Why a timestamp is tried again, and how."""

    keep_proof: bool = Field(
        default=False,
        description="True judges the present proof anew, for when the source of block headers was "
        "wrong; else the calendars are asked for a new one, and the audit keeps the old.",
    )


@router.get("")
async def list_anchors(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    state: Annotated[AnchorState | None, Query(description="Only those that are so far.")] = None,
    organization_id: Filter = None,
    text: Search = None,
) -> pages.Listing[NamedAnchorView]:
    """List batches of evidence with their timestamps, the newest first."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        rows = await store.page(
            connection,
            state=state,
            organization_id=await tenant_filters.organization_filter(connection, organization_id),
            before=page.after(UUID),
            text=text,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.id,), lambda row: _view(row, now))


@router.post("/{id}/retry")
async def retry_anchor(
    scope: Admin, parts: RuntimeDep, id: PathId, body: RetryBody
) -> NamedAnchorView:
    """Have a timestamp that failed tried again at the loop's next turn."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        await actions.retry(
            connection,
            scope,
            id,
            body.reason,
            keep_proof=body.keep_proof,
            calendars=bool(parts.settings.calendars),
            now=now,
        )
        found = await store.page(connection, id=id, limit=1)
    if not found:
        raise errors.NotFound("No timestamp has this id: see GET /api/admin/evidence/anchors.")
    return _view(found[0], now)


def _view(anchor: NamedAnchor, now: dt.datetime) -> NamedAnchorView:
    return NamedAnchorView(
        **evidence.anchor_view(anchor, now).model_dump(),
        organization_id=anchor.organization_id,
        organization=anchor.organization,
    )

"""Evidence at a glance, for all people: sites, checks by day, gaps, and how far timestamps are.

Days and windows are those of receipt, by the server's clock; a gap is a time for which nothing was
checked, so evidence that was held up on its way fills it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.accounts.views.sites import PlaceView
from flywheel_server.core import clock, db
from flywheel_server.core.scope import PersonScope
from flywheel_server.evidence.model import evidence_figures as domain
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.routes import evidence as bundles
from flywheel_server.evidence.routes.evidence import AnchorView, SitePath
from flywheel_server.evidence.store import evidence_figures as store
from flywheel_server.evidence.store.evidence_figures import SiteRow, StatusDay
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PeopleReader, RuntimeDep
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import WindowDep, WindowView

router = APIRouter(prefix="/api/evidence/sites", tags=["evidence"])

MOST_GAPS = 50
State = Literal["broken", "silent", "none"]
TextFilter = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=300,
        description="Only those with this in the name of site or organization, whatever the case.",
    ),
]
_TIME = "2026-02-24T10:00:00Z"
_HOURS = domain.GAP.total_seconds() / 3600


class KindsView(BaseModel):
    """How checks ended; the agents' own words are counted by what they mean."""

    passed: int = Field(description="Passed.", examples=[110])
    warned: int = Field(description="With a warning.", examples=[4])
    failed: int = Field(description="Failed.", examples=[2])
    other: int = Field(description="With a word that is none of these.", examples=[0])


class DayView(KindsView):
    """How the checks of the bundles of one day ended."""

    day: dt.date = Field(description="The UTC day of receipt.", examples=["2026-02-24"])


class SiteEvidence(BaseModel):
    """A site and its evidence at a glance."""

    site: PlaceView = Field(description="Where.")
    organization: str = Field(description="Whose site it is.", examples=["Harbour Dental"])
    healing_tier: str = Field(description="The site's tier.", examples=["standard"])
    position: int = Field(description="How many bundles its chain has.", examples=[42])
    received_at: dt.datetime | None = Field(description="Of the newest.", examples=[_TIME])
    newest: KindsView | None = Field(description="How the newest one's checks ended.")
    silent: bool = Field(
        description=f"Whether nothing came for {_HOURS:g} hours.", examples=[False]
    )
    unbatched: int = Field(description="Bundles in no batch yet.", examples=[3])
    verified_position: int = Field(description="Up to where the chain holds.", examples=[42])
    verified_at: dt.datetime | None = Field(
        description="When its end was last reached.", examples=[_TIME]
    )
    broken_position: int | None = Field(description="Where it does not hold.", examples=[None])
    broken_reason: str | None = Field(description="Why not.", examples=[None])
    broken_at: dt.datetime | None = Field(description="Since when that is known.", examples=[None])
    timestamp_state: AnchorState | None = Field(
        description="How far the newest batch's timestamp is; null without one.",
        examples=["pending"],
    )
    timestamp_at: dt.datetime | None = Field(
        description="When that batch was made.", examples=[_TIME]
    )
    failed_timestamps: int = Field(description="Batches whose timestamp failed.", examples=[0])
    pending_since: dt.datetime | None = Field(
        description="Since when the oldest one waits for a block.", examples=[None]
    )


class GapView(BaseModel):
    """A time for which nothing was checked."""

    since: dt.datetime = Field(description="After the check then.", examples=[_TIME])
    until: dt.datetime = Field(description="Until the next one.", examples=[_TIME])
    hours: float = Field(description="How long.", examples=[5.5])
    open: bool = Field(description="Whether it still lasts.", examples=[False])


class ClockView(View):
    """Bundles whose time differs from the time of their receipt."""

    ahead: int = Field(description="From the future: a clock is wrong.", examples=[0])
    late: int = Field(description="Over an hour old: held up, or a clock is behind.", examples=[1])


class StateView(View):
    """Batches whose timestamp is in one state."""

    state: AnchorState = Field(description="How far it is.", examples=["verified"])
    batches: int = Field(description="How many batches.", examples=[12])
    oldest_at: dt.datetime = Field(
        description="Since when the oldest waits; else when it was made.", examples=[_TIME]
    )
    newest_at: dt.datetime = Field(description="When the newest was made.", examples=[_TIME])


class EvidenceSummary(BaseModel):
    """What a site's evidence says of a window of time."""

    window: WindowView = Field(description="The time that this is about.")
    bundles: int = Field(description="Bundles received.", examples=[96])
    checks: int = Field(description="Checks in them.", examples=[1152])
    kinds: KindsView = Field(description="How they ended.")
    results: dict[str, int] = Field(
        description="The same in the agents' own words.", examples=[{"pass": 1140, "fail": 12}]
    )
    by_day: list[DayView] = Field(description="The same by day; days without any are missing.")
    gaps: list[GapView] = Field(
        description=f"When nothing was checked for over {_HOURS:g} hours: the newest {MOST_GAPS}."
    )
    gaps_found: int = Field(description="How many gaps there are in all.", examples=[0])
    clock: ClockView = Field(description="Bundles whose clock is off.")
    timestamps: list[StateView] = Field(
        description="Batches of the window, and all that wait or failed, by state."
    )


@router.get("")
async def list_sites(
    scope: PeopleReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: TextFilter = None,
    state: Annotated[
        State | None,
        Query(description="Only those with a broken chain, silent ones, or without evidence."),
    ] = None,
) -> pages.Listing[SiteEvidence]:
    """List your sites with the state of their evidence."""
    silent_before = clock.now() - domain.GAP
    async with db.transaction(parts.database, scope) as connection:
        rows = await store.sites(
            connection,
            text=text,
            after=page.after(str),
            state=state,
            silent_before=silent_before,
            limit=page.limit + 1,
        )
    return pages.listing(rows, page, lambda row: (row.slug,), lambda row: _site(row, silent_before))


async def one(parts: Runtime, scope: PersonScope, site_id: str) -> SiteEvidence:
    """Return one site of the caller's as the list has it. Raises NotFound."""
    silent_before = clock.now() - domain.GAP
    async with db.transaction(parts.database, scope) as connection:
        site = await bundles.find_site(connection, site_id)
        (row,) = await store.sites(connection, id=site.id, silent_before=silent_before, limit=1)
    return _site(row, silent_before)


@router.get("/{site_id}/summary")
async def summarize(
    scope: PeopleReader, parts: RuntimeDep, site_id: SitePath, window: WindowDep
) -> EvidenceSummary:
    """Return how a site's checks ended by day, when none came, and how far its timestamps are."""
    span = window.since, window.until
    async with db.transaction(parts.database, scope) as connection:
        site = await bundles.find_site(connection, site_id)
        totals = await store.totals(connection, site.id, *span)
        days = await store.days(connection, site.id, *span)
        gaps = await store.gaps(connection, site.id, *span, MOST_GAPS)
        stamps = await store.timestamps(connection, site.organization_id, site.id, window.since)
    results = _results(days)
    return EvidenceSummary(
        window=window.view,
        bundles=totals.bundles,
        checks=totals.checks,
        kinds=KindsView(**domain.by_kind(results)),
        results=results,
        by_day=_by_day(days),
        gaps=[_gap(each, window.until) for each in gaps],
        gaps_found=gaps[0].found if gaps else 0,
        clock=ClockView.model_validate(totals),
        timestamps=[StateView.model_validate(each) for each in stamps],
    )


@router.get("/{site_id}/timestamps")
async def list_timestamps(
    scope: PeopleReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: SitePath,
    state: Annotated[AnchorState | None, Query(description="Only those that are so far.")] = None,
) -> pages.Listing[AnchorView]:
    """List the batches that have bundles of a site, with their timestamps, the newest first."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        site = await bundles.find_site(connection, site_id)
        rows = await store.anchors(
            connection,
            site.organization_id,
            site.id,
            state=state,
            before=page.after(UUID),
            limit=page.limit + 1,
        )
    return pages.listing(
        rows, page, lambda row: (row.id,), lambda row: bundles.anchor_view(row, now)
    )


def _site(row: SiteRow, silent_before: dt.datetime) -> SiteEvidence:
    return SiteEvidence(
        site=PlaceView(id=row.id, site_id=row.slug, name=row.name),
        organization=row.organization_name,
        healing_tier=row.healing_tier,
        position=row.position,
        received_at=row.received_at,
        newest=None if row.results is None else KindsView(**domain.by_kind(row.results)),
        silent=row.received_at is not None and row.received_at < silent_before,
        unbatched=max(0, row.position - row.batched_position),
        verified_position=row.verified_position,
        verified_at=row.verified_at,
        broken_position=row.broken_position,
        broken_reason=row.broken_reason,
        broken_at=row.broken_at,
        timestamp_state=row.timestamp_state,
        timestamp_at=row.timestamp_at,
        failed_timestamps=row.failed,
        pending_since=row.pending_since,
    )


def _results(days: Sequence[StatusDay]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in days:
        found[each.status] = found.get(each.status, 0) + each.checks
    return found


def _by_day(days: Sequence[StatusDay]) -> list[DayView]:
    found: dict[dt.date, dict[str, int]] = {}
    for each in days:
        found.setdefault(each.day, {})[each.status] = each.checks
    return [DayView(day=day, **domain.by_kind(results)) for day, results in found.items()]


def _gap(gap: store.Gap, until: dt.datetime) -> GapView:
    return GapView(
        since=gap.since,
        until=gap.until,
        hours=round((gap.until - gap.since).total_seconds() / 3600, 1),
        open=gap.until == until,
    )

"""Evidence for partners and clients: how checks went, what is missing, what proves it, all of it.

Both kinds of people see the same pages under their own roots; a bundle is shown from its signed
text alone, so that what somebody reads is what was signed.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import db, errors
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.evidence.model import evidence, evidence_figures
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.model.evidence_figures import Clock
from flywheel_server.evidence.pages import checks, evidence_decisions
from flywheel_server.evidence.routes import (
    evidence as bundles,
    evidence_figures as figures,
    evidence_waiting,
)
from flywheel_server.fleet.store import appliances
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientReader, PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.pages import charts, frame
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

partners = APIRouter(prefix="/partner/evidence", include_in_schema=False)
clients = APIRouter(prefix="/client/evidence", include_in_schema=False)

STAMPS: dict[str, str] = {
    "local": "kept here only",
    "pending": "waits for its block",
    "anchored": "in a block, not looked up yet",
    "verified": "proven by a block",
    "failed": "failed",
}
KINDS = {"passed": "Passed", "warned": "Warned", "other": "Other", "failed": "Failed"}
CLOCKS = {
    "ahead": "its clock is ahead of ours",
    "late": "came late, or its clock is behind",
}
_NEWEST_STAMPS = pages.Page(limit=5, cursor=None)
_Text = Annotated[str, Query(max_length=300)]
_Day = Annotated[str, Query(max_length=50)]
_BundleId = Annotated[str, Path(max_length=200)]
Looker = PartnerScope | ClientScope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    """Which bundles; the days are inclusive, as people mean them."""

    text: str
    result: str
    stamp: str
    clock: str
    since: str
    until: str

    @property
    def any(self) -> bool:
        """Say whether anything is left out."""
        return bool(
            self.text or self.result or self.stamp or self.clock or self.since or self.until
        )


def _filters(
    *,
    text: _Text = "",
    result: _Text = "",
    stamp: _Text = "",
    clock: _Text = "",
    since: Annotated[_Day, Query(alias="from")] = "",
    until: Annotated[_Day, Query(alias="to")] = "",
) -> _Filters:
    return _Filters(text=text, result=result, stamp=stamp, clock=clock, since=since, until=until)


FiltersDep = Annotated[_Filters, Depends(_filters)]


@partners.get("")
async def partner_sites(
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    state: _Text = "",
) -> Response:
    """List the evidence of a partner's sites."""
    return await _sites(request, scope, parts, page, {"text": text, "state": state})


@partners.get("/{id}")
async def partner_site(
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PartDep,
    id: PathId,
    window: filters.WindowDep,
    chosen: FiltersDep,
) -> Response:
    """Show the evidence of a partner's site."""
    return await _site(request, scope, parts, page, str(id), window, chosen)


@partners.get("/{id}/keys/{key_id}/{verb}")
async def partner_key(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, key_id: UUID, verb: str
) -> Response:
    """Show a key of a partner's site with the form that decides on it."""
    back = f"/partner/evidence/{id}"
    return await evidence_decisions.page(request, scope, parts, back, key_id, verb, id)


@partners.post("/{id}/keys/{key_id}/{verb}")
async def partner_decision(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, key_id: UUID, verb: str
) -> Response:
    """Have a key of a partner's site count from now on, or never."""
    back = f"/partner/evidence/{id}"
    return await evidence_decisions.decide(request, scope, parts, back, key_id, verb, id)


@partners.get("/{id}/export")
async def partner_export(
    scope: PartnerReader, parts: RuntimeDep, id: PathId, chosen: FiltersDep
) -> Response:
    """Download the evidence of a partner's site."""
    return await _export(scope, parts, str(id), chosen)


@partners.get("/{id}/bundles/{bundle_id}")
async def partner_bundle(
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    id: PathId,
    bundle_id: _BundleId,
    chosen: FiltersDep,
) -> Response:
    """Show a bundle of a partner's site."""
    return await _bundle(request, scope, parts, page, str(id), bundle_id, chosen)


@clients.get("")
async def client_sites(
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    state: _Text = "",
) -> Response:
    """List the evidence of an organization's sites."""
    return await _sites(request, scope, parts, page, {"text": text, "state": state})


@clients.get("/{id}")
async def client_site(
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PartDep,
    id: PathId,
    window: filters.WindowDep,
    chosen: FiltersDep,
) -> Response:
    """Show the evidence of an organization's site."""
    return await _site(request, scope, parts, page, str(id), window, chosen)


@clients.get("/{id}/export")
async def client_export(
    scope: ClientReader, parts: RuntimeDep, id: PathId, chosen: FiltersDep
) -> Response:
    """Download the evidence of an organization's site."""
    return await _export(scope, parts, str(id), chosen)


@clients.get("/{id}/bundles/{bundle_id}")
async def client_bundle(
    request: Request,
    scope: ClientReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    id: PathId,
    bundle_id: _BundleId,
    chosen: FiltersDep,
) -> Response:
    """Show a bundle of an organization's site."""
    return await _bundle(request, scope, parts, page, str(id), bundle_id, chosen)


async def _sites(
    request: Request, scope: Looker, parts: Runtime, page: pages.Page, chosen: dict[str, str]
) -> Response:
    state = filters.choice(chosen["state"], "broken", "silent", "none")
    listed = await figures.list_sites(
        scope, parts, page, filters.text(chosen["text"]), cast("figures.State | None", state)
    )
    return frame.page(
        request,
        scope,
        "evidence/sites.html",
        sites=listed.items,
        following=filters.following(request, listed.next),
        chosen=chosen,
        **_words(scope),
    )


async def _site(
    request: Request,
    scope: Looker,
    parts: Runtime,
    page: pages.Page,
    id: str,
    window: Window,
    chosen: _Filters,
) -> Response:
    site = await figures.one(parts, scope, id)
    summary = await figures.summarize(scope, parts, id, window)
    stamps = await figures.list_timestamps(scope, parts, _NEWEST_STAMPS, id)
    waits = await evidence_waiting.of_site(scope, parts, id)
    listed, wrong = await _listed(scope, parts, page, id, chosen)
    days: dict[dt.date, dict[str, int]] = {
        each.day: {kind: getattr(each, kind) for kind in evidence_figures.CHECK_KINDS}
        for each in summary.by_day
    }
    return frame.page(
        request,
        scope,
        "evidence/site.html",
        site=site,
        chain=await bundles.get_chain(scope, parts, id),
        summary=summary,
        waits=waits,
        chart=charts.by_day(
            days, evidence_figures.CHECK_KINDS, window.since.date(), window.until.date()
        ),
        stamps=stamps,
        bundles=listed.items,
        statuses=_statuses(summary.results, chosen.result),
        wrong=wrong,
        following=filters.following(request, listed.next),
        chosen=chosen,
        windows=filters.WINDOWS,
        appliances=await _appliances(parts, scope, id),
        late_hours=round(evidence.LATE_AFTER.total_seconds() / 3600),
        server_key=(await parts.signers.get()).public_key,
        **_words(scope),
    )


async def _listed(
    scope: Looker, parts: Runtime, page: pages.Page, id: str, chosen: _Filters
) -> tuple[pages.Listing[bundles.BundleView], str]:
    """Return the bundles that the filters leave, and what is wrong with the filters, if anything.

    Addresses are edited by people: a day that is none leaves the list empty and says so.
    """
    try:
        since, until = _span(chosen)
    except errors.InvalidInput as error:
        return pages.Listing(items=[], next=None), error.detail
    listed = await bundles.list_bundles(
        scope=scope,
        parts=parts,
        page=page,
        site_id=id,
        since=since,
        until=until,
        status=cast("AnchorState | None", filters.choice(chosen.stamp, *STAMPS)),
        result=filters.text(chosen.result[:50]),
        clock_is=cast("Clock | None", filters.choice(chosen.clock, *CLOCKS)),
        text=filters.text(chosen.text),
    )
    return listed, ""


def _statuses(results: dict[str, int], chosen: str) -> list[tuple[str, str]]:
    """Return what checks may be filtered by: the window's words, and what is chosen already."""
    return [(each, each) for each in sorted({*results, *([chosen] if chosen else [])})]


async def _export(scope: Looker, parts: Runtime, id: str, chosen: _Filters) -> Response:
    try:
        since, until = _span(chosen)
        return await bundles.export(scope, parts, id, since, until)
    except errors.InvalidInput as error:
        return frame.go(f"{_root(scope)}/{id}", error.detail, kind="trouble")
    except errors.NotFound as error:
        # A site that is not theirs is not found here either.
        await figures.one(parts, scope, id)
        return frame.go(f"{_root(scope)}/{id}", error.detail, kind="trouble")


async def _bundle(
    request: Request,
    scope: Looker,
    parts: Runtime,
    page: pages.Page,
    id: str,
    bundle_id: str,
    chosen: _Filters,
) -> Response:
    site = await figures.one(parts, scope, id)
    bundle = await bundles.get_bundle(scope, parts, id, bundle_id)
    every = checks.read(bundle.signed_data)
    after = page.after(int) or 0
    left = [
        each
        for each in every
        if each.place > after and checks.fits(each, chosen.result, chosen.text)
    ]
    listed = pages.listing(left, page, lambda each: (each.place,), lambda each: each.place)
    return frame.page(
        request,
        scope,
        "evidence/bundle.html",
        site=site,
        bundle=bundle,
        statuses=_statuses(bundle.results, chosen.result),
        checks=left[: page.limit],
        following=filters.following(request, listed.next),
        chosen=chosen,
        appliances=await _appliances(parts, scope, id),
        **_words(scope),
    )


async def _appliances(parts: Runtime, scope: Looker, id: str) -> dict[UUID, str]:
    """Return what the site's appliances are called, by id."""
    async with db.transaction(parts.database, scope) as connection:
        site = await bundles.find_site(connection, id)
        return await appliances.names(connection, site.id)


def _span(chosen: _Filters) -> tuple[str | None, str | None]:
    """Return the moments between which the chosen days lie, in UTC. Raises InvalidInput."""
    try:
        since = dt.date.fromisoformat(chosen.since) if chosen.since else None
        until = dt.date.fromisoformat(chosen.until) if chosen.until else None
        # The last day is meant to be within.
        end = None if until is None else until + dt.timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise errors.InvalidInput("Give days as 2026-02-24, or leave them out.") from error
    return _midnight(since), _midnight(end)


def _midnight(day: dt.date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"


def _root(scope: Looker) -> str:
    return "/client/evidence" if isinstance(scope, ClientScope) else "/partner/evidence"


def _words(scope: Looker) -> dict[str, Any]:
    """Return what every template of evidence says things with."""
    return {
        "root": _root(scope),
        "stamped": STAMPS,
        "kinds": KINDS,
        "clocks": CLOCKS,
        # Who can say what came of an alarm.
        "whom": "ask your partner" if isinstance(scope, ClientScope) else "ask them",
    }

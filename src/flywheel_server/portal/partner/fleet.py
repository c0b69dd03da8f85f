"""A partner's sites and appliances: who is there, what each runs, and what it should run."""

import datetime as dt
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server import clock, db, errors
from flywheel_server.api import admin_sites, orders, pages, partner_learning
from flywheel_server.api.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.api.admin_sites import ModeBody, ModeView
from flywheel_server.api.learning_views import SiteFilter
from flywheel_server.api.operator_bodies import PathId
from flywheel_server.domain import deliveries, reported
from flywheel_server.portal import filters, forms, frame
from flywheel_server.store import appliance_views, fleet

router = APIRouter(prefix="/partner/fleet", include_in_schema=False)

MODES = (("auto", "Auto"), ("manual", "Manual"), ("disabled", "Off"))
_FIRST = pages.Page(limit=20, cursor=None)
_MOST_APPLIANCES = 200
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def fleet_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: _Text = "",
) -> Response:
    """List the sites with what their appliances say."""
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        rows = await fleet.sites(
            connection,
            text=filters.text(text),
            after=page.after(str),
            seen_since=now - deliveries.SILENT_AFTER,
            limit=page.limit + 1,
        )
    listed = pages.listing(rows, page, lambda row: (row.slug,), lambda row: row)
    return frame.page(
        request,
        scope,
        "partner/fleet.html",
        sites=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text},
    )


@router.get("/{id}")
async def site_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    window: filters.WindowDep,
    id: PathId,
    shown: Annotated[str, Query(alias="orders", max_length=20)] = "open",
) -> Response:
    """Show a site: its appliances, their orders, and what was healed there."""
    now = clock.now()
    before = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        found = await fleet.sites(
            connection, id=id, seen_since=now - deliveries.SILENT_AFTER, limit=1
        )
        if not found:
            raise errors.NotFound("You have no such site: choose one from your fleet.")
        appliances = await appliance_views.page(connection, id, None, _MOST_APPLIANCES)
        rows = await fleet.orders(
            connection,
            id,
            only_open=shown != "all",
            before=cast("tuple[dt.datetime, str] | None", before),
            limit=page.limit + 1,
        )
    listed = pages.listing(rows, page, lambda row: (row.created_at, row.id), lambda row: row.id)
    log = await partner_learning.list_executions(
        scope=scope, parts=parts, page=_FIRST, window=window, site=SiteFilter(text=str(id))
    )
    return frame.page(
        request,
        scope,
        "partner/site.html",
        site=found[0],
        appliances=appliances,
        orders=rows[: page.limit],
        following=filters.following(request, listed.next),
        only_open=shown != "all",
        log=log,
        modes=MODES,
        state=reported.state,
        silent_since=now - deliveries.SILENT_AFTER,
    )


@router.post("/{id}/appliances/{appliance_id}/l2-mode")
async def set_l2_mode(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, appliance_id: UUID
) -> Response:
    """Set what an appliance does when no rule matches."""
    given = await forms.texts(request)
    return await forms.attempt(
        _path(id), _set_mode(scope, parts, id, appliance_id, given), _mode_set
    )


@router.post("/{id}/orders/cancel")
async def cancel_order(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Take back an order."""
    given = await forms.texts(request)
    return await forms.attempt(
        _path(id),
        orders.cancel(scope, parts, given.get("order_id", "")),
        "The order is taken back. What the appliance began already it may still finish.",
    )


async def _set_mode(
    scope: PartnerActor, parts: RuntimeDep, id: UUID, appliance_id: UUID, given: dict[str, str]
) -> ModeView:
    body = forms.checked(ModeBody, {"l2_mode": given.get("l2_mode", "")})
    return await admin_sites.set_l2_mode(scope, parts, str(id), str(appliance_id), body)


def _mode_set(mode: ModeView) -> str:
    word = dict(MODES)[cast("str", mode.l2_mode.desired)]
    if mode.l2_mode.state == "applied":
        return f"{mode.appliance_id} runs L2 mode {word}."
    return f"{mode.appliance_id} is told L2 mode {word} at its next check-in: pending until then."


def _path(id: UUID) -> str:
    return f"/partner/fleet/{id}"

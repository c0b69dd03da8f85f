"""A partner's sites and appliances: who is there, what each runs, and what it should run."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.overview.pages import appliance_deeds, fleets
from flywheel_server.overview.routes import partner_alarms
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep

router = APIRouter(prefix="/partner/fleet", include_in_schema=False)

PLACE = fleets.Place(
    root="/partner/fleet",
    links=(
        ("candidates", "/partner/learning?site={id}&status=all"),
        ("rules", "/partner/learning/rules?site={id}"),
        ("whole healing log", "/partner/learning/history?site={id}"),
    ),
    empty="You have no sites yet. An operator adds them; their appliances come here by themselves "
    "with their first check-in.",
)


@router.get("")
async def fleet_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: fleets.Text = "",
) -> Response:
    """List the sites with what their appliances say."""
    found = await partner_alarms.alarms(scope, parts)
    return await fleets.sites_page(request, scope, parts, page, PLACE, text, found.items)


@router.get("/{id}")
async def site_page(
    *,
    request: Request,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: filters.PartDep,
    window: filters.WindowDep,
    id: fleets.SiteRef,
    wanted: fleets.WantedDep,
    shown: fleets.Shown = "open",
) -> Response:
    """Show a site: its appliances, their orders, and what was healed there."""
    return await fleets.site_page(
        request, scope, parts, page, window, PLACE, id, only_open=shown != "all", wanted=wanted
    )


@router.post("/{id}/appliances/{appliance_id}/l2-mode")
async def set_l2_mode(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, appliance_id: UUID
) -> Response:
    """Set what an appliance does when no rule matches."""
    return await fleets.set_mode(request, scope, parts, PLACE, id, appliance_id)


@router.get("/{id}/appliances/{appliance_id}/{verb}")
async def appliance_page(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    id: PathId,
    appliance_id: UUID,
    verb: str,
) -> Response:
    """Show the form that removes, merges or splits an appliance."""
    return await appliance_deeds.page(request, scope, parts, PLACE, id, appliance_id, verb)


@router.post("/{id}/appliances/{appliance_id}/{verb}")
async def appliance_deed(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    id: PathId,
    appliance_id: UUID,
    verb: str,
) -> Response:
    """Remove, merge or split an appliance."""
    return await appliance_deeds.do(request, scope, parts, PLACE, id, appliance_id, verb)


@router.post("/{id}/orders")
async def issue_order(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Order an appliance to do something."""
    return await fleets.issue_order(request, scope, parts, PLACE, id)


@router.get("/{id}/orders/cancel")
async def ask_cancel_order(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId, order: fleets.Text = ""
) -> Response:
    """Ask before an order is taken back."""
    return await fleets.ask_cancel_order(request, scope, parts, PLACE, id, order)


@router.post("/{id}/orders/cancel")
async def cancel_order(
    request: Request, scope: PartnerActor, parts: RuntimeDep, id: PathId
) -> Response:
    """Take back an order."""
    return await fleets.cancel_order(request, scope, parts, PLACE, id)

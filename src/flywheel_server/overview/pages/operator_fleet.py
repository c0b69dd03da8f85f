"""Every site and its appliances, for operators, who also choose each site's healing tier."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.tenants import SiteView
from flywheel_server.fleet.routes import operator_sites as admin_sites
from flywheel_server.fleet.views.sites import SiteChange
from flywheel_server.overview.pages import appliance_deeds, fleets
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms

router = APIRouter(prefix="/operator/fleet", include_in_schema=False)

PLACE = fleets.Place(
    root="/operator/fleet",
    links=(
        ("candidates", "/operator/candidates?site={id}&status=all"),
        ("settings and keys", "/operator/tenants/sites/{id}"),
    ),
    deeds=(("write a rule for it", "/operator/rules/new?scope=site&of={slug}"),),
    empty="There are no sites yet. Add a partner, an organization and a site first; appliances "
    "come here by themselves with their first check-in.",
)


@router.get("")
async def fleet_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: fleets.Text = "",
) -> Response:
    """List every site with what its appliances say."""
    return await fleets.sites_page(request, scope, parts, page, PLACE, text)


@router.get("/{id}")
async def site_page(
    *,
    request: Request,
    scope: Reader,
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


@router.post("/{id}/tier")
async def set_tier(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Give a site another healing tier."""
    given = await forms.texts(request)
    return await forms.attempt(PLACE.site(id), _set_tier(scope, parts, id, given), _tier_set)


@router.post("/{id}/appliances/{appliance_id}/l2-mode")
async def set_l2_mode(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, appliance_id: UUID
) -> Response:
    """Set what an appliance does when no rule matches."""
    return await fleets.set_mode(request, scope, parts, PLACE, id, appliance_id)


@router.get("/{id}/appliances/{appliance_id}/{verb}")
async def appliance_page(
    request: Request,
    scope: Admin,
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
    scope: Admin,
    parts: RuntimeDep,
    id: PathId,
    appliance_id: UUID,
    verb: str,
) -> Response:
    """Remove, merge or split an appliance."""
    return await appliance_deeds.do(request, scope, parts, PLACE, id, appliance_id, verb)


@router.post("/{id}/orders")
async def issue_order(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Order an appliance to do something."""
    return await fleets.issue_order(request, scope, parts, PLACE, id)


@router.get("/{id}/orders/cancel")
async def ask_cancel_order(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, order: fleets.Text = ""
) -> Response:
    """Ask before an order is taken back."""
    return await fleets.ask_cancel_order(request, scope, parts, PLACE, id, order)


@router.post("/{id}/orders/cancel")
async def cancel_order(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Take back an order."""
    return await fleets.cancel_order(request, scope, parts, PLACE, id)


async def _set_tier(scope: Admin, parts: RuntimeDep, id: UUID, given: dict[str, str]) -> SiteView:
    body = forms.checked(SiteChange, {"healing_tier": given.get("healing_tier", "")})
    return await admin_sites.change_site(scope, parts, str(id), body)


def _tier_set(site: SiteView) -> str:
    word = "full coverage" if site.healing_tier == "full_coverage" else "standard"
    return f"{site.name} has the tier {word}: its appliances get the rules of it with a sync."

"""Plans that wait for a person's word, for partners and clients: look, approve, reject.

Both kinds of people see the same pages under their own roots. Who may not decide is told why.
"""

from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import agents, clock, db, rights
from flywheel_server.core.scope import ClientScope
from flywheel_server.fleet.model.appliances import Appliance, living
from flywheel_server.fleet.store import appliances
from flywheel_server.orders.model import orders
from flywheel_server.plans.actions.plan_approvals import Decider
from flywheel_server.plans.model.plans import ApprovalState
from flywheel_server.plans.routes import plan_approvals
from flywheel_server.plans.routes.plan_approvals import ApprovePlanBody, Chosen, PlanView
from flywheel_server.plans.store import plan_approvals as store
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import (
    CLIENT_ADMIN,
    CLIENT_READER,
    PARTNER_ACTOR,
    PARTNER_READER,
    Audience,
    RuntimeDep,
)
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

STATES = ("waiting", "approved", "rejected", "expired")
_SAID = {
    "waiting": "waits for a decision",
    "approved": "approved",
    "rejected": "rejected",
    "expired": "expired",
}
_PLANNERS = {
    "rule": "an enabled rule",
    "site_history": "what healed this at the site before",
    "organization_history": "what healed this in the organization before",
    "platform_history": "what healed this in many organizations before",
    "model": "the language model",
    "cache": "the language model, asked about the same shortly before",
}
_ORDERS = {
    "pending": "The order waits for the appliance, which fetches it at its next check-in.",
    "acknowledged": "The appliance has the order and is at it.",
    "completed": "The appliance says that it is done; its report of the healing is awaited.",
    "failed": "The appliance could not carry the order out.",
    "expired": "The appliance did not fetch the order in time: nothing was run.",
    "cancelled": "The order was taken back.",
}
# Where the appliance was told of the order and has not answered since.
_UNANSWERED = {
    "pending": "The appliance was told of the order and has not reported yet. A newer daemon that "
    "carried it out and lost its report says so an hour later.",
    "expired": "The appliance was told of the order and did not report in time: whether anything "
    "was run is not known.",
}
_WILL_STAND = "What comes of it will stand here."
_LOST = (
    "Carried out, report lost: the appliance did what was ordered. What came of it is not known "
    "until the next signed scan of the host."
)
_ACKNOWLEDGED = (
    "The appliance acknowledged the order, which proves no healing: its agent version cannot know. "
    "The next signed scan of the host tells whether the fault is gone."
)
_OUTCOMES = {
    "success": "Healed",
    "failure": "Tried, and not healed",
    "not_attempted": "Not tried: the appliance could not",
}
_CLAIMED = (
    "The appliance says so, but its agent version cannot know: the next signed scan of the host "
    "tells whether the fault is gone."
)
_CHECKS = {
    True: ", and the check afterwards says so.",
    False: "; the check afterwards said no.",
    None: "; nothing was checked afterwards.",
}
_Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    status: str
    site: str
    text: str


def _filters(status: _Text = "waiting", site: _Text = "", text: _Text = "") -> _Filters:
    return _Filters(status=status, site=site, text=text)


FiltersDep = Annotated[_Filters, Depends(_filters)]


def _router(prefix: str, reads: Audience, decides: Audience) -> APIRouter:
    """Return the pages of the plans that one kind of people decides on."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    reading, deciding = Depends(reads), Depends(decides)

    @router.get("")
    async def plans(
        request: Request,
        scope: Annotated[Decider, reading],
        parts: RuntimeDep,
        page: filters.PageDep,
        chosen: FiltersDep,
    ) -> Response:
        """List the plans of their sites."""
        return await _list(request, scope, parts, page, chosen)

    @router.get("/{id}")
    async def plan(
        request: Request, scope: Annotated[Decider, reading], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Show a plan."""
        return await _show(request, scope, parts, id, "plans/plan.html")

    @router.get("/{id}/approve")
    async def approve_form(
        request: Request, scope: Annotated[Decider, deciding], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Show what approving does, with the form for it."""
        return await _show(request, scope, parts, id, "plans/approve.html")

    @router.post("/{id}/approve")
    async def approve(
        request: Request, scope: Annotated[Decider, deciding], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Approve a plan."""
        return await _approve(request, scope, parts, id)

    @router.get("/{id}/reject")
    async def reject_form(
        request: Request, scope: Annotated[Decider, deciding], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Ask why not."""
        return await _show(request, scope, parts, id, "plans/reject.html")

    @router.post("/{id}/reject")
    async def reject(
        request: Request, scope: Annotated[Decider, deciding], parts: RuntimeDep, id: PathId
    ) -> Response:
        """Reject a plan."""
        return await _reject(request, scope, parts, id)

    return router


partners = _router("/partner/plans", PARTNER_READER, PARTNER_ACTOR)
clients = _router("/client/plans", CLIENT_READER, CLIENT_ADMIN)


async def _list(
    request: Request, scope: Decider, parts: Runtime, page: pages.Page, chosen: _Filters
) -> Response:
    listed = await plan_approvals.listed(
        parts,
        scope,
        page,
        SiteFilter(text=filters.text(chosen.site)),
        Chosen(
            status=cast("ApprovalState | None", filters.choice(chosen.status, *STATES)),
            text=filters.text(chosen.text),
            # What waits longest has to be decided next.
            oldest_first=chosen.status == "waiting",
        ),
    )
    async with db.transaction(parts.database, scope) as connection:
        waiting = await store.waiting(connection, clock.now())
        sites = await filters.sites(connection)
    return frame.page(
        request,
        scope,
        "plans/list.html",
        plans=listed.items,
        waiting=waiting,
        following=filters.following(request, listed.next),
        sites=sites,
        chosen=chosen,
        **_words(scope),
    )


async def _show(
    request: Request, scope: Decider, parts: Runtime, id: UUID, template: str
) -> Response:
    plan = await plan_approvals.get(parts, scope, id)
    own = []
    if plan.appliance_id is None:
        async with db.transaction(parts.database, scope) as connection:
            own = [
                (each.wire_id, _named(each))
                for each in living(await appliances.of_site(connection, plan.site.id))
            ]
    return frame.page(
        request,
        scope,
        template,
        plan=plan,
        appliances=own,
        hours=parts.settings.plan_approval_hours,
        **_words(scope),
    )


async def _approve(request: Request, scope: Decider, parts: Runtime, id: UUID) -> Response:
    given = await forms.texts(request)
    body = forms.body(
        ApprovePlanBody,
        notes=given.get("notes", "").strip(),
        appliance_id=given.get("appliance_id"),
    )
    here = f"{_root(scope)}/{id}"
    return await forms.attempt(here, plan_approvals.approve(parts, scope, id, body), _approved)


async def _reject(request: Request, scope: Decider, parts: Runtime, id: UUID) -> Response:
    given = await forms.texts(request)
    here = f"{_root(scope)}/{id}"
    return await forms.attempt(
        here,
        _rejected(parts, scope, id, given),
        "Rejected: nothing is run, and the incident stays a person's.",
    )


async def _rejected(parts: Runtime, scope: Decider, id: UUID, given: dict[str, str]) -> PlanView:
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    return await plan_approvals.reject(parts, scope, id, body.reason)


def _approved(plan: PlanView) -> str:
    return (
        f"Approved: {plan.appliance_id or 'the appliance'} is ordered to run {plan.runbook_id} and "
        f"fetches the order at its next check-in. {plan.caution or _WILL_STAND}"
    )


def _named(appliance: Appliance) -> str:
    """Return an appliance as a choice: its id, what runs on it, and what that does not do."""
    version = appliance.agent_version
    heals = "" if agents.of(version).heals_by_order else ", does not carry healing orders out"
    return f"{appliance.wire_id} (agent {version or 'unknown'}{heals})"


def _root(scope: Decider) -> str:
    return "/client/plans" if isinstance(scope, ClientScope) else "/partner/plans"


def _words(scope: Decider) -> dict[str, Any]:
    """Return what every template of plans says things with."""
    return {
        "root": _root(scope),
        "said": _SAID,
        "planners": _PLANNERS,
        "became": became,
        "proven": proven,
        "obstacle": lambda plan: obstacle(scope, plan),
    }


def became(plan: PlanView) -> str:
    """Return what became of a plan, in a sentence or two."""
    if plan.status == "waiting":
        return "Nothing is run until somebody decides."
    if plan.status == "rejected":
        return "Nothing was run."
    if plan.status == "expired":
        return "Nobody decided in time, and nothing was run: the incident is a person's."
    if plan.outcome is not None:
        if plan.standing == "claimed":
            return _CLAIMED
        return _OUTCOMES[plan.outcome] + (
            "." if plan.outcome == "not_attempted" else _CHECKS[plan.verified]
        )
    return _ordered(plan)


def proven(plan: PlanView) -> str:
    """Return what a look after a plan's order says, in words; the plan has such a proof."""
    source = None if plan.order_proof is None else plan.order_proof.source
    said = orders.meaning("healing", plan.order_outcome, plan.order_standing, source, provable=True)
    return said or ""


def _ordered(plan: PlanView) -> str:
    """Return what became of a plan's order, for as long as no execution says more."""
    if plan.order_proof is not None:
        return f"{proven(plan).capitalize()}."
    if plan.order_outcome == "unknown":
        return _LOST
    if plan.order_standing == "claimed":
        return _ACKNOWLEDGED
    if plan.order_outcome == "not_attempted":
        return f"{_OUTCOMES['not_attempted']}."
    status = plan.order_status or ""
    if plan.handed_out_at is not None and status in _UNANSWERED:
        return _UNANSWERED[status]
    return _ORDERS.get(status, "The order is on its way.")


def obstacle(scope: Decider, plan: PlanView) -> str | None:
    """Return why somebody may not decide on a plan that waits; None where they may."""
    if plan.status != "waiting":
        return None
    if not rights.decides_on(scope, plan.healing_tier, plan.status):
        return (
            f"Your partner decides on it: {plan.site.name} is a site with standard coverage. At "
            "sites with full coverage, admins of your organization decide themselves."
        )
    if not rights.may_change(scope):
        who = "an admin of your organization" if isinstance(scope, ClientScope) else "a technician"
        return f"You may look, not decide: ask {who} before the deadline."
    return None

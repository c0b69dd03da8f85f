"""Looking at one candidate and deciding on it: the same pages for each kind of people.

An approval carries the hash of the rule that was shown: another rule by then is refused.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db, rights
from flywheel_server.learning.actions import promote
from flywheel_server.learning.actions.promote import Person
from flywheel_server.learning.pages import candidates
from flywheel_server.learning.pages.candidates import Place
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.learning.views.candidates import (
    ApproveBody,
    CandidateId,
    DecisionView,
    decision_view,
)
from flywheel_server.learning.views.hosts import FIRST, WantedDep
from flywheel_server.web.access import Audience, RuntimeDep
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

_REJECTED = (
    "Rejected: no rule is made of it, and the reason is kept. Among the rejected ones it can be "
    "reopened."
)


def router(place: Place, reads: Audience, decides: Audience) -> APIRouter:
    """Return the pages of one candidate of a kind of people."""
    routes = APIRouter(prefix=place.candidates, include_in_schema=False)
    reading, deciding = Depends(reads), Depends(decides)

    @routes.get("/{candidate_id}")
    async def candidate_page(
        request: Request,
        scope: Annotated[Person, reading],
        parts: RuntimeDep,
        candidate_id: CandidateId,
        window: filters.WindowDep,
        hosts: WantedDep,
    ) -> Response:
        """Show a candidate with everything that a decision needs."""
        return await candidates.show(request, scope, parts, place, candidate_id, window, hosts)

    @routes.get("/{candidate_id}/approve")
    async def approve_page(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
        window: filters.WindowDep,
    ) -> Response:
        """Show the rule that approval would make, with the form for it."""
        return await _form(request, scope, parts, place, candidate_id, window, "approve")

    @routes.post("/{candidate_id}/approve")
    async def approve(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
    ) -> Response:
        """Approve the candidate, exactly as it was shown."""
        given = await forms.texts(request)
        body = _approval(given)
        signer = await parts.signers.get()
        async with db.transaction(parts.database, scope) as connection:
            decision = await promote.promote(
                connection,
                scope,
                candidate_id,
                name=(body.custom_name or "").strip() or None,
                notes=(body.notes or "").strip() or None,
                rule_hash=body.rule_hash,
                deploy_immediately="deploy_immediately" in given,
                signer=signer,
                now=clock.now(),
            )
        return frame.go(place.then, _approved(decision_view(decision)))

    @routes.get("/{candidate_id}/reject")
    async def reject_page(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
        window: filters.WindowDep,
    ) -> Response:
        """Show the form that asks why."""
        return await _form(request, scope, parts, place, candidate_id, window, "reject")

    @routes.post("/{candidate_id}/reject")
    async def reject(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
    ) -> Response:
        """Reject the candidate."""
        reason = _reason(await forms.texts(request))
        async with db.transaction(parts.database, scope) as connection:
            await promote.reject(connection, scope, candidate_id, reason=reason, now=clock.now())
        return frame.go(place.then, _REJECTED)

    @routes.get("/{candidate_id}/reopen")
    async def reopen_page(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
        window: filters.WindowDep,
    ) -> Response:
        """Show the form that asks why a rejection is taken back."""
        return await _form(request, scope, parts, place, candidate_id, window, "reopen")

    @routes.post("/{candidate_id}/reopen")
    async def reopen(
        request: Request,
        scope: Annotated[Person, deciding],
        parts: RuntimeDep,
        candidate_id: CandidateId,
    ) -> Response:
        """Take a rejection back."""
        reason = _reason(await forms.texts(request))
        async with db.transaction(parts.database, scope) as connection:
            found = await promote.reopen(
                connection, scope, candidate_id, reason=reason, now=clock.now()
            )
        return frame.go(place.candidate(candidate_id), _reopened(found))

    return routes


async def _form(
    request: Request,
    scope: Person,
    parts: Runtime,
    place: Place,
    candidate_id: str,
    window: Window,
    verb: str,
) -> Response:
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.get(connection, scope, candidate_id, window, FIRST)
    if not rights.decides_at(scope, found.healing_tier):
        return frame.go(
            f"{place.candidate(candidate_id)}/forward",
            "At a site with standard coverage your IT partner decides: forward it to them.",
            kind="trouble",
        )
    return frame.page(request, scope, f"partner/{verb}.html", candidate=found, place=place)


def _approval(given: dict[str, str]) -> ApproveBody:
    return forms.body(
        ApproveBody,
        custom_name=given.get("custom_name"),
        notes=given.get("notes"),
        rule_hash=given.get("rule_hash"),
    )


def _reason(given: dict[str, str]) -> str:
    return forms.checked(ReasonBody, {"reason": given.get("reason", "")}).reason


def _reopened(found: Candidate) -> str:
    if found.state == "eligible":
        return "Reopened: it is a candidate again, and waits for a decision."
    return "Reopened: its gates are shut now, so it becomes a candidate once they open."


def _approved(decision: DecisionView) -> str:
    if decision.rule_is_new:
        return f"Approved: the rule {decision.rule_id} is on its way to the site's appliances."
    return f"Approved: it shares the rule {decision.rule_id}, which the site has already."

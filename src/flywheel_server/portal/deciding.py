"""Deciding on one candidate, for whoever may: its page, the forms, and what is said afterwards.

Each kind of people has its own paths, which a ``Place`` tells the templates; the rest is the same.
"""

from dataclasses import dataclass

from fastapi import Request, Response

from flywheel_server.api.learning_views import ApproveBody, DecisionView
from flywheel_server.api.operator_bodies import ReasonBody
from flywheel_server.api.partner_learning import CandidateDetail
from flywheel_server.domain.scope import PersonScope
from flywheel_server.portal import charts, filters, forms, frame, words

REJECTED = "Rejected: no rule is made of it, and the reason is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of people finds candidates and sites."""

    candidates: str
    fleet: str
    # Whether names made for machines are told in words.
    plain: bool = False

    def told(self, incident_type: str) -> str:
        """Return an incident type as it is told there."""
        return words.spaced(incident_type) if self.plain else incident_type

    def candidate(self, id: str) -> str:
        """Return the address of a candidate's page."""
        return f"{self.candidates}/{id}"


def page(
    request: Request,
    scope: PersonScope,
    template: str,
    place: Place,
    found: CandidateDetail,
    hosts: str | None,
) -> Response:
    """Return the page of a candidate, with its evidence by day.

    ``hosts`` is what was looked for in the names of its hosts.
    """
    days = {
        each.day: {
            "successes": each.success.successes,
            "failures": each.success.attempts - each.success.successes,
        }
        for each in found.by_day
    }
    window = found.window
    return frame.page(
        request,
        scope,
        template,
        place=place,
        candidate=found,
        chart=charts.by_day(
            days, ("successes", "failures"), window.since.date(), window.until.date()
        ),
        windows=filters.WINDOWS,
        sought=hosts,
        address=frame.address,
        chosen_days=request.query_params.get("days"),
        more_hosts=filters.following(request, found.hosts_next, "hosts_next"),
    )


def approval(given: dict[str, str]) -> ApproveBody:
    """Return what an approval's form says. Raises InvalidInput that says what is wrong."""
    body = forms.body(
        ApproveBody,
        custom_name=given.get("custom_name"),
        notes=given.get("notes"),
        rule_hash=given.get("rule_hash"),
    )
    return body.model_copy(update={"deploy_immediately": "deploy_immediately" in given})


def rejection(given: dict[str, str]) -> ReasonBody:
    """Return what a rejection's form says. Raises InvalidInput that says what is wrong."""
    return forms.checked(ReasonBody, {"reason": given.get("reason", "")})


def approved(decision: DecisionView) -> str:
    """Say what an approval has done."""
    if decision.rule_is_new:
        return f"Approved: the rule {decision.rule_id} is on its way to the site's appliances."
    return f"Approved: it shares the rule {decision.rule_id}, which the site has already."

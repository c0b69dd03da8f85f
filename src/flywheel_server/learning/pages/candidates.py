"""Candidates, for whoever looks at them: the list that filters leave, and one with its evidence.

Each kind of people has its own paths, which a ``Place`` tells the templates; the rest is the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import db
from flywheel_server.learning.actions.promote import Person
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.routes import candidate_hosts
from flywheel_server.learning.routes.partner_learning import CandidateDetail
from flywheel_server.learning.routes.views import CandidateItem
from flywheel_server.policy import store as policies
from flywheel_server.web import keysets as pages
from flywheel_server.web.pages import charts, frame, words
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

STATES = ("eligible", "approved", "rejected", "withdrawn")
_Text = Annotated[str, Query(max_length=300)]
_Item = TypeVar("_Item", bound=CandidateItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of people finds candidates and sites, and what their pages are made of."""

    candidates: str
    fleet: str
    # Where one goes on after a decision.
    then: str
    template: str
    # What the JSON route of these people answers for one candidate.
    read: Callable[..., Awaitable[CandidateDetail]]
    # Whether names made for machines are told in words.
    plain: bool = False

    def told(self, incident_type: str) -> str:
        """Return an incident type as it is told there."""
        return words.spaced(incident_type) if self.plain else incident_type

    def candidate(self, id: str) -> str:
        """Return the address of a candidate's page."""
        return f"{self.candidates}/{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which candidates an address asks for."""

    status: str
    site: str
    endorsed: str
    text: str


def _chosen(
    status: _Text = "eligible", site: _Text = "", endorsed: _Text = "", text: _Text = ""
) -> Chosen:
    return Chosen(status=status, site=site, endorsed=endorsed, text=text)


ChosenDep = Annotated[Chosen, Depends(_chosen)]


async def listed(
    list_candidates: Callable[..., Awaitable[pages.Listing[_Item]]],
    scope: Person,
    parts: Runtime,
    page: pages.Page,
    chosen: Chosen,
) -> pages.Listing[_Item]:
    """Return the candidates that the filters leave, as the JSON route of these people does."""
    return await list_candidates(
        scope=scope,
        parts=parts,
        page=page,
        site=SiteFilter(text=filters.text(chosen.site)),
        status=cast("CandidateState | None", filters.choice(chosen.status, *STATES)),
        endorsed=filters.yes(chosen.endorsed),
        text=filters.text(chosen.text),
    )


async def list_page(
    request: Request,
    scope: Person,
    parts: Runtime,
    template: str,
    found: pages.Listing[_Item],
    chosen: Chosen,
    **values: Any,
) -> Response:
    """Return the page of a list, with the filters that led to it."""
    async with db.transaction(parts.database, scope) as connection:
        sites = await filters.sites(connection)
        policy = await policies.in_force(connection)
    return frame.page(
        request,
        scope,
        template,
        candidates=found.items,
        following=filters.following(request, found.next),
        sites=sites,
        policy=policy,
        chosen=chosen,
        **values,
    )


async def show(
    request: Request,
    scope: Person,
    parts: Runtime,
    place: Place,
    id: str,
    window: Window,
    hosts: candidate_hosts.Wanted,
) -> Response:
    """Return the page of a candidate, with everything that a decision needs."""
    found = await place.read(scope, parts, id, window, hosts)
    days = {
        each.day: {
            "successes": each.success.successes,
            "failures": each.success.attempts - each.success.successes,
        }
        for each in found.by_day
    }
    since, until = found.window.since.date(), found.window.until.date()
    return frame.page(
        request,
        scope,
        place.template,
        place=place,
        candidate=found,
        chart=charts.by_day(days, ("successes", "failures"), since, until),
        windows=filters.WINDOWS,
        sought=hosts.text,
        address=frame.address,
        chosen_days=request.query_params.get("days"),
        more_hosts=filters.following(request, found.hosts_next, "hosts_next"),
    )

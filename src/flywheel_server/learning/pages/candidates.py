"""Candidates, for whoever looks at them: the list that filters leave, and one with its evidence.

Each kind of people has its own paths, which a ``Place`` tells the templates; the rest is the same.
"""

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import clock, db
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, OperatorScope
from flywheel_server.learning.actions.promote import Person
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.queries.candidates import Filters
from flywheel_server.learning.views.hosts import Wanted
from flywheel_server.policy import store as policies
from flywheel_server.web.keysets import Page
from flywheel_server.web.pages import charts, frame, words
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window

STATES = ("eligible", "approved", "rejected", "withdrawn")
_Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of people finds candidates and sites, and what their pages are made of."""

    candidates: str
    fleet: str
    # Where one goes on after a decision.
    then: str
    template: str
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


def filters_of(chosen: Chosen) -> Filters:
    """Return the filters that an address asks for."""
    return Filters(
        site=SiteFilter(text=filters.text(chosen.site)),
        status=cast("CandidateState | None", filters.choice(chosen.status, *STATES)),
        endorsed=filters.yes(chosen.endorsed),
        text=filters.text(chosen.text),
    )


async def list_page(
    request: Request,
    scope: ClientScope | OperatorScope,
    parts: Runtime,
    template: str,
    page: Page,
    chosen: Chosen,
) -> Response:
    """Return the page of the candidates that the filters leave."""
    async with db.transaction(parts.database, scope) as connection:
        values = await list_values(connection, request, scope, page, chosen)
    return frame.page(request, scope, template, **values)


async def list_values(
    connection: Connection, request: Request, scope: Person, page: Page, chosen: Chosen
) -> dict[str, Any]:
    """Return what a list of candidates shows, with the filters that led to it."""
    found = await queries.listed(connection, scope, page, filters_of(chosen), clock.now())
    return {
        "candidates": found.items,
        "following": filters.following(request, found.next),
        "sites": await filters.sites(connection),
        "policy": await policies.in_force(connection),
        "chosen": chosen,
    }


async def show(
    request: Request,
    scope: Person,
    parts: Runtime,
    place: Place,
    id: str,
    window: Window,
    hosts: Wanted,
) -> Response:
    """Return the page of a candidate, with everything that a decision needs."""
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.get(connection, scope, id, window, hosts)
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

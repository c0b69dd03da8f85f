"""Who looks at a page: their name, what they may do, where they start and where they may go.

Pages for another kind of people add their entries to ``HOMES`` and ``NAVIGATION``; a place of
several lists names them in ``TABS``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from flywheel_server.core import rights
from flywheel_server.core.scope import PersonScope, role_of
from flywheel_server.web import credentials
from flywheel_server.web.access import (
    ADMIN,
    CLIENT_ADMIN,
    CLIENT_READER,
    PARTNER_OWNER,
    PARTNER_READER,
    READER,
    Audience,
)

# Where each kind of people starts. Those without pages of their own start with their account.
HOMES = {
    "client": "/client/healing",
    "operator": "/operator/overview",
    "partner": "/partner/learning",
}
ACCOUNT = "/account"

# For each kind of people: where they may go, in order, and who of them.
NAVIGATION: dict[str, tuple[tuple[str, str, Audience], ...]] = {
    # In this order: Overview, Learning, Rules, Fleet, Plans, People, System.
    "operator": (
        ("Overview", "/operator/overview", READER),
        ("Learning", "/operator/learning", READER),
        ("Rules", "/operator/rules", READER),
        ("Fleet", "/operator/fleet", READER),
        ("Plans", "/operator/plans", READER),
        ("People", "/operator/tenants", READER),
        ("System", "/operator/runs", READER),
    ),
    "partner": (
        ("Learning", "/partner/learning", PARTNER_READER),
        ("Plans", "/partner/plans", PARTNER_READER),
        ("Fleet", "/partner/fleet", PARTNER_READER),
        ("Evidence", "/partner/evidence", PARTNER_READER),
        ("Audit log", "/partner/audit", PARTNER_READER),
        ("Settings", "/partner/people", PARTNER_OWNER),
    ),
    "client": (
        ("Healing log", "/client/healing", CLIENT_READER),
        ("Learning", "/client/candidates", CLIENT_READER),
        ("Plans", "/client/plans", CLIENT_READER),
        ("Evidence", "/client/evidence", CLIENT_READER),
        ("Audit log", "/client/audit", CLIENT_READER),
        ("People", "/client/people", CLIENT_ADMIN),
    ),
}

# The lists of a place, by the place's path: shown on top of every page of the place.
TABS: dict[str, tuple[tuple[str, str], ...]] = {
    "/partner/learning": (
        ("Candidates", "/partner/learning"),
        ("Rules", "/partner/learning/rules"),
        ("Platform rules", "/partner/learning/platform-rules"),
        ("Execution history", "/partner/learning/history"),
    ),
    "/partner/people": (
        ("People", "/partner/people"),
        ("API keys", "/partner/keys"),
        ("Webhooks", "/partner/webhooks"),
    ),
    "/client/candidates": (
        ("Candidates", "/client/candidates"),
        ("Rules", "/client/rules"),
        ("Shared learning", "/client/shared-learning"),
    ),
    "/operator/learning": (
        ("Platform patterns", "/operator/learning"),
        ("Candidates", "/operator/candidates"),
        ("Unresolved ids", "/operator/unresolved"),
        ("Runbooks", "/operator/runbooks"),
        ("Policy", "/operator/policy"),
    ),
    "/operator/rules": (
        ("All rules", "/operator/rules"),
        ("Health", "/operator/rules/health"),
        ("Kept from tenants", "/operator/rules/exclusions"),
    ),
    "/operator/tenants": (
        ("Partners", "/operator/tenants"),
        ("Organizations", "/operator/tenants/organizations"),
        ("Sites", "/operator/tenants/sites"),
        ("People", "/operator/people"),
    ),
    "/operator/runs": (
        ("Loop runs", "/operator/runs"),
        ("Audit", "/operator/audit"),
        ("Evidence", "/operator/evidence"),
        ("Webhooks", "/operator/webhooks"),
    ),
}


class Matter(Protocol):
    """A candidate or a plan, as pages show it."""

    @property
    def healing_tier(self) -> str:
        """Return the tier of its site."""

    @property
    def status(self) -> str:
        """Return what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who looks at a page."""

    name: str
    role: str
    scope: PersonScope
    # What must accompany their changes; empty for a key, which needs none.
    csrf_token: str
    home: str
    # Label, path, and whether it is where they are.
    navigation: tuple[tuple[str, str, bool], ...]
    # The same of the lists of the place where they are, which has this name.
    place: str
    tabs: tuple[tuple[str, str, bool], ...]

    @property
    def may_change(self) -> bool:
        """Say whether they may change anything: pages offer viewers nothing that is refused."""
        return rights.may_change(self.scope)

    @property
    def may_manage_sites(self) -> bool:
        """Say whether they may give a site another healing tier."""
        return self.role in ADMIN.roles

    def decides_on(self, matter: Matter) -> bool:
        """Say whether their kind of people decides on a candidate or plan now, viewers aside."""
        return rights.decides_on(self.scope, matter.healing_tier, matter.status)

    def may_decide(self, matter: Matter) -> bool:
        """Say whether they may decide on a candidate or plan now."""
        return rights.may_decide(self.scope, matter.healing_tier, matter.status)

    def may_decide_any(self, matters: Iterable[Matter]) -> bool:
        """Say whether they may decide on one of these."""
        return any(map(self.may_decide, matters))

    def may_reopen(self, candidate: Matter) -> bool:
        """Say whether they may take the rejection of a candidate back."""
        return rights.may_reopen(self.scope, candidate.healing_tier, candidate.status)


def viewer(request: Request, scope: PersonScope) -> Viewer:
    """Return who looks at the page that is asked for."""
    role = role_of(scope)
    token = credentials.session_token(request)
    here = request.url.path
    navigation = tuple(
        (label, path, _inside(here, path))
        for label, path, audience in NAVIGATION.get(_kind(role), ())
        if role in audience.roles
    )
    place, of_place = next(
        ((label, path) for label, path, inside in navigation if inside), ("", "")
    )
    return Viewer(
        name=scope.actor_name,
        role=role,
        scope=scope,
        csrf_token="" if token is None else credentials.csrf_token(token),
        home=home(role),
        navigation=navigation,
        place=place,
        tabs=_tabs(here, of_place),
    )


def home(role: str) -> str:
    """Return where somebody of this role starts."""
    return HOMES.get(_kind(role), ACCOUNT)


def _kind(role: str) -> str:
    return role.partition(" ")[0]


def _inside(here: str, place: str) -> bool:
    """Say whether an address is in a place: below its own path or below one of its lists."""
    return _within(here, place) or any(_within(here, path) for _, path in TABS.get(place, ()))


def _tabs(here: str, place: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the lists of a place; the longest path that fits the address is where we are."""
    lists = TABS.get(place, ())
    nearest = max((path for _, path in lists if _within(here, path)), key=len, default="")
    return tuple((label, path, path == nearest) for label, path in lists)


def _within(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith(f"{beginning}/")

"""Who looks at a page: their name, what they may do, where they start and where they may go.

Pages for another kind of people add their entries to ``HOMES`` and ``NAVIGATION``; a place of
several lists names them in ``TABS``.
"""

from dataclasses import dataclass

from fastapi import Request

from flywheel_server.api import credentials
from flywheel_server.domain.scope import PersonScope, role_of

# Where each kind of people starts. Those without pages of their own start with their account.
HOMES = {
    "client": "/client/healing",
    "operator": "/operator/overview",
    "partner": "/partner/learning",
}
ACCOUNT = "/account"

# For each kind of people: where they may go, in order. The third value names the only role, if any.
NAVIGATION: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    # In this order: Overview, Learning, Rules, Fleet, Plans, People, System.
    "operator": (
        ("Overview", "/operator/overview", None),
        ("Learning", "/operator/learning", None),
        ("Rules", "/operator/rules", None),
        ("Fleet", "/operator/fleet", None),
        ("Plans", "/operator/plans", None),
        ("People", "/operator/tenants", None),
        ("System", "/operator/runs", None),
    ),
    "partner": (
        ("Learning", "/partner/learning", None),
        ("Plans", "/partner/plans", None),
        ("Fleet", "/partner/fleet", None),
        ("Evidence", "/partner/evidence", None),
        ("Audit log", "/partner/audit", None),
        ("Settings", "/partner/people", "partner owner"),
    ),
    "client": (
        ("Healing log", "/client/healing", None),
        ("Learning", "/client/candidates", None),
        ("Plans", "/client/plans", None),
        ("Evidence", "/client/evidence", None),
        ("Audit log", "/client/audit", None),
        ("People", "/client/people", "client admin"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who looks at a page."""

    name: str
    role: str
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
        return not self.role.endswith(" viewer")


def viewer(request: Request, scope: PersonScope) -> Viewer:
    """Return who looks at the page that is asked for."""
    role = role_of(scope)
    token = credentials.session_token(request)
    here = request.url.path
    navigation = tuple(
        (label, path, _inside(here, path))
        for label, path, only in NAVIGATION.get(_kind(role), ())
        if only in {None, role}
    )
    place, of_place = next(
        ((label, path) for label, path, inside in navigation if inside), ("", "")
    )
    return Viewer(
        name=scope.actor_name,
        role=role,
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

"""Who looks at a page: their name, what they may do, where they start and where they may go.

Pages for another kind of people add their entries to ``HOMES`` and ``NAVIGATION``.
"""

from dataclasses import dataclass

from fastapi import Request

from flywheel_server.api import credentials
from flywheel_server.domain.scope import PersonScope, role_of

# Where each kind of people starts. Those without pages of their own start with their account.
HOMES = {"partner": "/partner/learning"}
ACCOUNT = "/account"

# For each kind of people: where they may go, in order. The third value names the only role, if any.
NAVIGATION: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    "partner": (
        ("Learning", "/partner/learning", None),
        ("Fleet", "/partner/fleet", None),
        ("API keys", "/partner/keys", "partner owner"),
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

    @property
    def may_change(self) -> bool:
        """Say whether they may change anything: pages offer viewers nothing that is refused."""
        return not self.role.endswith(" viewer")


def viewer(request: Request, scope: PersonScope) -> Viewer:
    """Return who looks at the page that is asked for."""
    role = role_of(scope)
    token = credentials.session_token(request)
    return Viewer(
        name=scope.actor_name,
        role=role,
        csrf_token="" if token is None else credentials.csrf_token(token),
        home=home(role),
        navigation=tuple(
            (label, path, _within(request.url.path, path))
            for label, path, only in NAVIGATION.get(_kind(role), ())
            if only in {None, role}
        ),
    )


def home(role: str) -> str:
    """Return where somebody of this role starts."""
    return HOMES.get(_kind(role), ACCOUNT)


def _kind(role: str) -> str:
    return role.partition(" ")[0]


def _within(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith(f"{beginning}/")

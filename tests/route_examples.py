"""An example request for every route: what the laws of access and isolation are generated from.

A new route needs one line in the ``EXAMPLES`` of its kind in ``tests/routes``:
``"METHOD /template": lambda stage, site: Example(…)``. An appliance's request names ``site``
wherever it can (path, query, body), for the laws ask it with a foreign one as well. It must succeed
with ``status`` for whoever the route is meant for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute

from flywheel_server.app import create_app
from flywheel_server.core.settings import Settings
from flywheel_server.web import access
from flywheel_server.web.pages import layer
from tests.routes import agents, evidence, operators, people, tenants
from tests.routes.stage import Builder

EXAMPLES: dict[str, Builder] = (
    agents.EXAMPLES | operators.EXAMPLES | tenants.EXAMPLES | people.EXAMPLES | evidence.EXAMPLES
)

# What these name is the platform's, and everybody's to ask about: of no tenant's, so never foreign.
SHARED = frozenset(
    f"POST {root}/{{rule_id}}/{verb}"
    for root in ("/api/partners/me/learning/platform-rules", "/api/client/rules")
    for verb in ("decline", "accept")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the application, with its declared audience."""

    name: str
    method: str
    audience: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return self.name


def routes() -> list[Route]:
    """Return every route of the application as it is wired."""
    return list(_routes(create_app(Settings(loop=False), "postgresql://nowhere/none")))


def _routes(app: FastAPI) -> Iterator[Route]:
    for route in app.routes:
        # People's pages have laws of their own, in tests/portal/test_access.py.
        if isinstance(route, APIRoute) and not layer.is_page(route.path):
            for method in sorted(route.methods or ()):
                audience = access.audience(route)
                assert audience is not None, route.path
                yield Route(
                    name=f"{method} {route.path}",
                    method=method,
                    audience=audience.name,
                    roles=audience.roles,
                )

"""Who is asking: every route declares its audience by one of these dependencies.

``Appliance``, ``Reader`` and ``Admin`` give a route its scope; ``public`` says that it needs none.
``check_audiences`` refuses to start an application with a route that declares nothing.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from flywheel_server import errors
from flywheel_server.domain.scope import ApplianceScope, OperatorScope
from flywheel_server.runtime import Runtime

_LONGEST_KEY = 512
_ASK_FOR_KEY = "Send the header `Authorization: Bearer KEY` with a valid key."


def runtime(request: Request) -> Runtime:
    """Return the parts of this process."""
    return cast("Runtime", request.app.state.runtime)


RuntimeDep = Annotated[Runtime, Depends(runtime)]


async def appliance(request: Request, parts: RuntimeDep) -> ApplianceScope:
    """Return the site (and appliance) of the request's key."""
    scope = await parts.credentials.find(bearer(request))
    if scope is None:
        raise errors.Unauthenticated("The key is unknown or revoked: ask for a new one.")
    if not isinstance(scope, ApplianceScope):
        raise errors.Forbidden("This is for appliances: use a site's key.")
    return scope


async def reader(request: Request, parts: RuntimeDep) -> OperatorScope:
    """Return the operator who is asking, of any role."""
    scope = await parts.credentials.find(bearer(request))
    if scope is None:
        raise errors.Unauthenticated("The token is unknown or revoked: create a new one.")
    if not isinstance(scope, OperatorScope):
        raise errors.Forbidden("This is for operators: use an operator's token.")
    return scope


async def admin(scope: Annotated[OperatorScope, Depends(reader)]) -> OperatorScope:
    """Return the operator who is asking, if they may change things."""
    if scope.rights != "admin":
        raise errors.Forbidden("Viewers may look but not change: ask an admin.")
    return scope


async def public() -> None:
    """Declare that a route is for everyone."""


Appliance = Annotated[ApplianceScope, Depends(appliance)]
Reader = Annotated[OperatorScope, Depends(reader)]
Admin = Annotated[OperatorScope, Depends(admin)]
PUBLIC = [Depends(public)]

# From the widest to the narrowest: a route's audience is the last of these it depends on.
AUDIENCES = {public: "public", appliance: "appliance", reader: "operator", admin: "operator admin"}


def own_site(scope: ApplianceScope, site_id: object) -> None:
    """Check a ``site_id`` from path, query or body. Raises ForeignSite unless it is the key's."""
    if site_id is None or site_id in {scope.site_slug, str(scope.site_id)}:
        return
    raise errors.ForeignSite(
        "The key belongs to another site than `site_id` says: use its own key."
    )


def bearer(request: Request) -> bytes:
    """Return the bearer key of a request. Raises Unauthenticated when there is none."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        raise errors.Unauthenticated(_ASK_FOR_KEY)
    kind, _, key = values[0].partition(" ")
    if kind.lower() != "bearer" or not key or len(key) > _LONGEST_KEY:
        raise errors.Unauthenticated(_ASK_FOR_KEY)
    return key.strip().encode("utf-8", "surrogateescape")


def audience(route: APIRoute) -> str | None:
    """Return the audience that a route declares, or None."""
    declared = [name for call, name in AUDIENCES.items() if call in set(_calls(route.dependant))]
    return declared[-1] if declared else None


def check_audiences(app: FastAPI) -> None:
    """Refuse routes without an audience, and two routes for one path. Raises SetupError."""
    seen = set()
    for route in app.routes:
        if not isinstance(route, APIRoute):
            continue
        if audience(route) is None:
            raise errors.SetupError(f"route {route.path} declares no audience: see api/access.py")
        for method in route.methods or ():
            if (method, route.path) in seen:
                raise errors.SetupError(f"two routes for {method} {route.path}: remove one")
            seen.add((method, route.path))


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)

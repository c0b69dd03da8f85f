"""Who is asking: every route declares its audience by one of these dependencies.

Each gives the route its scope; ``PUBLIC`` says that it needs none. ``AUDIENCES`` lists them with
their roles, and ``check_routes`` refuses to start an application with a route that has none.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, request_response

from flywheel_server.core import errors, rights
from flywheel_server.core.scope import (
    ApplianceScope,
    ClientScope,
    OperatorScope,
    PartnerScope,
    PersonScope,
    Session,
    role_of,
)
from flywheel_server.web import admission, credentials, limits
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.traffic import PEOPLE, Traffic

LET_IN = "flywheel.let_in"


def runtime(request: Request) -> Runtime:
    """Return the parts of this process."""
    return cast("Runtime", request.app.state.runtime)


RuntimeDep = Annotated[Runtime, Depends(runtime)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audience:
    """For whom a route is. As a dependency it lets in these roles and returns their scope."""

    name: str
    # As `role_of` names them.
    roles: frozenset[str]
    # What others are told, and what viewers of the same kind of people are.
    remedy: str
    viewers: str = ""
    # Only for who signed in: gives the session in place of the scope.
    signed_in: bool = False
    # The kind of traffic of its routes, where they declare no other; unset: they declare one each.
    traffic: Traffic | None = PEOPLE

    async def __call__(self, request: Request) -> Any:
        """Return who is asking. Raises Unauthenticated, or Forbidden with the remedy."""
        # Asked before the body is read, and again as a dependency of the route.
        if request.scope.get(LET_IN, (None, None))[0] is self:
            return request.scope[LET_IN][1]
        caller = await admission.caller(request, runtime(request))
        limits.spend(request.scope, caller.scope)
        await credentials.prove_intent(request)
        found = self._let_in(caller)
        request.scope[LET_IN] = (self, found)
        return found

    def _let_in(self, caller: credentials.Caller) -> Any:
        scope, role = caller.scope, role_of(caller.scope)
        if role in self.roles and self.signed_in <= (caller.session is not None):
            return caller.session if self.signed_in else scope
        kind, _, _ = role.partition(" ")
        own = any(each.startswith(kind) for each in self.roles)
        raise errors.Forbidden(
            self.viewers if self.viewers and own and role in rights.VIEWERS else self.remedy
        )


ROLES = rights.PEOPLE | {"appliance"}

_FOR_OPERATORS = "This is for operators: sign in as one, or use an operator's token."
_FOR_PARTNERS = "This is for partners: sign in as one of their people, or use a partner's API key."
_FOR_CLIENTS = "This is for an organization's people: sign in as one of them."
_FOR_BOTH = "This is for operators and partners: sign in as one of them, or use their key."
_FOR_OWNERS = (
    "This is for owners of a partner: technicians and API keys manage neither people nor keys. "
    "Ask an owner to sign in and do it."
)
_LOOK = "Viewers may look but not change: ask "

APPLIANCE = Audience(
    name="appliance",
    roles=frozenset({"appliance"}),
    remedy="This is for appliances: use a site's key.",
    traffic=None,
)
READER = Audience(name="operator", roles=rights.OPERATORS, remedy=_FOR_OPERATORS)
ADMIN = Audience(
    name="operator admin",
    roles=rights.OPERATORS - rights.VIEWERS,
    remedy=_FOR_OPERATORS,
    viewers=_LOOK + "an admin.",
)
PARTNER_READER = Audience(name="partner", roles=rights.PARTNERS, remedy=_FOR_PARTNERS)
PARTNER_ACTOR = Audience(
    name="partner actor",
    roles=rights.PARTNERS - rights.VIEWERS,
    remedy=_FOR_PARTNERS,
    viewers=_LOOK + "a technician or an owner.",
)
PARTNER_OWNER = Audience(
    name="partner owner", roles=frozenset({"partner owner"}), remedy=_FOR_OWNERS
)
CLIENT_READER = Audience(name="client", roles=rights.CLIENTS, remedy=_FOR_CLIENTS)
CLIENT_ADMIN = Audience(
    name="client admin",
    roles=rights.CLIENTS - rights.VIEWERS,
    remedy=_FOR_CLIENTS,
    viewers=_LOOK + "an admin of your organization.",
)
OPERATOR_OR_PARTNER_READER = Audience(
    name="operator or partner", roles=rights.OPERATORS | rights.PARTNERS, remedy=_FOR_BOTH
)
OPERATOR_OR_PARTNER_ACTOR = Audience(
    name="operator or partner actor",
    roles=(rights.OPERATORS | rights.PARTNERS) - rights.VIEWERS,
    remedy=_FOR_BOTH,
    viewers=_LOOK + "an admin, an owner or a technician.",
)
PEOPLE_READER = Audience(
    name="people",
    roles=rights.OPERATORS | rights.PARTNERS | rights.CLIENTS,
    remedy="This is for people: sign in, or use a partner's API key or an operator's token.",
)
SIGNED_IN = Audience(
    name="signed in",
    roles=ROLES - {"appliance", "partner key"},
    remedy="This is for people who signed in: keys and tokens have no session.",
    signed_in=True,
)


async def public() -> None:
    """Declare that a route is for everyone."""


PUBLIC = [Depends(public)]
_EVERYONE = Audience(name="public", roles=ROLES | {"nobody"}, remedy="", traffic=None)

# What a route may depend on to say for whom it is; a route depends on exactly one of these.
AUDIENCES: dict[object, Audience] = {
    public: _EVERYONE,
    APPLIANCE: APPLIANCE,
    READER: READER,
    ADMIN: ADMIN,
    PARTNER_READER: PARTNER_READER,
    PARTNER_ACTOR: PARTNER_ACTOR,
    PARTNER_OWNER: PARTNER_OWNER,
    CLIENT_READER: CLIENT_READER,
    CLIENT_ADMIN: CLIENT_ADMIN,
    OPERATOR_OR_PARTNER_READER: OPERATOR_OR_PARTNER_READER,
    OPERATOR_OR_PARTNER_ACTOR: OPERATOR_OR_PARTNER_ACTOR,
    PEOPLE_READER: PEOPLE_READER,
    SIGNED_IN: SIGNED_IN,
}

Appliance = Annotated[ApplianceScope, Depends(APPLIANCE)]
Reader = Annotated[OperatorScope, Depends(READER)]
Admin = Annotated[OperatorScope, Depends(ADMIN)]
PartnerReader = Annotated[PartnerScope, Depends(PARTNER_READER)]
PartnerActor = Annotated[PartnerScope, Depends(PARTNER_ACTOR)]
PartnerOwner = Annotated[PartnerScope, Depends(PARTNER_OWNER)]
ClientReader = Annotated[ClientScope, Depends(CLIENT_READER)]
ClientAdmin = Annotated[ClientScope, Depends(CLIENT_ADMIN)]
OperatorOrPartnerReader = Annotated[
    OperatorScope | PartnerScope, Depends(OPERATOR_OR_PARTNER_READER)
]
OperatorOrPartnerActor = Annotated[OperatorScope | PartnerScope, Depends(OPERATOR_OR_PARTNER_ACTOR)]
PeopleReader = Annotated[PersonScope, Depends(PEOPLE_READER)]
SignedIn = Annotated[Session, Depends(SIGNED_IN)]


def own_site(scope: ApplianceScope, site_id: object) -> None:
    """Check a ``site_id`` from path, query or body. Raises ForeignSite unless it is the key's."""
    if site_id is None or site_id in {scope.site_slug, str(scope.site_id)}:
        return
    raise errors.ForeignSite(
        "The key belongs to another site than `site_id` says: use its own key."
    )


def audience(route: APIRoute) -> Audience | None:
    """Return the audience that a route declares, or None: exactly one is the rule."""
    declared = {call for call in _calls(route.dependant) if call in AUDIENCES}
    return AUDIENCES[declared.pop()] if len(declared) == 1 else None


def traffic(route: APIRoute) -> Traffic:
    """Return the kind of traffic of a route. Raises SetupError unless it is exactly one."""
    declared = {call for call in _calls(route.dependant) if isinstance(call, Traffic)}
    if len(declared) == 1:
        return declared.pop()
    let_in = audience(route)
    if declared or let_in is None or let_in.traffic is None:
        raise errors.SetupError(
            f"route {route.path} declares no kind of traffic, or several: see web/traffic.py"
        )
    return let_in.traffic


def guarded(route: APIRoute) -> APIRoute:
    """Return a route that asks who is there before anything of the body is read or parsed.

    The framework reads bodies first and resolves dependencies then.
    """
    let_in = audience(route)
    if let_in is None or let_in is _EVERYONE:
        return route
    handler = route.get_route_handler()

    async def answer(request: Request) -> Response:
        await let_in(request)
        return await handler(request)

    copied = copy.copy(route)
    copied.app = request_response(answer)
    return copied


def check_routes(app: FastAPI) -> None:
    """Reject routes without one audience and kind of traffic, and two for one path.

    Raises SetupError.
    """
    seen = set()
    for route in app.routes:
        if not isinstance(route, APIRoute):
            continue
        if audience(route) is None:
            raise errors.SetupError(
                f"route {route.path} declares no audience, or several: see web/access.py"
            )
        traffic(route)
        for method in route.methods or ():
            if (method, route.path) in seen:
                raise errors.SetupError(f"two routes for {method} {route.path}: remove one")
            seen.add((method, route.path))


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)

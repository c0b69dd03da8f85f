"""Pages on which people say of an appliance that it is gone, another one, or two machines.

Partners and operators share them; ``Place`` tells the paths of each.
"""

from uuid import UUID

from fastapi import Request, Response

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.store.accounts import Site
from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.fleet.actions.appliance_removals import ALIVE
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.fleet.routes import site_alarms, site_appliances
from flywheel_server.fleet.routes.site_appliances import MergeBody, OutcomeView
from flywheel_server.fleet.store import appliance_identities as identities, appliances
from flywheel_server.overview.pages.fleets import Place
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

VERBS = frozenset({"remove", "merge", "split"})
Person = OperatorScope | PartnerScope
_GONE = "The site has no such appliance any more: it was removed, or merged into another one."


async def page(
    request: Request,
    scope: Person,
    parts: Runtime,
    place: Place,
    id: UUID,
    appliance_id: UUID,
    verb: str,
) -> Response:
    """Show an appliance with the form that removes, merges or splits it."""
    _known(verb)
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        site, one, others = await _found(connection, id, appliance_id)
        if one is None:
            return frame.go(place.site(id), _GONE, kind="trouble")
        turns = await identities.taking_turns(
            connection, now - site_alarms.TURNS_COUNT_FOR, site_id=site.id, limit=1_000
        )
        keys = await identities.of_appliance(connection, one.id)
    alike = [each for each in others if _alike(one, each)]
    return frame.page(
        request,
        scope,
        "appliance_deed.html",
        place=place,
        site=site,
        appliance=one,
        verb=verb,
        # The likeliest first.
        others=alike + [each for each in others if each not in alike],
        alike=alike,
        alive=one.last_seen_at > now - ALIVE,
        identities=keys,
        turns=next((each for each in turns if each.appliance_id == one.id), None),
    )


async def do(
    request: Request,
    scope: Person,
    parts: Runtime,
    place: Place,
    id: UUID,
    appliance_id: UUID,
    verb: str,
) -> Response:
    """Remove, merge or split an appliance."""
    _known(verb)
    given = await forms.texts(request)
    deed = _deed(scope, parts, str(id), str(appliance_id), verb, given)
    return await forms.attempt(place.site(id), deed, lambda outcome: _said(verb, outcome))


async def _deed(
    scope: Person, parts: Runtime, site: str, appliance: str, verb: str, given: dict[str, str]
) -> OutcomeView:
    reason = given.get("reason", "")
    if verb == "merge":
        merge = forms.checked(MergeBody, {"reason": reason, "into": given.get("into", "")})
        return await site_appliances.merge(scope, parts, site, appliance, merge)
    body = forms.checked(ReasonBody, {"reason": reason})
    act = site_appliances.remove if verb == "remove" else site_appliances.split
    return await act(scope, parts, site, appliance, body)


async def _found(
    connection: Connection, id: UUID, appliance_id: UUID
) -> tuple[Site, Appliance | None, list[Appliance]]:
    site = await accounts.find_site(connection, str(id))
    if site is None:
        raise errors.NotFound("There is no such site: choose one from the fleet.")
    present = await appliances.of_site(connection, site.id)
    one = next((each for each in present if each.id == appliance_id), None)
    others = [each for each in present if each.id != appliance_id]
    return site, one, sorted(others, key=lambda each: each.last_seen_at, reverse=True)


def _alike(one: Appliance, other: Appliance) -> bool:
    """Say whether two appliances look like one machine that was registered twice."""
    same_key = one.agent_public_key is not None and one.agent_public_key == other.agent_public_key
    return same_key or bool(one.hostname and one.hostname == other.hostname)


def _known(verb: str) -> None:
    if verb not in VERBS:
        raise errors.NotFound(
            "An appliance is removed, merged or split: choose on its site's page."
        )


def _said(verb: str, outcome: OutcomeView) -> str:
    orders = len(outcome.cancelled_orders)
    ended = f" {orders} open {'order' if orders == 1 else 'orders'} ended." if orders else ""
    if verb == "remove":
        return f"{outcome.appliance_id} is removed; it is back if it checks in again.{ended}"
    if verb == "merge":
        return f"{outcome.others[0]} is {outcome.appliance_id} from now on.{ended}"
    return f"{outcome.appliance_id} is told apart from {', '.join(outcome.others)}."

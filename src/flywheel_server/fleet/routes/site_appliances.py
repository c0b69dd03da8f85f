"""What operators and a site's partner say of an appliance: it is gone, it is another, it is two."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.store.accounts import Site
from flywheel_server.accounts.views.bodies import Name, ReasonBody, View
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.fleet.actions import appliance_removals as actions
from flywheel_server.fleet.actions.appliance_removals import Outcome, Person
from flywheel_server.fleet.routes.operator_sites import ApplianceRef, SiteRef
from flywheel_server.fleet.store import appliances
from flywheel_server.web.access import OperatorOrPartnerActor, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/sites/{site_id}/appliances", tags=["operators: sites"])

_WIRE_ID = "site-lab-01-02:00:5E:10:00:01"
Deed = Callable[[Connection, Site, UUID], Awaitable[Outcome]]


class MergeBody(ReasonBody):
    """Which appliance this one really is."""

    into: Name = Field(
        description="The appliance that stays, here or on the wire.", examples=[_WIRE_ID]
    )


class OutcomeView(View):
    """What became of it."""

    appliance_id: str = Field(
        description="The appliance that was removed, or that stays.", examples=[_WIRE_ID]
    )
    others: list[str] = Field(
        description="What was merged into it, or what it was split into.", examples=[[]]
    )
    cancelled_orders: list[str] = Field(
        description="Open orders that ended with it.", examples=[[]]
    )


@router.post("/{appliance_id}/remove")
async def remove(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    body: ReasonBody,
) -> OutcomeView:
    """Remove an appliance that is gone; it is back if it checks in again. Its facts stay."""

    async def deed(connection: Connection, site: Site, id: UUID) -> Outcome:
        return await actions.remove(
            connection, scope, site, id, reason=body.reason, now=clock.now()
        )

    return await _do(scope, parts, site_id, appliance_id, deed)


@router.post("/{appliance_id}/merge")
async def merge(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    body: MergeBody,
) -> OutcomeView:
    """Merge an appliance into another one that is the same machine; everything follows it."""
    async with db.transaction(parts.database, scope) as connection:
        into = await _found(connection, site_id, body.into)

    async def deed(connection: Connection, site: Site, id: UUID) -> Outcome:
        return await actions.merge(
            connection, scope, site, id, into[1], reason=body.reason, now=clock.now()
        )

    return await _do(scope, parts, site_id, appliance_id, deed)


@router.post("/{appliance_id}/split")
async def split(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    body: ReasonBody,
) -> OutcomeView:
    """Make an appliance that several machines check in as one appliance for each of them."""

    async def deed(connection: Connection, site: Site, id: UUID) -> Outcome:
        return await actions.split(connection, scope, site, id, reason=body.reason, now=clock.now())

    return await _do(scope, parts, site_id, appliance_id, deed)


async def _do(
    scope: Person, parts: Runtime, site_id: str, appliance_id: str, deed: Deed
) -> OutcomeView:
    """Find the appliance in the person's own scope, then do what is said of it."""
    async with db.transaction(parts.database, scope) as connection:
        site, id = await _found(connection, site_id, appliance_id)
    async with db.transaction(parts.database, actions.SCOPE) as connection:
        outcome = await deed(connection, site, id)
    return OutcomeView(
        appliance_id=outcome.appliance.wire_id,
        others=list(outcome.others),
        cancelled_orders=list(outcome.cancelled_orders),
    )


async def _found(connection: Connection, site_id: str, text: str) -> tuple[Site, UUID]:
    site = await accounts.find_site(connection, site_id)
    found = None if site is None else await appliances.resolve(connection, site.id, text)
    if site is None or found is None:
        raise errors.NotFound("There is no such appliance: check the site's and its own id.")
    return site, found.id

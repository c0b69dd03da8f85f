"""What of its quotas a site uses: shown to operators and its partner, spent by its appliances."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from flywheel_server.accounts.queries import filters as tenant_filters
from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import clock, db
from flywheel_server.fleet.model import quotas as domain
from flywheel_server.fleet.model.quotas import Kind
from flywheel_server.fleet.routes.operator_sites import SiteRef
from flywheel_server.fleet.store import quotas as store
from flywheel_server.policy import store as policies
from flywheel_server.web.access import Appliance, OperatorOrPartnerReader, RuntimeDep

router = APIRouter(prefix="/api/sites/{site_id}/quotas", tags=["operators: sites"])


class QuotaView(View):
    """One quota of a site."""

    kind: Kind = Field(description="Of what.", examples=["executions"])
    what: str = Field(description="In words.", examples=["bytes of executions a day"])
    used: int = Field(description="How much of it is used.", examples=[1048576])
    limit: int = Field(description="How much the site may use.", examples=[2147483648])
    near: bool = Field(description="Whether this is an alarm: from 80 % on.", examples=[False])
    reached: bool = Field(description="Whether more is refused.", examples=[False])
    policy_value: str = Field(
        description="What an operator raises.", examples=["quota_mib_per_day"]
    )


class QuotasView(View):
    """Every quota of a site."""

    items: list[QuotaView] = Field(description="Traffic of today (UTC) first, then rows.")


@router.get("")
async def list_quotas(
    scope: OperatorOrPartnerReader, parts: RuntimeDep, site_id: SiteRef
) -> QuotasView:
    """Return how much of each quota a site uses; rows are counted by the loop."""
    async with db.transaction(parts.database, scope) as connection:
        site = await tenant_filters.site(connection, site_id)
        policy = await policies.in_force(connection)
        found = await store.of_site(connection, site.id, policy, clock.now())
    return QuotasView(
        items=[
            QuotaView(
                kind=each.kind,
                what=domain.WORDS[each.kind],
                used=each.used,
                limit=each.limit,
                near=each.near,
                reached=each.reached,
                policy_value=domain.VALUES[each.kind],
            )
            for each in found
        ]
    )


async def spend(request: Request, scope: Appliance, parts: RuntimeDep) -> None:
    """Count the body of a report. Raises QuotaReached."""
    parts.usage.take(scope.site_id, "reports", len(await request.body()), clock.now())


Spent = Annotated[None, Depends(spend)]

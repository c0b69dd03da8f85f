"""Orders, for appliances: what to do next, and what came of it. Every answer is 200 on a repeat.

An order's id is opaque and may hold ``:``, ``::`` and whatever else a path can carry.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.actions import order_completions
from flywheel_server.fleet.model.appliances import Appliance as RegisteredAppliance
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import actions
from flywheel_server.orders.model import orders, outcomes
from flywheel_server.orders.model.orders import Order
from flywheel_server.web import access, bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import FreeObject, FreeText
from flywheel_server.web.json_bodies import JsonRoute

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.ORDERS)],
    strict_content_type=False,
    route_class=JsonRoute,
)

_LONGEST_PATH = 1_000
OrderId = Annotated[
    str,
    Path(
        max_length=_LONGEST_PATH,
        description="The order's id, whatever characters it holds.",
        examples=["9f1c5f0e-6d0b-4f0e-8a55-6f2f4f4d2a11"],
    ),
]
_WIRE_ID = "site-lab-01-02:00:5E:10:00:01"


class WireOrder(BaseModel):
    """An order as appliances read it: they verify `signed_payload`, then carry it out."""

    order_id: str = Field(description="Its id.", examples=["9f1c5f0e-6d0b-4f0e-8a55-6f2f4f4d2a11"])
    order_type: str = Field(description="What to do.", examples=["healing"])
    parameters: dict[str, Any] = Field(
        description="Exactly the signed ones.", examples=[{"runbook_id": "RB-WIN-SEC-001"}]
    )
    priority: int = Field(description="Lower comes first.", examples=[5])
    created_at: str = Field(description="When it was issued.", examples=["2026-02-24T10:00:00Z"])
    expires_at: str = Field(description="Its deadline.", examples=["2026-02-25T10:00:00Z"])
    runbook_id: str | None = Field(
        default=None, description="Only of healing orders.", examples=["RB-WIN-SEC-001"]
    )
    nonce: str = Field(description="32 hex digits, never again.", examples=["00112233…"])
    signature: str = Field(description="Ed25519 over `signed_payload`, hex.", examples=["8f1c…"])
    signed_payload: str = Field(
        description="JSON with sorted keys, `, ` and `: `, that names the one target.",
        examples=['{"created_at": "2026-02-24T10:00:00Z", …}'],
    )


class PendingAnswer(BaseModel):
    """What an appliance shall do next."""

    site_id: str = Field(description="Its site.", examples=["site-lab-01"])
    appliance_id: str = Field(description="Its id on the wire.", examples=[_WIRE_ID])
    orders: list[WireOrder] = Field(description="Neither acknowledged nor past their deadline.")
    count: int = Field(description="How many there are.", examples=[0])


class FleetAnswer(BaseModel):
    """The same for daemons whose check-in failed."""

    orders: list[WireOrder] = Field(description="Neither acknowledged nor past their deadline.")


class AcknowledgeAnswer(BaseModel):
    """That the server knows."""

    status: Literal["acknowledged", "already_acknowledged"] = Field(
        description="Whether this was the first word of it.", examples=["acknowledged"]
    )
    order_id: str = Field(description="The order.", examples=["9f1c5f0e"])


class CompleteBody(bodies.Body):
    """What came of an order. Only `success` is strict: no order stays open for a text."""

    success: bool = Field(description="Whether it was carried out.", examples=[True])
    result: FreeObject | None = Field(
        default=None,
        description="What it gave. An error in it is a failure, whatever `success` says.",
        examples=[{"status": "deployed"}],
    )
    error_message: FreeText | None = Field(
        default=None, description="Why not.", examples=["unknown order type"]
    )


class CompleteAnswer(BaseModel):
    """That the server knows."""

    status: Literal["completed", "already_completed", "recorded_late"] = Field(
        description="`recorded_late`: kept, but the order was over already.", examples=["completed"]
    )
    order_id: str = Field(description="The order.", examples=["9f1c5f0e"])
    outcome: outcomes.Outcome | None = Field(
        default=None,
        description="Healing orders: what the appliance's words mean; `unknown`: carried out, and "
        "the report of it was lost.",
        examples=["success"],
    )
    standing: outcomes.Standing | None = Field(
        default=None,
        description="Healing orders: `claimed` where this agent version cannot know.",
        examples=["observed"],
    )


@router.get(
    "/api/sites/{site_id}/appliances/{appliance_id}/orders/pending",
    response_model_exclude_unset=True,
)
async def pending(
    scope: Appliance,
    parts: RuntimeDep,
    site_id: Annotated[str, Path(max_length=_LONGEST_PATH, description="The key's site.")],
    appliance_id: Annotated[
        str, Path(max_length=_LONGEST_PATH, description="The appliance, by any of its ids.")
    ],
) -> PendingAnswer:
    """Return the orders that an appliance shall carry out next."""
    access.own_site(scope, site_id)
    appliance, found = await _pending(scope, parts.database, appliance_id)
    return PendingAnswer(
        site_id=scope.site_slug,
        appliance_id=appliance.wire_id,
        orders=[WireOrder(**orders.wire(order)) for order in found],
        count=len(found),
    )


@router.get("/api/fleet/orders/pending", response_model_exclude_unset=True)
async def fleet_pending(
    scope: Appliance,
    parts: RuntimeDep,
    appliance_id: Annotated[
        str,
        Query(
            max_length=_LONGEST_PATH,
            description="The appliance, by any of its ids.",
            examples=[_WIRE_ID],
        ),
    ],
) -> FleetAnswer:
    """Return the same orders to a daemon that could not check in."""
    _, found = await _pending(scope, parts.database, appliance_id)
    return FleetAnswer(orders=[WireOrder(**orders.wire(order)) for order in found])


@router.post("/api/orders/{order_id:path}/acknowledge")
async def acknowledge(scope: Appliance, parts: RuntimeDep, order_id: OrderId) -> AcknowledgeAnswer:
    """Note that an appliance is about to carry an order out."""
    async with db.transaction(parts.database, scope) as connection:
        status = await actions.acknowledge(connection, scope, order_id, clock.now())
    return AcknowledgeAnswer(status=status, order_id=order_id)


@router.post("/api/orders/{order_id:path}/complete", response_model_exclude_unset=True)
async def complete(
    scope: Appliance, parts: RuntimeDep, order_id: OrderId, body: CompleteBody
) -> CompleteAnswer:
    """Note what came of an order, acknowledged before or not."""
    async with db.transaction(parts.database, scope) as connection:
        status, order = await order_completions.complete(
            connection,
            scope,
            order_id,
            outcomes.Said(
                success=body.success, result=body.result, error_message=body.error_message
            ),
            now=clock.now(),
        )
    if order.kind != "healing":
        return CompleteAnswer(status=status, order_id=order_id)
    return CompleteAnswer(
        status=status, order_id=order_id, outcome=order.outcome, standing=order.standing
    )


async def _pending(
    scope: ApplianceScope, database: db.Database, text: str
) -> tuple[RegisteredAppliance, list[Order]]:
    async with db.transaction(database, scope) as connection:
        appliance = await _own(connection, scope, text)
        found = await actions.hand_out(connection, scope.site_id, appliance.id, clock.now())
    return appliance, found


async def _own(connection: Connection, scope: ApplianceScope, text: str) -> RegisteredAppliance:
    """Return the appliance that is called so. Raises NotFound unless the key is its own."""
    appliance = await appliances.resolve(connection, scope.site_id, text)
    if appliance is None or scope.appliance_id not in {None, appliance.id}:
        raise errors.NotFound(
            "The key has no such appliance: check in first, and use the id that it answers."
        )
    return appliance

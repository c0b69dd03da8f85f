"""Orders, for people: issued to one appliance, looked at, taken back. Secrets are never shown."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import Name, OperatorBody, Reason, View
from flywheel_server.core import clock, db, errors, rights
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.executions.routes.agent_orders import OrderId
from flywheel_server.executions.store import order_executions
from flywheel_server.fleet.model import heal_proofs
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import actions, store
from flywheel_server.orders.model import orders, outcomes
from flywheel_server.orders.model.orders import Draft, Order
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import rule_orders
from flywheel_server.rules.model import rules
from flywheel_server.rules.store import rules as stored_rules, runbooks
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import OperatorOrPartnerActor, OperatorOrPartnerReader, RuntimeDep
from flywheel_server.web.bodies import JsonObject

router = APIRouter(tags=["orders"])

_ORDERS = "/api/sites/{site_id}/appliances/{appliance_id}/orders"
_TIME = "2026-02-24T10:00:00Z"
_LONGEST_PATH = 1_000
SiteRef = Annotated[
    str, Path(max_length=_LONGEST_PATH, description="The site.", examples=["site-lab-01"])
]
ApplianceRef = Annotated[
    str,
    Path(
        max_length=_LONGEST_PATH,
        description="The appliance, by its id on the wire or in this server.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    ),
]


class OrderBody(OperatorBody):
    """What an appliance shall do."""

    kind: orders.Kind = Field(description="What kind of order.", examples=["run_drift"])
    order_type: Name | None = Field(
        default=None, description="Custom orders: what agents call it.", examples=["collect_dump"]
    )
    parameters: JsonObject = Field(
        default={},
        description="What the agent needs for it; `sync_promoted_rule` takes a `rule_id` alone.",
        examples=[{"target_host": "WS-TEST-30"}],
    )
    runbook_id: Name | None = Field(
        default=None, description="Healing orders: which runbook.", examples=["RB-WIN-SEC-001"]
    )
    priority: int = Field(
        default=orders.PRIORITY, ge=0, le=100, description="Lower comes first.", examples=[5]
    )
    expires_in_seconds: int = Field(
        default=int(orders.LIFETIME.total_seconds()),
        ge=int(orders.SHORTEST.total_seconds()),
        le=int(orders.LONGEST.total_seconds()),
        description="How long it may wait for the appliance.",
        examples=[3600],
    )


class CancelBody(OperatorBody):
    """Why an order is taken back."""

    reason: Reason = Field(
        default="No reason given.", description="Why, for the audit.", examples=["Wrong host."]
    )


class ProofView(BaseModel):
    """What was seen after a healing order; it says whether that healed."""

    source: heal_proofs.Source = Field(
        description="`scan`: a signed bundle of evidence; `incident`: the end of its incident.",
        examples=["scan"],
    )
    reference: str = Field(
        description="The `bundle_id`, or the incident's id.", examples=["site-lab-01-20260224"]
    )
    seen_at: dt.datetime = Field(description="When the host was looked at, UTC.", examples=[_TIME])


def proof_view(
    source: heal_proofs.Source | None, reference: str | None, seen_at: dt.datetime | None
) -> ProofView | None:
    """Return a proof as people see it; None where there is none."""
    if source is None or reference is None or seen_at is None:
        return None
    return ProofView(source=source, reference=reference, seen_at=seen_at)


class OrderView(View):
    """An order and what became of it."""

    order_id: str = Field(description="Its id.", examples=["9f1c5f0e-6d0b-4f0e-8a55-6f2f4f4d2a11"])
    appliance_id: str = Field(
        description="Its one target.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    kind: orders.Kind = Field(description="What kind of order.", examples=["healing"])
    order_type: str = Field(description="What agents call it.", examples=["healing"])
    parameters: dict[str, Any] | None = Field(
        description="As signed; null where they are secrets.", examples=[{}]
    )
    runbook_id: str | None = Field(
        description="Which runbook it runs.", examples=["RB-WIN-SEC-001"]
    )
    priority: int = Field(description="Lower comes first.", examples=[5])
    status: orders.State = Field(description="Where it stands.", examples=["pending"])
    issued_by: str = Field(description="Who issued it.", examples=["admin@example.com"])
    created_at: dt.datetime = Field(description="When.", examples=[_TIME])
    expires_at: dt.datetime = Field(description="Its deadline.", examples=[_TIME])
    handed_out_at: dt.datetime | None = Field(
        description="When the appliance was first told of it.", examples=[_TIME]
    )
    acknowledged_at: dt.datetime | None = Field(
        description="When the appliance said that it has it.", examples=[None]
    )
    finished_at: dt.datetime | None = Field(description="When it was over.", examples=[None])
    reported_at: dt.datetime | None = Field(
        description="When the appliance said what came of it, perhaps too late.", examples=[None]
    )
    success: bool | None = Field(description="What it said.", examples=[None])
    result: dict[str, Any] | None = Field(description="What it gave.", examples=[None])
    error_message: str | None = Field(description="Why not.", examples=[None])
    outcome: outcomes.Outcome | None = Field(
        description="What its words mean, or what a later scan showed; `unknown`: carried out, and "
        "the report of it was lost.",
        examples=["success"],
    )
    standing: outcomes.Standing | None = Field(
        description="`claimed`: this agent version cannot know; `verified`: a check or a later "
        "scan says so.",
        examples=["observed"],
    )
    proof: ProofView | None = Field(
        description="Healing orders: the first look at its host's check after it was reported, "
        "within a day; null: none yet.",
        examples=[None],
    )
    meaning: str | None = Field(
        description="The end in words, where the status alone would mislead.",
        examples=[orders.REPORT_LOST],
    )
    caution: str | None = Field(
        description="While it is open: what the appliance's agent version does not do.",
        examples=[f"{orders.ACKNOWLEDGES_ONLY} {orders.WHAT_WORKS}"],
    )


class IssuedView(OrderView):
    """A new order."""

    nonce: str | None = Field(description="Its nonce.", examples=["00112233…"])
    signature: str | None = Field(
        description="Ed25519 over `signed_payload`; null where that is secret.", examples=["8f1c…"]
    )
    signed_payload: str | None = Field(
        description="Exactly what is signed; null where it is secret.", examples=["{…}"]
    )


@router.post(_ORDERS, status_code=201)
async def issue(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    body: OrderBody,
) -> IssuedView:
    """Order one appliance to do something; it gets the order at its next check-in or poll."""
    # Before the transaction: it may need one of its own.
    signer = await parts.signers.get()
    async with db.transaction(parts.database, scope) as connection:
        appliance = await _appliance(connection, site_id, appliance_id)
        draft = await _draft(connection, appliance, body)
        if draft.kind == "custom":
            await _may_order_anything(connection, scope)
        order = await actions.issue(connection, scope, signer, appliance, draft, now=clock.now())
    secret = order.kind in orders.SECRET
    return IssuedView(
        **_shown(order, appliance.agent_version),
        nonce=order.nonce,
        signature=None if secret else order.signature,
        signed_payload=None if secret else order.signed_payload,
    )


@router.get(_ORDERS)
async def list_orders(
    scope: OperatorOrPartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site_id: SiteRef,
    appliance_id: ApplianceRef,
    status: Annotated[list[orders.State] | None, Query(description="Only in these states.")] = None,
) -> pages.Listing[OrderView]:
    """List an appliance's orders, oldest first."""
    after = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        appliance = await _appliance(connection, site_id, appliance_id)
        rows = await store.page(
            connection,
            appliance.site_id,
            appliance.id,
            states=status,
            after=after,  # type: ignore[arg-type]
            limit=page.limit + 1,
        )
    return pages.listing(
        rows,
        page,
        lambda row: (row.created_at, row.id),
        lambda row: OrderView(**_shown(row, appliance.agent_version)),
    )


@router.post("/api/orders/{order_id:path}/cancel")
async def cancel(
    scope: OperatorOrPartnerActor,
    parts: RuntimeDep,
    order_id: OrderId,
    body: CancelBody | None = None,
) -> OrderView:
    """Take back an order that is not over; what the appliance began already it may still finish."""
    reason = (body or CancelBody()).reason
    async with db.transaction(parts.database, scope) as connection:
        order = await actions.cancel(connection, scope, order_id, reason=reason, now=clock.now())
    return OrderView(**_shown(order, ""))


async def _appliance(connection: Connection, site_id: str, appliance_id: str) -> Appliance:
    site = await accounts.find_site(connection, site_id)
    if site is None:
        raise errors.NotFound("There is no such site: check the `site_id` in the path.")
    appliance = await appliances.resolve(connection, site.id, appliance_id)
    if appliance is None:
        raise errors.NotFound("The site has no such appliance: use an id that a list shows.")
    return appliance


async def _may_order_anything(connection: Connection, scope: OperatorScope | PartnerScope) -> None:
    """Refuse an order of words of one's own but by who may send it. Raises Forbidden.

    An agent carries out what it knows by that word, whatever this server knows of it.
    """
    if not (await policies.in_force(connection)).custom_orders:
        raise errors.Forbidden(
            "Custom orders are switched off: an operator switches them on by the policy value "
            "`custom_orders`."
        )
    if not rights.may_order_anything(scope):
        raise errors.Forbidden(
            "Custom orders are for operators and for owners of a partner: ask one of them."
        )


async def _draft(connection: Connection, appliance: Appliance, body: OrderBody) -> Draft:
    lifetime = dt.timedelta(seconds=body.expires_in_seconds)
    if body.kind == "sync_promoted_rule":
        return await _rule_draft(connection, appliance, body, lifetime)
    draft = orders.draft(
        body.kind,
        await _parameters(connection, appliance, body),
        order_type=body.order_type,
        runbook_id=body.runbook_id,
        priority=body.priority,
        lifetime=lifetime,
    )
    if draft.runbook_id is not None:
        runbook = await runbooks.get(connection, draft.runbook_id)
        if runbook is None or not runbook.executable:
            raise errors.InvalidInput(
                "No appliance can run this `runbook_id`: choose an executable one."
            )
    return draft


async def _parameters(
    connection: Connection, appliance: Appliance, body: OrderBody
) -> dict[str, Any]:
    """Return an order's parameters; a healing order also names its host and check, if known.

    Newer daemons resolve their incident by these, and later scans of them prove the heal.
    """
    given = body.parameters
    if body.kind != "healing":
        return given
    incident_id = given.get("incident_id")
    known = None
    if isinstance(incident_id, str) and incident_id:
        known = await order_executions.incident(connection, appliance.site_id, incident_id)
    check = given.get("incident_type") or (known and known.incident_type)
    if check and not given.get("check_type"):
        given = given | {"check_type": check}
    if known and known.hostname and not (given.get("target_host") or given.get("hostname")):
        given = given | {"target_host": known.hostname, "hostname": known.hostname}
    return given


async def _rule_draft(
    connection: Connection, appliance: Appliance, body: OrderBody, lifetime: dt.timedelta
) -> Draft:
    """Return the order that carries a rule which the appliance's site has anyway."""
    rule_id = body.parameters.get("rule_id")
    if set(body.parameters) != {"rule_id"} or not isinstance(rule_id, str):
        raise errors.InvalidInput(
            "Give the `rule_id` alone as `parameters`: the rule's text is the server's."
        )
    tenancy = await stored_rules.tenancy(connection, appliance.site_id)
    served = rules.desired(
        await stored_rules.for_site(connection, appliance.site_id), tenancy.healing_tier
    )
    for rule in served:
        if rule.rule_id == rule_id and rule.source != "synced":
            return rule_orders.rule_draft(rule, priority=body.priority, lifetime=lifetime)
    raise errors.InvalidInput("The site has no enabled learnt or custom rule with this `rule_id`.")


def _shown(order: Order, agent_version: str) -> dict[str, Any]:
    signed = order.signed
    secret = order.kind in orders.SECRET
    return {
        "order_id": order.id,
        "appliance_id": signed["target_appliance_id"],
        "parameters": orders.shown_parameters(order),
        "runbook_id": signed.get("runbook_id"),
        "status": order.state,
        "result": None if secret else order.result,
        "meaning": orders.meaning(
            order.kind,
            order.outcome,
            order.standing,
            order.proof_source,
            provable=orders.provable(order),
        ),
        "proof": proof_view(order.proof_source, order.proof_reference, order.proof_seen_at),
        "caution": orders.caution(order.kind, [agent_version]) if order.live else None,
        **{
            name: getattr(order, name)
            for name in (
                "kind",
                "order_type",
                "priority",
                "issued_by",
                "created_at",
                "expires_at",
                "handed_out_at",
                "acknowledged_at",
                "finished_at",
                "reported_at",
                "success",
                "error_message",
                "outcome",
                "standing",
            )
        },
    }

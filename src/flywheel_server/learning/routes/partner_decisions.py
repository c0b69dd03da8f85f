"""Decisions, for partners: one candidate or fifty, and switching the rules that came of them."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import OperatorBody, Reason, ReasonBody, RuleName, View
from flywheel_server.accounts.views.sites import PlaceView, SiteFilterDep
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PartnerScope
from flywheel_server.learning.actions import bulk
from flywheel_server.learning.actions.bulk import Outcome
from flywheel_server.learning.routes import decisions
from flywheel_server.learning.routes.decisions import Approval, CandidateId
from flywheel_server.learning.routes.views import DecisionView, Notes, ReopenedView
from flywheel_server.learning.store import candidates, promotions
from flywheel_server.learning.store.promotions import Origin
from flywheel_server.rules.actions import rules as actions
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import deliveries
from flywheel_server.rules.views import delivery_notes
from flywheel_server.rules.views.delivery_notes import AgentNoteView
from flywheel_server.web import bodies, keysets as pages, rates
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/partners/me/learning", tags=["partners: decisions"])

_TIME = "2026-02-24T10:00:00Z"
_LONGEST_ID = 64
PatternIds = Annotated[
    list[Annotated[bodies.Text, Field(max_length=_LONGEST_ID)]],
    Field(min_length=1, max_length=bulk.MOST_ITEMS),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description=(
            "The same key again repeats the answer and changes nothing, "
            f"for {bulk.REPEATABLE_DAYS} days."
        ),
    ),
]
RuleRef = Annotated[
    str, Path(description="The rule's `id` or `rule_id`.", examples=["L1-firewall-status-1"])
]


class BulkApproveBody(OperatorBody):
    """What to approve."""

    pattern_ids: PatternIds = Field(
        description="At most 50 candidates.", examples=[["9f86d081884c7d65"]]
    )
    notes: Notes | None = Field(None, description="Why, for each.", examples=["Seen it work."])
    deploy_immediately: bool = Field(
        True, description="Order the sites' appliances to take the rules now."
    )
    dry_run: bool = Field(False, description="Only say what would happen.")


class BulkRejectBody(OperatorBody):
    """What to reject."""

    pattern_ids: PatternIds = Field(
        description="At most 50 candidates.", examples=[["9f86d081884c7d65"]]
    )
    reason: Reason = Field(description="Why, for each.", examples=["Handled elsewhere."])
    dry_run: bool = Field(False, description="Only say what would happen.")


class BulkItem(View):
    """What became of one candidate."""

    pattern_id: str = Field(description="Which.", examples=["9f86d081884c7d65"])
    verdict: bulk.Verdict = Field(
        description="skipped: no candidate now, or named twice; conflict: decided already"
    )
    reason: str | None = Field(description="Why nothing was decided.", examples=[None])
    rule_id: str | None = Field(description="The rule that came of it.", examples=[None])
    delivery_is_final: bool | None = Field(
        None, description=f"{delivery_notes.FINAL} Null: nothing is delivered.", examples=[True]
    )


class BulkView(BaseModel):
    """What became of all, in the order in which they were named."""

    results: list[BulkItem] = Field(description="One for each.")
    counts: dict[str, int] = Field(description="How many of each verdict.")
    dry_run: bool = Field(description="True: nothing was changed.", examples=[False])
    repeated: bool = Field(
        description="True: answered before under this Idempotency-Key.", examples=[False]
    )


class PromotedRule(View):
    """A rule that a candidate became, and what it did since."""

    id: UUID = Field(description="Its id.")
    rule_id: str = Field(description="Its id on appliances.", examples=["L1-firewall-status-1"])
    name: str = Field(description="Its name on appliances.", examples=["Firewall on"])
    custom_name: str | None = Field(
        description="As people call it: its approver, or who renamed it.", examples=[None]
    )
    site: PlaceView = Field(description="Whose appliances get it.")
    incident_type: str = Field(description="What it heals.", examples=["firewall_status"])
    runbook_id: str | None = Field(description="By which runbook.", examples=["RB-WIN-SEC-001"])
    state: str = Field(description="enabled, disabled or withdrawn", examples=["enabled"])
    enabled: bool = Field(description="Whether it is served.", examples=[True])
    disabled_reason: str | None = Field(description="Why it is not.", examples=[None])
    enabled_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])
    withdrawn_at: dt.datetime | None = Field(description="When it failed.", examples=[None])
    matches: int = Field(description="Its L1 executions.", examples=[21])
    success: SuccessView = Field(description="How often it healed.")
    success_rate: float | None = Field(description="Null without attempts.", examples=[0.95])
    promoted_at: dt.datetime = Field(description="When it was approved.", examples=[_TIME])
    promoted_by: str | None = Field(description="By whom.", examples=["pat@example.com"])
    tier: str | None = Field(description="client, partner or operator", examples=["partner"])
    notes: str | None = Field(description="Why, in their words.", examples=[None])
    pattern_id: str | None = Field(description="The first candidate.", examples=[None])
    hosts: int = Field(description="How many candidates share it.", examples=[1])
    delivery_is_final: bool = Field(
        description="Whether an appliance that has it keeps it: switching off does not remove it.",
        examples=[True],
    )
    delivery: list[AgentNoteView] = Field(
        description="What switching off means on the appliances that have it, and the remedy."
    )


class StatusBody(OperatorBody):
    """What to switch a rule to."""

    enabled: bool = Field(description="Whether it shall be served.", examples=[False])
    reason: Reason = Field(description="Why.", examples=["Restarts what must stay stopped."])


@router.post("/candidates/bulk-approve")
async def approve_many(
    scope: PartnerActor,
    parts: RuntimeDep,
    body: BulkApproveBody,
    idempotency_key: IdempotencyKey = None,
) -> BulkView:
    """Approve up to 50 candidates, each as if alone, with a verdict for each."""
    deed = bulk.Approval(
        notes=(body.notes or "").strip() or None,
        deploy_immediately=body.deploy_immediately,
        signer=await parts.signers.get(),
    )
    return await _bulk(parts, scope, body.pattern_ids, deed, body.dry_run, idempotency_key)


@router.post("/candidates/bulk-reject")
async def reject_many(
    scope: PartnerActor,
    parts: RuntimeDep,
    body: BulkRejectBody,
    idempotency_key: IdempotencyKey = None,
) -> BulkView:
    """Reject up to 50 candidates, each as if alone, with a verdict for each."""
    deed = bulk.Rejection(reason=body.reason)
    return await _bulk(parts, scope, body.pattern_ids, deed, body.dry_run, idempotency_key)


@router.post("/candidates/{candidate_id}/approve")
async def approve_candidate(
    scope: PartnerActor, parts: RuntimeDep, candidate_id: CandidateId, body: Approval
) -> DecisionView:
    """Approve a candidate: its rule reaches the site's appliances."""
    return await decisions.approve(parts, scope, candidate_id, body)


@router.post("/candidates/{candidate_id}/reject")
async def reject_candidate(
    scope: PartnerActor, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> DecisionView:
    """Reject a candidate, until it is reopened."""
    return await decisions.reject(parts, scope, candidate_id, body.reason)


@router.post("/candidates/{candidate_id}/reopen")
async def reopen_candidate(
    scope: PartnerActor, parts: RuntimeDep, candidate_id: CandidateId, body: ReasonBody
) -> ReopenedView:
    """Take a rejection back: the candidate is what its facts say now."""
    return await decisions.reopen(parts, scope, candidate_id, body.reason)


@router.get("/promoted-rules")
async def list_promoted_rules(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    enabled: Annotated[bool | None, Query(description="Only such.")] = None,
    text: Annotated[
        str | None, Query(min_length=1, max_length=300, description="In its ids, type or name.")
    ] = None,
) -> pages.Listing[PromotedRule]:
    """List the rules that candidates of your sites became, the newest first."""
    async with db.transaction(parts.database, scope) as connection:
        rows = await promotions.rules_page(
            connection,
            site_id=await site.find(connection),
            enabled=enabled,
            text=text,
            before=page.after(UUID),
            limit=page.limit + 1,
        )
        holders = await deliveries.holders(connection, [rule.id for _, rule in rows])
    return pages.listing(
        rows, page, lambda row: (row[0].id,), lambda row: view(row, holders.get(row[1].id, ()))
    )


@router.patch("/promoted-rules/{rule_id}/status")
async def switch_promoted_rule(
    scope: PartnerActor, parts: RuntimeDep, rule_id: RuleRef, body: StatusBody
) -> PromotedRule:
    """Switch a rule off or on.

    Switched on, it travels to the appliances as it did at first. Switched off, it is served no
    more; `delivery` of the answer says on which appliances it stays, and how a person removes it.
    """
    async with db.transaction(parts.database, scope) as connection:
        origin, rule = await find(connection, rule_id)
        switched = await actions.switch(
            connection, scope, rule, enabled=body.enabled, reason=body.reason, now=clock.now()
        )
        holders = await deliveries.holders(connection, [rule.id])
    return view((origin, switched), holders.get(rule.id, ()))


@router.patch("/promoted-rules/{rule_id}")
async def rename_promoted_rule(
    scope: PartnerActor, parts: RuntimeDep, rule_id: RuleRef, body: RuleName
) -> PromotedRule:
    """Give a rule another name for people; its id, and what appliances get, stay."""
    async with db.transaction(parts.database, scope) as connection:
        _, rule = await find(connection, rule_id)
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
        found = await find(connection, str(rule.id))
        holders = await deliveries.holders(connection, [rule.id])
    return view(found, holders.get(rule.id, ()))


async def _bulk(
    parts: Runtime,
    scope: PartnerScope,
    ids: list[str],
    deed: bulk.Approval | bulk.Rejection,
    dry_run: bool,
    key: str | None,
) -> BulkView:
    async with db.transaction(parts.database, scope) as connection:
        if dry_run:
            outcome = await bulk.foresee(connection, scope, ids, deed, now=clock.now())
        else:
            outcome = await bulk.decide(connection, scope, ids, deed, key=key, now=clock.now())
        known = await candidates.get(connection, ids)
    final = {id: delivery_notes.final(each.agent_versions) for id, each in known.items()}
    return _outcome(outcome, dry_run, final if isinstance(deed, bulk.Approval) else {})


def _outcome(outcome: Outcome, dry_run: bool, final: dict[str, bool]) -> BulkView:
    return BulkView(
        results=[
            BulkItem.model_validate(item).model_copy(
                update={"delivery_is_final": final.get(item.pattern_id)}
            )
            for item in outcome.items
        ],
        counts=dict(Counter(item.verdict for item in outcome.items)),
        dry_run=dry_run,
        repeated=outcome.repeated,
    )


async def find(connection: Connection, ref: str) -> tuple[Origin, Rule]:
    """Return a promoted rule by its id, here or on appliances. Raises NotFound."""
    id = accounts.as_uuid(ref)
    found = await promotions.rules_page(
        connection, id=id, rule_id=ref if id is None else None, limit=1
    )
    if not found:
        raise errors.NotFound("No promoted rule of yours has this id: take one from the list.")
    return found[0]


def view(row: tuple[Origin, Rule], holders: Sequence[str]) -> PromotedRule:
    """Return a promoted rule for people; ``holders`` are the agent versions that have it."""
    origin, rule = row
    shown, rate = rates.success(rule.success_count, rule.success_count + rule.failure_count)
    state = "enabled" if rule.enabled else "withdrawn" if rule.withdrawn_at else "disabled"
    return PromotedRule(
        id=rule.id,
        rule_id=rule.rule_id,
        name=rule.name,
        custom_name=origin.custom_name,
        site=PlaceView(id=origin.site_id, site_id=origin.slug, name=origin.site_name),
        incident_type=rule.incident_type,
        runbook_id=rule.runbook_id,
        state=state,
        enabled=rule.enabled,
        disabled_reason=rule.disabled_reason,
        enabled_changed_at=rule.enabled_changed_at,
        withdrawn_at=rule.withdrawn_at,
        matches=rule.match_count,
        success=shown,
        success_rate=rate,
        promoted_at=origin.decided_at or rule.created_at,
        promoted_by=origin.actor_name,
        tier=origin.tier,
        notes=origin.notes,
        pattern_id=origin.pattern_id,
        hosts=origin.hosts or 0,
        delivery_is_final=delivery_notes.final(holders),
        delivery=delivery_notes.notes(holders, rule.rule_id),
    )

"""Decisions, for partners: one candidate or fifty, and switching the rules that came of them."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query

from flywheel_server.accounts.views.bodies import ReasonBody, RuleName
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db
from flywheel_server.core.scope import PartnerScope
from flywheel_server.learning.actions import bulk
from flywheel_server.learning.queries import bulk as bulk_queries, promoted_rules as queries
from flywheel_server.learning.routes import decisions
from flywheel_server.learning.routes.decisions import Approval
from flywheel_server.learning.views.bulk import BulkApproveBody, BulkRejectBody, BulkView
from flywheel_server.learning.views.candidates import CandidateId, DecisionView, ReopenedView
from flywheel_server.learning.views.promoted_rules import PromotedRule, StatusBody
from flywheel_server.rules.actions import rules as actions
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/partners/me/learning", tags=["partners: decisions"])

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


@router.post("/candidates/bulk-approve")
async def approve_many(
    scope: PartnerActor,
    parts: RuntimeDep,
    body: BulkApproveBody,
    idempotency_key: IdempotencyKey = None,
) -> BulkView:
    """Approve up to 50 candidates, each as if alone, with a verdict for each."""
    signer = await parts.signers.get()
    return await _bulk(parts, scope, body, body.deed(signer), idempotency_key)


@router.post("/candidates/bulk-reject")
async def reject_many(
    scope: PartnerActor,
    parts: RuntimeDep,
    body: BulkRejectBody,
    idempotency_key: IdempotencyKey = None,
) -> BulkView:
    """Reject up to 50 candidates, each as if alone, with a verdict for each."""
    return await _bulk(parts, scope, body, body.deed(), idempotency_key)


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
        return await queries.listed(
            connection, page, site_id=await site.find(connection), enabled=enabled, text=text
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
        origin, rule = await queries.find(connection, rule_id)
        switched = await actions.switch(
            connection, scope, rule, enabled=body.enabled, reason=body.reason, now=clock.now()
        )
        return await queries.shown(connection, origin, switched)


@router.patch("/promoted-rules/{rule_id}")
async def rename_promoted_rule(
    scope: PartnerActor, parts: RuntimeDep, rule_id: RuleRef, body: RuleName
) -> PromotedRule:
    """Give a rule another name for people; its id, and what appliances get, stay."""
    async with db.transaction(parts.database, scope) as connection:
        _, rule = await queries.find(connection, rule_id)
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
        return await queries.shown(connection, *await queries.find(connection, str(rule.id)))


async def _bulk(
    parts: Runtime,
    scope: PartnerScope,
    body: BulkApproveBody | BulkRejectBody,
    deed: bulk.Approval | bulk.Rejection,
    key: str | None,
) -> BulkView:
    async with db.transaction(parts.database, scope) as connection:
        outcome = await bulk.run(
            connection,
            scope,
            body.pattern_ids,
            deed,
            key=key,
            dry_run=body.dry_run,
            now=clock.now(),
        )
        return await bulk_queries.shown(connection, outcome, body.pattern_ids, deed, body.dry_run)

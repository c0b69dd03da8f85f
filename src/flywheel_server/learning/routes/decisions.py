"""Approving and rejecting over HTTP: the same for clients, partners and operators."""

from typing import Annotated

from fastapi import Body, Path

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote
from flywheel_server.learning.actions.promote import Decision, Person
from flywheel_server.learning.routes.views import ApproveBody, DecisionView, ReopenedView
from flywheel_server.rules.model import rules
from flywheel_server.rules.views import delivery_notes
from flywheel_server.web.runtime import Runtime

CandidateId = Annotated[
    str, Path(description="The candidate's id, from a list.", examples=["9f86d081884c7d65"])
]
Approval = Annotated[ApproveBody, Body(default_factory=ApproveBody)]


async def approve(
    parts: Runtime, scope: Person, candidate_id: str, body: ApproveBody
) -> DecisionView:
    """Approve a candidate and answer when that is committed."""
    signer = await parts.signers.get()
    async with db.transaction(parts.database, scope) as connection:
        decision = await promote.promote(
            connection,
            scope,
            candidate_id,
            name=(body.custom_name or "").strip() or None,
            notes=(body.notes or "").strip() or None,
            rule_hash=body.rule_hash,
            deploy_immediately=body.deploy_immediately,
            signer=signer,
            now=clock.now(),
        )
    return _view(decision)


async def reject(parts: Runtime, scope: Person, candidate_id: str, reason: str) -> DecisionView:
    """Reject a candidate and answer when that is committed."""
    async with db.transaction(parts.database, scope) as connection:
        decision = await promote.reject(
            connection, scope, candidate_id, reason=reason, now=clock.now()
        )
    return _view(decision)


async def reopen(parts: Runtime, scope: Person, candidate_id: str, reason: str) -> ReopenedView:
    """Take a rejection back and answer when that is committed."""
    async with db.transaction(parts.database, scope) as connection:
        candidate = await promote.reopen(
            connection, scope, candidate_id, reason=reason, now=clock.now()
        )
    return ReopenedView(candidate_id=candidate.id, status=candidate.state)


def _view(decision: Decision) -> DecisionView:
    rule = decision.rule
    return DecisionView(
        id=decision.id,
        candidate_id=decision.candidate.id,
        decision=decision.decision,
        rule_id=None if rule is None else rule.rule_id,
        rule_is_new=decision.rule_is_new,
        rule=None if rule is None else rules.wire(rule),
        delivery_is_final=None
        if rule is None
        else delivery_notes.final(decision.candidate.agent_versions),
    )

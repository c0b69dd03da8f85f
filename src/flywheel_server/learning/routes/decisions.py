"""Approving and rejecting over HTTP: the same for clients, partners and operators."""

from typing import Annotated

from fastapi import Body

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote
from flywheel_server.learning.actions.promote import Person
from flywheel_server.learning.views.candidates import (
    ApproveBody,
    DecisionView,
    ReopenedView,
    decision_view,
)
from flywheel_server.web.runtime import Runtime

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
    return decision_view(decision)


async def reject(parts: Runtime, scope: Person, candidate_id: str, reason: str) -> DecisionView:
    """Reject a candidate and answer when that is committed."""
    async with db.transaction(parts.database, scope) as connection:
        decision = await promote.reject(
            connection, scope, candidate_id, reason=reason, now=clock.now()
        )
    return decision_view(decision)


async def reopen(parts: Runtime, scope: Person, candidate_id: str, reason: str) -> ReopenedView:
    """Take a rejection back and answer when that is committed."""
    async with db.transaction(parts.database, scope) as connection:
        candidate = await promote.reopen(
            connection, scope, candidate_id, reason=reason, now=clock.now()
        )
    return ReopenedView(candidate_id=candidate.id, status=candidate.state)

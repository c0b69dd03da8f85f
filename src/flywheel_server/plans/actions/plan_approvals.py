"""A person's word on a plan that waits: approving it issues one signed healing order.

A plan is decided on once and in time; the order, the decision and the audit entry are one
transaction. What came of it is recorded by the loop when the execution is reported.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.core import audit, errors, log, rights
from flywheel_server.core.db import Connection, log_on_commit
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.core.signing import Signer
from flywheel_server.executions.actions import order_executions
from flywheel_server.executions.model import executions
from flywheel_server.fleet.model.appliances import Appliance, living
from flywheel_server.fleet.store import appliances
from flywheel_server.orders import actions as orders
from flywheel_server.orders.model import orders as drafts
from flywheel_server.plans.actions.plan_cases import Case
from flywheel_server.plans.model import plans
from flywheel_server.plans.model.plans import ApprovalState, Proposal
from flywheel_server.plans.store import plan_approvals as store, plans as stored_plans
from flywheel_server.plans.store.plan_approvals import Approval
from flywheel_server.webhooks.actions import events

_log = log.get(__name__)

Decider = PartnerScope | ClientScope


async def wait(
    connection: Connection,
    case: Case,
    plan_id: UUID,
    proposal: Proposal,
    *,
    now: dt.datetime,
    deadline_at: dt.datetime,
) -> None:
    """Have a plan wait for a person's word from now on, and tell the site's partner so."""
    await store.insert(connection, case.site_id, plan_id, now=now, deadline_at=deadline_at)
    incident = case.incident
    caution = drafts.caution("healing", [case.asker.agent_version])
    await events.emit(
        connection,
        "plan.waiting",
        site_id=case.site_id,
        data={
            "plan_id": str(plan_id),
            "incident_id": incident.incident_id,
            "incident_type": incident.incident_type,
            "hostname": incident.hostname,
            "severity": incident.severity,
            "runbook_id": proposal.proposed,
            "planner": proposal.planner,
            "confidence": proposal.confidence,
            "deadline_at": deadline_at.isoformat(),
            **({} if caution is None else {"caution": caution}),
        },
        now=now,
    )


async def approve(
    connection: Connection,
    actor: Decider,
    signer: Signer,
    plan_id: UUID,
    *,
    notes: str | None,
    appliance: str | None,
    lifetime: dt.timedelta,
    now: dt.datetime,
) -> Approval:
    """Approve a plan: its appliance is ordered to run the runbook.

    ``appliance`` names which one where the plan does not say. Raises NotFound, Forbidden,
    AlreadyDecided, Conflict past the deadline or without an executable runbook, and InvalidInput.
    """
    approval = await _open(connection, actor, plan_id, now)
    if not approval.executable:
        raise errors.Conflict(
            "Its runbook can no longer be executed by appliances: reject the plan."
        )
    target = await _target(connection, approval, appliance)
    order = await orders.issue(
        connection, actor, signer, target, _draft(approval, lifetime), now=now
    )
    return await _settle(connection, actor, approval, "approved", notes, order.id, now)


async def reject(
    connection: Connection, actor: Decider, plan_id: UUID, *, reason: str, now: dt.datetime
) -> Approval:
    """Reject a plan: nothing is ordered. Raises as ``approve`` does."""
    approval = await _open(connection, actor, plan_id, now)
    return await _settle(connection, actor, approval, "rejected", reason, None, now)


async def keep(connection: Connection, now: dt.datetime) -> dict[str, int]:
    """End what is overdue and record what came of plans; return how many rows changed, by name.

    For the loop: approvals past their deadline, plans that a process left behind, executions.
    """
    return {
        "approvals_expired": await store.expire_due(connection, now),
        "plans_interrupted": await stored_plans.interrupt_old(
            connection, now - plans.ABANDONED * 2, now
        ),
        "plan_outcomes_recorded": await stored_plans.link_executions(
            connection, now - executions.AWAITED, now - dt.timedelta(days=1)
        ),
        "order_outcomes_verified": await order_executions.verify(connection, now),
    }


async def forget(connection: Connection, now: dt.datetime, retention_days: int) -> int:
    """Delete the decisions that are older than executions are kept; return how many."""
    return await stored_plans.forget(connection, now - dt.timedelta(days=retention_days))


async def _open(
    connection: Connection, actor: Decider, plan_id: UUID, now: dt.datetime
) -> Approval:
    """Hold a plan and return it: it waits, and the actor may decide on it."""
    # The doors refuse viewers; so does the deed, whichever door may come.
    if not rights.may_change(actor):
        raise errors.Forbidden("Viewers may look but not change: ask an admin.")
    approval = await store.lock(connection, plan_id, now)
    if approval is None:
        raise errors.NotFound("No plan of yours waits under this id: take one from the list.")
    if not rights.decides_at(actor, approval.healing_tier):
        raise errors.Forbidden(
            "Only sites with full coverage decide themselves: ask your partner to decide on it."
        )
    if approval.state == "expired":
        raise errors.Conflict(
            f"Its deadline passed at {approval.deadline_at:%Y-%m-%d %H:%M} UTC: the incident is a "
            "person's, order the runbook yourself if it still helps.",
            state="expired",
        )
    if approval.state != "waiting":
        at = approval.decided_at or now
        raise errors.AlreadyDecided(
            f"{approval.decided_by} {approval.state} this plan at {at:%Y-%m-%d %H:%M:%S} UTC: a "
            "plan is decided on once, look at what came of it.",
            decision=approval.state,
            decided_by=approval.decided_by,
            decided_at=at.isoformat(),
        )
    return approval


async def _target(connection: Connection, approval: Approval, named: str | None) -> Appliance:
    """Return the appliance that shall run it."""
    if named is not None:
        found = await appliances.resolve(connection, approval.site_id, named)
        if found is None or approval.appliance_id not in {None, found.id}:
            raise errors.InvalidInput(
                "`appliance_id` is not the appliance that asked for this plan: leave it out, or "
                "take one of the site's where the plan names none."
            )
        return found
    if approval.appliance_id is None:
        own = living(await appliances.of_site(connection, approval.site_id))
        if len(own) == 1:
            return own[0]
        raise errors.InvalidInput(
            "The site's appliances share a key, which does not say which of them asked: name one "
            "as `appliance_id`.",
            appliances=[each.wire_id for each in own],
        )
    found = await appliances.get(connection, approval.site_id, approval.appliance_id)
    if found is None:
        raise LookupError("an appliance's row is never deleted")
    if found.removed_at is not None:
        raise errors.Conflict(
            "The appliance that asked was removed since: reject the plan, and order the runbook "
            "from another appliance if it still helps."
        )
    return found


def _draft(approval: Approval, lifetime: dt.timedelta) -> drafts.Draft:
    # Newer daemons resolve their incident by its host and its check.
    parameters: dict[str, object] = {
        "incident_id": approval.incident_id,
        "check_type": approval.incident_type,
    }
    if approval.hostname:
        parameters |= {"target_host": approval.hostname, "hostname": approval.hostname}
    return drafts.draft("healing", parameters, runbook_id=approval.runbook_id, lifetime=lifetime)


async def _settle(
    connection: Connection,
    actor: Decider,
    approval: Approval,
    state: ApprovalState,
    notes: str | None,
    order_id: str | None,
    now: dt.datetime,
) -> Approval:
    kind, actor_id, name = audit.identity(actor)
    written = await store.decide(
        connection,
        approval,
        state,
        by_kind=kind,
        by_id=actor_id,
        by=name,
        notes=notes,
        order_id=order_id,
        now=now,
    )
    if not written:
        raise LookupError("a held plan that waits is decided")
    await audit.record(
        connection,
        actor,
        "plan.approve" if state == "approved" else "plan.reject",
        object_kind="plan",
        object_id=str(approval.plan_id),
        now=now,
        before={"state": approval.state},
        after={
            "state": state,
            "incident_type": approval.incident_type,
            "runbook_id": approval.runbook_id,
            "order_id": order_id,
            "notes": notes,
        },
        partner_id=approval.partner_id,
        organization_id=approval.organization_id,
        site_id=approval.site_id,
    )
    log_on_commit(
        _log,
        f"plan {state}",
        plan_id=str(approval.plan_id),
        order_id=order_id,
        site_id=str(approval.site_id),
        actor_kind=kind,
        actor_id=actor_id and str(actor_id),
    )
    found = await store.get(connection, approval.plan_id, now)
    if found is None:
        raise LookupError("what was just decided is still there")
    return found

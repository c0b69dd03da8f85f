"""What every decision leaves behind, whoever decided: its record, its announcements, its audit.

``promote`` and ``promote_platform`` end here, so that no path to a rule can forget one of these.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from uuid import UUID

from flywheel_server.core import audit, listener, log
from flywheel_server.core.audit import Actor
from flywheel_server.core.db import Connection, announce, log_on_commit
from flywheel_server.learning.model.gates import Gate
from flywheel_server.learning.store import promotions
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.webhooks.actions import events
from flywheel_server.webhooks.model.events import Kind

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What was decided about, and whose it is; no ids: the platform's."""

    incident_type: str
    runbook_id: str
    site_id: UUID | None = None
    organization_id: UUID | None = None
    partner_id: UUID | None = None
    pattern_id: str | None = None
    hostname: str | None = None
    state: str | None = None
    evidence: dict[str, object]
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided."""

    tier: str
    decision: str
    # The rule it made or joined; None when it was rejected.
    rule: Rule | None = None
    rule_is_new: bool = False
    custom_name: str | None = None
    notes: str | None = None
    deploy_immediately: bool = False


async def settle(
    connection: Connection, actor: Actor, matter: Matter, verdict: Verdict, now: dt.datetime
) -> UUID:
    """Write one decision down; return its id. The caller has made the rule and set the state."""
    promotion_id = await promotions.insert(connection, _record(actor, matter, verdict, now))
    if verdict.rule is not None and verdict.rule_is_new:
        await announce(connection, listener.RULES, rules.announcement(verdict.rule))
    await _tell(connection, actor, matter, verdict, now)
    await _audit(connection, actor, matter, verdict, now)
    _log_on_commit(actor, matter, verdict, promotion_id)
    return promotion_id


def _log_on_commit(actor: Actor, matter: Matter, verdict: Verdict, promotion_id: UUID) -> None:
    kind, actor_id, _ = audit.identity(actor)
    log_on_commit(
        _log,
        "platform rule promoted" if matter.pattern_id is None else f"candidate {verdict.decision}",
        promotion_id=str(promotion_id),
        pattern_id=matter.pattern_id,
        rule_id=verdict.rule and verdict.rule.rule_id,
        rule_is_new=verdict.rule_is_new,
        site_id=matter.site_id and str(matter.site_id),
        tier=verdict.tier,
        actor_kind=kind,
        actor_id=actor_id and str(actor_id),
    )


def _record(actor: Actor, matter: Matter, verdict: Verdict, now: dt.datetime) -> promotions.Record:
    kind, actor_id, actor_name = audit.identity(actor)
    return promotions.Record(
        tier=verdict.tier,
        decision=verdict.decision,
        site_id=matter.site_id,
        pattern_id=matter.pattern_id,
        incident_type=matter.incident_type,
        runbook_id=matter.runbook_id,
        rule=None if verdict.rule is None else verdict.rule.id,
        actor_kind=kind,
        actor_id=actor_id,
        actor_name=actor_name,
        decided_at=now,
        custom_name=verdict.custom_name,
        notes=verdict.notes,
        deploy_immediately=verdict.deploy_immediately,
        evidence=matter.evidence,
        gates=[asdict(gate) for gate in matter.gates],
    )


async def _tell(
    connection: Connection, actor: Actor, matter: Matter, verdict: Verdict, now: dt.datetime
) -> None:
    told: list[Kind] = []
    if matter.pattern_id is not None:
        told.append(
            "candidate.approved" if verdict.decision == "approved" else "candidate.rejected"
        )
    if verdict.rule_is_new:
        told.append("rule.promoted")
    for kind in told:
        await events.emit(
            connection, kind, site_id=matter.site_id, data=_data(actor, matter, verdict), now=now
        )


def _data(actor: Actor, matter: Matter, verdict: Verdict) -> dict[str, object]:
    return {
        "pattern_id": matter.pattern_id,
        "incident_type": matter.incident_type,
        "runbook_id": matter.runbook_id,
        "hostname": matter.hostname,
        "tier": verdict.tier,
        "decided_by": audit.identity(actor)[2],
        "rule_id": None if verdict.rule is None else verdict.rule.rule_id,
        "notes": verdict.notes,
    }


async def _audit(
    connection: Connection, actor: Actor, matter: Matter, verdict: Verdict, now: dt.datetime
) -> None:
    action = "approve" if verdict.decision == "approved" else "reject"
    after: dict[str, object] = {
        "state": verdict.decision,
        "tier": verdict.tier,
        "incident_type": matter.incident_type,
        "runbook_id": matter.runbook_id,
        "rule_id": None if verdict.rule is None else verdict.rule.rule_id,
        "rule_is_new": verdict.rule_is_new,
        "custom_name": verdict.custom_name,
        "notes": verdict.notes,
        "deploy_immediately": verdict.deploy_immediately,
    }
    if matter.pattern_id is None and verdict.rule is not None:
        # The platform decides about a pair: the rule is the object.
        kind, object_id, action = "rule", str(verdict.rule.id), "rule.promote"
        before: dict[str, object] | None = None
    else:
        kind, object_id, action = "candidate", str(matter.pattern_id), f"candidate.{action}"
        before = {"state": matter.state}
    await audit.record(
        connection,
        actor,
        action,
        object_kind=kind,
        object_id=object_id,
        now=now,
        before=before,
        after=after | matter.evidence,
        partner_id=matter.partner_id,
        organization_id=matter.organization_id,
        site_id=matter.site_id,
    )

"""The one way from a candidate to a decision: client, partner, bulk and operator all call this.

A candidate is decided once, on the facts of this moment, and the rule that comes of it carries the
runbook that earned the evidence. Hosts of one site with the same pair share one rule. A rule that
was switched off or withdrawn is never switched on here: its successor gets an id of its own.
"""

import datetime as dt
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from flywheel_server.core import audit, errors, log, rights
from flywheel_server.core.db import Connection, log_on_commit
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.core.signing import Signer
from flywheel_server.learning.actions.settle import Matter, Verdict, settle
from flywheel_server.learning.model import decisions, gates, promotions
from flywheel_server.learning.model.decisions import Tier
from flywheel_server.learning.model.gates import Gate
from flywheel_server.learning.store import candidates, promotions as stored
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import deliveries
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import NewRule, Rule
from flywheel_server.rules.store import rules as stored_rules
from flywheel_server.webhooks.actions import events

_log = log.get(__name__)

Person = ClientScope | PartnerScope | OperatorScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about which candidate, and the rule that came of it."""

    id: UUID
    decision: decisions.Decision
    candidate: Candidate
    rule: Rule | None
    # False where the candidate joined a rule that another host of its site had earned.
    rule_is_new: bool


async def promote(
    connection: Connection,
    actor: Person,
    pattern_id: str,
    *,
    name: str | None,
    notes: str | None,
    rule_hash: str | None,
    deploy_immediately: bool,
    signer: Signer,
    now: dt.datetime,
) -> Decision:
    """Approve a candidate: make or join its site's rule, write all that follows.

    ``signer`` signs the orders of ``deploy_immediately``. Raises NotFound, Forbidden,
    AlreadyDecided, NotEligible with the gates that are shut, and RuleChanged when ``rule_hash`` is
    not that of the rule approval would make now.
    """
    candidate, open_gates = await _judge(connection, actor, pattern_id, now)
    would_be = await rule_that_would_be(connection, candidate)
    _check_hash(would_be, rule_hash)
    is_new = not isinstance(would_be, Rule)
    rule = (
        would_be
        if isinstance(would_be, Rule)
        else await stored_rules.insert(connection, decisions.named(would_be, name))
    )
    await candidates.decide(connection, candidate, "approved", now)
    await candidates.mark_due(connection, candidate.site_id, rule.incident_type)
    if deploy_immediately:
        await deliveries.deploy(connection, actor, signer, rule, now)
    verdict = Verdict(
        tier=tier_of(actor),
        decision="approved",
        rule=rule,
        rule_is_new=is_new,
        custom_name=name,
        notes=notes,
        deploy_immediately=deploy_immediately,
    )
    promotion_id = await settle(connection, actor, _matter(candidate, open_gates), verdict, now)
    return Decision(
        id=promotion_id,
        decision="approved",
        candidate=candidate,
        rule=rule,
        rule_is_new=is_new,
    )


async def reject(
    connection: Connection, actor: Person, pattern_id: str, *, reason: str, now: dt.datetime
) -> Decision:
    """Reject a candidate, until somebody reopens it. Raises as ``promote`` does."""
    candidate, open_gates = await _judge(connection, actor, pattern_id, now)
    await candidates.decide(connection, candidate, "rejected", now)
    verdict = Verdict(tier=tier_of(actor), decision="rejected", notes=reason)
    promotion_id = await settle(connection, actor, _matter(candidate, open_gates), verdict, now)
    return Decision(
        id=promotion_id, decision="rejected", candidate=candidate, rule=None, rule_is_new=False
    )


async def reopen(
    connection: Connection, actor: Person, pattern_id: str, *, reason: str, now: dt.datetime
) -> Candidate:
    """Take a rejection back: the facts of now say whether it is a candidate again.

    Raises NotFound, Forbidden, and Conflict for what is not rejected.
    """
    candidate = await _held(connection, actor, pattern_id)
    _check_coverage(actor, candidate)
    if candidate.state != "rejected":
        raise errors.Conflict(
            f"Only a rejection can be reopened, and this candidate is {candidate.state}: look at "
            "what came of it."
        )
    found = promotions.site_gates(candidate.evidence, await policies.in_force(connection), now)
    state = "observed" if gates.failing(found) else "eligible"
    await candidates.reopen(connection, candidate, state, now)
    await audit.record(
        connection,
        actor,
        "candidate.reopen",
        object_kind="candidate",
        object_id=candidate.id,
        now=now,
        before={"state": "rejected", "notes": candidate.decided and candidate.decided.notes},
        after={"state": state, "reason": reason} | decisions.evidence_document(candidate.evidence),
        partner_id=candidate.partner_id,
        organization_id=candidate.organization_id,
        site_id=candidate.site_id,
    )
    log_on_commit(
        _log,
        "candidate reopened",
        pattern_id=candidate.id,
        state=state,
        site_id=str(candidate.site_id),
        tier=tier_of(actor),
        actor_id=str(actor.actor_id),
    )
    return (await candidates.get(connection, [candidate.id]))[candidate.id]


async def check(
    connection: Connection,
    actor: Person,
    pattern_id: str,
    *,
    now: dt.datetime,
) -> Candidate:
    """Say whether a decision would be taken now, and change nothing. Raises as ``promote`` does."""
    candidate, _ = await _judge(connection, actor, pattern_id, now)
    return candidate


async def forward(
    connection: Connection,
    actor: ClientScope,
    pattern_id: str,
    *,
    notes: str | None,
    now: dt.datetime,
) -> Candidate:
    """Endorse a candidate and tell its partner; again changes nothing and tells nobody.

    It stays a candidate: an endorsement decides nothing. Raises NotFound, AlreadyDecided and
    NotEligible.
    """
    candidate, _ = await _open(connection, actor, pattern_id, now)
    made = await stored.endorse(
        connection,
        site_id=candidate.site_id,
        pattern_id=candidate.id,
        actor_id=actor.actor_id,
        actor_name=actor.actor_name,
        notes=notes,
        now=now,
    )
    if made:
        await _tell_of_endorsement(connection, actor, candidate, notes, now)
    found = await candidates.get(connection, [candidate.id])
    return found[candidate.id]


async def rule_that_would_be(connection: Connection, candidate: Candidate) -> NewRule | Rule:
    """Return the rule that approval would make, or the stored one that it would join.

    Raises NotEligible for a runbook that the catalogue does not know, InvalidInput where appliances
    could not run or read the rule.
    """
    evidence = candidate.evidence
    if evidence.runbook is None:
        raise errors.NotEligible(
            "No rule can be made: its runbook is not in the catalogue.", failing=["runbook_known"]
        )
    pair = (candidate.site_id, evidence.incident_type, evidence.runbook_id)
    shared = await stored.site_rule(connection, *pair)
    if shared is not None:
        return shared
    return rules.learnt(
        source="promoted",
        scope="site",
        scope_id=candidate.site_id,
        incident_type=evidence.incident_type,
        runbook_id=evidence.runbook_id,
        platform=evidence.runbook.platform,
        generation=await stored.site_generation(connection, *pair),
    )


def tier_of(actor: Person) -> Tier:
    """Return the tier at which a person decides."""
    match actor:
        case ClientScope():
            return "client"
        case PartnerScope():
            return "partner"
        case OperatorScope():
            return "operator"
        case _:
            assert_never(actor)


async def _judge(
    connection: Connection, actor: Person, pattern_id: str, now: dt.datetime
) -> tuple[Candidate, tuple[Gate, ...]]:
    """Hold the candidate and return it with its gates, all open: the actor may decide on it."""
    candidate, open_gates = await _open(connection, actor, pattern_id, now)
    _check_coverage(actor, candidate)
    return candidate, open_gates


def _check_coverage(actor: Person, candidate: Candidate) -> None:
    if not rights.decides_at(actor, candidate.healing_tier):
        raise errors.Forbidden(
            "Only sites with full coverage decide themselves: forward this candidate to your "
            f"partner with POST /api/client/promotion-candidates/{candidate.id}/forward."
        )


async def _open(
    connection: Connection, actor: Person, pattern_id: str, now: dt.datetime
) -> tuple[Candidate, tuple[Gate, ...]]:
    candidate = await _held(connection, actor, pattern_id)
    _check_undecided(candidate)
    policy = await policies.in_force(connection)
    # Joining the site's own rule is no obstacle to one that is a candidate still.
    eligible = candidate.state == "eligible"
    evidence = candidate.deciding_evidence if eligible else candidate.evidence
    found = promotions.site_gates(evidence, policy, now)
    _check_eligible(candidate, found)
    return candidate, found


async def _held(connection: Connection, actor: Person, pattern_id: str) -> Candidate:
    """Return a candidate on which nobody else decides until the end."""
    # The doors refuse viewers; so does the deed, whichever door may come.
    if not rights.may_change(actor):
        raise errors.Forbidden("Viewers may look but not change: ask an admin.")
    await candidates.lock(connection, [pattern_id])
    candidate = (await candidates.get(connection, [pattern_id])).get(pattern_id)
    if candidate is None:
        raise errors.NotFound("No candidate has this id: take one from the list of candidates.")
    return candidate


def _check_undecided(candidate: Candidate) -> None:
    decided = candidate.decided
    if decided is None and candidate.state not in decisions.DECIDED:
        return
    by = "somebody" if decided is None else decided.by
    at = candidate.state_changed_at if decided is None else decided.at
    raise errors.AlreadyDecided(
        f"{by} {candidate.state} this candidate at {at:%Y-%m-%d %H:%M:%S} UTC: "
        "a candidate is decided once, look at what came of it."
        + (" A rejection can be reopened." if candidate.state == "rejected" else ""),
        decision=candidate.state,
        decided_by=by,
        decided_at=at.isoformat(),
    )


def _check_eligible(candidate: Candidate, found: tuple[Gate, ...]) -> None:
    shut = [gate for gate in found if not gate.passed]
    if shut:
        reasons = " ".join(f"{gate.name}: {gate.explanation}" for gate in shut)
        raise errors.NotEligible(
            f"Its gates are shut, so wait until they open. {reasons}", failing=gates.failing(found)
        )
    if candidate.state != "eligible":
        raise errors.NotEligible(
            f"It is {candidate.state}: the loop makes it a candidate with its next turn, ask "
            "again then.",
            failing=[],
        )


def _check_hash(would_be: NewRule, shown: str | None) -> None:
    current = decisions.rule_hash(would_be)
    if shown is not None and shown.lower() != current:
        raise errors.RuleChanged(
            "The rule has changed since it was shown: read the candidate again and decide on what "
            "it shows now.",
            rule_hash=current,
        )


def _matter(candidate: Candidate, found: tuple[Gate, ...]) -> Matter:
    return Matter(
        incident_type=candidate.evidence.incident_type,
        runbook_id=candidate.evidence.runbook_id,
        site_id=candidate.site_id,
        organization_id=candidate.organization_id,
        partner_id=candidate.partner_id,
        pattern_id=candidate.id,
        hostname=candidate.hostname,
        state=candidate.state,
        evidence=decisions.evidence_document(candidate.evidence),
        gates=found,
    )


async def _tell_of_endorsement(
    connection: Connection,
    actor: ClientScope,
    candidate: Candidate,
    notes: str | None,
    now: dt.datetime,
) -> None:
    said: dict[str, object] = {
        "incident_type": candidate.evidence.incident_type,
        "runbook_id": candidate.evidence.runbook_id,
        "hostname": candidate.hostname,
        "notes": notes,
    }
    await events.emit(
        connection,
        "candidate.endorsed",
        site_id=candidate.site_id,
        data=said | {"pattern_id": candidate.id, "endorsed_by": actor.actor_name},
        now=now,
    )
    await audit.record(
        connection,
        actor,
        "candidate.endorse",
        object_kind="candidate",
        object_id=candidate.id,
        now=now,
        after=said,
        partner_id=candidate.partner_id,
        organization_id=candidate.organization_id,
        site_id=candidate.site_id,
    )

"""The chain of planners: an enabled rule, what healed before, what the model said, the model.

Nothing is asked here: where only the model can tell, the question for it is returned.
"""

import datetime as dt
from collections.abc import Sequence

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.plans.actions.plan_cases import Case, ticks
from flywheel_server.plans.actions.planner_model import Model, Reply
from flywheel_server.plans.model import plan_history, plans, prompts
from flywheel_server.plans.model.plan_history import History
from flywheel_server.plans.model.plans import Incident, Proposal, Reason
from flywheel_server.plans.store import plans as store
from flywheel_server.plans.store.plans import Covering
from flywheel_server.rules.model import rules

LEAST_SECONDS = 0.5


async def propose(
    connection: Connection,
    model: Model | None,
    cache: dt.timedelta,
    case: Case,
    covering: Sequence[Covering],
) -> Proposal | bytes | None:
    """Return the first planner's proposal, or the question for the model.

    None: the model is being asked the same already, so the answer is worth waiting for.
    """
    if case.asker.mode == "disabled":
        return nothing("disabled")
    if not case.incident.incident_type:
        return nothing("no_incident_type")
    catalogue = await store.catalogue(connection, case.incident.platform or "")
    found = _from_rules(covering, case.incident) or plan_history.propose(
        case.history, catalogue, case.watch.now()
    )
    if found is not None:
        return found
    if model is None:
        return nothing("nothing_known")
    failing = plan_history.failing(each for each, _ in case.history.near)
    listed = [each for each in catalogue if each.runbook_id not in failing]
    if not listed:
        return nothing("platform_unknown")
    return await _from_model(connection, model, cache, case, listed)


async def last_resort(connection: Connection, case: Case) -> Proposal | None:
    """Return what a person may decide on where no planner has anything to be told.

    Behind the model, so that what others report never takes its answers from anybody.
    """
    if case.asker.mode == "disabled" or not case.history.elsewhere:
        return None
    catalogue = await store.catalogue(connection, case.incident.platform or "")
    return plan_history.last_resort(case.history, catalogue, case.watch.now())


def platforms(covering: Sequence[Covering], history: History) -> set[str]:
    """Return the platforms that a site's rules and patterns of an incident type are for."""
    return {each.runbook.platform for each in covering} | {
        platform for each, platform in history.near if each.tier == "site"
    }


def read(reply: Reply) -> Proposal:
    """Return what a provider's last word proposes."""
    if reply.text is None:
        failure: Reason = "malformed" if reply.garbled else "provider_failed"
        return Proposal(planner="model", failure=failure)
    try:
        answer = prompts.read(reply.text)
    except errors.Malformed:
        return Proposal(planner="model", failure="malformed")
    return Proposal(
        planner="model",
        proposed=answer.runbook_id,
        confidence=answer.confidence,
        reasoning=answer.reasoning,
    )


def nothing(reason: Reason) -> Proposal:
    """Return that no planner has anything to say, and why."""
    return Proposal(planner="none", failure=reason)


def _from_rules(covering: Sequence[Covering], incident: Incident) -> Proposal | None:
    """Return the runbook of the first rule that is for just this incident."""
    met = rules.conditions_as_json(rules.conditions_for(incident.incident_type))
    for each in covering:
        if (
            plans.fits(each.runbook, incident.platform)
            and all(condition in met for condition in each.conditions)
            and (each.severity_filter is None or incident.severity in each.severity_filter)
        ):
            return Proposal(
                planner="rule",
                proposed=each.runbook.runbook_id,
                confidence=1.0,
                reasoning=f"The enabled rule {each.rule_id} is for this incident type.",
                basis=each.rule_id,
            )
    return None


async def _from_model(
    connection: Connection,
    model: Model,
    cache: dt.timedelta,
    case: Case,
    listed: list[plans.Runbook],
) -> Proposal | bytes | None:
    """Return what the model said before, or the question; None: somebody is asking it."""
    now, digest = case.watch.now(), case.incident.digest
    asked = False
    if cache:
        await store.lock_digest(connection, case.site_id, digest)
        # Before looking for an answer: one that comes between the two looks is seen by the second.
        asked = await store.under_way(connection, case.site_id, digest, now - plans.ABANDONED)
    known = await store.reusable(
        connection,
        case.site_id,
        case.incident,
        model=model.name,
        prompt_version=prompts.VERSION,
        cached_since=now - cache,
        repeated_since=now - plans.REPEAT,
    )
    if known is not None:
        return Proposal(
            planner="cache",
            proposed=known.proposed,
            confidence=known.confidence,
            reasoning=known.reasoning,
            basis=f"plan {known.id}",
        )
    if case.watch.left() < LEAST_SECONDS:
        return nothing("too_slow")
    if asked:
        return None
    asked_to_wait = model.breaker.wait(ticks()) + LEAST_SECONDS > case.watch.left()
    if asked_to_wait or not model.breaker.lets(ticks()):
        return nothing("provider_paused")
    return model.question(case.incident, listed)

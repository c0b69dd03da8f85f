"""What an appliance reads in answer to its request for a plan. It never holds a script."""

from typing import Any

from flywheel_server.plans.model import plan_words
from flywheel_server.plans.model.plans import Asker, Incident, Proposal, Reason, Verdict

_ESCALATE = "escalate"


def answer(
    incident: Incident, asker: Asker, proposal: Proposal, verdict: Verdict
) -> dict[str, Any]:
    """Return what the appliance reads. The script is empty: a planner never writes one."""
    executes = verdict.told == "execute" and verdict.runbook is not None
    runbook_id = verdict.runbook.runbook_id if executes and verdict.runbook else ""
    params: dict[str, Any] = {"script": ""}
    if executes:
        params["runbook_id"] = runbook_id
    return {
        "incident_id": incident.incident_id,
        "recommended_action": plan_words.word(runbook_id, asker.agent_version)
        if executes
        else _ESCALATE,
        "action_params": params,
        "confidence": proposal.confidence or 0.0 if executes else 0.0,
        "reasoning": proposal.reasoning if executes else EXPLANATIONS[verdict.reason or "disabled"],
        "runbook_id": runbook_id,
        "requires_approval": verdict.told == "approval",
        "escalate_to_l3": not executes,
        "context_used": {},
    }


EXPLANATIONS: dict[Reason, str] = {
    "disabled": "L2 is disabled for this appliance: a person decides.",
    "manual": "The plan waits for a person's approval; approving it issues an order.",
    "platform_gates": "What healed it elsewhere is not proven widely enough: the plan waits for a "
    "person's approval; approving it issues an order.",
    "no_incident_type": "The request names no incident type: a person decides.",
    "platform_unknown": "The request names no platform that runbooks are for: a person decides.",
    "nothing_known": "Nothing is known to heal this, and no language model is configured.",
    "budget": "The site's budget for plans is used up for today: a person decides.",
    "provider_failed": "The language model did not answer: a person decides.",
    "provider_paused": "The language model failed repeatedly and is left alone for a while.",
    "malformed": "The language model's answer could not be read: a person decides.",
    "outside_catalogue": "The plan names no runbook of the catalogue: a person decides.",
    "wrong_platform": "The plan's runbook is for another platform: a person decides.",
    "not_executable": "No appliance can execute the plan's runbook: a person decides.",
    "low_confidence": "The planner is not sure enough: a person decides.",
    "no_word_for_agent": "This agent version has no action for the runbook: a person decides.",
    "model_escalated": "The language model would not choose a runbook: a person decides.",
    "too_slow": "Planning took too long: a person decides.",
    "interrupted": "Planning was interrupted: a person decides.",
}

"""Decisions of the L2 gateway in words: who planned, what the appliance was told, and why not."""

PLANNERS = {
    "rule": "a rule that exists",
    "site_history": "what healed here before",
    "organization_history": "what healed at the organization before",
    "platform_history": "what healed elsewhere before",
    "model": "the language model",
    "cache": "an earlier answer to the same",
    "none": "nobody",
}
TOLD = {
    "execute": "run it",
    "approval": "wait for a person",
    "escalate": "call a person",
}
KINDS = {"execute": "good", "approval": "wait", "escalate": "plain"}
REASONS = {
    "disabled": "L2 is off on the appliance",
    "manual": "L2 mode is manual",
    "platform_gates": "what healed it elsewhere has not passed the platform's gates",
    "no_incident_type": "the request named no incident type",
    "platform_unknown": "the platform is not known",
    "nothing_known": "nothing is known to heal it",
    "budget": "the site's budget for the day is spent",
    "provider_failed": "the model's provider failed",
    "provider_paused": "the model's provider failed too often and is left alone for a while",
    "malformed": "the model's answer could not be read",
    "outside_catalogue": "the model named a runbook that does not exist",
    "wrong_platform": "the model named a runbook of another platform",
    "not_executable": "appliances cannot run the runbook",
    "low_confidence": "the planner was not sure enough",
    "no_word_for_agent": "this agent version cannot be told to run it",
    "model_escalated": "the model itself asked for a person",
    "too_slow": "the answer took too long",
    "interrupted": "the server stopped while planning",
}
MODES = {"auto": "auto", "manual": "manual", "disabled": "off"}


def dollars(micro: int) -> str:
    """Return millionths of a US dollar as dollars: cents, or finer where there is less."""
    value = micro / 1_000_000
    return f"${value:,.2f}" if value >= 1 or not micro else f"${value:.4f}"

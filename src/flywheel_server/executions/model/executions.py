"""An execution as a fact, and what its outcome means. The tables below are the data of the field.

``not_attempted`` is decided by the first line of the tables that applies; it is part of no rate.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Literal, NamedTuple
from uuid import UUID

from flywheel_server.core import agents
from flywheel_server.core.agents import Agent
from flywheel_server.executions.model import unattempted
from flywheel_server.rules.model import aliases, detect_only

Level = Literal["L1", "L2", "L3"]
# What an agent said of its execution.
Said = Literal["success", "failure", "not_attempted"]
# The same, with what it cannot know as an outcome of its own: no count of successes or failures
# takes a claim by accident.
Outcome = Literal["success", "failure", "not_attempted", "claimed_success", "claimed_failure"]
Standing = Literal["verified", "observed", "claimed"]

CLAIMS: dict[Said, Outcome] = {"success": "claimed_success", "failure": "claimed_failure"}
# For lists: what is asked for by each word.
FILTERS: dict[str, tuple[Outcome, ...]] = {
    "success": ("success",),
    "failure": ("failure",),
    "not_attempted": ("not_attempted",),
    "claimed": ("claimed_success", "claimed_failure"),
}
# How the ids of both daemons begin; Python agents send a UUID.
_GO_IDS = ("l1-", "l2-")

ESCALATION_IDS = frozenset({f"{aliases.PLANNED}escalate"})
ESCALATION_ACTION = "escalate"

# Compiled rules that only escalate, which older daemons report as success; None: whatever the type.
ESCALATING_RULES: dict[str, str | None] = {
    "L1-ENCRYPT-001": None,
    "L1-SERVICE-001": "service_crash",
    "L1-LIN-PORTS-001": None,
    "L1-LIN-USERS-001": None,
    "L1-WIN-ROGUE-ADMIN-001": None,
    "L1-WIN-ROGUE-TASKS-001": None,
    "L1-NET-PORTS-001": None,
    "L1-NET-SVC-001": None,
    "L1-NET-REACH-001": None,
    "L1-NET-DNS-001": None,
}


class Fact(NamedTuple):
    """One version of one execution, in the order of the writer's columns."""

    site_id: UUID
    execution_id: str
    # SHA-256 of the normalised body: the same body is a repeat, another a correction.
    digest: bytes
    # None: when it was received.
    occurred_at: dt.datetime | None
    appliance_id: UUID | None
    reported_appliance: str | None
    level: Level
    incident_id: str
    incident_type: str
    hostname: str
    platform: str | None
    reported_id: str
    outcome: Outcome
    # None: no post-check ran.
    verified: bool | None
    chaos_campaign_id: str | None
    error_category: str | None
    error_message: str | None
    duration_seconds: float | None
    confidence: float | None
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    reasoning: str | None
    # A JSON object as text.
    detail: str | None


def outcome(
    *,
    success: bool,
    verified: bool | None,
    level: Level,
    incident_type: str,
    reported_id: str,
    action: str | None,
    error_category: str | None,
    error_message: str | None,
) -> Said:
    """Say what an execution's words mean.

    A success whose post-check said no is a failure: agents report L2 successes unconditionally.
    """
    if error_category == unattempted.UNCLASSIFIED or unattempted.known(
        error_category, error_message
    ):
        return "not_attempted"
    if _only_escalates(level, incident_type, reported_id, action):
        return "not_attempted"
    if level != "L3" and detect_only.only_looks(reported_id):
        return "not_attempted"
    return "success" if success and verified is not False else "failure"


def weigh(
    said: Said, *, level: Level, verified: bool | None, execution_id: str, present: Iterable[Agent]
) -> Outcome:
    """Return what an execution counts as: what it says, or a claim where its agent cannot know.

    ``present`` are the agents that may have sent it. Where several may, and one of them cannot
    know, it is a claim; but an older daemon never reports a failure at L2.
    """
    if level != "L2" or verified is not None or said == "not_attempted":
        return said
    family = "go" if execution_id.startswith(_GO_IDS) else "python"
    likely = [agent for agent in present if agent.family == family] or list(present)
    if said == "failure" and len(likely) > 1:
        likely = [agent for agent in likely if agent is not agents.OLDER_DAEMON]
    return CLAIMS[said] if agents.word(likely, level) == "claimed" else said


def said(outcome: str) -> str:
    """Return an outcome as its agent said it: success, failure or not_attempted."""
    return outcome.removeprefix("claimed_")


def standing(outcome: str, verified: bool | None) -> Standing:
    """Return how far an outcome is to be believed: a check said so, it was seen, it is a claim."""
    if verified is not None:
        return "verified"
    return "claimed" if outcome.startswith("claimed_") else "observed"


def outward(outcome: str | None, verified: bool | None) -> dict[str, str | None]:
    """Return the fields by which an outcome is shown: what was said, and how far to believe it."""
    if outcome is None:
        return {"outcome": None, "standing": None}
    return {"outcome": said(outcome), "standing": standing(outcome, verified)}


def _only_escalates(level: Level, incident_type: str, reported_id: str, action: str | None) -> bool:
    if reported_id.startswith(aliases.ESCALATION) or reported_id in ESCALATION_IDS:
        return True
    if not reported_id and action == ESCALATION_ACTION:
        return True
    if level == "L1" and reported_id in ESCALATING_RULES:
        return ESCALATING_RULES[reported_id] in {None, incident_type}
    return False


# How long after a plan an execution may still be what came of it.
AWAITED = dt.timedelta(days=7)

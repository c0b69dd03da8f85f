"""L2 plans: the words for them, and the judge of every proposal.

Planners in order: an enabled rule, what healed before, a language model. Whoever proposes, only a
runbook that appliances can execute and that fits the platform is ever told.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from flywheel_server.core import agents
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.plans.model import plan_words, scrubbing
from flywheel_server.rules.model import rules

Planner = Literal[
    "rule",
    "site_history",
    "organization_history",
    "platform_history",
    "model",
    "cache",
    "none",
]
Told = Literal["execute", "approval", "escalate"]
# Why an appliance is not told to execute.
Reason = Literal[
    "disabled",
    "manual",
    "platform_gates",
    "no_incident_type",
    "platform_unknown",
    "nothing_known",
    "budget",
    "provider_failed",
    "provider_paused",
    "malformed",
    "outside_catalogue",
    "wrong_platform",
    "not_executable",
    "low_confidence",
    "no_word_for_agent",
    "model_escalated",
    "too_slow",
    "interrupted",
]
ApprovalState = Literal["waiting", "approved", "rejected", "expired"]

REPEAT = dt.timedelta(minutes=10)
# Longer than any decision takes: what is still planned then was interrupted.
ABANDONED = dt.timedelta(seconds=45)
UNREPORTED = dt.timedelta(hours=1)

_STRICTEST: tuple[L2Mode, ...] = ("disabled", "manual", "auto")
# What each generation of daemons executes at all; an unknown one may be either.
_FLOORS = {agents.OLDER_DAEMON.name: 0.6}
_NEWER_FLOOR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What an appliance asks about, with all that planners may know of it."""

    incident_id: str
    incident_type: str
    hostname: str
    severity: str
    # None where the appliance does not say.
    platform: str | None
    input: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Which appliance asks, as far as its key tells."""

    appliance_id: UUID | None
    mode: L2Mode
    # "": not known, or not the same for all that it may be.
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A runbook of the catalogue, as far as plans need it."""

    runbook_id: str
    name: str
    platform: str
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a planner came to."""

    planner: Planner
    # As the planner wrote it; None where it would not choose.
    proposed: str | None = None
    confidence: float | None = None
    reasoning: str = ""
    basis: str | None = None
    # Why there is nothing to judge.
    failure: Reason | None = None
    # It rests on what others say, and that has not passed the platform's gates: a person decides.
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What asking a provider took."""

    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_micro_usd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an appliance is told, and why not to execute if so."""

    told: Told
    reason: Reason | None
    runbook: Runbook | None


def asker(known: Sequence[tuple[UUID, L2Mode, str]], bound: UUID | None) -> Asker:
    """Return who asks: the key's appliance, else the site's only one, else any of them.

    Of several that it may be, the strictest mode holds, and the version only where all agree.
    """
    own = [each for each in known if bound is None or each[0] == bound]
    if len(own) == 1:
        id, mode, version = own[0]
        return Asker(appliance_id=id, mode=mode, agent_version=version)
    modes = {mode for _, mode, _ in own}
    versions = {version for _, _, version in own}
    return Asker(
        appliance_id=None,
        mode=next((mode for mode in _STRICTEST if mode in modes), "auto"),
        agent_version=versions.pop() if len(versions) == 1 else "",
    )


def platform_of(raw: object) -> str | None:
    """Return the platform that an appliance named, or None where it named none."""
    return raw.strip().lower()[:200] or None if isinstance(raw, str) else None


def incident(
    *,
    incident_id: str,
    incident_type: str,
    hostname: str,
    severity: str,
    raw: Mapping[str, Any],
    site: str,
) -> Incident:
    """Return the incident that an appliance describes; of ``raw``, what may be known of it."""
    platform = platform_of(raw.get("platform"))
    known = scrubbing.incident_input(
        incident_type=incident_type,
        severity=severity,
        platform=platform,
        raw=raw,
        names=(hostname, site),
    )
    return Incident(
        incident_id=incident_id,
        incident_type=incident_type,
        hostname=hostname,
        severity=severity,
        platform=platform,
        input=known,
        digest=scrubbing.digest(known),
    )


def placed(incident: Incident, platforms: Iterable[str]) -> Incident:
    """Return an incident without a platform with the only one that its site's evidence is for."""
    only = set(platforms)
    if incident.platform is not None or len(only) != 1:
        return incident
    known = incident.input | {"platform": next(iter(only))}
    return replace(
        incident, platform=known["platform"], input=known, digest=scrubbing.digest(known)
    )


def fits(runbook: Runbook, platform: str | None) -> bool:
    """Say whether appliances can execute a runbook on a host of this platform."""
    return (
        runbook.executable
        and runbook.platform == platform
        and rules.action_for(runbook.platform) is not None
    )


def judge(
    proposal: Proposal,
    runbook: Runbook | None,
    incident: Incident,
    asker: Asker,
    least_confidence: float,
) -> Verdict:
    """Say what an appliance is told of a proposal. ``runbook``: the one of that id, if any."""
    reason = _objection(proposal, runbook, incident, asker, least_confidence)
    if reason is not None:
        return Verdict(told="escalate", reason=reason, runbook=runbook)
    if asker.mode == "manual":
        return Verdict(told="approval", reason="manual", runbook=runbook)
    if proposal.waits:
        return Verdict(told="approval", reason="platform_gates", runbook=runbook)
    return Verdict(told="execute", reason=None, runbook=runbook)


def _objection(
    proposal: Proposal,
    runbook: Runbook | None,
    incident: Incident,
    asker: Asker,
    least_confidence: float,
) -> Reason | None:
    """Return the first thing that speaks against telling it."""
    if asker.mode == "disabled":
        return "disabled"
    if proposal.failure is not None:
        return proposal.failure
    if proposal.proposed is None:
        return "model_escalated"
    return _misfit(runbook, incident) or _doubt(proposal, asker, least_confidence)


def _misfit(runbook: Runbook | None, incident: Incident) -> Reason | None:
    if runbook is None:
        return "outside_catalogue"
    if incident.platform is None:
        return "platform_unknown"
    if runbook.platform != incident.platform:
        return "wrong_platform"
    return None if fits(runbook, incident.platform) else "not_executable"


def _doubt(proposal: Proposal, asker: Asker, least_confidence: float) -> Reason | None:
    manual = asker.mode == "manual" or proposal.waits
    # A person's order needs neither a daemon's confidence nor a word that it allows.
    floor = least_confidence if manual else max(least_confidence, _floor(asker.agent_version))
    if (proposal.confidence or 0.0) < floor:
        return "low_confidence"
    worded = manual or plan_words.word(proposal.proposed or "", asker.agent_version) is not None
    return None if worded else "no_word_for_agent"


def _floor(agent_version: str) -> float:
    return _FLOORS.get(agents.of(agent_version).name, _NEWER_FLOOR)


def cost(input_tokens: int, output_tokens: int, input_price: float, output_price: float) -> int:
    """Return millionths of a dollar, rounded up; prices are dollars for a million tokens."""
    return math.ceil(input_tokens * input_price + output_tokens * output_price)

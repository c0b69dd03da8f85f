"""Why a pattern is promoted or not: the ordered gates, as functions of current facts and policy.

Both tiers read the same evidence; a gate says what it saw, what it needs and how far away that is.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flywheel_server.learning.model.gates import Gate, failing
from flywheel_server.learning.model.spreads import Spread
from flywheel_server.policy.model import ADVISED, Policy
from flywheel_server.rules.model import aliases, rules

# Gates that no evidence opens or shuts: the catalogue and the rules in force do.
BEYOND_EVIDENCE = frozenset(
    {"runbook_known", "runbook_executable", "incident_type_expressible", "not_covered"}
)


# Gates that an operator's approval opens.
OPERATORS = frozenset({"no_look_alike", "no_other_built_in"})
# The gates that evidence opens and shuts, with what the policy calls them.
_SITE_EVIDENCE: Mapping[str, str] = {
    "occurrences": "site_min_occurrences",
    "successes": "site_min_successes",
    "success_rate": "site_min_success_rate",
}
_PLATFORM_EVIDENCE: Mapping[str, str] = {
    "organizations": "platform_min_organizations",
    "partners": "platform_min_partners",
    "occurrences": "platform_min_occurrences",
    "success_rate": "platform_min_success_rate",
    "largest_organization_share": "max_organization_share",
}
_AT_MOST = frozenset({"largest_organization_share"})
# Gates that ask whose evidence it is.
_SPREAD = frozenset({"partners", "largest_organization_share", "unproven_share"})
# Gates that counting by incidents may open, though sums shut them.
_BY_INCIDENT = _SPREAD | {"success_rate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened, without what was not attempted; claims and chaos-marked executions apart."""

    successes: int
    verified_successes: int
    failures: int
    not_attempted: int
    # What agents said that cannot know: it opens no gate.
    claimed_successes: int
    claimed_failures: int
    chaos_successes: int
    chaos_failures: int

    @property
    def occurrences(self) -> int:
        """Successes and failures; what was not attempted is part of no rate."""
        return self.successes + self.failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What the catalogue knows of a runbook."""

    platform: str
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEvidence:
    """What one pattern of one site has shown."""

    incident_type: str
    runbook_id: str
    # None: the id resolves to no runbook.
    runbook: Runbook | None
    counts: Counts
    last_seen_at: dt.datetime
    # The newest report that is no claim; None: there are only claims.
    last_evidence_at: dt.datetime | None
    # The enabled rule of the site that is for this incident type already.
    covered_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformEvidence:
    """What one (incident type, runbook) has shown across organizations since it last counted."""

    incident_type: str
    runbook_id: str
    runbook: Runbook | None
    counts: Counts
    organizations: int
    # With the organizations that only have chaos-marked executions.
    organizations_with_chaos: int
    largest_organization: int
    # Of how many partners the organizations are.
    partners: int
    last_evidence_at: dt.datetime | None
    # What an operator looks at first: the type that this one looks like and that was there before,
    # and the built-in rule that heals it by another runbook. And who approved it all the same.
    look_alike: str | None = None
    built_in: str | None = None
    approved_by: str | None = None
    # None: nobody has asked the facts.
    spread: Spread | None = None
    # The platform rule that lives for this pair, enabled or not.
    living_rule: str | None


def site_gates(evidence: SiteEvidence, policy: Policy, now: dt.datetime) -> tuple[Gate, ...]:
    """Return the gates between a site's pattern and its candidacy, in order."""
    occurrences, successes = counted(evidence.counts, policy)
    return (
        *_runbook_gates(evidence.incident_type, evidence.runbook_id, evidence.runbook),
        _at_least("occurrences", occurrences, policy.site_min_occurrences, "executions"),
        _at_least("successes", successes, policy.site_min_successes, _successes(policy)),
        _rate(successes, occurrences, policy.site_min_success_rate),
        _recent(evidence.last_evidence_at, policy.site_max_age_days, now),
        _uncovered(evidence.covered_by),
    )


def recent_until(evidence: SiteEvidence, policy: Policy) -> dt.datetime | None:
    """Return the last moment at which a site's pattern still counts as seen recently."""
    if evidence.last_evidence_at is None:
        return None
    return evidence.last_evidence_at + dt.timedelta(days=policy.site_max_age_days)


def platform_gates(evidence: PlatformEvidence, policy: Policy) -> tuple[Gate, ...]:
    """Return the gates between a platform pattern and its rule, in order."""
    weight = _weigh(evidence, policy)
    return (
        *_runbook_gates(evidence.incident_type, evidence.runbook_id, evidence.runbook),
        _at_least(
            "organizations",
            weight.organizations,
            policy.platform_min_organizations,
            "organizations",
        ),
        *_partners(weight.partners, policy),
        _at_least("occurrences", weight.occurrences, policy.platform_min_occurrences, weight.unit),
        _rate(weight.successes, weight.occurrences, policy.platform_min_success_rate),
        _share(weight.largest, weight.of, policy),
        *_unproven(evidence.spread, policy),
        *_undoubted(evidence),
        _unpromoted(evidence.living_rule),
    )


def may_open(evidence: PlatformEvidence, policy: Policy) -> bool:
    """Say whether a pair is worth to have summed up whose evidence it is."""
    shut = set(failing(platform_gates(evidence, policy)))
    return shut <= (_BY_INCIDENT if policy.counts_by_spread else _SPREAD)


def asks_an_operator(shut: Sequence[str]) -> bool:
    """Say whether nothing but an operator's word keeps a pair from its rule."""
    return bool(shut) and OPERATORS.issuperset(shut)


def look_alike_warning(incident_type: str, look_alike: str | None) -> Gate:
    """Return what is to be said of a type that another is easily taken for."""
    return Gate(
        name="no_look_alike",
        value=look_alike,
        needed=None,
        passed=look_alike is None,
        explanation=f"No other incident type looks like {incident_type}."
        if look_alike is None
        else f"{incident_type} is easily taken for {look_alike}, which is another incident type.",
    )


def platform_warnings(evidence: PlatformEvidence, policy: Policy) -> tuple[Gate, ...]:
    """Return what a careful platform would look at, and this policy does not."""
    spread = evidence.spread
    if spread is None or not spread.attempts + spread.unproven:
        return ()
    least = ADVISED.organization_min_incidents
    heard, organizations = spread.heard(least), spread.heard(1)
    found = [
        Gate(
            name="organization_min_incidents",
            value=heard,
            needed=policy.platform_min_organizations,
            passed=heard >= min(organizations, policy.platform_min_organizations),
            explanation=f"{heard} of {organizations} organizations have {least} attempts, on as "
            "many incidents.",
        ),
        Gate(
            name="platform_min_partners",
            value=spread.partners,
            needed=ADVISED.platform_min_partners,
            passed=spread.partners >= ADVISED.platform_min_partners,
            explanation=f"The organizations are of {_many(spread.partners, 'partner')}.",
        ),
        *evidence_warnings(spread, policy.platform_min_occurrences),
    ]
    return tuple(gate for gate in found if getattr(policy, gate.name) == getattr(_OFF, gate.name))


def evidence_warnings(spread: Spread, least: int) -> tuple[Gate, ...]:
    """Return what is to be said of any evidence of which so many attempts are needed."""
    share = ADVISED.max_unproven_share
    reported = spread.attempts + spread.unproven
    return (
        Gate(
            name="count_incidents",
            value=spread.incidents,
            needed=least,
            passed=spread.incidents >= min(spread.attempts, least),
            explanation=f"{_many(spread.attempts, 'attempt')} at "
            f"{_many(spread.incidents, 'incident')}; one was tried "
            f"{_many(spread.most_of_one, 'time')}.",
        ),
        Gate(
            name="platform_max_age_days",
            value=spread.aged,
            needed=0,
            passed=spread.aged == 0,
            explanation=f"{spread.aged} of {_many(spread.attempts, 'attempt')} "
            f"{'is' if spread.aged == 1 else 'are'} older than {spread.days} days.",
        ),
        Gate(
            name="max_unproven_share",
            value=spread.unproven,
            needed=share,
            passed=Decimal(spread.unproven) <= Decimal(str(share)) * reported,
            explanation=f"{spread.unproven} of {reported} reported were not attempted, not "
            "reachable or called a chaos test.",
        ),
    )


def _partners(partners: int, policy: Policy) -> tuple[Gate, ...]:
    if policy.platform_min_partners <= 1:
        return ()
    return (_at_least("partners", partners, policy.platform_min_partners, "partners"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """What a pair's evidence comes to under a policy."""

    organizations: int
    partners: int
    occurrences: int
    successes: int
    unit: str
    # The largest organization's part, and of what.
    largest: int
    of: int


def _weigh(evidence: PlatformEvidence, policy: Policy) -> _Weight:
    spread = evidence.spread
    if spread is None or not policy.counts_by_spread:
        occurrences, successes = counted(evidence.counts, policy)
        chaos = policy.learn_from_chaos
        return _Weight(
            organizations=evidence.organizations_with_chaos if chaos else evidence.organizations,
            partners=evidence.partners,
            occurrences=occurrences,
            successes=successes,
            unit="executions",
            largest=evidence.largest_organization,
            of=evidence.counts.occurrences,
        )
    once = policy.count_incidents
    occurrences = spread.incidents if once else spread.attempts
    return _Weight(
        organizations=spread.heard(policy.organization_min_incidents),
        partners=spread.partners,
        occurrences=occurrences,
        successes=spread.incident_successes if once else spread.successes,
        unit="incidents" if once else "executions",
        largest=spread.largest_incidents if once else spread.largest,
        of=occurrences,
    )


def _unproven(spread: Spread | None, policy: Policy) -> tuple[Gate, ...]:
    limit = policy.max_unproven_share
    if limit >= 1 or spread is None:
        return ()
    reported = spread.attempts + spread.unproven
    return (
        Gate(
            name="unproven_share",
            value=f"{spread.unproven} of {reported}" if reported else "no data",
            needed=limit,
            passed=Decimal(spread.unproven) <= Decimal(str(limit)) * reported,
            explanation=f"{spread.unproven} of {reported} reported were not attempted, not "
            f"reachable or called a chaos test; {100 * limit:g} % are let pass.",
        ),
    )


def site_lost(
    evidence: SiteEvidence, policy: Policy, then: Mapping[str, object], now: dt.datetime
) -> list[Gate]:
    """Return the gates of a living rule that a site's evidence leaves shut; see ``_lost``."""
    asked = _lenient(policy, then, _SITE_EVIDENCE)
    return _lost(site_gates(evidence, asked, now), then, _SITE_EVIDENCE)


def platform_lost(
    evidence: PlatformEvidence, policy: Policy, then: Mapping[str, object]
) -> list[Gate]:
    """Return the gates of a living rule that a pair's evidence leaves shut; see ``_lost``."""
    asked = _lenient(policy, then, _PLATFORM_EVIDENCE)
    return _lost(platform_gates(evidence, asked), then, _PLATFORM_EVIDENCE)


def _lost(
    shown: tuple[Gate, ...], then: Mapping[str, object], fields: Mapping[str, str]
) -> list[Gate]:
    """Return the shut ones of the gates that ask about evidence and were asked ``then``.

    ``then`` is what each needed when the rule was made: a policy that asks more since, or of
    something else, takes nothing from the rule. Nor does mere age.
    """
    return [gate for gate in shown if not gate.passed and gate.name in fields.keys() & then.keys()]


def _lenient(policy: Policy, then: Mapping[str, object], fields: Mapping[str, str]) -> Policy:
    """Return the policy with the less of what each of these gates needs now and needed then."""
    asked: dict[str, Any] = {}
    for gate, field in fields.items():
        before, now = then.get(gate), getattr(policy, field)
        if isinstance(before, int | float):
            asked[field] = max(now, before) if gate in _AT_MOST else min(now, before)
    return replace(policy, **asked)


def counted(counts: Counts, policy: Policy) -> tuple[int, int]:
    """Return the occurrences and the successes among them that count under a policy."""
    occurrences, successes = counts.occurrences, counts.successes
    if policy.require_verified:
        successes = counts.verified_successes
    elif policy.learn_from_chaos:
        successes += counts.chaos_successes
    if policy.learn_from_chaos:
        occurrences += counts.chaos_successes + counts.chaos_failures
    return occurrences, successes


def _successes(policy: Policy) -> str:
    return "verified successes" if policy.require_verified else "successes"


def _runbook_gates(
    incident_type: str, runbook_id: str, runbook: Runbook | None
) -> tuple[Gate, ...]:
    known = Gate(
        name="runbook_known",
        value=runbook_id,
        needed="a runbook of the catalogue",
        passed=runbook is not None,
        explanation="It is in the catalogue." if runbook else _kind(runbook_id),
    )
    executable = runbook is not None and runbook.executable
    runs = rules.action_for(runbook.platform) is not None if runbook else False
    return (
        known,
        Gate(
            name="runbook_executable",
            value=executable,
            needed=True,
            passed=executable and runs,
            explanation=_executable(executable, runs),
        ),
        Gate(
            name="incident_type_expressible",
            value=incident_type,
            needed="plain ASCII without <, > and &",
            passed=rules.expressible(incident_type),
            explanation="A rule for it has to read the same on server and appliance.",
        ),
    )


def _kind(runbook_id: str) -> str:
    """Say what an id is that is no runbook."""
    kind = aliases.no_runbook(runbook_id)
    if kind is not None:
        return f"{kind}: it never qualifies."
    if not runbook_id:
        return "The executions name no runbook: they teach nothing."
    return "No runbook has this id: register the runbook, or give the id an alias."


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


_OFF = Policy()


def _executable(executable: bool, runs: bool) -> str:
    if not executable:
        return "Appliances cannot execute it: it only detects, or exists on no appliance."
    return "Appliances can execute it." if runs else "No agent has an action for its platform."


def _at_least(name: str, value: int, needed: int, unit: str) -> Gate:
    missing = needed - value
    return Gate(
        name=name,
        value=value,
        needed=needed,
        passed=missing <= 0,
        explanation=f"{value} of {needed} {unit}: {missing} to go."
        if missing > 0
        else f"{value} {unit}, {needed} are needed.",
    )


def _rate(successes: int, attempts: int, needed: float) -> Gate:
    # Exact: 0.9 as a float would refuse 9 of 10 on some machines' rounding.
    enough = attempts > 0 and Decimal(successes) >= Decimal(str(needed)) * attempts
    return Gate(
        name="success_rate",
        value=f"{successes} of {attempts}" if attempts else "no data",
        needed=needed,
        passed=enough,
        explanation=f"{successes} of {attempts} succeeded, {100 * needed:g} % are needed."
        if attempts
        else "No attempt counts yet.",
    )


def _recent(last_evidence_at: dt.datetime | None, days: int, now: dt.datetime) -> Gate:
    if last_evidence_at is None:
        return Gate(
            name="seen_recently",
            value="no data",
            needed=f"within {days} days",
            passed=False,
            explanation="Only claims of agents that cannot know the outcome.",
        )
    return Gate(
        name="seen_recently",
        value=last_evidence_at.isoformat(),
        needed=f"within {days} days",
        passed=now - last_evidence_at <= dt.timedelta(days=days),
        explanation=f"Last seen {last_evidence_at:%Y-%m-%d %H:%M} UTC.",
    )


def _uncovered(covered_by: str | None) -> Gate:
    return Gate(
        name="not_covered",
        value=covered_by,
        needed=None,
        passed=covered_by is None,
        explanation="No rule is for this incident type yet."
        if covered_by is None
        else f"Already covered by {covered_by}.",
    )


def _share(largest: int, occurrences: int, policy: Policy) -> Gate:
    limit = policy.max_organization_share
    passed = occurrences == 0 or Decimal(largest) <= Decimal(str(limit)) * occurrences
    return Gate(
        name="largest_organization_share",
        value=f"{largest} of {occurrences}" if occurrences else "no data",
        needed=limit,
        passed=passed,
        explanation=f"The largest organization supplied {largest} of {occurrences}.",
    )


def _undoubted(evidence: PlatformEvidence) -> tuple[Gate, ...]:
    approved, like, built_in = evidence.approved_by, evidence.look_alike, evidence.built_in
    word = "It takes an operator's approval." if approved is None else f"{approved} approved it."
    return (
        Gate(
            name="no_look_alike",
            value=like,
            needed=None,
            passed=like is None or approved is not None,
            explanation="Its incident type looks like no other that was known before."
            if like is None
            else f"Its incident type is easily taken for {like}, which was known before. {word}",
        ),
        Gate(
            name="no_other_built_in",
            value=built_in,
            needed=None,
            passed=built_in is None or approved is not None,
            explanation="No built-in rule heals this incident type by another runbook."
            if built_in is None
            else f"The built-in rule {built_in} heals this incident type by another runbook. "
            f"{word}",
        ),
    )


def _unpromoted(living_rule: str | None) -> Gate:
    return Gate(
        name="not_promoted",
        value=living_rule,
        needed=None,
        passed=living_rule is None,
        explanation="No platform rule lives for this pair."
        if living_rule is None
        else f"Promoted already: {living_rule}.",
    )

"""Patterns and their gates, as operators see them."""

import datetime as dt
from uuid import UUID

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.learning.model import gates as gating, promotions
from flywheel_server.learning.store import patterns
from flywheel_server.policy.model import Policy


class GateView(View):
    """One condition on the way to a rule."""

    name: str = Field(description="Which condition.", examples=["success_rate"])
    value: int | float | str | bool | None = Field(
        description="What it saw.", examples=["19 of 20"]
    )
    needed: int | float | str | bool | None = Field(description="What opens it.", examples=[0.9])
    passed: bool = Field(description="Whether it is open.", examples=[True])
    explanation: str = Field(
        description="One sentence for people.", examples=["19 of 20 succeeded, 90% are needed."]
    )


class CountsView(View):
    """What happened. Rates are for whoever shows them: no attempts are no data."""

    occurrences: int = Field(description="Successes and failures.", examples=[20])
    successes: int = Field(description="Heals that succeeded.", examples=[19])
    verified_successes: int = Field(
        description="Those of them that a post-check confirmed.", examples=[0]
    )
    failures: int = Field(description="Heals that failed.", examples=[1])
    not_attempted: int = Field(description="Never tried: part of no rate.", examples=[2])
    claimed_successes: int = Field(
        description="Successes claimed by agent versions that cannot know: part of no rate.",
        examples=[0],
    )
    claimed_failures: int = Field(
        description="Failures claimed by agent versions that cannot know: part of no rate.",
        examples=[0],
    )
    chaos_successes: int = Field(description="Successes of chaos campaigns.", examples=[0])
    chaos_failures: int = Field(description="Failures of chaos campaigns.", examples=[0])


class PatternView(CountsView):
    """What L2 did for one incident type on one host of one site."""

    id: str = Field(
        description="The first 16 hex digits of SHA-256 of {site's uuid}:{signature}.",
        examples=["9f86d081884c7d65"],
    )
    signature: str = Field(description="{incident_type}:{runbook_id}:{hostname}, for reading only.")
    site: str = Field(description="The site's uuid.")
    site_id: str = Field(description="The site as appliances call it.", examples=["site-lab-01"])
    incident_type: str = Field(description="What was wrong.", examples=["firewall_status"])
    runbook_id: str = Field(
        description="The runbook, or the reported id where it resolves to none.",
        examples=["RB-WIN-SEC-001"],
    )
    hostname: str = Field(description="Where.", examples=["WS-TEST-2"])
    first_seen_at: dt.datetime = Field(description="First occurrence, UTC.")
    last_seen_at: dt.datetime = Field(description="Last occurrence, UTC.")
    state: str = Field(
        description="observed, eligible, withdrawn, approved or rejected", examples=["observed"]
    )
    state_changed_at: dt.datetime = Field(description="Since when, UTC.")
    visible: bool = Field(description="Whether the site's own people see it already.")
    gates: list[GateView] = Field(description="In order; all have to be open for a candidate.")
    failing: list[str] = Field(description="The gates that are shut.", examples=[["occurrences"]])


class PlatformPatternView(CountsView):
    """What one runbook did for one incident type across all contributing organizations."""

    id: UUID = Field(description="The pair's id.")
    incident_type: str = Field(description="What was wrong.", examples=["firewall_status"])
    runbook_id: str = Field(
        description="The runbook, or the reported id.", examples=["RB-WIN-SEC-001"]
    )
    sites: int = Field(description="Distinct sites.", examples=[7])
    organizations: int = Field(description="Distinct organizations.", examples=[5])
    since: CountsView = Field(
        description="What counts towards a rule: everything since the last one was withdrawn."
    )
    counted_from: dt.datetime | None = Field(
        description="When the pair's last rule was withdrawn; null: never."
    )
    partners: int = Field(
        description="Of how many partners the organizations are whose evidence counts towards a "
        "rule.",
        examples=[3],
    )
    largest_organization: int = Field(
        description="How many of the occurrences the largest organization supplied.", examples=[6]
    )
    first_seen_at: dt.datetime | None = Field(description="First occurrence, UTC.")
    last_seen_at: dt.datetime | None = Field(description="Last occurrence, UTC.")
    spread: str | None = Field(
        description="How what counts is spread, in one sentence; null in lists.",
        examples=[
            "20 of 24 from one of 5 organizations, of 2 partners, each for another incident."
        ],
    )
    warnings: list[GateView] = Field(
        description="What the policy could look at and does not, by the names of its values: they "
        "shut nothing. Empty in lists."
    )
    gates: list[GateView] = Field(description="In order; all have to be open for a rule.")
    failing: list[str] = Field(description="The gates that are shut.", examples=[["organizations"]])


def pattern(row: patterns.Pattern, policy: Policy, now: dt.datetime) -> PatternView:
    """Return a site's pattern with its gates."""
    evidence = row.evidence
    gates = promotions.site_gates(evidence, policy, now)
    return PatternView(
        **_counts(evidence.counts).model_dump(),
        id=row.id,
        signature=f"{evidence.incident_type}:{evidence.runbook_id}:{row.hostname}",
        site=str(row.site_id),
        site_id=row.site_slug,
        incident_type=evidence.incident_type,
        runbook_id=evidence.runbook_id,
        hostname=row.hostname,
        first_seen_at=row.first_seen_at,
        last_seen_at=evidence.last_seen_at,
        state=row.state,
        state_changed_at=row.state_changed_at,
        visible=evidence.counts.occurrences >= policy.visible_min_occurrences,
        gates=[GateView.model_validate(gate) for gate in gates],
        failing=gating.failing(gates),
    )


def platform_pattern(
    row: patterns.PlatformPattern, policy: Policy, *, detail: bool = False
) -> PlatformPatternView:
    """Return a pair with its gates; ``detail`` adds what lists leave out."""
    gates = promotions.platform_gates(row.evidence, policy)
    # In lists only what the policy counts by is asked of the facts.
    whole = row.evidence.spread if detail else None
    warnings = promotions.platform_warnings(row.evidence, policy) if detail else ()
    return PlatformPatternView(
        **_counts(row.total).model_dump(),
        id=row.id,
        incident_type=row.evidence.incident_type,
        runbook_id=row.evidence.runbook_id,
        sites=row.sites,
        organizations=row.organizations,
        since=_counts(row.evidence.counts),
        counted_from=row.counted_from,
        partners=row.evidence.partners,
        spread=None if whole is None else whole.sentence(),
        warnings=[GateView.model_validate(each) for each in warnings],
        largest_organization=row.evidence.largest_organization,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        gates=[GateView.model_validate(gate) for gate in gates],
        failing=gating.failing(gates),
    )


def _counts(counts: promotions.Counts) -> CountsView:
    return CountsView.model_validate(counts)

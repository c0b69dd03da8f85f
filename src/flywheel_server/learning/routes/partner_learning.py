"""Learning, for partners: figures, candidates with their evidence, and what was healed."""

import datetime as dt
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import SearchFilter
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PersonScope
from flywheel_server.executions.routes import healing_logs, healing_views
from flywheel_server.executions.routes.healing_logs import LevelFilter, SuccessFilter, TextFilter
from flywheel_server.executions.routes.healing_views import HealingItem, HealingLog, TotalsView
from flywheel_server.executions.store import healing
from flywheel_server.executions.store.healing import Day, Filters, PatternKey
from flywheel_server.fleet.store import appliances
from flywheel_server.learning.actions import promote
from flywheel_server.learning.model import decisions
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.model.promotions import evidence_warnings, look_alike_warning
from flywheel_server.learning.routes import candidate_hosts, views as learning_views
from flywheel_server.learning.routes.candidate_hosts import HostView
from flywheel_server.learning.routes.decisions import CandidateId
from flywheel_server.learning.routes.operator_learning import GateView
from flywheel_server.learning.routes.views import CandidateItem
from flywheel_server.learning.store import candidates, patterns, promotions, spreads
from flywheel_server.learning.store.candidates import Candidate, Said, StateCount
from flywheel_server.learning.store.promotions import RuleCount
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.views import delivery_notes
from flywheel_server.rules.views.delivery_notes import ApplianceNoteView
from flywheel_server.web import keysets as pages, rates
from flywheel_server.web.access import PartnerReader, RuntimeDep
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.runtime import Runtime
from flywheel_server.web.windows import Window, WindowDep, WindowView

router = APIRouter(prefix="/api/partners/me/learning", tags=["partners: learning"])

_MOST_EXECUTIONS = 50
_TIME = "2026-02-24T10:00:00Z"


class CandidateCounts(BaseModel):
    """Candidates by what became of them."""

    eligible: int = Field(description="Waiting for a decision.", examples=[4])
    endorsed: int = Field(description="Those of them that a client forwarded.", examples=[1])
    approved: int = Field(description="Approved, ever.", examples=[12])
    rejected: int = Field(description="Rejected, ever.", examples=[2])
    withdrawn: int = Field(description="No candidates any more.", examples=[3])


class RuleCounts(BaseModel):
    """Promoted rules, and what they did since they were made."""

    rules: int = Field(description="Ever made.", examples=[12])
    enabled: int = Field(description="Served now.", examples=[11])
    withdrawn: int = Field(description="Withdrawn for failing.", examples=[1])
    success: SuccessView = Field(description="How often all of them healed.")
    success_rate: float | None = Field(description="Null without attempts.", examples=[0.95])


class NowView(BaseModel):
    """How things stand, whatever the window."""

    candidates: CandidateCounts = Field(description="Candidates.")
    promoted_rules: RuleCounts = Field(description="Rules.")


class InWindowView(BaseModel):
    """What happened in the window."""

    endorsed: int = Field(description="Candidates that clients forwarded.", examples=[1])
    approved: int = Field(description="Candidates that were approved.", examples=[3])
    rejected: int = Field(description="Candidates that were rejected.", examples=[0])
    healing: TotalsView = Field(description="Executions received, each as its newest version.")
    l1_share: float | None = Field(
        description="Fraction of the attempts that rules made; null without attempts.",
        examples=[0.6],
    )


class StatsView(BaseModel):
    """The partner's figures; each says which time it is about."""

    window: WindowView = Field(description="The time that `in_window` is about.")
    now: NowView = Field(description="Whatever the window.")
    in_window: InWindowView = Field(description="Within the window.")


class DayView(BaseModel):
    """What was received on one UTC day."""

    day: dt.date = Field(description="The day.", examples=["2026-02-24"])
    success: SuccessView = Field(description="How often it healed.")
    not_attempted: int = Field(description="Never tried: part of no rate.", examples=[0])
    claimed: int = Field(
        description="Claimed by agent versions that cannot know: part of no rate.", examples=[0]
    )


class HistoryView(BaseModel):
    """Something that was said or decided."""

    what: str = Field(description="endorsed, approved, rejected or reopened", examples=["endorsed"])
    by: str = Field(description="By whom.", examples=["kim@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=[_TIME])
    tier: str = Field(description="client, partner or operator", examples=["client"])
    notes: str | None = Field(description="Why, in their words.", examples=[None])
    evidence: dict[str, Any] | None = Field(description="What was known, if it was a decision.")


class WouldBeView(BaseModel):
    """The rule that approval would make now, as appliances would get it."""

    rule: dict[str, Any] | None = Field(description="The rule; null where none can be made.")
    rule_hash: str | None = Field(
        description="Send it with the approval, so that nothing else is approved."
    )
    is_new: bool = Field(description="False: a rule of the site that it would join.")
    reason: str | None = Field(description="Why none can be made.", examples=[None])


class CandidateDetail(CandidateItem):
    """A candidate with everything that a decision needs."""

    gates: list[GateView] = Field(description="In order; all have to be open.")
    spread: str = Field(
        description="How its evidence is spread, in one sentence.",
        examples=["18 of 20 healed, for 9 incidents, one of them repeated 12 times."],
    )
    warnings: list[GateView] = Field(
        description="What whoever decides may want to look at: these shut nothing."
    )
    hosts: list[HostView] = Field(
        description="The site's hosts with the same pair, by name: the wanted fifty."
    )
    hosts_next: str | None = Field(
        description="Send it as `?hosts_next=` for more of them; null on the last page.",
        examples=[None],
    )
    executions: list[HealingItem] = Field(description="Its newest executions, at most 50.")
    by_day: list[DayView] = Field(description="Its evidence by day.")
    window: WindowView = Field(description="The time that executions and days are about.")
    would_be: WouldBeView | None = Field(description="Null once it is decided.")
    rule_hash: str | None = Field(
        description="The same hash as in `would_be`, where approvals look for it first."
    )
    rule_id: str | None = Field(description="The rule that came of it.", examples=[None])
    history: list[HistoryView] = Field(description="The oldest first.")
    appliances: list[ApplianceNoteView] = Field(
        description="What delivery means on each appliance of the site."
    )


@router.get("/stats")
async def get_stats(scope: PartnerReader, parts: RuntimeDep, window: WindowDep) -> StatsView:
    """Return the figures of your sites: how things stand, and what happened in the window."""
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        states = await candidates.counted(connection, policy.visible_min_occurrences)
        rule_count = await promotions.rules_counted(connection)
        approved, rejected = await promotions.decided_since(connection, window.since)
        endorsed = await promotions.endorsed_since(connection, window.since)
        levels = await healing.totals(connection, Filters(), since=window.since, until=window.until)
    totals = healing_views.totals(levels)
    attempts = totals.success.attempts
    return StatsView(
        window=window.view,
        now=NowView(candidates=_candidates(states), promoted_rules=_rules(rule_count)),
        in_window=InWindowView(
            endorsed=endorsed,
            approved=approved,
            rejected=rejected,
            healing=totals,
            l1_share=totals.levels["L1"].success.attempts / attempts if attempts else None,
        ),
    )


@router.get("/candidates")
async def list_candidates(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    site: SiteFilterDep,
    status: Annotated[CandidateState | None, Query(description="Only such.")] = None,
    endorsed: Annotated[bool | None, Query(description="Only forwarded ones, or others.")] = None,
    text: Annotated[
        str | None, Query(min_length=1, max_length=300, description="In its type, runbook or host.")
    ] = None,
) -> pages.Listing[CandidateItem]:
    """List candidates of your sites, the latest change first."""
    before = page.after_all(dt.datetime, str)
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        rows = await candidates.page(
            connection,
            state=status,
            site_id=await site.find(connection),
            endorsed=endorsed,
            text=text,
            least_occurrences=policy.visible_min_occurrences,
            before=cast("tuple[dt.datetime, str] | None", before),
            limit=page.limit + 1,
        )
    now = clock.now()
    return pages.listing(
        rows,
        page,
        lambda row: (row.state_changed_at, row.id),
        lambda row: learning_views.candidate_item(row, policy, now),
    )


@router.get("/candidates/{candidate_id}")
async def get_candidate(
    scope: PartnerReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: candidate_hosts.WantedDep,
) -> CandidateDetail:
    """Return a candidate, its own evidence, and the exact rule that approval would make."""
    return await detail_of(parts, scope, candidate_id, window, hosts)


@router.get("/execution-history")
async def list_executions(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    window: WindowDep,
    site: SiteFilterDep,
    success: SuccessFilter = None,
    level: LevelFilter = None,
    incident_type: TextFilter = None,
    hostname: TextFilter = None,
    text: SearchFilter = None,
) -> HealingLog:
    """List what was healed at your sites, the newest first, with totals under the same filters."""
    return await healing_logs.read(
        parts,
        scope,
        page,
        window,
        site,
        success=success,
        level=level,
        incident_type=incident_type,
        hostname=hostname,
        text=text,
    )


async def detail_of(
    parts: Runtime,
    scope: PersonScope,
    candidate_id: str,
    window: Window,
    hosts: candidate_hosts.Wanted,
    *,
    least_occurrences: int | None = None,
) -> CandidateDetail:
    """Return a candidate that the caller may see, from so many occurrences on; None: the policy's.

    Raises NotFound.
    """
    async with db.transaction(parts.database, scope) as connection:
        policy = await policies.in_force(connection)
        least = policy.visible_min_occurrences if least_occurrences is None else least_occurrences
        found = await candidates.get(connection, [candidate_id], least_occurrences=least)
        if candidate_id not in found:
            raise errors.NotFound("No candidate has this id: take one from the list.")
        return await _detail(connection, found[candidate_id], policy, window, hosts)


async def _detail(
    connection: Connection,
    candidate: Candidate,
    policy: Policy,
    window: Window,
    wanted: candidate_hosts.Wanted,
) -> CandidateDetail:
    decided = candidate.decided
    hosts = await candidate_hosts.read(connection, candidate, wanted)
    pattern = PatternKey(
        site_id=candidate.site_id,
        incident_type=candidate.evidence.incident_type,
        runbook_id=candidate.evidence.runbook_id,
        hostname=candidate.hostname,
    )
    executions = await healing.of_pattern(connection, pattern, window.since, _MOST_EXECUTIONS)
    days = await healing.by_day(connection, pattern, window.since)
    became = await promotions.rules_by_ids(
        connection, [decided.rule] if decided and decided.rule else []
    )
    would_be = None if decided else await _would_be(connection, candidate)
    like = await patterns.own_look_alike(
        connection, candidate.site_id, candidate.evidence.incident_type
    )
    spread = await spreads.of_pattern(
        connection,
        candidate.site_id,
        candidate.evidence,
        candidate.hostname,
        policy,
        window.until,
    )
    return CandidateDetail(
        **learning_views.candidate_fields(candidate, policy, window.until),
        gates=learning_views.gate_views(learning_views.gates_of(candidate, policy, window.until)),
        spread=spread.own_sentence(),
        warnings=learning_views.gate_views(
            (
                *evidence_warnings(spread, policy.site_min_occurrences),
                look_alike_warning(candidate.evidence.incident_type, like),
            )
        ),
        hosts=hosts.items,
        hosts_next=hosts.next,
        executions=[healing_views.healing_item(each) for each in executions],
        by_day=[_day(each) for each in days],
        window=window.view,
        would_be=would_be,
        rule_hash=would_be and would_be.rule_hash,
        rule_id=next((rule.rule_id for rule in became.values()), None),
        history=_history(candidate, await candidates.said(connection, candidate)),
        appliances=delivery_notes.of_appliances(
            await appliances.of_site(connection, candidate.site_id)
        ),
    )


async def _would_be(connection: Connection, candidate: Candidate) -> WouldBeView:
    try:
        rule = await promote.rule_that_would_be(connection, candidate)
    except (errors.NotEligible, errors.InvalidInput) as error:
        return WouldBeView(rule=None, rule_hash=None, is_new=False, reason=error.detail)
    return WouldBeView(
        rule=rules.wire(rule),
        rule_hash=decisions.rule_hash(rule),
        is_new=not isinstance(rule, Rule),
        reason=None,
    )


def _day(day: Day) -> DayView:
    shown, _ = rates.success(day.successes, day.successes + day.failures)
    return DayView(day=day.day, success=shown, not_attempted=day.not_attempted, claimed=day.claimed)


def _history(candidate: Candidate, decisions: list[Said]) -> list[HistoryView]:
    said = [HistoryView.model_validate(each, from_attributes=True) for each in decisions]
    if candidate.endorsed is not None:
        word = candidate.endorsed
        said.append(
            HistoryView(
                what="endorsed",
                by=word.by,
                at=word.at,
                tier="client",
                notes=word.notes,
                evidence=None,
            )
        )
    return sorted(said, key=lambda each: each.at)


def _candidates(states: list[StateCount]) -> CandidateCounts:
    found = {each.state: each for each in states}
    eligible = found.get("eligible")
    counts = {
        state: found[state].candidates if state in found else 0
        for state in ("eligible", "approved", "rejected", "withdrawn")
    }
    return CandidateCounts(**counts, endorsed=0 if eligible is None else eligible.endorsed)


def _rules(count: RuleCount) -> RuleCounts:
    shown, rate = rates.success(count.successes, count.attempts)
    return RuleCounts(
        rules=count.rules,
        enabled=count.enabled,
        withdrawn=count.withdrawn,
        success=shown,
        success_rate=rate,
    )

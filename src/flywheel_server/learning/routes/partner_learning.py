"""Learning, for partners: figures, candidates with their evidence, and what was healed."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import SearchFilter
from flywheel_server.accounts.views.sites import SiteFilterDep
from flywheel_server.core import clock, db
from flywheel_server.executions.routes import healing_logs, healing_views
from flywheel_server.executions.routes.healing_logs import LevelFilter, SuccessFilter, TextFilter
from flywheel_server.executions.routes.healing_views import HealingLog, TotalsView
from flywheel_server.executions.store import healing
from flywheel_server.executions.store.healing import Filters
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.queries import candidates as queries
from flywheel_server.learning.queries.candidates import Filters as CandidateFilters
from flywheel_server.learning.store import candidates, promotions
from flywheel_server.learning.store.candidates import StateCount
from flywheel_server.learning.store.promotions import RuleCount
from flywheel_server.learning.views.candidates import CandidateId, CandidateItem
from flywheel_server.learning.views.details import CandidateDetail
from flywheel_server.learning.views.hosts import WantedDep
from flywheel_server.policy import store as policies
from flywheel_server.web import keysets as pages, rates
from flywheel_server.web.access import PartnerReader, RuntimeDep
from flywheel_server.web.rates import SuccessView
from flywheel_server.web.windows import WindowDep, WindowView

router = APIRouter(prefix="/api/partners/me/learning", tags=["partners: learning"])


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
    async with db.transaction(parts.database, scope) as connection:
        wanted = CandidateFilters(site=site, status=status, endorsed=endorsed, text=text)
        return await queries.listed(connection, scope, page, wanted, clock.now())


@router.get("/candidates/{candidate_id}")
async def get_candidate(
    scope: PartnerReader,
    parts: RuntimeDep,
    candidate_id: CandidateId,
    window: WindowDep,
    hosts: WantedDep,
) -> CandidateDetail:
    """Return a candidate, its own evidence, and the exact rule that approval would make."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.get(connection, scope, candidate_id, window, hosts)


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

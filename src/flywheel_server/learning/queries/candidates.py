"""Candidates: one list and one detail for clients, partners and operators."""

import datetime as dt
from dataclasses import dataclass
from typing import cast, overload

from flywheel_server.accounts.views.sites import SiteFilter
from flywheel_server.core import errors, rights
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope, PersonScope
from flywheel_server.executions.routes import healing_views
from flywheel_server.executions.store import healing
from flywheel_server.executions.store.healing import PatternKey
from flywheel_server.fleet.store import appliances
from flywheel_server.learning.actions import promote
from flywheel_server.learning.model import decisions
from flywheel_server.learning.model.decisions import CandidateState
from flywheel_server.learning.model.promotions import evidence_warnings, look_alike_warning
from flywheel_server.learning.store import candidates, patterns, promotions, spreads
from flywheel_server.learning.store.candidates import Candidate
from flywheel_server.learning.views import candidates as views, details, hosts as host_views
from flywheel_server.learning.views.candidates import CandidateItem, ClientCandidate
from flywheel_server.learning.views.details import (
    CandidateDetail,
    ClientCandidateDetail,
    WouldBeView,
)
from flywheel_server.learning.views.hosts import HostView, Wanted
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.views import delivery_notes
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page
from flywheel_server.web.windows import Window

_MOST_EXECUTIONS = 50
_HOSTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which candidates are wanted; None wants all."""

    site: SiteFilter
    status: CandidateState | None = None
    endorsed: bool | None = None
    text: str | None = None


@overload
async def listed(
    connection: Connection, scope: ClientScope, page: Page, wanted: Filters, now: dt.datetime
) -> Listing[ClientCandidate]: ...
@overload
async def listed(
    connection: Connection,
    scope: PartnerScope | OperatorScope,
    page: Page,
    wanted: Filters,
    now: dt.datetime,
) -> Listing[CandidateItem]: ...
async def listed(
    connection: Connection, scope: PersonScope, page: Page, wanted: Filters, now: dt.datetime
) -> Listing[ClientCandidate] | Listing[CandidateItem]:
    """Return candidates, the latest change first.

    A site's own people see a pattern from the policy's number of occurrences on, operators at once.
    """
    before = page.after_all(dt.datetime, str)
    policy = await policies.in_force(connection)
    rows = await candidates.page(
        connection,
        state=wanted.status,
        site_id=await wanted.site.find(connection),
        endorsed=wanted.endorsed,
        text=wanted.text,
        least_occurrences=_least(scope, policy),
        before=cast("tuple[dt.datetime, str] | None", before),
        limit=page.limit + 1,
    )

    def key(row: Candidate) -> tuple[dt.datetime, str]:
        return row.state_changed_at, row.id

    if isinstance(scope, ClientScope):
        return keysets.listing(
            rows, page, key, lambda row: views.client_candidate(row, policy, now, scope)
        )
    return keysets.listing(rows, page, key, lambda row: views.candidate_item(row, policy, now))


@overload
async def get(
    connection: Connection, scope: ClientScope, candidate_id: str, window: Window, hosts: Wanted
) -> ClientCandidateDetail: ...
@overload
async def get(
    connection: Connection, scope: PersonScope, candidate_id: str, window: Window, hosts: Wanted
) -> CandidateDetail: ...
async def get(
    connection: Connection, scope: PersonScope, candidate_id: str, window: Window, hosts: Wanted
) -> CandidateDetail:
    """Return a candidate with everything that a decision needs. Raises NotFound."""
    policy = await policies.in_force(connection)
    found = await candidates.get(
        connection, [candidate_id], least_occurrences=_least(scope, policy)
    )
    if candidate_id not in found:
        raise errors.NotFound("No candidate has this id: take one from the list.")
    detail = await _detail(connection, found[candidate_id], policy, window, hosts)
    if not isinstance(scope, ClientScope):
        return detail
    # Not dumped: a field of an execution has another name than the one it is read by.
    return ClientCandidateDetail(
        **dict(detail), may_decide=rights.decides_on(scope, detail.healing_tier, detail.status)
    )


def _least(scope: PersonScope, policy: Policy) -> int:
    return 0 if isinstance(scope, OperatorScope) else policy.visible_min_occurrences


async def _detail(
    connection: Connection,
    candidate: Candidate,
    policy: Policy,
    window: Window,
    wanted: Wanted,
) -> CandidateDetail:
    decided = candidate.decided
    hosts = await _hosts(connection, candidate, wanted)
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
        **views.candidate_fields(candidate, policy, window.until),
        gates=views.gate_views(views.gates_of(candidate, policy, window.until)),
        spread=spread.own_sentence(),
        warnings=views.gate_views(
            (
                *evidence_warnings(spread, policy.site_min_occurrences),
                look_alike_warning(candidate.evidence.incident_type, like),
            )
        ),
        hosts=hosts.items,
        hosts_next=hosts.next,
        executions=[healing_views.healing_item(each) for each in executions],
        by_day=[details.of_day(each) for each in days],
        window=window.view,
        would_be=would_be,
        rule_hash=would_be and would_be.rule_hash,
        rule_id=next((rule.rule_id for rule in became.values()), None),
        history=details.history(candidate, await candidates.said(connection, candidate)),
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


async def _hosts(connection: Connection, candidate: Candidate, wanted: Wanted) -> Listing[HostView]:
    page = Page(limit=_HOSTS, cursor=wanted.cursor)
    rows = await candidates.hosts(
        connection, candidate, text=wanted.text, after=page.after(str), limit=page.limit + 1
    )
    return keysets.listing(rows, page, lambda row: (row.hostname,), host_views.view)

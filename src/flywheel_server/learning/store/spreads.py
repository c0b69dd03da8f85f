"""How evidence is spread, from the facts that are kept."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.learning.model import promotions
from flywheel_server.learning.model.promotions import PlatformEvidence, SiteEvidence
from flywheel_server.learning.model.spreads import Spread, Voice
from flywheel_server.learning.store.patterns import Elsewhere, PlatformPattern
from flywheel_server.policy import model as policies
from flywheel_server.policy.model import Policy

_SQL = load("spreads")
# Before anything that was ever received.
_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


async def of_pair(
    connection: Connection, pattern: PlatformPattern, policy: Policy, now: dt.datetime
) -> PlatformPattern:
    """Return a platform pattern with how its evidence is spread, of what the policy counts."""
    found = await _of_pair(connection, pattern.evidence, pattern.counted_from, policy, now)
    return replace(pattern, evidence=found)


async def where_asked(
    connection: Connection, pattern: PlatformPattern, policy: Policy, now: dt.datetime
) -> PlatformPattern:
    """Return it with its spread where the policy counts by it and other gates are open."""
    if not _asked(pattern.evidence, policy):
        return pattern
    return await of_pair(connection, pattern, policy, now)


async def for_plan(
    connection: Connection, elsewhere: Elsewhere, policy: Policy, now: dt.datetime
) -> PlatformEvidence:
    """Return evidence that a plan may rest on, as above, with what no fold has taken yet."""
    evidence = elsewhere.evidence
    if not _asked(evidence, policy):
        return evidence
    return await _of_pair(connection, evidence, elsewhere.counted_from, policy, now, unfolded=True)


def _asked(evidence: PlatformEvidence, policy: Policy) -> bool:
    return policy.counts_by_spread and promotions.may_open(evidence, policy)


async def _of_pair(
    connection: Connection,
    evidence: PlatformEvidence,
    counted_from: dt.datetime | None,
    policy: Policy,
    now: dt.datetime,
    *,
    unfolded: bool = False,
) -> PlatformEvidence:
    days = policy.platform_max_age_days or policies.ADVISED.platform_max_age_days
    aged = now - dt.timedelta(days=days)
    since = counted_from or _EVER
    if policy.platform_max_age_days:
        since = max(since, aged)
    rows = await connection.fetch(
        *_SQL["of_pair"](
            incident_type=evidence.incident_type,
            runbook_id=evidence.runbook_id,
            since=since,
            learn_from_chaos=policy.learn_from_chaos,
            aged=aged,
            require_verified=policy.require_verified,
            with_unfolded=unfolded,
        )
    )
    found = Spread(voices=[Voice(**dict(row)) for row in rows], days=days)
    return replace(evidence, spread=found)


async def of_pattern(
    connection: Connection,
    site_id: UUID,
    evidence: SiteEvidence,
    hostname: str,
    policy: Policy,
    now: dt.datetime,
) -> Spread:
    """Return how the evidence of one host of a site is spread."""
    days = policies.ADVISED.platform_max_age_days
    rows = await connection.fetch(
        *_SQL["of_pattern"](
            site_id=site_id,
            incident_type=evidence.incident_type,
            runbook_id=evidence.runbook_id,
            hostname=hostname,
            learn_from_chaos=policy.learn_from_chaos,
            aged=now - dt.timedelta(days=days),
            require_verified=policy.require_verified,
        )
    )
    return Spread(voices=[Voice(**dict(row)) for row in rows], days=days)

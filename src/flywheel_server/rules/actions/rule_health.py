"""Judges watched rules by their attempts, with the detector of ``rules.model.e_detector``.

The numbers follow the recorded attempts alone, so that they can be counted anew at any time: after
a correction, a change of the policy, or to prove them.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.folds.store import Recount
from flywheel_server.policy import store as policies
from flywheel_server.policy.model import Policy
from flywheel_server.rules.actions.exclusions import Tenant
from flywheel_server.rules.actions.withdraw import Case
from flywheel_server.rules.model import e_detector, fair_withdrawal
from flywheel_server.rules.store import exclusions, rule_health, rules
from flywheel_server.rules.store.rule_health import Advanced, Due

_log = log.get(__name__)
_CHUNK = 500
# Whose the evidence against a platform rule is, is weighed by its newest attempts: older good ones
# have left no trace in the detector by then.
_MOST_WEIGHED = 20_000
# An operator hears of a rule at a tenth of the evidence that withdraws it.
WARNING_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    due: Due
    advanced: Advanced
    # After which attempt the evidence reached the limit; None: it did not.
    reached_after: int | None


async def judge(connection: Connection, policy: Policy) -> tuple[int, list[Case]]:
    """Bring the numbers up to the attempts.

    Returns how many rules had new ones, and those whose evidence reached the limit.
    """
    cases: list[Case] = []
    looked_at = 0
    after = UUID(int=0)
    while chunk := await rule_health.due(
        connection, after, with_chaos=policy.learn_from_chaos, limit=_CHUNK
    ):
        judged = [_judge(due, policy) for due in chunk]
        # What is fresh is asked before the numbers say that it was judged.
        found, undecided = await _cases(connection, judged, policy)
        await rule_health.advance(connection, [each.advanced for each in judged])
        for rule in undecided:
            # What does not count now may count by the next turn: a sync may be on its way here.
            await exclusions.count_again(connection, rule)
        cases += found
        looked_at += len(chunk)
        after = chunk[-1].rule
    return looked_at, cases


async def compact(connection: Connection, before: dt.datetime) -> None:
    """Keep what attempts received before then came to in their place: their executions go.

    Only a rule's oldest attempts are taken, up to the first that stays: the order is kept.
    """
    policy = await policies.in_force(connection)
    for base in await rule_health.past_retention(
        connection, before, with_chaos=policy.learn_from_chaos
    ):
        done = e_detector.run(
            base.numbers, _outcomes(base.outcomes), policy.withdrawal_success_rate, math.inf
        )
        await rule_health.compact(
            connection,
            base.rule,
            base.last_seq,
            done.numbers,
            base.attempts + done.attempts,
            base.successes + done.successes,
        )


async def verify(connection: Connection) -> list[Recount]:
    """Compare the attempts with the executions, and the numbers with the attempts."""
    policy = await policies.in_force(connection)
    compared, differing = await rule_health.recount_attempts(connection)
    found = [Recount(name="rule_attempts", compared=compared, differing=differing)]
    recorded = await rule_health.recorded(connection, with_chaos=policy.learn_from_chaos)
    wrong = sum(not _follows(each, policy) for each in recorded)
    return [*found, Recount(name="rule_health", compared=len(recorded), differing=wrong)]


def _judge(due: Due, policy: Policy) -> _Judged:
    bar, limit = policy.withdrawal_success_rate, policy.withdrawal_evidence
    # A long-gone bad spell, counted again, is no reason: the past was judged when it was present.
    again = e_detector.run(due.numbers, _outcomes(due.again), bar, math.inf)
    fresh = e_detector.run(again.numbers, _outcomes(due.fresh), bar, limit)
    counted = due.attempts + again.attempts
    reached_after = None
    value = e_detector.value(fresh.numbers, bar)
    if fresh.reached_after is not None:
        reached_after = counted + fresh.reached_after
    elif value >= limit:
        reached_after = counted + fresh.attempts
    advanced = Advanced(
        rule=due.rule,
        restarted_at=due.restarted_at,
        last_seq=due.last_seq,
        value=value,
        attempts=counted + fresh.attempts,
        successes=due.successes + again.successes + fresh.successes,
        numbers=fresh.numbers,
    )
    return _Judged(due=due, advanced=advanced, reached_after=reached_after)


def _warn(judged: _Judged, policy: Policy) -> None:
    near = policy.withdrawal_evidence * WARNING_SHARE
    if judged.due.enabled and judged.due.value < near <= judged.advanced.value:
        _log.warning(
            "a rule is near its withdrawal",
            rule=str(judged.due.rule),
            successes=judged.advanced.successes,
            attempts=judged.advanced.attempts,
        )


async def _cases(
    connection: Connection, judged: Sequence[_Judged], policy: Policy
) -> tuple[list[Case], list[UUID]]:
    """Return who loses which rule, and the rules whose evidence is of nobody who counts."""
    cases: list[Case] = []
    undecided: list[UUID] = []
    failing = [each.due.rule for each in judged if each.due.enabled and "0" in each.due.fresh]
    # Good reports of who was never served the rule would keep it on for those whom it fails.
    masked = await exclusions.masked(connection, failing)
    for each in judged:
        _warn(each, policy)
        reached = each.reached_after is not None and each.due.enabled
        if not reached and each.due.rule not in masked:
            continue
        case = await _case(connection, each, policy)
        if case is not None:
            cases.append(case)
        elif reached:
            undecided.append(each.due.rule)
    return cases, undecided


async def _case(connection: Connection, judged: _Judged, policy: Policy) -> Case | None:
    rule = await rules.get(connection, judged.due.rule)
    if rule is None or not rule.enabled:
        return None
    now = judged.advanced
    figures: dict[str, object] = {
        "successes": now.successes,
        "attempts": now.attempts,
        "reached_after": judged.reached_after,
        "value": round(now.value, 1),
        "limit": policy.withdrawal_evidence,
        "bar": policy.withdrawal_success_rate,
    }
    since = f"since {now.restarted_at:%Y-%m-%d %H:%M} UTC"
    below = f"credibly below {policy.withdrawal_success_rate:.0%}"
    if rule.source != "platform":
        reason = f"{now.successes} of {now.attempts} attempts healed {since}: {below}."
        return Case(rule=rule, reason=reason, figures=figures)
    verdict, tenant = await _whose(connection, rule.id, policy)
    if verdict.whose == "nobody":
        return None
    figures |= {"successes": verdict.successes, "attempts": verdict.attempts}
    healed = f"{verdict.successes} of {verdict.attempts} attempts"
    reason = f"{healed} healed {since}: {below}."
    if tenant is not None:
        reason = f"{healed} of this {verdict.whose} healed {since}, {below}; not so elsewhere."
    return Case(rule=rule, reason=reason, figures=figures, tenant=tenant)


async def _whose(
    connection: Connection, rule: UUID, policy: Policy
) -> tuple[fair_withdrawal.Verdict, Tenant | None]:
    """Return who loses a platform rule, and the tenant where it is one alone."""
    attempts = await exclusions.attempts(
        connection, rule, with_chaos=policy.learn_from_chaos, limit=_MOST_WEIGHED
    )
    verdict = fair_withdrawal.judge(
        attempts, bar=policy.withdrawal_success_rate, limit=policy.withdrawal_evidence
    )
    if verdict.whose == "partner" and verdict.tenant_id is not None:
        return verdict, Tenant(partner_id=verdict.tenant_id)
    for each in attempts:
        if each.organization_id == verdict.tenant_id:
            return verdict, Tenant(partner_id=each.partner_id, organization_id=each.organization_id)
    return verdict, None


def _follows(recorded: rule_health.Recorded, policy: Policy) -> bool:
    bar = policy.withdrawal_success_rate
    done = e_detector.run(recorded.base_numbers, _outcomes(recorded.outcomes), bar, math.inf)
    return (
        recorded.numbers == done.numbers
        and recorded.value == e_detector.value(done.numbers, bar)
        and recorded.attempts == recorded.base_attempts + done.attempts
        and recorded.successes == recorded.base_successes + done.successes
    )


def _outcomes(text: str) -> list[bool]:
    return [each == "1" for each in text]

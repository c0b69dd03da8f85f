"""Withdraws rules that fail: they leave the appliances' rule sets as a disabled rule does.

Evidence from before a withdrawal makes no successor, and nobody but a person takes it back. Locks
are taken in the order of every decision: rules, then patterns, the audit's last.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from flywheel_server.core import audit, listener, log
from flywheel_server.core.audit import Actor
from flywheel_server.core.db import Connection, announce, log_on_commit, savepoint
from flywheel_server.folds import store as folds
from flywheel_server.orders import actions as orders
from flywheel_server.rules.actions import rule_alarms, rules as switching
from flywheel_server.rules.actions.exclusions import Tenant
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rule_alarms as ended, withdrawals
from flywheel_server.webhooks.actions import events

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule, and why it is to be withdrawn."""

    rule: Rule
    reason: str
    # What it was judged by, for the audit.
    figures: dict[str, object] = field(default_factory=dict)
    # The one tenant that it fails for, and that alone loses it; None: everybody does.
    tenant: Tenant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of several cases: what a person switched meanwhile is in neither list."""

    withdrawn: list[Case]
    failed: list[tuple[Case, asyncpg.PostgresError]]


async def withdraw(
    connection: Connection, actor: Actor, rule: Rule, reason: str, now: dt.datetime
) -> bool:
    """Withdraw one rule; return False if it was switched off or on since it was read."""
    outcome = await withdraw_all(connection, actor, [Case(rule=rule, reason=reason)], now)
    for _, error in outcome.failed:
        raise error
    return bool(outcome.withdrawn)


async def withdraw_all(
    connection: Connection, actor: Actor, cases: Sequence[Case], now: dt.datetime
) -> Outcome:
    """Withdraw these rules, each whatever the others do."""
    withdrawn: list[Case] = []
    failed: list[tuple[Case, asyncpg.PostgresError]] = []
    for case in cases:
        try:
            async with savepoint(connection):
                if await _end(connection, case, now):
                    withdrawn.append(case)
        except asyncpg.PostgresError as error:
            # The next rule's withdrawal must not wait for this one's; the caller raises the alarm.
            failed.append((case, error))
    if withdrawn:
        await withdrawals.update_patterns(connection, [case.rule for case in withdrawn], now)
    for case in withdrawn:
        await _tell(connection, actor, case, now)
    return Outcome(withdrawn=withdrawn, failed=failed)


async def _end(connection: Connection, case: Case, now: dt.datetime) -> bool:
    rule = case.rule
    if rule.source == "platform" and rule.runbook_id is not None:
        # Before the rule's own lock, as whoever folds takes them.
        await folds.lock(connection)
    if not await withdrawals.disable(connection, rule, case.reason, now):
        return False
    if rule.source == "platform" and rule.runbook_id is not None:
        await withdrawals.count_pair_anew(connection, rule.incident_type, rule.runbook_id, now)
    return True


async def _tell(connection: Connection, actor: Actor, case: Case, now: dt.datetime) -> None:
    rule = case.rule
    kind, actor_id, _ = audit.identity(actor)
    log_on_commit(
        _log,
        "rule withdrawn",
        rule_id=rule.rule_id,
        source=rule.source,
        scope_id=rule.scope_id and str(rule.scope_id),
        actor_kind=kind,
        actor_id=actor_id and str(actor_id),
    )
    await announce(connection, listener.RULES, domain.announcement(rule))
    await orders.take_back(connection, now, rule.id)
    tenant = await switching.tenant(connection, rule)
    await ended.end_over(connection, now, rule.id)
    await rule_alarms.begin(connection, rule, "withdrawn", case.reason, now, tenant=tenant)
    await events.emit(
        connection,
        "rule.withdrawn",
        partner_id=tenant.partner_id,
        organization_id=tenant.organization_id,
        site_id=tenant.site_id,
        data={
            "id": str(rule.id),
            "rule_id": rule.rule_id,
            "source": rule.source,
            "scope": rule.scope,
            "incident_type": rule.incident_type,
            "runbook_id": rule.runbook_id,
            "reason": case.reason,
            **case.figures,
        },
        now=now,
    )
    await audit.record(
        connection,
        actor,
        "rule.withdraw",
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        before={"rule_id": rule.rule_id, "enabled": True},
        after={
            "rule_id": rule.rule_id,
            "enabled": False,
            "withdrawn_at": now.isoformat(),
            "reason": case.reason,
            **case.figures,
        },
        partner_id=tenant.partner_id,
        organization_id=tenant.organization_id,
        site_id=tenant.site_id,
    )

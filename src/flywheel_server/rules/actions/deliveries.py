"""Brings approved rules to appliances, and sees whether they run there. Nothing is assumed.

Every function is idempotent: what a turn has done, the next one finds done.
"""

import datetime as dt
from uuid import UUID

from flywheel_server.core import agents, errors, log, signing
from flywheel_server.core.db import Connection, log_on_commit
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.signing import Signer
from flywheel_server.fleet.model import appliances as fleet_appliances
from flywheel_server.fleet.store import appliances
from flywheel_server.folds import actions, store as marks
from flywheel_server.orders import actions as orders
from flywheel_server.orders.model import orders as ordered
from flywheel_server.orders.model.orders import Order
from flywheel_server.rules.actions import rule_orders
from flywheel_server.rules.model import deliveries as domain
from flywheel_server.rules.model.rules import MOST_YAML_BYTES, Rule, as_yaml
from flywheel_server.rules.store import deliveries, rules as stored_rules
from flywheel_server.webhooks.actions import events

_log = log.get(__name__)

# Facts of transactions that were still open at the last turn carry earlier times: longer than any.
_OVERLAP = dt.timedelta(minutes=15)
_BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MOST_PUSHED = 500
_MOST_WAITING = 100_000


async def observe(connection: Connection, now: dt.datetime) -> tuple[int, int]:
    """Move deliveries on by what is new; return facts taken and deliveries that changed."""
    await marks.share(connection, "deliveries")
    since = await _since(connection)
    # First: what was done by a rule proves only a delivery that has begun.
    changed = await deliveries.forget_excluded(connection)
    changed += await deliveries.spread(connection, since)
    changed += await deliveries.observe(connection, since)
    facts, moved = await actions.deliveries(connection, now)
    return facts, changed + moved


async def begin(connection: Connection) -> int:
    """Begin the delivery of what was switched on since it was last observed; return how many."""
    await marks.share(connection, "deliveries")
    return await deliveries.spread(connection, await _since(connection))


async def push(connection: Connection, actor: LoopScope, now: dt.datetime) -> int:
    """Order rules for living appliances that will not ask for them; return how many orders."""
    due = await deliveries.pushes(
        connection,
        seen_since=now - fleet_appliances.SILENT_AFTER,
        never_pulls=agents.NEVER_PULLS,
        synced_before=now - domain.PULLING_MAY_TAKE,
        limit=_MOST_PUSHED,
    )
    if not due:
        return 0
    signer = await signing.load(connection)
    rules: dict[object, Rule | None] = {}
    issued = 0
    for each in due:
        if each.rule not in rules:
            rules[each.rule] = await stored_rules.get(connection, each.rule)
        rule = rules[each.rule]
        appliance = await appliances.get(connection, each.site_id, each.appliance_id)
        if rule is None or appliance is None:
            continue
        if len(as_yaml(rule)) > MOST_YAML_BYTES:
            _log.error("a rule is too long for any order", rule_id=rule.rule_id)
            continue
        try:
            await orders.issue(
                connection, actor, signer, appliance, rule_orders.rule_draft(rule), now=now
            )
        except errors.AlreadyExists:
            # A person ordered it before its re-enabling; that order still carries it.
            continue
        issued += 1
    return issued


async def withdraw(connection: Connection, actor: LoopScope, now: dt.datetime) -> tuple[int, int]:
    """Order agents that ask for rules to sync soon after a switch-off.

    What is on its way to the others is taken back: they would keep it. Returns how many orders were
    taken back, and how many issued.
    """
    taken_back = await orders.take_back(connection, now)
    due = await deliveries.withdrawals(
        connection, now - fleet_appliances.SILENT_AFTER, agents.NEVER_PULLS
    )
    if not due:
        return taken_back, 0
    signer = await signing.load(connection)
    draft = ordered.draft("sync_rules", {})
    issued = 0
    for site_id, appliance_id in due:
        appliance = await appliances.get(connection, site_id, appliance_id)
        if appliance is None:
            continue
        try:
            await orders.issue(connection, actor, signer, appliance, draft, now=now)
        except errors.AlreadyExists:
            # One that waits already does it as well.
            continue
        issued += 1
    return taken_back, issued


async def watch(connection: Connection, now: dt.datetime) -> tuple[int, list[deliveries.Newly]]:
    """Find what should be running and is not; return how many ended, and what is new."""
    waiting = await deliveries.waiting(
        connection,
        approved_before=now - domain.REPORTING_MAY_TAKE,
        seen_since=now - fleet_appliances.SILENT_AFTER,
        loads_at_restart=agents.LOADS_AT_RESTART,
        limit=_MOST_WAITING,
    )
    stuck = [(each, since) for each in waiting if (since := domain.stuck_since(each, now))]
    ended, newly = await deliveries.mark_stuck(connection, stuck)
    told = {(each.rule, each.appliance_id): each for each, _ in stuck}
    by_site: dict[tuple[UUID, UUID], list[domain.Waiting]] = {}
    for new in newly:
        by_site.setdefault((new.rule, new.site_id), []).append(told[new.rule, new.appliance_id])
    # One event for a rule and a site, however many appliances it has.
    for (_, site_id), waits in by_site.items():
        log_on_commit(
            _log,
            "delivery alarm raised",
            rule_id=waits[0].rule_id,
            site_id=str(site_id),
            appliance_ids=[each.wire_id for each in waits],
        )
        await events.emit(
            connection,
            "delivery.stuck",
            site_id=site_id,
            data={
                "rule_id": waits[0].rule_id,
                "site_id": waits[0].slug,
                "appliance_ids": [each.wire_id for each in waits],
                "approved_at": min(each.approved_at for each in waits).isoformat(),
            },
            now=now,
        )
    return ended, newly


async def _since(connection: Connection) -> dt.datetime:
    mark = await marks.mark(connection, "deliveries")
    known = mark is not None and not mark.elsewhere
    return mark.folded_at - _OVERLAP if mark is not None and known else _BEGINNING


async def deploy(
    connection: Connection, actor: orders.Issuer, signer: Signer, rule: Rule, now: dt.datetime
) -> list[Order]:
    """Order a site's rule for each of its appliances that will not ask for it, at once.

    For a decision that shall not wait for the loop: same transaction, same orders as its own.
    """
    if rule.scope != "site" or rule.scope_id is None:
        return []
    issued = []
    for appliance in await appliances.of_site(connection, rule.scope_id):
        if agents.of(appliance.agent_version).pulls and appliance.last_sync_at is not None:
            draft = ordered.draft("sync_rules", {})
        else:
            draft = rule_orders.rule_draft(rule)
        try:
            issued.append(await orders.issue(connection, actor, signer, appliance, draft, now=now))
        except errors.AlreadyExists:
            # What waits for the appliance already carries it, or fetches it.
            continue
    return issued

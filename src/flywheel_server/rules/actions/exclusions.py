"""Takes a platform rule from one tenant alone, and gives it back: quarantined or declined."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, listener, log, rights
from flywheel_server.core.audit import Actor
from flywheel_server.core.db import Connection, announce, log_on_commit
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.folds import due
from flywheel_server.orders import actions as orders
from flywheel_server.rules.actions import rule_alarms, rules as switching
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import exclusions, rule_alarms as stored_alarms, rules
from flywheel_server.rules.store.exclusions import Exclusion, Kind
from flywheel_server.webhooks.actions import events
from flywheel_server.webhooks.model.events import Kind as EventKind

_log = log.get(__name__)

_EVENTS: dict[Kind, EventKind] = {"quarantined": "rule.quarantined", "declined": "rule.declined"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organization, or a partner with all of its organizations."""

    partner_id: UUID
    organization_id: UUID | None = None


async def exclude(
    connection: Connection,
    actor: Actor,
    rule: Rule,
    tenant: Tenant,
    *,
    kind: Kind,
    reason: str,
    now: dt.datetime,
) -> UUID | None:
    """Take a platform rule from a tenant's sites; None where it is taken from them already.

    Raises Conflict for a rule that is no platform rule.
    """
    if rule.source != "platform":
        raise errors.Conflict(
            "Only platform rules can be kept from one tenant: switch your own rule off instead."
        )
    by = audit.identity(actor)[2]
    made = await exclusions.begin(
        connection,
        rule=rule.id,
        partner_id=tenant.partner_id,
        organization_id=tenant.organization_id,
        kind=kind,
        reason=reason,
        by=by,
        now=now,
    )
    if made is None:
        return None
    await _changed(connection, rule, tenant)
    # Delivered now, it would stay where agents keep what they got.
    await orders.take_back_excluded(connection, now, rule.id)
    if kind == "quarantined":
        whose = switching.Tenant(
            partner_id=tenant.partner_id, organization_id=tenant.organization_id
        )
        await rule_alarms.begin(connection, rule, "quarantined", reason, now, tenant=whose)
    await _tell(connection, _EVENTS[kind], rule, tenant, reason, now)
    await _record(connection, actor, rule, tenant, f"rule.{kind}", now, reason=reason)
    actor_kind, actor_id, _ = audit.identity(actor)
    log_on_commit(
        _log,
        f"rule {kind} for one tenant",
        rule_id=rule.rule_id,
        partner_id=str(tenant.partner_id),
        organization_id=tenant.organization_id and str(tenant.organization_id),
        actor_kind=actor_kind,
        actor_id=actor_id and str(actor_id),
    )
    return made


async def decline(
    connection: Connection,
    scope: PartnerScope | ClientScope,
    rule: Rule,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    """Keep a platform rule from all sites of the caller's own; again changes nothing.

    Raises Forbidden for an organization whose partner decides at any of its sites, and Conflict
    for a rule that is no platform rule, or was withdrawn.
    """
    tenant = await _own(connection, scope)
    if rule.withdrawn_at is not None:
        raise errors.Conflict("This rule was withdrawn: it is served to nobody.")
    await exclude(connection, scope, rule, tenant, kind="declined", reason=reason, now=now)


async def accept(
    connection: Connection, scope: PartnerScope | ClientScope, rule: Rule, now: dt.datetime
) -> None:
    """Take back that the caller declined a rule: its sites get it again, as at first.

    Raises NotFound where it was not declined, and Forbidden as ``decline`` does.
    """
    tenant = await _own(connection, scope)
    found = await exclusions.declined(
        connection, rule.id, tenant.partner_id, tenant.organization_id
    )
    if found is None:
        raise errors.NotFound("You have not declined this rule: there is nothing to take back.")
    await include(connection, scope, rule, found, now)


async def _own(connection: Connection, scope: PartnerScope | ClientScope) -> Tenant:
    """Return all that the caller may decline rules for. Raises Forbidden where it is not all."""
    if isinstance(scope, PartnerScope):
        return Tenant(partner_id=scope.partner_id)
    organization = await accounts.get_organization(connection, scope.organization_id)
    if organization is None or not rights.decides_everywhere(
        scope, await exclusions.healing_tiers(connection, organization.id)
    ):
        raise errors.Forbidden(
            "Your IT partner decides at some of your sites, and this is about all of them: ask "
            "your partner to decline the rule."
        )
    return Tenant(partner_id=organization.partner_id, organization_id=organization.id)


async def release(
    connection: Connection,
    scope: OperatorScope,
    exclusion: UUID | None,
    *,
    reason: str,
    now: dt.datetime,
) -> Exclusion:
    """Give a rule back to a tenant that it was taken from, with why it will heal there now.

    ``exclusion`` is None for a text that is not an id. Raises NotFound, and Conflict for one that
    the tenant declined, or that is over.
    """
    found = None if exclusion is None else await exclusions.get(connection, exclusion)
    rule = None if found is None else await rules.get(connection, found.rule)
    if found is None or rule is None:
        raise errors.NotFound("No tenant is kept from a rule under this id: take one of the list.")
    if found.ended_at is not None:
        raise errors.Conflict("The tenant gets this rule again already.")
    if found.kind == "declined":
        raise errors.Conflict("The tenant declined this rule itself, and takes that back itself.")
    return await include(connection, scope, rule, found.id, now, because=reason)


async def include(
    connection: Connection,
    actor: Actor,
    rule: Rule,
    exclusion: UUID,
    now: dt.datetime,
    *,
    because: str | None = None,
) -> Exclusion:
    """Give a rule back to the tenant. Raises NotFound for an exclusion that is not in force."""
    ended = await exclusions.end(connection, exclusion, audit.identity(actor)[2], now)
    if ended is None or ended.rule != rule.id:
        raise errors.NotFound("No such exclusion from this rule is in force.")
    tenant = Tenant(partner_id=ended.partner_id, organization_id=ended.organization_id)
    await _changed(connection, rule, tenant)
    if ended.kind == "quarantined":
        await stored_alarms.end_over(connection, now, rule.id)
    await _tell(connection, "rule.returned", rule, tenant, ended.reason, now)
    await _record(
        connection, actor, rule, tenant, "rule.include", now, reason=because or ended.reason
    )
    return ended


async def _tell(
    connection: Connection,
    kind: EventKind,
    rule: Rule,
    tenant: Tenant,
    reason: str,
    now: dt.datetime,
) -> None:
    await events.emit(
        connection,
        kind,
        partner_id=None if tenant.organization_id else tenant.partner_id,
        organization_id=tenant.organization_id,
        data={
            "id": str(rule.id),
            "rule_id": rule.rule_id,
            "incident_type": rule.incident_type,
            "runbook_id": rule.runbook_id,
            "reason": reason,
        },
        now=now,
    )


async def _changed(connection: Connection, rule: Rule, tenant: Tenant) -> None:
    # Other attempts count now, other sites get the rule, and it covers other patterns.
    await exclusions.count_again(connection, rule.id)
    owner = tenant.organization_id or tenant.partner_id
    await announce(connection, listener.RULES, f"{listener.EXCLUSIONS}:{owner}")
    await due.mark_type_due(connection, rule.incident_type)


async def _record(
    connection: Connection,
    actor: Actor,
    rule: Rule,
    tenant: Tenant,
    action: str,
    now: dt.datetime,
    *,
    reason: str,
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        before=None,
        after={
            "rule_id": rule.rule_id,
            "reason": reason,
            "partner_id": str(tenant.partner_id),
            "organization_id": None
            if tenant.organization_id is None
            else str(tenant.organization_id),
        },
        partner_id=tenant.partner_id,
        organization_id=tenant.organization_id,
    )

"""Switches rules off and on. Disabling travels to appliances the same way as enabling does."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import audit, errors, listener, log, rights
from flywheel_server.core.db import Connection, announce, log_on_commit
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.folds import due
from flywheel_server.orders import actions as orders
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.store import rule_alarms, rule_health, rules

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who may read of a change to a rule."""

    partner_id: UUID | None = None
    organization_id: UUID | None = None
    site_id: UUID | None = None


async def switch(
    connection: Connection,
    actor: OperatorScope | PartnerScope,
    rule: domain.Rule,
    *,
    enabled: bool,
    reason: str,
    now: dt.datetime,
) -> domain.Rule:
    """Enable or disable a rule; what it is already changes nothing. Return it as it is now.

    Enabling a withdrawn rule takes the withdrawal back. Raises Conflict for a rule that is compiled
    into the agents, and where a newer rule took a withdrawn one's place.
    """
    if rule.source == "builtin":
        raise errors.Conflict(
            "This rule is compiled into the agents and cannot be switched from here: disable the "
            "appliances' own copy, or serve a rule of your own with a smaller priority."
        )
    changed = await rules.set_enabled(connection, rule.id, enabled=enabled, reason=reason, now=now)
    if changed is None:
        return await rules.get(connection, rule.id) or rule
    await announce(connection, listener.RULES, domain.announcement(changed))
    # Whether a pattern's incidents are covered already is one of its gates.
    await due.mark_type_due(connection, rule.incident_type)
    taken_back = 0
    if enabled:
        # Only what begins from here on counts for or against it.
        await rule_health.restart(connection, rule.id, now)
    else:
        taken_back = await orders.take_back(connection, now, rule.id)
    # Whatever waited for a person about it: they have decided.
    await rule_alarms.end_over(connection, now, rule.id)
    whose = await tenant(connection, changed)
    await audit.record(
        connection,
        actor,
        "rule.enable" if enabled else "rule.disable",
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        before=_state(rule) | {"enabled": not enabled},
        after=_state(changed)
        | {"enabled": enabled, "reason": reason}
        | ({"orders_taken_back": taken_back} if taken_back else {}),
        partner_id=whose.partner_id,
        organization_id=whose.organization_id,
        site_id=whose.site_id,
    )
    log_on_commit(
        _log,
        "rule enabled" if enabled else "rule disabled",
        rule_id=rule.rule_id,
        orders_taken_back=taken_back,
        actor_id=str(actor.actor_id),
    )
    return changed


async def rename(
    connection: Connection,
    actor: OperatorScope | PartnerScope,
    rule: domain.Rule,
    *,
    name: str,
    now: dt.datetime,
) -> None:
    """Have people call a rule so. Its id, and its name on appliances, stay: nothing is delivered.

    Raises Forbidden for viewers.
    """
    if not rights.may_change(actor):
        raise errors.Forbidden("Viewers may look but not change: ask an admin.")
    before = (await rules.labels(connection, [rule.id])).get(rule.id)
    if name == before:
        return
    await rules.set_label(connection, rule.id, name)
    whose = await tenant(connection, rule)
    await audit.record(
        connection,
        actor,
        "rule.rename",
        object_kind="rule",
        object_id=str(rule.id),
        now=now,
        before={"rule_id": rule.rule_id, "name": before or rule.name},
        after={"rule_id": rule.rule_id, "name": name},
        partner_id=whose.partner_id,
        organization_id=whose.organization_id,
        site_id=whose.site_id,
    )


async def tenant(connection: Connection, rule: domain.Rule) -> Tenant:
    """Return whose a rule is; nobody's: the platform's."""
    if rule.scope == "partner":
        return Tenant(partner_id=rule.scope_id)
    if rule.scope == "organization" and rule.scope_id is not None:
        organization = await accounts.get_organization(connection, rule.scope_id)
        partner_id = None if organization is None else organization.partner_id
        return Tenant(partner_id=partner_id, organization_id=rule.scope_id)
    if rule.scope == "site":
        site = await accounts.find_site(connection, str(rule.scope_id))
        if site is not None:
            return Tenant(
                partner_id=site.partner_id, organization_id=site.organization_id, site_id=site.id
            )
    return Tenant()


def _state(rule: domain.Rule) -> dict[str, object]:
    return {
        "rule_id": rule.rule_id,
        "disabled_reason": rule.disabled_reason,
        "withdrawn_at": None if rule.withdrawn_at is None else rule.withdrawn_at.isoformat(),
    }

"""L1 rules of every scope, and what decides which of them a site gets."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flywheel_server.core import constraints, errors
from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Condition, NewRule, Rule, Tier

_SQL = load("rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """Whose rules a site gets besides the platform's and its own."""

    healing_tier: Tier
    organization_id: UUID
    partner_id: UUID
    # Platform rules that it does not get.
    excluded: frozenset[UUID] = frozenset()


async def insert(connection: Connection, rule: NewRule) -> Rule:
    """Store a rule, enabled. Raises AlreadyExists when its id or its pair is taken in its scope."""
    row = await connection.fetchrow(
        *_SQL["insert"](
            rule_id=rule.rule_id,
            source=rule.source,
            scope=rule.scope,
            scope_id=rule.scope_id,
            tier=rule.tier,
            incident_type=rule.incident_type,
            runbook_id=rule.runbook_id,
            name=rule.name,
            description=rule.description,
            conditions=rules.conditions_as_json(rule.conditions),
            action=rule.action,
            action_params=rule.action_params,
            hipaa_controls=list(rule.hipaa_controls),
            severity_filter=None if rule.severity_filter is None else list(rule.severity_filter),
            priority=rule.priority,
            cooldown_seconds=rule.cooldown_seconds,
            max_retries=rule.max_retries,
        )
    )
    if row is None:
        raise errors.AlreadyExists("There is such a rule in this scope: change that one instead.")
    return from_row(row)


async def for_site(connection: Connection, site_id: UUID) -> list[Rule]:
    """Return every rule in scope of a site, disabled ones and both tier sets included."""
    return [from_row(row) for row in await connection.fetch(*_SQL["for_site"](site_id=site_id))]


async def for_sites(connection: Connection, homes: Mapping[UUID, Tenancy]) -> list[Rule]:
    """Return every rule in scope of any of these sites, as ``for_site`` does for one."""
    rows = await connection.fetch(
        *_SQL["for_sites"](
            partner_ids=list({home.partner_id for home in homes.values()}),
            organization_ids=list({home.organization_id for home in homes.values()}),
            site_ids=list(homes),
        )
    )
    return [from_row(row) for row in rows]


async def homes(connection: Connection, after: UUID, limit: int) -> dict[UUID, Tenancy]:
    """Return what sites belong to, of those behind ``after`` in the order of their ids."""
    rows = await connection.fetch(*_SQL["homes"](after=after, limit=limit))
    return {row["id"]: _tenancy(row) for row in rows}


async def tenancy(connection: Connection, site_id: UUID) -> Tenancy:
    """Return what a site belongs to. Raises NotFound when there is no such site."""
    row = await connection.fetchrow(*_SQL["tenancy"](site_id=site_id))
    if row is None:
        raise errors.NotFound("There is no such site.")
    return _tenancy(row)


def _tenancy(row: Record) -> Tenancy:
    return Tenancy(
        healing_tier=row["healing_tier"],
        organization_id=row["organization_id"],
        partner_id=row["partner_id"],
        excluded=frozenset(row["excluded"]),
    )


async def get(connection: Connection, id: UUID) -> Rule | None:
    """Return one rule by its row's id."""
    row = await connection.fetchrow(*_SQL["get"](id=id))
    return None if row is None else from_row(row)


async def by_ids(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Rule]:
    """Return the rules with these rows' ids, as far as there are any."""
    rows = await connection.fetch(*_SQL["by_ids"](ids=list(ids)))
    return {row["id"]: from_row(row) for row in rows}


async def find(connection: Connection, rule_id: str) -> list[Rule]:
    """Return the rules with this id in every visible scope, compiled ones last."""
    return [from_row(row) for row in await connection.fetch(*_SQL["find"](rule_id=rule_id))]


async def page(
    connection: Connection,
    *,
    source: str | None,
    enabled: bool | None,
    incident_type: str | None,
    text: str | None = None,
    after: UUID | None,
    limit: int,
) -> list[Rule]:
    """Return rules in the order in which they were made, those behind ``after``.

    ``text`` is looked for in their types, ids, runbooks and names.
    """
    rows = await connection.fetch(
        *_SQL["page"](
            source=source,
            enabled=enabled,
            incident_type=incident_type,
            after=after,
            limit=limit,
            text=text,
        )
    )
    return [from_row(row) for row in rows]


async def set_enabled(
    connection: Connection, id: UUID, *, enabled: bool, reason: str | None, now: dt.datetime
) -> Rule | None:
    """Switch a rule; return it, or None when it is so already or unknown.

    The caller announces the change (``listener.RULES``, ``rules.model.rules.announcement``). Raises
    Conflict where a newer rule for the same pair took a withdrawn one's place.
    """
    succeeded = errors.Conflict(
        "A newer platform rule for the same incident type and runbook lives: see GET "
        "/api/admin/rules?source=platform, and enable or disable that one."
    )
    followed = errors.Conflict(
        "A newer rule of this site for the same incident type and runbook is enabled: enable or "
        "disable that one."
    )
    with constraints.told(l1_rules_platform_pair_key=succeeded, l1_rules_site_pair_key=followed):
        row = await connection.fetchrow(
            *_SQL["set_enabled"](id=id, enabled=enabled, reason=reason, now=now)
        )
    return None if row is None else from_row(row)


async def set_label(connection: Connection, id: UUID, label: str | None) -> None:
    """Have people call a rule so; None: as its approver, or appliances, do."""
    await connection.fetch(*_SQL["set_label"](id=id, label=label))


async def labels(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what people call these rules, where they gave them another name."""
    rows = await connection.fetch(*_SQL["labels"](ids=list(ids)))
    return {row["id"]: row["label"] for row in rows}


async def load_synced(connection: Connection, loaded: Iterable[NewRule]) -> int:
    """Add or renew the tier sets; return how many rules changed."""
    return len(
        await connection.fetch(*_SQL["load_catalogue"](rules=[_document(rule) for rule in loaded]))
    )


async def load_builtin(connection: Connection, loaded: Iterable[NewRule]) -> int:
    """Add or renew the rules compiled into agents; return how many changed."""
    return len(
        await connection.fetch(*_SQL["load_builtin"](rules=[_document(rule) for rule in loaded]))
    )


def _document(rule: NewRule) -> dict[str, Any]:
    return asdict(rule)


def from_row(row: Record) -> Rule:
    """Return the rule in a row that holds every column of a rule."""
    values = dict(row)
    values["conditions"] = tuple(Condition(**each) for each in values["conditions"])
    values["hipaa_controls"] = tuple(values["hipaa_controls"])
    if values["severity_filter"] is not None:
        values["severity_filter"] = tuple(values["severity_filter"])
    return Rule(**values)

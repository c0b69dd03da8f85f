"""Rules as operators see them. Tenants' own lists: ``tenant_rules``."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.policy import store as policies
from flywheel_server.rules.model.rules import Rule, Source
from flywheel_server.rules.store import deliveries, rule_health, rule_rankings, rules
from flywheel_server.rules.store.rule_rankings import Order, Sort
from flywheel_server.rules.views import figures as figure_views, health, rules as views
from flywheel_server.rules.views.figures import FiguresView
from flywheel_server.rules.views.rules import RuleView
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page


async def find(connection: Connection, ref: str) -> Rule:
    """Return the rule that a path names. Raises NotFound, Conflict where several are named so."""
    row_id = accounts.as_uuid(ref)
    rule = None if row_id is None else await rules.get(connection, row_id)
    if rule is not None:
        return rule
    found = await rules.find(connection, ref)
    if not found:
        raise errors.NotFound("No rule has this id: see GET /api/admin/rules.")
    if len(found) > 1:
        raise errors.Conflict(
            "Several scopes have a rule with this `rule_id`: use one of the `ids` instead.",
            ids=[str(rule.id) for rule in found],
        )
    return found[0]


async def listed(
    connection: Connection,
    page: Page,
    *,
    source: Source | None = None,
    enabled: bool | None = None,
    incident_type: str | None = None,
    text: str | None = None,
    sort: Sort | None = None,
    order: Order = "desc",
) -> Listing[RuleView]:
    """Return rules, the oldest first, or by how they do."""
    rows = await rule_rankings.page(
        connection,
        sort,
        order,
        source=source,
        enabled=enabled,
        incident_type=incident_type,
        text=text,
        after=page.after_all(UUID) if sort is None else page.after_all(float, UUID),
        limit=page.limit + 1,
    )
    known = await shown_of(connection, [row.rule for row in rows])
    return keysets.listing(rows, page, lambda row: row.key, lambda row: known[row.rule.id])


async def shown_of(connection: Connection, found: Sequence[Rule]) -> dict[UUID, RuleView]:
    """Return these rules as operators see them, by their ids."""
    policy = await policies.in_force(connection)
    ids = [rule.id for rule in found]
    healths = await rule_health.of_rules(connection, ids)
    holders = await deliveries.holders(connection, ids)
    labels = await rules.labels(connection, ids)
    return {
        rule.id: views.view(
            replace(rule, name=labels.get(rule.id, rule.name)),
            health.health(rule, healths.get(rule.id), policy),
            holders.get(rule.id, ()),
        )
        for rule in found
    }


async def shown(connection: Connection, rule: Rule) -> RuleView:
    """Return one rule as operators see it."""
    return (await shown_of(connection, [rule]))[rule.id]


async def new(connection: Connection, rule: Rule) -> RuleView:
    """Return a rule that was just made: its delivery is about all appliances of its scope."""
    return views.view(rule, holders=await deliveries.in_scope(connection, rule.scope_id))


async def figures(
    connection: Connection, rule: Rule, weeks: int, until: dt.datetime
) -> FiguresView:
    """Count a rule's attempts of the weeks before ``until``."""
    since = until - dt.timedelta(weeks=weeks)
    found = await rule_health.figures(connection, rule.id, since, until)
    return figure_views.view(rule, found, since, until)

"""The rules at the sites of one tenant, a partner or an organization: its scope says whose."""

from collections.abc import Sequence
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import client_rules, exclusions, rule_alarms, rules
from flywheel_server.rules.store.client_rules import ClientRule, Filters
from flywheel_server.rules.store.exclusions import Exclusion
from flywheel_server.rules.store.rule_alarms import RuleAlarm
from flywheel_server.rules.views import tenant_rules as views
from flywheel_server.rules.views.tenant_rules import ClientRuleView
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page


async def listed(
    connection: Connection, scope: ClientScope | PartnerScope, page: Page, wanted: Filters
) -> Listing[ClientRuleView]:
    """Return the rules that the tenant's appliances may get, the newest first."""
    rows = await client_rules.page(connection, wanted, page.after(UUID), page.limit + 1)
    known = await _shown(connection, scope, rows)
    return keysets.listing(rows, page, lambda row: (row.rule.id,), lambda row: known[row.rule.id])


async def find_platform(connection: Connection, ref: str) -> Rule:
    """Return a platform rule by its id, here or on appliances. Raises NotFound."""
    id = accounts.as_uuid(ref)
    found = [await rules.get(connection, id)] if id else await rules.find(connection, ref)
    for rule in found:
        if rule is not None and rule.source == "platform":
            return rule
    raise errors.NotFound("No platform rule has this id: take one from the list.")


async def shown(
    connection: Connection, scope: ClientScope | PartnerScope, rule: Rule
) -> ClientRuleView:
    """Return a platform rule as the tenant knows it."""
    row = await client_rules.get(connection, rule.id)
    if row is None:
        raise LookupError("every tenant may see a platform rule")
    return (await _shown(connection, scope, [row]))[rule.id]


async def _shown(
    connection: Connection, scope: ClientScope | PartnerScope, rows: Sequence[ClientRule]
) -> dict[UUID, ClientRuleView]:
    ids = [row.rule.id for row in rows]
    alarms: dict[UUID, list[RuleAlarm]] = {}
    for alarm in await rule_alarms.of_rules(connection, ids):
        alarms.setdefault(alarm.rule, []).append(alarm)
    taken: dict[UUID, list[Exclusion]] = {}
    for each in await exclusions.of_rules(connection, ids):
        taken.setdefault(each.rule, []).append(each)
    return {
        row.rule.id: views.view(row, taken.get(row.rule.id, []), alarms.get(row.rule.id, []), scope)
        for row in rows
    }

"""Tenants that do not get a platform rule."""

from uuid import UUID

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import exclusions, rules
from flywheel_server.rules.store.exclusions import Exclusion
from flywheel_server.rules.views import exclusions as views
from flywheel_server.rules.views.exclusions import ExclusionView
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page

_MOST_SHOWN = 100


async def listed(
    connection: Connection, page: Page, in_force: bool | None = None
) -> Listing[ExclusionView]:
    """Return the tenants that do not get a platform rule, the newest first."""
    rows = await exclusions.page(
        connection, in_force=in_force, before=page.after(UUID), limit=page.limit + 1
    )
    return keysets.listing(rows, page, lambda row: (row[0].id,), lambda row: views.view(*row))


async def of_rule(connection: Connection, rule: UUID) -> list[ExclusionView]:
    """Return the tenants that do not get one rule, the newest of many."""
    rows = await exclusions.page(connection, in_force=True, rule=rule, limit=_MOST_SHOWN)
    return [views.view(*row) for row in rows]


async def get(connection: Connection, id: UUID) -> tuple[Exclusion, Rule]:
    """Return one, with its rule. Raises NotFound."""
    found = await exclusions.get(connection, id)
    rule = None if found is None else await rules.get(connection, found.rule)
    if found is None or rule is None:
        raise errors.NotFound("No tenant is kept from a rule under this id: take one of the list.")
    return found, rule


async def shown(connection: Connection, found: Exclusion) -> ExclusionView:
    """Return one as operators see it."""
    rule = await rules.get(connection, found.rule)
    return views.view(found, "" if rule is None else rule.rule_id)

"""Rules that candidates became."""

from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.learning.store import promotions
from flywheel_server.learning.store.promotions import Origin
from flywheel_server.learning.views import promoted_rules as views
from flywheel_server.learning.views.promoted_rules import PromotedRule
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import deliveries
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page


async def listed(
    connection: Connection,
    page: Page,
    *,
    site_id: UUID | None = None,
    enabled: bool | None = None,
    text: str | None = None,
) -> Listing[PromotedRule]:
    """Return the rules that candidates became, the newest first."""
    rows = await promotions.rules_page(
        connection,
        site_id=site_id,
        enabled=enabled,
        text=text,
        before=page.after(UUID),
        limit=page.limit + 1,
    )
    holders = await deliveries.holders(connection, [rule.id for _, rule in rows])
    return keysets.listing(
        rows,
        page,
        lambda row: (row[0].id,),
        lambda row: views.view(row, holders.get(row[1].id, ())),
    )


async def find(connection: Connection, ref: str) -> tuple[Origin, Rule]:
    """Return a promoted rule by its id, here or on appliances. Raises NotFound."""
    id = accounts.as_uuid(ref)
    found = await promotions.rules_page(
        connection, id=id, rule_id=ref if id is None else None, limit=1
    )
    if not found:
        raise errors.NotFound("No promoted rule of yours has this id: take one from the list.")
    return found[0]


async def shown(connection: Connection, origin: Origin, rule: Rule) -> PromotedRule:
    """Return one as people see it."""
    holders = await deliveries.holders(connection, [rule.id])
    return views.view((origin, rule), holders.get(rule.id, ()))

"""How far rules have come on appliances, and what is wrong about that."""

import datetime as dt
from uuid import UUID

from flywheel_server.accounts.store import accounts
from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.queries import rules as rule_queries
from flywheel_server.rules.store import deliveries, remains, rules
from flywheel_server.rules.views import deliveries as views, delivery_notes
from flywheel_server.rules.views.alarms import AlarmView
from flywheel_server.rules.views.deliveries import DeliveryView
from flywheel_server.rules.views.delivery_notes import AgentNoteView
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page


async def listed(
    connection: Connection,
    scope: OperatorScope | PartnerScope,
    ref: str,
    page: Page,
    text: str | None = None,
) -> Listing[DeliveryView]:
    """Return where a rule stands on each appliance of its scope; partners see promoted ones."""
    find = _promoted if isinstance(scope, PartnerScope) else rule_queries.find
    rule = await find(connection, ref)
    rows = await deliveries.of_rule(
        connection, rule.id, after=page.after(UUID), limit=page.limit + 1, text=text
    )
    return keysets.listing(
        rows,
        page,
        lambda row: (row.appliance_id,),
        lambda row: views.view(row, rule.rule_id, enabled=rule.enabled),
    )


async def still_running(
    connection: Connection, now: dt.datetime, most: int, rule: UUID | None = None
) -> list[AlarmView]:
    """Return what runs though it was switched off, of one rule or of all that the caller sees."""
    found = await remains.running(connection, now, most, rule)
    return [views.still_running(each) for each in found]


async def holders(connection: Connection, rule: UUID) -> list[str]:
    """Return the agent version of each appliance that has a rule."""
    return (await deliveries.holders(connection, [rule])).get(rule, [])


async def notes_in_scope(
    connection: Connection, scope_id: UUID | None, rule_id: str = "{rule_id}"
) -> list[AgentNoteView]:
    """Return what delivery means on the appliances of a scope; None is the platform."""
    return delivery_notes.notes(await deliveries.in_scope(connection, scope_id), rule_id)


async def _promoted(connection: Connection, ref: str) -> Rule:
    row_id = accounts.as_uuid(ref)
    found = (
        await rules.find(connection, ref)
        if row_id is None
        else [await rules.get(connection, row_id)]
    )
    for rule in found:
        if rule is not None and rule.source == "promoted":
            return rule
    raise errors.NotFound("No promoted rule has this id: see your promoted rules.")

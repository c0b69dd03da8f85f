"""Where rules stand on appliances, and what is wrong: derived from facts, each with its time."""

from typing import Annotated

from fastapi import APIRouter, Path

from flywheel_server.accounts.views.bodies import Search
from flywheel_server.core import db
from flywheel_server.rules.queries import deliveries as queries
from flywheel_server.rules.routes.operator_rules import RuleRef
from flywheel_server.rules.views.deliveries import DeliveryView
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PartnerReader, Reader, RuntimeDep

router = APIRouter(tags=["delivery"])


@router.get("/api/admin/rules/{rule_id}/deliveries")
async def rule_deliveries(
    scope: Reader, parts: RuntimeDep, page: pages.PageDep, rule_id: RuleRef, text: Search = None
) -> pages.Listing[DeliveryView]:
    """Return where a rule stands on each appliance of its scope."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(connection, scope, rule_id, page, text)


@router.get("/api/partners/me/learning/promoted-rules/{rule_id}/deliveries")
async def partner_rule_deliveries(
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    rule_id: Annotated[
        str,
        Path(max_length=300, description="The rule's id or `rule_id`.", examples=["L1-disk-RB-1"]),
    ],
    text: Search = None,
) -> pages.Listing[DeliveryView]:
    """Return where a promoted rule stands on each appliance of its site."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(connection, scope, rule_id, page, text)

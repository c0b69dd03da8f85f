"""Rules that still run though they were switched off: shown to whom they concern, and their end.

A person deletes the file on the appliance and says so here; the alarm comes back if the rule runs
once more.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from flywheel_server.core import clock, db
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.rules.actions import remains as actions
from flywheel_server.rules.queries import deliveries, rules as queries
from flywheel_server.rules.routes.operator_rules import RuleRef
from flywheel_server.rules.views.remains import RemovalBody, RemovalView, StillRunningView, removal
from flywheel_server.web.access import Admin, PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["delivery"])

_MOST_SHOWN = 500
_MOST_REF = 300


@router.get("/api/partners/me/learning/still-running")
async def list_still_running(scope: PartnerReader, parts: RuntimeDep) -> StillRunningView:
    """List the rules that still run at your sites though they were switched off.

    An entry ends when its file is marked as removed, when the appliance reports a set without the
    rule, when the rule is switched on, or after seven days without an execution.
    """
    async with db.transaction(parts.database, scope) as connection:
        items = await deliveries.still_running(connection, clock.now(), _MOST_SHOWN)
    return StillRunningView(items=items)


@router.post("/api/partners/me/learning/rules/{rule_id}/removals")
async def partner_removes(
    scope: PartnerActor,
    parts: RuntimeDep,
    rule_id: Annotated[
        str,
        Path(
            max_length=_MOST_REF, description="The rule's `id` or `rule_id`.", examples=["L1-fw-1"]
        ),
    ],
    body: RemovalBody,
) -> RemovalView:
    """Mark a switched-off rule's file as removed from your appliances: its alarm is over."""
    return await _remove(scope, parts, rule_id, body)


@router.post("/api/admin/rules/{rule_id}/removals")
async def operator_removes(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: RemovalBody
) -> RemovalView:
    """Mark a switched-off rule's file as removed from appliances: its alarm is over."""
    return await _remove(scope, parts, rule_id, body)


async def _remove(
    scope: OperatorScope | PartnerScope, parts: Runtime, ref: str, body: RemovalBody
) -> RemovalView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, ref)
        site, found = await actions.remove(
            connection,
            scope,
            rule,
            site_id=body.site_id,
            appliance_id=body.appliance_id,
            reason=body.reason,
            now=clock.now(),
        )
    return removal(rule, site, found)

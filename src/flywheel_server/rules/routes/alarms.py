"""What waits for a person about rules: why, since when, and what ends it."""

from typing import Annotated

from fastapi import APIRouter, Path

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.rules.actions import rule_alarms as actions
from flywheel_server.rules.queries import alarms as queries
from flywheel_server.rules.views.alarms import RuleAlarmView
from flywheel_server.web.access import Admin, ClientAdmin, PartnerActor, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["rules"])

AlarmId = Annotated[
    str,
    Path(
        max_length=64,
        description="The alarm's `alarm_id`.",
        examples=["01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"],
    ),
]


@router.post("/api/admin/rule-alarms/{alarm_id}/answer")
async def operator_answers(
    scope: Admin, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, and why the rule may stay as it is: its alarm ends."""
    return await _answer(parts, scope, alarm_id, body.reason)


@router.post("/api/partners/me/rule-alarms/{alarm_id}/answer")
async def partner_answers(
    scope: PartnerActor, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, and why the rule may stay as it is: its alarm ends."""
    return await _answer(parts, scope, alarm_id, body.reason)


@router.post("/api/client/rule-alarms/{alarm_id}/answer")
async def client_answers(
    scope: ClientAdmin, parts: RuntimeDep, alarm_id: AlarmId, body: ReasonBody
) -> RuleAlarmView:
    """Say that you have looked, where your site has full coverage: the alarm ends."""
    return await _answer(parts, scope, alarm_id, body.reason)


async def _answer(
    parts: Runtime, scope: OperatorScope | PartnerScope | ClientScope, ref: str, reason: str
) -> RuleAlarmView:
    id = accounts.as_uuid(ref)
    async with db.transaction(parts.database, scope) as connection:
        found = await actions.answer(connection, scope, id, reason=reason, now=clock.now())
        return await queries.answered(connection, found)

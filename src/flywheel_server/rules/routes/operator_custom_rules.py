"""Rules that operators write themselves, for any scope."""

from fastapi import APIRouter

from flywheel_server.core import clock, db
from flywheel_server.rules.actions import custom_rules as actions
from flywheel_server.rules.queries import rules as queries
from flywheel_server.rules.views.custom_rules import NewCustomRule
from flywheel_server.rules.views.rules import RuleView
from flywheel_server.web.access import Admin, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: rules"])


@router.post("/rules", status_code=201)
async def create_rule(scope: Admin, parts: RuntimeDep, body: NewCustomRule) -> RuleView:
    """Add a rule of your own: agents of its scope fetch it with their next sync, or are sent it.

    `delivery` of the answer says where that is final.
    """
    async with db.transaction(parts.database, scope) as connection:
        made = await actions.create(connection, scope, body.draft(), clock.now())
        return await queries.new(connection, made)

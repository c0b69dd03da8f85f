"""The learning policy, for operators: the values in force, their history, and changing them."""

from fastapi import APIRouter

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import policies as actions
from flywheel_server.learning.queries import policies as queries
from flywheel_server.learning.views.policies import (
    PolicyChange,
    PolicyVersionView,
    PolicyView,
    view,
)
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/flywheel", tags=["operators: policy"])


@router.get("/policy")
async def get_policy(scope: Reader, parts: RuntimeDep, page: pages.PageDep) -> PolicyView:
    """Return the policy in force and its history; `limit` and `next` page through the latter."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.in_force(connection, page)


@router.put("/policy")
async def change_policy(scope: Admin, parts: RuntimeDep, body: PolicyChange) -> PolicyVersionView:
    """Put the policy with some values changed in force; gates are looked at anew."""
    async with db.transaction(parts.database, scope) as connection:
        version = await actions.change(connection, scope, body.changes, body.reason, clock.now())
    return view(version)

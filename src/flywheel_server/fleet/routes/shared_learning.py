"""Whether an organization's counts enter what the platform learns."""

from fastapi import APIRouter

from flywheel_server.core import clock, db
from flywheel_server.fleet.actions import site_settings as actions
from flywheel_server.fleet.queries import shared_learning as queries
from flywheel_server.fleet.views.shared_learning import SharedLearning, SharedLearningChange
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep

router = APIRouter(prefix="/api/client", tags=["clients: healing"])


@router.get("/shared-learning")
async def get_shared_learning(scope: ClientReader, parts: RuntimeDep) -> SharedLearning:
    """Return whether your organization contributes to what the platform learns."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.of_own(connection, scope)


@router.put("/shared-learning")
async def set_shared_learning(
    scope: ClientAdmin, parts: RuntimeDep, body: SharedLearningChange
) -> SharedLearning:
    """Have your organization contribute or not; rules of the platform reach you in any case."""
    async with db.transaction(parts.database, scope) as connection:
        found = await actions.share(connection, scope, body.contributes, clock.now())
    return SharedLearning.model_validate(found)

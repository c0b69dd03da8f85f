"""Whether an organization's counts enter what the platform learns."""

import datetime as dt

from fastapi import APIRouter
from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, View
from flywheel_server.core import clock, db, errors
from flywheel_server.fleet.actions import site_settings as actions
from flywheel_server.fleet.store import site_settings
from flywheel_server.web.access import ClientAdmin, ClientReader, RuntimeDep

router = APIRouter(prefix="/api/client", tags=["clients: healing"])

_TIME = "2026-02-24T10:00:00Z"


class SharedLearning(View):
    """Whether your organization's counts enter the platform's aggregates."""

    contributes: bool = Field(
        description="Counts only: no host, site or organization name ever leaves.", examples=[True]
    )
    contributes_changed_at: dt.datetime = Field(description="Since when.", examples=[_TIME])


class SharedLearningChange(OperatorBody):
    """What to change it to."""

    contributes: bool = Field(
        description="False takes past counts out too, with the loop's next turn.", examples=[False]
    )


@router.get("/shared-learning")
async def get_shared_learning(scope: ClientReader, parts: RuntimeDep) -> SharedLearning:
    """Return whether your organization contributes to what the platform learns."""
    async with db.transaction(parts.database, scope) as connection:
        found = await site_settings.sharing(connection, scope.organization_id)
    if found is None:
        raise errors.NotFound("Your organization is gone: ask your partner.")
    return SharedLearning.model_validate(found)


@router.put("/shared-learning")
async def set_shared_learning(
    scope: ClientAdmin, parts: RuntimeDep, body: SharedLearningChange
) -> SharedLearning:
    """Have your organization contribute or not; rules of the platform reach you in any case."""
    async with db.transaction(parts.database, scope) as connection:
        found = await actions.share(connection, scope, body.contributes, clock.now())
    return SharedLearning.model_validate(found)

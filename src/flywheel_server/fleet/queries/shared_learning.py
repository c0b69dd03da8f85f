"""Whether an organization contributes to what the platform learns."""

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ClientScope
from flywheel_server.fleet.store import site_settings
from flywheel_server.fleet.views.shared_learning import SharedLearning


async def of_own(connection: Connection, scope: ClientScope) -> SharedLearning:
    """Return whether the caller's organization contributes. Raises NotFound where it is gone."""
    found = await site_settings.sharing(connection, scope.organization_id)
    if found is None:
        raise errors.NotFound("Your organization is gone: ask your partner.")
    return SharedLearning.model_validate(found)

"""The learning policy and its history."""

from flywheel_server.core import errors
from flywheel_server.core.db import Connection
from flywheel_server.learning.views import policies as views
from flywheel_server.learning.views.policies import PolicyView
from flywheel_server.policy import store as policies
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Page


async def in_force(connection: Connection, page: Page) -> PolicyView:
    """Return the policy in force with a page of its history. Raises Unavailable without one."""
    current = await policies.current(connection)
    versions = await policies.history(connection, page.after(int), page.limit + 1)
    if current is None:
        raise errors.Unavailable("The database has no policy yet: run `flywheel-server migrate`.")
    history = keysets.listing(versions, page, lambda row: (row.version,), views.view)
    return PolicyView(**views.view(current).model_dump(), history=history)

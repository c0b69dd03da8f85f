"""Reads the sessions of the person who is signed in."""

import datetime as dt
from uuid import UUID

from flywheel_server.accounts.store import sessions
from flywheel_server.accounts.views.sign_in import ListedSession
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import Session
from flywheel_server.web import keysets as pages


async def listing(
    connection: Connection,
    session: Session,
    page: pages.Page,
    *,
    text: str | None,
    now: dt.datetime,
    idle: dt.timedelta,
) -> pages.Listing[ListedSession]:
    """List one's live sessions, the newest first: those used within the ``idle`` time."""
    rows = await sessions.of_user(
        connection,
        session.user_id,
        now,
        now - idle,
        text=text,
        after=page.after(UUID),
        limit=page.limit + 1,
    )

    def view(row: sessions.Listed) -> ListedSession:
        current = {"current": row.id == session.id}
        return ListedSession.model_validate(row).model_copy(update=current)

    return pages.listing(rows, page, lambda row: (row.id,), view)

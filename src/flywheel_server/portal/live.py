"""Tells open pages that something they show has changed, so that they fetch themselves anew.

An event carries nothing: what somebody may see is decided where the page is made. Streams are
bounded in time and number; a browser comes back by itself.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from flywheel_server import db
from flywheel_server.api.access import PeopleReader, RuntimeDep
from flywheel_server.domain.scope import ClientScope, OperatorScope, PersonScope
from flywheel_server.runtime import Runtime
from flywheel_server.store import fleet, healing

router = APIRouter(include_in_schema=False)

PATH = "/live"
_MOST_EACH = 6
_MOST = 200
_LOOK_SECONDS = 3.0
_LOOKS = 40
_open: Counter[UUID] = Counter()


@router.get(PATH)
async def live(scope: PeopleReader, parts: RuntimeDep) -> Response:
    """Send an event whenever something changed, for two minutes."""
    if _open[scope.actor_id] >= _MOST_EACH or _open.total() >= _MOST:
        # No content tells a browser not to come back: this page looks for itself, now and then.
        return Response(status_code=204)
    return StreamingResponse(
        _news(parts, scope),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _news(parts: Runtime, scope: PersonScope) -> AsyncIterator[str]:
    _open[scope.actor_id] += 1
    try:
        known = await _look(parts, scope)
        yield "retry: 3000\n\n"
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            found = await _look(parts, scope)
            # A comment keeps the connection, and tells us when nobody is there any more.
            yield ": nothing new\n\n" if found == known else "event: changed\ndata: \n\n"
            known = found
    finally:
        _open[scope.actor_id] -= 1
        if not _open[scope.actor_id]:
            del _open[scope.actor_id]


async def _look(parts: Runtime, scope: PersonScope) -> str:
    async with db.transaction(parts.database, scope) as connection:
        if isinstance(scope, OperatorScope):
            return await fleet.news_of_all(connection)
        news = await fleet.news(connection)
        if isinstance(scope, ClientScope):
            # Their log is where they start; a partner's many sites would never be quiet.
            news = f"{news}|{await healing.newest(connection)}"
        return news

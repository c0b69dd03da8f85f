"""Tells open pages that something they show has changed, so that they fetch themselves anew.

An event carries nothing: what somebody may see is decided where the page is made. Streams are
bounded in time and number; a browser comes back by itself. Nothing is missed: a page says when it
was made, a browser that comes back what it heard last.
"""

import asyncio
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse

from flywheel_server.core import db
from flywheel_server.core.scope import ClientScope, OperatorScope, PersonScope
from flywheel_server.executions.store import healing
from flywheel_server.fleet.store import fleet
from flywheel_server.fleet.store.fleet import News
from flywheel_server.web import traffic
from flywheel_server.web.access import PeopleReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(include_in_schema=False)

PATH = "/live"
_MOST_EACH = 6
_MOST = 200
_LOOK_SECONDS = 3.0
_LOOKS = 40
# The last moment that has four digits for its year.
_LATEST = 253_402_300_799_000_000
_open: Counter[UUID] = Counter()


@router.get(PATH, dependencies=[Depends(traffic.LIVE)])
async def live(
    scope: PeopleReader,
    parts: RuntimeDep,
    since: Annotated[int | None, Query(ge=0, le=_LATEST)] = None,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """Send an event whenever something changed, for two minutes.

    At once where something changed after ``since``, in microseconds of Unix time, or where a
    browser that comes back heard something else last.
    """
    if _open[scope.actor_id] >= _MOST_EACH or _open.total() >= _MOST:
        # No content tells a browser not to come back: this page looks for itself, now and then.
        return Response(status_code=204)
    made_at = None if since is None else dt.datetime.fromtimestamp(since / 1_000_000, dt.UTC)
    return StreamingResponse(
        _news(parts, scope, made_at, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _news(
    parts: Runtime, scope: PersonScope, made_at: dt.datetime | None, heard: str | None
) -> AsyncIterator[str]:
    _open[scope.actor_id] += 1
    try:
        found = await _look(parts, scope)
        yield "retry: 3000\n\n"
        yield _told(found, changed=_missed(found, made_at, heard))
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            known, found = found, await _look(parts, scope)
            yield _told(found, changed=found != known)
    finally:
        _open[scope.actor_id] -= 1
        if not _open[scope.actor_id]:
            del _open[scope.actor_id]


def _missed(found: News, made_at: dt.datetime | None, heard: str | None) -> bool:
    if heard:
        return heard != _name(found)
    newest = found.newest()
    return made_at is not None and newest is not None and newest > made_at


def _told(found: News, *, changed: bool) -> str:
    """Return an event, or a block without one: it names what is known all the same.

    It keeps the connection, and tells us when nobody is there any more.
    """
    return f"id: {_name(found)}\n" + ("event: changed\ndata: \n\n" if changed else "\n")


def _name(found: News) -> str:
    return hashlib.sha256(repr(found.values).encode()).hexdigest()[:16]


async def _look(parts: Runtime, scope: PersonScope) -> News:
    async with db.transaction(parts.database, scope) as connection:
        if isinstance(scope, OperatorScope):
            return await fleet.news_of_all(connection)
        news = await fleet.news(connection)
        if isinstance(scope, ClientScope):
            # Their log is where they start; a partner's many sites would never be quiet.
            news = replace(news, values=(*news.values, await healing.newest(connection)))
        return news

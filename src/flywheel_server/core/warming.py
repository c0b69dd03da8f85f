"""Learns what a cache holds before it is asked for: when a process starts, or lost the database.

All that return then find themselves known, instead of each asking the database once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import asyncpg

from flywheel_server.core import db, errors, log

_log = log.get(__name__)

_AGAIN_SECONDS = 1.0
_Place = TypeVar("_Place")


class Learner(Generic[_Place]):
    """Learns page by page whenever everything was forgotten; made after its cache listens.

    ``learn`` takes what lies behind a place and returns the next place, or None at the end.
    """

    def __init__(
        self,
        database: db.Database,
        what: str,
        beginning: _Place,
        learn: Callable[[_Place], Awaitable[_Place | None]],
    ) -> None:
        self._database = database
        self._what = what
        self._beginning = beginning
        self._learn = learn
        self._forgot = asyncio.Event()
        database.subscribers.append(self._changed)

    async def run(self) -> None:
        """Learn when listening begins anew, for ever."""
        while True:
            await self._forgot.wait()
            self._forgot.clear()
            try:
                await self.learn_all()
            except (*db.LOST, errors.FlywheelError, asyncpg.PostgresError) as error:
                if not self._database.condition.told(error):
                    _log.warning("could not learn", what=self._what, reason=type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._forgot.set()

    async def learn_all(self) -> None:
        """Learn once, until the end or until all of it is forgotten again."""
        place: _Place | None = self._beginning
        while place is not None and not self._forgot.is_set():
            place = await self._learn(place)

    def _changed(self, channel: str, _payload: str) -> None:
        if channel == "":
            self._forgot.set()

"""One request for a plan as it is worked on: who asks about what, and how much time is left."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.scope import ApplianceScope
from flywheel_server.plans.model.plan_history import History
from flywheel_server.plans.model.plans import Asker, Incident

# An appliance is answered within 30 s, with the transactions around it.
PATIENCE_SECONDS = 24.0


class Watch:
    """The door's moment, and what has passed since."""

    def __init__(self, began_at: dt.datetime) -> None:
        self._began_at = began_at
        self._ticks = ticks()

    def now(self) -> dt.datetime:
        """Return this moment."""
        return self._began_at + dt.timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Return the seconds since the request came."""
        return ticks() - self._ticks

    def left(self) -> float:
        """Return the seconds that a provider may still take."""
        return max(0.0, PATIENCE_SECONDS - self.elapsed())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An incident, with all that speaks for one runbook or another."""

    scope: ApplianceScope
    incident: Incident
    asker: Asker
    history: History
    watch: Watch

    @property
    def site_id(self) -> UUID:
        """Return the key's site: where the incident is."""
        return self.scope.site_id


def ticks() -> float:
    """Return the seconds of the monotonic clock."""
    return asyncio.get_running_loop().time()

"""What of a site's evidence waits, and what was dropped of it lately: for pages and alarms."""

import datetime as dt
from dataclasses import dataclass

from flywheel_server.core import clock, db
from flywheel_server.core.scope import PersonScope
from flywheel_server.evidence.routes import evidence
from flywheel_server.evidence.store import evidence_waiting as store
from flywheel_server.evidence.store.evidence_waiting import Drop, Total
from flywheel_server.fleet.store import evidence_keys
from flywheel_server.fleet.store.evidence_keys import ShownKey
from flywheel_server.web.runtime import Runtime

# So long a drop is shown, and is an alarm.
DROPS_SHOWN_FOR = dt.timedelta(days=7)
_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What waits at a site, for which keys, and what was dropped."""

    totals: list[Total]
    keys: list[ShownKey]
    drops: list[Drop]

    @property
    def bundles(self) -> int:
        """Return how many bundles wait."""
        return sum(each.bundles for each in self.totals)

    @property
    def since(self) -> dt.datetime | None:
        """Return since when the oldest one waits."""
        return min((each.since for each in self.totals), default=None)


async def of_site(scope: PersonScope, parts: Runtime, site_id: str) -> Waits:
    """Return what waits at a site."""
    since = clock.now() - DROPS_SHOWN_FOR
    async with db.transaction(parts.database, scope) as connection:
        site = await evidence.find_site(connection, site_id)
        return Waits(
            totals=await store.totals(connection, site.id),
            keys=await evidence_keys.page(
                connection, state="waiting", site_id=site.id, after=None, limit=_MOST
            ),
            drops=await store.drops(connection, since, site_id=site.id, limit=_MOST),
        )

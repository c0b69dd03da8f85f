"""Keeps the evidence keys that appliances show."""

import datetime as dt
from uuid import UUID

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.fleet.store import evidence_keys as store

_log = log.get(__name__)


# More than any appliance ever shows: one that makes a new key each minute shall not fill the table.
MOST_KEYS = 50


async def see(
    connection: Connection,
    site_id: UUID,
    appliance_id: UUID,
    public_key: str | None,
    now: dt.datetime,
) -> None:
    """Keep the key that an appliance shows at check-in; the caller holds the site's lock."""
    if public_key is None:
        return
    state = await store.claim(connection, site_id, appliance_id, public_key, now)
    if state is None:
        state = await store.see(connection, site_id, appliance_id, public_key, now, MOST_KEYS)
    if state == "waiting":
        _log.warning("an appliance shows another evidence key", appliance=str(appliance_id))

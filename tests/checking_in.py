"""Checking in, in tests: a body as an agent in the field sends it, and what is kept of it."""

from typing import Any

import httpx

from flywheel_server.core import db
from tests.cast import STAGE, CastSite

URL = "/api/appliances/checkin"
KEY = "e6c20a3900a775fcfbe0f85e08abdc3057f0e60e1b0b9d12c487f0cb0ca5de47"
# As an older Go daemon sent it.
SAMPLE: dict[str, Any] = {
    "site_id": "site-lab-01",
    "hostname": "vm",
    "mac_address": "02:00:5e:10:00:01",
    "ip_addresses": ["192.0.2.10"],
    "uptime_seconds": 944,
    "agent_version": "0.1.0",
    "nixos_version": "12",
    "has_local_credentials": False,
    "agent_public_key": KEY,
}
WIRE_ID = "site-lab-01-02:00:5E:10:00:01"


async def check_in(client: httpx.AsyncClient, site: CastSite, **changes: Any) -> dict[str, Any]:
    """Check in with the site's key; return what is answered."""
    answer = await client.post(URL, json=SAMPLE | changes, headers=site.headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def rows(database: db.Database, site: CastSite) -> list[dict[str, Any]]:
    """Return what is kept of a site's appliances."""
    async with db.transaction(database, STAGE) as connection:
        found = await connection.fetch(
            "SELECT a.id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,"
            " a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,"
            " a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,"
            " a.reported_rules_hash, a.reported_rules_hash_at, a.last_seen_at"
            " FROM appliances a WHERE a.site_id = $1 ORDER BY a.id",
            site.id,
        )
    return [dict(row) for row in found]


async def row(database: db.Database, site: CastSite) -> dict[str, Any]:
    """Return what is kept of a site's only appliance."""
    (only,) = await rows(database, site)
    return only

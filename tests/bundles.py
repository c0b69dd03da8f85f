"""Agents that sign evidence as those in the field do, and what tests ask about it."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server.core import clock, db
from flywheel_server.evidence.actions import evidence as actions
from flywheel_server.evidence.actions.evidence_chain import Submission
from flywheel_server.evidence.model import evidence as domain
from flywheel_server.evidence.store.evidence import Bundle
from flywheel_server.fleet.actions import evidence_keys
from tests.cast import STAGE, CastAppliance, CastSite

CHECK = {
    "check": "firewall_status",
    "hostname": "WS-TEST-30",
    "status": "pass",
    "expected": "on & <enabled>",
    "actual": "on & <enabled>",
    "hipaa_control": "164.312(a)(1)",
}


class Agent:
    """An appliance's agent with a key of its own."""

    def __init__(self, site: CastSite) -> None:
        self.site = site
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, text: bytes) -> str:
        return self._key.sign(text).hex()

    def content(self, **changes: Any) -> dict[str, Any]:
        """Return what is signed; its time differs from call to call."""
        return {
            "site_id": self.site.slug,
            "checked_at": clock.now().isoformat(),
            "checks": [CHECK, CHECK | {"check": "bitlocker_status", "status": "fail"}],
            "summary": {"pass": 1, "fail": 1},
        } | changes

    def python_body(self, **changes: Any) -> dict[str, Any]:
        """Return a bundle as the Python agent sends it: spaces, and no key."""
        content = self.content(**changes)
        text = json.dumps(content, sort_keys=True)
        return {**content, "signed_data": text, "agent_signature": self.sign(text.encode())}

    def go_body(self, **changes: Any) -> dict[str, Any]:
        """Return a bundle as the Go daemon sends it: no spaces, HTML escaped, with its key."""
        content = self.content(**changes)
        text = json.dumps(content, separators=(",", ":"))
        for plain, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
            text = text.replace(plain, escaped)
        return {
            **content,
            "signed_data": text,
            "agent_signature": self.sign(text.encode()),
            "agent_public_key": self.public_key,
        }

    @property
    def url(self) -> str:
        return submit_url(self.site)

    async def submit(
        self,
        client: httpx.AsyncClient,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return await client.post(
            self.url, json=body or self.go_body(), headers=headers or self.site.headers
        )


def submit_url(site: CastSite) -> str:
    return f"/api/evidence/sites/{site.slug}/submit"


def read_url(site: CastSite, rest: str = "bundles") -> str:
    return f"/api/evidence/sites/{site.slug}/{rest}"


async def shown(
    database: db.Database,
    appliance: CastAppliance,
    agent: Agent,
    now: dt.datetime | None = None,
) -> None:
    """Let an appliance show its agent's key, as its check-in does."""
    async with db.transaction(database, appliance.site.scope) as connection:
        await evidence_keys.see(
            connection, appliance.site.id, appliance.id, agent.public_key, now or clock.now()
        )


async def agent_of(database: db.Database, appliance: CastAppliance) -> Agent:
    """Return an agent whose key its appliance has shown."""
    agent = Agent(appliance.site)
    await shown(database, appliance, agent)
    return agent


async def submitted(
    database: db.Database, agent: Agent, *, now: dt.datetime | None = None, **changes: Any
) -> Bundle:
    """Append a bundle of an agent to its site's chain, past HTTP; ``now`` is when it came."""
    at = now or clock.now()
    body = agent.go_body(**({"checked_at": at.isoformat()} | changes))
    given = Submission(
        signed_data=body["signed_data"].encode(),
        signature=body["agent_signature"],
        public_key=agent.public_key,
        bundle_id=None,
        checked_at=dt.datetime.fromisoformat(body["checked_at"]),
        checks=len(body["checks"]),
        results=domain.results(body["checks"]),
    )
    async with db.transaction(database, agent.site.scope) as connection:
        bundle = await actions.submit(connection, agent.site.scope, given, at)
    assert isinstance(bundle, Bundle), "its key waits"
    return bundle


async def chain(database: db.Database, site: CastSite) -> list[dict[str, Any]]:
    """Return the stored chain of a site, in its order."""
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch(
            "SELECT position, bundle_id, previous_hash, chain_hash, bundle_hash, public_key,"
            " signature, signed_data, appliance_id, received_at, checked_at, checks, results"
            " FROM evidence_bundles WHERE site_id = $1 ORDER BY position",
            site.id,
        )
    return [dict(row) for row in rows]


async def keys(database: db.Database, site: CastSite) -> dict[str, tuple[str, UUID]]:
    """Return state and id of each key of a site, by its appliance's first one's public key."""
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch(
            "SELECT id, public_key, state FROM evidence_keys WHERE site_id = $1", site.id
        )
    return {row["public_key"]: (row["state"], row["id"]) for row in rows}


def good(answer: httpx.Response) -> dict[str, Any]:
    """Return what was answered, which is no refusal."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refused(
    client: httpx.AsyncClient,
    database: db.Database,
    agent: Agent,
    body: Any,
    status: int,
    *,
    headers: dict[str, str] | None = None,
) -> str:
    """Submit what is refused; the chain stays as it was. Return the problem's type and detail."""
    before = await chain(database, agent.site)
    answer = await agent.submit(client, body, headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20
    assert await chain(database, agent.site) == before
    return str(answer.json()["type"] + " " + answer.json()["detail"])

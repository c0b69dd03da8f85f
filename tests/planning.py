"""Plans in tests: a provider that behaves as told, requests as daemons send them, waiting plans."""

import asyncio
import contextlib
import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from flywheel_server.app import create_app
from flywheel_server.core import clock, db
from flywheel_server.core.settings import Settings
from flywheel_server.fleet.model.appliances import L2Mode
from flywheel_server.plans.model import plans, prompts
from flywheel_server.plans.model.plans import Asker, Incident, Proposal, Runbook, Spent, Verdict
from flywheel_server.plans.store import plan_approvals, plans as stored
from tests.cast import STAGE, CastAppliance, CastSite, Credential

PLAN = "/api/agent/l2/plan"
TYPE = "zz_unknown_check"
RUNBOOK = "RB-WIN-SVC-001"
OLDER = "0.3.9"
NEWER = "0.4.2"
KEY = "provider-key-of-the-tests"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the provider answers one call."""

    status: int = 200
    # The whole body; None: a completion with `content`.
    body: bytes | None = None
    content: str = ""
    # The whole message in place of one with `content`.
    message: dict[str, Any] | None = None
    retry_after: str | None = None
    usage: Any = None
    # Never answers.
    silent: bool = False
    # Sends a byte now and then, without end.
    dripping: bool = False
    # Closes the connection instead of answering.
    cuts: bool = False


Behaves = Callable[[dict[str, Any]], Behaviour]


@dataclass(slots=True)
class Provider:
    """A provider on loopback: what it was asked, and how it behaves."""

    url: str
    behaves: Behaves
    calls: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    # Set: it answers no call before this.
    gate: asyncio.Event | None = None


def chosen(
    runbook_id: str | None = RUNBOOK,
    confidence: Any = 0.91,
    reasoning: str = "The service is stopped.",
    *,
    tokens: tuple[int, int] = (1_000, 50),
    **more: Any,
) -> Behaviour:
    """Return the answer of a model that does as it is asked."""
    content = {"runbook_id": runbook_id, "confidence": confidence, "reasoning": reasoning} | more
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Behaviour(content=json.dumps(content), usage=usage)


@contextlib.asynccontextmanager
async def provider(behaves: Behaves | None = None) -> AsyncIterator[Provider]:
    """Run a provider for as long as the block lasts."""
    fake = Provider(url="", behaves=behaves or (lambda _asked: chosen()))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
                text = (await reader.readexactly(length)).decode()
                fake.headers.append(head)
                fake.texts.append(text)
                asked = json.loads(text)
                fake.calls.append(asked)
                if fake.gate is not None:
                    await fake.gate.wait()
                if not await _answer(fake.behaves(asked), reader, writer):
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fake
    finally:
        server.close()


async def _answer(
    answer: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    if answer.cuts:
        return False
    if answer.silent:
        # Until the other side has had enough.
        await reader.read()
        return False
    if answer.dripping:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)
        return False
    body = answer.body
    if body is None:
        message = answer.message or {"role": "assistant", "content": answer.content}
        completion: dict[str, Any] = {"choices": [{"index": 0, "message": message}]}
        if answer.usage is not None:
            completion["usage"] = answer.usage
        body = json.dumps(completion).encode()
    waits = f"Retry-After: {answer.retry_after}\r\n" if answer.retry_after else ""
    writer.write(f"HTTP/1.1 {answer.status} X\r\n{waits}".encode())
    writer.write(b"Content-Length: %d\r\n\r\n" % len(body))
    writer.write(body)
    await writer.drain()
    return True


def settings(fake: Provider | None = None, **fields: Any) -> Settings:
    """Return settings with a provider, short of patience."""
    values: dict[str, Any] = {"loop": False, "l2_timeout": 2.0}
    if fake is not None:
        values |= {"l2_base_url": fake.url, "l2_api_key": KEY, "l2_model": "small-7b"}
    return Settings(**(values | fields))


@contextlib.asynccontextmanager
async def application(url: str, chosen_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to a whole application with settings of one's own."""
    app = create_app(chosen_settings, url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
            yield opened


def request(site: CastSite, **fields: Any) -> dict[str, Any]:
    """Return a request as the daemon sends it; ``raw`` adds to its ``raw_data``."""
    number = next(_numbers)
    host = fields.pop("host_id", "WS-TEST-2")
    kind = fields.pop("incident_type", TYPE)
    raw = {
        "actual": "drifted",
        "agent_id": "go-WS-TEST-AGENT-7f65cb36",
        "check_type": kind,
        "drift_detected": True,
        "expected": "compliant",
        "hipaa_control": "164.312(b)",
        "host_id": host,
        "hostname": host,
        "incident_type": kind,
        "platform": "windows",
    } | fields.pop("raw", {})
    return {
        "incident_id": f"drift-{host}-{kind}-{number}",
        "site_id": site.slug,
        "host_id": host,
        "incident_type": kind,
        "severity": "high",
        "raw_data": raw,
        "pattern_signature": "",
        "created_at": "2026-11-20T08:38:57Z",
    } | fields


async def ask(
    client: httpx.AsyncClient, site: CastSite, credential: Credential | None = None, **fields: Any
) -> dict[str, Any]:
    """Ask for a plan and return the answer."""
    answer = await client.post(
        PLAN, json=request(site, **fields), headers=(credential or site.credential).headers
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["action_params"]["script"] == ""
    assert told["context_used"] == {}
    return told


async def agent(
    database: db.Database,
    appliance: CastAppliance,
    *,
    mode: L2Mode = "auto",
    version: str = NEWER,
) -> None:
    """Let an appliance be of a version, and desire a mode of it."""
    async with db.transaction(database, appliance.scope) as connection:
        await connection.execute(
            "UPDATE appliances SET desired_l2_mode = $2, agent_version = $3 WHERE id = $1",
            appliance.id,
            mode,
            version,
        )


async def decisions(database: db.Database, columns: str = "*") -> list[dict[str, Any]]:
    """Return the records of all decisions in the order in which they were asked for."""
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch(f"SELECT {columns} FROM plans ORDER BY id")
        return [dict(row) for row in rows]


async def budget(database: db.Database) -> tuple[int, int]:
    """Return the calls and micro-dollars of all budgets."""
    async with db.transaction(database, STAGE) as connection:
        row = await connection.fetchrow(
            "SELECT coalesce(sum(calls), 0)::int, coalesce(sum(micro_usd), 0)::bigint"
            " FROM plan_budgets"
        )
    assert row is not None
    return row[0], row[1]


async def make_waiting(
    database: db.Database,
    appliance: CastAppliance,
    *,
    runbook_id: str = RUNBOOK,
    incident_id: str | None = None,
    incident_type: str = TYPE,
    reasoning: str = "",
    now: dt.datetime | None = None,
    waits: dt.timedelta = dt.timedelta(hours=4),
) -> UUID:
    """Write a plan that waits for approval, as the gateway would have."""
    made_at = now or clock.now()
    number = next(_numbers)
    incident = _incident(
        incident_id or f"drift-waiting-{number}", incident_type, f"WS-{number}", appliance.site
    )
    asker = Asker(appliance_id=appliance.id, mode="manual", agent_version=NEWER)
    async with db.transaction(database, appliance.scope) as connection:
        plan_id = await stored.insert(
            connection, appliance.site.id, incident, asker, prompts.VERSION, made_at
        )
        await stored.decide(
            connection,
            appliance.site.id,
            plan_id,
            asker=asker,
            proposal=Proposal(
                planner="model", proposed=runbook_id, confidence=0.9, reasoning=reasoning
            ),
            verdict=Verdict(
                told="approval",
                reason="manual",
                runbook=Runbook(
                    runbook_id=runbook_id, name=runbook_id, platform="windows", executable=True
                ),
            ),
            spent=Spent(),
            model=None,
            answer={"escalate_to_l3": True},
            latency_ms=1,
            now=made_at,
        )
        await plan_approvals.insert(
            connection, appliance.site.id, plan_id, now=made_at, deadline_at=made_at + waits
        )
    return plan_id


def _incident(incident_id: str, incident_type: str, host: str, site: CastSite) -> Incident:
    return plans.incident(
        incident_id=incident_id,
        incident_type=incident_type,
        hostname=host,
        severity="high",
        raw={"platform": "windows", "actual": "drifted"},
        site=site.slug,
    )

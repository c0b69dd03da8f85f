"""What the server is compared with, each as a process of its own: `python -m benchmarks.baselines`.

``bare``: an ASGI function on the same server program that answers constant bytes. ``obvious``: the
FastAPI route that one would write first. ``ordinary``: our application without its fast path.
"""

import datetime as dt
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from flywheel_server.app import create_app
from flywheel_server.core import settings

# The tables that COPY and the obvious route write: the shape, constraints and indexes of ours, but
# no partitions and no row-level security.
PLAIN_TABLES = """
DROP TABLE IF EXISTS plain_executions, plain_keys;
CREATE TABLE plain_executions (LIKE executions INCLUDING ALL);
CREATE TABLE plain_keys (LIKE execution_keys INCLUDING ALL);
"""
KEY_COLUMNS = ("site_id", "execution_id", "digest", "received_at")
COLUMNS = (
    "site_id", "execution_id", "received_at", "evidence_at", "occurred_at", "level", "incident_id",
    "incident_type", "hostname", "platform", "reported_id", "outcome", "verified",
    "duration_seconds", "confidence", "cost_usd", "input_tokens", "output_tokens", "reasoning",
    "detail",
)  # fmt: skip
_VALUES = ", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))
INSERT = f"INSERT INTO plain_executions ({', '.join(COLUMNS)}) VALUES ({_VALUES})"
INSERT_KEY = f"""
INSERT INTO plain_keys ({", ".join(KEY_COLUMNS)}) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""


def bare(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> ASGIApp:
    """Return the least that can be an answer."""

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return answer


class Execution(BaseModel):
    execution_id: str
    incident_id: str
    runbook_id: str
    hostname: str
    platform: str | None = None
    incident_type: str
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    duration_seconds: float | None = None
    success: bool
    status: str | None = None
    verification_passed: bool | None = None
    confidence: float | None = None
    resolution_level: str
    state_before: dict[str, Any] | None = None
    state_after: dict[str, Any] | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning: str | None = None


class One(BaseModel):
    site_id: str
    execution: Execution


class Batch(BaseModel):
    site_id: str
    executions: list[Execution]


def obvious(url: str) -> FastAPI:
    """Return the route as one would write it first: a model, a pool, executemany, a commit."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url) as app.state.pool:
            rows = await app.state.pool.fetch("SELECT s.slug, s.id FROM sites s")
            app.state.sites = {row["slug"]: row["id"] for row in rows}
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/agent/executions")
    async def one(body: One, request: Request) -> dict[str, int]:
        return await store(request.app, body.site_id, [body.execution])

    @app.post("/api/agent/executions/batch")
    async def batch(body: Batch, request: Request) -> dict[str, int]:
        return await store(request.app, body.site_id, body.executions)

    return app


async def store(app: FastAPI, slug: str, items: list[Execution]) -> dict[str, int]:
    now = dt.datetime.now(tz=dt.UTC)
    site = app.state.sites[slug]
    rows = [
        (
            site, item.execution_id, now, now, item.completed_at or now, item.resolution_level,
            item.incident_id, item.incident_type, item.hostname, item.platform, item.runbook_id,
            "success" if item.success else "failure", item.verification_passed,
            item.duration_seconds, item.confidence, item.cost_usd, item.input_tokens,
            item.output_tokens, item.reasoning,
            json.dumps({"state_before": item.state_before, "state_after": item.state_after}),
        )
        for item in items
    ]  # fmt: skip
    keys = [(site, item.execution_id, item.execution_id.encode(), now) for item in items]
    async with app.state.pool.acquire() as connection, connection.transaction():
        await connection.executemany(INSERT_KEY, keys)
        await connection.executemany(INSERT, rows)
    return {"recorded": len(rows)}


def main() -> None:
    name, *arguments = sys.argv[1:]
    app: ASGIApp
    if name == "bare":
        status, file, *pairs = arguments
        headers = [tuple(pair.encode().split(b"=", 1)) for pair in pairs]
        body = Path(file).read_bytes() if file != "-" else b""
        if body:
            headers += [
                (b"content-length", b"%d" % len(body)),
                (b"content-type", b"application/json"),
            ]
        app = bare(int(status), headers, body)  # type: ignore[arg-type]
    elif name == "obvious":
        app = obvious(os.environ["BENCH_URL"])
    else:
        chosen = settings.load()
        app = create_app(chosen, chosen.database_url or "", hot=False)
    uvicorn.run(
        app, port=int(os.environ["FLYWHEEL_PORT"]), loop="uvloop", http="httptools", ws="none",
        access_log=False, log_config=None, server_header=False, backlog=2048,
        lifespan="off" if name == "bare" else "on",
    )  # fmt: skip


if __name__ == "__main__":
    main()

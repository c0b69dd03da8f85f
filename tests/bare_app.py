"""An application without a database, and requests to it down to single messages."""

import json
from collections.abc import Iterable
from typing import Any

import httpx
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.types import Message

from flywheel_server.app import Application, create_app
from flywheel_server.core import errors
from flywheel_server.core.settings import Settings
from flywheel_server.web import traffic
from flywheel_server.web.access import PUBLIC

PLAIN = 8 * 1024 * 1024
GZIPPED = PLAIN
OPEN = [*PUBLIC, Depends(traffic.PEOPLE)]
SECRET = "password of 10.1.2.3"


class Numbers(BaseModel):
    numbers: dict[str, int]


async def echo(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


async def numbers(body: Numbers) -> dict[str, int]:
    return body.numbers


async def one(name: str) -> dict[str, str]:
    return {"name": name}


async def broken() -> None:
    raise RuntimeError(SECRET)


async def lost() -> None:
    raise errors.DatabaseUnavailable from ConnectionError("no route")


async def who(request: Request) -> dict[str, str]:
    return {"host": request.client.host if request.client else "", "scheme": request.url.scheme}


def make(settings: Settings) -> Application:
    """Return the whole application with a few routes that need no database."""
    app = create_app(settings, "postgresql://nobody@127.0.0.1:1/none")
    for path, function, methods in (
        ("/echo", echo, ["POST"]),
        ("/numbers", numbers, ["POST"]),
        ("/things/{name}", one, ["GET"]),
        ("/things/{name}", one, ["DELETE"]),
        ("/broken", broken, ["GET"]),
        ("/lost", lost, ["GET"]),
        ("/who", who, ["POST"]),
    ):
        app.add_api_route(path, function, methods=methods, dependencies=OPEN)
    return app


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Hold that the answer is this problem, and whole."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:flywheel:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


async def call(
    app: FastAPI,
    messages: Iterable[Message],
    headers: Iterable[tuple[bytes, bytes]] = (),
    **scope: Any,
) -> tuple[int, dict[str, Any]]:
    """Send raw ASGI messages; return the status and the answer."""
    waiting, sent = list(messages), []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/echo",
        "raw_path": b"/echo",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": list(headers),
        "server": ("server", 80),
        "client": ("client", 1),
    }
    await app(whole | scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)

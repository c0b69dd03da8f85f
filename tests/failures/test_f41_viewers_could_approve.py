"""Viewers never change anything, on any route of operators, partners and clients.

Broken on purpose: with ``Reader`` for ``Admin`` on one route, that route is listed.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests.cast import STAGE
from tests.route_examples import EXAMPLES, Route, routes
from tests.routes.stage import Stage, set_stage

VIEWERS = ["operator viewer", "partner viewer", "client viewer"]
# Their own password and sessions are theirs.
CLOSED = [route for route in routes() if route.audience not in {"public", "signed in"}]


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


@pytest.mark.parametrize("role", VIEWERS)
async def test_f41_a_viewer_changes_nothing(
    client: httpx.AsyncClient, database: db.Database, stage: Stage, role: str
) -> None:
    changes = [route for route in CLOSED if route.method != "GET"]
    before = await _entries(database)
    answers = await _ask(client, stage, changes, role)
    assert {name: status for name, status in answers.items() if status != 403} == {}
    assert await _entries(database) == before


@pytest.mark.parametrize("role", VIEWERS)
async def test_f41_a_viewer_may_look(client: httpx.AsyncClient, stage: Stage, role: str) -> None:
    reads = [route for route in CLOSED if route.method == "GET" and role in route.roles]
    answers = await _ask(client, stage, reads, role)
    assert {name: status for name, status in answers.items() if status != 200} == {}
    assert answers


async def _ask(
    client: httpx.AsyncClient, stage: Stage, asked: list[Route], role: str
) -> dict[str, int]:
    answers = {}
    for route in asked:
        example = EXAMPLES[route.name](stage, stage.cast.site)
        answer = await example.send(client, route.method, stage.cast.session(role))
        answers[route.name] = answer.status_code
    return answers


async def _entries(database: db.Database) -> int:
    async with db.transaction(database, STAGE) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM audit_entries")
        return count

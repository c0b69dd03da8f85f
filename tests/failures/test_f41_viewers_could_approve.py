"""Viewers never change anything, on any route of the operators.

Broken on purpose: with ``Reader`` for ``Admin`` on one route, that route is listed.
"""

import httpx

from flywheel_server import db
from tests.cast import STAGE
from tests.route_examples import EXAMPLES, Route, routes, set_stage

OPERATORS = [route for route in routes() if route.audience.startswith("operator")]
CHANGES = [route for route in OPERATORS if route.method != "GET"]
READS = [route for route in OPERATORS if route.method == "GET"]


async def test_f41_a_viewer_changes_nothing(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    answers = await _ask_as_a_viewer(client, database, CHANGES)
    assert {name: status for name, status in answers.items() if status != 403} == {}
    assert answers


async def test_f41_a_viewer_may_look(client: httpx.AsyncClient, database: db.Database) -> None:
    answers = await _ask_as_a_viewer(client, database, READS)
    assert {name: status for name, status in answers.items() if status != 200} == {}


async def _ask_as_a_viewer(
    client: httpx.AsyncClient, database: db.Database, asked: list[Route]
) -> dict[str, int]:
    stage = await set_stage(database)
    before = await _entries(database)
    answers = {}
    for route in asked:
        example = EXAMPLES[route.name](stage, stage.cast.site)
        answer = await example.send(client, route.method, stage.cast.viewer.headers)
        answers[route.name] = answer.status_code
    assert await _entries(database) == before
    return answers


async def _entries(database: db.Database) -> int:
    async with db.transaction(database, STAGE) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM audit_entries")
        return count

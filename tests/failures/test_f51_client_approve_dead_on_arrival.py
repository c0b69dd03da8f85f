"""Every route of people answers its example with success: none is dead on arrival.

Broken on purpose: a misspelt column in the statement of a route fails its case.
"""

import httpx
import pytest

from flywheel_server import db
from tests.route_examples import EXAMPLES, Route, routes
from tests.routes.stage import set_stage

ACTORS = ("operator admin", "partner owner", "client admin")
OF_PEOPLE = [
    (route, role)
    for route in routes()
    for role in ACTORS
    if role in route.roles and route.audience not in {"public", "signed in"}
]


@pytest.mark.parametrize(("route", "role"), OF_PEOPLE, ids=str)
async def test_f51_every_route_of_people_succeeds(
    client: httpx.AsyncClient, database: db.Database, route: Route, role: str
) -> None:
    stage = await set_stage(database)
    example = EXAMPLES[route.name](stage, stage.cast.site)
    answer = await example.send(client, route.method, stage.cast.session(role))
    assert answer.status_code == example.status, answer.text
    if answer.status_code == 201 or (route.method == "GET" and "{" not in route.name):
        assert answer.json()

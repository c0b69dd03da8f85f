"""F42: deliverables of one tenant were served by id to another.

Every route of partners and clients is asked for another tenant's things, by each of their roles.

Broken on purpose by ``USING (true)`` in the policy ``patterns_people``: the routes are listed.
"""

import httpx
import pytest

from flywheel_server.core import db
from tests.route_examples import EXAMPLES, Route, routes
from tests.routes.stage import Example, Stage, set_stage

PEOPLE = ("partner owner", "partner technician", "partner viewer", "client admin", "client viewer")
BULK = {"not_found"}


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


def _foreign(route: Route, stage: Stage) -> Example | None:
    """Return the example about another tenant, or None where the route names nothing of anyone."""
    build = EXAMPLES[route.name]
    own, again = (build(stage, stage.cast.site) for _ in range(2))
    foreign = build(stage, stage.cast.foreign_site)
    # An example that differs each time makes something new.
    return None if own != again or own == foreign else foreign


@pytest.mark.parametrize("role", PEOPLE)
async def test_f42_another_tenants_thing_is_not_there(
    client: httpx.AsyncClient, stage: Stage, role: str
) -> None:
    wrong, asked = {}, 0
    for route in routes():
        example = _foreign(route, stage)
        if example is None or role not in route.roles or route.audience == "public":
            continue
        answer = await example.send(client, route.method, stage.cast.session(role))
        asked += 1
        if route.name.split("/")[-1].startswith("bulk-"):
            verdicts = {each["verdict"] for each in answer.json()["results"]}
            if verdicts != BULK:
                wrong[route.name] = answer.text
        elif answer.status_code != 404:
            wrong[route.name] = f"{answer.status_code} {answer.text}"
    assert asked
    assert wrong == {}

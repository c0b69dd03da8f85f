"""Every route of people answers its example with success: none is dead on arrival.

Broken on purpose: a misspelt column in the statement of a route fails its case.
"""

from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from tests.route_examples import EXAMPLES, Route, routes
from tests.routes.stage import set_stage

Owner = Any
ACTORS = ("operator admin", "partner owner", "client admin")
OF_PEOPLE = [
    (route, role)
    for route in routes()
    for role in ACTORS
    if role in route.roles and route.audience not in {"public", "signed in"}
]

# Decided for all sites of an organization, and so only by one that decides at each of them.
OF_ALL_ITS_SITES = {f"POST /api/client/rules/{{rule_id}}/{verb}" for verb in ("decline", "accept")}
# What takes something back, by what it takes back.
AFTER = {
    f"POST {root}/{{rule_id}}/accept": f"POST {root}/{{rule_id}}/decline"
    for root in ("/api/partners/me/learning/platform-rules", "/api/client/rules")
}


@pytest.mark.parametrize(("route", "role"), OF_PEOPLE, ids=str)
async def test_f51_every_route_of_people_succeeds(
    client: httpx.AsyncClient, database: db.Database, owner: Owner, route: Route, role: str
) -> None:
    stage = await set_stage(database)
    example = EXAMPLES[route.name](stage, stage.cast.site)
    if role == "client admin" and route.name in OF_ALL_ITS_SITES:
        await owner.execute(
            "UPDATE sites SET healing_tier = 'full_coverage' WHERE organization_id = $1",
            stage.cast.site.organization_id,
        )
    if route.name in AFTER:
        before = EXAMPLES[AFTER[route.name]](stage, stage.cast.site)
        first = await before.send(client, route.method, stage.cast.session(role))
        assert first.status_code == before.status, first.text
    answer = await example.send(client, route.method, stage.cast.session(role))
    assert answer.status_code == example.status, answer.text
    if answer.status_code == 201 or (route.method == "GET" and "{" not in route.name):
        assert answer.json()

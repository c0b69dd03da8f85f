"""Nobody sees or changes another tenant's things: every route, asked with every credential.

Broken on purpose: without ``own_site`` in the routes of executions, those are listed with what they
answered to a foreign site; a route without an example is named by the first test.
"""

import httpx
import pytest

from flywheel_server.accounts.actions import keys
from flywheel_server.core import clock, db
from tests import cast as people
from tests.route_examples import EXAMPLES, Route, routes
from tests.routes.stage import Stage, set_stage

ROUTES = routes()
APPLIANCES = [route for route in ROUTES if route.audience == "appliance"]
CLOSED = [route for route in ROUTES if route.audience != "public"]
OPERATORS = [
    route for route in CLOSED if "operator admin" in route.roles and route.audience != "signed in"
]
UNKNOWN = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
FOREIGN = "urn:flywheel:problem:foreign-site"


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


def test_every_route_is_in_the_matrix() -> None:
    assert {route.name for route in ROUTES} == set(EXAMPLES)


async def test_without_a_good_credential_nothing_is_answered(
    client: httpx.AsyncClient, database: db.Database, stage: Stage
) -> None:
    async with db.transaction(database, people.STAGE) as connection:
        await keys.revoke(connection, people.STAGE, stage.spare.id, clock.now())
    token = stage.cast.admin.credential.key
    credentials: dict[str, dict[str, str]] = {
        "none": {},
        "unknown": {"Authorization": "Bearer nobodys-key"},
        "basic": {"Authorization": f"Basic {token}"},
        "empty": {"Authorization": "Bearer "},
        "cookie": {"Cookie": f"key={token}"},
        "revoked": stage.spare.headers,
        "unknown key": {"X-API-Key": "nobodys-key"},
        "unknown session": {"Cookie": "__Host-flywheel_session=nobodys"},
        "session without its prefix": {
            "Cookie": f"flywheel_session={stage.cast.people['operator admin'].token}"
        },
        "two that disagree": stage.cast.admin.headers
        | {"X-API-Key": stage.cast.partners[0].credential.key},
        "a key and a session that disagree": stage.cast.admin.headers
        | stage.cast.people["partner owner"].cookie,
    }
    answers = await _answers(client, stage, CLOSED, credentials)
    assert {case: status for case, status in answers.items() if status != 401} == {}


async def test_an_appliance_is_refused_whatever_names_a_foreign_site(
    client: httpx.AsyncClient, stage: Stage
) -> None:
    wrong, asked = {}, 0
    for route in APPLIANCES:
        for foreign in (stage.cast.neighbour, stage.cast.foreign_site, stage.cast.stranger):
            example = EXAMPLES[route.name](stage, foreign)
            if not example.names(foreign):
                continue
            for credential in (stage.cast.site.credential, stage.cast.appliance.credential):
                answer = await example.send(client, route.method, credential.headers)
                asked += 1
                if answer.status_code != 403 or answer.json()["type"] != FOREIGN:
                    wrong[route.name, foreign.slug] = answer.text
    assert asked > len(APPLIANCES)
    assert wrong == {}


@pytest.mark.parametrize("route", APPLIANCES, ids=str)
async def test_an_appliance_is_served_for_its_own_site(
    client: httpx.AsyncClient, stage: Stage, route: Route
) -> None:
    example = EXAMPLES[route.name](stage, stage.cast.site)
    if route.name == "POST /incidents/resolve":
        await EXAMPLES["POST /incidents"](stage, stage.cast.site).send(
            client, "POST", stage.cast.site.headers
        )
    answer = await example.send(client, route.method, stage.cast.site.headers)
    assert answer.status_code == example.status, answer.text


async def test_an_unknown_id_is_not_found_for_people(
    client: httpx.AsyncClient, stage: Stage
) -> None:
    wrong = {}
    for route in OPERATORS:
        template = route.name.split(" ", 1)[1]
        if "{" not in template:
            continue
        body = EXAMPLES[route.name](stage, stage.cast.site).body
        start, end = template.index("{"), template.index("}") + 1
        for unknown in (UNKNOWN, "no-such-thing", "%E2%82%AC", "%FF"):
            path = template[:start] + unknown + template[end:]
            answer = await client.request(
                route.method, path, json=body, headers=stage.cast.admin.headers
            )
            if answer.status_code != 404:
                wrong[route.name, unknown] = answer.text
    assert wrong == {}


async def _answers(
    client: httpx.AsyncClient,
    stage: Stage,
    asked: list[Route],
    credentials: dict[str, dict[str, str]],
) -> dict[tuple[str, str], int]:
    """Ask every route with every credential; return the statuses by route and credential."""
    answers = {}
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    for number, route in enumerate(asked):
        # From elsewhere each time: what one address may try in vain is bounded.
        transport.client = (f"198.51.{number // 256}.{number % 256}", 40_000)
        example = EXAMPLES[route.name](stage, stage.cast.site)
        for name, headers in credentials.items():
            answer = await example.send(client, route.method, headers)
            assert answer.headers["content-type"] == "application/problem+json", route.name
            answers[route.name, name] = answer.status_code
    return answers

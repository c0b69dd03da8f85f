"""Whoever may ask a route is answered, and nobody else: every route, asked by every role.

Broken on purpose: with ``PartnerActor`` for ``PartnerOwner`` on the routes of keys, with `True` for
the roles in ``Audience.__call__``, and without ``_prove_intent``, the answers listed are not empty.
"""

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.web import access
from tests import cast as people
from tests.cast import Cast
from tests.route_examples import EXAMPLES, SHARED, Route, routes
from tests.routes.stage import Example, Stage, set_stage

ROUTES = routes()
CLOSED = [route for route in ROUTES if route.audience != "public"]
CHANGES = [route for route in CLOSED if route.method != "GET"]
ROLES = sorted(access.ROLES | {"nobody"})
FORBIDDEN = "urn:flywheel:problem:forbidden"
FORGED = "urn:flywheel:problem:not-from-our-pages"


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


async def _headers(database: db.Database, cast: Cast, route: Route, role: str) -> dict[str, str]:
    """Return a role's headers; a fresh session for the routes that end one."""
    if route.audience == "signed in" and role in cast.people:
        return (await people.sign_in(database, cast.people[role].email)).headers
    return cast.credentials()[role]


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_lets_in_the_roles_that_it_declares_and_no_other(
    client: httpx.AsyncClient, database: db.Database, stage: Stage, role: str
) -> None:
    wrong = {}
    # Last the routes with which a person ends their own sessions.
    for route in sorted(CLOSED, key=lambda route: route.audience == "signed in"):
        example = EXAMPLES[route.name](stage, stage.cast.site)
        headers = await _headers(database, stage.cast, route, role)
        answer = await example.send(client, route.method, headers)
        if role == "nobody":
            good = answer.status_code == 401
        elif role in route.roles:
            good = answer.status_code not in {401, 500} and not _refused(answer)
        else:
            good = answer.status_code == 403 and _refused(answer)
        if not good:
            wrong[route.name] = answer.text
    assert wrong == {}


async def test_a_session_changes_nothing_without_its_token_whatever_the_route(
    client: httpx.AsyncClient, stage: Stage
) -> None:
    """F40, everywhere: with the cookie alone every change is refused, before its role is asked."""
    answers = {}
    for route in CHANGES:
        for role in ("operator admin", "partner owner", "client admin"):
            example = EXAMPLES[route.name](stage, stage.cast.site)
            answer = await example.send(client, route.method, stage.cast.people[role].cookie)
            if answer.status_code != 403 or answer.json()["type"] != FORGED:
                answers[route.name, role] = answer.text
    assert answers == {}


async def test_a_key_or_token_needs_no_token_of_a_session_whatever_the_route(
    client: httpx.AsyncClient, stage: Stage
) -> None:
    for route in CHANGES:
        for headers in (stage.cast.admin.headers, stage.cast.partners[0].credential.headers):
            example = EXAMPLES[route.name](stage, stage.cast.site)
            answer = await example.send(client, route.method, headers)
            assert answer.status_code != 401, (route.name, answer.text)
            if answer.status_code == 403:
                assert answer.json()["type"] != FORGED, route.name


@pytest.mark.parametrize("role", ["partner owner", "client admin"])
async def test_what_belongs_to_another_tenant_is_not_found(
    client: httpx.AsyncClient, stage: Stage, role: str
) -> None:
    """F42: the other tenant's person asks with the first one's ids, in path, query and body."""
    wrong, asked = {}, 0
    for route in CLOSED:
        if role not in route.roles or route.name in SHARED:
            continue
        example = EXAMPLES[route.name](stage, stage.cast.site)
        if not _names_something(route, example, stage):
            continue
        answer = await example.send(client, route.method, stage.cast.foreign_session(role))
        asked += 1
        if not _not_found(answer):
            wrong[route.name] = f"{answer.status_code} {answer.text}"
    assert asked >= 5
    assert wrong == {}


def test_every_audience_says_its_roles() -> None:
    for audience in access.AUDIENCES.values():
        assert audience.roles
        assert audience.roles <= access.ROLES | {"nobody"}


def _names_something(route: Route, example: Example, stage: Stage) -> bool:
    return "{" in route.name or example.names(stage.cast.site) or "pattern_ids" in repr(example)


def _not_found(answer: httpx.Response) -> bool:
    if answer.status_code == 200 and "results" in answer.json():
        return all(each["verdict"] == "not_found" for each in answer.json()["results"])
    return answer.status_code == 404


def _refused(answer: httpx.Response) -> bool:
    """Say whether a route's audience refused, and not the state of what it is about."""
    remedies = {each.remedy for each in access.AUDIENCES.values()} | {
        each.viewers for each in access.AUDIENCES.values()
    }
    return answer.status_code == 403 and answer.json()["detail"] in remedies

"""Every route of the pages, asked by every role, by nobody, by a stranger and without its token.

A new page needs a line in ``PAGES``, here or in the file of its kind of people. Broken on purpose:
with ``PartnerReader`` for ``PartnerActor`` on the form to approve, and with a page that is not
listed, these fail.
"""

from collections.abc import Callable

import httpx
import pytest
from fastapi.routing import APIRoute

from flywheel_server.app import create_app
from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from flywheel_server.web import access
from flywheel_server.web.pages import layer
from tests import candidates, cast as people
from tests.portal import (
    administration_pages,
    asks,
    client_pages,
    operator_pages,
    plan_and_evidence_pages,
)
from tests.portal.asks import Ask, Ids
from tests.routes.stage import set_stage

LEARNING = "/partner/learning"
CANDIDATE = LEARNING + "/candidates/{candidate_id}"
RULE = LEARNING + "/rules/{id}"
UNKNOWN = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
# What pages answer: themselves, and a download.
SHOWN = ("text/html", "application/zip")
# Who asks as a stranger, by the root of the page: of the same kind, and of another tenant.
STRANGERS = {"client": "client admin"}


def _plain(path: str, form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    return lambda _ids: Ask(path=path, form=form)


def _key(verb: str) -> Callable[[Ids], Ask]:
    def ask(ids: Ids) -> Ask:
        return Ask(path=f"/partner/keys/{ids.stage.partner_keys[verb == 'revoke'].id}/{verb}")

    return ask


def _site(rest: str = "", form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    return lambda ids: Ask(path=f"/partner/fleet/{ids.stage.cast.site.id}{rest}", form=form)


def _candidate(rest: str, form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    purpose = rest.strip("/") or "approve"
    return lambda ids: Ask(path=f"{LEARNING}/candidates/{ids.candidate(purpose)}{rest}", form=form)


PAGES: dict[str, Callable[[Ids], Ask]] = (
    {
        "GET /": _plain("/"),
        "GET /sign-in": _plain("/sign-in"),
        "POST /sign-in": _plain("/sign-in", {"email": "nobody@example.com", "password": "no"}),
        "GET /sign-in/link": _plain("/sign-in/link"),
        "POST /sign-in/link": _plain("/sign-in/link", {"email": "nobody@example.com"}),
        "GET /invitation": _plain("/invitation"),
        "POST /invitation": _plain("/invitation", {"token": "no"}),
        "POST /sign-out": _plain("/sign-out"),
        "GET /account": _plain("/account"),
        "POST /account/sessions/{id}/end": _plain(f"/account/sessions/{UNKNOWN}/end"),
        "POST /account/sessions/end": _plain("/account/sessions/end"),
        "POST /account/password": _plain("/account/password", {"new": "x", "again": "x"}),
        "GET /partner/keys": _plain("/partner/keys"),
        "POST /partner/keys": _plain("/partner/keys", {"label": "a tool"}),
        "GET /partner/keys/{id}/rotate": _key("rotate"),
        "GET /partner/keys/{id}/revoke": _key("revoke"),
        "POST /partner/keys/{id}/rotate": _key("rotate"),
        "POST /partner/keys/{id}/revoke": _key("revoke"),
        f"GET {LEARNING}": _plain(LEARNING),
        f"GET {CANDIDATE}": _candidate(""),
        f"GET {CANDIDATE}/approve": _candidate("/approve"),
        f"POST {CANDIDATE}/approve": _candidate("/approve", {"notes": "Proven."}),
        f"GET {CANDIDATE}/reject": _candidate("/reject"),
        f"POST {CANDIDATE}/reject": _candidate("/reject", {"reason": "Handled elsewhere."}),
        f"GET {CANDIDATE}/reopen": _candidate("/reopen"),
        f"POST {CANDIDATE}/reopen": _candidate("/reopen", {"reason": "It is mended."}),
        f"GET {LEARNING}/bulk": lambda ids: Ask(
            path=f"{LEARNING}/bulk?do=reject&id={ids.candidate('bulk-reject')}"
        ),
        f"POST {LEARNING}/bulk": lambda ids: Ask(
            path=f"{LEARNING}/bulk",
            form={"do": "reject", "key": "k", "reason": "r", "id": ids.candidate("bulk-reject")},
        ),
        f"GET {LEARNING}/bulk/results": _plain(f"{LEARNING}/bulk/results?key=unknown"),
        f"GET {LEARNING}/rules": _plain(f"{LEARNING}/rules"),
        f"GET {RULE}": lambda ids: Ask(path=f"{LEARNING}/rules/{ids.rule}"),
        f"POST {RULE}/removals": lambda ids: Ask(
            path=f"{LEARNING}/rules/{ids.rule}/removals",
            form={"site_id": ids.stage.cast.site.slug, "reason": "Deleted it."},
        ),
        f"POST {RULE}/status": lambda ids: Ask(
            path=f"{LEARNING}/rules/{ids.rule}/status", form={"enabled": "no", "reason": "Wrong."}
        ),
        f"POST {RULE}/name": lambda ids: Ask(
            path=f"{LEARNING}/rules/{ids.rule}/name", form={"name": "Spooler back on"}
        ),
        f"GET {LEARNING}/history": _plain(f"{LEARNING}/history"),
        "GET /partner/fleet": _plain("/partner/fleet"),
        "GET /partner/fleet/{id}": _site(),
        "POST /partner/fleet/{id}/appliances/{appliance_id}/l2-mode": lambda ids: Ask(
            path=f"/partner/fleet/{ids.stage.cast.site.id}/appliances/{ids.stage.cast.appliance.id}"
            "/l2-mode",
            form={"l2_mode": "manual"},
        ),
        "GET /partner/fleet/{id}/appliances/{appliance_id}/{verb}": asks.removal(
            "/partner/fleet", sends=False
        ),
        "POST /partner/fleet/{id}/appliances/{appliance_id}/{verb}": asks.removal(
            "/partner/fleet", sends=True
        ),
        "POST /partner/fleet/{id}/orders": lambda ids: Ask(
            path=f"/partner/fleet/{ids.stage.cast.site.id}/orders",
            form={"kind": "run_drift", "appliance_id": str(ids.stage.cast.appliance.id)},
        ),
        "GET /partner/fleet/{id}/orders/cancel": lambda ids: Ask(
            path=f"/partner/fleet/{ids.stage.cast.site.id}/orders/cancel?order={ids.stage.order}"
        ),
        "POST /partner/fleet/{id}/orders/cancel": lambda ids: Ask(
            path=f"/partner/fleet/{ids.stage.cast.site.id}/orders/cancel",
            form={"order_id": ids.stage.order},
        ),
        "GET /static/{digest}/{name}": _plain("/static/0/portal.css"),
        "POST /reports/csp": _plain("/reports/csp"),
    }
    | operator_pages.PAGES
    | administration_pages.PAGES
    | plan_and_evidence_pages.PAGES
    | client_pages.PAGES
)


def _routes() -> dict[str, access.Audience]:
    app = create_app(Settings(loop=False), "postgresql://nowhere/none")
    found: dict[str, access.Audience] = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and layer.is_page(route.path):
            audience = access.audience(route)
            assert audience is not None, route.path
            found |= {f"{method} {route.path}": audience for method in route.methods or ()}
    return found


# A stream that does not end: tests/portal/test_pages.py listens to it.
ROUTES = {name: each for name, each in _routes().items() if name != "GET /live"}
CLOSED = {name: each for name, each in ROUTES.items() if each.name != "public"}


@pytest.fixture
async def ids(database: db.Database) -> Ids:
    stage = await set_stage(database)
    (row,) = await candidates.rows(
        database,
        "SELECT id FROM l1_rules WHERE rule_id = $1 AND site_id = $2",
        stage.rules[stage.cast.site.id],
        stage.cast.site.id,
    )
    return Ids(stage=stage, rule=str(row["id"]))


def test_every_page_is_in_the_matrix() -> None:
    assert set(ROUTES) == set(PAGES)


async def _send(
    client: httpx.AsyncClient, name: str, ids: Ids, headers: dict[str, str]
) -> httpx.Response:
    ask = PAGES[name](ids)
    return await client.request(name.partition(" ")[0], ask.path, data=ask.form, headers=headers)


@pytest.mark.parametrize("role", sorted(access.ROLES | {"nobody"}))
async def test_every_page_lets_in_the_roles_that_it_declares_and_no_other(
    client: httpx.AsyncClient, database: db.Database, ids: Ids, role: str
) -> None:
    cast, wrong = ids.stage.cast, {}
    # Those that end sessions last.
    for name, audience in sorted(CLOSED.items(), key=lambda item: item[1].signed_in):
        headers = cast.credentials()[role]
        if audience.signed_in and role in cast.people:
            headers = (await people.sign_in(database, cast.people[role].email)).headers
        answer = await _send(client, name, ids, headers)
        if role == "nobody":
            good = answer.status_code == 401 and 'action="/sign-in"' in answer.text
        elif role in audience.roles:
            # Unknown results and sessions, which are ours to look for; forms that are refused.
            good = answer.status_code in {200, 303, 404, 409, 422}
            # Let in, and told that this organization does not decide at each of its sites.
            good |= name in asks.SHARED and "ask your partner" in answer.text
        else:
            good = answer.status_code == 403 and "problem:forbidden" in answer.text
        shown = answer.status_code == 303 or answer.headers["content-type"].startswith(SHOWN)
        if not good or not shown:
            wrong[name] = (answer.status_code, answer.text[-600:])
    assert wrong == {}


async def test_a_form_without_its_token_changes_nothing_whatever_the_page(
    client: httpx.AsyncClient, ids: Ids
) -> None:
    for name in CLOSED:
        if name.startswith("POST"):
            answer = await _send(client, name, ids, ids.stage.cast.people["partner owner"].cookie)
            assert answer.status_code == 403, name
            assert "problem:not-from-our-pages" in answer.text, name


async def test_what_belongs_to_another_partner_is_not_found_on_any_page(
    client: httpx.AsyncClient, ids: Ids
) -> None:
    """F42: people of the other partner and of its client ask with the first one's ids."""
    stranger = ids.stage.cast.foreign_session("partner owner")
    own = {"POST /account/sessions/{id}/end", f"POST {LEARNING}/bulk"}
    for name, audience in CLOSED.items():
        # Nothing is foreign to operators; nobody else is let in.
        if "{" not in name or name in own | asks.SHARED or "operator" in audience.name:
            continue
        role = STRANGERS.get(name.split("/")[1], "partner owner")
        answer = await _send(client, name, ids, ids.stage.cast.foreign_session(role))
        assert answer.status_code == 404, (name, answer.text)
    bulk = await _send(client, f"GET {LEARNING}/bulk", ids, stranger)
    assert "not found" in bulk.text
    assert "service_stopped" not in bulk.text


async def test_signing_in_leads_only_to_our_own_pages(client: httpx.AsyncClient) -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"):
        page = await client.get("/sign-in", params={"next": path})
        assert 'name="next" value=""' in page.text, path


async def test_problems_are_pages_on_paths_of_pages_and_documents_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/partner/nothing")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    document = await client.get("/api/nothing")
    assert document.headers["content-type"] == "application/problem+json"
    large = await client.post("/sign-in", content=b"x" * (9 * 1024 * 1024))
    assert large.status_code == 413
    assert large.headers["content-type"].startswith("text/html")
    method = await client.put("/sign-in")
    assert method.status_code == 405
    assert method.headers["allow"] == "GET, HEAD, POST"

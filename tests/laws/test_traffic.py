"""Which places and budgets every route uses: one table, held against what the application does.

Broken on purpose: with another kind at any route, with a table of routes in another order than the
router's, and with places by the kind alone, whoever asks, these fail.
"""

import re

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from flywheel_server.app import create_app
from flywheel_server.core.settings import Settings
from flywheel_server.web import access, gates, limits, traffic
from flywheel_server.web.gates import Claim
from flywheel_server.web.traffic import Traffic
from tests.cast import Cast

# What is not listed here takes the places of people.
OTHERS = {
    "CHECK_INS": {"POST /api/appliances/checkin"},
    "SYNC": {
        "GET /agent/sync",
        "GET /api/agent/l1-rules",
        "GET /api/agent/sync/promoted-rules",
    },
    "TELEMETRY": {"POST /api/agent/executions", "POST /api/agent/executions/batch"},
    "REPORTS": {
        "POST /agent/patterns",
        "POST /api/agent/sync/pattern-stats",
        "POST /api/appliances/agent-deployments",
        "POST /api/appliances/domain-discovered",
        "POST /api/appliances/enumeration-results",
        "POST /api/devices/sync",
        "POST /api/evidence/sites/{site_id}/keys",
        "POST /api/evidence/sites/{site_id}/submit",
        "POST /api/learning/promotion-report",
        "POST /api/logs/ingest",
        "POST /incidents",
        "POST /incidents/resolve",
        "POST /incidents/{incident_id}/resolve",
    },
    "PLANS": {"POST /api/agent/l2/plan"},
    "ORDERS": {
        "GET /api/fleet/orders/pending",
        "GET /api/sites/{site_id}/appliances/{appliance_id}/orders/pending",
        "POST /api/orders/{order_id:path}/acknowledge",
        "POST /api/orders/{order_id:path}/complete",
    },
    "LIVE": {"GET /live"},
    "SIGN_IN": {
        "POST /api/auth/accept-invitation",
        "POST /api/auth/links",
        "POST /api/auth/links/redeem",
        "POST /api/auth/password",
        "POST /api/auth/sign-in",
        "POST /invitation",
        "POST /sign-in",
        "POST /sign-in/link",
    },
    "SIGN_IN_FORMS": {"GET /invitation", "GET /sign-in", "GET /sign-in/link"},
    "HEALTH": {"GET /health", "GET /ready"},
    "BROWSER_REPORTS": {"POST /reports/csp"},
    "FIGURES": {"GET /metrics"},
    "FILES": {"GET /static/{digest}/{name}"},
}
# Kind, whose bucket is emptied before the body is read, and whether credentials are not looked up.
USES = {
    "CHECK_INS": ("check-ins", "sender", False),
    "SYNC": ("sync", "sender", False),
    "TELEMETRY": ("telemetry", "sender", False),
    "REPORTS": ("reports", "sender", False),
    "PLANS": ("plans", "sender", False),
    "ORDERS": ("orders", "sender", False),
    "PEOPLE": ("people", "sender", False),
    "LIVE": ("live", "sender", False),
    "SIGN_IN": ("sign-in", "address", False),
    "SIGN_IN_FORMS": ("sign-in", "none", False),
    "HEALTH": ("health", "none", True),
    "BROWSER_REPORTS": ("health", "address", True),
    "FIGURES": ("figures", "address", True),
    "FILES": ("people", "none", True),
}
NAMES = {found: name for name, found in vars(traffic).items() if isinstance(found, Traffic)}
SETTINGS = Settings(loop=False)
APP = create_app(SETTINGS, "postgresql://nowhere/none")
ROUTES = [route for route in APP.routes if isinstance(route, APIRoute)]
TABLE = limits.Table(limits.gates_of(SETTINGS), APP.routes, access.traffic)


def test_every_route_takes_the_places_and_the_budget_of_its_kind() -> None:
    found: dict[str, set[str]] = {}
    for route in ROUTES:
        for method in route.methods or ():
            kind = NAMES[access.traffic(route)]
            found.setdefault(kind, set()).add(f"{method} {route.path}")
    people = found.pop("PEOPLE")
    assert found == OTHERS
    assert len(people) > 300


def test_a_kind_has_its_places_its_budget_and_looks_for_credentials_or_not() -> None:
    uses = {name: (each.kind, each.budget, each.anonymous) for each, name in NAMES.items()}
    assert uses == USES
    assert {kind for kind, _, _ in USES.values()} == set(limits.kinds(SETTINGS)) - {
        "operators",
        "look-ups",
    }


def test_only_appliances_use_what_answers_busy_and_no_person_does() -> None:
    kinds = limits.kinds(SETTINGS)
    for route in ROUTES:
        audience = access.audience(route)
        assert audience is not None
        if audience.name != "public":
            slow_down = kinds[access.traffic(route).kind].refusal.status == 429
            assert slow_down == ("appliance" not in audience.roles), route.path


@pytest.mark.parametrize("end", ["", "\n"])
def test_what_is_admitted_by_a_path_is_what_its_route_declares(end: str) -> None:
    """The router chooses; also where one route's path is another one's template."""
    for route in ROUTES:
        path = re.sub(r"\{[^}]+\}", "some-thing", route.path) + end
        for method in route.methods or ():
            chosen = _chosen(method, path)
            assert TABLE.traffic(method, path) is access.traffic(chosen), (method, path)


def test_what_no_route_answers_takes_the_places_of_people() -> None:
    for path in ("/nowhere", "/api/agent/nowhere", "/metrics/", "/agent/sync/"):
        assert TABLE.traffic("GET", path) is traffic.PEOPLE


def test_the_wrong_method_for_a_path_takes_the_places_of_the_right_one() -> None:
    assert TABLE.traffic("POST", "/metrics") is traffic.FIGURES
    assert TABLE.traffic("DELETE", "/api/orders/x/complete") is traffic.ORDERS


async def test_routes_are_admitted_to_what_they_declare_whoever_asks(
    client: httpx.AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[str] = []
    enter = gates.Gate.enter

    async def noted(gate: gates.Gate, claim: Claim) -> None:
        if gate.kind.name != "look-ups":
            entered.append(gate.kind.name)
        await enter(gate, claim)

    monkeypatch.setattr(gates.Gate, "enter", noted)
    export = f"/api/evidence/sites/{cast.site.id}/export"
    asked = [
        ("GET", export, cast.session("client viewer"), "people"),
        ("GET", export, cast.admin.headers, "operators"),
        ("GET", export, cast.site.headers, "reports"),
        ("POST", "/api/orders/x/cancel", cast.session("partner owner"), "people"),
        ("POST", "/api/orders/x/complete", cast.site.headers, "orders"),
        ("POST", f"/api/evidence/sites/{cast.site.id}/keys", cast.site.headers, "reports"),
        (
            "GET",
            f"/api/evidence/sites/{cast.site.id}/keys",
            cast.session("client viewer"),
            "people",
        ),
        ("GET", "/sign-in", {}, "sign-in"),
        ("GET", "/metrics", cast.admin.headers, "figures"),
    ]
    for method, path, headers, _ in asked:
        await client.request(method, path, headers=headers)
    assert entered == [kind for _, _, _, kind in asked]


def test_the_fast_path_takes_the_places_of_the_routes_before_which_it_stands() -> None:
    hot = APP.hot
    assert hot is not None
    assert hot._sync_gate.kind.name == "sync"
    assert {path: gate.kind.name for path, gate in hot._post_gates.items()} == {
        "/api/appliances/checkin": "check-ins",
        "/api/agent/executions": "telemetry",
    }


def _chosen(method: str, path: str) -> APIRoute:
    scope = {"type": "http", "method": method, "path": path}
    for route in APP.routes:
        if route.matches(scope)[0] is Match.FULL:
            assert isinstance(route, APIRoute)
            return route
    raise LookupError(path)

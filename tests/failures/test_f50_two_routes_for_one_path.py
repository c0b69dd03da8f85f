"""Two routes for one path, or a route for nobody in particular, refuse to start.

Broken on purpose: without ``check_routes`` in ``create_app`` both tests fail.
"""

import pytest
from fastapi import APIRouter, Depends

from flywheel_server import app
from flywheel_server.core import errors
from flywheel_server.core.settings import Settings
from flywheel_server.overview.routes import health
from flywheel_server.web import traffic
from flywheel_server.web.access import PUBLIC

OPEN = [*PUBLIC, Depends(traffic.PEOPLE)]


async def _answer() -> dict[str, str]:
    return {}


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> APIRouter:
    router = APIRouter()
    monkeypatch.setattr(app, "ROUTERS", (health.router, router))
    return router


def test_f50_two_routes_for_one_path_refuse_to_start(another: APIRouter) -> None:
    another.add_api_route("/health", _answer, dependencies=OPEN)
    with pytest.raises(errors.SetupError, match="two routes for GET /health"):
        app.create_app(Settings(loop=False), "postgresql://nowhere/none")


def test_f50_a_route_without_an_audience_refuses_to_start(another: APIRouter) -> None:
    another.add_api_route("/open", _answer)
    with pytest.raises(errors.SetupError, match="declares no audience"):
        app.create_app(Settings(loop=False), "postgresql://nowhere/none")


@pytest.mark.parametrize("kinds", [(), (traffic.PEOPLE, traffic.REPORTS)])
def test_a_route_without_exactly_one_kind_of_traffic_refuses_to_start(
    another: APIRouter, kinds: tuple[traffic.Traffic, ...]
) -> None:
    another.add_api_route("/open", _answer, dependencies=[*PUBLIC, *map(Depends, kinds)])
    with pytest.raises(errors.SetupError, match="/open declares no kind of traffic, or several"):
        app.create_app(Settings(loop=False), "postgresql://nowhere/none")


def test_f50_two_methods_of_one_path_are_two_routes(another: APIRouter) -> None:
    another.add_api_route("/health", _answer, methods=["POST"], dependencies=OPEN)
    assert app.create_app(Settings(loop=False), "postgresql://nowhere/none")

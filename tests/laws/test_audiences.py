"""Who may ask each route: a list to review, held against what the application declares.

A route whose audience changes is seen in the list's diff. ``python -m tests.laws.test_audiences``
writes it. Broken on purpose: with another audience at any route, and with a role more or less.
"""

from pathlib import Path

from fastapi.routing import APIRoute

from flywheel_server.app import create_app
from flywheel_server.core.settings import Settings
from flywheel_server.web import access

LIST = Path(__file__).parent / "audiences.txt"
_OPERATORS = {"operator admin", "operator viewer"}
_PARTNERS = {"partner owner", "partner technician", "partner viewer", "partner key"}
_ACTORS = {"partner owner", "partner technician", "partner key"}
_CLIENTS = {"client admin", "client viewer"}
ROLES = {
    "public": _OPERATORS | _PARTNERS | _CLIENTS | {"appliance", "nobody"},
    "appliance": {"appliance"},
    "operator": _OPERATORS,
    "operator admin": {"operator admin"},
    "partner": _PARTNERS,
    "partner actor": _ACTORS,
    "partner owner": {"partner owner"},
    "client": _CLIENTS,
    "client admin": {"client admin"},
    "operator or partner": _OPERATORS | _PARTNERS,
    "operator or partner actor": _ACTORS | {"operator admin"},
    "people": _OPERATORS | _PARTNERS | _CLIENTS,
    "signed in": (_OPERATORS | _PARTNERS | _CLIENTS) - {"partner key"},
}


def render() -> str:
    """Return each route of the application as it is wired, with its audience."""
    app = create_app(Settings(loop=False), "postgresql://nowhere/none")
    lines = []
    for route in app.routes:
        if isinstance(route, APIRoute):
            audience = access.audience(route)
            assert audience is not None, route.path
            lines += [f"{route.path} {each}: {audience.name}" for each in route.methods or ()]
    return "\n".join(sorted(lines)) + "\n"


def test_every_route_is_for_whom_the_list_says() -> None:
    assert render() == LIST.read_text(encoding="utf-8"), "review, then write the list"


def test_every_audience_has_the_roles_of_its_name() -> None:
    assert {each.name: set(each.roles) for each in access.AUDIENCES.values()} == ROLES


if __name__ == "__main__":
    LIST.write_text(render(), encoding="utf-8")

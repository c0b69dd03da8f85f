"""Which roles each audience lets in; for whom each route is stands in ``tests/data/wire``.

Broken on purpose with a role more or less at any audience.
"""

from flywheel_server.web import access

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


def test_every_audience_has_the_roles_of_its_name() -> None:
    assert {each.name: set(each.roles) for each in access.AUDIENCES.values()} == ROLES

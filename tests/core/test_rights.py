"""Who may do what, role by role: the whole table.

Broken on purpose: with any role added to or left out of a set, and with any state or tier taken for
another, one of these fails.
"""

from uuid import UUID

import pytest

from flywheel_server.core import rights
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope, PersonScope

_ID = UUID("01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e")


def _partner(role: str, *, by_key: bool = False) -> PartnerScope:
    return PartnerScope(actor_id=_ID, actor_name="Pat", partner_id=_ID, rights=role, by_key=by_key)  # type: ignore[arg-type]


def _client(role: str) -> ClientScope:
    return ClientScope(actor_id=_ID, actor_name="Kim", organization_id=_ID, rights=role)  # type: ignore[arg-type]


PEOPLE: dict[str, PersonScope] = {
    "operator admin": OperatorScope(actor_id=_ID, actor_name="Olli", rights="admin"),
    "operator viewer": OperatorScope(actor_id=_ID, actor_name="Olli", rights="viewer"),
    "partner owner": _partner("owner"),
    "partner technician": _partner("technician"),
    "partner viewer": _partner("viewer"),
    "partner key": _partner("technician", by_key=True),
    "client admin": _client("admin"),
    "client viewer": _client("viewer"),
}
TIERS = ("standard", "full_coverage")
STATES = ("observed", "eligible", "waiting", "approved", "rejected", "withdrawn", "expired")
CHANGE = {
    "operator admin",
    "partner owner",
    "partner technician",
    "partner key",
    "client admin",
}
DECIDE = {
    ("standard", "operator admin"),
    ("standard", "partner owner"),
    ("standard", "partner technician"),
    ("standard", "partner key"),
    ("full_coverage", "operator admin"),
    ("full_coverage", "partner owner"),
    ("full_coverage", "partner technician"),
    ("full_coverage", "partner key"),
    ("full_coverage", "client admin"),
}


def test_the_roles_are_these() -> None:
    assert set(PEOPLE) == rights.PEOPLE
    assert {"operator viewer", "partner viewer", "client viewer"} == rights.VIEWERS
    assert {"operator admin", "operator viewer"} == rights.OPERATORS
    assert {"client admin", "client viewer"} == rights.CLIENTS


def test_who_may_change_anything() -> None:
    assert {role for role, scope in PEOPLE.items() if rights.may_change(scope)} == CHANGE


@pytest.mark.parametrize("state", STATES)
def test_who_may_decide(state: str) -> None:
    found = {
        (tier, role)
        for tier in TIERS
        for role, scope in PEOPLE.items()
        if rights.may_decide(scope, tier, state)
    }
    assert found == (DECIDE if state in {"eligible", "waiting"} else set())


@pytest.mark.parametrize("state", STATES)
def test_who_may_reopen(state: str) -> None:
    found = {
        (tier, role)
        for tier in TIERS
        for role, scope in PEOPLE.items()
        if rights.may_reopen(scope, tier, state)
    }
    assert found == (DECIDE if state == "rejected" else set())


@pytest.mark.parametrize("state", STATES)
def test_whose_kind_of_people_decides(state: str) -> None:
    """What answers say as `may_decide`: their own role aside."""
    found = {
        (tier, role)
        for tier in TIERS
        for role, scope in PEOPLE.items()
        if rights.decides_on(scope, tier, state)
    }
    everybody = {(tier, role) for tier in TIERS for role in PEOPLE}
    others = {("standard", "client admin"), ("standard", "client viewer")}
    assert found == (everybody - others if state in {"eligible", "waiting"} else set())


def test_an_organization_decides_everywhere_with_full_coverage_at_each_of_its_sites() -> None:
    client, partner = PEOPLE["client admin"], PEOPLE["partner owner"]
    assert rights.decides_everywhere(client, ["full_coverage"])
    assert not rights.decides_everywhere(client, ["full_coverage", "standard"])
    assert not rights.decides_everywhere(client, [])
    assert rights.decides_everywhere(partner, ["standard"])


def test_who_may_order_anything() -> None:
    found = {role for role, scope in PEOPLE.items() if rights.may_order_anything(scope)}
    assert found == {"operator admin", "partner owner"}

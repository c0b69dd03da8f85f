"""Every door asks for the same rights: role by role, tier by tier, state by state.

Broken on purpose: with a role taken out of or added to an audience or `core/rights.py`, with a
door that asks for nothing, and with a page that looks at the state alone, these fail.
"""

from collections.abc import Mapping

import httpx
import pytest

from flywheel_server.core import db
from tests import candidates, cast as people, planning
from tests.cast import Cast

TIERS = ("standard", "full_coverage")
STATES = ("eligible", "approved", "rejected", "withdrawn")
ROLES = (
    "operator admin",
    "operator viewer",
    "partner owner",
    "partner technician",
    "partner viewer",
    "partner key",
    "client admin",
    "client viewer",
)
JSON = {
    "operator": "/api/admin/candidates",
    "partner": "/api/partners/me/learning/candidates",
    "client": "/api/client/promotion-candidates",
}
PAGES = {
    "operator": "/operator/candidates",
    "partner": "/partner/learning/candidates",
    "client": "/client/candidates",
}
PLANS = {"partner": "/api/partners/me/plans", "client": "/api/client/plans"}
PLAN_PAGES = {"partner": "/partner/plans", "client": "/client/plans"}
# The roles that decide, at a site of each tier.
DECIDE = {
    "standard": {"operator admin", "partner owner", "partner technician", "partner key"},
    "full_coverage": {
        "operator admin",
        "partner owner",
        "partner technician",
        "partner key",
        "client admin",
    },
}
# What is answered to who decides, with the hash of another rule: nothing is changed by asking.
ANSWERED = {
    "eligible": "rule-changed",
    "approved": "already-decided",
    "rejected": "already-decided",
    "withdrawn": "not-eligible",
}
STALE = {"rule_hash": "0" * 64}
Made = Mapping[tuple[str, str], str]


@pytest.fixture
async def made(database: db.Database, cast: Cast) -> Made:
    """Make a candidate in each state at a site of each tier."""
    found = {}
    for tier, site in (("standard", cast.site), ("full_coverage", cast.neighbour)):
        for state in STATES:
            id = await candidates.make_candidate(database, site, f"WS-{state}")
            found[tier, state] = id
            await _become(database, id, state)
    return found


@pytest.mark.parametrize("role", ROLES)
async def test_candidates_are_decided_on_by_whom_they_are_for(
    client: httpx.AsyncClient, cast: Cast, made: Made, role: str
) -> None:
    headers, kind = _headers(cast, role), role.partition(" ")[0]
    wrong = {}
    for (tier, state), id in made.items():
        may = role in DECIDE[tier]
        approve = await client.post(f"{JSON[kind]}/{id}/approve", json=STALE, headers=headers)
        page = (await client.get(f"{PAGES[kind]}/{id}", headers=headers)).text
        form = await client.get(f"{PAGES[kind]}/{id}/approve", headers=headers)
        found = {
            "json": _code(approve),
            "button": f"{PAGES[kind]}/{id}/approve" in page,
            "reopen button": f"{PAGES[kind]}/{id}/reopen" in page,
            "form": form.status_code == 200,
        }
        expected = {
            "json": _answered(role, tier, state),
            "button": may and state == "eligible",
            "reopen button": may and state == "rejected",
            "form": may,
        }
        if found != expected:
            wrong[tier, state] = (found, expected)
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
async def test_rejections_are_taken_back_by_who_decides(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, made: Made, role: str
) -> None:
    headers, kind = _headers(cast, role), role.partition(" ")[0]
    wrong = {}
    for (tier, state), id in made.items():
        answer = await client.post(
            f"{JSON[kind]}/{id}/reopen", json={"reason": "Tried again."}, headers=headers
        )
        expected = "forbidden"
        if role in DECIDE[tier]:
            expected = "200" if state == "rejected" else "conflict"
        if _code(answer) != expected:
            wrong[tier, state] = answer.text
        await _become(database, id, state)
    assert wrong == {}


@pytest.mark.parametrize("role", [role for role in ROLES if role.startswith("partner")])
async def test_a_bulk_and_its_page_decide_on_what_one_by_one_would(
    client: httpx.AsyncClient, cast: Cast, made: Made, role: str
) -> None:
    headers = _headers(cast, role)
    wanted = {"pattern_ids": list(made.values()), "dry_run": True}
    root = "/api/partners/me/learning/candidates"
    answer = await client.post(f"{root}/bulk-approve", json=wanted, headers=headers)
    page = await client.get("/partner/learning?status=all", headers=headers)
    ticks = {state for (_, state), id in made.items() if f'name="id" value="{id}"' in page.text}
    if role == "partner viewer":
        assert answer.status_code == 403
        assert ticks == set()
        return
    verdicts = {each["pattern_id"]: each["verdict"] for each in answer.json()["results"]}
    assert verdicts == {
        id: {"eligible": "approved", "withdrawn": "skipped"}.get(state, "conflict")
        for (_, state), id in made.items()
    }
    assert ticks == {"eligible"}


@pytest.mark.parametrize("role", ["client admin", "client viewer"])
async def test_answers_say_whether_their_kind_of_people_decides(
    client: httpx.AsyncClient, cast: Cast, made: Made, role: str
) -> None:
    for (tier, state), id in made.items():
        answer = await client.get(f"{JSON['client']}/{id}", headers=_headers(cast, role))
        decides = tier == "full_coverage" and state == "eligible"
        assert answer.json()["may_decide"] is decides, (tier, state)


@pytest.mark.parametrize("role", [role for role in ROLES if not role.startswith("operator")])
async def test_plans_are_decided_on_by_whom_they_are_for(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, role: str
) -> None:
    headers, kind = _headers(cast, role), role.partition(" ")[0]
    wrong = {}
    for tier, site in (("standard", cast.site), ("full_coverage", cast.neighbour)):
        appliance = await people.make_appliance(database, site)
        for state in ("waiting", "rejected"):
            id = await planning.make_waiting(database, appliance)
            if state == "rejected":
                done = await client.post(
                    f"{PLANS['partner']}/{id}/reject",
                    json={"reason": "Not now."},
                    headers=_headers(cast, "partner owner"),
                )
                assert done.status_code == 200, done.text
            may = role in DECIDE[tier]
            approve = await client.post(
                f"{PLANS[kind]}/{id}/approve", json={"appliance_id": "nobody"}, headers=headers
            )
            page = (await client.get(f"{PLAN_PAGES[kind]}/{id}", headers=headers)).text
            shown = (await client.get(f"{PLANS[kind]}/{id}", headers=headers)).json()
            found = {
                "json": _code(approve),
                "button": f"{PLAN_PAGES[kind]}/{id}/approve" in page,
                "field": shown["may_decide"],
            }
            answered = "invalid-input" if state == "waiting" else "already-decided"
            expected = {
                "json": answered if may else "forbidden",
                "button": may and state == "waiting",
                "field": state == "waiting" and (kind == "partner" or tier == "full_coverage"),
            }
            if found != expected:
                wrong[tier, state] = (found, expected)
    assert wrong == {}


def _answered(role: str, tier: str, state: str) -> str:
    """Return what an approval is answered: what is decided already is told to whom it is closed."""
    if role.endswith("viewer"):
        return "forbidden"
    return ANSWERED[state] if state != "eligible" or role in DECIDE[tier] else "forbidden"


def _headers(cast: Cast, role: str) -> dict[str, str]:
    return cast.credentials()[role]


def _code(answer: httpx.Response) -> str:
    """Return what went wrong, or the status where nothing did."""
    if answer.is_success:
        return str(answer.status_code)
    return str(answer.json()["type"]).rpartition(":")[2]


async def _become(database: db.Database, id: str, state: str) -> None:
    await candidates.rows(
        database, "UPDATE patterns SET state = $2 WHERE id = $1 RETURNING id", id, state
    )

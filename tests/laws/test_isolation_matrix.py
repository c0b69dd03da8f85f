"""Every id in every path, of the API and of pages, asked with ids of every kind by every tenant.

Generated from the table of routes. The suite asks a part, `make isolation` all of it. Nobody is
answered about what is another's, unknown, malformed or of another kind; the own id is the control.
It found pages that took any site's id beside an order's, and any rule's beside an alarm's: without
these checks it fails.
"""

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.web import limits
from tests import candidates
from tests.portal import asks
from tests.portal.asks import Ids
from tests.portal.test_access import PAGES, ROUTES as PAGE_ROUTES
from tests.route_examples import EXAMPLES, SHARED, routes
from tests.routes.stage import Stage, set_stage

WHOLE = os.environ.get("FLYWHEEL_ISOLATION") == "whole"
ROLES = ("operator admin", "partner owner", "client admin", "appliance")
UNKNOWN = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
MALFORMED = ("no-such-thing", "%FF", "%E2%82%AC", "%2e%2e", "%00", "%27%20OR%201=1--", "a" * 400)
# What says that there is no such thing for who is asking.
NOTHING = frozenset({400, 403, 404, 405, 409, 422})
# What any id may be asked for, and why.
EXCUSED = {
    "GET /static/{digest}/{name}": "a file by its name: everybody's",
    "POST /account/sessions/{id}/end": "the control would end the session that asks",
    "DELETE /api/auth/sessions/{id}": "the same",
}
# What a path calls things of each kind, before their ids: another one of that kind may be found.
CALLED = {
    "alarm": {"alarms", "rule-alarms"},
    "appliance": {"appliances"},
    "bundle": {"bundles"},
    "candidate": {"candidates", "promotion-candidates"},
    "evidence key": {"keys"},
    "exclusion": {"exclusions", "rule-exclusions"},
    "key": {"keys"},
    "order": {"orders"},
    "organization": {"organizations"},
    "pair": {"learning", "platform-patterns"},
    "partner": {"partners", "tenants"},
    "person": {"people", "users"},
    "plan": {"plans"},
    "rule": {"platform-rules", "promoted-rules", "rules"},
    "site": {"evidence", "fleet", "sites"},
    "slug": {"evidence", "fleet", "sites"},
    "webhook": {"webhooks"},
}
# What the control finds no more, and why: everywhere else the own id is found.
UNCONTROLLED = {
    "POST /api/admin/evidence/anchors/{id}/retry": "the stage has no timestamp that failed",
    "POST /operator/evidence/anchors/{id}/retry": "the same",
    "POST /incidents/{incident_id}/resolve": "it is reported by the law of appliances",
    "POST /operator/webhooks/{id}/delete": "the API has deleted it",
    "POST /partner/webhooks/{id}/delete": "the same",
    "POST /operator/fleet/{id}/appliances/{appliance_id}/{verb}": "the API has removed it",
    "POST /partner/fleet/{id}/appliances/{appliance_id}/{verb}": "the same",
}
_PARAMETER = re.compile(r"\{([a-z_]+)(?::path)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One route with one request that names what is really there."""

    name: str
    roles: frozenset[str]
    template: str
    path: str
    query: dict[str, str] | None
    sent: dict[str, Any]

    @property
    def values(self) -> dict[str, str]:
        """Return what the path names, by parameter."""
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+?)", self.template)
        found = re.fullmatch(pattern, self.path.partition("?")[0])
        assert found is not None, (self.template, self.path)
        return found.groupdict()

    def naming(self, parameter: str, value: str) -> str:
        named = self.values | {parameter: value}
        return _PARAMETER.sub(lambda found: named[found[1]], self.template)

    async def ask(
        self, client: httpx.AsyncClient, headers: dict[str, str], path: str | None = None
    ) -> httpx.Response:
        return await client.request(
            self.name.split(" ")[0],
            path or self.path,
            params=self.query,
            headers=headers,
            **self.sent,
        )


@pytest.fixture(autouse=True)
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without a budget: nobody sends so much, and tests/web/test_limits.py is about it."""
    monkeypatch.setattr(limits, "spend", lambda scope, _asking: limits.mark_spent(scope))


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


@pytest.fixture
async def cases(database: db.Database, stage: Stage) -> list[Case]:
    (row,) = await candidates.rows(
        database,
        "SELECT id FROM l1_rules WHERE rule_id = $1 AND site_id = $2",
        stage.rules[stage.cast.site.id],
        stage.cast.site.id,
    )
    return list(_cases(stage, Ids(stage=stage, rule=str(row["id"]))))


def _cases(stage: Stage, ids: Ids) -> Iterator[Case]:
    for route in routes():
        if "{" in route.name and route.audience != "public" and route.name not in EXCUSED:
            example = EXAMPLES[route.name](stage, stage.cast.site)
            yield Case(
                name=route.name,
                roles=route.roles,
                template=route.name.split(" ")[1],
                path=example.path,
                query=example.query,
                sent={} if example.body is None else {"json": example.body},
            )
    for name, audience in PAGE_ROUTES.items():
        if "{" in name and audience.name != "public" and name not in EXCUSED:
            ask = PAGES[name](ids)
            yield Case(
                name=name,
                roles=audience.roles,
                template=name.split(" ")[1],
                path=ask.path,
                query=None,
                sent={} if ask.form is None else {"data": ask.form},
            )


def _own(stage: Stage, role: str) -> dict[str, str]:
    return stage.cast.site.headers if role == "appliance" else stage.cast.credentials()[role]


def _foreign(stage: Stage, role: str) -> dict[str, str]:
    if role == "appliance":
        return stage.cast.foreign_site.headers
    return stage.cast.foreign_session(role)


def _of_every_kind(stage: Stage) -> dict[str, str]:
    """Return one real id of each kind of thing of the first partner."""
    site = stage.cast.site
    return {
        "site": str(site.id),
        "slug": site.slug,
        "organization": str(site.organization_id),
        "partner": str(site.partner_id),
        "appliance": str(stage.cast.appliance.id),
        "candidate": stage.candidate(site, "approve"),
        "rule": stage.rules[site.id],
        "plan": str(stage.plans["approve"]),
        "order": stage.order,
        "person": str(stage.colleagues["partner"]),
        "webhook": str(stage.webhooks["partner"][0].id),
        "key": str(stage.spare.id),
        "bundle": stage.bundle_id,
        "evidence key": str(stage.evidence_keys[0]),
        "alarm": str(stage.alarms["partner"]),
        "exclusion": str(stage.quarantine),
        "pair": str(stage.pair),
    }


def _some(values: list[str], salt: str, count: int) -> list[str]:
    """Return all, or in the suite a few that are always the same for one route."""
    if WHOLE:
        return values
    return sorted(values, key=lambda each: zlib.crc32(f"{salt} {each}".encode()))[:count]


async def test_the_id_of_another_tenants_thing_is_not_found_and_the_own_one_is(
    client: httpx.AsyncClient, stage: Stage, cases: list[Case]
) -> None:
    wrong: dict[tuple[str, str], str] = {}
    asked = 0
    for case in cases:
        for role in ROLES:
            # Nothing is foreign to operators; what is everybody's is nobody's.
            if role not in case.roles or role == "operator admin":
                continue
            if case.name in SHARED | asks.SHARED:
                continue
            answer = await case.ask(client, _foreign(stage, role))
            asked += 1
            if answer.status_code not in {403, 404}:
                wrong[case.name, role] = f"foreign: {answer.status_code} {answer.text[:200]}"
    assert asked > 100
    # The control, last, for it changes things; what only shows comes before what is changed.
    for case in sorted(cases, key=lambda case: case.name.split(" ")[0] != "GET"):
        shows = case.name.startswith("GET")
        found = [
            (await case.ask(client, _own(stage, role))).status_code
            for role in ROLES
            if role in case.roles and (role != "appliance" or "appliance" in case.roles)
        ]
        good = {200} if shows else {200, 201, 202, 204, 303, 403, 409, 422}
        if not good & set(found) and case.name not in UNCONTROLLED:
            wrong[case.name, "control"] = repr(found)
    assert wrong == {}, wrong


async def test_unknown_malformed_and_other_kinds_of_ids_find_nothing(
    client: httpx.AsyncClient, stage: Stage, cases: list[Case]
) -> None:
    kinds = _of_every_kind(stage)
    wrong: dict[tuple[str, str, str], str] = {}
    for case in cases:
        for parameter, own in case.values.items():
            before = case.template[: case.template.index(f"{{{parameter}")].rstrip("/")
            said = before.rpartition("/")[2]
            mine = {kind for kind in kinds if kinds[kind] == own or said in CALLED[kind]}
            others = [value for kind, value in kinds.items() if kind not in mine]
            for role in ROLES:
                if role not in case.roles:
                    continue
                ids = [
                    UNKNOWN,
                    *_some(list(MALFORMED), f"{case.name} {role}", 1),
                    *_some(others, f"{case.name} {role}", 2),
                ]
                for value in ids:
                    path = case.naming(parameter, value)
                    answer = await case.ask(client, _own(stage, role), path)
                    # A page may lead back to its list.
                    led = case.name.startswith("GET") and answer.status_code == 303
                    if not led and answer.status_code not in NOTHING:
                        wrong[case.name, role, f"{parameter}={value}"] = (
                            f"{answer.status_code} {answer.text[:160]}"
                        )
    assert wrong == {}, wrong

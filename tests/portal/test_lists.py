"""Lists beside others on their page: each is searched, and has its own pages, by the address.

Broken on purpose: with the text left out of the query of one of them, these fail.
"""

import re
from html import unescape

import pytest

from flywheel_server.core.scope import OperatorScope, PartnerScope
from tests import candidates, cast as people, hooks, ordering, telemetry
from tests.cast import CastPerson
from tests.portal import flywheel, stage as stages
from tests.portal.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _shown(stage: Stage, person: CastPerson, path: str) -> str:
    answer = await stage.http.get(path, headers=stages.plain(person))
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def _address(text: str, word: str) -> str:
    return next(part for part in text.split('"') if word in part and part.startswith("/"))


async def test_the_appliances_of_a_site_are_searched_and_come_in_pages(stage: Stage) -> None:
    made = [await people.make_appliance(stage.database, stage.site) for _ in range(15)]
    path = f"/partner/fleet/{stage.site.id}"
    first = await _shown(stage, stage.viewer, path)
    shown = [each.wire_id in first for each in made]
    assert sum(shown) == 4
    pages = [shown]
    for _ in range(3):
        (following,) = re.findall(r'href="([^"]*behind=[^"]*)" rel="next"', first)
        first = await _shown(stage, stage.viewer, following)
        pages.append([each.wire_id in first for each in made])
    # Each on one page.
    assert [sum(each) for each in zip(*pages, strict=True)] == [1] * len(made)
    found = await _shown(stage, stage.viewer, f"{path}?appliance={made[-1].wire_id.upper()}")
    assert [each.wire_id in found for each in made] == [each is made[-1] for each in made]
    none = await _shown(stage, stage.viewer, f"{path}?appliance=nothing-has-this")
    assert "No appliance fits this search." in none


async def test_keys_are_searched_and_filtered_by_their_state(stage: Stage) -> None:
    for label in ("Ticket system", "Reports"):
        answer = await stage.http.post(
            "/api/partners/me/keys", json={"label": label}, headers=stages.plain(stage.owner)
        )
        assert answer.status_code == 201, answer.text
    found = await _shown(stage, stage.owner, "/partner/keys?text=TICKET&state=valid")
    assert "Ticket system" in found
    assert "Reports" not in found
    none = await _shown(stage, stage.owner, "/partner/keys?text=ticket&state=revoked")
    assert "No key fits these filters." in none
    first = await _shown(stage, stage.owner, "/partner/keys?limit=2")
    assert "Reports" not in first
    assert "Reports" in await _shown(stage, stage.owner, _address(first, "next="))


async def test_sessions_are_searched_and_come_in_pages(stage: Stage) -> None:
    for _ in range(2):
        await people.sign_in(stage.database, stage.viewer.email)
    first = await _shown(stage, stage.viewer, "/account?limit=2")
    assert first.count('data-label="Browser"') == 2
    assert "this one" not in first
    second = await _shown(stage, stage.viewer, _address(first, "next="))
    assert "this one" in second
    assert "this one" in await _shown(stage, stage.viewer, "/account?text=THE+CAST")
    none = await _shown(stage, stage.viewer, "/account?text=firefox")
    assert "No session fits this search." in none


async def test_a_partner_reads_who_changed_what_of_it_and_of_its_organizations(
    stage: Stage,
) -> None:
    await stages.reject(stage, "WS-2", "<b>Handled</b> elsewhere.")
    listed = await _shown(stage, stage.viewer, "/partner/audit?action=candidate.reject&days=1")
    assert "A candidate was rejected" in listed
    assert "<b>Handled</b> elsewhere." in listed
    assert "your own people" in listed
    raw = await stage.http.get("/partner/audit", headers=stages.plain(stage.viewer))
    assert "<b>Handled</b>" not in raw.text
    found = await _shown(stage, stage.viewer, "/partner/audit?text=HANDLED&actor=client")
    assert "No entry fits these filters." in found


async def test_runs_and_deliveries_are_searched_for_an_error(stage: Stage) -> None:
    made = await hooks.make_endpoint(stage.database, people.STAGE)
    admin = flywheel.admin(stage)
    path = f"/operator/webhooks/{made.id}"
    assert "A test" in await _shown(stage, admin, f"{path}?text=TEST&state=pending")
    none = await _shown(stage, admin, f"{path}?text=nothing-has-this")
    assert "No delivery fits these filters." in none
    await flywheel.stop_it(stage, "NoSuchColumn: at midnight")
    found = await _shown(stage, admin, "/operator/runs?text=MIDNIGHT")
    assert found.count('data-label="Outcome"') == 1 + found.partition('id="list"')[0].count(
        'data-label="Outcome"'
    )
    none = await _shown(stage, admin, "/operator/runs?text=nothing-has-this&failed=yes")
    assert "No run fits these filters." in none


async def test_orders_of_a_site_are_searched(stage: Stage) -> None:
    other = await people.make_appliance(stage.database, stage.site)
    for number, appliance in enumerate((stage.cast.appliance, other)):
        await ordering.issue(stage.database, appliance, order_id=f"heal::list:{number}")
    path = f"/partner/fleet/{stage.site.id}"
    found = await _shown(stage, stage.viewer, f"{path}?order={other.wire_id.lower()}")
    assert "heal::list:1" in found
    assert "heal::list:0" not in found
    assert "heal::list:0" in await _shown(stage, stage.viewer, f"{path}?order=run+drift")
    none = await _shown(stage, stage.viewer, f"{path}?orders=all&order=nothing-has-this")
    assert "No order fits this search." in none


async def test_appliances_of_a_rule_are_searched(stage: Stage) -> None:
    other = await people.make_appliance(stage.database, stage.site)
    rule = await stages.rule_of(stage, await stages.approve(stage, "WS-1"))
    await telemetry.turn(stage.http, stage.cast.admin)
    for path, person in (
        (f"/partner/learning/rules/{rule.id}", stage.viewer),
        (f"/operator/rules/{rule.id}", stage.cast.people["operator viewer"]),
    ):
        whole = await _shown(stage, person, path)
        assert {stage.cast.appliance.wire_id in whole, other.wire_id in whole} == {True}
        found = await _shown(stage, person, f"{path}?appliance={other.wire_id.lower()}")
        assert other.wire_id in found
        assert stage.cast.appliance.wire_id not in found
        none = await _shown(stage, person, f"{path}?appliance=nothing-has-this")
        assert "No appliance fits this search." in none


@pytest.mark.parametrize(
    ("role", "root"),
    [
        ("partner viewer", "/partner/learning/candidates"),
        ("client viewer", "/client/candidates"),
        ("operator viewer", "/operator/candidates"),
    ],
)
async def test_the_hosts_of_a_candidate_are_searched_and_come_in_pages(
    stage: Stage, role: str, root: str
) -> None:
    names = [f"ROW-{number:02}-of-many" for number in range(55)]
    await candidates.make_candidates(stage.database, [stage.site], names)
    person, path = stage.cast.people[role], f"{root}/{stage.waiting['WS-1']}"
    hosts = {*names, *stage.waiting}
    first = _hosts(await _shown(stage, person, f"{path}?days=7"))
    assert first < hosts
    assert len(first) == 50
    following = _address(await _shown(stage, person, f"{path}?days=7"), "hosts_next=")
    assert "days=7" in following
    assert _hosts(await _shown(stage, person, following)) == hosts - first
    found = await _shown(stage, person, f"{path}?host=row-54-OF")
    assert _hosts(found) == {names[54]}
    none = await _shown(stage, person, f"{path}?host=nothing-has-this")
    assert "No host has that in its name." in none


def _hosts(text: str) -> set[str]:
    return set(re.findall(r'data-label="Host"><bdi>([^<]*)</bdi>', text.partition('id="hosts"')[2]))


async def test_webhooks_are_searched(stage: Stage) -> None:
    owner = stage.owner.scope
    assert isinstance(owner, PartnerScope)
    for name in ("tickets", "pager"):
        url = f"https://{name}.example.com/hook"
        await hooks.make_endpoint(stage.database, owner, url)
    found = await _shown(stage, stage.owner, "/partner/webhooks?text=PAGER")
    assert "pager.example.com" in found
    assert "tickets.example.com" not in found
    none = await _shown(stage, stage.owner, "/partner/webhooks?text=nothing-has-this")
    assert "No webhook fits this search." in none


async def test_keys_of_a_tenant_are_searched(stage: Stage) -> None:
    viewer = stage.cast.people["operator viewer"]
    appliance = stage.cast.appliance.wire_id
    for path, word in (
        (f"/operator/tenants/sites/{stage.site.id}", appliance.lower()),
        (f"/operator/tenants/partners/{stage.cast.partners[0].id}", "none"),
    ):
        whole = (await _shown(stage, viewer, path)).count('data-label="Who may use it"')
        found = await _shown(stage, viewer, f"{path}?key={word}")
        assert found.count('data-label="Who may use it"') < whole
    assert appliance in await _shown(
        stage, viewer, f"/operator/tenants/sites/{stage.site.id}?key={appliance}"
    )


async def test_lists_are_searched_for_the_words_that_they_show(stage: Stage) -> None:
    keys = []
    for label in ("Ticket system", "Reports"):
        answer = await stage.http.post(
            "/api/partners/me/keys", json={"label": label}, headers=stages.plain(stage.owner)
        )
        keys.append(answer.json()["id"])
    ended = f"/partner/keys/{keys[1]}/revoke"
    await stage.http.post(ended, data={"x": "y"}, headers=stages.plain(stage.owner))
    stage.http.cookies.clear()
    invited = await stage.http.post(
        "/partner/people",
        data={"email": "new@partner.example.com", "role": "technician"},
        headers=stages.plain(stage.owner),
    )
    assert invited.status_code == 200, invited.text
    owners: tuple[OperatorScope | PartnerScope, ...] = (
        people.STAGE,
        candidates.partner(stage.site),
    )
    for each in owners:
        made = await hooks.make_endpoint(stage.database, each)
        await candidates.rows(
            stage.database,
            "UPDATE webhook_endpoints SET enabled = false WHERE id = $1 RETURNING id",
            made.id,
        )
    order = await ordering.issue(stage.database, stage.cast.appliance)
    owner, admin = stage.owner, flywheel.admin(stage)
    # Who looks where, for which words, and what is there and what is not.
    looked: list[tuple[CastPerson, str, str, str, str]] = [
        (owner, "/partner/keys", "REVOKED", "Reports", "Ticket system"),
        (owner, "/partner/keys", "valid", "Ticket system", ">Reports<"),
        (owner, "/partner/people", "Technician", "new@partner.example.com", ">viewer<"),
        (owner, "/partner/people", "invited", "new@partner.example.com", "may sign in</span>"),
        (owner, "/partner/webhooks", "Paused", 'data-label="State"', "No webhook fits"),
        (owner, "/partner/webhooks", "switched off", "No webhook fits", 'data-label="State"'),
        (admin, "/operator/webhooks", "paused", 'data-label="State"', "No webhook fits"),
        (admin, "/operator/people", "client viewer", ">client viewer<", ">client admin<"),
        (admin, "/operator/people", "the platform", ">operator admin<", ">client admin<"),
        (admin, "/operator/tenants/sites", "Full Coverage", "full coverage", ">standard<"),
        (owner, "/partner/fleet", "full coverage", "full coverage", ">standard<"),
    ]
    for person, path, text, there, not_there in looked:
        shown = await _shown(stage, person, f"{path}?text={text}")
        listed = shown.partition('id="list"')[2] or shown
        assert there in listed, (path, text)
        assert not_there not in listed, (path, text)
    path = f"/partner/fleet/{stage.site.id}?orders=all&order"
    assert order.id in await _shown(stage, owner, f"{path}=Pending")
    assert "No order fits" in await _shown(stage, owner, f"{path}=completed")

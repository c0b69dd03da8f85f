"""No page is longer than 6,000 pixels on a phone, also where there is much of everything.

Broken on purpose: with ten appliances and ten orders on a site's page, it fails.
"""

import itertools

import pytest
from playwright.async_api import Browser

from tests import bundles, candidates, cast as people, deliveries, ordering, planning, telemetry
from tests.portal import browsing, crawling, stage as stages
from tests.portal.stage import Stage
from tests.portal.test_every_button import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 14
# Long ones, as they are in the field.
_HOST = "accounting-and-payroll-terminal-server-{:02}.example.internal"
_ERROR = "The service did not start: dependency RpcSs is not running (1068). " * 6
_VERSIONS = itertools.cycle((deliveries.OLDER, deliveries.NEWER, deliveries.PYTHON))


async def _busy(stage: Stage) -> list[str]:
    """Let there be much of everything at the site; return the pages about it."""
    cast = stage.cast
    (rule,) = await candidates.rows(
        stage.database,
        "SELECT id, rule_id FROM l1_rules WHERE source = 'promoted' AND enabled AND site_id = $1",
        stage.site.id,
    )
    rule_id = rule["rule_id"]
    made = [await people.make_appliance(stage.database, stage.site) for _ in range(MANY)]
    for number, appliance in enumerate(made):
        await deliveries.check_in(
            stage.http,
            appliance,
            next(_VERSIONS),
            hostname=_HOST.format(number),
            active_l2_mode="manual",
        )
        await ordering.issue(stage.database, appliance, order_id=f"heal::busy:{number}")
        await planning.make_waiting(stage.database, appliance, reasoning=_ERROR)
    reports = [
        telemetry.execution(
            hostname=_HOST.format(number),
            success=number > MANY,
            error_message=_ERROR,
            **told,
        )
        for number in range(2 * MANY)
        for told in (
            {"runbook_id": rule_id, "rule_id": rule_id, "resolution_level": "L1"},
            {"runbook_id": f"fix-number-{number}-of-the-terminal-server"},
        )
    ]
    reports += telemetry.executions(60, hostname="WS-2", error_message="")
    await telemetry.send(stage.http, stage.site, reports)
    for appliance in made:
        agent = await bundles.agent_of(stage.database, appliance)
        await bundles.submitted(stage.database, agent)
        # Another key waits for a person.
        await bundles.agent_of(stage.database, appliance)
    await telemetry.turn(stage.http, cast.admin)
    candidate = stage.waiting["WS-2"]
    organization, partner = stage.site.organization_id, cast.partners[0].id
    site, full = stage.site.id, cast.neighbour.id
    return [
        f"/partner/learning/rules/{rule['id']}",
        f"/partner/learning/candidates/{candidate}",
        f"/partner/fleet/{site}",
        f"/partner/fleet/{site}?orders=all",
        f"/partner/evidence/{site}",
        f"/operator/rules/{rule['id']}",
        f"/operator/candidates/{candidate}",
        f"/operator/fleet/{site}?orders=all",
        f"/operator/tenants/sites/{site}",
        f"/operator/tenants/partners/{partner}",
        f"/operator/tenants/organizations/{organization}",
        f"/client/candidates/{candidate}",
        f"/client/evidence/{site}",
        f"/client/evidence/{full}",
    ]


async def test_no_page_is_too_long_where_there_is_much(browser: Browser, crowded: Stage) -> None:
    addresses = await _busy(crowded)
    for role in ("operator admin", "partner owner", "client admin"):
        root = f"/{role.partition(' ')[0]}/"
        async with browsing.reader(
            browser, crowded.base_url, crowded.cast.people[role], phone=True
        ) as (page, _):
            crawler = crawling.Crawler(page=page, routes=ROUTES, scripted=True, presses=False)
            met = await crawler.go_everywhere(
                "/", *(each for each in addresses if each.startswith(root))
            )
            assert met.wrong == [], "\n".join(met.wrong)
            assert len(met.routes) > MANY


@pytest.mark.parametrize(
    ("role", "path", "decisions"),
    [
        ("operator admin", "/operator/overview", "Needs a person"),
        ("operator admin", "/operator/evidence", ">Approve<"),
        ("partner owner", "/partner/learning", ">Approve<"),
        ("partner owner", "/partner/fleet", "need attention"),
        ("client admin", "/client/healing", "wait for a decision"),
    ],
)
async def test_what_waits_for_a_decision_stands_before_the_figures(
    crowded: Stage, role: str, path: str, decisions: str
) -> None:
    answer = await crowded.http.get(path, headers=stages.plain(crowded.cast.people[role]))
    text = answer.text
    assert answer.status_code == 200
    figures = text.find('id="figures"') if 'id="figures"' in text else text.index("<table")
    assert 0 < text.index(decisions) < figures

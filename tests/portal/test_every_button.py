"""Whatever the pages offer, pressed by every role: with our module and wide, without and narrow.

A new page or form is met here by itself; a route that nothing leads to fails. Broken on purpose:
with the action of one form misspelt, and with a page that no link leads to, these fail.
"""

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Browser, expect

from flywheel_server.app import create_app
from flywheel_server.core.settings import Settings
from flywheel_server.web import access
from flywheel_server.web.pages import layer
from tests.portal import browsing, crawling
from tests.portal.stage import Stage
from tests.portal.test_access import CLOSED
from tests.portal.test_forms import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUTES = [
    route
    for route in create_app(Settings(loop=False), "postgresql://nowhere/none").routes
    if isinstance(route, APIRoute) and layer.is_page(route.path)
]
# What no page leads to, or not for everybody whom the route lets in, and why.
UNREACHED = {
    "GET /operator": "who types it is sent to the overview",
    "GET /partner/learning/bulk/results": "a bulk that was sent again leads there",
    **dict.fromkeys(
        (
            f"POST {root}/rules/{{id}}/alarms/{{alarm_id}}"
            for root in ("/partner/learning", "/operator")
        ),
        "on the page of one rule of many: tests/portal/test_platform_rules.py answers it",
    ),
    **dict.fromkeys(
        (
            f"{method} /client/rules/{{id}}/{verb}"
            for method in ("GET", "POST")
            for verb in ("decline", "accept")
        ),
        "offered where an organization decides at every site",
    ),
}
# What the server rightly does not do, and what it says then.
REFUSED = {
    "POST /account/password": "is not your present password",
    # The same id is offered in two places, and got its alias at the first.
    "POST /operator/unresolved": "is an alias already",
    "POST /operator/evidence/anchors/{id}/retry": "No calendar is set to ask",
}


@WAYS
@pytest.mark.parametrize(
    "role", sorted(role for role in access.ROLES if " " in role and role != "partner key")
)
async def test_every_page_is_reached_and_every_button_answers(
    browser: Browser, crowded: Stage, role: str, way: Way
) -> None:
    person = crowded.cast.people[role]
    async with browsing.reader(
        browser, crowded.base_url, person, phone=way.phone, javascript=way.javascript
    ) as (page, watch):
        await page.context.grant_permissions(["clipboard-write"])
        crawler = crawling.Crawler(page=page, routes=ROUTES, scripted=way.javascript)
        # Of sites that are alike one is looked at; keys of evidence wait at this one alone.
        waits = [f"/partner/evidence/{crowded.site.id}"] if role.startswith("partner") else []
        met = await crawler.go_everywhere("/", *waits)
        assert met.wrong == []
        assert {
            name: said for name, said in met.refused.items() if REFUSED.get(name, "?") not in said
        } == {}
        assert _open_to(role) - met.routes - set(UNREACHED) == crawling.LAST
        await page.goto("/account")
        await page.get_by_role("button", name="Sign out everywhere").click()
        await expect(page.get_by_text("You have signed out everywhere.")).to_be_visible()
        watch.expected |= {401}
        await page.goto("/account")
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def _open_to(role: str) -> set[str]:
    """Return the routes whose audience has this role, among its own pages and everybody's."""
    own = {role.partition(" ")[0], "account", "sign-out", ""}
    return {
        name
        for name, audience in CLOSED.items()
        if role in audience.roles and name.split("/")[1] in own
    }

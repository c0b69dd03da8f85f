"""Every page, light and dark, wide and narrow: nothing for axe to find, nothing overflows.

Broken on purpose: with `color: #999` for `.muted`, and with an `onclick` in a template, these fail.
"""

import contextlib
import datetime as dt
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, Request, Response, Route, expect

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote
from flywheel_server.overview.pages import live
from tests import candidates, telemetry
from tests.portal import browsing, stage as stages
from tests.portal.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

STRANGERS = ("/sign-in", "/sign-in/link", "/sign-in/link?token=abc", "/invitation?token=abc")
# Pages that answer anything but 200, with what they answer.
OTHERS = {"/partner/nothing": 404}


async def _paths(stage: Stage) -> list[str]:
    """Return the address of every page that somebody signed in may look at."""
    await candidates.forward(stage.database, stage.site, stage.waiting["WS-2"])
    other = await candidates.make(stage.http, stage.cast, stage.cast.neighbour, "SRV-1", "SRV-2")
    rule = await stages.rule_of(stage, await stages.approve(stage, "WS-1"))
    await stages.heal(stage, rule.rule_id, 12, failures=2)
    candidate = f"/partner/learning/candidates/{other[0]}"
    return [
        "/partner/learning?status=all",
        "/partner/learning?text=nothing-has-this",
        candidate,
        f"{candidate}/approve",
        f"{candidate}/reject",
        f"/partner/learning/bulk?do=approve&id={other[0]}&id={stage.waiting['WS-1']}",
        "/partner/learning/rules",
        f"/partner/learning/rules/{rule.id}",
        "/partner/learning/history",
        "/partner/fleet",
        f"/partner/fleet/{stage.site.id}?orders=all",
        f"/partner/fleet/{stage.cast.partners[0].organizations[1].standard.id}",
        f"/partner/fleet/{stage.site.id}?appliance=nothing-has-this",
        "/partner/keys",
        "/partner/keys?text=nothing-has-this",
        "/partner/audit",
        "/partner/webhooks",
        "/partner/people",
        "/account",
        *OTHERS,
    ]


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_is_sound_in_light_and_dark(
    browser: Browser, stage: Stage, phone: bool
) -> None:
    found: dict[str, object] = {}
    signed_in = await _paths(stage)
    for person, paths in ((None, STRANGERS), (stage.owner, signed_in)):
        async with browsing.reader(browser, stage.base_url, person, phone=phone) as (page, watch):
            watch.expected = set(OTHERS.values())
            found |= await browsing.unsound(page, paths, phone=phone, others=OTHERS)
    assert found == {}


async def test_pages_are_small_and_keep_nothing_but_their_files(stage: Stage) -> None:
    headers = {"Cookie": f"flywheel_session={stage.owner.token}"}
    for path in ("/partner/learning", "/partner/fleet", "/account", "/partner/learning/rules"):
        answer = await stage.http.get(path, headers=headers)
        assert answer.status_code == 200, path
        assert len(answer.content) < 100 * 1024, path
        assert answer.headers["cache-control"] == "no-store"
        for name in ("portal.css", "portal.js", "live.js", "icon.svg"):
            file = next(part for part in answer.text.split('"') if part.endswith(name))
            got = await stage.http.get(file)
            assert "immutable" in got.headers["cache-control"], file


async def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(stage: Stage) -> None:
    answer = await stage.http.get("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in policy
    for path in ("/partner/nothing", "/sign-in/%00"):
        assert "content-security-policy" in (await stage.http.get(path)).headers, path
    assert "content-security-policy" not in (await stage.http.get("/api/nothing")).headers


async def test_a_report_of_a_refusal_is_counted(stage: Stage) -> None:
    await stage.http.post("/reports/csp", content=b'{"csp-report": {}}')
    figures = (await stage.http.get("/metrics")).text
    assert "flywheel_page_refusals_total 1.0" in figures


async def test_a_page_hears_of_what_changed_behind_it(browser: Browser, stage: Stage) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        # The stream has begun, and with it what it compares with, before anything changes.
        async with page.expect_response(_is_live):
            await page.goto("/partner/learning")
        await page.locator("tr", has_text="WS-3").locator("input[name=id]").check()
        await stages.reject(stage, "WS-2")
        await expect(_gone(page)).to_contain_text("WS-2")
        assert await page.locator("tr", has_text="WS-3").locator("input[name=id]").is_checked()
        assert await page.locator("[data-count]").inner_text() == "1 selected"


async def test_a_page_hears_of_what_changed_before_its_stream_began(
    browser: Browser, stage: Stage
) -> None:
    """Broken by not asking what came since the page was made: nothing changes any more."""

    async def late(route: Route) -> None:
        await stages.reject(stage, "WS-2")
        await route.continue_()

    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.route(lambda url: urlsplit(url).path == live.PATH, late, times=1)
        await page.goto("/partner/learning")
        await expect(_gone(page)).to_contain_text("WS-2")


async def test_a_browser_that_comes_back_hears_whether_something_changed(stage: Stage) -> None:
    """Broken by beginning anew: what changed meanwhile is never told."""
    plain = stages.plain(stage.technician)

    async def told(heard: str) -> tuple[str, bool]:
        """Return what the stream says first: the name of what is known, and whether it is new."""
        headers = plain | ({"Last-Event-ID": heard} if heard else {})
        async with stage.http.stream("GET", live.PATH, headers=headers) as answer:
            lines = answer.aiter_lines()
            name = next_line = ""
            async for line in lines:
                if name:
                    next_line = line
                    break
                name = line.removeprefix("id: ") if line.startswith("id: ") else ""
        return name, next_line == "event: changed"

    first, new = await told("")
    assert not new
    assert await told(first) == (first, False)
    await stages.reject(stage, "WS-2")
    second, new = await told(first)
    assert new
    assert second != first


async def test_a_reader_of_many_pages_finds_each_up_to_date(browser: Browser, stage: Stage) -> None:
    """Broken by the limit of 60 at once: 429; by no second look: WS-2 stays where it was."""
    headers = stages.plain(stage.technician)
    async with contextlib.AsyncExitStack() as streams:
        for _ in range(6):
            opened = stage.http.stream("GET", live.PATH, headers=headers)
            assert (await streams.enter_async_context(opened)).status_code == 200
        told = {(await stage.http.get(live.PATH, headers=headers)).status_code for _ in range(70)}
        assert told == {204}
        async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
            await page.clock.install()
            async with page.expect_response(_is_live) as answered:
                await page.goto("/partner/learning")
            assert (await answered.value).status == 204
            await stages.reject(stage, "WS-2")
            await page.clock.fast_forward(61_000)
            await expect(_gone(page)).to_contain_text("WS-2")


async def test_a_page_behind_another_tab_takes_no_news_and_is_up_to_date_when_seen(
    browser: Browser, stage: Stage
) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        async with page.expect_response(_is_live):
            await page.goto("/partner/learning")
        async with page.expect_event("requestfailed", _is_live):
            await page.evaluate(_SEEN, False)
        await stages.reject(stage, "WS-2")
        async with page.expect_response(_is_live):
            await page.evaluate(_SEEN, True)
        await expect(_gone(page)).to_contain_text("WS-2")


# A browser without a window has no tabs of which one is behind.
_SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def _gone(page: Page) -> Locator:
    """Return the row that is no longer in its list: it stays until its reader asks."""
    return page.locator("tr", has_text="not in this list any more")


def _is_live(what: Request | Response) -> bool:
    return urlsplit(what.url).path == live.PATH


async def test_each_card_has_its_figure_its_window_and_its_trend(
    browser: Browser, stage: Stage
) -> None:
    async with db.transaction(stage.database, stage.technician.scope) as connection:
        await promote.reject(
            connection,
            candidates.partner(stage.site),
            stage.waiting["WS-2"],
            reason="Not yet.",
            now=clock.now() - dt.timedelta(days=40),
        )
    await stages.heal(stage, await stages.approve(stage, "WS-1"), 8)
    async with browsing.reader(browser, stage.base_url, stage.viewer) as (page, _):
        await page.goto("/partner/learning?days=30")
        cards = await page.locator(".stat").all_inner_texts()
    for card, figure, said in zip(
        cards,
        ("0", "1", "25\N{NO-BREAK SPACE}%", "100\N{NO-BREAK SPACE}%"),
        (
            "1 approved, 0 rejected, 0 endorsed; same as in the 30 days before",
            "1 approved; ▲ up 1",
            "nothing earlier to compare",
            "nothing earlier to compare",
        ),
        strict=True,
    ):
        assert figure in card
        assert "last 30 days" in card
        assert said in card


async def test_a_withdrawn_rule_says_why(browser: Browser, stage: Stage) -> None:
    rule_id = await stages.approve(stage, "WS-1")
    await stages.heal(stage, rule_id, 60, failures=60)
    async with browsing.reader(browser, stage.base_url, stage.viewer) as (page, _):
        await page.goto("/partner/learning/rules")
        row = page.locator("#list tbody tr")
        await expect(row.get_by_text("withdrawn", exact=True)).to_be_visible()
        await row.locator("a.title").click()
        await expect(page.get_by_text("Withdrawn.")).to_be_visible()
        assert (await stages.rule_of(stage, rule_id)).enabled is False


async def test_times_are_the_readers_with_exact_utc_beside(browser: Browser, stage: Stage) -> None:
    for javascript in (True, False):
        async with browsing.reader(
            browser, stage.base_url, stage.technician, javascript=javascript
        ) as (page, _):
            await page.goto("/partner/learning")
            first = page.locator("time").first
            assert (await first.get_attribute("title") or "").endswith(" UTC")
            assert ("UTC" in await first.inner_text()) is not javascript


async def test_what_people_and_hosts_are_called_is_text_everywhere(
    browser: Browser, stage: Stage
) -> None:
    evil = browsing.EVIL
    await telemetry.send(
        stage.http,
        stage.site,
        telemetry.executions(
            6,
            hostname=evil[:60],
            incident_type="<script>x</script>",
            error_message=evil + "y" * 10_000,
        ),
    )
    await telemetry.turn(stage.http, stage.cast.admin)
    key = stage.cast.partners[0].credential.headers
    base = "/api/partners/me/learning"
    name = (evil + "z" * 200)[:200]
    answer = await stage.http.post(
        f"{base}/candidates/{stage.waiting['WS-1']}/approve",
        json={"custom_name": name, "notes": evil + "n" * 1_900},
        headers=key,
    )
    assert answer.status_code == 200, answer.text
    rule = await stages.rule_of(stage, answer.json()["rule_id"])
    switched = await stage.http.patch(
        f"{base}/promoted-rules/{rule.rule_id}/status",
        json={"enabled": False, "reason": evil + "r" * 1_900},
        headers=key,
    )
    assert switched.status_code == 200, switched.text
    issued = await stage.http.post(
        "/api/partners/me/keys", json={"label": evil}, headers=stages.plain(stage.owner)
    )
    assert issued.status_code == 201, issued.text
    await stages.reject(stage, "WS-2", evil + "q" * 1_900)
    paths = (
        "/partner/learning?status=all",
        f"/partner/learning?text={'%3Cb%3E' * 20}",
        f"/partner/learning/candidates/{stage.waiting['WS-1']}",
        f"/partner/learning/candidates/{stage.waiting['WS-2']}",
        f"/partner/learning/candidates/{stage.waiting['WS-2']}?host=nothing-has-this",
        "/partner/learning/rules",
        f"/partner/learning/rules/{rule.id}",
        "/partner/learning/history",
        f"/partner/fleet/{stage.site.id}",
        "/partner/keys",
    )
    for phone in (False, True):
        async with browsing.reader(browser, stage.base_url, stage.owner, phone=phone) as (page, _):
            for path in paths:
                await page.goto(path)
                assert await browsing.obeyed(page) == [], path
                assert await browsing.overflow(page) <= 0, path

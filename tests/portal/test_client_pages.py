"""What clients see and press: with our module and wide, without it and narrow.

Broken on purpose: with ``may_decide`` always true, without the fault's words, and with the form of
shared learning posting the state that it is in, these fail.
"""

from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests import candidates, telemetry
from tests.cast import CastPerson
from tests.portal import browsing, stage as stages
from tests.portal.browsing import Watch
from tests.portal.stage import Stage
from tests.portal.test_forms import WAYS, Way

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRINTING = {"incident_type": "print_queue", "runbook_id": "RB-WIN-SVC-004"}


def _admin(stage: Stage) -> CastPerson:
    return stage.cast.people["client admin"]


def _viewer(stage: Stage) -> CastPerson:
    return stage.cast.people["client viewer"]


def _reader(
    browser: Browser, stage: Stage, way: Way, person: CastPerson
) -> AbstractAsyncContextManager[tuple[Page, Watch]]:
    return browsing.reader(
        browser, stage.base_url, person, phone=way.phone, javascript=way.javascript
    )


@WAYS
async def test_an_admin_decides_where_coverage_is_full_and_the_rule_is_told(
    browser: Browser, stage: Stage, way: Way
) -> None:
    site = stage.cast.neighbour
    await candidates.make_candidate(stage.database, site, "SRV-1")
    await candidates.make_candidate(stage.database, site, "SRV-2", **PRINTING)
    async with _reader(browser, stage, way, _admin(stage)) as (page, _):
        await page.goto("/client/candidates")
        row = page.locator("#list tr", has_text="SRV-2")
        await expect(row).to_contain_text("you may decide")
        await row.get_by_role("link", name="Reject").click()
        await page.get_by_label("Why").fill("It is <b>meant</b> to stop.")
        await page.get_by_role("button", name="Reject", exact=True).click()
        await expect(page.get_by_text("Rejected: no rule is made")).to_be_visible()
        await page.locator("#list tr", has_text="SRV-1").get_by_role("link", name="Approve").click()
        await page.get_by_label("Your name for the rule").fill("Spooler back on")
        await page.get_by_label("Notes").fill("Every Monday.")
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Approved: the rule")).to_be_visible()
        await page.get_by_role("link", name="Rules", exact=True).click()
        rule = page.locator("#list tr", has_text="Spooler back on")
        await expect(rule).to_contain_text("A rule that was learnt at this site.")
        await expect(rule).to_contain_text(_admin(stage).email)
        await page.goto("/client/candidates?status=rejected")
        await page.get_by_role("link", name="print queue").click()
        await expect(page.get_by_text("It is <b>meant</b> to stop.")).to_be_visible()
        assert await page.get_by_role("link", name="Forward").count() == 0


@WAYS
async def test_what_is_forwarded_is_endorsed_at_the_partner(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, _admin(stage)) as (page, _):
        await page.goto("/client/candidates")
        row = page.locator("#list tr", has_text="WS-2")
        await expect(row).to_contain_text("your IT partner decides")
        assert await row.get_by_role("link", name="Approve").count() == 0
        await row.get_by_role("link", name="Forward").click()
        await expect(page.get_by_text("This site has standard coverage")).to_be_visible()
        await page.get_by_label("A word for your IT partner").fill("Every Monday & Tuesday.")
        await page.get_by_role("button", name="Forward", exact=True).click()
        await expect(page.get_by_text("Forwarded: your IT partner is told")).to_be_visible()
        await expect(row.get_by_text("forwarded", exact=True)).to_be_visible()
        assert await row.get_by_role("link", name="Forward").count() == 0
        # Approving by hand is refused with what to do instead.
        await page.goto(f"/client/candidates/{stage.waiting['WS-3']}/approve")
        await expect(page.get_by_text("your IT partner decides: forward it")).to_be_visible()
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto("/partner/learning?endorsed=yes")
        row = page.locator("#list tbody tr")
        await expect(row).to_have_count(1)
        await expect(row.get_by_text("endorsed", exact=True)).to_be_visible()
        await row.locator("a.title").click()
        await expect(page.get_by_text("Every Monday & Tuesday.")).to_be_visible()


async def test_who_is_too_late_hears_who_decided(browser: Browser, stage: Stage) -> None:
    async with browsing.reader(browser, stage.base_url, _admin(stage)) as (page, watch):
        watch.expected = {409}
        await page.goto(f"/client/candidates/{stage.waiting['WS-1']}/forward")
        await stages.reject(stage, "WS-1")
        await page.get_by_role("button", name="Forward", exact=True).click()
        await expect(page.get_by_text("Not done.")).to_be_visible()
        await expect(page.locator("#notices")).to_contain_text("rejected this candidate at")
        await expect(page.get_by_text("It is rejected.")).to_be_visible()


async def test_the_healing_log_tells_what_happened_and_why(browser: Browser, stage: Stage) -> None:
    rule_id = await stages.approve(stage, "WS-1")
    await stages.heal(stage, rule_id, 3, failures=1)
    await telemetry.send(
        stage.http,
        stage.cast.neighbour,
        [
            telemetry.execution(
                resolution_level="L3",
                incident_type="disk_space",
                hostname="FILES",
                error_message="Deleted <i>old</i> logs.",
            )
        ],
    )
    async with browsing.reader(browser, stage.base_url, _viewer(stage)) as (page, _):
        # Where clients start.
        await page.goto("/")
        await expect(page.get_by_role("heading", name="Healing log")).to_be_visible()
        figures = await page.locator(".stat strong").all_inner_texts()
        assert figures == ["27", "96\N{NO-BREAK SPACE}%", "11\N{NO-BREAK SPACE}%", "1"]
        newest = page.locator("#list tbody tr").first
        await expect(newest).to_contain_text("FILES was short of disk space.")
        await expect(newest).to_contain_text("A person took care of it. It worked.")
        await newest.locator("summary").click()
        await expect(newest.get_by_text("Deleted <i>old</i> logs.")).to_be_visible()
        # What is open stays open when the page hears of something new.
        await telemetry.send(stage.http, stage.site, [telemetry.execution(hostname="WS-NEW")])
        await page.get_by_role("button", name="1 new: show").click()
        await expect(page.locator("#list tbody tr").first).to_contain_text("WS-NEW")
        await expect(page.get_by_text("Deleted <i>old</i> logs.")).to_be_visible()
        await page.locator("select[name=level]").select_option("Rules")
        await page.locator("select[name=success]").select_option("Healed")
        await page.get_by_label("Search fault").fill("SPOOLER")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.get_by_text("Nothing fits these filters.")).to_be_visible()
        await page.get_by_label("Search fault").fill("service stopped")
        await page.get_by_role("button", name="Filter").click()
        assert {"level=L1", "success=yes"} <= set(urlsplit(page.url).query.split("&"))
        rows = page.locator("#list tbody tr")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text(
            "A rule that was learnt at this site ran the repair “Windows service: print spooler”"
        )
        await expect(rows.first).to_contain_text("the same repair had worked 6 of 6 times.")
        await page.goto("/client/healing?limit=20")
        await page.get_by_role("link", name="Next page").click()
        await expect(rows).to_have_count(9)


async def test_viewers_see_all_of_it_and_change_nothing(browser: Browser, stage: Stage) -> None:
    await candidates.make_candidate(stage.database, stage.cast.neighbour, "SRV-1")
    async with browsing.reader(browser, stage.base_url, _viewer(stage)) as (page, watch):
        watch.expected = {403}
        for path, words in (
            ("/client/healing", "What was healed, and why"),
            ("/client/candidates", "SRV-1"),
            (f"/client/candidates/{stage.waiting['WS-1']}", "one of your admins does that"),
            ("/client/rules?source=synced&text=smb1", "Turn off SMBv1"),
            ("/client/audit", "Somebody was invited"),
            ("/client/shared-learning", "One of your admins can change this."),
        ):
            await page.goto(path)
            await expect(page.get_by_role("main")).to_contain_text(words)
            buttons = await page.get_by_role("main").get_by_role("button").all_inner_texts()
            assert {text.split()[0] for text in buttons} <= {"Filter", "Show", "Copy"}, path
            for word in ("Approve", "Reject", "Forward", "Stop taking part"):
                assert await page.get_by_role("link", name=word).count() == 0, (path, word)
        assert await page.get_by_role("link", name="People").count() == 0
        await page.goto("/client/people")
        await expect(page.get_by_text("ask an admin of your organization")).to_be_visible()


@WAYS
async def test_shared_learning_is_left_and_joined_and_the_audit_tells_it(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, _admin(stage)) as (page, _):
        await page.goto("/client/shared-learning")
        for asked, said, state in (
            ("Stop taking part", "your counts leave", "takes no part"),
            ("Take part", "your counts are part", "takes part"),
        ):
            await page.get_by_role("link", name=asked).click()
            await page.get_by_role("button", name=asked).click()
            await expect(page.locator("#notices")).to_contain_text(said)
            await expect(page.locator("#state")).to_contain_text(f"organization {state}")
        await page.goto("/client/audit")
        await page.locator("select[name=actor]").select_option("Your organization")
        await page.locator("select[name=action]").select_option("An organization was changed")
        await page.locator("select[name=days]").select_option("Last day")
        await page.get_by_role("button", name="Filter").click()
        rows = page.locator("#list ol > li")
        await expect(rows).to_have_count(2)
        await expect(rows.last).to_contain_text("takes part in shared learning")
        await expect(rows.last.locator("del")).to_contain_text("yes")
        await expect(rows.last.locator("ins")).to_contain_text("no")
        await page.get_by_label("Search who").fill("nobody did this")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.get_by_text("No entry fits these filters.")).to_be_visible()


@WAYS
@pytest.mark.parametrize("root", ["/client/people", "/partner/people"])
async def test_people_are_invited_disabled_and_enabled(
    browser: Browser, stage: Stage, way: Way, root: str
) -> None:
    manager = _admin(stage) if root.startswith("/client") else stage.owner
    async with _reader(browser, stage, way, manager) as (page, _):
        await page.goto(root)
        await page.get_by_label("E-mail address").fill("new@example.org")
        await page.get_by_label("Role").select_option("Viewer")
        await page.get_by_role("button", name="Invite", exact=True).click()
        first = await page.locator(".secret code").inner_text()
        row = page.locator("#list tr", has_text="new@example.org")
        await expect(row).to_contain_text("invited")
        await row.get_by_role("button", name="Invite again").click()
        second = await page.locator(".secret code").inner_text()
        await _join(browser, stage, first, second)
        await page.goto(f"{root}?text=NEW@")
        await expect(row).to_contain_text("may sign in")
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await row.get_by_role("button", name="Sign-in link").click()
        assert "/sign-in/link?token=" in await page.locator(".secret code").inner_text()
        await row.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_text("signed out everywhere (1 session ended)")).to_be_visible()
        await row.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_text("was signed in nowhere")).to_be_visible()
        await row.get_by_role("link", name="Disable").click()
        await page.get_by_role("button", name="Disable", exact=True).click()
        await expect(page.locator("#notices")).to_contain_text("cannot sign in any more")
        await row.get_by_role("button", name="Enable").click()
        await expect(page.get_by_text("may sign in again")).to_be_visible()
        # The same address is taken, and nobody disables themselves.
        await page.get_by_label("E-mail address").fill("new@example.org")
        await page.get_by_role("button", name="Invite", exact=True).click()
        await expect(page.get_by_text("has an account already")).to_be_visible()
        own = page.locator("#list tr", has_text=manager.email)
        assert await own.get_by_role("link", name="Disable").count() == 0


async def _join(browser: Browser, stage: Stage, stopped: str, invitation: str) -> None:
    """Use an invitation; the one before it does not work any more."""
    async with browsing.reader(browser, stage.base_url, None) as (page, watch):
        watch.expected = {401}
        for url in (stopped, invitation):
            parts = urlsplit(url)
            await page.goto(f"{parts.path}?{parts.query}")
            if url == stopped:
                # Said before anything is typed.
                assert await page.get_by_label("New password").count() == 0
                continue
            await page.get_by_label("New password").fill("a long sentence of words")
            await page.get_by_label("The same once more").fill("a long sentence of words")
            await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "narrow"])
async def test_every_page_is_sound_whatever_things_are_called(
    browser: Browser, stage: Stage, phone: bool
) -> None:
    evil = browsing.EVIL
    await telemetry.send(
        stage.http,
        stage.cast.neighbour,
        telemetry.executions(
            6,
            hostname=evil[:60],
            incident_type="<script>x</script>",
            error_message=evil + "y" * 10_000,
        ),
    )
    odd = await candidates.make_candidate(
        stage.database, stage.cast.neighbour, evil[:60], incident_type="<b>{host}</b>"
    )
    own = await candidates.make_candidate(stage.database, stage.cast.neighbour, "SRV-1")
    await stage.http.post(
        f"/api/client/promotion-candidates/{odd}/forward",
        json={"notes": evil + "n" * 1_900},
        headers=stages.plain(_admin(stage)),
    )
    paths = [
        "/client/healing",
        "/client/healing?text=%3Cb%3Enothing",
        "/client/candidates?status=all",
        f"/client/candidates/{odd}",
        f"/client/candidates/{own}/approve",
        f"/client/candidates/{own}/forward",
        "/client/rules?enabled=",
        "/client/audit",
        "/client/shared-learning",
        "/client/shared-learning/change",
        "/client/people",
        "/client/people?text=nobody",
    ]
    async with browsing.reader(browser, stage.base_url, _admin(stage), phone=phone) as (page, _):
        assert await browsing.unsound(page, paths, phone=phone) == {}
        for path in paths:
            await page.goto(path)
            assert await browsing.obeyed(page) == [], path
    for path in ("/client/candidates", "/client/people", "/client/shared-learning"):
        answer = await stage.http.get(path, headers=stages.plain(_admin(stage)))
        assert len(answer.content) < 100 * 1024, path

"""Every button of a partner's people, pressed: with our module and wide, without it and narrow.

Broken on purpose: without the token's field in a form, and with the action of one misspelt, these
fail in both ways; without ``data-bulk`` only the first does.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from flywheel_server.accounts.actions import people as inviting
from flywheel_server.core import clock, db, people as rules
from flywheel_server.orders.model import orders
from tests import candidates, cast as people, deliveries, ordering
from tests.cast import CastPerson
from tests.portal import browsing, stage as stages
from tests.portal.browsing import Watch
from tests.portal.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a reader comes."""

    javascript: bool
    phone: bool


WAYS = pytest.mark.parametrize(
    "way",
    [Way(javascript=True, phone=False), Way(javascript=False, phone=True)],
    ids=["scripted", "plain"],
)


@contextlib.asynccontextmanager
async def _reader(
    browser: Browser, stage: Stage, way: Way, person: CastPerson | None
) -> AsyncIterator[tuple[Page, Watch]]:
    async with browsing.reader(
        browser, stage.base_url, person, phone=way.phone, javascript=way.javascript
    ) as opened:
        yield opened


@WAYS
async def test_a_candidate_is_approved_under_a_name_and_its_rule_is_switched(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        await page.locator("tr", has_text="WS-1").get_by_role("link", name="Approve").click()
        # With the module the form is a dialog over the list, without it a page.
        await expect(page.locator("dialog[open]")).to_have_count(int(way.javascript))
        await page.get_by_label("Your name for the rule").fill("Spooler back on")
        await page.get_by_label("Notes").fill("Seen it work.")
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("Approved: the rule")).to_be_visible()
        await page.get_by_role("link", name="Rules", exact=True).click()
        await page.get_by_role("link", name="Spooler back on").click()
        await expect(page.get_by_text("Seen it work.")).to_be_visible()
        for word in ("off", "on"):
            await page.get_by_label("Why").fill("Restarts what must stay stopped.")
            await page.get_by_role("button", name=f"Switch {word}").click()
            await expect(page.get_by_text(f"is switched {word}")).to_be_visible()
            await expect(page.locator("#rule .badge").first).to_have_text(word)


@WAYS
async def test_a_candidate_is_rejected_with_the_reason(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto(f"/partner/learning/candidates/{stage.waiting['WS-1']}")
        await page.get_by_role("link", name="Reject").click()
        await page.get_by_label("Why").fill("Handled <b>elsewhere</b>.")
        await page.get_by_role("button", name="Reject", exact=True).click()
        await expect(page.get_by_text("Rejected: no rule is made")).to_be_visible()
        await page.goto(f"/partner/learning/candidates/{stage.waiting['WS-1']}")
        await expect(page.get_by_text("Handled <b>elsewhere</b>.")).to_be_visible()
        assert await page.get_by_role("link", name="Reject").count() == 0


@WAYS
async def test_a_bulk_with_a_mixed_outcome_gives_a_verdict_for_each(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        for host in ("WS-1", "WS-2", "WS-3"):
            await page.locator("tr", has_text=host).locator("input[name=id]").check()
        await page.get_by_role("button", name="Approve selected").click()
        await expect(page.get_by_text("3 of 3 would be approved now.")).to_be_visible()
        # Somebody else is quicker.
        await stages.reject(stage, "WS-2")
        await page.get_by_label("Notes").fill("All alike.")
        await page.get_by_role("button", name="Approve 3").click()
        await expect(page.get_by_role("heading", name="2 of 3 decided")).to_be_visible()
        verdicts = await page.locator(".verdicts .badge").all_inner_texts()
        assert sorted(verdicts) == ["approved", "approved", "conflict"]
        late = page.locator(".verdicts li", has_text="WS-2")
        await expect(late.locator(".badge")).to_have_text("conflict")
        await page.get_by_role("link", name="Back to the candidates").click()
        await expect(page.locator("dialog[open]")).to_have_count(0)
        await expect(page.locator("#list tbody tr")).to_have_count(1)


@WAYS
async def test_several_are_rejected_at_once(browser: Browser, stage: Stage, way: Way) -> None:
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        for host in ("WS-3", "WS-4"):
            await page.locator("tr", has_text=host).locator("input[name=id]").check()
        await page.get_by_role("button", name="Reject selected").click()
        await page.get_by_label("Why").fill("Not wanted.")
        await page.get_by_role("button", name="Reject 2").click()
        await expect(page.get_by_role("heading", name="2 of 2 decided")).to_be_visible()


async def test_the_bar_floats_while_something_is_selected(browser: Browser, stage: Stage) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician, phone=True) as (page, _):
        await page.goto("/partner/learning")
        bar = page.locator(".bar")
        await expect(bar).to_be_hidden()
        await page.get_by_label("Select all on this page").check()
        await expect(bar).to_be_in_viewport()
        await expect(page.locator("[data-count]")).to_have_text("4 selected")
        await page.locator("input[name=id]").first.uncheck()
        await expect(page.locator("[data-count]")).to_have_text("3 selected")
        await page.get_by_role("button", name="Clear").click()
        await expect(bar).to_be_hidden()
        assert await page.locator("input[name=id]:checked").count() == 0


async def test_a_dialog_is_left_by_keyboard_and_gives_focus_back(
    browser: Browser, stage: Stage
) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.goto("/partner/learning")
        opener = page.locator("tr", has_text="WS-1").get_by_role("link", name="Approve")
        await opener.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your name for the rule")).to_be_focused()
        assert await browsing.violations(page) == []
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog[open]")).to_have_count(0)
        await expect(opener).to_be_focused()


async def test_filters_are_in_the_address_and_an_empty_list_says_how_it_fills(
    browser: Browser, stage: Stage
) -> None:
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await candidates.forward(stage.database, stage.site, stage.waiting["WS-2"])
        await page.goto("/partner/learning")
        await page.get_by_label("Endorsed").select_option("By the client")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        assert "endorsed=yes" in page.url
        await page.get_by_label("Search type").fill("no such host")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.get_by_text("No candidate fits these filters.")).to_be_visible()
        await page.goto("/partner/learning?limit=2")
        await page.get_by_role("link", name="Next page").click()
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await page.goto("/partner/learning/rules")
        await expect(page.get_by_text("No rules yet.")).to_be_visible()


@WAYS
async def test_an_l2_mode_is_pending_until_the_appliance_reports_it(
    browser: Browser, stage: Stage, way: Way
) -> None:
    appliance = stage.cast.appliance
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto("/partner/fleet")
        await page.get_by_role("link", name=f"Site {stage.site.slug}").click()
        await page.get_by_label("L2 mode of vm").select_option("Manual")
        await page.get_by_role("button", name="Set").click()
        await expect(page.get_by_text("pending until then")).to_be_visible()
        await expect(page.locator(".mode .badge")).to_have_text("pending")
        told = await deliveries.check_in(stage.http, appliance, "0.4.2", active_l2_mode="manual")
        assert told["l2_mode"] == "manual"
        if not way.javascript:
            await page.reload()
        # With the module the page hears of it by itself.
        await expect(page.locator(".mode .badge")).to_have_text("applied")


@WAYS
async def test_an_order_is_taken_back(browser: Browser, stage: Stage, way: Way) -> None:
    await stages.approve(stage, "WS-1")
    async with _reader(browser, stage, way, stage.technician) as (page, _):
        await page.goto(f"/partner/fleet/{stage.site.id}")
        await page.get_by_role("link", name="Take back").click()
        await expect(page.get_by_text("This is final")).to_be_visible()
        await expect(page.get_by_text("The appliance has not begun it.")).to_be_visible()
        # Asked is not done.
        await page.get_by_role("link", name="Back", exact=True).click()
        await page.get_by_role("link", name="Take back").click()
        asked = await page.locator("form[action$='/orders/cancel']").get_attribute("action")
        await page.get_by_role("button", name="Take back the order").click()
        await expect(page.get_by_text("The order is taken back.")).to_be_visible()
        await expect(page.get_by_text("No order is open.")).to_be_visible()
        (order,) = await candidates.rows(stage.database, "SELECT id FROM orders")
        await page.goto(f"{asked}?order={order['id']}")
        await expect(page.get_by_text("The order is cancelled already")).to_be_visible()


@WAYS
async def test_keys_are_shown_once_rotated_and_revoked(
    browser: Browser, stage: Stage, way: Way
) -> None:
    async with _reader(browser, stage, way, stage.owner) as (page, _):
        await page.goto("/partner/keys")
        await page.get_by_label("What it is for").fill("<i>ticket system</i>")
        await page.get_by_role("button", name="Issue a key").click()
        first = await page.locator(".secret code").inner_text()
        row = page.locator("tr", has_text="<i>ticket system</i>").filter(has_text="valid")
        await row.get_by_role("link", name="Rotate").click()
        await expect(page.get_by_text("Its tool is refused from then on")).to_be_visible()
        await page.get_by_role("button", name="Rotate the key").click()
        await expect(page.locator(".secret code")).not_to_have_text(first)
        second = await page.locator(".secret code").inner_text()
        # What is shown once is not fetched anew: nothing else stands at this address.
        assert await page.locator("[data-live]").count() == 0
        await row.get_by_role("link", name="Revoke").click()
        await expect(page.get_by_text("This is final")).to_be_visible()
        await page.get_by_role("button", name="Revoke the key").click()
        await expect(page.get_by_text("The key is revoked")).to_be_visible()
        assert await page.locator(".secret").count() == 0
        assert await page.locator("[data-live]").count() == 1
    for key in (first, second):
        answer = await stage.http.get("/api/partners/me/learning/stats", headers={"X-API-Key": key})
        assert answer.status_code == 401


async def test_viewers_are_offered_nothing_that_they_may_not_do(
    browser: Browser, stage: Stage
) -> None:
    await stages.approve(stage, "WS-1")
    rule = (await stage.http.get("/partner/learning/rules", headers=_plain(stage))).text
    path = next(part for part in rule.split('"') if "/learning/rules/" in part)
    async with browsing.reader(browser, stage.base_url, stage.viewer) as (page, _):
        for here in (
            "/partner/learning",
            f"/partner/learning/candidates/{stage.waiting['WS-2']}",
            "/partner/learning/rules",
            path,
            f"/partner/fleet/{stage.site.id}",
        ):
            await page.goto(here)
            buttons = await page.get_by_role("main").get_by_role("button").all_inner_texts()
            assert {text.split()[0] for text in buttons} <= {"Filter", "Search", "Show", "Copy"}
            for word in ("Approve", "Reject", "Switch"):
                assert await page.get_by_role("link", name=word).count() == 0, (here, word)


@WAYS
async def test_signing_in_by_invitation_password_and_link_and_out_everywhere(
    browser: Browser, stage: Stage, way: Way
) -> None:
    email, password = "new@partner.example.com", "a long sentence of words"
    invited = await _link(stage, email)
    async with _reader(browser, stage, way, None) as (page, watch):
        watch.expected = {401, 422}
        await page.goto(invited)
        await page.get_by_label("New password").fill(password)
        await page.get_by_label("The same once more").fill("another sentence of words")
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.locator("#wrong-again")).to_contain_text("The two passwords differ")
        await page.get_by_label("New password").fill(password)
        await page.get_by_label("The same once more").fill(password)
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("heading", name="Learning", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_text("You have signed out.")).to_be_visible()
        # Whoever is not signed in gets the form, and then what they wanted.
        await page.goto("/partner/fleet?text=north-1")
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill("not my password")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_text("Not done.")).to_be_visible()
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
        assert page.url.endswith("/partner/fleet?text=north-1")
        # Another browser's session, ended by itself; then the password; then all of them.
        await people.sign_in(stage.database, email)
        await page.goto("/account")
        await page.get_by_role("button", name="End the session").first.click()
        await expect(page.get_by_text("The session has ended.")).to_be_visible()
        await page.get_by_label("Present password").fill(password)
        await page.get_by_label("New password").fill("yet another sentence")
        await page.get_by_label("The new one once more").fill("yet another sentence")
        await page.get_by_role("button", name="Change the password").click()
        await expect(page.get_by_text("Your password is changed")).to_be_visible()
        await page.get_by_role("button", name="Sign out everywhere").click()
        await expect(page.get_by_text("You have signed out everywhere.")).to_be_visible()
        await page.goto(await _link(stage, email, again=True))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Learning", exact=True)).to_be_visible()


async def test_a_link_is_asked_for_without_telling_who_has_an_account(stage: Stage) -> None:
    told = set()
    for email in (stage.owner.email, "nobody@example.com"):
        answer = await stage.http.post("/sign-in/link", data={"email": email})
        told.add((answer.status_code, answer.cookies["flywheel_notice"]))
        stage.http.cookies.clear()
    assert len(told) == 1


def _plain(stage: Stage) -> dict[str, str]:
    return {"Cookie": f"flywheel_session={stage.viewer.token}"}


async def _link(stage: Stage, email: str, *, again: bool = False) -> str:
    """Invite somebody to the first partner or, invited already, make a link to sign in."""
    async with db.transaction(stage.database, people.STAGE) as connection:
        if again:
            user_id = await connection.fetchval("SELECT id FROM users WHERE email = $1", email)
            link = await inviting.make_link(
                connection, people.STAGE, user_id, "sign_in", clock.now()
            )
        else:
            link = await inviting.invite(
                connection,
                people.STAGE,
                email=email,
                role="technician",
                partner_id=stage.cast.partners[0].id,
                now=clock.now(),
            )
    return rules.link_url("", link.kind, link.token)


async def test_orders_come_in_pages_the_newest_first(browser: Browser, stage: Stage) -> None:
    kinds: tuple[orders.Kind, ...] = ("run_drift", "sync_rules", "restart_agent")
    for number, kind in enumerate(kinds):
        draft = orders.draft(kind, {})
        appliance = stage.cast.appliance
        await ordering.issue(stage.database, appliance, draft, order_id=f"heal::{number}")
    async with browsing.reader(browser, stage.base_url, stage.technician) as (page, _):
        await page.goto(f"/partner/fleet/{stage.site.id}?limit=2")
        rows = page.locator("#orders-section tbody tr")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("heal::2")
        await page.get_by_role("link", name="Next page").click()
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("heal::0")

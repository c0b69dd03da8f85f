"""Chromium, held to what pages promise: it reports errors, requests that leave, refused parts."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

from flywheel_server.web import credentials
from tests.cast import CastPerson

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# For whatever a page does by itself, on a machine that does much else.
_PATIENCE_MS = 20_000
expect.set_options(timeout=_PATIENCE_MS)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
Scheme = Literal["light", "dark"]
# What somebody writes who wants to be obeyed: as HTML, as a template, and against the direction of
# writing. The product stands in no address, id or time of day.
EVIL = "<img src=x onerror=alert(1)>\"'&\u202e\u2066{{1234*5678}}"
_PRODUCT = "7006652"


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


# Without slots: Playwright keeps its handlers on the object they belong to.
@dataclass
class Watch:
    """What a page did that it must not do."""

    host: str
    # Statuses that a test expects, and those of a refused form: browsers write them to the console.
    expected: set[int] = field(default_factory=lambda: {409, 422})
    faults: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        known = any(f"status of {status}" in message.text for status in self.expected)
        if message.type in {"error", "warning"} and not known:
            self.faults.append(f"console: {message.text}")

    def error(self, error: Exception) -> None:
        self.faults.append(f"uncaught: {error}")

    def request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and parts.netloc != self.host:
            self.faults.append(f"left the host: {request.url}")
        if parts.path == "/reports/csp":
            self.faults.append(f"refused by the policy: {request.post_data}")


@contextlib.asynccontextmanager
async def reader(
    browser: Browser,
    base_url: str,
    person: CastPerson | None,
    *,
    phone: bool = False,
    javascript: bool = True,
    scheme: Scheme = "light",
) -> AsyncIterator[tuple[Page, Watch]]:
    """Open a page as somebody who signed in, or as nobody; on leaving it must be without fault."""
    watch = Watch(host=urlsplit(base_url).netloc)
    context = await browser.new_context(
        base_url=base_url,
        viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
        java_script_enabled=javascript,
        color_scheme=scheme,
        timezone_id="America/New_York",
        locale="en-GB",
        reduced_motion="reduce",
    )
    if person is not None:
        cookie: Any = {
            "name": credentials.PLAIN_COOKIE,
            "value": person.token,
            "url": base_url,
            "httpOnly": True,
            "sameSite": "Lax",
        }
        await context.add_cookies([cookie])
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.on("console", watch.console)
    page.on("pageerror", watch.error)
    page.on("request", watch.request)
    try:
        yield page, watch
    finally:
        await context.close()
    assert watch.faults == [], watch.faults


async def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds wrong with a page, by all rules of WCAG 2.2 AA or by these."""
    every = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # What was injected into a page stays there.
    known = await page.evaluate("typeof axe !== 'undefined'")
    results = await Axe(*["0"] * known).run(
        page,
        options={
            "runOnly": {"type": "rule", "values": list(rules)} if rules else every,
            "resultTypes": ["violations"],
        },
    )
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in results.response["violations"]
        for node in found["nodes"]
    ]


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(
        await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


async def obeyed(page: Page) -> list[str]:
    """Return what a page did with ``EVIL`` but show it."""
    found = [
        what
        for what in ("img", "script:not([src])", "[onerror]")
        if await page.locator(what).count() > 0
    ]
    return found + [_PRODUCT] * (_PRODUCT in await page.locator("html").inner_text())


async def unsound(
    page: Page, paths: Sequence[str], *, phone: bool, others: Mapping[str, int] | None = None
) -> dict[str, object]:
    """Visit every path; return what axe finds and what overflows, in light and dark.

    ``others`` says which paths answer anything but 200.
    """
    found: dict[str, object] = {}
    for path in paths:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == (others or {}).get(path, 200), path
        assert await page.locator("h1").count() == 1, path
        wrong = await violations(page)
        if not phone:
            # Of a page's looks, only its colours differ between light and dark.
            await page.emulate_media(color_scheme="dark")
            wrong += await violations(page, ["color-contrast"])
            await page.emulate_media(color_scheme="light")
        wider = await overflow(page)
        if wrong or wider > 0:
            found[path] = (wrong, wider)
    return found

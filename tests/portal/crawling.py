"""Goes wherever pages lead and presses whatever they offer, as one reader; keeps what it met.

A page or a button is known by its route: of many that are alike, one is looked at.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.async_api import Page, Response, expect
from starlette.routing import Match, Route

from tests.portal import browsing

# What a field is filled with, by its name; lists keep what they show, unless that is nothing.
TEXTS = {
    "role": "operator viewer",
    "url": "https://1.1.1.1/hook",
    "reason": "It was <b>seen</b> to work.",
    "rule_id": "L1-PRESSED-1",
    "runbook_id": "RB-PRESSED-1",
    "site_id": "pressed-1",
    "incident_type": "pressed_type",
    "site_max_age_days": "9",
    "current": "not the password",
    "new": "a long sentence of words",
    "again": "a long sentence of words",
}
# Of a page on a phone, in pixels.
_TALLEST = 6_000
# These end what the others need: they are pressed by the test itself.
_ENDS = ("/remove", "/merge")
LAST = frozenset({"POST /sign-out", "POST /account/sessions/end"})

_FIND = """() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const box = [...document.querySelectorAll("form[data-bulk] input[name=id]")].at(-1);
  if (box && !box.checked) box.click();
  const forms = [...document.forms];
  return {
    links: [...document.querySelectorAll("a[href]")]
      .filter((each) => each.href.startsWith(location.origin) && !each.hash)
      .map((each) => [each.href, each.dataset.dialog !== undefined]),
    buttons: [...document.querySelectorAll("button")].map((each, place) => ({
      place,
      type: each.type,
      hidden: each.disabled || !each.checkVisibility(),
      copies: each.dataset.copy !== undefined,
      dialog: each.dataset.dialog !== undefined,
      form: each.form ? forms.indexOf(each.form) : -1,
      method: each.form?.getAttribute("method").toUpperCase() ?? "",
      // A field of that name would stand for the property.
      action: each.form ? new URL(each.form.getAttribute("action"), location).href : "",
      value: each.value,
    })),
  };
}"""

# Fills a form with what makes sense, as far as it does not hold that already.
_FILL = """([place, texts, number]) => {
  const form = document.forms[place];
  for (const each of form.querySelectorAll("input, textarea, select")) {
    if (each.type === "hidden" || each.type === "search") continue;
    if (each.type === "checkbox") {
      const several = ["id", "kinds"].includes(each.name);
      if (several && !form.querySelector(`[name=${each.name}]:checked`)) each.click();
    } else if (each.tagName === "SELECT") {
      if (each.required && !each.value) each.selectedIndex = 1;
      if (each.querySelector(`[value="${texts[each.name]}"]`)) each.value = texts[each.name];
    } else if (each.name in texts) each.value = texts[each.name];
    else if (each.type === "email") each.value = `pressed-${number}@example.com`;
    else if (each.required && !each.value) each.value = `Pressed ${number}`;
  }
}"""


@dataclass(slots=True)
class Met:
    """What a reader has met."""

    # Routes whose pages were looked at, and whose forms were pressed.
    routes: set[str] = field(default_factory=set)
    # What answered as it must not.
    wrong: list[str] = field(default_factory=list)
    # What the server did not do and said why, by route.
    refused: dict[str, str] = field(default_factory=dict)
    # One address of each kind of page, for others to look at.
    pages: dict[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(slots=True)
class Crawler:
    """One reader on their way."""

    page: Page
    routes: Sequence[Route]
    scripted: bool
    # Without it, pages are only looked at.
    presses: bool = True
    met: Met = field(default_factory=Met)
    _pressed: set[tuple[str, ...]] = field(default_factory=set)
    # How often an object was chosen: each is for one decision.
    _used: Counter[str] = field(default_factory=Counter)
    _queue: list[str] = field(default_factory=list)
    # What takes away what other pages are about.
    _ends: list[str] = field(default_factory=list)
    # What was deleted on the way.
    _gone: set[str] = field(default_factory=set)
    # Whether an appliance was removed, merged or split.
    _took_away: bool = False

    async def go_everywhere(self, *starts: str) -> Met:
        """Look at every kind of page that can be reached, and press every kind of button."""
        self._queue.extend(starts)
        while self._queue or self._ends:
            address = (self._queue or self._ends).pop(0)
            if _object(address) not in self._gone:
                await self._visit(address)
        return self.met

    async def _visit(self, address: str) -> None:
        await self._open(address)
        away = False
        while True:
            found = await self.page.evaluate(_FIND)
            self._follow(found["links"])
            button = next((each for each in found["buttons"] if self._is_new(each)), None)
            if button is not None:
                away = True
                await self._press(button)
            elif away and _object(address) not in self._gone:
                # Where a form has led is looked at; what else the page offers comes now.
                away = False
                await self._open(address)
            else:
                return

    async def _open(self, address: str) -> None:
        self.met.routes.add(self._route("GET", address))
        answer = await self.page.goto(address)
        assert answer is not None
        await self._look(answer)

    async def _look(self, answer: Response) -> None:
        name = self._route("GET", answer.url)
        self.met.routes.add(name)
        if answer.status == 404 and self._took_away:
            # With an appliance went what was known of it: another one of that kind is looked for.
            self.met.pages.pop(self._kind(answer.url), None)
            self.met.routes.discard(name)
            return
        headings = await self.page.locator("h1").count()
        # Signed out unasked: nothing after this would tell anything.
        assert answer.status != 401, (name, self.met)
        height = await self.page.evaluate("document.documentElement.scrollHeight")
        wider = await browsing.overflow(self.page)
        if wider > 0:
            self.met.wrong.append(f"{name}: {wider} pixels wider than its window, {answer.url}")
        if self.page.viewport_size == browsing.PHONE and height > _TALLEST:
            self.met.wrong.append(f"{name}: {height} pixels high on a phone, {answer.url}")
        if answer.status != 200 or headings != 1:
            self.met.wrong.append(f"{name}: {answer.status}, {headings} headings, {answer.url}")

    def _follow(self, links: list[tuple[str, bool]]) -> None:
        """Choose of each new kind of page the one whose object was chosen least."""
        kinds: dict[tuple[str, ...], list[str]] = {}
        for address, _ in links:
            kinds.setdefault(self._kind(address), []).append(address)
        for kind, addresses in kinds.items():
            if kind not in self.met.pages and not kind[0].endswith("/export"):
                chosen = min(addresses, key=lambda each: self._used[_object(each)])
                self._used[_object(chosen)] += 1
                self.met.pages[kind] = chosen
                ends = urlsplit(chosen).path.endswith(_ENDS)
                (self._ends if ends else self._queue).append(chosen)

    def _is_new(self, button: dict[str, Any]) -> bool:
        return self._key(button) not in self._pressed and self._can_press(button)

    def _can_press(self, button: dict[str, Any]) -> bool:
        if not self.presses or button["hidden"] or (button["form"] < 0 and not button["copies"]):
            return False
        return self._route(button["method"], button["action"]) not in LAST

    def _key(self, button: dict[str, Any]) -> tuple[str, ...]:
        here = self._route("GET", self.page.url)
        there = self._route(button["method"], button["action"]) if button["action"] else "copy"
        return here, there, button["type"], button["value"]

    async def _press(self, button: dict[str, Any]) -> None:
        self._pressed.add(self._key(button))
        pressed = self.page.locator("button").nth(button["place"])
        if button["copies"]:
            await pressed.click()
            await expect(self.page.locator("#announcer")).to_have_text("Copied.")
            return
        await self._fill(button["form"])
        if button["type"] == "reset":
            await pressed.click()
        elif button["dialog"] and self.scripted:
            await pressed.click()
            await self._decide_there(self._route(button["method"], button["action"]))
        elif urlsplit(button["action"]).path.endswith("/export"):
            async with self.page.expect_download():
                await pressed.click()
            self.met.routes.add(self._route(button["method"], button["action"]))
        else:
            await self._submit(button, pressed)

    async def _decide_there(self, name: str) -> None:
        """Send the form of the dialog that was opened; its answer stays within."""
        self.met.routes.add(name)
        pressed = self.page.locator("dialog form button")
        await expect(pressed).to_be_visible()
        await self._fill(await self.page.evaluate("document.forms.length - 1"))
        await pressed.click()
        await expect(self.page.locator("dialog h1")).to_contain_text("decided")
        self.met.routes.add(name.replace("GET", "POST"))
        await self.page.reload()

    async def _submit(self, button: dict[str, Any], pressed: Any) -> None:
        name = self._route(button["method"], button["action"])
        self.met.routes.add(name)
        async with self.page.expect_navigation() as waiting:
            await pressed.click()
        answer = await waiting.value
        self._took_away |= name.endswith("/appliances/{appliance_id}/{verb}")
        if name.endswith("/delete"):
            self._gone.add(_object(button["action"]))
        trouble = self.page.locator("#notices .trouble")
        if await trouble.count():
            self.met.refused[name] = await trouble.first.inner_text()
        elif answer.status != 200:
            self.met.wrong.append(f"{name}: {answer.status}")

    async def _fill(self, place: int) -> None:
        await self.page.evaluate(_FILL, [place, TEXTS, str(len(self._pressed))])

    def _kind(self, address: str) -> tuple[str, ...]:
        names = {name for name, value in parse_qsl(urlsplit(address).query) if value}
        return (self._route("GET", address), *sorted(names))

    def _route(self, method: str, address: str) -> str:
        scope = {"type": "http", "method": method, "path": urlsplit(address).path}
        for route in self.routes:
            if route.matches(scope)[0] is Match.FULL:
                return f"{method} {route.path}"
        return f"{method} {scope['path']}"


def _object(address: str) -> str:
    """Return the ids of an address: what stays the same whatever is asked of an object."""
    return "/".join(
        part for part in urlsplit(address).path.split("/") if any(c.isdigit() for c in part)
    )

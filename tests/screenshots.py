"""`make screenshots`: the pictures of docs/tour.md, taken of a demo that lives for some minutes.

Everything on them came about as it does in the field: no page is shown data that nobody reported.
"""

import asyncio
import contextlib
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import typer
from playwright.async_api import Browser, Page

from tests.portal import browsing

FOLDER = Path(__file__).parent.parent / "docs" / "tour"
PATIENCE_SECONDS = 600.0
_PACE = ("--incident-seconds", "1.5", "--line-seconds", "10")
_SIGN_IN = re.compile(r"^    (\S+@\S+) +(\S+)  ")
# Once all people are printed, the demo is ready.
_PEOPLE = 5

OPERATOR = "admin@demo.invalid"
OWNER = "owner@harbor-it.demo.invalid"
TECHNICIAN = "tech@harbor-it.demo.invalid"
LAKESIDE = "admin@lakeside.demo.invalid"
MAPLE = "admin@maple-street.demo.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: who looks at what. ``follow``: the link on it that is opened, by a selector."""

    name: str
    who: str
    path: str
    follow: str = ""
    phone: bool = False
    dark: bool = False


SHOTS = (
    Shot(name="sign-in", who="", path="/sign-in", phone=True),
    Shot(name="partner-learning", who=OWNER, path="/partner/learning"),
    Shot(name="partner-learning-phone", who=OWNER, path="/partner/learning", phone=True),
    Shot(name="partner-learning-dark", who=OWNER, path="/partner/learning", dark=True),
    Shot(name="partner-candidate", who=OWNER, path="/partner/learning", follow="table.rows td a"),
    Shot(name="partner-rules", who=OWNER, path="/partner/learning/rules"),
    Shot(name="partner-rule", who=OWNER, path="/partner/learning/rules", follow="table.rows td a"),
    Shot(name="partner-fleet", who=OWNER, path="/partner/fleet"),
    Shot(name="partner-site", who=OWNER, path="/partner/fleet", follow="table.rows td a"),
    Shot(
        name="partner-site-phone",
        who=OWNER,
        path="/partner/fleet",
        follow="table.rows td a",
        phone=True,
    ),
    Shot(name="partner-plans", who=OWNER, path="/partner/plans"),
    Shot(name="partner-evidence", who=OWNER, path="/partner/evidence", follow="table.rows td a"),
    Shot(name="client-healing", who=LAKESIDE, path="/client/healing"),
    Shot(name="client-healing-phone", who=LAKESIDE, path="/client/healing", phone=True),
    Shot(name="client-candidates", who=LAKESIDE, path="/client/candidates"),
    Shot(name="client-forward", who=MAPLE, path="/client/candidates", follow="td a[href$=forward]"),
    Shot(name="client-sharing", who=LAKESIDE, path="/client/shared-learning"),
    Shot(name="operator-overview", who=OPERATOR, path="/operator/overview"),
    Shot(name="operator-overview-phone", who=OPERATOR, path="/operator/overview", phone=True),
    Shot(name="operator-learning", who=OPERATOR, path="/operator/learning"),
    Shot(name="operator-unresolved", who=OPERATOR, path="/operator/unresolved"),
    Shot(name="operator-health", who=OPERATOR, path="/operator/rules/health", dark=True),
    Shot(name="operator-policy", who=OPERATOR, path="/operator/policy"),
    Shot(name="operator-runs", who=OPERATOR, path="/operator/runs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that runs, and the passwords of its people."""

    base_url: str
    passwords: dict[str, str]


async def main() -> None:
    """Take every picture anew."""
    if not browsing.CHROMIUM.exists():
        typer.echo(f"{browsing.CHROMIUM} is missing: `tests/browser.sh` as root gets it, on Debian")
        raise typer.Exit(1)
    with tempfile.TemporaryDirectory(prefix="flywheel-tour-") as folder:
        # The embedded database runs as a user of its own, who has to get there.
        Path(folder).chmod(0o755)
        async with running(Path(folder) / "data") as demo:
            typer.echo(f"a demo lives at {demo.base_url}: its pages fill for a few minutes")
            await lived(demo)
            async with browsing.chromium() as browser:
                await shoot(browser, demo, FOLDER)
    size = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    typer.echo(f"{len(SHOTS)} pictures in {FOLDER}, {size / 2**20:.1f} MiB")


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Demo]:
    """Run a demo for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "flywheel_server", "demo", *_PACE),
        env={
            "PATH": os.environ["PATH"],
            "FLYWHEEL_DATA_DIR": str(folder),
            "FLYWHEEL_PORT": str(port),
            "FLYWHEEL_LOOP_INTERVAL": "2",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    passwords: dict[str, str] = {}
    assert process.stdout is not None
    output = process.stdout
    try:
        while len(passwords) < _PEOPLE and (line := await output.readline()):
            if found := _SIGN_IN.match(line.decode()):
                passwords[found[1]] = found[2]
        if len(passwords) < _PEOPLE:
            typer.echo("the demo ended before it was ready: `make demo` shows why")
            raise typer.Exit(1)
        # What nobody reads would hold it up.
        reading = asyncio.create_task(output.read())
        yield Demo(base_url=f"http://127.0.0.1:{port}", passwords=passwords)
        reading.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def lived(demo: Demo) -> None:
    """Wait until there is something on every page; people decide on some of it meanwhile."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        _person(demo, MAPLE) as maple,
        _person(demo, TECHNICIAN) as technician,
    ):
        offered = "/api/client/promotion-candidates?status=eligible"
        learning = "/api/partners/me/learning/candidates?status=eligible"
        plans = "/api/partners/me/plans?status=waiting"
        await _some(maple, offered, 2)
        await _decide(maple, offered, "forward", "It comes daily.")
        typer.echo("  a client forwarded its first candidate")
        await _some(technician, learning, 6)
        for place in ("Riverbend", "Old mill"):
            await _decide(technician, learning, "approve", "Seen it work.", place)
        typer.echo("  the partner approved two candidates")
        await _some(technician, plans, 3)
        await _decide(technician, plans, "approve", "Go on.")
        typer.echo("  the partner approved a plan")
        # Rules travel, match and heal.
        await asyncio.sleep(45)


async def shoot(browser: Browser, demo: Demo, folder: Path) -> None:
    """Take the pictures, person by person."""
    folder.mkdir(exist_ok=True)
    for who in dict.fromkeys(shot.who for shot in SHOTS):
        context = await browser.new_context(
            base_url=demo.base_url,
            timezone_id="America/New_York",
            locale="en-GB",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        if who:
            await page.goto("/sign-in")
            await page.fill("input[name=email]", who)
            await page.fill("input[name=password]", demo.passwords[who])
            await page.click("form button.primary")
        for shot in (shot for shot in SHOTS if shot.who == who):
            await _take(page, shot, folder)
            typer.echo(f"  {shot.name}")
        await context.close()


async def _take(page: Page, shot: Shot, folder: Path) -> None:
    size: Any = browsing.PHONE if shot.phone else browsing.DESKTOP
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme="dark" if shot.dark else "light")
    answer = await page.goto(shot.path)
    if shot.follow:
        link = await page.locator(shot.follow).first.get_attribute("href")
        assert link is not None, shot.name
        answer = await page.goto(link)
    assert answer is not None, shot.name
    assert answer.ok, shot.name
    await page.screenshot(path=folder / f"{shot.name}.png")


@contextlib.asynccontextmanager
async def _person(demo: Demo, email: str) -> AsyncIterator[httpx.AsyncClient]:
    """Sign somebody in to the API."""
    async with httpx.AsyncClient(base_url=demo.base_url, timeout=30) as client:
        given = {"email": email, "password": demo.passwords[email]}
        answer = await client.post("/api/auth/sign-in", json=given)
        client.headers["X-CSRF-Token"] = answer.raise_for_status().json()["csrf_token"]
        yield client


async def _some(client: httpx.AsyncClient, path: str, least: int) -> None:
    """Wait until a list has some items."""
    while len((await client.get(path)).raise_for_status().json()["items"]) < least:
        await asyncio.sleep(2)


async def _decide(
    client: httpx.AsyncClient, path: str, what: str, notes: str, place: str = ""
) -> None:
    """Decide on the first item of a list, or on the first of a site, once there is one."""
    chosen: list[dict[str, Any]] = []
    while not chosen:
        items = (await client.get(path)).raise_for_status().json()["items"]
        chosen = [item for item in items if place in item["site"]["name"]]
        await asyncio.sleep(1)
    deed = f"{path.partition('?')[0]}/{chosen[0]['id']}/{what}"
    (await client.post(deed, json={"notes": notes})).raise_for_status()


if __name__ == "__main__":
    asyncio.run(main())

"""How much time is left, as pages write it: a deadline is never promised longer than it is."""

import datetime as dt
import re
from pathlib import Path

import pytest

import flywheel_server
from flywheel_server.accounts.model import audit_words
from flywheel_server.web.pages import refusals, words
from flywheel_server.webhooks import pages as webhooks
from flywheel_server.webhooks.model import events

NOON = dt.datetime(2026, 2, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (3 * 3600 + 12 * 60 + 59, "3 h 12 min"),
        (3600, "1 h 0 min"),
        (3599, "59 min"),
        (60, "1 min"),
        (59, "under a minute"),
        (0, "no time"),
        (-5, "no time"),
        (26 * 3600, "1 d 2 h"),
    ],
)
def test_time_left_is_written_in_two_parts_and_rounded_down(seconds: int, written: str) -> None:
    assert words.left(NOON + dt.timedelta(seconds=seconds), NOON) == written


def test_an_age_is_written_alike() -> None:
    assert words.age(NOON - dt.timedelta(hours=50), NOON) == "2 d 2 h"


@pytest.mark.parametrize(
    ("user_agent", "written"),
    [
        (
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36"
            ),
            "Chrome on Linux",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        ("Firefox/140.0", "Firefox"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", "unknown"),
    ],
)
def test_a_browser_is_told_by_its_name_and_system(user_agent: str, written: str) -> None:
    assert words.browser(user_agent) == written


def test_a_share_never_parts_from_its_sign() -> None:
    assert words.rate(46, 50) == "46 of 50 (92\N{NO-BREAK SPACE}%)"


def test_every_entry_of_the_audit_has_a_sentence_and_every_event_its_words() -> None:
    named = re.compile(
        r'^\s+(?:"([a-z_]+\.[a-z_0-9-]+)"|.*"([a-z_]+\.[a-z_-]+)" else "([a-z_.-]+)"),$'
    )
    found = set()
    for file in Path(flywheel_server.__file__).parent.glob("*/actions/*.py"):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            # What is recorded stands within a few lines of the call.
            if any(re.search(r"\b_?record\(", each) for each in lines[max(0, number - 4) : number]):
                match = named.match(line)
                found |= {each for each in match.groups() if each} if match else set()
    assert len(found) > 20, found
    assert found - set(audit_words.ACTIONS) == set()
    assert set(events.KINDS) - set(webhooks.SAID) == set()
    assert (
        refusals.told(
            "Approve it there, or by POST /api/sites/x/keys/y/approve; if not, refuse it."
        )
        == "Approve it there; if not, refuse it."
    )
    assert words.size(2 * 2**30) == "2 GiB"
    assert words.size(144_932) == "142 KiB"


def test_green_is_for_what_is_good_alone() -> None:
    """Broken by a state of things that are only said, waiting or over with the class ``good``."""
    good = re.compile(r'badge\("([^"]*)"[^,()]*, "good"\)|"([a-z_ ]+)": "good"')
    folder = Path(flywheel_server.__file__).parent
    found = {
        next(filter(None, match.groups()))
        for file in folder.rglob("*.html")
        for match in good.finditer(file.read_text(encoding="utf-8"))
    }
    assert found == {
        "active",
        "anchored",
        "applied",
        "approved",
        "delivered",
        "done",
        "enabled",
        "may sign in",
        "on",
        "success",
        "up to date",
        "valid",
        "verified",
        "whole",
        "whole up to ",
    }

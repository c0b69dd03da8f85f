"""How values are written on pages: times, rates, counts, long ids. Filters of every template.

No attempts are "no data", never a percentage; a time without a reader's browser is UTC and says so.
"""

import datetime as dt
import json
from collections.abc import Mapping

_LONGEST_ID = 18
_HEAD, _TAIL = 8, 5
_UNIT = 1024
_THREE_DIGITS = 1000
_SOURCES = {
    "builtin": "built into agents",
    "synced": "of the catalogue",
    "promoted": "learnt at one site",
    "platform": "learnt of many",
    "custom": "written by an operator",
}
# The first that fits: most browsers name others beside themselves.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_GATES = {
    "success_rate": "success",
    "successes": "L2 successes",
    "no_look_alike": "like no other type",
    "no_other_built_in": "not healed otherwise",
    "unproven_share": "not attempted",
    "organization_min_incidents": "organizations with several incidents",
    "count_incidents": "incidents",
    "platform_min_partners": "partners",
    "platform_max_age_days": "age",
    "max_unproven_share": "not attempted",
}


def utc(moment: dt.datetime) -> str:
    """Return a time for people, to the minute, as UTC."""
    return f"{moment.astimezone(dt.UTC):%d %b %Y, %H:%M} UTC"


def exact_utc(moment: dt.datetime) -> str:
    """Return a time to the second, as UTC."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(moment: dt.datetime) -> str:
    """Return a time for machines."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def left(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long it is until a moment: 3 h 12 min."""
    minutes = int((moment - now).total_seconds() // 60)
    if minutes < 1:
        return "under a minute" if moment > now else "no time"
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def age(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago a moment was, as ``left`` says it."""
    return left(now, moment)


def rate(successes: int, attempts: int) -> str:
    """Return counts with their share: 46 of 50 (92 %)."""
    if not attempts:
        return "no data"
    return f"{successes:,} of {attempts:,} ({percent(successes, attempts)})"


def percent(part: int, whole: int) -> str:
    """Return a share as a percentage; only all is 100 %, and only none is 0 %."""
    if not whole:
        return "no data"
    if part in {0, whole}:
        return "100\N{NO-BREAK SPACE}%" if part else "0\N{NO-BREAK SPACE}%"
    return f"{min(99, max(1, round(100 * part / whole)))}\N{NO-BREAK SPACE}%"


def shortened(text: str) -> str:
    """Return a long id by its ends."""
    if len(text) <= _LONGEST_ID:
        return text
    return f"{text[:_HEAD]}…{text[-_TAIL:]}"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def browser(user_agent: str) -> str:
    """Return which browser on which system calls itself so, as far as either is known."""
    name = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((system for sign, system in _SYSTEMS if sign in user_agent), "")
    if not name:
        return user_agent or "unknown"
    return f"{name} on {system}" if system else name


def source(name: str) -> str:
    """Return where a rule comes from in words."""
    return _SOURCES.get(name, name)


def gate(name: str) -> str:
    """Return a gate's name in words."""
    return _GATES.get(name, name.replace("_", " "))


def spaced(name: str) -> str:
    """Return a name made for machines in words."""
    return name.replace("_", " ")


def size(count: int) -> str:
    """Return a number of bytes for people: 141 KiB."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < _UNIT or unit == "GiB":
            break
        amount /= _UNIT
    return f"{amount:.3g} {unit}" if amount < _THREE_DIGITS else f"{amount:,.0f} {unit}"


def pretty(value: object) -> str:
    """Return a JSON value over several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)


FILTERS: Mapping[str, object] = {
    "utc": utc,
    "exact_utc": exact_utc,
    "iso": iso,
    "left": left,
    "age": age,
    "percent": percent,
    "shortened": shortened,
    "plural": plural,
    "browser": browser,
    "pretty": pretty,
    "size": size,
    "gate": gate,
    "source": source,
    "spaced": spaced,
}

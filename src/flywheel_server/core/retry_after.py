"""How long a server asks its callers to wait, from the header ``Retry-After``."""

import datetime as dt
import re

_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?")
# What RFC 9110 has senders write, and the two forms that receivers have to read as well.
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def seconds(value: str | None, sent_at: str | None, now: dt.datetime) -> float | None:
    """Return the seconds to wait, never negative; None without a readable header.

    ``value`` is seconds or a date. A date is held against ``sent_at``, the answer's ``Date``, where
    there is one: what counts is the other server's clock. Callers bound the result.
    """
    given = (value or "").strip()
    if _SECONDS.fullmatch(given):
        return float(given)
    until = _moment(given)
    if until is None:
        return None
    return max(0.0, (until - (_moment((sent_at or "").strip()) or now)).total_seconds())


def _moment(text: str) -> dt.datetime | None:
    for form in _DATES:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
        except ValueError:
            continue
    return None

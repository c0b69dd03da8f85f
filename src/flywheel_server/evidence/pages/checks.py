"""The checks of a bundle, read from its signed text: what somebody sees is what was signed.

The text is an agent's: whatever it holds is shown as text that is not endless.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flywheel_server.evidence.model import evidence
from flywheel_server.fleet.model import checks

_LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a bundle, as its signed text says it."""

    place: int
    kind: str
    status: str
    check: str
    hostname: str
    expected: str
    actual: str
    control: str


def read(signed_data: str) -> list[Check]:
    """Return the checks of a bundle, in their order."""
    content = evidence.parse(signed_data)
    given = content.get("checks") if isinstance(content, dict) else None
    return [
        _check(place, each)
        for place, each in enumerate(given if isinstance(given, list) else (), start=1)
        if isinstance(each, dict)
    ]


def fits(check: Check, status: str, text: str) -> bool:
    """Say whether a check has this status and these words; an empty one leaves all."""
    words = f"{check.check}\n{check.hostname}\n{check.control}".lower()
    return (not status or check.status == status) and text.strip().lower() in words


def _check(place: int, given: Mapping[str, Any]) -> Check:
    status = _value(given.get("status"))
    return Check(
        place=place,
        kind=checks.kind(status),
        status=status,
        check=_value(given.get("check")),
        hostname=_value(given.get("hostname")),
        expected=_value(given.get("expected")),
        actual=_value(given.get("actual")),
        control=_value(given.get("hipaa_control")),
    )


def _value(value: object) -> str:
    """Return whatever an agent wrote as a text that is not endless."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"

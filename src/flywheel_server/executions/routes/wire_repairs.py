"""Reads executions again that the compiled decoder rejects, and cleans what may be cleaned.

Free text, JSON values, numbers and times are repaired field by field, so that one lone surrogate or
NaN costs nothing else. Keys, ids and what an outcome depends on stay as they were sent, for the
decoder to judge. The same bytes always give the same repaired bytes: a repeat stays one.
"""

import json
import math
import re
from typing import Any

import msgspec

from flywheel_server.core import errors, free_text, moments
from flywheel_server.web import json_bodies

# A batch of a thousand rich executions has fewer; clean ones are not counted.
MOST_MEMBERS = 250_000
# How much of each is kept.
FREE_TEXTS = {
    "error_message": free_text.MOST_BYTES,
    "error": free_text.MOST_BYTES,
    "reasoning": free_text.MOST_BYTES,
    "action": free_text.MOST_BYTES,
    "status": free_text.MOST_BYTES,
    "error_category": 200,
    "platform": 50,
}
JSON_VALUES = ("state_before", "state_after", "state_diff", "executed_steps")
# Whole numbers, and the largest.
MOST_COUNT, MOST_NUMBER = 2**53, 1e12
_COUNTS = frozenset({"input_tokens", "output_tokens"})
_NUMBERS = frozenset({"duration_seconds", "duration_ms", "confidence", "cost_usd"})
_TIMES = frozenset({"started_at", "completed_at"})
# One that is not itself escaped.
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# Read by the decoder; every other field of an execution is ignored.
_STRICT = frozenset(
    {
        "execution_id", "site_id", "incident_id", "appliance_id", "runbook_id", "hostname",
        "incident_type", "check_type", "success", "verification_passed", "resolution_level",
        "level", "chaos_campaign_id",
    }
)  # fmt: skip


class Repairs:
    """What a body may cost beyond being decoded: its members are counted once, when needed."""

    __slots__ = ("_body", "_counted")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._counted = False

    def execution(self, source: bytes) -> bytes:
        """Return an execution without what cannot be kept. Raises InvalidInput and TooLarge."""
        self.count()
        try:
            found = json_bodies.fields(source)
        except (json.JSONDecodeError, UnicodeError) as error:
            raise errors.InvalidInput(
                "The execution cannot be read: it is not a JSON object."
            ) from error
        repaired = {name: _field(name, value) for name, value in found.items()}
        return msgspec.json.encode({name: value for name, value in repaired.items() if value})

    def count(self) -> None:
        """Raise TooLarge if the body has too many members to be read with care."""
        if not self._counted:
            json_bodies.check_members(self._body, MOST_MEMBERS)
            self._counted = True


def envelope(body: bytes) -> dict[str, bytes]:
    """Return the source of each field of a body. Raises Malformed and InvalidInput."""
    try:
        if not body.lstrip().startswith(b"{"):
            # Tells what is not JSON from what is another value.
            json_bodies.read_unsound(body)
            raise errors.InvalidInput("Send a JSON object.")
        return json_bodies.fields(body)
    except json.JSONDecodeError as error:
        raise errors.Malformed(f"The body is not a JSON object of text ({error}).") from error


def items(source: bytes) -> list[bytes]:
    """Return the source of each item of the array of a batch. Raises InvalidInput."""
    try:
        return json_bodies.parts(source, b"[")
    except json.JSONDecodeError as error:
        raise errors.InvalidInput("`executions` is an array.") from error


def moment(source: bytes) -> Any:
    """Return a time, or None for one that cannot be read."""
    try:
        found = json_bodies.read_unsound(source)
        return moments.parse(found) if isinstance(found, str) else None
    except ValueError:
        return None


def text(name: str, source: bytes) -> str | None:
    """Return a key, which is a sound text or null. Raises InvalidInput."""
    found = _value(source)
    if found is not None and not isinstance(found, str):
        raise errors.InvalidInput(f"`{name}` is a text: correct it and send it again.")
    _check_key(name, found)
    return found


def is_sound(source: bytes, *, without_nul: bool) -> bool:
    """Say whether a JSON value can be kept as it was sent; ``without_nul``: it holds none."""
    if len(source) > free_text.MOST_BYTES or (not without_nul and _NUL_ESCAPE.search(source)):
        return False
    try:
        msgspec.json.decode(source)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def json_value(source: bytes) -> msgspec.Raw:
    """Return a JSON value cleaned and cut, also one that cannot be read: as a text then."""
    return msgspec.Raw(free_text.bounded_json(_value(source)).encode())


def _field(name: str, source: bytes) -> msgspec.Raw | None:
    if name in JSON_VALUES:
        return json_value(source)
    value: Any = None
    if name in FREE_TEXTS:
        value = free_text.from_any(_value(source))
        value = None if value is None else free_text.clean(value, FREE_TEXTS[name])
    elif name in _COUNTS or name in _NUMBERS:
        value = _number(source, whole=name in _COUNTS)
    elif name in _TIMES:
        value = moment(source)
    elif name in _STRICT:
        value = _value(source)
        _check_key(name, value)
    return None if value is None else msgspec.Raw(msgspec.json.encode(value))


def _value(source: bytes) -> Any:
    """Return a value; one that cannot be read is its own text."""
    try:
        return json_bodies.read_unsound(source)
    except ValueError:
        return source.decode("utf-8", "replace")


def _number(source: bytes, *, whole: bool) -> Any:
    """Return a number within its bounds, None for one beyond; anything else as it is."""
    value = _value(source)
    if isinstance(value, str) and not source.startswith(b'"'):
        # An integer of too many digits.
        return None
    if isinstance(value, float) and whole and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    most = MOST_COUNT if whole else MOST_NUMBER
    return value if math.isfinite(value) and 0 <= value <= most else None


def _check_key(name: str, value: Any) -> None:
    if isinstance(value, str) and not free_text.fit(value):
        raise errors.InvalidInput(
            f"`{name}` holds a NUL character or a lone surrogate, which no id may hold: remove it."
        )

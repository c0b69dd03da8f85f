"""Free text from appliances is cleaned and cut, never rejected; keys and ids do not pass here.

What comes out fits text and jsonb columns: no NUL, no lone surrogate, no NaN, nothing endless.
Every function is linear in its input and gives the same result for the same input, so a body sent
again stays a repeat.
"""

import json
import math
import re
from typing import Any

MOST_BYTES = 64 * 1024
DEEPEST = 64
# Takes the place of each character that no text column can hold.
REPLACEMENT = "\ufffd"
# Ends a text that was cut.
MARK = " [cut]"
TOO_DEEP = "[cut: nested too deeply]"
# The fields of what stands for a JSON value that was cut, and for one that is not an object.
CUT_FIELD, VALUE_FIELD = "cut", "value"

_BIGINT = 2**63
_UNFIT = re.compile("[\x00\ud800-\udfff]")
# No character takes more bytes than this in UTF-8.
_MOST_BYTES_PER_CHARACTER = 4


def fit(text: str) -> bool:
    """Say whether a text column can hold this text as it is, whatever its length."""
    return (text.isascii() and "\x00" not in text) or _UNFIT.search(text) is None


def clean(text: str, most_bytes: int = MOST_BYTES) -> str:
    """Return the text with unfit characters replaced, cut with a mark when it is too long."""
    if not fit(text):
        text = _UNFIT.sub(REPLACEMENT, text)
    if len(text) * _MOST_BYTES_PER_CHARACTER <= most_bytes:
        return text
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    return encoded[: most_bytes - len(MARK)].decode("utf-8", "ignore") + MARK


def shorten(text: str, most_characters: int) -> str:
    """Return the text cleaned and cut with a mark after so many characters."""
    text = clean(text, most_characters * _MOST_BYTES_PER_CHARACTER)
    if len(text) <= most_characters:
        return text
    return text[: most_characters - len(MARK)] + MARK


def from_any(value: Any) -> Any:
    """Return what was given for a text: a text as it is, null as null, another value as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(clean_json(value), ensure_ascii=False)


def clean_json(value: Any, depth: int = 0) -> Any:
    """Return a JSON value that jsonb can hold: NaN becomes null, what is too deep is cut."""
    if isinstance(value, (dict, list)):
        return _clean_members(value, depth) if depth < DEEPEST else TOO_DEEP
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not -_BIGINT <= value < _BIGINT:
        return _digits(value)
    return value


def _clean_members(value: dict[str, Any] | list[Any], depth: int) -> Any:
    if isinstance(value, dict):
        return {clean(key): clean_json(inner, depth + 1) for key, inner in value.items()}
    return [clean_json(inner, depth + 1) for inner in value]


def json_object(value: Any) -> dict[str, Any]:
    """Return a clean JSON object; any other value becomes the one field of an object."""
    cleaned = clean_json(value)
    return cleaned if isinstance(cleaned, dict) else {VALUE_FIELD: cleaned}


def bounded_json(value: Any, most_bytes: int = MOST_BYTES) -> str:
    """Return a clean JSON value as text; one that is too long becomes its marked beginning."""
    text = json.dumps(clean_json(value), ensure_ascii=False)
    if len(text.encode()) <= most_bytes:
        return text
    # Escaping the beginning doubles it at most.
    return json.dumps({CUT_FIELD: clean(text, most_bytes // 3)}, ensure_ascii=False)


def _digits(number: int) -> str:
    """Return a large number as text. Python refuses to print thousands of digits."""
    try:
        return str(number)
    except ValueError:
        return hex(number)[:MOST_BYTES]

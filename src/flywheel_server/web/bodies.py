"""Types for the fields of request bodies: bounded, and fit for text, bigint and jsonb columns.

Use these instead of ``str``, ``int`` and ``dict``: whatever passes them, PostgreSQL can store.
Keys and ids, and what people send, are strict; ``Free…`` fields of appliances are cleaned and cut.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from flywheel_server.core import free_text, moments

MOST_TEXT_BYTES = free_text.MOST_BYTES
MOST_NAME = 200
_BIGINT = 2**63
_DEEPEST = 64
_MOST_PROBLEMS = 3
_MOST_NAMES = 200
_MOST_NUMBER = 1e15


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL byte: remove it")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError("holds a lone surrogate: remove it") from error
    if size > MOST_TEXT_BYTES:
        raise ValueError(f"is over {MOST_TEXT_BYTES // 1024} KiB: shorten it")
    return text


def storable_json(value: Any) -> Any:
    """Return a JSON value that jsonb can hold as it is. Raises ValueError."""
    for depth, part in _parts(value):
        if depth > _DEEPEST:
            raise ValueError(f"is nested over {_DEEPEST} levels deep: flatten it")
        if isinstance(part, str):
            _storable(part)
        elif isinstance(part, int) and not -_BIGINT <= part < _BIGINT:
            raise ValueError("holds an integer beyond 64 bits: send it as text")
        elif isinstance(part, float) and not -float("inf") < part < float("inf"):
            raise ValueError("holds a number that JSON does not know: send null")
    return value


def _parts(value: Any) -> Iterator[tuple[int, Any]]:
    """Give every value and key with its depth, by a stack of our own: they choose the depth."""
    stack = [(0, value)]
    while stack:
        depth, part = stack.pop()
        yield depth, part
        if depth > _DEEPEST:
            continue
        if isinstance(part, dict):
            stack.extend((depth + 1, key) for key in part)
            stack.extend((depth + 1, inner) for inner in part.values())
        elif isinstance(part, list):
            stack.extend((depth + 1, inner) for inner in part)


def _whole(value: Any) -> Any:
    """Read 3.0 as 3, as encoders without integers write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: Any) -> Any:
    return moments.parse(value) if isinstance(value, str) else value


def _free_text(value: Any) -> Any:
    text = free_text.from_any(value)
    return text if text is None else free_text.clean(text)


def _free_name(value: Any) -> Any:
    text = free_text.from_any(value)
    return text if text is None else free_text.shorten(text, MOST_NAME)


def _free_names(value: Any) -> Any:
    if value is None:
        return None
    given = value if isinstance(value, list) else [value]
    return [_free_name(item) for item in given[:_MOST_NAMES] if item is not None]


def _free_object(value: Any) -> Any:
    return None if value is None else free_text.json_object(value)


def _free_moment(value: Any) -> Any:
    try:
        return moments.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _free_number(value: Any) -> Any:
    return value if _is_number(value) and 0 <= value <= _MOST_NUMBER else None


def _free_count(value: Any) -> Any:
    return _whole(value) if _is_number(value) and 0 <= value < _BIGINT else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[str, Field(max_length=MOST_NAME), AfterValidator(_storable)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, lt=_BIGINT)]
Milliseconds = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
Moment = Annotated[dt.datetime | None, BeforeValidator(_moment)]
JsonObject = Annotated[dict[str, Any], AfterValidator(storable_json)]
# What nothing is computed with: see core/free_text.py.
FreeText = Annotated[str, BeforeValidator(_free_text)]
FreeName = Annotated[str, BeforeValidator(_free_name)]
FreeNames = Annotated[list[str], BeforeValidator(_free_names)]
FreeObject = Annotated[dict[str, Any], BeforeValidator(_free_object)]
# None for what cannot be read or is out of bounds.
FreeMoment = Annotated[dt.datetime | None, BeforeValidator(_free_moment)]
FreeNumber = Annotated[float | None, BeforeValidator(_free_number)]
FreeCount = Annotated[int | None, BeforeValidator(_free_count)]


class Body(BaseModel):
    """What an agent sends: types are strict, unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def problems(error: ValidationError) -> str:
    """Say in one line what is wrong with an item of a batch."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'the item'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]
    )

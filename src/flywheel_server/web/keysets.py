"""Keyset pages: every list answers ``{items, next}``; ``next`` goes back as ``?next=`` for more.

A cursor holds the sort key of the last item, so a page costs the same wherever it lies and rows
added meanwhile neither repeat nor hide another. Ask the store for ``page.limit + 1`` rows.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Query
from pydantic import BaseModel, Field

from flywheel_server.core import errors

Key = UUID | str | int | float | dt.datetime
Item = TypeVar("Item")
Row = TypeVar("Row")
Kind = TypeVar("Kind", UUID, str, int, dt.datetime)

_DEFAULT = 50
_MOST = 200
_LONGEST_CURSOR = 2_000


class Listing(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="The page's items, in the list's order.")
    next: str | None = Field(
        description="Send it as `?next=` for the following page; null on the last one.",
        examples=["WyIwMTkzNGYzYS03YzFlLTdjM2EtOWMyZC0zZjFhNWI3YzlkMWUiXQ"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which page is asked for."""

    limit: int
    cursor: str | None

    def after(self, kind: type[Kind]) -> Kind | None:
        """Return where the page starts, for a list sorted by one column, or None for the first."""
        found = self.after_all(kind)
        return None if found is None else found[0]  # type: ignore[return-value]

    def after_all(self, *kinds: type[Key]) -> tuple[Key, ...] | None:
        """Return where the page starts, a value for each column that the list is sorted by.

        Raises InvalidInput for a cursor that no list of this kind gave out.
        """
        if self.cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(self.cursor.encode("ascii") + b"==")
            found: tuple[Key, ...] = msgspec.json.decode(text, type=tuple[kinds])  # type: ignore[valid-type]
        except (binascii.Error, UnicodeError, ValueError) as error:
            raise errors.InvalidInput(_DAMAGED) from error
        if not all(_storable(value) for value in found):
            raise errors.InvalidInput(_DAMAGED)
        return found


_DAMAGED = (
    "`next` is damaged or of another list: send exactly what a page of this list gave, or nothing."
)


def _storable(value: Key) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    return not isinstance(value, int) or abs(value) < 2**63


def _page(
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Most items a page has.")] = _DEFAULT,
    next: Annotated[
        str | None, Query(max_length=_LONGEST_CURSOR, description="`next` of the page before.")
    ] = None,
    # Names other tools expect: ignoring them would send a reader round the first page for ever.
    after: Annotated[str | None, Query(max_length=_LONGEST_CURSOR, include_in_schema=False)] = None,
    cursor: Annotated[
        str | None, Query(max_length=_LONGEST_CURSOR, include_in_schema=False)
    ] = None,
) -> Page:
    given = [value for value in (next, after, cursor) if value is not None]
    return Page(limit=limit, cursor=given[0] if given else None)


PageDep = Annotated[Page, Depends(_page)]


def listing(
    rows: Sequence[Row],
    page: Page,
    key: Callable[[Row], Sequence[Key]],
    view: Callable[[Row], Item],
) -> Listing[Item]:
    """Return the page of ``rows``, of which the store was asked for one more than fits.

    ``key`` gives the values a row is sorted by, ``view`` what is shown of it.
    """
    shown = rows[: page.limit]
    last = key(shown[-1]) if len(rows) > page.limit else None
    return Listing(items=[view(row) for row in shown], next=last and _cursor(last))


def _cursor(key: Sequence[Key]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).rstrip(b"=").decode()

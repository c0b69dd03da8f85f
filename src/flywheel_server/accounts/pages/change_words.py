"""Entries of the audit in plain words: what was done, and each value before and after.

An action that has no words here is shown by its own name, never left out.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flywheel_server.accounts.model.audit_words import ACTIONS
from flywheel_server.web.pages import words

_LABELS = {
    "contributes": "takes part in shared learning",
    "healing_tier": "coverage",
    "l2_mode": "without a rule",
}
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of what was changed, before and after; None: there was none."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry in words."""

    what: str
    whose: str
    # At which site or of whom, by name; empty where that is plain.
    where: str
    values: tuple[Value, ...]


class Entry(Protocol):
    """What any view of an entry has."""

    id: int
    at: dt.datetime
    action: str
    actor_kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


_Entry = TypeVar("_Entry", bound=Entry)


def by_day(
    entries: Iterable[_Entry], actors: Mapping[str, str], where: Callable[[_Entry], str]
) -> list[tuple[dt.date, list[tuple[_Entry, Told]]]]:
    """Return entries with their words, the days (UTC) as the entries come."""
    days: dict[dt.date, list[tuple[_Entry, Told]]] = {}
    for entry in entries:
        day = days.setdefault(entry.at.astimezone(dt.UTC).date(), [])
        day.append((entry, told(entry, actors, where(entry))))
    return list(days.items())


def told(entry: Entry, actors: Mapping[str, str], where: str = "") -> Told:
    """Return an entry in words, with the values that it changed, or all of a new object.

    ``actors`` says what each kind of actors is to whoever reads it.
    """
    before, after = entry.before or {}, entry.after or {}
    names = [*after, *(name for name in before if name not in after)]
    return Told(
        what=ACTIONS.get(entry.action, words.spaced(entry.action.replace(".", ": "))),
        whose=actors.get(entry.actor_kind, entry.actor_kind),
        where=where,
        values=tuple(
            Value(
                label=_LABELS.get(name, words.spaced(name)),
                before=_written(before[name]) if name in before else None,
                after=_written(after[name]) if name in after else None,
            )
            for name in names
            if before.get(name) != after.get(name)
        ),
    )


def _written(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "nothing"
    text = value if isinstance(value, str) else words.pretty(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

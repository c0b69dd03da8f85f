"""Which known ids an unknown one is most like: what a person would try first.

Ids that share pieces with it are compared letter by letter; all others are never looked at.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping

_MOST_COMPARED = 60
_LEAST_ALIKE = 0.35
_PIECE = 3


class Known:
    """The known ids, by their pieces; made once for a whole list of unknown ones."""

    def __init__(self, ids: Mapping[str, bool]) -> None:
        """Take every known id, and whether it is a rule's."""
        self._ids = ids
        self._by_piece: dict[str, list[str]] = {}
        for id in ids:
            for piece in _pieces(id):
                self._by_piece.setdefault(piece, []).append(id)

    def closest(self, unknown: str, most: int, *, rules: bool | None = None) -> list[str]:
        """Return the known ids most like ``unknown``, the most alike first.

        ``rules`` asks for rules' ids alone, or for none of them.
        """
        shared: Counter[str] = Counter()
        for piece in _pieces(unknown):
            shared.update(self._by_piece.get(piece, ()))
        found = []
        for id, _ in shared.most_common(_MOST_COMPARED):
            alike = _alike(_plain(unknown), _plain(id))
            if alike >= _LEAST_ALIKE and id != unknown and rules in {None, self._ids[id]}:
                found.append((-alike, id))
        return [id for _, id in sorted(found)[:most]]

    def is_rule(self, id: str) -> bool:
        """Say whether a known id is a rule's."""
        return self._ids[id]


def _alike(one: str, other: str) -> float:
    """Return 0 to 1: half for the same letters in the same order, half for the same words."""
    words, others = set(one.split()), set(other.split())
    same = 2 * len(words & others) / max(len(words) + len(others), 1)
    return (difflib.SequenceMatcher(None, one, other).ratio() + same) / 2


def _plain(id: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", id.lower()).strip()


def _pieces(id: str) -> set[str]:
    plain = _plain(id)
    return {plain[place : place + _PIECE] for place in range(max(len(plain) - _PIECE + 1, 1))}

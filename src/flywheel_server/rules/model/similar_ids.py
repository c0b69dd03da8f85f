"""Which known ids an unknown one is most like: what a person would try first.

Ids that share pieces with it are compared by letters and by words; all others are never looked at.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping

_MOST_COMPARED = 30
_LEAST_ALIKE = 0.35
_PIECE = 3


class Known:
    """The known ids, by their pieces; made once for a whole list of unknown ones."""

    def __init__(self, ids: Mapping[str, bool]) -> None:
        """Take every known id, and whether it is a rule's."""
        self._ids = ids
        self._plain = {id: _plain(id) for id in ids}
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
        plain = _plain(unknown)
        # It keeps what it has learnt of its second text.
        matcher = difflib.SequenceMatcher(None, "", plain)
        found = []
        for id, _ in shared.most_common(_MOST_COMPARED):
            matcher.set_seq1(self._plain[id])
            alike = (matcher.ratio() + _same_words(self._plain[id], plain)) / 2
            if alike >= _LEAST_ALIKE and id != unknown and rules in {None, self._ids[id]}:
                found.append((-alike, id))
        return [id for _, id in sorted(found)[:most]]

    def is_rule(self, id: str) -> bool:
        """Say whether a known id is a rule's."""
        return self._ids[id]


def _same_words(one: str, other: str) -> float:
    """Return which share of the words of two ids is in both."""
    words, others = set(one.split()), set(other.split())
    return 2 * len(words & others) / max(len(words) + len(others), 1)


def _plain(id: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", id.lower()).strip()


def _pieces(id: str) -> set[str]:
    plain = _plain(id)
    return {plain[place : place + _PIECE] for place in range(max(len(plain) - _PIECE + 1, 1))}

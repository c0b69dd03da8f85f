"""Conditional requests: whether the client already holds what it asks for."""

from collections.abc import Iterable

# The tag alone says whether a copy is current; it holds one site's rules, so nobody shares it.
CACHE_CONTROL = "private, no-cache"


def matches(etag: str, given: Iterable[str]) -> bool:
    """Say whether one of the ``If-None-Match`` headers names ``etag``, weakly or strongly."""
    return any(
        candidate in {"*", etag}
        for header in given
        for candidate in (part.strip().removeprefix("W/") for part in header.split(","))
    )

"""Conditional requests: whether the client already holds what it asks for."""

import re
from collections.abc import Iterable

# The tag alone says whether a copy is current; it holds one site's rules, so nobody shares it.
CACHE_CONTROL = "private, no-cache"

# What servers in between add when they compress: Apache `"tag-gzip"` and, in some releases,
# `"tag"-gzip`, others `;` or two hyphens; nginx makes the tag weak.
_COMPRESSED = re.compile(r'(?:--?|;)(?:gzip|br|zstd|deflate)("?)$')


def matches(etag: str, given: Iterable[str]) -> bool:
    """Say whether one of the ``If-None-Match`` headers names ``etag``, weakly or strongly.

    A tag that a server in between changed because it compressed the answer names it, too.
    """
    return any(
        candidate in {"*", etag} or _COMPRESSED.sub(r"\1", candidate) == etag
        for header in given
        for candidate in (part.strip().removeprefix("W/") for part in header.split(","))
    )

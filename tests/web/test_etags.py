"""What a server in between made of a tag still names it."""

import pytest

from flywheel_server.web import etags


@pytest.mark.parametrize(
    "given",
    [
        '"tag"',
        'W/"tag"',
        '"tag-gzip"',
        '"tag"-gzip',
        'W/"tag-gzip"',
        '"tag-br"',
        '"tag--gzip"',
        '"tag;gzip"',
        '"tag-zstd"',
        '"other", W/"tag-br"',
        "*",
    ],
)
def test_a_tag_is_known_again(given: str) -> None:
    assert etags.matches('"tag"', [given])


@pytest.mark.parametrize("given", ["", '"other"', '"tag-other"', '"tag-gzip-x"', '"tagg"', "tag"])
def test_another_tag_is_another(given: str) -> None:
    assert not etags.matches('"tag"', [given])

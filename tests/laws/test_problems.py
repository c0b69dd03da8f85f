"""Every error that a client can get is documented: its code, status, meaning, and what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flywheel_server.app import create_app
from flywheel_server.core import errors
from flywheel_server.web import problems

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"


# Errors may stand beside what raises them: the whole application is loaded.
_APPLICATION = create_app


def _classes(
    kind: type[errors.FlywheelError] = errors.FlywheelError,
) -> Iterator[type[errors.FlywheelError]]:
    """Yield every error of the package, wherever it is declared; tests' own ones are not."""
    if kind.__module__.startswith("flywheel_server"):
        yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


def _documented() -> dict[str, tuple[int, str, str]]:
    return {
        code: (int(status), meaning.strip(), remedy.strip())
        for code, status, meaning, remedy in re.findall(
            r"(?m)^\| `([a-z-]+)` \| (\d{3}) \|([^|]*)\|([^|]*)\|$", PAGE.read_text("utf-8")
        )
    }


def test_the_page_lists_every_code_and_nothing_else() -> None:
    codes = {kind.code for kind in _classes()} | {code for code, *_ in problems._BY_STATUS.values()}

    assert set(_documented()) == codes


@pytest.mark.parametrize("kind", list(dict.fromkeys(_classes())))
def test_the_page_tells_status_meaning_and_remedy(kind: type[errors.FlywheelError]) -> None:
    status, meaning, remedy = _documented()[kind.code]

    assert status == kind.status
    assert meaning == f"{kind.title()}."
    assert len(remedy) > 10


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _classes()]

    assert len(codes) == len(set(codes))


def test_the_tree_at_the_top_of_errors_is_whole() -> None:
    tree = errors.__doc__ or ""
    own = [kind for kind in _classes() if kind.__module__ == errors.__name__]

    for kind in own:
        assert re.search(rf"\b{kind.__name__}\b", tree), kind.__name__
        if kind not in {errors.FlywheelError, errors.SetupError}:
            assert re.search(rf"\b{kind.__name__}\s+{kind.status}\b", tree), kind.__name__

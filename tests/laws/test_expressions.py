"""F66: no regular expression of the source takes more than linear time over hostile text.

Made to fail by `is not a known .* target` in any module: over 64 KiB it took 47 seconds.
"""

import ast
import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flywheel_server

SOURCE = Path(flywheel_server.__file__).parent
# What reaches an expression of these modules is cut to so many characters before.
BOUNDED = {
    "flywheel_server.plans.model.scrubbing": 800,
    # Our own sentences, and what is typed into a form.
    "flywheel_server.web.pages.refusals": 4_000,
}
LONGEST = 64 * 1024
# Within this, four times the text may take ten times as long: quadratic is sixteen times.
FACTOR, RATIO, NOTICEABLE_SECONDS = 4, 10, 0.02
_CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
_SEEDS = (
    "a", "A", "0", "_", "-", ".", " ", "\n", "\\", '"', "'", "`", "/", ":", "<", "&", "a.", "a-",
    "1 ", "1.", "\\u", "\\\\", '\\"', '"\\', "{", "[", "a@", "x=", "\x00", "\ud800", "é",
)  # fmt: skip
_TAILS = ("", "\x00")


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages([str(SOURCE)], "flywheel_server."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            yield module.name


def _held(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Give the compiled expressions that a module holds, also within tuples and dictionaries."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, set, frozenset)) and depth < 4:
        for each in value:
            yield from _held(each, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for each in itertools.chain(value.keys(), value.values()):
            yield from _held(each, depth + 1)


def _written(name: str) -> Iterator[str]:
    """Give the expressions that stand as text in a call of `re` within a module."""
    path = SOURCE.parent / Path(*name.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    for node in ast.walk(ast.parse(file.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _CALLS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield node.args[0].value


def _expressions() -> list[tuple[str, re.Pattern[Any]]]:
    found: dict[tuple[Any, int], tuple[str, re.Pattern[Any]]] = {}
    for name in _modules():
        held = list(_held(vars(importlib.import_module(name))))
        for pattern in held:
            found.setdefault((pattern.pattern, pattern.flags), (name, pattern))
        # What is held has the flags that it is used with.
        for text in set(_written(name)) - {pattern.pattern for pattern in held}:
            pattern = re.compile(text)
            found.setdefault((pattern.pattern, pattern.flags), (name, pattern))
    return sorted(found.values(), key=lambda each: (each[0], str(each[1].pattern)))


def _seeds(pattern: re.Pattern[Any]) -> list[str]:
    """Return what may mislead it: what it says itself, and what misleads many."""
    text = (
        pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    )
    words = re.findall(r"[A-Za-z0-9 _/=:-]{2,}", text)
    return [*_SEEDS, *dict.fromkeys(words)]


def _worse_than_linear(pattern: re.Pattern[Any], small: str, large: str) -> bool:
    """Measure again what looks so: on a busy machine one measure of milliseconds says little."""
    for rounds in (2, 10, 50):
        bound = max(NOTICEABLE_SECONDS, RATIO * _seconds(pattern, small, rounds))
        if _seconds(pattern, large, rounds) < bound:
            return False
    return True


def _seconds(pattern: re.Pattern[Any], text: str, rounds: int) -> float:
    given = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
    best = 1e9
    for _ in range(rounds):
        began = time.process_time()
        pattern.sub(given[:0], given)
        pattern.fullmatch(given)
        best = min(best, time.process_time() - began)
    return best


def _hostile(seed: str, tail: str, length: int) -> str:
    return (seed * (length // len(seed) + 1))[: length - len(tail)] + tail


EXPRESSIONS = _expressions()


def test_the_law_finds_the_expressions_there_are() -> None:
    names = {name for name, _ in EXPRESSIONS}
    assert {"flywheel_server.core.moments", "flywheel_server.web.json_bodies"} <= names
    assert len(EXPRESSIONS) > 40


@pytest.mark.parametrize(
    ("module", "pattern"),
    EXPRESSIONS,
    ids=[f"{name}-{str(pattern.pattern)[:30]}" for name, pattern in EXPRESSIONS],
)
def test_no_expression_is_worse_than_linear(module: str, pattern: re.Pattern[Any]) -> None:
    longest = BOUNDED.get(module, LONGEST)
    for seed, tail in itertools.product(_seeds(pattern), _TAILS):
        # The small text first: what is quadratic is found before it takes minutes.
        for length in (longest // FACTOR**2, longest // FACTOR):
            small, large = (_hostile(seed, tail, each) for each in (length, length * FACTOR))
            assert not _worse_than_linear(pattern, small, large), (seed, tail, length)

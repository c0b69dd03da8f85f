"""An error is handled where it is known, or it is seen: no silent broad `except` (F46, F51)."""

import ast
from pathlib import Path

import pytest

import flywheel_server

SOURCE = Path(flywheel_server.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
BROAD = {"Exception", "BaseException"}
LOUD = {"error", "exception", "critical"}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_broad_except_raises_again_or_logs_an_error(file: Path) -> None:
    """Broken by `except Exception: pass` in a step of the loop: the line is named here."""
    silent = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and _broad(node.type) and not _loud(node)
    ]

    assert silent == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_nothing_broad_is_suppressed_and_nothing_is_printed(file: Path) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]

    assert [call.lineno for call in calls if _name(call.func) == "print"] == []
    assert [
        call.lineno
        for call in calls
        if _name(call.func) == "suppress" and any(_broad(argument) for argument in call.args)
    ] == []


@pytest.mark.parametrize(
    ("source", "silent"),
    [
        ("try:\n    f()\nexcept Exception:\n    pass\n", True),
        ("try:\n    f()\nexcept:\n    log.debug('x')\n", True),
        ("try:\n    f()\nexcept (ValueError, BaseException):\n    x = 1\n", True),
        ("try:\n    f()\nexcept Exception:\n    _log.exception('x')\n", False),
        ("try:\n    f()\nexcept BaseException:\n    g()\n    raise\n", False),
        ("try:\n    f()\nexcept ValueError:\n    pass\n", False),
    ],
)
def test_this_law_knows_silence_when_it_sees_it(source: str, silent: bool) -> None:
    handlers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]

    assert [_broad(node.type) and not _loud(node) for node in handlers] == [silent]


def _broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(_name(part) in BROAD for part in parts)


def _loud(handler: ast.ExceptHandler) -> bool:
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _name(node.func) in LOUD)
        for statement in handler.body
        for node in ast.walk(statement)
    )


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""

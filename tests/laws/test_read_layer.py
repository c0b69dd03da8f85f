"""Pages read through queries in one transaction, and take nothing from the JSON routes.

Broken on purpose: with `from flywheel_server.webhooks.routes import routes` in a page, with a
second `db.transaction(` in one or in what it calls, and with one in a query, these fail.
"""

import ast
import inspect
import textwrap
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from fastapi.routing import APIRoute

import flywheel_server
from flywheel_server import assembly
from flywheel_server.app import create_app
from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from flywheel_server.core.signers import Signers
from flywheel_server.web.runtime import Runtime

SOURCE = Path(flywheel_server.__file__).parent
# Rooms whose pages still call the handlers of JSON routes. The list only gets shorter.
TO_DO = {
    "evidence",
    "executions",
    "overview",
    "plans",
}
# No transaction is open while a password is hashed: what is read before is checked again after.
HASHES = {"POST /account/password", "POST /invitation", "POST /sign-in"}
PAGES = sorted({*SOURCE.glob("*/pages.py"), *SOURCE.glob("*/pages/*.py")})
DONE = {path.relative_to(SOURCE).parts[0] for path in PAGES} - TO_DO - {"web"}
QUERIES = sorted(
    path
    for name in ("queries", "views")
    for path in {*SOURCE.glob(f"*/{name}.py"), *SOURCE.glob(f"*/{name}/*.py")}
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# The signing key is read once in the life of a process, with rights of its own.
_counts: dict[Callable[..., Any], int] = {Signers.get: 0}
# Runtime names classes of rooms above it, which the assembly imports.
_PARTS = typing.get_type_hints(Runtime, localns=dict(vars(assembly)))


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def _handlers(rooms: set[str]) -> list[APIRoute]:
    pages = {_module(path) for path in PAGES if _room(path) in rooms}
    app = create_app(Settings(), "postgresql://nowhere/none")
    return [
        route
        for route in app.routes
        if isinstance(route, APIRoute) and route.endpoint.__module__ in pages
    ]


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if _room(path) in DONE],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_no_page_imports_from_routes(path: Path) -> None:
    assert [name for name in _imports(path) if ".routes" in name] == []


def test_a_room_that_is_done_leaves_the_list() -> None:
    importing = {_room(path) for path in PAGES if any(".routes" in name for name in _imports(path))}
    opening = {
        each.endpoint.__module__.split(".")[1]
        for each in _handlers(TO_DO)
        if opened(each.endpoint) > 1
    }
    assert importing | opening >= TO_DO


def test_a_page_opens_one_transaction_at_most() -> None:
    counts = {
        f"{method} {each.path}": opened(each.endpoint)
        for each in _handlers(DONE)
        for method in each.methods or ()
    }
    assert {name for name, count in counts.items() if count > 1} == HASHES
    # A count that found no transaction anywhere would prove nothing.
    assert sum(counts.values()) > len(counts) / 2


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_query_opens_no_transaction(path: Path) -> None:
    """It runs in that of its caller, beside others that show the same moment."""
    assert "transaction(" not in path.read_text(encoding="utf-8")


def opened(function: Callable[..., Any]) -> int:
    """Return how many transactions a function opens at most, in it and in what it calls.

    Of branches, the one that opens most counts; what a loop opens, it opens twice.
    """
    plain = inspect.unwrap(function)
    if plain not in _counts:
        # While it is counted: a function that calls itself is counted once.
        _counts[plain] = 0
        tree = ast.parse(textwrap.dedent(inspect.getsource(plain))).body[0]
        assert isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef))
        _counts[plain] = _of_block(tree.body, _Names(plain))
    return _counts[plain]


class _Names:
    """What the names in a function stand for."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        assert isinstance(plain, FunctionType)
        self._known = {**plain.__globals__, **inspect.getclosurevars(plain).nonlocals}

    def find(self, node: ast.AST) -> Any:
        """Return the object that an expression names, or None for what only a run would tell."""
        if isinstance(node, ast.Name):
            return self._known.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        # A process's parts: their methods are those of the class that `Runtime` declares.
        owner = node.value
        if isinstance(owner, ast.Attribute) and owner.attr in _PARTS:
            return getattr(_PARTS[owner.attr], node.attr, None)
        found = self.find(owner)
        return getattr(found, node.attr, None) if isinstance(found, (ModuleType, type)) else None


def _of_block(block: Sequence[ast.stmt], names: _Names) -> int:
    """Return how many transactions statements open, one after the other."""
    if not block:
        return 0
    first, rest = block[0], block[1:]
    match first:
        case ast.If():
            ways = [_of_block([*way, *rest], names) for way in (first.body, first.orelse)]
            return _of_nodes([first.test], names) + max(ways)
        case ast.Return() | ast.Raise():
            rest = []
            here = _of_nodes([first], names)
        case ast.For() | ast.AsyncFor() | ast.While():
            here = 2 * _of_nodes([first], names)
        case ast.With() | ast.AsyncWith():
            here = _of_nodes([item.context_expr for item in first.items], names)
            rest = [*first.body, *rest]
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            here = _of_block(first.body, names)
        case _:
            here = _of_nodes([first], names)
    return here + _of_block(rest, names)


def _of_nodes(nodes: Sequence[ast.AST], names: _Names) -> int:
    """Return how many transactions what these expressions name opens: called here or handed on."""
    total = 0
    for node in nodes:
        found = names.find(node)
        if found is db.transaction:
            total += 1
        elif inspect.isfunction(found) and found.__module__.startswith("flywheel_server."):
            total += opened(found)
        elif isinstance(node, _COMPREHENSIONS):
            total += 2 * _of_nodes(list(ast.iter_child_nodes(node)), names)
        else:
            total += _of_nodes(list(ast.iter_child_nodes(node)), names)
    return total

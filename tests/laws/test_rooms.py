"""Rooms form a chain: import-linter holds it, and what it does not look at stands in one place.

Broken on purpose by moving an import of another module under ``if TYPE_CHECKING``.
"""

import ast
from pathlib import Path

import flywheel_server

PACKAGE = Path(flywheel_server.__file__).parent


def test_only_the_runtime_names_types_of_rooms_above() -> None:
    hiding = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for hidden in ast.walk(node)
        if isinstance(hidden, ast.ImportFrom) and (hidden.module or "").startswith("flywheel")
    }
    assert hiding == {"web/runtime.py"}

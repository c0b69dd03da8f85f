"""The domain decides and does nothing else: the standard library's values, no clock, no I/O."""

import ast
from pathlib import Path

import pytest

from flywheel_server import domain

FILES = sorted(Path(domain.__file__).parent.rglob("*.py"))
ALLOWED = {
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "itertools",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "types",
    "typing",
    "unicodedata",
    "uuid",
    "json",
    "ipaddress",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_domain_imports_plain_values_alone(file: Path) -> None:
    """Broken by `import os` in learning/model/gates.py: it is named here."""
    foreign = [name for name in _imports(file) if not _allowed(name)]

    assert foreign == []


def _allowed(name: str) -> bool:
    root, *rest = name.split(".")
    if root == "flywheel_server":
        return rest[:1] in (["domain"], ["errors"])
    # It takes texts apart; the rest of urllib opens connections.
    return root in ALLOWED or name == "urllib.parse"


def _imports(file: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "flywheel_server":
            names += [f"flywheel_server.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or ".")
    return names

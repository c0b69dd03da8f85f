"""Models decide and do nothing else: the standard library's values, no clock, no I/O."""

import ast
from pathlib import Path

import pytest

import flywheel_server

PACKAGE = Path(flywheel_server.__file__).parent
# What models share with every other layer, and holds to the same law.
SHARED = (
    "agents",
    "called",
    "errors",
    "free_text",
    "moments",
    "people",
    "retry_after",
    "rights",
    "scope",
    "services",
    "wire_text",
)
FILES = [
    *sorted([*PACKAGE.glob("*/model.py"), *PACKAGE.glob("*/model/*.py")]),
    *(PACKAGE / "core" / f"{name}.py" for name in SHARED),
]
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


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_model_imports_plain_values_alone(file: Path) -> None:
    """Broken by `import os` in learning/model/gates.py: it is named here."""
    foreign = [name for name in _imports(file) if not _allowed(name)]

    assert foreign == []


def _allowed(name: str) -> bool:
    root, *rest = name.split(".")
    if root == "flywheel_server":
        return rest[1:2] == ["model"] or (rest[0] == "core" and rest[1] in SHARED)
    # It takes texts apart; the rest of urllib opens connections.
    return root in ALLOWED or name == "urllib.parse"


def _imports(file: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flywheel_server"):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or ".")
    return names

"""Folders that stand beside the package in the source tree, and within it in a wheel."""

import sys
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Return where ``migrations`` or ``simulator`` is: see ``setup.py``."""
    bundled = _PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else _PACKAGE.parents[1] / name


def make_importable(name: str) -> None:
    """Put what holds the folder onto the path of imports, once."""
    where = str(folder(name).parent)
    if where not in sys.path:
        sys.path.append(where)

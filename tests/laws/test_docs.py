"""What the documents name exists: files, folders, links, and what stands in a module.

Broken on purpose: with a path of a file that was moved, with a function that was renamed, with a
link to a page that is gone and with a term of the glossary whose place is, these fail.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "flywheel_server"
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    # It tells of what was.
    if path.name != "CHANGELOG.md"
)
_TRACKED = ("src", "tests", "migrations", "simulator", "benchmarks", "docs", "requirements")
_FILES = [path for top in _TRACKED for path in (ROOT / top).rglob("*") if path.is_file()]
_NAMES = {path.name for path in _FILES} | {path.name for path in ROOT.iterdir()}
_MODULES: dict[str, list[Path]] = {}
for _path in _FILES:
    if _path.suffix == ".py":
        _MODULES.setdefault(_path.stem, []).append(_path)

_SUFFIX = r"\.(?:py|sql|md|html|js|css|sh|toml|txt|yml)"
# `rules/model/rules.py`, `rules/store/`, `tests/failures/test_f38…`, `tests/edge/test_*.py`
_PATH = re.compile(rf"(?:[\w.-]+/)+(?:[\w.*-]+(?:{_SUFFIX}|…))?|[\w-]+{_SUFFIX}")
# `bodies.text`, `executions/actions/ingest.Writer`
_MEMBER = re.compile(r"((?:\w+/)*\w+)\.(\w+)")
# Not ours, or made by running something.
_ELSEWHERE = ("bench/", ".venv/", ".flywheel/")


def _quoted(page: Path) -> Iterator[str]:
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    yield from re.findall(r"`([^`\n]+)`", text)


def _is_placeholder(path: str) -> bool:
    return bool(re.search(r"\b[A-Z]{2,}(?:_[A-Z]+)*\b(?!\.md)", path))


def _exists(path: str, page: Path) -> bool:
    if "/" not in path:
        return path in _NAMES
    roots = (ROOT, PACKAGE, page.parent)
    return any(list(root.glob(path.replace("…", "*"))) for root in roots)


def _missing(page: Path) -> list[str]:
    missing = []
    for quoted in _quoted(page):
        if quoted.startswith(_ELSEWHERE) or _is_placeholder(quoted):
            continue
        if _PATH.fullmatch(quoted):
            if not _exists(quoted, page):
                missing.append(quoted)
        elif member := _MEMBER.fullmatch(quoted):
            missing += [quoted] * (not _holds(member[1], member[2]))
    return missing


def _holds(module: str, name: str) -> bool:
    """Say whether a module holds a name; a dotted word that names no module is something else."""
    stem = module.rpartition("/")[2]
    homes = [path for path in _MODULES.get(stem, []) if f"{path.with_suffix('')}".endswith(module)]
    if "/" not in module and not homes:
        return True
    defined = re.compile(rf"(?m)^\s*(?:(?:async )?def|class) {name}\b|^\s*{name}\b.*=|^\s*{name}: ")
    return any(defined.search(path.read_text(encoding="utf-8")) for path in homes)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_exists(page: Path) -> None:
    assert _missing(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_glossary_is_in_order_and_says_where_each_term_lives() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page)[1:]
    terms = [term for term, _, _ in rows]
    assert terms == sorted(terms, key=str.casefold)
    assert [term for term, _, where in rows if "`" not in where] == []

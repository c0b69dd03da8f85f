"""Breaks the program on purpose, one patch at a time, and sees that the named tests fail.

Each ``*.patch`` beside this file begins with ``Fails:``, the tests that must fail, and ``Why:``,
one sentence. A patch is applied to a copy of the tree, never to the tree itself. Run by
``make mutants``.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "bench", "*.egg-info")
# One run of some tests, with a PostgreSQL of its own, takes seconds; a hanging one ends here.
_SECONDS = 180.0
_STOP_SECONDS = 20.0
# What pytest exits with when tests failed; any other code means that they did not run.
_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One break."""

    patch: Path
    tests: tuple[str, ...]
    why: str

    @property
    def name(self) -> str:
        return self.patch.stem


def mutants() -> list[Mutant]:
    """Return all breaks, by name."""
    return [_read(patch) for patch in sorted(FOLDER.glob("*.patch"))]


def problem(mutant: Mutant, root: Path) -> str | None:
    """Return why a patch no longer fits the tree at ``root``, or None."""
    if not mutant.tests or not mutant.why:
        return "its first lines are not `Fails:` with tests and `Why:` with a sentence"
    for test in mutant.tests:
        file, _, name = test.partition("::")
        name = name.partition("[")[0]
        if not (root / file).is_file() or f"def {name}(" not in (root / file).read_text():
            return f"there is no test {test}"
    done = _apply(mutant, root, "--check")
    return None if done.returncode == 0 else done.stderr.strip()


def _read(patch: Path) -> Mutant:
    fields = dict(_fields(patch.read_text()))
    return Mutant(
        patch=patch, tests=tuple(fields.get("Fails", "").split()), why=fields.get("Why", "")
    )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.partition("\n--- ")[0].splitlines():
        name, _, value = line.partition(": ")
        yield name, value


def _apply(mutant: Mutant, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "apply", *options, str(mutant.patch)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def _verdict(mutant: Mutant) -> str:
    """Return "killed", "survived", or what kept the break from being tried."""
    if (trouble := problem(mutant, ROOT)) is not None:
        return trouble
    with tempfile.TemporaryDirectory(prefix="flywheel-mutant-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
        _apply(mutant, copy).check_returncode()
        code = _run_tests(mutant, copy)
    if code is None:
        return f"its tests took over {_SECONDS:.0f} s"
    return {0: "survived", _FAILED: "killed"}.get(code, f"its tests did not run: exit code {code}")


def _run_tests(mutant: Mutant, tree: Path) -> int | None:
    """Run the tests of a mutant in its tree; return pytest's exit code, None when it hangs."""
    # The environment's own installation points at the tree that is not broken.
    environment = os.environ | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-n", "0", *mutant.tests],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        try:
            return running.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            # Interrupted, pytest stops the PostgreSQL that it started.
            os.killpg(running.pid, signal.SIGINT)
            try:
                running.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
            return None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Try the chosen breaks; return 1 unless each is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="parts of names, separated by commas")
    parts = parser.parse_args().only.split(",")
    chosen = [each for each in mutants() if any(part in each.name for part in parts)]
    not_killed = []
    for mutant in chosen:
        began = time.monotonic()
        verdict = _verdict(mutant)
        _say(f"{mutant.name}: {verdict} ({time.monotonic() - began:.0f} s)")
        if verdict != "killed":
            not_killed.append(mutant)
    _say(f"{len(chosen) - len(not_killed)} of {len(chosen)} killed")
    for mutant in not_killed:
        _say(f"not killed: {mutant.name}: {mutant.why} ({' '.join(mutant.tests)})")
    return 1 if not_killed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())

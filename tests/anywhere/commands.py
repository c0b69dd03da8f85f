"""Runs a command in this process, as the console script does, and returns how it ended."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flywheel_server import __main__ as command


@contextmanager
def environment(settings: dict[str, str]) -> Iterator[None]:
    """Set these variables, in full, and no other setting of ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FLYWHEEL_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


def run(capsys: pytest.CaptureFixture[str], *arguments: str, **settings: str) -> tuple[int, str]:
    """Return the exit code and everything that was printed and logged."""
    given = {f"FLYWHEEL_{name.upper()}": value for name, value in settings.items()}
    code: int | str | None = 0
    with environment(given), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["flywheel-server", *arguments])
        try:
            command.main()
        except SystemExit as ended:
            code = ended.code
    printed = capsys.readouterr()
    return int(code or 0), printed.out + printed.err

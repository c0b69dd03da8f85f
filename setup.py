"""Puts into the wheel what stands beside the package: its schema's history, the simulated fleet.

``flywheel_server.core.bundled`` finds both.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BUNDLED = ("migrations", "simulator")


class BuildWithBundled(build_py):
    """Builds the package, and copies the folders into it."""

    def run(self) -> None:
        """Build, then copy; an editable install finds the folders where they are."""
        super().run()
        if self.editable_mode:
            return
        for name in BUNDLED:
            target = Path(self.build_lib) / "flywheel_server" / "_bundled" / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(name, target, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithBundled})

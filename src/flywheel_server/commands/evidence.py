"""The command ``verify-evidence``: checks an export with nothing but the file."""

import re
from pathlib import Path

import typer

from flywheel_server.core import errors
from flywheel_server.evidence import archive_checks

# How every ZIP archive with something in it begins.
_ZIP = b"PK\x03\x04"
_HASH = re.compile(r"[0-9A-Fa-f]{64}")


def verify(path: Path, head: str | None, server_key: str | None) -> None:
    """Check an export and print what it holds. Raises SetupError with the first bad link.

    What is no export, or cannot be read, says nothing of the evidence: a usage error.
    """
    _usable(path)
    for name, value in (("--head", head), ("--server-key", server_key)):
        if value is not None and not _HASH.fullmatch(value.strip()):
            raise typer.BadParameter("give 64 hexadecimal digits", param_hint=name)
    try:
        report = archive_checks.check(path, head=_lower(head), server_key=_lower(server_key))
    except archive_checks.Broken as error:
        raise errors.SetupError(f"the evidence does NOT hold: {error}") from error
    typer.echo(
        f"site {report.site}: {report.bundles} bundles, positions {report.first} to {report.last}"
    )
    typer.echo(f"head {report.head}")
    states = ", ".join(f"{count} {state}" for state, count in sorted(report.anchors.items()))
    typer.echo(f"timestamps: {states or 'none'}")
    for height, name, time in report.blocks:
        typer.echo(f"Bitcoin block {height} of {time.isoformat()}: compare its hash {name}")
    if head is None:
        typer.echo("give --head to see that nothing was cut off at the end")
    if server_key is None:
        typer.echo("give --server-key to see that this server made it")
    typer.echo("the evidence holds")


def _usable(path: Path) -> None:
    """Raise BadParameter for what is no readable ZIP archive at all."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_ZIP))
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be read ({error.strerror}): give the path of an export",
            param_hint="FILE",
        ) from error
    if begins != _ZIP:
        raise typer.BadParameter(
            f"{path} is not a ZIP archive: give an export, as it was downloaded",
            param_hint="FILE",
        )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.strip().lower()

"""The command ``verify-evidence``: checks an export with nothing but the file."""

from pathlib import Path

import typer

from flywheel_server import archive_checks, errors


def verify(path: Path, head: str | None, server_key: str | None) -> None:
    """Check an export and print what it holds. Raises SetupError with the first bad link."""
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


def _lower(text: str | None) -> str | None:
    return None if text is None else text.strip().lower()

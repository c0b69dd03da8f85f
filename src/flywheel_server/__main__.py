"""The commands. Each opens the database it is told of, does one thing, and closes it."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from flywheel_server import serving
from flywheel_server.commands import (
    backup as backup_commands,
    evidence as evidence_commands,
    learning as learning_commands,
    mail as mail_commands,
    operators as operators_cli,
    setup,
)
from flywheel_server.core import bundled, embedded, errors, log, settings, signing
from flywheel_server.core.settings import Settings

_log = log.get(__name__)

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The learning control plane for self-healing fleets.",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; print a refusal as one sentence and exit with 1."""
    try:
        cli()
    except errors.FlywheelError as error:
        typer.echo(f"flywheel-server: {error}", err=True)
        sys.exit(1)


@cli.command()
def serve() -> None:
    """Serve appliances and people, with the loop inside, until SIGTERM or Ctrl-C."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            if chosen.database_url is None:
                await setup.migrate(where.owner_url, chosen)
            await _checked(where.app_url)
            await serving.serve(chosen, where.app_url)

    _run(run())


@cli.command()
def migrate() -> None:
    """Bring the database's schema and catalogue to this release."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            revision = await setup.migrate(where.owner_url, chosen)
            typer.echo(f"the schema is at revision {revision}")

    _run(run())


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; replaced when it is whole.")],
) -> None:
    """Write all data, as they are at this moment, to one file; servers may run meanwhile."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            await backup_commands.backup(where.owner_url, file)

    _run(run())


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
) -> None:
    """Load a backup into an empty database, whole or not at all, and recount it."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            await backup_commands.restore(where.owner_url, file, chosen)

    _run(run())


@cli.command()
def step(
    name: Annotated[str, typer.Argument(help="Which step, such as generate_patterns.")],
) -> None:
    """Run one step of the learning loop now."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            await setup.check(where.app_url)
            await learning_commands.step(where.app_url, chosen, name)

    _run(run())


@cli.command()
def verify_counts(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make all counts anew from the facts first.")
    ] = False,
) -> None:
    """Prove that every count equals a recount of the facts, and that the audit chain is whole."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            await setup.check(where.app_url)
            await learning_commands.verify_counts(where.app_url, rebuild=rebuild)

    _run(run())


@cli.command()
def verify_evidence(
    file: Annotated[Path, typer.Argument(help="An export of evidence, a ZIP.")],
    head: Annotated[
        str | None, typer.Option(help="The chain hash that the last bundle must have.")
    ] = None,
    server_key: Annotated[
        str | None, typer.Option(help="The server's public key, as known from elsewhere.")
    ] = None,
) -> None:
    """Check an export of evidence, without network or database; name the first bad link."""
    evidence_commands.verify(file, head, server_key)


@cli.command()
def test_mail(
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where the mail goes.")],
) -> None:
    """Send one mail as sign-in links are sent, and say what became of it."""
    chosen = _settings()

    async def run() -> None:
        await mail_commands.test(chosen, to)
        if chosen.database_url is not None:
            async with address(chosen) as where:
                await mail_commands.end_alarm(where.app_url)

    _run(run())


@cli.command()
def demo(
    appliances: Annotated[
        int, typer.Option(min=1, max=1_000, help="Simulated appliances, spread over nine sites.")
    ] = 40,
    incident_seconds: Annotated[
        float, typer.Option(min=0.2, max=3_600, help="Mean time between an appliance's incidents.")
    ] = 4.0,
    line_seconds: Annotated[
        float, typer.Option(min=0.2, max=3_600, help="Time between two lines of figures.")
    ] = 3.0,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete the data of earlier demos instead.")
    ] = False,
) -> None:
    """Run everything with a simulated fleet, on data of its own, until Ctrl-C."""
    bundled.make_importable("simulator")
    from flywheel_server.commands import demo as demonstration  # noqa: PLC0415 - made so just now

    chosen = demonstration.settings_of(_settings())
    pace = demonstration.Pace(
        appliances=appliances, incident_seconds=incident_seconds, line_seconds=line_seconds
    )
    _run(demonstration.forget(chosen) if forget else demonstration.run(chosen, pace))


@cli.command()
def fleet(
    url: Annotated[str, typer.Option(help="The server, on this machine: http://127.0.0.1:8000.")],
    keys_file: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help='JSON: [{"site_id": "…", "key": "…"}, …].'),
    ],
    appliances: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 1_000,
    interval: Annotated[
        float, typer.Option(min=1, max=3_600, help="Seconds between two check-ins of each.")
    ] = 60.0,
    seconds: Annotated[
        float, typer.Option(min=1, max=3_600, help="For how long, in seconds.")
    ] = 120.0,
    spread: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds over which all begin; a few of them make a storm."),
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, max=20_000, help="How many may wait for an answer at once.")
    ] = 256,
    report: Annotated[Path | None, typer.Option(help="Write the figures here, as JSON.")] = None,
) -> None:
    """Make the load of a large fleet on a server on this machine, and measure its answers."""
    bundled.make_importable("simulator")
    from simulator import open_loop  # noqa: PLC0415 - made so just now

    load = open_loop.Load(
        appliances=appliances,
        interval=interval,
        seconds=seconds,
        spread=interval if spread is None else spread,
        connections=connections,
    )
    sites = open_loop.read_keys(keys_file.read_text(encoding="utf-8"))

    async def run() -> None:
        # It leaves nothing that only the collector finds, and looking holds up what is due.
        gc.disable()
        figures = await open_loop.run(url, sites, load, typer.echo)
        text = json.dumps(figures, indent=1)
        typer.echo(text)
        if report is not None:
            # Nothing else runs any more.
            report.write_text(text, encoding="utf-8")

    _run(run())


def _on_the_database(work: operators_cli.Work) -> None:
    """Run ``work`` on the application's URL; an embedded one is migrated first."""
    chosen = _settings()

    async def run() -> None:
        async with address(chosen) as where:
            if chosen.database_url is None:
                await setup.ensure(where.owner_url, chosen)
            await setup.check(where.app_url)
            await work(where.app_url)

    _run(run())


cli.add_typer(operators_cli.commands(_on_the_database), name="operator")


async def _checked(url: str) -> None:
    """Refuse a database that waiting will not mend; a server waits for any other."""
    # Its pools meet the same at once, and the log tells of it then.
    with contextlib.suppress(errors.DatabaseUnavailable):
        await setup.check(url)
        await setup.check_signing_key(url)


@contextlib.asynccontextmanager
async def address(chosen: Settings) -> AsyncIterator[embedded.Address]:
    """Yield where the database is, starting the embedded one when no URL is set."""
    if chosen.database_url is not None:
        yield embedded.Address(owner_url=chosen.database_url, app_url=chosen.database_url)
        return
    async with embedded.running(chosen.data_dir) as where:
        yield where


def _settings() -> Settings:
    chosen = settings.load()
    log.configure(chosen.log_level, chosen.log_format)
    signing.unlock_with(chosen.signing_secret)
    for name, nearest in settings.unknown(os.environ).items():
        _log.warning("a variable is no setting and means nothing", variable=name, nearest=nearest)
    return chosen


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``; SIGTERM and Ctrl-C cancel it, once, so that it can clean up behind itself."""
    stopped_by: list[signal.Signals] = []

    async def watched() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def stop(received: signal.Signals) -> None:
            stopped_by.append(received)
            # A second signal must not cut the clean-up short.
            if len(stopped_by) == 1 and task is not None:
                task.cancel()

        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, stop, wanted)
        await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(watched())
        except asyncio.CancelledError:
            if not stopped_by:
                raise
            sys.exit(128 + stopped_by[0])


if __name__ == "__main__":
    main()

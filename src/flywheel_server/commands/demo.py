"""The demonstration: database, server, loop and a simulated fleet in one process, from one command.

The fleet and the figures know the server by HTTP alone. Nothing here ever touches a database that
no demonstration made: FLYWHEEL_DATABASE_URL is left alone.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import typer

from flywheel_server import serving
from flywheel_server.accounts.actions import accounts, keys
from flywheel_server.commands import setup
from flywheel_server.core import clock, db, embedded, errors, log
from flywheel_server.core.scope import OperatorScope
from flywheel_server.core.settings import Settings
from simulator import figures, own_keys, people, simulation, world
from simulator.operator_api import OperatorApi
from simulator.simulation import Rhythm, Simulation
from simulator.world import World

_log = log.get(__name__)
_say = typer.echo

FOLDER = Path(".flywheel") / "demo"
OPERATOR = "operator@demo.invalid"
_ACTOR = OperatorScope.system("the demo")
_LOOP_SECONDS = 5.0
_PORTS_TRIED = 50
_START_SECONDS = 30.0
# So long the server may stay silent before the demonstration gives up.
_SILENCE_SECONDS = 10.0
_HEADER_EVERY = 20
# In mean times between two incidents of an appliance.
_CHECK_IN = 2.0
_EVIDENCE = 7.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How large the fleet is, how fast it lives, and how often a line is printed."""

    appliances: int = 40
    incident_seconds: float = 4.0
    line_seconds: float = 3.0


def settings_of(chosen: Settings) -> Settings:
    """Return the demonstration's settings: its own data, a quick loop."""
    given = chosen.model_fields_set
    return chosen.model_copy(
        update={
            "database_url": None,
            "loop": True,
            "data_dir": (chosen.data_dir if "data_dir" in given else FOLDER).absolute(),
            "loop_interval": chosen.loop_interval if "loop_interval" in given else _LOOP_SECONDS,
        }
    )


async def run(chosen: Settings, pace: Pace) -> None:
    """Run the demonstration until cancelled. Raises SetupError when a part of it fails."""
    try:
        with _held(chosen.data_dir), _logged_to(chosen.data_dir / "server.log"):
            await _live(chosen, pace)
    except asyncio.CancelledError:
        _say("stopped; the next `make demo` continues with the same data")
        # Being told to end is how a demonstration ends.
        if (task := asyncio.current_task()) is not None:
            task.uncancel()


async def forget(chosen: Settings) -> None:
    """Delete a demonstration's data, and no other. Raises SetupError while somebody uses it."""
    folder = chosen.data_dir
    if not _made_by_a_demo(folder):
        _say(f"there is no demo data in {folder}")
        return
    with _held(folder):
        if _database_runs(folder):
            # Joining and leaving ends a database that a killed demo left, unless others use it.
            async with embedded.running(folder):
                pass
        if _database_runs(folder):
            raise errors.SetupError(
                "a server still runs on the demo's data: stop it first, nothing was deleted"
            )
        shutil.rmtree(folder)
    _say("the demo's data is gone")


async def _live(chosen: Settings, pace: Pace) -> None:
    began = asyncio.get_running_loop().time()
    chosen = chosen.model_copy(update={"port": _free_port(chosen.host, chosen.port)})
    _say(f"demo with its data in {chosen.data_dir}")
    if os.environ.get("FLYWHEEL_DATABASE_URL"):
        _say("  FLYWHEEL_DATABASE_URL is not used: a demo keeps to its own database")
    memory = _remember(chosen.data_dir)
    _say("  database  starting (a few seconds on a first start)")
    async with embedded.running(chosen.data_dir) as where:
        _say("  schema    migrating")
        revision = await setup.migrate(where.owner_url, chosen)
        token = await _token(where.app_url, memory)
        _say(f"  server    starting, schema at revision {revision}")
        async with _serving(chosen, where.app_url) as (server, base_url, http):
            api = OperatorApi(http, token)
            made = await world.complete(memory, api)
            made += await people.complete(memory, api)
            made += await own_keys.complete(memory, api, http, pace.appliances)
            memory.starts += 1
            memory.save()
            members = world.members(memory, pace.appliances)
            _say(
                f"  world     {len(memory.partners)} partners, {len(memory.organizations)} "
                f"organizations, {len(memory.sites)} sites, {len(members)} appliances, "
                f"{len(memory.people)} people ({'made' if made else 'continued'})"
            )
            seconds = asyncio.get_running_loop().time() - began
            _introduce(chosen, memory, base_url, token, seconds)
            rhythm = Rhythm(
                incident_seconds=pace.incident_seconds,
                check_in_seconds=_CHECK_IN * pace.incident_seconds,
                evidence_seconds=_EVIDENCE * pace.incident_seconds,
            )
            seed = memory.seed + memory.starts
            async with simulation.connected(base_url, members, rhythm, seed) as fleet:
                await _together(server, fleet, api, pace)


async def _together(
    server: asyncio.Task[None], fleet: Simulation, api: OperatorApi, pace: Pace
) -> None:
    """Let fleet and figures run beside the server until one of the three ends, which is a fault."""
    parts = {
        "simulated fleet": asyncio.create_task(fleet.run(), name="fleet"),
        "figures": asyncio.create_task(_figures(fleet, api, pace.line_seconds), name="figures"),
    }
    try:
        done, _ = await asyncio.wait({server, *parts.values()}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in parts.values():
            task.cancel()
        await asyncio.wait(parts.values())
    for name, task in {"server": server, **parts}.items():
        if task in done:
            raise _failure(name, task)


def _failure(name: str, task: asyncio.Task[None]) -> errors.SetupError:
    """Return the sentence that ends the demonstration when one of its parts ended."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, errors.FlywheelError):
        return errors.SetupError(f"the demo ends, for its {name} failed: {error}")
    _log.error("part of the demo failed", part=name, exc_info=error)
    return errors.SetupError(f"the demo ends, for its {name} failed: server.log says why")


@contextlib.asynccontextmanager
async def _serving(
    chosen: Settings, url: str
) -> AsyncIterator[tuple[asyncio.Task[None], str, httpx.AsyncClient]]:
    """Run the server beside us; yield its task, its address and a client for it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(chosen.host, chosen.host)  # noqa: S104 - compared, not bound
    base_url = f"http://[{host}]:{chosen.port}" if ":" in host else f"http://{host}:{chosen.port}"
    server = asyncio.create_task(serving.serve(chosen, url), name="serve")
    try:
        async with httpx.AsyncClient(base_url=base_url, timeout=15.0, trust_env=False) as http:
            await _answering(server, http)
            yield server, base_url, http
    finally:
        server.cancel()
        await asyncio.wait({server})


async def _answering(server: asyncio.Task[None], http: httpx.AsyncClient) -> None:
    """Wait until the server answers. Raises SetupError when it ends or stays silent instead."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    while not server.done() and loop.time() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            await http.get("/health")
            return
        await asyncio.wait({server}, timeout=0.05)
    if server.done():
        raise _failure("server", server)
    raise errors.SetupError("the demo's server did not answer in time: server.log says why")


async def _figures(fleet: Simulation, api: OperatorApi, line_seconds: float) -> None:
    """Print a line again and again. Raises Unavailable when the server stays silent."""
    loop = asyncio.get_running_loop()
    began = heard = loop.time()
    lines = 0
    # A rule's id, and whether it was enabled when last seen; rules of earlier starts are no news.
    known = {rule.rule_id: rule.enabled for rule in await figures.learnt_rules(api)}
    faults: Counter[str] = Counter()
    while True:
        try:
            seen, rules = await figures.read(api), await figures.learnt_rules(api)
            heard = loop.time()
        except errors.Unavailable as error:
            if loop.time() - heard > _SILENCE_SECONDS:
                raise
            _say(f"  ! {error}", err=True)
        else:
            if lines % _HEADER_EVERY == 0:
                _say(figures.header())
            _say(figures.line(loop.time() - began, seen, fleet.running_learnt_rules()))
            lines += 1
            for news in _news(known, rules):
                _say(news)
        for fault, count in (fleet.faults() - faults).items():
            _say(f"  ! the fleet met {fault}, {count} times", err=True)
        faults = fleet.faults()
        await asyncio.sleep(line_seconds)


def _news(known: dict[str, bool], rules: list[figures.LearntRule]) -> Iterator[str]:
    """Yield what is new about the rules, and take note of it."""
    for rule in rules:
        if known.get(rule.rule_id) != rule.enabled:
            what = "promoted" if rule.enabled else "withdrawn"
            yield f"  * {what}: {rule.incident_type} -> {rule.runbook_id} (rule {rule.rule_id})"
        known[rule.rule_id] = rule.enabled


async def _token(url: str, memory: World) -> str:
    """Return a fresh operator token; the one of the last start stops working."""
    database = await db.open_database(url, pool_size=2, writer_pool_size=1)
    now = clock.now()
    try:
        async with db.transaction(database, _ACTOR) as connection:
            try:
                operator = await accounts.find_operator(connection, OPERATOR)
            except errors.NotFound:
                operator = await accounts.create_operator(
                    connection, _ACTOR, OPERATOR, "admin", now
                )
            if memory.operator_key_id is not None:
                await keys.revoke(connection, _ACTOR, UUID(memory.operator_key_id), now)
            issued = await keys.issue_for_operator(connection, _ACTOR, operator, now)
    finally:
        await database.close()
    memory.operator_key_id = str(issued.id)
    memory.save()
    return issued.key


def _introduce(chosen: Settings, memory: World, base_url: str, token: str, seconds: float) -> None:
    _say(f"ready after {seconds:.1f} s; Ctrl-C stops it, `make clean-demo` forgets its data")
    _say("")
    _say(f"  server          {base_url}")
    _say(f"  health          {base_url}/health  {base_url}/ready  {base_url}/metrics")
    _say(f"  API description {base_url}/openapi.json")
    _say(f"  operator token  {token}")
    _say(f"  every other key {memory.path}")
    _say(f"  server's log    {chosen.data_dir / 'server.log'}")
    _say(f"  try             curl -H 'Authorization: Bearer {token}' \\")
    _say(f"                       '{base_url}/api/admin/rules?source=platform'")
    _say("")
    _say(f"  sign in at {base_url}/sign-in with")
    for person in people.PEOPLE:
        _say(f"    {person.email:<33}{memory.people[person.email]:<18}{person.sees}")
    _say("")


def _remember(folder: Path) -> World:
    """Return the world of the last start, or a new one. Raises SetupError for foreign data."""
    database = (folder / "postgres" / "PG_VERSION").exists()
    memory = world.remembered(_memory(folder))
    if memory is not None and (database or not memory.partners):
        return memory
    if database:
        raise errors.SetupError(
            f"{folder} has a database that no demo made: set FLYWHEEL_DATA_DIR to another folder, "
            "or unset it"
        )
    memory = world.fresh(_memory(folder))
    memory.save()
    return memory


def _memory(folder: Path) -> Path:
    return folder / "demo.json"


def _made_by_a_demo(folder: Path) -> bool:
    return _memory(folder).exists()


def _database_runs(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep every other demonstration off this folder. Raises SetupError when one is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "demo.lock").open("ab")
    except OSError as error:
        raise errors.SetupError(
            f"{folder} cannot be used ({error.strerror}): set FLYWHEEL_DATA_DIR to a folder that "
            "this user may write"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise errors.SetupError(
                f"a demo still runs on {folder}: stop it first (Ctrl-C where it runs)"
            ) from error
        yield


@contextlib.contextmanager
def _logged_to(path: Path) -> Iterator[None]:
    """Send the log to a file meanwhile, for the terminal belongs to the figures."""
    with path.open("a", encoding="utf-8") as file:
        streams = [
            (handler, handler.setStream(file))
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler)
        ]
        try:
            yield
        finally:
            for handler, before in streams:
                if before is not None:
                    handler.setStream(before)


def _free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or the next one that nobody listens on, and say so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65_536)):
        with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
            if port != wanted:
                _say(f"port {wanted} is taken: this demo listens on {port}")
            return port
    raise errors.SetupError(
        f"no port from {wanted} on is free on {host}: set FLYWHEEL_HOST or FLYWHEEL_PORT"
    )

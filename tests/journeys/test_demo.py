"""The demonstration as a newcomer runs it: one command, read by its output, stopped by Ctrl-C."""

import contextlib
import json
import os
import re
import selectors
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulator import catalogue, people

FAST = ("--appliances", "40", "--incident-seconds", "1", "--line-seconds", "0.5")
PATIENCE_SECONDS = 80.0
FIGURES = re.compile(
    r"^ *\d+:\d\d +(?P<executions>\d+) +(?P<patterns>\d+) +(?P<candidates>\d+)"
    r" +(?P<rules>\d+) +(?P<running>\d+) +(?:(?P<l1>\d+) of (?P<recent>\d+), +\d+ %|no data)$"
)


class Demo:
    """A demonstration in a process of its own, and everything it has printed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.lines: list[str] = []
        self._folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flywheel_server", "demo", *FAST],
            env={
                "PATH": os.environ["PATH"],
                "FLYWHEEL_DATA_DIR": str(folder),
                "FLYWHEEL_PORT": str(port),
                "FLYWHEEL_LOOP_INTERVAL": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)

    def read(self) -> Iterator[str]:
        """Yield each line as it is printed. Fails when none comes or the process ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self._selector.select(deadline - time.monotonic()):
            line = self._output.readline()
            if not line:
                break
            self.lines.append(line.rstrip("\n"))
            yield self.lines[-1]
        pytest.fail("the demo did not go on; it printed:\n" + "\n".join(self.lines))

    def until(self, pattern: str) -> re.Match[str]:
        """Read on until a line matches."""
        return next(found for line in self.read() if (found := re.search(pattern, line)))

    def figures(self) -> Iterator[dict[str, int]]:
        """Yield the figures of each line that has them."""
        for line in self.read():
            if found := FIGURES.match(line):
                yield {name: int(value or 0) for name, value in found.groupdict().items()}

    def database(self) -> int:
        """Return the process id of its database."""
        return int((self._folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def end(self, how: signal.Signals) -> tuple[int, float]:
        """Send a signal; return the exit code, and how long the end took."""
        database = self.database()
        began = time.monotonic()
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=20)
        seconds = time.monotonic() - began
        self.lines += rest.splitlines()
        with pytest.raises(ProcessLookupError):
            os.kill(database, 0)
        return self.process.returncode, seconds


@contextlib.contextmanager
def demo(folder: Path, port: int) -> Iterator[Demo]:
    running = Demo(folder, port)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.communicate(timeout=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_the_fleet_moves_from_l2_to_l1_and_the_next_start_continues(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with demo(folder, free_port()) as first:
        address = first.until(r"^  server +(http://127\.0\.0\.1:\d+)$")[1]
        token = first.until(r"^  operator token +([A-Za-z0-9_-]+)$")[1]
        passwords = [
            first.until(rf"^    {re.escape(person.email)} +(\S+)  {person.sees}$")[1]
            for person in people.PEOPLE
        ]
        first.until(r"^  \* promoted: \w+ -> [A-Z0-9-]+ \(rule [A-Za-z0-9_-]{3,64}\)$")
        # The window covers the whole minute, so the share of its newest part is higher still.
        risen = next(
            seen
            for seen in first.figures()
            if seen["running"] == 40 and seen["l1"] * 2 > seen["recent"] > 0
        )
        assert risen["rules"] >= 1
        for person, password in zip(people.PEOPLE, passwords, strict=True):
            assert _signs_in(address, person.email, password)
        rules = _get(address, token, "rules?source=platform&enabled=true&limit=200")["items"]
        code, seconds = first.end(signal.SIGINT)
    assert code == 0, first.lines[-5:]
    assert seconds < 30
    assert "Traceback" not in "\n".join(first.lines)
    learnt = {rule["incident_type"] for rule in rules}
    assert learnt
    lonely = {kind.check_type for kind in catalogue.CATALOGUE if kind.only_site is not None}
    assert not learnt & {"update_agent", "browser_policy", "package_updates", *lonely}
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600
    before = json.loads((folder / "demo.json").read_text())

    with demo(folder, free_port()) as second:
        ready = second.until(r"^ready after ([\d.]+) s")
        assert "continued" in "\n".join(second.lines)
        address = second.until(r"^  server +(http://127\.0\.0\.1:\d+)$")[1]
        fresh = second.until(r"^  operator token +([A-Za-z0-9_-]+)$")[1]
        again = next(second.figures())
        assert again["executions"] >= risen["executions"]
        assert again["rules"] >= len(rules)
        assert _status(address, token) == 401, "the token of the first start is revoked"
        assert _status(address, fresh) == 200
        code, _ = second.end(signal.SIGTERM)
    assert code == 0, second.lines[-5:]
    assert float(ready[1]) < 15
    after = json.loads((folder / "demo.json").read_text())
    for kept in ("site_keys", "appliance_keys", "people"):
        assert after[kept] == before[kept] != {}


@pytest.mark.parametrize("moment", ["^  database", "^  schema", "^  server +starting"])
def test_ctrl_c_while_it_starts_leaves_nothing_running_and_nothing_broken(
    tmp_path: Path, moment: str
) -> None:
    with demo(tmp_path / "data", free_port()) as running:
        running.until(moment)
        running.process.send_signal(signal.SIGINT)
        rest, _ = running.process.communicate(timeout=20)
    printed = "\n".join([*running.lines, rest])
    assert running.process.returncode == 0, printed
    assert "Traceback" not in printed
    assert not (tmp_path / "data" / "postgres" / "postmaster.pid").exists()
    with demo(tmp_path / "data", free_port()) as again:
        again.until("^ready after")
        assert again.end(signal.SIGINT)[0] == 0


def test_a_taken_port_is_told_and_the_next_one_used(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        demo(tmp_path / "data", taken.getsockname()[1]) as running,
    ):
        port = taken.getsockname()[1]
        used = running.until(rf"^port {port} is taken: this demo listens on (\d+)$")[1]
        running.until(rf"^  server +http://127\.0\.0\.1:{used}$")
        # While it runs, its data is nobody else's: neither a second demo's nor to be deleted.
        for arguments, sentence in (([], "a demo still runs on"), (["--forget"], "still runs on")):
            other = _command(tmp_path / "data", *arguments)
            assert other.returncode == 1
            assert sentence in other.stderr
        assert (tmp_path / "data" / "demo.json").exists()
        running.end(signal.SIGINT)
    forgotten = _command(tmp_path / "data", "--forget")
    assert forgotten.returncode == 0
    assert not (tmp_path / "data").exists()


def test_a_database_that_dies_ends_the_demo_with_a_sentence(tmp_path: Path) -> None:
    with demo(tmp_path / "data", free_port()) as running:
        next(running.figures())
        os.kill(running.database(), signal.SIGKILL)
        running.until(r"^flywheel-server: the demo ends, for its figures failed: ")
        rest, _ = running.process.communicate(timeout=20)
    assert running.process.returncode == 1
    assert "Traceback" not in "\n".join([*running.lines, rest])


@pytest.mark.parametrize("arguments", [[], ["--forget"]])
def test_data_that_no_demo_made_is_left_alone(tmp_path: Path, arguments: list[str]) -> None:
    marker = tmp_path / "postgres" / "PG_VERSION"
    marker.parent.mkdir()
    marker.write_text("18\n")
    done = _command(tmp_path, *arguments)
    assert "no demo" in done.stdout + done.stderr
    assert done.returncode == (0 if arguments else 1)
    assert marker.read_text() == "18\n"


def _command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flywheel_server", "demo", *arguments],
        env={"PATH": os.environ["PATH"], "FLYWHEEL_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _get(address: str, token: str, path: str) -> dict[str, list[dict[str, str]]]:
    answer = httpx.get(f"{address}/api/admin/{path}", headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
    content: dict[str, list[dict[str, str]]] = answer.json()
    return content


def _status(address: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{address}/api/admin/sites", headers=headers).status_code


def _signs_in(address: str, email: str, password: str) -> bool:
    given = {"email": email, "password": password}
    return httpx.post(f"{address}/api/auth/sign-in", json=given).status_code == 200

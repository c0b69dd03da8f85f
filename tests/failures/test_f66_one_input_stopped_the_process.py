"""F66: one input that a site's key may send stopped the process for seconds, or a minute.

Bounds are generous, for a slow machine; what they replace took 2 to 105 seconds. Made to fail by
reading with `json.loads`, by an expression with `.*` in the table of words, by `list.count`.
"""

import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from flywheel_server.core import clock, errors
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.evidence import archive_checks
from flywheel_server.executions.routes import wire_executions
from flywheel_server.plans.model import scrubbing

SCOPE = ApplianceScope(key_id=uuid4(), site_id=uuid4(), site_slug="site-lab-01")
_MOST = 8 * 1024 * 1024


@contextmanager
def _soon(seconds: float = 2.0) -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def _filled(unit: str, before: str = "", after: str = "", most: int = _MOST) -> bytes:
    count = (most - len(before) - len(after)) // len(unit)
    return f"{before}{unit * count}{after}".encode("utf-8", "surrogatepass")


ITEM = '{"executions":[{"execution_id":"l1-x","incident_type":"a","success":false,'
BODIES = {
    "small items": _filled("[],", '{"executions":[', "[]]}"),
    "numbers": _filled("1,", '{"executions":[', "1]}"),
    "a surrogate": _filled("[],", '{"executions":["\\ud800",', "[]]}"),
    "texts": _filled('"",', '{"executions":["\\ud800",', '""]}'),
    "unknown fields": _filled('"a":[],', ITEM + '"reasoning":"\\ud800",', '"b":0}]}'),
    "deep": _filled("[", '{"executions":['),
    "open text": _filled('\\"', '{"executions":["'),
    "states": _filled("[],", ITEM + '"state_before":[', "[]]}]}"),
    "many dirty items": _filled('{"execution_id":"\\ud800"},', '{"executions":[', "{}]}"),
}


@pytest.mark.parametrize("name", BODIES)
def test_f66_members_are_counted_before_objects_are_made(name: str) -> None:
    for read in (wire_executions.read_batch, wire_executions.read_single):
        with _soon():
            try:
                read(BODIES[name], SCOPE, clock.now())
            except errors.FlywheelError as error:
                assert error.status < 500  # noqa: PT017 - any refusal will do


@pytest.mark.parametrize("text", ["is not a known ", "a" * 15, "\\u0000", "dial tcp ", "\\\\"])
def test_f66_a_long_error_costs_no_more_than_its_length(text: str) -> None:
    message = (text * 65_536)[:65_000]
    body = {"execution_id": "l1-x", "incident_type": "a", "success": False}
    raw = json.dumps({"execution": body | {"error_message": message}}).encode()
    with _soon():
        report = wire_executions.read_single(raw, SCOPE, clock.now())
    assert report.items[0].fact is not None


def _names(count: int, length: int) -> dict[str, str]:
    return {f"password_{number}": "a" * (length - number) + "b" for number in range(count)}


@pytest.mark.parametrize(
    "raw",
    [
        {"actual": "a" * 4_000, **_names(199, 3_999)},
        {"actual": "a" * 3_000 + "b", **_names(199, 1_200)},
        {name: ["pass" * 200] * 10 for name in scrubbing.ALLOWED},
        {name: ["a." * 2_000] * 10 for name in scrubbing.ALLOWED},
        {name: ["1-" * 2_000] * 10 for name in scrubbing.ALLOWED},
    ],
    ids=["names", "near names", "secrets", "hosts", "numbers"],
)
def test_f66_scrubbing_is_bounded_in_all(raw: dict[str, object]) -> None:
    with _soon():
        found = scrubbing.incident_input(
            incident_type="a", severity="high", platform=None, raw=raw, names=("WS-1", "site")
        )
    assert len(json.dumps(found)) < 100_000


def test_f66_an_export_of_many_members_is_checked_in_linear_time(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as opened:
        for number in range(20_000):
            opened.writestr(f"bundles/{number}.json", "")
    with _soon(4), pytest.raises(archive_checks.Broken):
        archive_checks.check(file)

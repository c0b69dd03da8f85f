"""What appliances, people and tools see of the server changes only where a diff shows it.

Broken on purpose: with another audience or kind of traffic at a route, with a field renamed in an
answer, and with a label taken from a metric, a file differs; with an instrument that is registered
beside ``core/metrics.py``, the served names do.
"""

import difflib

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import wire_files

_MOST_LINES = 60


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    return wire_files.render()


@pytest.mark.parametrize("name", ["metrics.txt", "openapi.json", "routes.txt"])
def test_the_wire_is_as_its_snapshot_says(rendered: dict[str, str], name: str) -> None:
    stored = (wire_files.FOLDER / name).read_text(encoding="utf-8")
    changes = list(
        difflib.unified_diff(
            stored.splitlines(), rendered[name].splitlines(), "stored", "now", n=2, lineterm=""
        )
    )
    if changes:
        pytest.fail(
            f"The wire differs from tests/data/wire/{name}. Where this is meant, run"
            " `make snapshot` and commit the file with the change.\n"
            + "\n".join(changes[:_MOST_LINES]),
            pytrace=False,
        )


def test_every_file_of_the_snapshot_is_compared(rendered: dict[str, str]) -> None:
    assert {path.name for path in wire_files.FOLDER.iterdir()} == set(rendered)


async def test_a_server_serves_the_metrics_of_the_snapshot(client: httpx.AsyncClient) -> None:
    stored = (wire_files.FOLDER / "metrics.txt").read_text(encoding="utf-8")
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    served = {family.name for family in families if not family.name.endswith("_created")}
    assert served == {line.split()[0] for line in stored.splitlines()}

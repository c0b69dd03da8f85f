"""F09: four places built a pattern's signature, each in its own way.

One function makes it. Broken on purpose by swapping runbook and host in `pattern_signature`, and by
hashing the signature without its site in `pattern_id`.
"""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import telemetry
from tests.cast import Cast

SITE = "0193f2d0-0000-7000-8000-000000000001"
VECTORS = [
    ("firewall_status", "RB-WIN-SEC-001", "WS-1", "a59c563703081371"),
    ("a:b", "RB-WIN-SEC-001", "h:1", "0d8dc7bce9d6b136"),
    ("größe", "RB-WIN-SEC-001", "Büro-1", "40f6a817e179bd1e"),
    ("x", "", "", "a7699c79b592a254"),
]


@pytest.mark.parametrize(("incident_type", "runbook_id", "hostname", "id"), VECTORS)
async def test_f09_the_golden_vectors_hold(
    owner: Any, incident_type: str, runbook_id: str, hostname: str, id: str
) -> None:
    found = await owner.fetchval(
        "SELECT pattern_id($1, pattern_signature($2, $3, $4))",
        SITE, incident_type, runbook_id, hostname,
    )  # fmt: skip

    assert found == id


async def test_f09_a_stored_pattern_has_that_id(client: httpx.AsyncClient, cast: Cast) -> None:
    await telemetry.send(client, cast.site, [telemetry.execution()])

    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "patterns")
    text = f"{cast.site.id}:service_stopped:RB-WIN-SVC-003:WS-1"
    assert pattern["id"] == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_f09_nothing_else_builds_or_takes_apart_a_signature() -> None:
    """The page's text is the only other place, and it is for reading."""
    source = Path(__file__).parents[2] / "src" / "flywheel_server"
    hashing = [
        path.name
        for path in source.rglob("*.py")
        if "pattern" in path.name and "sha256" in path.read_text(encoding="utf-8")
    ]
    assert hashing == []

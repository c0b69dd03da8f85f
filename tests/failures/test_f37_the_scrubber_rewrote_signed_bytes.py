"""F37: the scrubber rewrote identifiers and broke signatures. What is signed stays as it is.

Broken on purpose: with the text written anew from its parsed content (`json.dumps`), the bytes
differ, and the export does not hold.
"""

from pathlib import Path

import httpx
import pytest

from flywheel_server.core import db, signatures
from flywheel_server.evidence import archive_checks
from tests import bundles
from tests.bundles import CHECK
from tests.cast import Cast

# Everything that a scrubber looks for, and a few texts that an encoder writes its own way.
PERSONAL = CHECK | {
    "hostname": "front-desk-of-dr.smith@example.com",
    "actual": "192.0.2.10 02:00:5E:10:00:01 SSN 078-05-1120 password=hunter2 <b>&amp;</b>",
    "expected": "naïve café ☕ \u2028 C:\\Users\\j.doe",
    "ratio": 1.0,
    "many": 1e15,
}


@pytest.mark.parametrize("kind", ["go_body", "python_body"])
async def test_f37_what_was_signed_is_kept_shown_and_exported_byte_for_byte(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, kind: str, tmp_path: Path
) -> None:
    agent = await bundles.agent_of(database, cast.appliance)
    body = getattr(agent, kind)(checks=[PERSONAL])
    made = await agent.submit(client, body)
    assert made.status_code == 200, made.text

    (row,) = await bundles.chain(database, cast.site)
    shown = await client.get(
        bundles.read_url(cast.site, f"bundles/{made.json()['bundle_id']}"),
        headers=cast.viewer.headers,
    )

    assert row["signed_data"].decode() == body["signed_data"] == shown.json()["signed_data"]
    assert signatures.hold(agent.public_key, row["signature"], row["signed_data"])
    exported = await client.get(bundles.read_url(cast.site, "export"), headers=cast.viewer.headers)
    path = tmp_path / "export.zip"
    path.write_bytes(exported.content)
    assert archive_checks.check(path).bundles == 1

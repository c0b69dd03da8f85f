"""F54: the height was read from the wrong byte, the library was missing, proofs stayed pending.

The rest of this class stands in ``tests/evidence/test_timestamps.py`` (real proofs) and in
``tests/evidence/test_anchor_evidence.py`` (the alarm on age).
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from flywheel_server.evidence import timestamps
from flywheel_server.evidence.timestamps import Proof
from tests.evidence.test_timestamps import HEIGHT, OTS

PROJECT = Path(__file__).parents[2]


def test_f54_the_height_of_a_real_proof_is_the_real_height() -> None:
    (claim,) = Proof.read((OTS / "hello-world.txt.ots").read_bytes()).attested()

    assert claim.height == HEIGHT


def test_f54_heights_of_every_length_are_read_as_they_were_written() -> None:
    """A height is a number of one to four bytes of seven bits each, the lowest first."""
    tag = bytes.fromhex("0588960d73d71901")
    for height in (0, 127, 128, 16_383, 16_384, 358_391, 2_097_152, 840_000):
        payload = _varuint(height)
        proof = Proof.of(bytes(32))
        proof.add(bytes(32), b"\x00" + tag + _varuint(len(payload)) + payload)
        assert [claim.height for claim in Proof.read(proof.write()).attested()] == [height]


def test_f54_the_library_is_a_dependency_and_its_absence_ends_the_start() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert any(each.startswith("opentimestamps") for each in project["project"]["dependencies"])
    assert "\nopentimestamps==" in (PROJECT / "requirements" / "run.txt").read_text()
    timestamps.probe()

    hidden = "import sys; sys.modules['opentimestamps'] = None; import flywheel_server.app"
    ended = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, check=False
    )

    assert ended.returncode != 0
    assert "opentimestamps" in ended.stderr


def _varuint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])

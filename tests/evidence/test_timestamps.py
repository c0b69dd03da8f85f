"""Proofs against real ones: read, written back, and held against the block they name."""

import hashlib
from pathlib import Path

import pytest

from flywheel_server.evidence import timestamps
from flywheel_server.evidence.timestamps import DamagedProof, Owed, Proof
from tests.calendar_server import BLOCK_TIME

OTS = Path(__file__).parents[1] / "data" / "ots"
HEIGHT = 358_391
HEADER = bytes.fromhex((OTS / "358391.header").read_text())
ROOT = bytes.fromhex("007ee445d23ad061af4a36b809501fab1ac4f2d7e7a739817dd0cbb7ec661b8a")
REAL = sorted(OTS.glob("*.ots"))
ALICE = "https://alice.btc.calendar.opentimestamps.org"


def proof(name: str) -> Proof:
    return Proof.read((OTS / f"{name}.txt.ots").read_bytes())


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.stem)
def test_a_real_proof_is_of_the_file_beside_it_and_is_written_back_as_it_was(file: Path) -> None:
    found = Proof.read(file.read_bytes())

    assert found.digest == hashlib.sha256(file.with_suffix("").read_bytes()).digest()
    assert found.write() == file.read_bytes()


def test_hello_world_leads_to_its_block() -> None:
    (claim,) = proof("hello-world").attested()

    assert (claim.height, claim.merkle_root) == (HEIGHT, ROOT)
    time = timestamps.block_time(claim, HEADER)
    assert time is not None
    assert time.timestamp() == BLOCK_TIME
    # The work that went into a real block shows in its hash.
    assert timestamps.block_hash(HEADER).startswith("0" * 17)


def test_a_bad_stamp_names_the_block_and_does_not_lead_to_it() -> None:
    (claim,) = proof("bad-stamp").attested()

    assert claim.height == HEIGHT
    assert timestamps.block_time(claim, HEADER) is None


def test_an_incomplete_one_says_which_calendar_owes_what() -> None:
    found = proof("incomplete")

    assert found.attested() == []
    assert [owed.calendar for owed in found.owed()] == [ALICE]
    assert len(proof("two-calendars").owed()) == 2


@pytest.mark.parametrize("file", sorted((OTS / "invalid").iterdir()), ids=lambda file: file.stem)
def test_an_invalid_one_is_refused(file: Path) -> None:
    with pytest.raises(DamagedProof):
        Proof.read(file.read_bytes())


def test_a_proof_with_any_byte_changed_is_refused_or_proves_something_else() -> None:
    good = (OTS / "hello-world.txt.ots").read_bytes()
    for place in range(len(good)):
        bad = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        try:
            found = Proof.read(bad)
        except DamagedProof:
            continue
        same = found.digest == proof("hello-world").digest
        leads = any(timestamps.block_time(each, HEADER) for each in found.attested())
        named = {each.height for each in found.attested()} == {HEIGHT}
        # Bitcoin pairs a last node with itself: before or behind it, that is the same.
        assert place == 603 or not (same and leads and named), place


@pytest.mark.parametrize("answer", [b"", b"\x00", b"\xff" * 50, b"nonsense", b"\x08" * 20_000])
def test_an_answer_that_is_none_leaves_a_proof_as_it_was(answer: bytes) -> None:
    found = proof("incomplete")
    before = found.write()

    with pytest.raises(DamagedProof):
        found.add(found.owed()[0].commitment, answer)

    assert found.write() == before


def test_an_answer_for_something_else_is_refused() -> None:
    found = proof("incomplete")

    with pytest.raises(DamagedProof):
        found.add(bytes(32), b"\x00" + bytes.fromhex("0588960d73d71901") + b"\x01\x05")


def test_calendars_that_anybody_could_name_are_not_well_known() -> None:
    assert timestamps.well_known(ALICE)
    for calendar in ("http://127.0.0.1/", "https://example.com", "https://opentimestamps.org.x"):
        assert not timestamps.well_known(calendar)


def test_what_is_owed_is_a_value() -> None:
    assert Owed(calendar=ALICE, commitment=b"") == Owed(calendar=ALICE, commitment=b"")


def test_the_library_reads_what_it_writes() -> None:
    timestamps.probe()

"""An export of evidence is checked with nothing but the file; whatever is changed is named."""

import asyncio
import hashlib
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server.core import db
from flywheel_server.evidence import archive_checks, archives
from flywheel_server.evidence.archive_checks import Broken
from tests import bundles, calendar_server, cast as people, programs
from tests.calendar_server import Calendar
from tests.cast import Cast
from tests.evidence.test_anchor_evidence import make_due, settings_of, turn

Members = dict[str, bytes]


@pytest.fixture
async def calendar() -> AsyncIterator[Calendar]:
    async with calendar_server.running() as started:
        yield started


async def make_export(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, calendar: Calendar
) -> bytes:
    """Return an export of six bundles of two appliances: verified, pending and without a batch."""
    agents = [await bundles.agent_of(database, cast.appliance)]
    other = await people.make_appliance(database, cast.site)
    agents.append(await bundles.agent_of(database, other))
    neighbour = await people.make_appliance(database, cast.neighbour)
    settings = settings_of(calendar, headers=calendar.url)
    for number in range(3):
        for agent in agents:
            assert (await agent.submit(client)).status_code == 200
        if number == 0:
            # Another site of the organization shares the batch.
            await bundles.submitted(database, await bundles.agent_of(database, neighbour))
            await turn(database, settings)
            calendar.mine(800_000)
            await make_due(database)
        if number < 2:
            await turn(database, settings)
    answer = await client.get(
        bundles.read_url(cast.site, "export"), headers=cast.people["client viewer"].headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


@pytest.fixture
async def members(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, calendar: Calendar
) -> Members:
    data = await make_export(client, database, cast, calendar)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def rewritten(tmp_path: Path) -> Callable[[Members], Path]:
    def write(members: Members) -> Path:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as opened:
            for name, data in members.items():
                opened.writestr(name, data)
        return path

    return write


Write = Callable[[Members], Path]


def broken(path: Path, **known: str) -> str:
    with pytest.raises(Broken) as caught:
        archive_checks.check(path, **known)
    return str(caught.value)


def resigned(members: Members) -> Members:
    """Sign changed members anew, as somebody with a key of their own would."""
    key = Ed25519PrivateKey.generate()
    members = dict(members)
    members[archives.SERVER_KEY] = f"{key.public_key().public_bytes_raw().hex()}\n".encode()
    manifest = json.loads(members[archives.MANIFEST])
    manifest["members"] = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name not in {archives.MANIFEST, archives.SIGNATURE}
    }
    return sealed(members, manifest, key)


def sealed(members: Members, manifest: dict[str, Any], key: Ed25519PrivateKey) -> Members:
    text = archives.as_json(manifest)
    return members | {
        archives.MANIFEST: text,
        archives.SIGNATURE: f"{key.sign(text).hex()}\n".encode(),
    }


async def test_an_export_holds_and_says_what_it_holds(members: Members, rewritten: Write) -> None:
    path = rewritten(members)
    manifest = json.loads(members[archives.MANIFEST])
    head = manifest["head"]["chain_hash"]
    server_key = members[archives.SERVER_KEY].decode().strip()

    report = archive_checks.check(path, head=head, server_key=server_key)

    assert (report.bundles, report.first, report.last, report.head) == (6, 1, 6, head)
    assert report.anchors == {"verified": 1, "pending": 1}
    assert [block[0] for block in report.blocks] == [800_000]
    # The neighbour's bundle is in the batch, and nothing of it in the export.
    assert len([name for name in members if name.endswith(".signed")]) == 6


async def test_any_byte_of_any_member_changed_is_found_and_named(
    members: Members, rewritten: Write
) -> None:
    """Every member, at its first, middle and last byte."""
    for name, data in members.items():
        for place in sorted({0, len(data) // 2, len(data) - 1}):
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            told = broken(rewritten(members | {name: changed}))
            named = archives.MANIFEST if name == archives.SIGNATURE else name
            assert told.startswith(named), (name, place, told)
        assert broken(rewritten(members | {name: data + b" "})), name


async def test_any_byte_anywhere_changed_by_any_bit_is_found(
    members: Members, rewritten: Write
) -> None:
    """Every 211th byte of each member, and two hundred more by chance."""
    source = random.Random(44)
    names = list(members)
    places = [(name, place) for name in names for place in range(0, len(members[name]), 211)]
    for _ in range(200):
        name = source.choice(names)
        places.append((name, source.randrange(len(members[name]))))
    for name, place in places:
        changed = bytearray(members[name])
        changed[place] ^= 1 << source.randrange(8)
        told = broken(rewritten(members | {name: bytes(changed)}))
        named = archives.MANIFEST if name == archives.SIGNATURE else name
        assert told.startswith(named), (name, place, told)


async def test_every_byte_of_the_manifest_and_its_signature_counts(
    members: Members, tmp_path: Path
) -> None:
    small = {
        name: members[name] for name in (archives.MANIFEST, archives.SIGNATURE, archives.SERVER_KEY)
    }
    for name in (archives.SIGNATURE, archives.SERVER_KEY, archives.MANIFEST):
        data = members[name]
        step = 1 if len(data) < 200 else 7
        for place in range(0, len(data), step):
            for flip in (1, 0x20):
                changed = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
                path = tmp_path / "small.zip"
                with zipfile.ZipFile(path, "w") as opened:
                    for each, content in (small | {name: changed}).items():
                        opened.writestr(each, content)
                told = broken(path)
                assert archives.README not in told, (name, place, told)


async def test_a_member_that_is_missing_or_too_many_is_named(
    members: Members, rewritten: Write
) -> None:
    for name in members:
        rest = {each: data for each, data in members.items() if each != name}
        assert broken(rewritten(rest)) == f"{name}: is missing"
    assert broken(rewritten(members | {"more.txt": b""})).startswith("more.txt: is not in the")


async def test_two_bundles_swapped_are_named_even_when_all_is_signed_anew(
    members: Members, rewritten: Write
) -> None:
    def pair(position: int) -> tuple[str, str]:
        return archives.text_name(position), archives.link_name(position)

    swapped = dict(members)
    for one, other in zip(pair(2), pair(3), strict=True):
        swapped[one], swapped[other] = members[other], members[one]

    assert broken(rewritten(swapped)).startswith("bundles/0000000002")
    told = broken(rewritten(resigned(swapped)))
    assert told.startswith("bundles/0000000002.json: stands for position 3")


async def test_a_bundle_removed_is_named_even_when_all_is_signed_anew(
    members: Members, rewritten: Write
) -> None:
    gone = {name: data for name, data in members.items() if "0000000003" not in name}

    assert "0000000003" in broken(rewritten(gone))
    assert broken(rewritten(resigned(gone))).startswith("bundles/0000000003.json: is missing")


async def test_the_rest_moved_up_does_not_hide_a_bundle_removed(
    members: Members, rewritten: Write
) -> None:
    moved = {name: data for name, data in members.items() if "0000000006" not in name}
    for position in range(3, 6):
        link = json.loads(members[archives.link_name(position + 1)]) | {"position": position}
        moved[archives.link_name(position)] = archives.as_json(link)
        moved[archives.text_name(position)] = members[archives.text_name(position + 1)]
    manifest = json.loads(moved[archives.MANIFEST])
    manifest["chain"]["last_position"] = 5
    moved[archives.MANIFEST] = archives.as_json(manifest)

    told = broken(rewritten(resigned(moved)))

    assert told.startswith("bundles/0000000003.json: does not follow")


async def test_the_last_one_dropped_is_named_when_the_head_is_known(
    members: Members, rewritten: Write
) -> None:
    head = json.loads(members[archives.MANIFEST])["head"]["chain_hash"]
    cut = {name: data for name, data in members.items() if "0000000006" not in name}
    manifest = json.loads(cut[archives.MANIFEST])
    before = json.loads(members[archives.link_name(5)])["chain_hash"]
    manifest["chain"] |= {"last_position": 5, "last_hash": before}
    cut[archives.MANIFEST] = archives.as_json(manifest)
    path = rewritten(resigned(cut))

    assert archive_checks.check(path).bundles == 5
    assert broken(path, head=head).startswith("bundles/0000000005.json: is the last bundle here")
    own_key = members[archives.SERVER_KEY].decode().strip()
    assert broken(path, server_key=own_key).startswith(archives.SERVER_KEY)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"signature": "0" * 128}, "bundles/0000000002.json: has a signature"),
        ({"public_key": "0" * 64}, "bundles/0000000002.json: is signed by a key"),
        ({"bundle_hash": "0" * 64}, "bundles/0000000002.json: has another bundle_hash"),
        ({"chain_hash": "0" * 64}, "bundles/0000000002.json: has another chain_hash"),
        ({"received_at": "2026-01-01T00:00:00+00:00"}, "bundles/0000000002.json: has another"),
        ({"path": []}, "bundles/0000000002.json: has a path"),
        ({"path": ["L:zz"]}, "bundles/0000000002.json: is not of this format"),
        ({"anchor": "nowhere"}, "bundles/0000000002.json: names a batch"),
        ({"position": "two"}, "bundles/0000000002.json: is not of this format"),
    ],
)
async def test_a_link_that_was_changed_and_signed_anew_does_not_hold(
    members: Members, rewritten: Write, change: dict[str, object], place: str
) -> None:
    link = json.loads(members[archives.link_name(2)]) | change

    told = broken(rewritten(resigned(members | {archives.link_name(2): archives.as_json(link)})))

    assert told.startswith(place)


async def test_a_timestamp_that_does_not_lead_to_its_block_is_named(
    members: Members, rewritten: Write
) -> None:
    header = archives.header_name(800_000)
    other = members[header][:36] + bytes(32) + members[header][68:]
    told = broken(rewritten(resigned(members | {header: other})))
    assert told.endswith("does not lead to the merkle root of block 800000")

    proofs = [name for name in members if name.endswith(".ots")]
    swapped = {proofs[0]: members[proofs[1]], proofs[1]: members[proofs[0]]}
    assert "of something else" in broken(rewritten(resigned(members | swapped)))
    assert ".ots: cannot be read" in broken(rewritten(resigned(members | {proofs[0]: b"no"})))


async def test_a_span_is_a_piece_of_the_chain(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    calendar: Calendar,
    tmp_path: Path,
) -> None:
    await make_export(client, database, cast, calendar)
    rows = await bundles.chain(database, cast.site)
    span = {"from": rows[2]["received_at"].isoformat(), "to": rows[4]["received_at"].isoformat()}

    answer = await client.get(
        bundles.read_url(cast.site, "export"), params=span, headers=cast.viewer.headers
    )

    path = tmp_path / "span.zip"
    path.write_bytes(answer.content)
    report = archive_checks.check(path, head=rows[3]["chain_hash"])
    assert (report.first, report.last, report.bundles) == (3, 4, 2)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_export_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(data)

    assert broken(path).startswith("file.zip: is no ZIP archive")
    assert "cannot be read" in broken(tmp_path / "absent.zip")


async def test_a_download_that_was_cut_short_does_not_hold(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    calendar: Calendar,
    tmp_path: Path,
) -> None:
    data = await make_export(client, database, cast, calendar)
    path = tmp_path / "cut.zip"
    for length in (len(data) - 1, len(data) // 2, 40):
        path.write_bytes(data[:length])
        assert broken(path).startswith("cut.zip")


async def test_the_command_needs_neither_database_nor_network(
    members: Members, rewritten: Write
) -> None:
    path = rewritten(members)
    nowhere = {"database_url": "postgresql://nowhere.invalid/none"}

    code, output = await programs.run("verify-evidence", str(path), **nowhere)
    assert code == 0, output
    assert "the evidence holds" in output

    member = archives.text_name(4)
    path = await asyncio.to_thread(rewritten, members | {member: members[member] + b" "})
    code, output = await programs.run("verify-evidence", str(path), **nowhere)
    assert code == 1
    assert f"the evidence does NOT hold: {member}: was changed" in output
    assert "Traceback" not in output

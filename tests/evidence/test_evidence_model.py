"""What was signed, how it is chained, and the tree above it."""

import datetime as dt
import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from flywheel_server.core import errors
from flywheel_server.evidence.model import evidence
from flywheel_server.evidence.model.evidence import Link

LINK = Link(
    site_id=UUID("01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"),
    position=1,
    previous_hash=evidence.GENESIS,
    bundle_id="b-1",
    bundle_hash="a" * 64,
    public_key="b" * 64,
    signature="c" * 128,
    received_at=dt.datetime(2026, 2, 24, 10, tzinfo=dt.UTC),
)
HASHES = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=70)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=JSON)
def test_equal_content_is_equal_however_it_was_written(value: Any) -> None:
    go = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    python = json.dumps(value, indent=2, sort_keys=True)

    assert evidence.canonical(evidence.parse(go)) == evidence.canonical(evidence.parse(python))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (None, {}), ([], {}), ("1", 1), ([1, 2], [2, 1]), ("a", "A")],
)
def test_other_content_differs(one: object, other: object) -> None:
    assert evidence.canonical(one) != evidence.canonical(other)


def test_one_and_one_point_zero_say_the_same() -> None:
    assert evidence.canonical({"n": 1.0}) == evidence.canonical({"n": 1})


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "{", "", "[" * 100_000, '{"a":1}x', "[NaNs]", "-NaN"]
)
def test_a_text_that_two_readers_take_differently_is_refused(text: str) -> None:
    with pytest.raises(errors.Malformed):
        evidence.parse(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_figure_that_says_nothing_is_nothing(text: str) -> None:
    assert evidence.parse('{"load":[' + text + "]}") == {"load": [None]}


@pytest.mark.parametrize("name", evidence.SIGNED_FIELDS)
def test_each_member_that_differs_is_named(name: str) -> None:
    signed = {"site_id": "a", "checked_at": "b", "checks": [], "summary": {}}

    assert evidence.differing(signed, signed | {"other": 1}) == []
    assert evidence.differing(signed, signed | {name: "else"}) == [name]


def test_results_are_counted_by_status_and_odd_ones_together() -> None:
    checks: list[dict[str, Any]] = [{"status": "pass"}] * 3 + [{"status": "fail"}, {}]
    checks += [{"status": 7}, {"status": "x" * 51}]

    assert evidence.results(checks) == {"pass": 3, "fail": 1, "other": 3}
    assert len(evidence.results([{"status": f"s{n}"} for n in range(1_000)])) <= 21


def test_the_chain_hash_is_what_the_page_for_auditors_says() -> None:
    """A golden vector: exports that were made must stay checkable."""
    text = "\n".join(
        [
            "flywheel-evidence-v1",
            "0" * 64,
            "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e",
            "1",
            "b-1",
            "a" * 64,
            "b" * 64,
            "c" * 128,
            "2026-02-24T10:00:00.000000Z",
        ]
    )

    assert evidence.chain_hash(LINK) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"position": 2},
        {"previous_hash": "1" * 64},
        {"bundle_id": "b-2"},
        {"bundle_hash": "0" * 64},
        {"public_key": "0" * 64},
        {"signature": "0" * 128},
        {"site_id": UUID(int=1)},
        {"received_at": LINK.received_at + dt.timedelta(microseconds=1)},
    ],
)
def test_the_chain_hash_covers_everything(changes: dict[str, Any]) -> None:
    assert evidence.chain_hash(replace(LINK, **changes)) != evidence.chain_hash(LINK)


@given(hashes=HASHES)
def test_every_leaf_leads_to_the_root(hashes: list[str]) -> None:
    root, paths = evidence.merkle_tree(hashes)

    assert [evidence.root_of(*each) for each in zip(hashes, paths, strict=True)] == (
        [root] * len(hashes)
    )


@given(hashes=HASHES, data=st.data())
def test_no_other_leaf_does(hashes: list[str], data: st.DataObject) -> None:
    root, paths = evidence.merkle_tree(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    other = data.draw(st.binary(min_size=32, max_size=32).map(bytes.hex))

    assert evidence.root_of(other, paths[index]) != root or other == hashes[index]


def test_a_tree_of_three_is_what_the_page_for_auditors_says() -> None:
    def sha(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    hashes = ["11" * 32, "22" * 32, "33" * 32]
    one, two, three = (sha(b"\x00" + bytes.fromhex(each)) for each in hashes)
    root, paths = evidence.merkle_tree(hashes)

    assert root == sha(b"\x01" + sha(b"\x01" + one + two) + three)
    assert paths[2] == ["L:" + sha(b"\x01" + one + two).hex()]
    assert paths[0] == [f"R:{two.hex()}", f"R:{three.hex()}"]


@pytest.mark.parametrize("step", ["X:" + "0" * 64, "L:00", "L:zz", "", "R"])
def test_a_path_that_is_none_is_refused(step: str) -> None:
    with pytest.raises(ValueError, match=r"path|hex"):
        evidence.root_of("00" * 32, [step])


def test_waits_double_up_to_an_hour() -> None:
    waits = [evidence.wait(attempts) for attempts in range(10)]

    assert waits[:3] == [dt.timedelta(minutes=minutes) for minutes in (1, 2, 4)]
    assert max(waits) == waits[-1] == dt.timedelta(hours=1)

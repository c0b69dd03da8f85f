"""F61: free text is cleaned and cut, and JSON of any encoding is read, by pure functions."""

import json
import time
from typing import Any

import pytest

from flywheel_server.core import errors, free_text
from flywheel_server.web import json_bodies


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("exit code 1", "exit code 1"),
        ("Büro 😀", "Büro 😀"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udfff\ud800x", "\ufffd\ufffdx"),
        ("", ""),
    ],
)
def test_only_what_no_column_can_hold_is_replaced(text: str, cleaned: str) -> None:
    assert free_text.clean(text) == cleaned
    assert free_text.fit(text) == (text == cleaned)


@pytest.mark.parametrize("sign", ["x", "é", "😀", "\x00"])
def test_a_text_too_long_is_cut_between_characters_with_a_mark(sign: str) -> None:
    most = free_text.MOST_BYTES
    cut = free_text.clean(sign * (most + 1))
    assert cut.endswith(free_text.MARK)
    assert most - 8 < len(cut.encode()) <= most
    assert free_text.clean(cut) == cut
    assert free_text.shorten(sign * 201, 200).endswith(free_text.MARK)
    assert len(free_text.shorten(sign * 201, 200)) <= 200
    assert free_text.shorten("x" * 200, 200) == "x" * 200


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
        ({"a\x00": float("nan"), "b": float("-inf")}, {"a\ufffd": None, "b": None}),
        ({"\ud800": {"b": ["\udc00"]}}, {"\ufffd": {"b": ["\ufffd"]}}),
        ([2**63, -(2**63)], [str(2**63), -(2**63)]),
    ],
)
def test_a_json_value_is_cleaned_in_all_its_parts(value: Any, cleaned: Any) -> None:
    assert free_text.clean_json(value) == cleaned
    assert free_text.json_object(value) == (
        cleaned if isinstance(cleaned, dict) else {"value": cleaned}
    )


def test_what_is_nested_too_deeply_or_too_long_is_cut_with_a_mark() -> None:
    assert "cut" in json.dumps(free_text.clean_json(_nested(100)))
    kept = free_text.bounded_json(["x" * 50_000, "y" * 50_000])
    assert len(kept.encode()) <= free_text.MOST_BYTES
    assert json.loads(kept)["cut"].startswith('["xxx')
    assert json.loads(kept)["cut"].endswith(free_text.MARK)
    assert len(free_text.bounded_json('"' * 70_000).encode()) <= free_text.MOST_BYTES
    assert free_text.bounded_json({"a": 1}) == '{"a": 1}'


TEXT = '{"a": "é", "b": [1, 2.5, "\\\\\\"", 9223372036854775807]}'
VALUE = json.loads(TEXT)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_json_is_read_in_every_encoding_that_it_may_have(encoding: str) -> None:
    assert json_bodies.read(TEXT.encode(encoding)) == VALUE


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e999}', {"a": None, "b": None, "c": None}),
        (rb'{"a": "\ud800"}', {"a": "\ud800"}),
        (b'{"a": "\xff"}', {"a": "\udcff"}),
        (b'{"a": "x\ny\x00"}', {"a": "x\ny\x00"}),
        (b'{"a": ' + b"9" * 9_999 + b"}", {"a": "9" * 9_999}),
    ],
)
def test_what_a_strict_decoder_rejects_is_read_all_the_same(body: bytes, value: Any) -> None:
    assert json_bodies.read(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b"\x00", b"[" * 100_000, b"[1", b'"\xff\xfe'])
def test_what_is_no_json_is_told_as_such(body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        json_bodies.read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 2_000_000 + b"[]]",
        b"[" + b"0," * 3_000_000 + b"NaN]",
        b'["' + b'","' * 2_000_000 + b'"]',
        b"[" * 200_000 + b"]" * 200_000,
        ('["\ud800"' + ",{}" * 2_000_000 + "]").encode("utf-16", "surrogatepass"),
    ],
    ids=["lists", "numbers", "texts", "deep", "utf-16"],
)
def test_members_are_counted_before_anything_is_converted(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(errors.TooLarge):
        json_bodies.read(body)
    # Converting these takes seconds; a generous bound for a slow machine.
    assert time.process_time() - began < 1


def test_text_counts_nothing_whatever_it_holds() -> None:
    body = json.dumps(['[,{\\"' * 10_000] * 100).encode()
    json_bodies.check_members(body)
    assert json_bodies.read(body) == json.loads(body)

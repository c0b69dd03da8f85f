"""MAC addresses in every form that agents and people write."""

import pytest

from flywheel_server.fleet.model import macs

MAC = "02:00:5E:10:00:01"
LONG = ":".join(["80"] * 20)


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("02:00:5e:10:00:01", MAC),
        ("02-00-5E-10-00-01", MAC),
        ("02005e100001", MAC),
        (" 02:00:5e:10:00:01 ", MAC),
        ("0200.5e10.0001", MAC),
        ("0200:5e10:0001", MAC),
        ("02 00 5e 10 00 01", MAC),
        ("02.00.5e.10.00.01", MAC),
        ("02:00:5e:ff:fe:10:00:01", "02:00:5E:FF:FE:10:00:01"),
        ("0200.5eff.fe10.0001", "02:00:5E:FF:FE:10:00:01"),
        (LONG, LONG),
        ("80" * 20, LONG),
        ("", None),
        (None, None),
        ("00:00:00:00:00:00", None),
        ("00-00-00-00-00-00", None),
        ("0000.0000.0000", None),
        ("00:00:00:00:00:00:00:00", None),
        ("ff:ff:ff:ff:ff:ff", None),
    ],
)
def test_a_mac_has_one_form_and_what_no_machine_has_is_none(
    text: str | None, mac: str | None
) -> None:
    assert macs.parse(text) == mac


@pytest.mark.parametrize(
    "text",
    ["02:00:5e:10:00", "zz:00:5e:10:00:01", "02:00:5e:10:00:01:02", "eth0", "no MAC", "x" * 900],
)
def test_what_is_no_mac_is_kept_as_text(text: str) -> None:
    assert macs.parse(text) is None
    assert macs.unreadable(f" {text} ") == text


@pytest.mark.parametrize("text", [None, "", "  ", "00:00:00:00:00:00", "0200.5e10.0001"])
def test_of_a_mac_and_of_nothing_no_text_is_kept(text: str | None) -> None:
    assert macs.unreadable(text) is None


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("site-02-00-5e-10-00-01", [f"site-{MAC}"]),
        (f"site-{MAC}", [f"site-{MAC}"]),
        ("site-0200.5e10.0001", [f"site-{MAC}"]),
        ("site-02-00-5e-ff-fe-10-00-01", ["site-02:00:5E:FF:FE:10:00:01"]),
        ("site-00:00:00:00:00:00", []),
        ("site-host-1f2e", []),
        ("", []),
    ],
)
def test_wire_ids_are_read_in_every_form(text: str, forms: list[str]) -> None:
    # A shorter MAC at the end of a longer one belongs to a site of another name: it fits none.
    assert [form for form, _ in macs.tails(text)][: len(forms)] == forms


def test_zeros_stand_for_no_mac() -> None:
    assert macs.zeros("site-00-00-00-00-00-00")
    assert macs.zeros("site-00:00:00:00:00:00")
    assert not macs.zeros("00:00:00:00:00:00")
    assert not macs.zeros(f"site-{MAC}")

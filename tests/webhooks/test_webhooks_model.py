"""Where webhooks may go, and how long they are tried."""

import ipaddress

import pytest

from flywheel_server.core import errors
from flywheel_server.webhooks.model import webhooks


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "::1",
        "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_a_private_address_is_known_whatever_it_is_wrapped_in(address: str) -> None:
    assert not webhooks.public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_in_the_open_internet_may_be_sent_to(address: str) -> None:
    assert webhooks.public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://example.com/", "http://example.com/", "https://", "https:///path",
        "https://user:word@example.com/", "https://example.com:99999/", "https://example.com:0/",
        "https://example.com/a b", "https://example.com/#part", "https://exämple.com/",
        "https://example.com/\n", "https://[::1", "file:///etc/passwd", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_url_that_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInput):
        webhooks.check_url(url, allow_private=False)


def test_plain_http_is_for_private_receivers_alone() -> None:
    webhooks.check_url("https://example.com:8443/hook?team=a", allow_private=False)
    webhooks.check_url("http://127.0.0.1:9000/hook", allow_private=True)
    with pytest.raises(errors.InvalidInput):
        webhooks.check_url("ftp://127.0.0.1/", allow_private=True)


def test_each_wait_is_longer_up_to_six_hours_and_chance_spreads_it() -> None:
    waits = [webhooks.wait_seconds(attempts, 0.5) for attempts in range(1, 13)]

    assert waits[:4] == [5, 20, 80, 320]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * 3600
    # Long enough for a receiver that is down for a night and a day.
    assert sum(waits[: webhooks.MOST_ATTEMPTS - 1]) > 24 * 3600
    assert webhooks.wait_seconds(1, 0) == pytest.approx(4)
    assert webhooks.wait_seconds(1, 1) == pytest.approx(6)

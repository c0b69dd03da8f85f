"""Webhooks: where they may go, how often they are tried, and what a receiver reads.

A delivery is tried until it is answered with 2xx, or given up after ``MOST_ATTEMPTS``: dead ones
stay to be seen and tried again by a person.
"""

import datetime as dt
import ipaddress
from urllib.parse import urlsplit
from uuid import UUID

from flywheel_server import errors

MOST_ATTEMPTS = 12
MOST_ENDPOINTS = 20
MOST_URL = 2_048
SECRET_BYTES = 32
# What the scheme has secrets start with.
SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix is no secret
_FIRST_SECONDS = 5
_LONGEST_SECONDS = 6 * 3_600

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise InvalidInput unless a webhook may be sent to such a URL at all."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise errors.InvalidInput("`url` is no URL: give one such as https://host/path.") from error
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise errors.InvalidInput("`url` starts with https://: what is sent is nobody else's.")
    if not parts.hostname or port == 0 or not url.isascii() or not url.isprintable():
        raise errors.InvalidInput("`url` needs a host, and plain characters only.")
    if parts.username is not None or parts.password is not None or parts.fragment or " " in url:
        raise errors.InvalidInput(
            "`url` has no user, password, fragment or blank: the signature proves who sends."
        )


def public(address: Address) -> bool:
    """Say whether an address lies in the open internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None:
            return public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def wait_seconds(attempts: int, chance: float) -> float:
    """Return how long to wait after that many failed attempts; ``chance`` is from 0 to 1.

    Four times as long each time up to six hours, and a fifth more or less, so that receivers that
    come back are not met by everything at once.
    """
    seconds = min(_FIRST_SECONDS * 4 ** min(attempts - 1, 10), _LONGEST_SECONDS)
    return float(seconds * (0.8 + 0.4 * chance))


def payload(
    kind: str,
    occurred_at: dt.datetime,
    tenant: dict[str, UUID | None],
    data: dict[str, object],
) -> dict[str, object]:
    """Return what a receiver reads: the same text at every attempt."""
    return {
        "type": kind,
        "timestamp": occurred_at.isoformat(),
        "tenant": {name: None if id is None else str(id) for name, id in tenant.items()},
        "data": data,
    }


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address not in _NAT64:
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)

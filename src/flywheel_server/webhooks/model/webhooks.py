"""Webhooks: where they may go, how often they are tried, and what a receiver reads.

A delivery is tried until it is answered with 2xx, or given up after ``MOST_ATTEMPTS``: dead ones
stay to be seen and tried again by a person.
"""

import datetime as dt
import ipaddress
import re
from urllib.parse import urlsplit
from uuid import UUID

from flywheel_server.core import errors

MOST_ATTEMPTS = 12
MOST_ENDPOINTS = 20
MOST_URL = 2_048
SECRET_BYTES = 32
# What the scheme has secrets start with.
SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix is no secret
_FIRST_SECONDS = 5
_LONGEST_SECONDS = 6 * 3_600
# What a receiver may ask for by ``Retry-After``.
LONGEST_ASKED = dt.timedelta(days=1)
GONE = 410
# How many replaced secrets sign beside the newest one, and how long at most.
MOST_OLD_SECRETS = 4
LONGEST_OVERLAP = dt.timedelta(days=7)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What a refusal of a private target names.
ALLOW = "start the server with FLYWHEEL_WEBHOOK_ALLOW_PRIVATE=true"
_MOST_HOST = 253
# Underscores are no letters of host names, but of those that container networks give.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# URLs read a host with such an end as an IPv4 address, and not all of them as the same one.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise InvalidInput unless a webhook may be sent to such a URL at all."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise errors.InvalidInput("`url` is no URL: give one such as https://host/path.") from error
    if parts.scheme not in {"https", "http"}:
        raise errors.InvalidInput("`url` starts with https://: give one such as https://host/path.")
    if parts.scheme == "http" and not allow_private:
        raise errors.InvalidInput(
            "`url` starts with https://, so that others cannot read what is sent: choose such a "
            f"one, or {ALLOW}."
        )
    if not parts.hostname or port == 0 or not url.isascii() or not url.isprintable():
        raise errors.InvalidInput("`url` needs a host, and plain characters only.")
    if parts.username is not None or parts.password is not None or parts.fragment or " " in url:
        raise errors.InvalidInput(
            "`url` has no user, password, fragment or blank: the signature proves who sends."
        )
    _check_host(parts.hostname, bracketed="[" in parts.netloc)


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


def not_before(asked_seconds: float | None, now: dt.datetime) -> dt.datetime | None:
    """Return when a receiver may be called again that asked for this long; None without a wish."""
    if not asked_seconds:
        return None
    return now + min(dt.timedelta(seconds=asked_seconds), LONGEST_ASKED)


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


def _check_host(host: str, *, bracketed: bool) -> None:
    """Raise InvalidInput for a host that no URL may have, or that is read in different ways."""
    if bracketed:
        try:
            ipaddress.IPv6Address(host)
        except ValueError as error:
            raise errors.InvalidInput(
                "The host of `url` is no IPv6 address: correct it."
            ) from error
        if "%" in host:
            raise errors.InvalidInput("The host of `url` names a zone (%): leave that out.")
        return
    labels = host.split(".")
    if len(host) > _MOST_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise errors.InvalidInput(
            "The host of `url` is no host name: give one such as hooks.example.com, without a dot "
            "at its end, and other than Latin letters as xn--…"
        )
    if not _NUMBER.fullmatch(labels[-1]):
        return
    try:
        ipaddress.IPv4Address(host)
    except ValueError as error:
        raise errors.InvalidInput(
            "The host of `url` ends in a number and is no IPv4 address: write an address as four "
            "decimal numbers up to 255 without leading zeros, such as 192.0.2.1."
        ) from error


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address not in _NAT64:
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)

"""For whom a proxy asks: believed of the proxies that are trusted, and of nobody else.

The one rule: what an untrusted peer says about addresses only ever makes it more strangers than
one, within a bound on all of them together; it never makes it somebody else.
"""

import ipaddress
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from flywheel_server.core import log

_log = log.get(__name__)

# What a peer in the server's own network that is not trusted says of whoever it asks for.
BEHIND = "flywheel.behind"
_SAID = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"})
_LONGEST = 64
# Python calls more than these private: ranges for documentation, for example.
_PRIVATE = [
    ipaddress.ip_network(each)
    for each in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
        "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
    )
]  # fmt: skip


class Forwarded:
    """Gives requests of trusted proxies the address and the scheme of whoever asked them."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        self._app = app
        # Its types say the same as Starlette's in other words.
        behind: Any = app
        self._trusting: Any = ProxyHeadersMiddleware(behind, trusted)
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = scope["client"][0] if scope.get("client") else ""
        if peer in self._trusting.trusted_hosts:
            await self._trusting(scope, receive, send)
            return
        if said(scope):
            self._warn(peer)
            if private(peer):
                scope[BEHIND] = _last(scope)
        await self._app(scope, receive, send)

    def _warn(self, peer: str) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "an untrusted peer says for whom it asks: if it is your proxy, name it in "
                "FLYWHEEL_TRUSTED_PROXIES",
                peer=peer,
            )


def said(scope: Scope) -> bool:
    """Say whether a request has a header of proxies."""
    return any(name in _SAID for name, _ in scope["headers"])


def private(host: str) -> bool:
    """Say whether an address is of this machine or of a private network."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


def _last(scope: Scope) -> str | None:
    """Return the address that the peer itself saw: proxies add theirs at the end."""
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not values:
        return None
    return values[-1].rpartition(b",")[2].strip().decode("latin-1")[:_LONGEST] or None

"""Posts to addresses that others chose: resolved, checked, and connected to as checked.

Nothing is followed and nothing is believed: no redirect, no proxy of the environment, no answer
beyond its status. A name that resolves to a private address is refused whenever it does.
"""

import asyncio
import ipaddress
import socket

import httpx

from flywheel_server.domain import webhooks

_RESOLVE_SECONDS = 5.0
_SECONDS = 15.0
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)


class Refused(Exception):
    """The address may not be sent to; the text says why."""


class Unanswered(Exception):
    """Nobody answered; the text says how it failed, and nothing of what came."""


class Outgoing:
    """A client for such posts; ``allow_private`` lets them into the server's own networks."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        # No connection is kept: one checked for a host must not serve another on its address.
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def resolve(self, url: str) -> str:
        """Return the address to connect to. Raises Refused, or Unanswered without such a host."""
        parsed = httpx.URL(url)
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(
                    parsed.raw_host.decode("ascii").strip("[]"),
                    parsed.port or (443 if parsed.scheme == "https" else 80),
                    type=socket.SOCK_STREAM,
                )
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Unanswered("its host name cannot be resolved") from error
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        for address in addresses:
            # One private address among public ones is refused too: which is used is chance.
            if not self.allow_private and not webhooks.public(ipaddress.ip_address(address)):
                raise Refused("its host has a private address, where nothing is sent")
        if not addresses:
            raise Unanswered("its host name cannot be resolved")
        return addresses[0]

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post and return the answer's status. Raises Refused and Unanswered."""
        address = await self.resolve(url)
        parsed = httpx.URL(url)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._client.stream(
                    "POST",
                    parsed.copy_with(host=address),
                    content=body,
                    headers=headers | {"host": parsed.netloc.decode("ascii")},
                    # The certificate has to be the name's, not the address's.
                    extensions={"sni_hostname": parsed.raw_host.decode("ascii").strip("[]")},
                ) as answer,
            ):
                return answer.status_code
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unanswered("it did not answer in time") from error
        except (httpx.HTTPError, OSError) as error:
            raise Unanswered(f"the connection failed ({type(error).__name__})") from error

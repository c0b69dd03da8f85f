"""Posts to addresses that others chose: resolved, checked, and connected to as checked.

Nothing is followed and nothing is believed: no redirect, no proxy of the environment, no answer
beyond its status and when to come again. A name that resolves to a private address is refused
whenever it does.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from itertools import zip_longest

import httpx

from flywheel_server.webhooks.model import webhooks

_RESOLVE_SECONDS = 5.0
_SECONDS = 15.0
_ANSWER_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
# All addresses of a host are tried within this, and an answer is still waited for.
_ALL_CONNECTS_SECONDS = 8.0
_MOST_ADDRESSES = 8


class Refused(Exception):
    """The address may not be sent to; the text says why."""


class Unanswered(Exception):
    """Nobody answered; the text says how it failed, and nothing of what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is taken from an answer."""

    status: int
    retry_after: str | None
    sent_at: str | None


class Outgoing:
    """A client for such posts; ``allow_private`` lets them into the server's own networks."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        # No connection is kept: one checked for a host must not serve another on its address.
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def resolve(self, url: str) -> list[str]:
        """Return the addresses to connect to, each checked. Raises Refused, or Unanswered."""
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
        addresses = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
        for address in addresses:
            # One private address among public ones is refused too: which is used is chance.
            if not self.allow_private and not webhooks.public(ipaddress.ip_address(address)):
                raise Refused(
                    f"its host has a private address: choose a public one, or {webhooks.ALLOW}"
                )
        if not addresses:
            raise Unanswered("its host name cannot be resolved")
        return _alternating(list(addresses))[:_MOST_ADDRESSES]

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post to the first address that takes a connection. Raises Refused and Unanswered."""
        addresses = await self.resolve(url)
        patience = min(_CONNECT_SECONDS, _ALL_CONNECTS_SECONDS / len(addresses))
        try:
            async with asyncio.timeout(_SECONDS):
                for address in addresses[:-1]:
                    try:
                        return await self._post_to(address, url, body, headers, patience)
                    except (httpx.ConnectError, httpx.ConnectTimeout):
                        # Nothing was sent yet: the next address may answer.
                        continue
                return await self._post_to(addresses[-1], url, body, headers, patience)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unanswered("it did not answer in time") from error
        except (httpx.HTTPError, OSError) as error:
            raise Unanswered(f"the connection failed ({type(error).__name__})") from error

    async def _post_to(
        self, address: str, url: str, body: bytes, headers: dict[str, str], patience: float
    ) -> Answer:
        parsed = httpx.URL(url)
        async with self._client.stream(
            "POST",
            parsed.copy_with(host=address),
            content=body,
            headers=headers | {"host": parsed.netloc.decode("ascii")},
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=patience),
            # The certificate has to be the name's, not the address's.
            extensions={"sni_hostname": parsed.raw_host.decode("ascii").strip("[]")},
        ) as answer:
            return Answer(
                status=answer.status_code,
                retry_after=answer.headers.get("retry-after"),
                sent_at=answer.headers.get("date"),
            )


def _alternating(addresses: list[str]) -> list[str]:
    """Return the resolver's order with both families by turns: one of them may lead nowhere."""
    first = [each for each in addresses if (":" in each) == (":" in addresses[0])]
    second = [each for each in addresses if each not in first]
    turns = zip_longest(first, second)
    return [each for pair in turns for each in pair if each is not None]

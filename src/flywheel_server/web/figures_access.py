"""Who may read the platform's figures: a token's holder, or who asks from an address that may.

They name no tenant, but tell how much there is of everything.
"""

import hmac
import ipaddress

from fastapi import Request

from flywheel_server.core import errors
from flywheel_server.core.settings import Settings
from flywheel_server.web import forwarded

_REFUSED = (
    "Send `Authorization: Bearer` with the token of FLYWHEEL_METRICS_TOKEN, or ask from an address "
    "of FLYWHEEL_METRICS_FROM."
)


def check(request: Request, settings: Settings) -> None:
    """Let a reader of figures pass. Raises Forbidden."""
    token, networks = settings.metrics_token, settings.metrics_from
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if token is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), token.encode()
    ):
        return
    host = request.client.host if request.client else ""
    if networks is not None:
        allowed = _within(host, networks)
    else:
        # Unless told otherwise: who is near, and does not ask for somebody who may be far.
        near = forwarded.private(host) and forwarded.BEHIND not in request.scope
        allowed = token is None and near
    if not allowed:
        raise errors.Forbidden(_REFUSED)


def _within(host: str, networks: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    given = [each.strip() for each in networks.split(",") if each.strip()]
    return any(address in ipaddress.ip_network(each) for each in given)

"""Manages webhook endpoints. Partners' owners manage their own, operators the platform's.

Whoever has an endpoint's secret can pretend to be this server: it is shown once, and never read
again but to sign.
"""

import base64
import datetime as dt
import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import UUID

from flywheel_server.core import audit, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope, OperatorScope, PartnerScope
from flywheel_server.webhooks import store as webhooks
from flywheel_server.webhooks.actions import events
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.model.events import KINDS
from flywheel_server.webhooks.outgoing import Outgoing, Refused, Unanswered
from flywheel_server.webhooks.store import Delivery, Endpoint, Leased

Actor = OperatorScope | PartnerScope
_SENDER = LoopScope(reason="a receiver of any tenant may say that it is gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to become of an endpoint; None leaves it."""

    url: str | None = None
    label: str | None = None
    kinds: list[str] | None = None
    enabled: bool | None = None


async def check_target(outgoing: Outgoing, url: str | None) -> None:
    """Resolve the host of a URL, if one is given. Raises InvalidInput where nothing may be sent.

    It waits for name servers: call it before a transaction is open.
    """
    if url is None:
        return
    rules.check_url(url, allow_private=outgoing.allow_private)
    try:
        await outgoing.resolve(url)
    except Refused as error:
        raise errors.InvalidInput(
            f"`url` leads to a private address: choose one in the open internet, or {rules.ALLOW}."
        ) from error
    except Unanswered as error:
        raise errors.InvalidInput("The host of `url` is not known: correct its name.") from error


async def create(
    connection: Connection,
    actor: Actor,
    *,
    url: str,
    label: str,
    kinds: list[str],
    now: dt.datetime,
) -> tuple[Endpoint, str]:
    """Add an endpoint; return it with its secret, to be shown this once.

    The caller has checked where ``url`` leads. Raises Conflict when there are too many.
    """
    owner = owner_of(actor)
    if await webhooks.count(connection, owner) >= rules.MOST_ENDPOINTS:
        raise errors.Conflict(
            f"There are {rules.MOST_ENDPOINTS} endpoints already: delete one that is not needed."
        )
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    made = await webhooks.insert(
        connection, owner, url=url, label=label, kinds=_kinds(kinds), secret=secret, now=now
    )
    await _audit(connection, actor, "webhook.create", made.id, now, after=_state(made))
    return made, _shown(secret)


async def change(
    connection: Connection, actor: Actor, id: UUID, changes: Changes, now: dt.datetime
) -> Endpoint:
    """Change an endpoint and return it. Raises NotFound.

    What its receiver said holds no longer for another address, nor for one that is switched on.
    """
    before = await get(connection, actor, id)
    after = replace(
        before,
        url=before.url if changes.url is None else changes.url,
        label=before.label if changes.label is None else changes.label,
        kinds=before.kinds if changes.kinds is None else _kinds(changes.kinds),
        enabled=before.enabled if changes.enabled is None else changes.enabled,
    )
    if after == before:
        return before
    if after.url != before.url or (after.enabled and not before.enabled):
        after = replace(after, gone_at=None, not_before=None)
    await webhooks.change(connection, after)
    await _audit(
        connection, actor, "webhook.change", id, now, before=_state(before), after=_state(after)
    )
    return after


async def rotate(
    connection: Connection, actor: Actor, id: UUID, overlap: dt.timedelta, now: dt.datetime
) -> tuple[Endpoint, str]:
    """Replace an endpoint's secret; return it with the new one, to be shown this once.

    Until the overlap ends both sign. Without one all that came before end at once. Raises NotFound,
    and Conflict when too many sign already.
    """
    endpoint = await get(connection, actor, id)
    await webhooks.forget_old_secrets(connection, endpoint, now, living=not overlap)
    if await webhooks.count_old_secrets(connection, endpoint) >= rules.MOST_OLD_SECRETS:
        raise errors.Conflict(
            f"{rules.MOST_OLD_SECRETS} replaced secrets sign still: wait until one has ended, or "
            "rotate without an overlap, which ends them all."
        )
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    until = now + overlap if overlap else None
    await webhooks.rotate(connection, endpoint, secret, until)
    after: dict[str, object] = {"old_secret_until": until.isoformat() if until else None}
    await _audit(connection, actor, "webhook.rotate", id, now, after=after)
    return await get(connection, actor, id), _shown(secret)


async def switch_off(connection: Connection, leased: Leased, now: dt.datetime) -> bool:
    """Switch an endpoint off whose receiver says that it is gone; say whether that was news."""
    gone = await webhooks.switch_off(connection, leased, now)
    if gone is None:
        return False
    await audit.record(
        connection,
        _SENDER,
        "webhook.gone",
        object_kind="webhook",
        object_id=str(gone.id),
        now=now,
        before=_state(replace(gone, enabled=True)),
        after=_state(gone) | {"status": rules.GONE},
        partner_id=gone.partner_id,
    )
    told: dict[str, object] = {
        "endpoint_id": str(gone.id),
        "label": gone.label,
        "host": urlsplit(gone.url).netloc,
        "status": rules.GONE,
    }
    await events.emit(connection, "webhook.gone", partner_id=gone.partner_id, data=told, now=now)
    return True


async def delete(connection: Connection, actor: Actor, id: UUID, now: dt.datetime) -> None:
    """Delete an endpoint and what was on its way to it. Raises NotFound."""
    before = await get(connection, actor, id)
    await webhooks.delete(connection, owner_of(actor), id)
    await _audit(connection, actor, "webhook.delete", id, now, before=_state(before))


async def retry(
    connection: Connection, actor: Actor, id: UUID, delivery_id: UUID, now: dt.datetime
) -> Delivery:
    """Have a delivery sent again, a dead one too. Raises NotFound."""
    endpoint = await get(connection, actor, id)
    before = await _delivery(connection, endpoint, delivery_id)
    await webhooks.retry(connection, endpoint, delivery_id, now)
    await _audit(
        connection,
        actor,
        "webhook.retry",
        id,
        now,
        before={"delivery_id": str(delivery_id), "state": before.state},
        after={"delivery_id": str(delivery_id), "state": "pending"},
    )
    return await _delivery(connection, endpoint, delivery_id)


async def send_test(connection: Connection, actor: Actor, id: UUID, now: dt.datetime) -> Delivery:
    """Send a test event to this endpoint alone, when it is enabled. Raises NotFound."""
    endpoint = await get(connection, actor, id)
    data: dict[str, object] = {"endpoint_id": str(id), "message": "This is a test."}
    delivery_id = await webhooks.add_test(connection, endpoint, data, now)
    await _audit(
        connection, actor, "webhook.test", id, now, after={"delivery_id": str(delivery_id)}
    )
    return await _delivery(connection, endpoint, delivery_id)


async def forget_secrets(connection: Connection, now: dt.datetime) -> int:
    """Delete replaced secrets that sign nothing any more; return how many."""
    return await webhooks.forget_expired_secrets(connection, now)


async def get(connection: Connection, actor: Actor, id: UUID) -> Endpoint:
    """Return an endpoint of the actor's. Raises NotFound for another's."""
    found = await webhooks.get(connection, owner_of(actor), id)
    if found is None:
        raise errors.NotFound("No webhook of yours has this id: take it from the list.")
    return found


def owner_of(actor: Actor) -> UUID | None:
    """Return the partner whose endpoints the actor manages; None: the platform's."""
    return actor.partner_id if isinstance(actor, PartnerScope) else None


def _shown(secret: bytes) -> str:
    return rules.SECRET_PREFIX + base64.b64encode(secret).decode("ascii")


async def _delivery(connection: Connection, endpoint: Endpoint, id: UUID) -> Delivery:
    found = await webhooks.delivery(connection, endpoint, id)
    if found is None:
        raise errors.NotFound("No delivery of this webhook has this id: take it from the list.")
    return found


def _kinds(kinds: list[str]) -> list[str]:
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        raise errors.InvalidInput(f"`kinds` are one or more of: {', '.join(KINDS)}.")
    return [kind for kind in KINDS if kind in kinds]


def _state(endpoint: Endpoint) -> dict[str, object]:
    # Some receivers are known by a secret path: the audit names the host alone.
    return {
        "host": urlsplit(endpoint.url).netloc,
        "label": endpoint.label,
        "kinds": list(endpoint.kinds),
        "enabled": endpoint.enabled,
    }


async def _audit(
    connection: Connection,
    actor: Actor,
    action: str,
    id: UUID,
    now: dt.datetime,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="webhook",
        object_id=str(id),
        now=now,
        before=before,
        after=after,
        partner_id=owner_of(actor),
    )

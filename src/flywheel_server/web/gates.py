"""The places of one kind of traffic, shared fairly, and what each of its senders has left to send.

The one rule: a place goes to the next tenant in turn, and among a tenant's people to the next of
them, so a sender with many requests waits behind itself and not in front of others.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass

from flywheel_server.core import errors

_MOST_SENDERS = 100_000
_WAIT_SECONDS = 10.0
_ROUNDING = 1e-6
_now = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of traffic."""

    name: str
    # Handled at once, and waiting for it; more than both are refused with 503.
    most: int
    waiting: int
    # Requests a second of one sender (site, person or address), and how many at once.
    rate: float
    burst: int
    # The refusal that a sender beyond that receives.
    refusal: type[errors.FlywheelError]
    # How many places one tenant, and one sender, may hold, and how many requests of one sender may
    # wait; unset: all of them.
    tenant_most: int | None = None
    sender_most: int | None = None
    sender_waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """For whom a place is asked: a tenant, and one of its senders."""

    tenant: Hashable
    sender: Hashable


_Turn = asyncio.Future[None]
_ANYONE = Claim(None, None)


class Gate:
    """One kind's places, and what each of its senders has left."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.free = kind.most
        self._tenant_most = kind.tenant_most or kind.most
        self._sender_most = kind.sender_most or kind.most
        self._sender_waiting = kind.sender_waiting or kind.waiting
        # Places held, by tenant and by claim; and who waits, in the order of their turns.
        self._held: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, OrderedDict[Claim, deque[_Turn]]] = OrderedDict()
        self._waiting_count = 0
        # When each sender's bucket will be full again, in seconds of the monotonic clock.
        self._full_at: dict[Hashable, float] = {}
        self._step = 1 / kind.rate
        # How far in the future that may lie.
        self._furthest = kind.burst / kind.rate + _ROUNDING

    async def enter(self, claim: Claim = _ANYONE) -> None:
        """Take a place, waiting for it. Raises Busy when too many wait, or too long."""
        if self.free > 0 and self._fits(claim):
            self._take(claim)
            return
        turn = self._queue(claim)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place was handed over at the very moment it was given up: pass it on.
                self.leave(claim)
            else:
                self._unqueue(claim, turn)
            if isinstance(error, TimeoutError):
                raise errors.Busy(_busy(self.kind)) from error
            raise

    def leave(self, claim: Claim | None = None) -> None:
        """Give a place back, and hand it to the next in turn who may have it.

        Without a claim it was taken as one of ``free``.
        """
        self.free += 1
        if claim is not None:
            for key in (claim.tenant, claim):
                held = self._held.pop(key) - 1
                if held:
                    self._held[key] = held
        if self._waiting:
            self._hand_over()

    def spend(self, sender: Hashable, rate: float = 1.0) -> None:
        """Take one request from a sender's bucket. Raises the kind's refusal when it is empty.

        ``rate`` other than one makes the bucket fill faster or more slowly, and be larger or
        smaller, by that factor.
        """
        now = _now()
        full_at = max(self._full_at.get(sender, now), now) + self._step / rate
        if full_at - now > self._furthest:
            raise self.kind.refusal(
                f"Too many requests of the kind {self.kind.name} come from here: slow down."
            )
        if len(self._full_at) >= _MOST_SENDERS and sender not in self._full_at:
            self._forget(now)
        self._full_at[sender] = full_at

    def refund(self, sender: Hashable) -> None:
        """Give back what ``spend`` took last."""
        if sender in self._full_at:
            self._full_at[sender] -= self._step

    def _fits(self, claim: Claim) -> bool:
        return (
            self._held.get(claim.tenant, 0) < self._tenant_most
            and self._held.get(claim, 0) < self._sender_most
        )

    def _take(self, claim: Claim) -> None:
        self.free -= 1
        for key in (claim.tenant, claim):
            self._held[key] = self._held.get(key, 0) + 1

    def _queue(self, claim: Claim) -> _Turn:
        queues = self._waiting.get(claim.tenant)
        turns = None if queues is None else queues.get(claim)
        mine = 0 if turns is None else len(turns)
        if self._waiting_count >= self.kind.waiting or mine >= self._sender_waiting:
            raise errors.Busy(_busy(self.kind))
        turn: _Turn = asyncio.get_running_loop().create_future()
        queues = self._waiting.setdefault(claim.tenant, OrderedDict())
        queues.setdefault(claim, deque()).append(turn)
        self._waiting_count += 1
        return turn

    def _unqueue(self, claim: Claim, turn: _Turn) -> None:
        queues = self._waiting.get(claim.tenant, OrderedDict())
        turns = queues.get(claim, deque())
        if turn not in turns:
            return
        turns.remove(turn)
        self._waiting_count -= 1
        self._tidy(claim)

    def _hand_over(self) -> None:
        """Hand free places to those whose turn it is."""
        while self.free > 0 and (claim := self._next()) is not None:
            queues = self._waiting[claim.tenant]
            turn = queues[claim].popleft()
            self._waiting_count -= 1
            # Whoever had a turn goes behind the others.
            queues.move_to_end(claim)
            self._waiting.move_to_end(claim.tenant)
            self._tidy(claim)
            if not turn.done():
                self._take(claim)
                turn.set_result(None)

    def _next(self) -> Claim | None:
        for tenant, queues in self._waiting.items():
            if self._held.get(tenant, 0) < self._tenant_most:
                for claim in queues:
                    if self._held.get(claim, 0) < self._sender_most:
                        return claim
        return None

    def _tidy(self, claim: Claim) -> None:
        queues = self._waiting[claim.tenant]
        if not queues[claim]:
            del queues[claim]
        if not queues:
            del self._waiting[claim.tenant]

    def _forget(self, now: float) -> None:
        """Forget full buckets; with as many emptied ones somebody makes senders up: forget all."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) >= _MOST_SENDERS:
            self._full_at.clear()


def _busy(kind: Kind) -> str:
    return f"Too many requests of the kind {kind.name} are underway: send it again in a moment."

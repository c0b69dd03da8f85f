"""An appliance's line to the server: its calls over HTTP, and what waits to be sent again.

A report that did not arrive is kept and sent again under the same execution id, as agents do.
"""

import datetime as dt
from collections import Counter, deque
from http import HTTPStatus

import httpx

from simulator import evidence, orders, plans
from simulator.appliance import Appliance, UntrustedRulesError
from simulator.messages import Heal, Json

_MOST_UNSENT = 500
# These answers mean that sending the same again cannot help.
_FINAL = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class Link:
    """One appliance, its key, and a connection pool that it shares with others."""

    def __init__(self, http: httpx.AsyncClient, key: str, appliance: Appliance) -> None:
        """Take the site's key, and a client whose base address is the server."""
        self.appliance = appliance
        # What went wrong, by a short name: for the operator of a simulation.
        self.faults: Counter[str] = Counter()
        self.levels: Counter[str] = Counter()
        self._http = http
        self._headers = {"Authorization": f"Bearer {key}"}
        self._unsent: deque[Json] = deque(maxlen=_MOST_UNSENT)

    async def check_in(self, uptime_seconds: int) -> None:
        """Check in, obey its orders, and sync when the answer says that there is something new."""
        body = self.appliance.check_in(uptime_seconds)
        answer = await self._call("POST", "/api/appliances/checkin", body)
        if answer is None or answer.status_code != HTTPStatus.OK:
            return
        told = answer.json()
        self.appliance.take_check_in(told)
        for order in told["pending_orders"]:
            report = orders.carry_out(self.appliance, order)
            await self._call("POST", f"/api/orders/{order['order_id']}/complete", report)
        if self.appliance.wants_rules:
            await self.sync()

    async def sync(self) -> None:
        """Ask for the rule set, unless it is the one it has."""
        appliance = self.appliance
        headers = {"If-None-Match": appliance.etag} if appliance.etag else {}
        path = f"/agent/sync?site_id={appliance.identity.site_id}"
        answer = await self._call("GET", path, headers=headers)
        if answer is None or answer.status_code != HTTPStatus.OK:
            return
        try:
            appliance.take_rules(answer.json(), answer.headers.get("etag"))
        except UntrustedRulesError:
            self.faults["untrusted rules"] += 1

    async def heal_one(self, now: dt.datetime) -> None:
        """Let one incident happen, heal it, and report it with whatever still waits."""
        heal = self.appliance.next_heal()
        done = [] if plans.waits(self.appliance, heal, now) else [await self._planned(heal, now)]
        for each in (*self.appliance.ordered, *done):
            self.levels[each.level] += 1
            self._unsent.append(self.appliance.report(each, now))
        self.appliance.ordered.clear()
        await self.flush()

    async def submit_evidence(self, now: dt.datetime) -> None:
        """Check what has to be proven and submit it, if it is an appliance that does."""
        identity = self.appliance.identity
        if evidence.signs(identity):
            body = evidence.bundle(identity, self.appliance.chance, now)
            path = f"/api/evidence/sites/{identity.site_id}/submit"
            await self._call("POST", path, body)

    async def flush(self) -> None:
        """Send what waits, oldest first, until one does not arrive."""
        while self._unsent:
            body = self._unsent[0]
            answer = await self._call("POST", "/api/agent/executions", body)
            if answer is None or not (answer.is_success or answer.status_code in _FINAL):
                return
            # A full queue may have let go of it meanwhile.
            if self._unsent and self._unsent[0] is body:
                self._unsent.popleft()

    async def _planned(self, heal: Heal, now: dt.datetime) -> Heal:
        """Ask for a plan where it asks at all; without an answer a person is called."""
        if not plans.asks(self.appliance, heal):
            return heal
        question = plans.question(self.appliance, heal, now)
        answer = await self._call("POST", "/api/agent/l2/plan", question)
        if answer is None or answer.status_code != HTTPStatus.OK:
            return heal
        return plans.obey(self.appliance, heal, answer.json(), now)

    async def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response | None:
        """Make one call; return None when it did not arrive, and count every fault."""
        try:
            answer = await self._http.request(
                method, path, json=body, headers=self._headers | (headers or {})
            )
        except httpx.HTTPError as error:
            self.faults[type(error).__name__] += 1
            return None
        if answer.is_error:
            self.faults[f"{answer.status_code} {path.partition('?')[0]}"] += 1
        return answer

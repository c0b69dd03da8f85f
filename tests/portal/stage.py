"""A partner's morning: candidates that wait, appliances that report, rules that heal."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from flywheel_server.core import db, embedded
from flywheel_server.core.settings import Settings
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as stored_rules
from flywheel_server.web import credentials
from tests import candidates, cast as people, deliveries, telemetry
from tests.cast import Cast, CastPerson, CastSite
from tests.journeys.conftest import listening

HOSTS = ("WS-1", "WS-2", "WS-3", "WS-4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server with people on it."""

    base_url: str
    app_url: str
    http: httpx.AsyncClient
    database: db.Database
    cast: Cast
    # Candidates of the first site, by host.
    waiting: dict[str, str]

    @property
    def site(self) -> CastSite:
        return self.cast.site

    @property
    def technician(self) -> CastPerson:
        return self.cast.people["partner technician"]

    @property
    def owner(self) -> CastPerson:
        return self.cast.people["partner owner"]

    @property
    def viewer(self) -> CastPerson:
        return self.cast.people["partner viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """What is on the stage before a test begins; true of every copy of its database."""

    cast: Cast
    waiting: dict[str, str]


async def prepare(address: embedded.Address) -> Set:
    """Let everything come about on a database as it does."""
    async with _served(address) as (_, http, database):
        cast = await people.make_cast(database)
        ids = await candidates.make(http, cast, cast.site, *HOSTS)
        await deliveries.check_in(http, cast.appliance, "0.4.2", active_l2_mode="auto")
    return Set(cast=cast, waiting=dict(zip(HOSTS, ids, strict=True)))


@contextlib.asynccontextmanager
async def opened(address: embedded.Address, prepared: Set) -> AsyncIterator[Stage]:
    """Serve a prepared database, or a copy of one."""
    async with _served(address) as (base_url, http, database):
        yield Stage(
            base_url=base_url,
            app_url=address.app_url,
            http=http,
            database=database,
            cast=prepared.cast,
            waiting=prepared.waiting,
        )


@contextlib.asynccontextmanager
async def _served(
    address: embedded.Address,
) -> AsyncIterator[tuple[str, httpx.AsyncClient, db.Database]]:
    database = await db.open_database(address.app_url, pool_size=4)
    try:
        async with (
            listening(Settings(loop=False), address.app_url) as base_url,
            httpx.AsyncClient(base_url=base_url, timeout=30) as http,
        ):
            yield base_url, http, database
    finally:
        await database.close()


def plain(person: CastPerson) -> dict[str, str]:
    """Return what somebody's browser sends over plain HTTP, with the token of our pages."""
    return {
        "Cookie": f"{credentials.PLAIN_COOKIE}={person.token}",
        "X-CSRF-Token": credentials.csrf_token(person.token),
    }


async def approve(stage: Stage, host: str) -> str:
    """Approve a candidate over the API; return the rule's id on appliances."""
    answer = await stage.http.post(
        f"/api/partners/me/learning/candidates/{stage.waiting[host]}/approve",
        json={"custom_name": "Spooler back on", "notes": "Seen it work."},
        headers=stage.cast.partners[0].credential.headers,
    )
    assert answer.status_code == 200, answer.text
    rule_id: str = answer.json()["rule_id"]
    return rule_id


async def heal(stage: Stage, rule_id: str, count: int, failures: int = 0) -> None:
    """Let a rule heal, and let the loop see it."""
    await telemetry.send(
        stage.http,
        stage.site,
        telemetry.executions(
            count, failures, runbook_id=rule_id, rule_id=rule_id, resolution_level="L1"
        ),
    )
    await telemetry.turn(stage.http, stage.cast.admin)


async def reject(stage: Stage, host: str, reason: str = "Handled elsewhere.") -> None:
    """Reject a candidate over the API."""
    answer = await stage.http.post(
        f"/api/partners/me/learning/candidates/{stage.waiting[host]}/reject",
        json={"reason": reason},
        headers=stage.cast.partners[0].credential.headers,
    )
    assert answer.status_code == 200, answer.text


async def rule_of(stage: Stage, rule_id: str) -> Rule:
    """Return a rule by its id on appliances."""
    async with db.transaction(stage.database, people.STAGE) as connection:
        (rule,) = await stored_rules.find(connection, rule_id)
    return rule

"""What examples of requests speak of: the cast with one of everything, and what an example is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from flywheel_server.core import db
from flywheel_server.core.scope import PartnerScope
from tests import bundles, ordering, planning
from tests.candidates import (
    be_rejected,
    make_alarm,
    make_candidates,
    make_doubtful_pair,
    make_pair,
    make_platform_rule,
    make_promoted_rule,
    make_quarantine,
    make_unresolved,
    rows,
)
from tests.cast import (
    STAGE,
    Cast,
    CastAppliance,
    CastSite,
    Credential,
    make_appliance,
    make_cast,
    make_partner_key,
    make_person,
    make_site_key,
)
from tests.hooks import Made, make_endpoint

SITE = "site_id"
MOMENT = "2026-02-24T10:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request, and the status with which it succeeds."""

    path: str
    query: dict[str, str] | None = None
    body: Any = None
    status: int = 200
    # How many audit entries it leaves, if it changes anything.
    entries: int = 1

    async def send(
        self, client: httpx.AsyncClient, method: str, headers: dict[str, str]
    ) -> httpx.Response:
        return await client.request(
            method, self.path, params=self.query, json=self.body, headers=headers
        )

    def names(self, site: CastSite) -> bool:
        """Say whether the request mentions the site."""
        return site.slug in repr((self.path, self.query, self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The cast, and the things that examples speak of."""

    cast: Cast
    # A live key of `cast.site`, and one that is spent.
    spare: Credential
    # Two API keys of the first partner, to be rotated and revoked.
    partner_keys: tuple[Credential, Credential]
    # Somebody of each home ("operator", "partner", "client") to be managed.
    colleagues: dict[str, UUID]
    # Of each site, by its id: candidates that wait for a decision, by host, and a promoted rule.
    candidates: dict[UUID, dict[str, str]]
    rules: dict[UUID, str]
    # The same, of rules that are switched off.
    rules_off: dict[UUID, str]
    # A rule of the platform's, for everybody.
    platform_rule: UUID
    # One more that was taken from the first partner's second organization, and alarms about
    # rules of its sites, by who may answer them.
    quarantine: UUID
    alarms: dict[str, UUID]
    # What these are about.
    alarmed: dict[UUID, UUID]
    # What the platform counted for the pair of those candidates.
    pair: UUID
    # Another whose incident type looks like it.
    doubtful: UUID
    # Plans of `cast.neighbour`, which has full coverage, that wait for a person, by purpose.
    plans: dict[str, UUID]
    # An open order to `cast.appliance`.
    order: str
    # Of operators and of the first partner: a webhook with a delivery, and one to be deleted.
    webhooks: dict[str, tuple[Made, Made]]
    # The agent of `cast.appliance`, a bundle of its, and two evidence keys that wait.
    agent: bundles.Agent
    bundle_id: str
    evidence_keys: tuple[UUID, UUID]
    # Appliances of the first partner: to be removed, to be merged, and into which.
    ghosts: tuple[CastAppliance, CastAppliance, CastAppliance]

    def candidate(self, site: CastSite, purpose: str) -> str:
        """Return a candidate that no example of another purpose decides on."""
        return self.candidates[site.id][purpose]

    def own_decision(self, site: CastSite, purpose: str) -> str:
        """Return a candidate of the site's organization where clients decide themselves."""
        for each in self.cast.sites:
            if (each.organization_id, each.healing_tier) == (site.organization_id, "full_coverage"):
                return self.candidate(each, purpose)
        return self.candidate(site, purpose)


Builder = Callable[[Stage, CastSite], Example]

ADMIN = "/api/admin"
APPROVAL = {"notes": "Proven.", "deploy_immediately": False}
PURPOSES = ("approve", "reject", "bulk-approve", "bulk-reject", "forward", "reopen")


def admin(path: str, body: Any = None, status: int = 200) -> Builder:
    return lambda _stage, _site: Example(path=f"{ADMIN}/{path}", body=body, status=status)


def of_site(path: str) -> Builder:
    return lambda _stage, site: Example(path=path, query={"site": site.slug})


async def set_stage(database: db.Database) -> Stage:
    """Make the cast and what the examples speak of."""
    cast = await make_cast(database)
    beside = await make_appliance(database, cast.neighbour)
    owner = cast.people["partner owner"].scope
    if not isinstance(owner, PartnerScope):
        raise TypeError("an owner is a partner's")
    agent, bundle_id, keys = await _evidence_stage(database, cast)
    await make_unresolved(database, cast.site)
    elsewhere = cast.partners[0].organizations[1].standard
    candidates = await make_candidates(database, (*cast.sites, cast.stranger), PURPOSES)
    await be_rejected(database, [found["reopen"] for found in candidates.values()])
    quarantine = await make_quarantine(database, elsewhere)
    alarms = {
        "operator": await make_alarm(database, cast.site),
        "partner": await make_alarm(database, elsewhere),
        "client": await make_alarm(database, cast.neighbour),
    }
    about = await rows(database, "SELECT id, rule FROM rule_alarms")
    return Stage(
        cast=cast,
        agent=agent,
        bundle_id=bundle_id,
        evidence_keys=keys,
        ghosts=(
            await make_appliance(database, elsewhere),
            await make_appliance(database, elsewhere),
            await make_appliance(database, elsewhere),
        ),
        spare=await make_site_key(database, cast.site),
        partner_keys=(
            await make_partner_key(database, cast.partners[0].id),
            await make_partner_key(database, cast.partners[0].id),
        ),
        colleagues={
            "operator": (await make_person(database, "viewer")).id,
            "partner": (await make_person(database, "viewer", partner_id=cast.partners[0].id)).id,
            "client": (
                await make_person(database, "viewer", organization_id=cast.site.organization_id)
            ).id,
        },
        candidates=candidates,
        rules={
            site.id: await make_promoted_rule(database, site)
            for site in (*cast.sites, cast.stranger)
        },
        rules_off={
            site.id: await make_promoted_rule(database, site, enabled=False)
            for site in (*cast.sites, cast.stranger)
        },
        quarantine=quarantine,
        alarms=alarms,
        alarmed={row["id"]: row["rule"] for row in about},
        platform_rule=(await make_platform_rule(database)).id,
        pair=await make_pair(database),
        doubtful=await make_doubtful_pair(database),
        webhooks={
            "operator": (
                await make_endpoint(database, STAGE),
                await make_endpoint(database, STAGE),
            ),
            "partner": (
                await make_endpoint(database, owner),
                await make_endpoint(database, owner),
            ),
        },
        plans={
            purpose: await planning.make_waiting(database, beside)
            for purpose in ("approve", "reject")
        },
        order=(await ordering.issue(database, cast.appliance, order_id="heal::law:1")).id,
    )


async def _evidence_stage(
    database: db.Database, cast: Cast
) -> tuple[bundles.Agent, str, tuple[UUID, UUID]]:
    """Let an appliance submit a bundle, and two others show a second key."""
    agent = await bundles.agent_of(database, cast.appliance)
    bundle = await bundles.submitted(database, agent)
    waiting = []
    for _ in range(2):
        appliance = await make_appliance(database, cast.site)
        await bundles.agent_of(database, appliance)
        later = await bundles.agent_of(database, appliance)
        waiting.append((await bundles.keys(database, cast.site))[later.public_key][1])
    return agent, bundle.bundle_id, (waiting[0], waiting[1])

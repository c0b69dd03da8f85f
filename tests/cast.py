"""The people and places of the tests: two partners with two organizations each, and a stranger.

Everyone is made through the actions, so that a test starts from what the server itself would write.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from flywheel_server.accounts.actions import accounts, keys, people, sessions
from flywheel_server.accounts.store import accounts as stored, people as stored_people
from flywheel_server.accounts.store.accounts import HealingTier
from flywheel_server.core import clock, db
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import (
    ApplianceScope,
    AuthScope,
    OperatorRole,
    OperatorScope,
    PersonScope,
    role_of,
)
from flywheel_server.web import credentials

STAGE = OperatorScope.system("the cast")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key that can be shown to the server."""

    id: UUID
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CastSite:
    """A site with a key that all its appliances share."""

    id: UUID
    slug: str
    organization_id: UUID
    partner_id: UUID
    healing_tier: HealingTier
    credential: Credential

    @property
    def key(self) -> str:
        return self.credential.key

    @property
    def headers(self) -> dict[str, str]:
        return self.credential.headers

    @property
    def scope(self) -> ApplianceScope:
        """What the server makes of the site's key."""
        return ApplianceScope(key_id=self.credential.id, site_id=self.id, site_slug=self.slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class CastOrganization:
    """An organization with a site of each healing tier."""

    id: UUID
    partner_id: UUID
    standard: CastSite
    full_coverage: CastSite


@dataclass(frozen=True, slots=True, kw_only=True)
class CastPartner:
    """A partner with an API key and two organizations."""

    id: UUID
    name: str
    credential: Credential
    organizations: tuple[CastOrganization, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastAppliance:
    """An appliance that has checked in, with a key bound to it alone."""

    id: UUID
    wire_id: str
    site: CastSite
    credential: Credential

    @property
    def scope(self) -> ApplianceScope:
        return replace(self.site.scope, key_id=self.credential.id, appliance_id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CastOperator:
    """An operator with a token."""

    id: UUID
    email: str
    credential: Credential

    @property
    def headers(self) -> dict[str, str]:
        return self.credential.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class CastPerson:
    """Somebody who signed in; `role` as routes name it: `partner owner`, `client viewer`."""

    id: UUID
    email: str
    role: str
    scope: PersonScope
    # The session's token, as its cookie carries it.
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a browser with the page's token sends."""
        return self.cookie | {"X-CSRF-Token": credentials.csrf_token(self.token)}

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser sends by itself."""
        return {"Cookie": f"{credentials.SECURE_COOKIE}={self.token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everyone."""

    partners: tuple[CastPartner, CastPartner]
    admin: CastOperator
    viewer: CastOperator
    # An appliance of `site`, with its own key.
    appliance: CastAppliance
    # A site of a third partner, whom nobody here knows.
    stranger: CastSite
    # People of every role, by role: of the first partner and its first organization, and of the
    # other partner and its first organization.
    people: Mapping[str, CastPerson]
    foreign_people: Mapping[str, CastPerson]

    def session(self, role: str) -> dict[str, str]:
        """Return the headers of somebody who signed in and has this role."""
        return self.people[role].headers

    def foreign_session(self, role: str) -> dict[str, str]:
        """Return the headers of somebody of the other partner, or of its organization."""
        return self.foreign_people[role].headers

    def credentials(self) -> dict[str, dict[str, str]]:
        """Return headers for every role there is, and for nobody."""
        return {role: person.headers for role, person in self.people.items()} | {
            "partner key": {"X-API-Key": self.partners[0].credential.key},
            "appliance": self.appliance.credential.headers,
            "nobody": {},
        }

    @property
    def site(self) -> CastSite:
        """The site most tests are about: standard, of the first partner's first organization."""
        return self.partners[0].organizations[0].standard

    @property
    def neighbour(self) -> CastSite:
        """Another site of the same organization: as foreign to `site`'s key as any."""
        return self.partners[0].organizations[0].full_coverage

    @property
    def foreign_site(self) -> CastSite:
        """A site of the other partner."""
        return self.partners[1].organizations[0].standard

    @property
    def sites(self) -> list[CastSite]:
        """The eight sites of the two partners."""
        return [
            site
            for partner in self.partners
            for organization in partner.organizations
            for site in (organization.standard, organization.full_coverage)
        ]


async def make_cast(database: db.Database) -> Cast:
    """Make everyone."""
    now = clock.now()
    async with db.transaction(database, STAGE) as connection:
        first = await _partner(connection, "North IT", "north", now)
        second = await _partner(connection, "South IT", "south", now)
        admin = await _operator(connection, "admin@example.com", "admin", now)
        viewer = await _operator(connection, "viewer@example.com", "viewer", now)
        stranger = await _lonely_site(connection, "stranger", "standard", now)
    appliance = await make_appliance(database, first.organizations[0].standard)
    operators = {
        f"operator {role}": await sign_in(database, operator.email)
        for role, operator in (("admin", admin), ("viewer", viewer))
    }
    return Cast(
        partners=(first, second),
        admin=admin,
        viewer=viewer,
        appliance=appliance,
        stranger=stranger,
        people=operators | await _people(database, first, "north"),
        foreign_people=operators | await _people(database, second, "south"),
    )


async def make_person(
    database: db.Database,
    role: str,
    *,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    email: str | None = None,
) -> CastPerson:
    """Invite somebody, as an operator where no home is given, and sign them in."""
    address = email or f"person-{next(_numbers)}@example.com"
    async with db.transaction(database, STAGE) as connection:
        await people.invite(
            connection,
            STAGE,
            email=address,
            role=role,
            partner_id=partner_id,
            organization_id=organization_id,
            now=clock.now(),
        )
    return await sign_in(database, address)


async def sign_in(database: db.Database, email: str) -> CastPerson:
    """Open a session of somebody."""
    scope = AuthScope()
    async with db.transaction(database, scope) as connection:
        found = await stored_people.find_for_sign_in(connection, email)
        if found is None:
            raise LookupError(email)
        opened = await sessions.open_for(
            connection,
            found.user_id,
            "the cast",
            sessions.Device(address="192.0.2.1", user_agent="the cast"),
            clock.now(),
            dt.timedelta(hours=1),
        )
    return CastPerson(
        id=opened.user.id,
        email=email,
        role=role_of(opened.user.scope),
        scope=opened.user.scope,
        token=opened.token,
    )


async def make_site(
    database: db.Database,
    *,
    slug: str | None = None,
    healing_tier: HealingTier = "standard",
    organization_id: UUID | None = None,
) -> CastSite:
    """Make a site with a key, in a new organization of a new partner unless one is given."""
    now = clock.now()
    name = slug or f"site-{next(_numbers)}"
    async with db.transaction(database, STAGE) as connection:
        if organization_id is None:
            return await _lonely_site(connection, name, healing_tier, now)
        return await _site(connection, organization_id, name, healing_tier, now)


async def make_organizations(database: db.Database, count: int) -> list[CastSite]:
    """Make ``count`` organizations of one new partner, one site with a key each."""
    now = clock.now()
    async with db.transaction(database, STAGE) as connection:
        partner = await accounts.create_partner(connection, STAGE, "Many IT", now)
        sites = []
        for _ in range(count):
            number = next(_numbers)
            organization = await accounts.create_organization(
                connection, STAGE, partner.id, f"Organization {number}", now
            )
            sites.append(
                await _site(connection, organization.id, f"site-{number}", "standard", now)
            )
        return sites


async def make_appliance(
    database: db.Database, site: CastSite, mac: str | None = None
) -> CastAppliance:
    """Register an appliance of a site, and issue a key bound to it."""
    number = next(_numbers)
    address = mac or f"02:00:00:00:{number // 256:02X}:{number % 256:02X}"
    wire_id = f"{site.slug}-{address}"
    async with db.transaction(database, site.scope) as connection:
        appliance_id = await connection.fetchval(
            "INSERT INTO appliances (site_id, wire_id, mac) VALUES ($1, $2, $3) RETURNING id",
            site.id,
            wire_id,
            address,
        )
    credential = await make_site_key(database, site, appliance=wire_id)
    return CastAppliance(id=appliance_id, wire_id=wire_id, site=site, credential=credential)


async def make_site_key(
    database: db.Database, site: CastSite, *, appliance: str | None = None
) -> Credential:
    """Issue another key of a site."""
    async with db.transaction(database, STAGE) as connection:
        found = await stored.find_site(connection, site.slug)
        if found is None:
            raise LookupError(site.slug)
        issued = await keys.issue_for_site(
            connection, STAGE, found, "a key of the cast", clock.now(), appliance=appliance
        )
    return Credential(id=issued.id, key=issued.key)


async def make_partner_key(database: db.Database, partner_id: UUID) -> Credential:
    """Issue another API key of a partner."""
    async with db.transaction(database, STAGE) as connection:
        issued = await keys.issue_for_partner(
            connection, STAGE, partner_id, "a key of the cast", clock.now()
        )
    return Credential(id=issued.id, key=issued.key)


async def _people(database: db.Database, partner: CastPartner, word: str) -> dict[str, CastPerson]:
    """Make people of every role of a partner and of its first organization."""
    organization = partner.organizations[0]
    made = [
        await make_person(
            database, role, partner_id=partner.id, email=f"{word}-{role}@partner.example.com"
        )
        for role in ("owner", "technician", "viewer")
    ] + [
        await make_person(
            database,
            role,
            organization_id=organization.id,
            email=f"{word}-{role}@client.example.com",
        )
        for role in ("admin", "viewer")
    ]
    return {person.role: person for person in made}


async def _partner(connection: Connection, name: str, word: str, now: dt.datetime) -> CastPartner:
    partner = await accounts.create_partner(connection, STAGE, name, now)
    issued = await keys.issue_for_partner(connection, STAGE, partner.id, "a key of the cast", now)
    organizations = []
    for number in (1, 2):
        made = await accounts.create_organization(
            connection, STAGE, partner.id, f"{name} client {number}", now
        )
        organizations.append(
            CastOrganization(
                id=made.id,
                partner_id=partner.id,
                standard=await _site(
                    connection, made.id, f"{word}-{number}-standard", "standard", now
                ),
                full_coverage=await _site(
                    connection, made.id, f"{word}-{number}-full", "full_coverage", now
                ),
            )
        )
    return CastPartner(
        id=partner.id,
        name=name,
        credential=Credential(id=issued.id, key=issued.key),
        organizations=tuple(organizations),
    )


async def _lonely_site(
    connection: Connection, slug: str, healing_tier: HealingTier, now: dt.datetime
) -> CastSite:
    partner = await accounts.create_partner(connection, STAGE, f"Partner of {slug}", now)
    organization = await accounts.create_organization(
        connection, STAGE, partner.id, f"Organization of {slug}", now
    )
    return await _site(connection, organization.id, slug, healing_tier, now)


async def _site(
    connection: Connection,
    organization_id: UUID,
    slug: str,
    healing_tier: HealingTier,
    now: dt.datetime,
) -> CastSite:
    made = await accounts.create_site(
        connection,
        STAGE,
        organization_id=organization_id,
        slug=slug,
        name=f"Site {slug}",
        healing_tier=healing_tier,
        now=now,
    )
    issued = await keys.issue_for_site(connection, STAGE, made, "a key of the cast", now)
    return CastSite(
        id=made.id,
        slug=slug,
        organization_id=organization_id,
        partner_id=made.partner_id,
        healing_tier=healing_tier,
        credential=Credential(id=issued.id, key=issued.key),
    )


async def _operator(
    connection: Connection, email: str, role: OperatorRole, now: dt.datetime
) -> CastOperator:
    operator = await accounts.create_operator(connection, STAGE, email, role, now)
    issued = await keys.issue_for_operator(connection, STAGE, operator, now)
    return CastOperator(
        id=operator.id, email=email, credential=Credential(id=issued.id, key=issued.key)
    )

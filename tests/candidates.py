"""Candidates as they come about: executions of one site, and a turn of the loop."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx

from flywheel_server.core import clock, db, listener
from flywheel_server.core.scope import ClientScope, LoopScope, OperatorScope, PartnerScope
from flywheel_server.learning.actions import promote, set_aside
from flywheel_server.rules.actions import exclusions
from flywheel_server.rules.actions.exclusions import Tenant
from flywheel_server.rules.model import rules
from flywheel_server.rules.store import rules as stored_rules
from tests import cast as people, telemetry
from tests.cast import Cast, CastSite

SOMEBODY = UUID("01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e")
UNKNOWN = {"reported_id": "L2-run_windows_runbook", "level": "L2"}
ASIDE = {"reported_id": "L2-run_linux_runbook", "level": "L2"}
PAIR = {"incident_type": "service_stopped", "runbook_id": "RB-WIN-SVC-003"}


def partner(site: CastSite, name: str = "Pat of the partner") -> PartnerScope:
    """Return a technician of the partner who looks after a site."""
    return PartnerScope(
        actor_id=SOMEBODY, actor_name=name, partner_id=site.partner_id, rights="technician"
    )


def client_admin(site: CastSite, name: str = "Kim of the client") -> ClientScope:
    """Return an admin of the organization of a site."""
    return ClientScope(
        actor_id=SOMEBODY, actor_name=name, organization_id=site.organization_id, rights="admin"
    )


def operator(name: str = "Olli the operator") -> OperatorScope:
    """Return an operator who may change things."""
    return OperatorScope(actor_id=SOMEBODY, actor_name=name, rights="admin")


async def make(
    http: httpx.AsyncClient, cast: Cast, site: CastSite, *hosts: str, **fields: Any
) -> list[str]:
    """Make a candidate of each host of a site (one by default); return their ids."""
    names = hosts or ("WS-1",)
    for host in names:
        await telemetry.send(http, site, telemetry.executions(6, hostname=host, **fields))
    await telemetry.turn(http, cast.admin)
    found = {
        item["hostname"]: item
        for item in await telemetry.items(
            http, cast.admin, f"patterns?site_id={site.slug}&limit=200"
        )
        if item["incident_type"] == fields.get("incident_type", PAIR["incident_type"])
    }
    assert all(found[name]["state"] == "eligible" for name in names), found
    return [found[name]["id"] for name in names]


async def make_candidate(
    database: db.Database, site: CastSite, host: str = "WS-1", **fields: Any
) -> str:
    """Write a candidate as the loop would have, for tests that are about who may ask."""
    values = PAIR | fields
    async with db.transaction(database, people.STAGE) as connection:
        pattern_id: str = await connection.fetchval(
            "INSERT INTO patterns (id, site_id, incident_type, runbook_id, hostname, successes, "
            "first_seen_at, last_seen_at, last_evidence_at, state, due_at) VALUES (pattern_id($1, "
            "pattern_signature($2, $3, $4)), $1, $2, $3, $4, 6, now(), now(), now(), 'eligible', "
            "NULL) "
            "RETURNING id",
            site.id,
            values["incident_type"],
            values["runbook_id"],
            host,
        )
        return pattern_id


async def make_candidates(
    database: db.Database, sites: Sequence[CastSite], hosts: Sequence[str]
) -> dict[UUID, dict[str, str]]:
    """Write a candidate for each host of each site, all at once; return them by site and host."""
    made: dict[UUID, dict[str, str]] = {site.id: {} for site in sites}
    for row in await rows(
        database,
        "INSERT INTO patterns (id, site_id, incident_type, runbook_id, hostname, successes, "
        "first_seen_at, last_seen_at, last_evidence_at, state, due_at) "
        "SELECT pattern_id(s.id, pattern_signature($2, $3, h.name)), s.id, $2, $3, h.name, 6, "
        "now(), now(), now(), 'eligible', NULL "
        "FROM unnest($1::uuid[]) AS s (id) CROSS JOIN unnest($4::text[]) AS h (name) "
        "RETURNING id, site_id, hostname",
        list(made),
        *PAIR.values(),
        list(hosts),
    ):
        made[row["site_id"]][row["hostname"]] = row["id"]
    return made


async def be_rejected(database: db.Database, ids: Sequence[str]) -> None:
    """Let candidates be as a rejection left them."""
    await rows(
        database,
        "UPDATE patterns SET state = 'rejected' WHERE id = ANY ($1) RETURNING id",
        list(ids),
    )


async def make_pair(database: db.Database) -> UUID:
    """Write what the loop would have counted of every site's candidates; return its id."""
    (row,) = await rows(
        database,
        "INSERT INTO platform_patterns (incident_type, runbook_id, aggregated_at) "
        "VALUES ($1, $2, now()) RETURNING id",
        *PAIR.values(),
    )
    id: UUID = row["id"]
    return id


async def make_doubtful_pair(database: db.Database) -> UUID:
    """Write a pair whose incident type looks like that of ``make_pair``; return its id."""
    (row,) = await rows(
        database,
        "INSERT INTO platform_patterns (incident_type, runbook_id, aggregated_at) "
        "VALUES ($1, $2, now()) RETURNING id",
        PAIR["incident_type"].upper(),
        PAIR["runbook_id"],
    )
    id: UUID = row["id"]
    return id


async def make_unresolved(database: db.Database, site: CastSite) -> None:
    """Write ids that resolve to nothing as the loop would have: one counts, one is set aside."""
    async with db.transaction(database, people.STAGE) as connection:
        for unknown in (UNKNOWN, ASIDE):
            await connection.execute(
                "INSERT INTO patterns (id, site_id, incident_type, runbook_id, hostname, successes,"
                " first_seen_at, last_seen_at) VALUES (pattern_id($1, pattern_signature($2, $3,"
                " $4)), $1, $2, $3, $4, 6, now(), now())",
                site.id,
                PAIR["incident_type"],
                unknown["reported_id"],
                "WS-1",
            )
        await set_aside.add(
            connection, people.STAGE, **ASIDE, reason="It names no runbook.", now=clock.now()
        )


async def make_promoted_rule(
    database: db.Database, site: CastSite, *, enabled: bool = True, incident_type: str = ""
) -> str:
    """Write a rule as an approval of another pair would have; return its id on appliances."""
    rule = rules.learnt(
        source="promoted",
        scope="site",
        scope_id=site.id,
        incident_type=incident_type or ("print_queue" if enabled else "print_queue_stuck"),
        runbook_id="RB-WIN-SVC-004",
        platform="windows",
        generation=1,
    )
    async with db.transaction(database, people.STAGE) as connection:
        made = await stored_rules.insert(connection, rule)
        if not enabled:
            await stored_rules.set_enabled(
                connection, made.id, enabled=False, reason="Wrong.", now=clock.now()
            )
        return made.rule_id


async def make_platform_rule(
    database: db.Database, incident_type: str = "print_queue"
) -> rules.Rule:
    """Make a rule for everybody, as the platform's gate would."""
    rule = rules.learnt(
        source="platform",
        scope="platform",
        scope_id=None,
        incident_type=incident_type,
        runbook_id="RB-WIN-SVC-003",
        platform="windows",
        generation=1,
    )
    async with db.transaction(database, people.STAGE) as connection:
        await db.announce(connection, listener.RULES, "platform")
        return await stored_rules.insert(connection, rule)


async def make_quarantine(database: db.Database, site: CastSite) -> UUID:
    """Take a platform rule from a site's organization, as the loop would; return its exclusion."""
    rule = await make_platform_rule(database, "share_gone")
    tenant = Tenant(partner_id=site.partner_id, organization_id=site.organization_id)
    scope = LoopScope(reason="tests take a rule from a tenant")
    async with db.transaction(database, scope) as connection:
        made = await exclusions.exclude(
            connection,
            scope,
            rule,
            tenant,
            kind="quarantined",
            reason="2 of 14 attempts healed.",
            now=clock.now(),
        )
    if made is None:
        raise LookupError("a new rule is taken from nobody yet")
    return made


async def make_alarm(database: db.Database, site: CastSite) -> UUID:
    """Let a new rule of a site have lost its evidence; return the alarm's id."""
    rule_id = await make_promoted_rule(database, site, incident_type="backup_failed")
    (row,) = await rows(
        database,
        "INSERT INTO rule_alarms (rule, kind, partner_id, organization_id, site_id, reason,"
        " began_at) SELECT l.id, 'evidence_gone', $2, $3, $4, 'Its evidence is gone.', now()"
        " FROM l1_rules l WHERE l.rule_id = $1 AND l.site_id = $4 RETURNING id",
        rule_id,
        site.partner_id,
        site.organization_id,
        site.id,
    )
    id: UUID = row["id"]
    return id


async def forward(database: db.Database, site: CastSite, pattern_id: str) -> None:
    """Endorse a candidate as an admin of the site's organization."""
    actor = client_admin(site)
    async with db.transaction(database, actor) as connection:
        await promote.forward(connection, actor, pattern_id, notes=None, now=clock.now())


async def rows(database: db.Database, query: str, *values: Any) -> list[dict[str, Any]]:
    """Return what the operators' role reads."""
    async with db.transaction(database, people.STAGE) as connection:
        return [dict(row) for row in await connection.fetch(query, *values)]

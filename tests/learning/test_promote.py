"""Approving and rejecting candidates: what it writes, and what it refuses."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db, errors, signing
from flywheel_server.core.scope import AuthScope
from flywheel_server.learning.actions import promote
from flywheel_server.learning.actions.promote import Decision, Person
from flywheel_server.learning.model import decisions
from flywheel_server.learning.store import candidates as stored
from flywheel_server.rules.actions import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as stored_rules
from tests import candidates, telemetry
from tests.cast import Cast


async def approve(database: db.Database, actor: Person, pattern_id: str, **given: Any) -> Decision:
    async with db.transaction(database, AuthScope()) as connection:
        signer = await signing.load(connection)
    values = {"name": None, "notes": None, "rule_hash": None, "deploy_immediately": False} | given
    async with db.transaction(database, actor) as connection:
        return await promote.promote(
            connection, actor, pattern_id, signer=signer, now=clock.now(), **values
        )


async def reject(database: db.Database, actor: Person, pattern_id: str) -> Decision:
    async with db.transaction(database, actor) as connection:
        return await promote.reject(
            connection, actor, pattern_id, reason="Not here.", now=clock.now()
        )


async def test_approval_makes_the_rule_that_the_evidence_earned(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)

    decision = await approve(database, candidates.partner(cast.site), pattern_id)

    rule = decision.rule
    assert rule is not None
    assert decision.rule_is_new
    assert (rule.source, rule.scope, rule.scope_id) == ("promoted", "site", cast.site.id)
    assert (rule.incident_type, rule.runbook_id) == ("service_stopped", "RB-WIN-SVC-003")
    assert rule.action == "run_windows_runbook"
    assert [(each.field, each.value) for each in rule.conditions] == [
        ("check_type", "service_stopped"),
        ("drift_detected", True),
    ]
    synced = await client.get(f"/agent/sync?site_id={cast.site.slug}", headers=cast.site.headers)
    assert rule.rule_id in [each["id"] for each in synced.json()["rules"]]


async def test_approval_writes_decision_event_and_audit(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)

    decision = await approve(
        database, candidates.partner(cast.site), pattern_id, notes="Seen it work."
    )

    (record,) = await candidates.rows(database, "SELECT * FROM promotions")
    assert decision.rule is not None
    assert record["rule"] == decision.rule.id
    assert (record["tier"], record["decision"]) == ("partner", "approved")
    assert (record["actor_kind"], record["actor_name"]) == ("partner", "Pat of the partner")
    assert record["notes"] == "Seen it work."
    assert record["evidence"]["occurrences"] == 6
    assert all(gate["passed"] for gate in record["gates"])
    kinds = await candidates.rows(
        database, "SELECT kind FROM events WHERE kind <> 'candidate.eligible' ORDER BY kind"
    )
    assert [row["kind"] for row in kinds] == ["candidate.approved", "rule.promoted"]
    (entry,) = await candidates.rows(
        database, "SELECT * FROM audit_entries WHERE object_kind = 'candidate'"
    )
    assert entry["action"] == "candidate.approve"
    assert entry["before"] == {"state": "eligible"}
    assert entry["after"]["rule_id"] == decision.rule.rule_id
    assert entry["partner_id"] == cast.site.partner_id
    assert entry["organization_id"] == cast.site.organization_id


async def test_rejection_makes_no_rule_and_stays(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    actor = candidates.partner(cast.site)

    decision = await reject(database, actor, pattern_id)

    assert decision.rule is None
    assert await candidates.rows(database, "SELECT id FROM l1_rules WHERE source='promoted'") == []
    await telemetry.send(client, cast.site, telemetry.executions(10))
    await telemetry.turn(client, cast.admin)
    (pattern,) = await candidates.rows(database, "SELECT state FROM patterns")
    assert pattern["state"] == "rejected"
    with pytest.raises(errors.AlreadyDecided) as refused:
        await approve(database, actor, pattern_id)
    assert refused.value.detail.startswith("Pat of the partner rejected this candidate at ")
    assert refused.value.extensions["decided_by"] == "Pat of the partner"


async def test_hosts_of_one_site_share_one_rule(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, second = await candidates.make(client, cast, cast.site, "WS-1", "WS-2")
    actor = candidates.partner(cast.site)

    one = await approve(database, actor, first)
    other = await approve(database, actor, second)

    assert one.rule is not None
    assert other.rule is not None
    assert one.rule.id == other.rule.id
    assert (one.rule_is_new, other.rule_is_new) == (True, False)


async def test_two_hosts_approved_at_once_share_one_rule(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken by locking the candidate alone: the second approval meets the first one's rule."""
    hosts = [f"WS-{number}" for number in range(8)]
    ids = await candidates.make(client, cast, cast.site, *hosts)

    made = await asyncio.gather(
        *(approve(database, candidates.partner(cast.site), pattern_id) for pattern_id in ids)
    )

    assert len({decision.rule.id for decision in made if decision.rule}) == 1
    assert sum(decision.rule_is_new for decision in made) == 1


async def test_two_sites_never_share_a_rule(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (mine,) = await candidates.make(client, cast, cast.site)
    (theirs,) = await candidates.make(client, cast, cast.foreign_site)

    one = await approve(database, candidates.partner(cast.site), mine)
    other = await approve(database, candidates.partner(cast.foreign_site), theirs)

    assert one.rule is not None
    assert other.rule is not None
    assert one.rule.rule_id != other.rule.rule_id


async def test_a_rule_that_was_switched_off_is_followed_by_one_with_another_id(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, second = await candidates.make(client, cast, cast.site, "WS-1", "WS-2")
    actor = candidates.partner(cast.site)
    old = (await approve(database, actor, first)).rule
    assert old is not None
    async with db.transaction(database, actor) as connection:
        await rules.switch(
            connection, actor, old, enabled=False, reason="Broke it.", now=clock.now()
        )

    new = (await approve(database, actor, second)).rule

    assert new is not None
    assert new.rule_id != old.rule_id
    async with db.transaction(database, actor) as connection:
        kept = await stored_rules.get(connection, old.id)
        assert kept is not None
        assert not kept.enabled
        with pytest.raises(errors.Conflict, match="A newer rule of this site"):
            await rules.switch(
                connection, actor, kept, enabled=True, reason="Again.", now=clock.now()
            )


async def test_the_facts_of_this_moment_decide(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken by trusting the state that the loop wrote: failures folded since would not count."""
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    async with db.transaction(database, candidates.operator()) as connection:
        await connection.execute("UPDATE patterns SET failures = 3")

    with pytest.raises(errors.NotEligible) as refused:
        await approve(database, candidates.partner(cast.site), pattern_id)

    assert refused.value.extensions["failing"] == ["success_rate"]
    assert "6 of 9 succeeded" in refused.value.detail


async def test_the_hash_of_the_rule_that_was_shown_is_held_to(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, second = await candidates.make(client, cast, cast.site, "WS-1", "WS-2")
    actor = candidates.partner(cast.site)
    async with db.transaction(database, actor) as connection:
        candidate = (await stored.get(connection, [second]))[second]
        shown = await promote.rule_that_would_be(connection, candidate)
    assert not isinstance(shown, Rule)
    await approve(database, actor, first, name="Spooler back up")

    with pytest.raises(errors.RuleChanged) as refused:
        await approve(database, actor, second, rule_hash=decisions.rule_hash(shown))

    current = str(refused.value.extensions["rule_hash"])
    assert (await approve(database, actor, second, rule_hash=current)).rule is not None


@pytest.mark.parametrize(
    ("name", "on_the_wire"),
    [
        ("Spooler back up", "Spooler back up"),
        ('<img src=x onerror="alert(1)">', "service_stopped: RB-WIN-SVC-003"),
        ("'; DROP TABLE patterns; --", "'; DROP TABLE patterns; --"),
        ("\u202eevil", "service_stopped: RB-WIN-SVC-003"),
        ("Réparer", "service_stopped: RB-WIN-SVC-003"),
        ("two\nlines", "service_stopped: RB-WIN-SVC-003"),
    ],
)
async def test_a_name_is_kept_as_typed_and_sent_only_where_agents_read_it_alike(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, name: str, on_the_wire: str
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)

    decision = await approve(database, candidates.partner(cast.site), pattern_id, name=name)

    (record,) = await candidates.rows(database, "SELECT custom_name FROM promotions")
    assert record["custom_name"] == name
    assert decision.rule is not None
    assert decision.rule.name == on_the_wire
    synced = await client.get(f"/agent/sync?site_id={cast.site.slug}", headers=cast.site.headers)
    assert on_the_wire in [rule["name"] for rule in json.loads(synced.text)["rules"]]


async def test_a_client_decides_only_where_coverage_is_full(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (standard,) = await candidates.make(client, cast, cast.site)
    (full,) = await candidates.make(client, cast, cast.neighbour)
    actor = candidates.client_admin(cast.site)

    with pytest.raises(errors.Forbidden, match="forward this candidate to your partner"):
        await approve(database, actor, standard)

    assert (await approve(database, actor, full)).rule is not None


async def test_nobody_decides_on_a_strangers_candidate(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.foreign_site)

    for actor in (candidates.partner(cast.site), candidates.client_admin(cast.site)):
        with pytest.raises(errors.NotFound):
            await approve(database, actor, pattern_id)
        with pytest.raises(errors.NotFound):
            await reject(database, actor, pattern_id)


async def test_forwarding_endorses_and_decides_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (pattern_id,) = await candidates.make(client, cast, cast.site)
    actor = candidates.client_admin(cast.site)

    for _ in range(2):
        async with db.transaction(database, actor) as connection:
            candidate = await promote.forward(
                connection, actor, pattern_id, notes="Please.", now=clock.now()
            )
        assert candidate.state == "eligible"
        assert candidate.endorsed is not None
        assert candidate.endorsed.by == "Kim of the client"

    events = await candidates.rows(
        database, "SELECT partner_id FROM events WHERE kind = 'candidate.endorsed'"
    )
    assert [row["partner_id"] for row in events] == [cast.site.partner_id]
    assert (await approve(database, candidates.partner(cast.site), pattern_id)).rule is not None

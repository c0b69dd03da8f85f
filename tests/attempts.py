"""Watched rules, and attempts of theirs written straight into the facts: thousands in a moment."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from flywheel_server import loop
from flywheel_server.core import clock, db, listener
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.loop import turns
from flywheel_server.loop.runs import Run
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules
from tests.cast import STAGE, CastSite

RUNBOOK = "RB-WIN-SEC-001"
LOOP = LoopScope(reason="tests turn by hand")
_numbers = itertools.count(1)
_WATCH = tuple(step for step in loop.STEPS if step.name in {"count_rules", "watch_rules"})


async def make_rules(database: db.Database, site: CastSite, count: int = 1) -> list[Rule]:
    """Make rules of a site, as approvals would, each for an incident type of its own."""
    async with db.transaction(database, STAGE) as connection:
        await db.announce(connection, listener.RULES, f"site:{site.id}")
        return [
            await rules.insert(
                connection,
                domain.learnt(
                    source="promoted",
                    scope="site",
                    scope_id=site.id,
                    incident_type=f"type_{next(_numbers)}",
                    runbook_id=RUNBOOK,
                    platform="windows",
                    generation=1,
                ),
            )
            for _ in range(count)
        ]


async def record(
    owner: Any,
    site: CastSite,
    outcomes: Mapping[str, Sequence[bool]],
    *,
    types: Mapping[str, str] | None = None,
    began_at: dt.datetime | None = None,
    hostname: str = "WS-1",
    with_keys: bool = True,
) -> None:
    """Write L1 executions of one site, by reported id, in the order in which they began."""
    start = began_at or clock.now()
    apart = dt.timedelta(microseconds=1)
    received = start + max((len(each) for each in outcomes.values()), default=0) * apart
    rows = [
        (
            site.id, f"l1-{next(_numbers)}", received, received, start + index * apart,
            "L1", "incident", (types or {}).get(reported, "a_type"), hostname, reported,
            "success" if success else "failure", None if success else "timeout",
        )
        for reported, each in outcomes.items()
        for index, success in enumerate(each)
    ]  # fmt: skip
    await owner.copy_records_to_table(
        "executions",
        records=rows,
        columns=[
            "site_id", "execution_id", "received_at", "evidence_at", "occurred_at", "level",
            "incident_id", "incident_type", "hostname", "reported_id", "outcome", "error_category",
        ],
    )  # fmt: skip
    if not with_keys:
        return
    await owner.copy_records_to_table(
        "execution_keys",
        records=[(row[0], row[1], b"", row[2]) for row in rows],
        columns=["site_id", "execution_id", "digest", "received_at"],
    )


async def served(owner: Any, sites: Sequence[CastSite], rule_id: str) -> None:
    """Note that these sites fetched a rule set with this rule, as their syncs would."""
    set_hash = f"{next(_numbers):064x}"
    await owner.execute(
        "INSERT INTO rule_sets (hash, rule_ids, served_at) VALUES ($1, ARRAY[$2], now())",
        set_hash,
        rule_id,
    )
    await owner.execute(
        "INSERT INTO rule_syncs (site_id, hash, synced_at)"
        " SELECT s.id, $2, now() FROM unnest($1::uuid[]) AS s (id)"
        " ON CONFLICT (site_id, appliance_id) DO UPDATE SET hash = excluded.hash",
        [site.id for site in sites],
        set_hash,
    )


async def fail(
    owner: Any, sites: Sequence[CastSite], rule_id: str, incident_type: str, count: int = 10
) -> None:
    """Let a rule that these sites were served fail at each of them."""
    await served(owner, sites, rule_id)
    for site in sites:
        await record(owner, site, {rule_id: [False] * count}, types={rule_id: incident_type})


async def watch(database: db.Database, settings: Settings) -> Run:
    """Run step 5 once, as a turn does: its counting, then what is returned, its judgement."""
    _, run = await turns.run_turn(database, settings, _WATCH, turn_id=uuid4(), holder=uuid4())
    return run


async def reached_after(owner: Any, rules_made: Sequence[Rule]) -> dict[UUID, int]:
    """Return after which attempt each withdrawn rule had enough evidence against it."""
    rows = await owner.fetch(
        "SELECT object_id::uuid AS rule, (after ->> 'reached_after')::integer AS reached_after"
        " FROM audit_entries WHERE action = 'rule.withdraw' AND object_id = ANY($1)",
        [str(rule.id) for rule in rules_made],
    )
    return {row["rule"]: row["reached_after"] for row in rows}

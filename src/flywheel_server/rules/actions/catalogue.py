"""Loads what every database knows from the start: runbooks, their aliases, built-in rules.

The data is in ``catalogue/*.toml``. Loading it again changes nothing, and never undoes what a
person decided about a rule.
"""

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from flywheel_server.core import db, listener
from flywheel_server.core.db import Connection
from flywheel_server.folds import due, store as folds
from flywheel_server.rules.model import detect_only, rules
from flywheel_server.rules.model.rules import Condition, NewRule
from flywheel_server.rules.store import rules as rules_store, runbooks as runbooks_store

_COMPILED_PRIORITY = 1
# What a compiled rule does that runs no runbook known here.
_COMPILED = "compiled"


async def load(connection: Connection) -> None:
    """Bring runbooks, aliases and built-in rules to this release.

    What was kept unresolved under an id that this release knows counts for its rule from now on.
    """
    # Before any rule's lock, as the loop takes them.
    await folds.lock(connection)
    known = list(runbooks())
    changed = await runbooks_store.load_catalogue(connection, known)
    changed += await runbooks_store.insert_aliases(
        connection, [runbook_id for runbook_id, *_ in known], "catalogue"
    )
    platforms = {runbook_id: platform for runbook_id, _, platform, _ in known}
    builtin = await rules_store.load_builtin(connection, _builtin(platforms))
    synced = await rules_store.load_synced(connection, _synced(platforms))
    if changed or builtin:
        await folds.count_rules(connection, await folds.move_known_rules(connection))
    if synced:
        await db.announce(connection, listener.RULES, "platform")
    if changed or builtin or synced:
        await due.mark_all_due(connection)


def runbooks() -> Iterator[tuple[str, str, str, bool]]:
    """Yield (runbook_id, name, platform, executable) of the catalogue."""
    for group in read("runbooks.toml").values():
        for runbook_id, name in group["runbooks"].items():
            yield runbook_id, name, group["platform"], group["executable"]


def _synced(platforms: dict[str, str]) -> Iterator[NewRule]:
    sets = read("rules.toml")
    for tier in ("standard", "full_coverage"):
        for rule_id, entry in sets[tier].items():
            yield _rule(rule_id, entry, platforms, source="synced", tier=tier)


def _builtin(platforms: dict[str, str]) -> Iterator[NewRule]:
    for rule_id, entry in read("rules.toml")["builtin"].items():
        yield _rule(rule_id, entry, platforms, source="builtin", tier=None)


def _rule(
    rule_id: str, entry: dict[str, Any], platforms: dict[str, str], *, source: Any, tier: Any
) -> NewRule:
    runbook_id = entry.get("runbook_id")
    check_type = entry.get("check_type") or rules.unknown_type(rule_id)
    action: Any = rules.action_for(platforms[runbook_id]) if runbook_id else None
    conditions = rules.conditions_for(check_type)
    if "platform_is_not" in entry:
        other = Condition(field="platform", operator="ne", value=entry["platform_is_not"])
        conditions = (*conditions, other)
    made = NewRule(
        rule_id=rule_id,
        source=source,
        scope="platform",
        scope_id=None,
        tier=tier,
        incident_type=check_type,
        runbook_id=runbook_id,
        name=entry.get("name", f"Compiled: {check_type}"),
        description=_description(entry, runbook_id),
        conditions=conditions,
        action=action or entry.get("action", _COMPILED),
        action_params=rules.runbook_params(runbook_id) if runbook_id else {},
        priority=rules.SYNCED_PRIORITY if source == "synced" else _COMPILED_PRIORITY,
        cooldown_seconds=entry.get("cooldown_seconds", 300),
    )
    rules.check_wire(made)
    return made


def _description(entry: dict[str, Any], runbook_id: str | None) -> str:
    what = runbook_id or entry.get("action", _COMPILED)
    of_type = f" on {entry['check_type']}" if "check_type" in entry else ""
    said = f"Built in: {what}{of_type}."
    if not of_type:
        said += " What it checks is known to its agent alone."
    if detect_only.only_looks(runbook_id or ""):
        said += " Detect-only: it looks and heals nothing."
    return said


def read(name: str) -> dict[str, Any]:
    """Return a file of the catalogue."""
    text = resources.files("flywheel_server").joinpath("catalogue", name).read_text("utf-8")
    return tomllib.loads(text)

"""Every advisory lock has its number from one list, and no two uses share one by accident.

Broken on purpose: with a number in place of a name in a statement, with a name that is used for
another purpose, and with policies under the lock of partitions, these fail.
"""

import re
from pathlib import Path

import pytest

from flywheel_server.core import bundled, db, sql
from flywheel_server.core.locks import Lock
from flywheel_server.core.scope import LoopScope, OperatorScope
from flywheel_server.policy import store as policies

SOURCE = Path(sql.__file__).parents[1]
CALL = re.compile(r"pg_(?:try_)?advisory\w*lock\w*\((?P<key>.*?)\)(?: AS \w+;|;|,\n)", re.DOTALL)
# What is locked, and whose statements lock it.
USES = {
    "SERVER, PARTITIONS": {"backups", "retention"},
    "SERVER, POLICY": {"policies"},
    "SERVER, SIGNING_KEY": {"signing"},
    "SERVER, FOLDS": {"folds"},
    "WORK": {"folds"},
    "EXECUTION": {"executions"},
    "SITE_APPLIANCES": {"appliances"},
    "PLANNED_INCIDENT": {"plans"},
    "EVIDENCE_CHAIN": {"evidence"},
    "PLAN_DIGEST": {"plans"},
    "BULK_REQUEST": {"promotions"},
    "INCIDENT": {"incidents"},
}


def test_statements_take_their_locks_by_the_names_of_the_list() -> None:
    used: dict[str, set[str]] = {}
    for path in sql.files().values():
        for call in CALL.finditer(path.read_text(encoding="utf-8")):
            name = ", ".join(re.findall(r"\{lock\.([A-Z_]+)\}", call["key"]))
            used.setdefault(name, set()).add(path.stem)
    assert used == USES


def test_python_takes_its_locks_by_the_names_of_the_list() -> None:
    numbers = re.compile("|".join(f"{lock:_}|{lock:d}" for lock in Lock if lock > 1_000))
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.name != "locks.py" and numbers.search(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_what_migrations_lock_is_in_the_list() -> None:
    keys = set()
    for path in (bundled.folder("migrations") / "versions").glob("*.sql"):
        for call in re.finditer(r"advisory_xact_lock\(.*\);", path.read_text(encoding="utf-8")):
            keys |= {int(number) for number in re.findall(r"\b\d+\b", call[0])}
    assert keys == {Lock.SERVER, Lock.AUDIT, Lock.FOLDS, Lock.EVIDENCE_CHAIN}


@pytest.mark.parametrize(("noun", "name"), [("policies", "lock"), ("folds", "lock")])
def test_a_statement_is_loaded_with_the_number(noun: str, name: str) -> None:
    number = {"policies": 6, "folds": 3}[noun]
    assert f"pg_advisory_xact_lock(7305117, {number})" in sql.load(noun)[name].text


async def test_a_policy_is_changed_while_a_backup_keeps_its_partitions(
    database: db.Database,
) -> None:
    scope = LoopScope(reason="a backup that runs")
    operator = OperatorScope.system("test")
    async with db.transaction(database, scope) as backup:
        await backup.execute(*sql.load("backups")["keep_partitions"]())
        async with db.transaction(database, operator) as change:
            await change.execute("SET LOCAL lock_timeout = '2s'")
            await policies.lock(change)

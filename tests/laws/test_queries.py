"""Every statement of sql/ fits the schema, may be run, names its tenant, and is used."""

import ast
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from flywheel_server.core import db, embedded, sql

SOURCE = Path(sql.__file__).parents[1]
STATEMENTS = [(noun, name) for noun in sql.files() for name in sql.load(noun)]
TENANT = re.compile(r"\b(site_id|organization_id|partner_id)\b")
FLEET = re.compile(r"^-- fleet: \S.{7,}$", re.MULTILINE)
# What stays with a connection when its transaction has ended.
LASTING = re.compile(
    r"\A\s*(SET|RESET|LISTEN|PREPARE|DECLARE|DISCARD)\b|\bTEMP(ORARY)?\b|pg_(try_)?advisory_lock"
    r"|set_config\((?!((?!set_config).)*?, true\))",
    re.DOTALL,
)
ROLES = (
    "flywheel_app",
    "flywheel_auth",
    "flywheel_appliance",
    "flywheel_writer",
    "flywheel_client",
    "flywheel_partner",
    "flywheel_operator",
    "flywheel_loop",
)
MOST_LINES = 80
# What is new is taken, counted and marked as taken in one statement (ADR 2).
WHOLE_FOLDS = {
    "folds.fold_deliveries",
    "folds.fold_patterns",
    "platform_folds.fold_platform",
    "rule_folds.fold_rules",
}
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def connection(
    cluster: embedded.Address,
) -> AsyncIterator[db.Connection]:
    opened = await asyncpg.connect(cluster.app_url)
    for column in ("site_id", "organization_id", "partner_id"):
        await opened.execute(f"SET flywheel.{column} = '{NOBODY}'")
    yield opened
    await opened.close()


@pytest.mark.parametrize(("noun", "name"), STATEMENTS)
async def test_every_statement_prepares_and_some_role_may_run_it(
    connection: db.Connection, noun: str, name: str
) -> None:
    """F48 and F49: a column that is not there, or a conflict target without its unique key.

    Broken by renaming a column in one statement, by `ON CONFLICT (name)` on partners, and by
    taking one grant away: each is named here.
    """
    text = sql.load(noun)[name].text
    await connection.prepare(text)
    refused = []
    for role in ROLES:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE {role}")
                # Preparing checks no rights; planning to run does.
                await connection.execute(f"EXPLAIN (GENERIC_PLAN) {text}")
        except asyncpg.InsufficientPrivilegeError:
            refused.append(role)
    assert refused != list(ROLES), f"no role may run {noun}.{name}"
    assert db.APP_ROLE in refused or not _touches_a_table(text), "the login role may do nothing"


@pytest.mark.parametrize(("noun", "name"), STATEMENTS)
def test_every_statement_names_its_tenant_or_says_why_not(noun: str, name: str) -> None:
    """The second belt. Broken by removing one `-- fleet:` line."""
    text = sql.load(noun)[name].text

    named = TENANT.search(re.sub(r"--.*", "", text))

    assert named or FLEET.search(text), f"{noun}.{name}: name a tenant column, or `-- fleet: why`"


@pytest.mark.parametrize(("noun", "name"), STATEMENTS)
def test_what_a_statement_sets_or_takes_ends_with_its_transaction(noun: str, name: str) -> None:
    """Connections go from hand to hand as they are. Broken by a setting for the session."""
    assert LASTING.search(re.sub(r"--.*", "", sql.load(noun)[name].text)) is None


@pytest.mark.parametrize(
    ("statement", "lasts"),
    [
        ("SELECT set_config('role', $1, false);", True),
        ("SELECT set_config('a', COALESCE($1, ''), true), set_config('b', $2, $3);", True),
        ("SELECT set_config('a', COALESCE($1, ''), true), set_config('b', $2, true);", False),
        ("SET role = 'flywheel_loop';", True),
        ("UPDATE patterns SET state = 'x';", False),
        ("SELECT pg_advisory_lock(1);", True),
        ("SELECT pg_advisory_xact_lock(1);", False),
        ("LISTEN flywheel_rules;", True),
        ("CREATE TEMP TABLE t ();", True),
    ],
)
def test_this_law_knows_what_lasts(statement: str, lasts: bool) -> None:
    assert (LASTING.search(statement) is not None) == lasts


@pytest.mark.parametrize("noun", sql.files())
def test_every_file_holds_named_statements_alone_each_name_once(noun: str) -> None:
    text = sql.files()[noun].read_text(encoding="utf-8")
    before, *_ = re.split(r"^-- name: ", text, maxsplit=1, flags=re.MULTILINE)

    assert not re.sub(r"--.*", "", before).strip(), "a statement without a name"
    assert len(re.findall(r"^-- name:", text, re.MULTILINE)) == len(sql.load(noun))
    for name, statement in sql.load(noun).items():
        assert re.sub(r"--.*", "", statement.text).count(";") <= 1, (
            f"{noun}.{name} is more than one statement"
        )
        assert not re.search(r"SELECT\s+\*", statement.text), f"{noun}.{name}: name the columns"


def test_every_statement_is_used_and_every_used_one_exists() -> None:
    """Broken by a misspelt name in a store module, and by a statement left behind."""
    used = _used()

    assert used == set(STATEMENTS)


def test_every_call_gives_a_statement_the_values_it_names_and_no_others() -> None:
    """Broken by a misspelt name in a store module, and by one more value in a statement."""
    wrong = [
        f"{file.relative_to(SOURCE)}:{call.lineno}: {noun}.{name}"
        for file in _modules()
        for call, noun, name in _calls(ast.parse(file.read_text(encoding="utf-8")))
        if not _fits(call, sql.load(noun)[name].names)
    ]

    assert wrong == []


def test_every_value_has_a_name_instead_of_a_number() -> None:
    """The loader refuses `$1`; this names every place. Broken by one `$1` in a statement."""
    left = [
        f"{noun}.sql: {line.strip()}"
        for noun in sql.files()
        for line in sql.files()[noun].read_text(encoding="utf-8").splitlines()
        if re.search(r"\$[0-9]", line)
    ]

    assert left == []


def test_what_a_fact_counts_as_is_said_by_the_view_alone() -> None:
    """Folds, recounts, retention and pages sum the columns of `counted_facts`.

    Broken by one sum of weights with a condition of its own.
    """
    own = re.compile(
        r"weight\s*\)\s*FILTER\s*\([^()]*\b(outcome|verified|chaos)|THEN\s+\w+\.weight"
    )
    found = [
        f"{noun}.{name}"
        for noun, name in STATEMENTS
        if own.search(re.sub(r"--.*", "", sql.load(noun)[name].text))
    ]

    assert found == []


def test_no_statement_is_longer_than_a_screen() -> None:
    """Broken by one line more in `plans.link_executions`, and by a name left in the list below."""
    long = {f"{noun}.{name}" for noun, name in STATEMENTS if _lines(noun, name) > MOST_LINES}

    assert long == WHOLE_FOLDS


def test_no_statement_stands_outside_of_sql() -> None:
    """Roles and settings of a session are not queries; everything that names a table is."""
    query = re.compile(
        r"^\s*(WITH\b|SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|MERGE\s+INTO)\b",
        re.DOTALL | re.MULTILINE,
    )
    # Before there is a schema: is the database there at all?
    allowed = {"embedded.py"}
    found = [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in _modules()
        if file.name not in allowed
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and query.search(node.value)
    ]

    assert found == []


def _used() -> set[tuple[str, str]]:
    """Read every `NAME = load("noun")` and `NAME["statement"]`, within one module."""
    used = set()
    for file in _modules():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        nouns = _loaded(tree)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and node.value.id in nouns
            ):
                names = _texts(node.slice)
                # Chosen by a variable: any text of the module may be the name.
                names = names or (_texts(tree) & set(sql.load(nouns[node.value.id])))
                used |= {(nouns[node.value.id], name) for name in names}
    return used


def _lines(noun: str, name: str) -> int:
    return len(sql.load(noun)[name].text.splitlines())


def _loaded(tree: ast.AST) -> dict[str, str]:
    """Return the noun of each name that a module gives to what `load` returns."""
    return {
        target.id: str(node.value.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", getattr(node.value.func, "attr", "")) == "load"
        and node.value.args
        and isinstance(node.value.args[0], ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each `NAME["statement"](…)` of a module with its noun and statement."""
    nouns = _loaded(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Subscript)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in nouns
            and isinstance(node.func.slice, ast.Constant)
        ):
            yield node, nouns[node.func.value.id], str(node.func.slice.value)


def _fits(call: ast.Call, names: Sequence[str]) -> bool:
    given = [keyword.arg for keyword in call.keywords]
    if None in given:
        # Some come from a mapping, which the call itself looks at.
        return not call.args and set(given) - {None} <= set(names)
    return not call.args and sorted(map(str, given)) == sorted(names)


def _texts(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _modules() -> list[Path]:
    return sorted(file for file in SOURCE.rglob("*.py") if "versions" not in file.parts)


def _touches_a_table(text: str) -> bool:
    plain = re.sub(r"'[^']*'", "", text)
    return re.search(r"\b(FROM|JOIN|INTO|UPDATE)\s+(?!pg_|LATERAL\b)\w", plain) is not None

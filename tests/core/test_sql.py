"""Statements: which colons stand for values, and what a call says of names that do not fit."""

import pytest

from flywheel_server.core import sql


@pytest.mark.parametrize(
    ("written", "sent", "names"),
    [
        ("SELECT :site_id;", "SELECT $1;", ["site_id"]),
        # The same name is the same value, numbered where it first stands.
        (
            "WHERE id = :id AND (:text::text IS NULL OR name = :text) LIMIT :limit",
            "WHERE id = $1 AND ($2::text IS NULL OR name = $2) LIMIT $3",
            ["id", "text", "limit"],
        ),
        ("SELECT -:n::bigint, x::text, x :: uuid", "SELECT -$1::bigint, x::text, x :: uuid", ["n"]),
        ("SELECT ARRAY[:a, :b]", "SELECT ARRAY[$1, $2]", ["a", "b"]),
        # Names that begin alike.
        ("VALUES (:id, :id_of, :id)", "VALUES ($1, $2, $1)", ["id", "id_of"]),
        ("SELECT '12:mm', 'it''s :not', :yes", "SELECT '12:mm', 'it''s :not', $1", ["yes"]),
        (r"SELECT E'\' :not', :yes", r"SELECT E'\' :not', $1", ["yes"]),
        ("SELECT 'C:\\', :yes", "SELECT 'C:\\', $1", ["yes"]),
        ('SELECT "a :not" AS b, :yes', 'SELECT "a :not" AS b, $1', ["yes"]),
        ("-- of :not, isn't it\nSELECT :yes", "-- of :not, isn't it\nSELECT $1", ["yes"]),
        ("/* :not\n it's $1 */ SELECT :yes", "/* :not\n it's $1 */ SELECT $1", ["yes"]),
        ("SELECT f(a := 1, b := :yes)", "SELECT f(a := 1, b := $1)", ["yes"]),
        ("SELECT f(a:=b)", "SELECT f(a:=b)", []),
        ("DO $$ x := :not; $1 $$; :yes", "DO $$ x := :not; $1 $$; $1", ["yes"]),
        ("DO $a$ $$ :not $$ $a$; :yes", "DO $a$ $$ :not $$ $a$; $1", ["yes"]),
        (
            "SELECT a[1:10], a[b:c], a[f(b):c], :yes",
            "SELECT a[1:10], a[b:c], a[f(b):c], $1",
            ["yes"],
        ),
        ("SELECT a[:from::int:3]", "SELECT a[$1::int:3]", ["from"]),
        ("SELECT a$1, price$2", "SELECT a$1, price$2", []),
    ],
)
def test_names_stand_for_values_and_nothing_else_does(
    written: str, sent: str, names: list[str]
) -> None:
    """Broken by leaving any one alternative out of the loader's expression."""
    statement = sql.Statement("nouns.name", written)

    assert (statement.text, list(statement.names)) == (sent, names)


def test_a_number_is_refused_with_the_name_of_its_statement() -> None:
    with pytest.raises(ValueError, match=r"rules\.find: give \$2 a name"):
        sql.Statement("rules.find", "SELECT :id, $2")


def test_a_call_puts_each_value_in_its_place() -> None:
    statement = sql.Statement("rules.find", "SELECT :b, :a, :b, :self")

    assert statement(a=1, self=3, b=2) == ("SELECT $1, $2, $1, $3", 2, 1, 3)
    assert sql.Statement("rules.all", "SELECT 1")() == ("SELECT 1",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id": 1}, r"rules\.find: missing \['limit'\], unknown \[\]"),
        ({"id": 1, "limits": 2}, r"rules\.find: missing \['limit'\], unknown \['limits'\]"),
        ({"id": 1, "limit": 2, "x": 3}, r"rules\.find: missing \[\], unknown \['x'\]"),
        ({}, r"rules\.find: missing \['id', 'limit'\], unknown \[\]"),
    ],
)
def test_a_call_with_other_names_says_which_and_of_what(
    given: dict[str, object], said: str
) -> None:
    """Broken by counting the values alone, and by looking names up alone."""
    statement = sql.Statement("rules.find", "SELECT :id LIMIT :limit")

    with pytest.raises(TypeError, match=said):
        statement(**given)

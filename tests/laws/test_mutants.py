"""The breaks of ``make mutants`` fit the tree as it is: each patch applies, each test exists."""

import pytest

from tests.mutants import run

MUTANTS = run.mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_break_applies_and_names_tests_that_exist(mutant: run.Mutant) -> None:
    """Fails when a patch's lines change: put the break in again, and `git diff` it."""
    assert run.problem(mutant, run.ROOT) is None


def test_there_are_breaks() -> None:
    assert len(MUTANTS) >= 25

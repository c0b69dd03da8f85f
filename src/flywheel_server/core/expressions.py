"""Whether a regular expression means the same to both engines in the field: RE2's and Python's.

Go's engine reads RE2's language, the other agent's is Python's. What compiles in one alone would
match on some appliances and fail on others; so would what both read in different ways.
"""

import re
import warnings

import re2  # type: ignore[import-untyped]

# Go gives up on larger programs as well.
_MOST_MEMORY = 1 << 20
# Python reads {,3} as up to three times, RE2 as these characters.
_OPEN_REPEAT = re.compile(r"(?<!\\)(?:\\\\)*\{,[0-9]*\}")


def objection(expression: str) -> str | None:
    """Return why an expression cannot be used, or None. The cost is linear in its length."""
    try:
        re2.compile(expression, _options())
    except re2.error as error:
        return f"does not compile in RE2's language ({_words(error)})"
    try:
        with warnings.catch_warnings():
            # A warning is of what Python reads otherwise than others, such as [[:alpha:]].
            warnings.simplefilter("error")
            re.compile(expression)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        return f"does not compile in Python's language ({_words(error)})"
    if _OPEN_REPEAT.search(expression):
        return "has a repetition {,n}, which engines read in different ways: write {0,n}"
    return None


def _options() -> re2.Options:
    options = re2.Options()
    # It would write to the standard error beside our log.
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    return options


def _words(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)

"""`flywheel-server serve` with places that suit a fleet of a few hundred, for tests of crowds."""

from dataclasses import replace

from flywheel_server.__main__ import main
from flywheel_server.core.settings import Settings
from flywheel_server.web import limits
from flywheel_server.web.gates import Kind

# Check-ins that are handled at once, and that may wait.
AT_ONCE, WAITING = 2, 20

_kinds = limits.kinds


def kinds(settings: Settings) -> dict[str, Kind]:
    """Return the table of kinds with few places for check-ins."""
    found = _kinds(settings)
    return found | {"check-ins": replace(found["check-ins"], most=AT_ONCE, waiting=WAITING)}


if __name__ == "__main__":
    limits.kinds = kinds
    main()

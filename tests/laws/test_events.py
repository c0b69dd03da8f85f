"""docs/events.md lists every kind of event that webhooks tell of, and nothing else."""

import re
from pathlib import Path

from flywheel_server.webhooks.model import events

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_page_lists_every_kind_and_nothing_else() -> None:
    """Broken by a kind without its row, and by a row without its kind."""
    rows = re.findall(r"(?m)^\| `([a-z._]+)` \|", PAGE.read_text(encoding="utf-8"))

    assert sorted(rows) == sorted([*events.KINDS, events.TEST])

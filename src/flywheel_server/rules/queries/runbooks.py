"""Runbooks, and the ids that stand for them."""

from flywheel_server.core.db import Connection
from flywheel_server.rules.store import aliases, runbooks
from flywheel_server.rules.store.runbooks import Origin
from flywheel_server.rules.views.runbooks import AliasView, Platform, RunbookView
from flywheel_server.web import keysets
from flywheel_server.web.keysets import Listing, Page


async def listed(
    connection: Connection,
    page: Page,
    *,
    text: str | None = None,
    platform: Platform | None = None,
    executable: bool | None = None,
) -> Listing[RunbookView]:
    """Return runbooks by their ids; ``text`` is part of an id, of a form of it, or of a name."""
    rows = await runbooks.page(
        connection,
        after=page.after(str),
        text=text,
        platform=platform,
        executable=executable,
        limit=page.limit + 1,
    )
    return keysets.listing(rows, page, lambda row: (row.runbook_id,), RunbookView.model_validate)


async def listed_aliases(
    connection: Connection, page: Page, text: str | None = None, source: Origin | None = None
) -> Listing[AliasView]:
    """Return the registry of ids by their texts; ``text`` is part of one or of its meaning."""
    rows = await aliases.list_aliases(
        connection, page.after(str), text=text, source=source, limit=page.limit + 1
    )
    return keysets.listing(rows, page, lambda row: (row.alias,), AliasView.model_validate)

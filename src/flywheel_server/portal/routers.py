"""Every router of the pages, on one list; ``PREFIXES`` says which paths are theirs."""

from flywheel_server.portal import (
    account,
    bulk,
    decisions,
    files,
    fleet,
    keys,
    learning,
    live,
    reports,
    rules,
    sign_in,
)

ROUTERS = (
    sign_in.router,
    account.router,
    keys.router,
    # Before candidates by id would be: no path here is a template of another.
    bulk.router,
    learning.router,
    decisions.router,
    rules.router,
    fleet.router,
    live.router,
    files.router,
    reports.router,
)

"""Webhooks of operators: told of what happens to every tenant and to the platform."""

from flywheel_server.api import webhook_routes
from flywheel_server.web.access import ADMIN, READER

router = webhook_routes.routes("/api/admin/webhooks", "operators: webhooks", READER, ADMIN)

"""Webhooks of operators: told of what happens to every tenant and to the platform."""

from flywheel_server.web.access import ADMIN, READER
from flywheel_server.webhooks.routes import routes as webhook_routes

router = webhook_routes.routes("/api/admin/webhooks", "operators: webhooks", READER, ADMIN)

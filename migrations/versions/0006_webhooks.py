"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0006_webhooks.sql."""
    migrations.execute("0006_webhooks.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0006_webhooks.down.sql")

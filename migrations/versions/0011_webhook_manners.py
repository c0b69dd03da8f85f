"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0011_webhook_manners.sql."""
    migrations.execute("0011_webhook_manners.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0011_webhook_manners.down.sql")

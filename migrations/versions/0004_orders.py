"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0004_orders.sql."""
    migrations.execute("0004_orders.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0004_orders.down.sql")

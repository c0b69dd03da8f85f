"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0010_order_standing.sql."""
    migrations.execute("0010_order_standing.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0010_order_standing.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0014_order_executions.sql."""
    migrations.execute("0014_order_executions.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0014_order_executions.down.sql")

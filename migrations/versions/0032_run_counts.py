"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0032_run_counts.sql."""
    migrations.execute("0032_run_counts.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0032_run_counts.down.sql")

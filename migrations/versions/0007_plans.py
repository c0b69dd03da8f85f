"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0007_plans.sql."""
    migrations.execute("0007_plans.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0007_plans.down.sql")

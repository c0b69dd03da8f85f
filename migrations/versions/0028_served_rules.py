"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0028_served_rules.sql."""
    migrations.execute("0028_served_rules.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0028_served_rules.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0005_rule_health.sql."""
    migrations.execute("0005_rule_health.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0005_rule_health.down.sql")

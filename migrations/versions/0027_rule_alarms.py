"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0027_rule_alarms.sql."""
    migrations.execute("0027_rule_alarms.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0027_rule_alarms.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0015_exclusions.sql."""
    migrations.execute("0015_exclusions.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0015_exclusions.down.sql")

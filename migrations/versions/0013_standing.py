"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0013_standing.sql."""
    migrations.execute("0013_standing.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0013_standing.down.sql")

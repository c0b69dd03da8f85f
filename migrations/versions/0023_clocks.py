"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0023_clocks.sql."""
    migrations.execute("0023_clocks.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0023_clocks.down.sql")

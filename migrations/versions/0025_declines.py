"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0025_declines.sql."""
    migrations.execute("0025_declines.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0025_declines.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0020_remains.sql."""
    migrations.execute("0020_remains.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0020_remains.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0009_resolving.sql."""
    migrations.execute("0009_resolving.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0009_resolving.down.sql")

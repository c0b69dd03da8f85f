"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0024_gates.sql."""
    migrations.execute("0024_gates.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0024_gates.down.sql")

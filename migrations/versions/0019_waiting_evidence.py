"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0019_waiting_evidence.sql."""
    migrations.execute("0019_waiting_evidence.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0019_waiting_evidence.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0008_evidence.sql."""
    migrations.execute("0008_evidence.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0008_evidence.down.sql")

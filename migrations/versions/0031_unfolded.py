"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0031_unfolded.sql."""
    migrations.execute("0031_unfolded.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0031_unfolded.down.sql")

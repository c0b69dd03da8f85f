"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0026_doubts.sql."""
    migrations.execute("0026_doubts.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0026_doubts.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0022_quotas.sql."""
    migrations.execute("0022_quotas.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0022_quotas.down.sql")

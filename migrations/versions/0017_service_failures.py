"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0017_service_failures.sql."""
    migrations.execute("0017_service_failures.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0017_service_failures.down.sql")

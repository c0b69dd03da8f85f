"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0012_registry.sql."""
    migrations.execute("0012_registry.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0012_registry.down.sql")

"""See the SQL beside this file."""

from flywheel_server import migrations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0011_registry.sql."""
    migrations.execute("0011_registry.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0011_registry.down.sql")

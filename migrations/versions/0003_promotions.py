"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0003_promotions.sql."""
    migrations.execute("0003_promotions.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0003_promotions.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0029_order_proofs.sql."""
    migrations.execute("0029_order_proofs.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0029_order_proofs.down.sql")

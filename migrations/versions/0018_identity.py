"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0018_identity.sql."""
    migrations.execute("0018_identity.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0018_identity.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0016_sealed_signing_key.sql."""
    migrations.execute("0016_sealed_signing_key.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0016_sealed_signing_key.down.sql")

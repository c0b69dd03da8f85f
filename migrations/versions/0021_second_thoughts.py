"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0021_second_thoughts.sql."""
    migrations.execute("0021_second_thoughts.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0021_second_thoughts.down.sql")

"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0002_people.sql."""
    migrations.execute("0002_people.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0002_people.down.sql")

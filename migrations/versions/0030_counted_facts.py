"""See the SQL beside this file."""

from flywheel_server.core import migrations

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply 0030_counted_facts.sql."""
    migrations.execute("0030_counted_facts.sql")


def downgrade() -> None:
    """Take it back."""
    migrations.execute("0030_counted_facts.down.sql")

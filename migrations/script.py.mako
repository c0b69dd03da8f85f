"""${message}."""

from flywheel_server.core import migrations

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply ${up_revision}."""
    migrations.execute("${up_revision}_name.sql")


def downgrade() -> None:
    """Take ${up_revision} back."""
    migrations.execute("${up_revision}_name.down.sql")

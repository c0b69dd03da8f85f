"""The foundation: tenants, facts, folds, rules, policy, loop, audit; row-level security on all."""

from flywheel_server.core import migrations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    migrations.execute("0001_foundation.sql")


def downgrade() -> None:
    """Drop everything but the cluster's roles."""
    migrations.execute("0001_foundation.down.sql")

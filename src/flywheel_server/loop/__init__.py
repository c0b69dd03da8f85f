"""The learning loop: every step, in order. A step is one idempotent transaction over what is new.

To see what runs in the background, read ``STEPS``; how it is run, ``turns`` and ``keeper``.
"""

from flywheel_server.core.step import Step
from flywheel_server.evidence.steps import anchor_evidence, verify_evidence
from flywheel_server.executions import steps as settle_orders
from flywheel_server.learning.steps import (
    aggregate_platform,
    count_days,
    count_rules,
    follow_cluster,
    generate_patterns,
    mark_eligible,
    promote_platform,
)
from flywheel_server.loop import housekeeping
from flywheel_server.rules.steps import deliver_rules, observe_deliveries, watch_rules

# Counting comes first: what was done before a rule was made is not the rule's. Of what runs at the
# same time the longest begins first. Step 1, promotion of a site's own candidates, is missing by
# design: a person approves those.
STEPS: tuple[Step, ...] = (
    Step(name="follow_cluster", run=follow_cluster.run),
    Step(name="settle_orders", run=settle_orders.run),
    Step(name="generate_patterns", run=generate_patterns.run, reads="facts_read", apart=True),
    Step(name="count_rules", run=count_rules.run, reads="facts_read", apart=True),
    Step(name="aggregate_platform", run=aggregate_platform.run, reads="facts_read", apart=True),
    Step(name="observe_deliveries", run=observe_deliveries.run, reads="facts_read", apart=True),
    Step(name="count_days", run=count_days.run, reads="facts_read", apart=True),
    Step(name="verify_evidence", run=verify_evidence.run, reads="bundles_verified", apart=True),
    Step(
        name="anchor_evidence",
        run=anchor_evidence.run,
        reads="bundles_batched",
        apart=True,
        errand=anchor_evidence.errand,
    ),
    Step(name="mark_eligible", run=mark_eligible.run, reads="patterns_evaluated"),
    Step(name="promote_platform", run=promote_platform.run, reads="platform_patterns_evaluated"),
    Step(name="watch_rules", run=watch_rules.run, reads="rules_judged"),
    Step(name="deliver_rules", run=deliver_rules.run),
    Step(name="housekeeping", run=housekeeping.run),
)
NAMES = [step.name for step in STEPS]

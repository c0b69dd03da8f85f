-- The release before believes what agents say: claims count as what was said, in the next turn.
ALTER TABLE executions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE plans NO FORCE ROW LEVEL SECURITY;
ALTER TABLE fold_marks NO FORCE ROW LEVEL SECURITY;
WITH believed AS (
    UPDATE executions
    SET outcome = CASE outcome WHEN 'claimed_success' THEN 'success' ELSE 'failure' END
    WHERE outcome IN ('claimed_success', 'claimed_failure')
    RETURNING 1
)
UPDATE fold_marks
SET system_identifier = 0
WHERE (SELECT count(*) FROM believed) > 0;
UPDATE plans
SET outcome = CASE outcome WHEN 'claimed_success' THEN 'success' ELSE 'failure' END
WHERE outcome IN ('claimed_success', 'claimed_failure');
ALTER TABLE executions FORCE ROW LEVEL SECURITY;
ALTER TABLE plans FORCE ROW LEVEL SECURITY;
ALTER TABLE fold_marks FORCE ROW LEVEL SECURITY;

DROP POLICY appliances_auth ON appliances;
REVOKE SELECT (id, site_id, agent_version, last_seen_at) ON appliances FROM flywheel_auth;
DROP TABLE heal_proofs;
ALTER TABLE level_days
    DROP COLUMN claimed_successes,
    DROP COLUMN claimed_failures,
    DROP COLUMN dropped_claimed_successes,
    DROP COLUMN dropped_claimed_failures;
ALTER TABLE dropped_counts
    DROP COLUMN claimed_successes, DROP COLUMN claimed_failures, DROP COLUMN last_evidence_at;
ALTER TABLE platform_patterns
    DROP COLUMN claimed_successes, DROP COLUMN claimed_failures, DROP COLUMN last_evidence_at;
ALTER TABLE platform_pattern_sites
    DROP COLUMN claimed_successes, DROP COLUMN claimed_failures, DROP COLUMN last_evidence_at;
ALTER TABLE patterns
    DROP COLUMN claimed_successes, DROP COLUMN claimed_failures, DROP COLUMN last_evidence_at;
ALTER TABLE plans
    DROP CONSTRAINT plans_outcome_known,
    ADD CONSTRAINT plans_outcome_known CHECK (outcome IN ('success', 'failure', 'not_attempted'));
ALTER TABLE executions
    DROP CONSTRAINT executions_claims_at_l2,
    DROP CONSTRAINT executions_outcome_known,
    ADD CONSTRAINT executions_outcome_known CHECK (
        outcome IN ('success', 'failure', 'not_attempted')
    );

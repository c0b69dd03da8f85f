-- What an agent version cannot know is a claim. It is an outcome of its own, so that every statement
-- that counts successes and failures leaves claims out. Only words about L2 are ever claims.
ALTER TABLE executions
    DROP CONSTRAINT executions_outcome_known,
    ADD CONSTRAINT executions_outcome_known CHECK (
        outcome IN ('success', 'failure', 'not_attempted', 'claimed_success', 'claimed_failure')
    ),
    ADD CONSTRAINT executions_claims_at_l2 CHECK (
        level = 'L2' OR outcome IN ('success', 'failure', 'not_attempted')
    );
ALTER TABLE plans
    DROP CONSTRAINT plans_outcome_known,
    ADD CONSTRAINT plans_outcome_known CHECK (
        outcome IN ('success', 'failure', 'not_attempted', 'claimed_success', 'claimed_failure')
    );

-- When the newest report came that is no claim: claims keep no gate open by being recent.
ALTER TABLE patterns
    ADD COLUMN claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN claimed_failures bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_evidence_at timestamptz;
ALTER TABLE platform_pattern_sites
    ADD COLUMN claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN claimed_failures bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_evidence_at timestamptz;
ALTER TABLE platform_patterns
    ADD COLUMN claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN claimed_failures bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_evidence_at timestamptz;
ALTER TABLE dropped_counts
    ADD COLUMN claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN claimed_failures bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_evidence_at timestamptz;
ALTER TABLE level_days
    ADD COLUMN claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN claimed_failures bigint NOT NULL DEFAULT 0,
    ADD COLUMN dropped_claimed_successes bigint NOT NULL DEFAULT 0,
    ADD COLUMN dropped_claimed_failures bigint NOT NULL DEFAULT 0;

-- Why an execution counts otherwise than its agent said: what was seen afterwards. `revision` is the
-- version of the execution that came of it.
CREATE TABLE heal_proofs (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer NOT NULL,
    source text NOT NULL CONSTRAINT heal_proofs_source_known CHECK (source IN ('scan', 'incident')),
    -- The bundle of evidence, or the incident.
    reference text NOT NULL,
    passed boolean NOT NULL,
    said text NOT NULL CONSTRAINT heal_proofs_said_known CHECK (
        said IN ('success', 'claimed_success')
    ),
    seen_at timestamptz NOT NULL,
    proven_at timestamptz NOT NULL,
    CONSTRAINT heal_proofs_pkey PRIMARY KEY (site_id, execution_id, revision),
    CONSTRAINT heal_proofs_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites (id)
);
ALTER TABLE heal_proofs ENABLE ROW LEVEL SECURITY;
ALTER TABLE heal_proofs FORCE ROW LEVEL SECURITY;
CREATE POLICY heal_proofs_platform ON heal_proofs TO flywheel_operator, flywheel_loop
    USING (true) WITH CHECK (true);
CREATE POLICY heal_proofs_people ON heal_proofs TO flywheel_client, flywheel_partner
    USING (site_id IN (SELECT s.id FROM sites s))
    WITH CHECK (site_id IN (SELECT s.id FROM sites s));
CREATE POLICY heal_proofs_appliance ON heal_proofs TO flywheel_appliance
    USING (site_id = current_setting('flywheel.site_id')::uuid)
    WITH CHECK (site_id = current_setting('flywheel.site_id')::uuid);
GRANT SELECT ON heal_proofs
    TO flywheel_appliance, flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;
GRANT INSERT ON heal_proofs TO flywheel_appliance;
GRANT DELETE ON heal_proofs TO flywheel_loop;

-- What a key's reports are worth depends on the agents that may stand behind it.
GRANT SELECT (id, site_id, agent_version, last_seen_at) ON appliances TO flywheel_auth;
CREATE POLICY appliances_auth ON appliances FOR SELECT TO flywheel_auth USING (true);

-- What is stored already. The owner sees these rows only while row-level security is not forced.
ALTER TABLE executions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE appliances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE patterns NO FORCE ROW LEVEL SECURITY;
ALTER TABLE platform_pattern_sites NO FORCE ROW LEVEL SECURITY;
ALTER TABLE platform_patterns NO FORCE ROW LEVEL SECURITY;
ALTER TABLE dropped_counts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE fold_marks NO FORCE ROW LEVEL SECURITY;

UPDATE patterns SET last_evidence_at = last_seen_at;
UPDATE platform_pattern_sites SET last_evidence_at = last_seen_at;
UPDATE platform_patterns SET last_evidence_at = last_seen_at;
UPDATE dropped_counts SET last_evidence_at = last_seen_at;

-- Daemons below 0.4 and Python agents say success at L2 whatever happened (`domain/agents.py`). Where
-- that was believed, the next turn counts everything from the facts again.
WITH claimed AS (
    UPDATE executions e
    SET outcome = 'claimed_success'
    WHERE e.level = 'L2'
        AND e.outcome = 'success'
        AND e.verified IS NULL
        AND EXISTS (
            SELECT 1
            FROM appliances a
            WHERE a.site_id = e.site_id
                AND (e.appliance_id IS NULL OR a.id = e.appliance_id)
                AND a.agent_version
                    ~ '^v?0+(\.0*[0-3]([^0-9]|$)|[^0-9.]|\.[^0-9]|\.?$)|^v?0*[1-9]'
        )
    RETURNING 1
)
UPDATE fold_marks
SET system_identifier = 0
WHERE (SELECT count(*) FROM claimed) > 0;

ALTER TABLE executions FORCE ROW LEVEL SECURITY;
ALTER TABLE appliances FORCE ROW LEVEL SECURITY;
ALTER TABLE patterns FORCE ROW LEVEL SECURITY;
ALTER TABLE platform_pattern_sites FORCE ROW LEVEL SECURITY;
ALTER TABLE platform_patterns FORCE ROW LEVEL SECURITY;
ALTER TABLE dropped_counts FORCE ROW LEVEL SECURITY;
ALTER TABLE fold_marks FORCE ROW LEVEL SECURITY;

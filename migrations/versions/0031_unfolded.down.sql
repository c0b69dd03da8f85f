DROP FUNCTION unfolded_counts(text);
DROP INDEX executions_unfolded_idx;
CREATE OR REPLACE FUNCTION pair_doubts(of_type text, of_runbook text, since timestamptz)
RETURNS TABLE (look_alike text, built_in text, approved_by text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (
            SELECT k.incident_type
            FROM (
                SELECT r.incident_type, 0 AS place, r.id
                FROM l1_rules r
                WHERE r.scope = 'platform'
                    AND lookalike_key(r.incident_type) = lookalike_key(of_type)
                UNION ALL
                SELECT p.incident_type, 1, p.id
                FROM platform_patterns p
                WHERE lookalike_key(p.incident_type) = lookalike_key(of_type)
                    AND p.id < (
                        SELECT q.id
                        FROM platform_patterns q
                        WHERE q.incident_type = of_type
                        ORDER BY q.id
                        LIMIT 1
                    )
            ) k
            WHERE k.incident_type <> of_type
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.scope = 'platform'
                        AND o.incident_type = of_type
                )
            ORDER BY k.place, k.id
            LIMIT 1
        ),
        (
            SELECT r.rule_id
            FROM l1_rules r
            JOIN runbooks b ON b.runbook_id = r.runbook_id
            WHERE r.source IN ('builtin', 'synced')
                AND r.enabled
                AND r.incident_type = of_type
                AND r.runbook_id <> of_runbook
                -- One that only detects heals nothing.
                AND b.executable
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.source IN ('builtin', 'synced')
                        AND o.enabled
                        AND o.incident_type = of_type
                        AND o.runbook_id = of_runbook
                )
            ORDER BY r.rule_id
            LIMIT 1
        ),
        (
            SELECT a.approved_by
            FROM platform_approvals a
            WHERE a.incident_type = of_type
                AND a.runbook_id = of_runbook
                AND a.approved_at >= since
        );
END;

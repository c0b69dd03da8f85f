-- name: running
-- fleet: the caller's row-level security decides which sites there are
-- Switched off and seen to run since, not longer ago than :since, and not removed or reported
-- without it
-- since then.
SELECT
    m.rule, l.rule_id, m.site_id, s.slug, m.appliance_id, a.wire_id,
    CASE
        WHEN a.id IS NOT NULL THEN ARRAY[a.agent_version]
        ELSE ARRAY(
            SELECT DISTINCT x.agent_version
            FROM appliances x
            WHERE x.site_id = m.site_id
            ORDER BY x.agent_version
        )
    END AS versions,
    l.enabled_changed_at AS off_at, m.first_received_at, m.last_received_at, m.last_began_at,
    m.told_at
FROM rule_remains m
JOIN l1_rules l ON l.id = m.rule
JOIN sites s ON s.id = m.site_id
LEFT JOIN appliances a ON a.id = m.appliance_id
LEFT JOIN rule_deliveries d ON d.rule = m.rule AND d.appliance_id = m.appliance_id
WHERE NOT l.enabled
    AND m.last_received_at > l.enabled_changed_at
    AND m.last_received_at >= :since
    -- Agents tell whole seconds.
    AND (
        m.removed_at IS NULL
        OR m.last_received_at > m.removed_at
        AND m.last_began_at >= date_trunc('second', m.removed_at)
    )
    AND (d.left_at IS NULL OR d.left_at < m.last_received_at)
    AND (:rule::uuid IS NULL OR m.rule = :rule)
ORDER BY m.first_received_at, m.rule, m.appliance_id
LIMIT :limit;

-- name: remove
INSERT INTO rule_remains AS m (rule, site_id, appliance_id, removed_at, removed_by)
SELECT :rule, :site_id, g.appliance_id, :now, :by
FROM unnest(:appliances::uuid[]) AS g (appliance_id)
ORDER BY g.appliance_id
ON CONFLICT ON CONSTRAINT rule_remains_place_key DO UPDATE
SET removed_at = excluded.removed_at,
    removed_by = excluded.removed_by,
    told_at = NULL;

-- name: told
-- fleet: alarms of every site
UPDATE rule_remains m
SET told_at = :now
FROM unnest(:rules::uuid[], :site_ids::uuid[], :appliance_ids::uuid[])
    AS g (rule, site_id, appliance_id)
WHERE m.rule = g.rule
    AND m.site_id = g.site_id
    AND m.appliance_id IS NOT DISTINCT FROM g.appliance_id;

-- name: over
-- fleet: alarms of every site
-- What was told and runs no more may be told again once it does.
UPDATE rule_remains m
SET told_at = NULL
WHERE m.told_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(:rules::uuid[], :sites::uuid[], :appliances::uuid[])
            AS g (rule, site_id, appliance_id)
        WHERE g.rule = m.rule
            AND g.site_id = m.site_id
            AND g.appliance_id IS NOT DISTINCT FROM m.appliance_id
    );

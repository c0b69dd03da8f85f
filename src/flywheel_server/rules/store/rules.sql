-- name: insert
INSERT INTO l1_rules (
    rule_id, source, scope, partner_id, organization_id, site_id, tier, incident_type, runbook_id,
    name, description, conditions, action, action_params, hipaa_controls, severity_filter,
    priority, cooldown_seconds, max_retries
)
VALUES (
    :rule_id, :source, :scope,
    CASE WHEN :scope = 'partner' THEN :scope_id::uuid END,
    CASE WHEN :scope = 'organization' THEN :scope_id::uuid END,
    CASE WHEN :scope = 'site' THEN :scope_id::uuid END,
    :tier, :incident_type, :runbook_id, :name, :description, :conditions, :action, :action_params,
    :hipaa_controls, :severity_filter, :priority, :cooldown_seconds, :max_retries
)
ON CONFLICT DO NOTHING
RETURNING
    id, rule_id, source, scope, COALESCE(partner_id, organization_id, site_id) AS scope_id, tier,
    incident_type, runbook_id, name, description, conditions, action, action_params,
    hipaa_controls, severity_filter, priority, cooldown_seconds, max_retries, enabled,
    disabled_reason, enabled_changed_at, withdrawn_at, match_count, success_count, failure_count,
    success_rate, created_at;

-- name: for_site
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM sites s
JOIN organizations o ON o.id = s.organization_id
JOIN l1_rules r ON r.scope = 'platform'
    OR r.partner_id = o.partner_id
    OR r.organization_id = o.id
    OR r.site_id = s.id
WHERE s.id = :site_id
    AND r.source <> 'builtin'
ORDER BY r.id;

-- name: homes
-- fleet: a process learns where every site belongs when it starts
SELECT
    s.id, s.healing_tier, s.organization_id, o.partner_id,
    ARRAY(SELECT x.rule FROM excluded_rules x WHERE x.site_id = s.id) AS excluded
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.id > :after
ORDER BY s.id
LIMIT :limit;

-- name: for_sites
-- The same as for one site, of many at once.
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE r.source <> 'builtin'
    AND (
        r.scope = 'platform'
        OR r.partner_id = ANY(:partner_ids::uuid[])
        OR r.organization_id = ANY(:organization_ids::uuid[])
        OR r.site_id = ANY(:site_ids::uuid[])
    )
ORDER BY r.id;

-- name: tenancy
SELECT
    s.healing_tier, s.organization_id, o.partner_id,
    ARRAY(SELECT x.rule FROM excluded_rules x WHERE x.site_id = s.id) AS excluded
FROM sites s
JOIN organizations o ON o.id = s.organization_id
WHERE s.id = :site_id;

-- name: get
-- fleet: the caller's row-level security decides which rules there are
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE r.id = :id;

-- name: by_ids
-- fleet: the caller's row-level security decides which rules there are
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE r.id = ANY(:ids::uuid[]);

-- name: find
-- fleet: the caller's row-level security decides which rules there are
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE r.rule_id = :rule_id
ORDER BY (r.source = 'builtin'), r.id;

-- name: page
-- fleet: the caller's row-level security decides which rules there are
SELECT
    r.id, r.rule_id, r.source, r.scope,
    COALESCE(r.partner_id, r.organization_id, r.site_id) AS scope_id,
    r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
    r.action_params, r.hipaa_controls, r.severity_filter, r.priority, r.cooldown_seconds,
    r.max_retries, r.enabled, r.disabled_reason, r.enabled_changed_at, r.withdrawn_at,
    r.match_count, r.success_count, r.failure_count, r.success_rate, r.created_at
FROM l1_rules r
WHERE (:source::text IS NULL OR r.source = :source)
    AND (:enabled::boolean IS NULL OR r.enabled = :enabled)
    AND (:incident_type::text IS NULL OR r.incident_type = :incident_type)
    AND (
        :text::text IS NULL
        OR strpos(lower(r.incident_type), lower(:text)) > 0
        OR strpos(lower(r.rule_id), lower(:text)) > 0
        OR strpos(lower(r.runbook_id), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower(:text)) > 0
        )
        OR strpos(lower(r.name), lower(:text)) > 0
        OR strpos(lower(r.label), lower(:text)) > 0
    )
    AND (:after::uuid IS NULL OR r.id > :after)
ORDER BY r.id
LIMIT :limit;

-- name: set_enabled
-- fleet: the caller's row-level security decides which rules there are
UPDATE l1_rules
SET
    enabled = :enabled,
    disabled_reason = CASE WHEN :enabled THEN NULL ELSE :reason END,
    -- Whoever enables a withdrawn rule takes its withdrawal back.
    withdrawn_at = CASE WHEN :enabled THEN NULL ELSE withdrawn_at END,
    enabled_changed_at = :now
WHERE id = :id
    AND enabled <> :enabled
RETURNING
    id, rule_id, source, scope, COALESCE(partner_id, organization_id, site_id) AS scope_id, tier,
    incident_type, runbook_id, name, description, conditions, action, action_params,
    hipaa_controls, severity_filter, priority, cooldown_seconds, max_retries, enabled,
    disabled_reason, enabled_changed_at, withdrawn_at, match_count, success_count, failure_count,
    success_rate, created_at;

-- name: set_label
-- fleet: the caller's row-level security decides which rules there are
UPDATE l1_rules
SET label = :label
WHERE id = :id
RETURNING id;

-- name: labels
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, r.label
FROM l1_rules r
WHERE r.id = ANY (:ids)
    AND r.label IS NOT NULL;

-- name: load_catalogue
-- fleet: the catalogue's rules are the platform's
-- What a person decided (enabled) and what was counted stays; only changed rows are written.
INSERT INTO l1_rules AS r (
    rule_id, source, scope, tier, incident_type, runbook_id, name, description, conditions, action,
    action_params, priority, cooldown_seconds
)
SELECT
    g.rule_id, 'synced', 'platform', g.tier, g.incident_type, g.runbook_id, g.name, g.description,
    g.conditions, g.action, g.action_params, g.priority, g.cooldown_seconds
FROM jsonb_to_recordset(:rules::jsonb) AS g (
    rule_id text, tier text, incident_type text, runbook_id text, name text, description text,
    conditions jsonb, action text, action_params jsonb, priority integer, cooldown_seconds integer
)
ON CONFLICT (
    rule_id, scope, COALESCE(partner_id, organization_id, site_id)
) WHERE source <> 'builtin' DO UPDATE
SET
    tier = EXCLUDED.tier,
    incident_type = EXCLUDED.incident_type,
    runbook_id = EXCLUDED.runbook_id,
    name = EXCLUDED.name,
    description = EXCLUDED.description,
    conditions = EXCLUDED.conditions,
    action = EXCLUDED.action,
    action_params = EXCLUDED.action_params,
    priority = EXCLUDED.priority,
    cooldown_seconds = EXCLUDED.cooldown_seconds
WHERE r.source = 'synced'
    AND (
        r.tier, r.incident_type, r.runbook_id, r.name, r.description, r.conditions, r.action,
        r.action_params, r.priority, r.cooldown_seconds
    ) IS DISTINCT FROM (
        EXCLUDED.tier, EXCLUDED.incident_type, EXCLUDED.runbook_id, EXCLUDED.name,
        EXCLUDED.description, EXCLUDED.conditions, EXCLUDED.action, EXCLUDED.action_params,
        EXCLUDED.priority, EXCLUDED.cooldown_seconds
    )
RETURNING r.id;

-- name: load_builtin
-- fleet: compiled rules are the platform's
INSERT INTO l1_rules AS r (
    rule_id, source, scope, incident_type, runbook_id, name, description, conditions, action,
    action_params, priority, cooldown_seconds
)
SELECT
    g.rule_id, 'builtin', 'platform', g.incident_type, g.runbook_id, g.name, g.description,
    g.conditions, g.action, g.action_params, g.priority, g.cooldown_seconds
FROM jsonb_to_recordset(:rules::jsonb) AS g (
    rule_id text, incident_type text, runbook_id text, name text, description text,
    conditions jsonb, action text, action_params jsonb, priority integer, cooldown_seconds integer
)
ON CONFLICT (rule_id, incident_type) WHERE source = 'builtin' DO UPDATE
SET
    runbook_id = EXCLUDED.runbook_id,
    name = EXCLUDED.name,
    description = EXCLUDED.description,
    action = EXCLUDED.action,
    action_params = EXCLUDED.action_params
WHERE (r.runbook_id, r.name, r.description, r.action, r.action_params)
    IS DISTINCT FROM (
        EXCLUDED.runbook_id, EXCLUDED.name, EXCLUDED.description, EXCLUDED.action,
        EXCLUDED.action_params
    )
RETURNING r.id;

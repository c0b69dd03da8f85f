-- name: page
-- Which there are; what covers each is looked up for one page only. Row-level security leaves the
-- caller's own sites; :site_id narrows them.
SELECT t.id
FROM patterns t
WHERE t.state <> 'observed'
    AND (:state::text IS NULL OR t.state = :state)
    AND (:site_id::uuid IS NULL OR t.site_id = :site_id)
    AND (
        :endorsed::boolean IS NULL
        OR :endorsed = EXISTS (SELECT 1 FROM endorsements n WHERE n.pattern_id = t.id)
    )
    AND (t.occurrences >= :least_occurrences OR t.state IN ('approved', 'rejected'))
    AND (
        :at::timestamptz IS NULL
        OR (t.state_changed_at, t.id) < (:at::timestamptz, :pattern_id::text)
    )
    AND (
        :text::text IS NULL
        OR strpos(replace(lower(t.incident_type), '_', ' '), replace(lower(:text), '_', ' '))
            > 0
        OR strpos(lower(t.runbook_id), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = t.runbook_id
                AND strpos(lower(kb.name), lower(:text)) > 0
        )
        OR strpos(lower(t.hostname), lower(:text)) > 0
        OR t.state = ANY (:called::text[])
        OR EXISTS (
            SELECT 1
            FROM sites st
            JOIN organizations og ON og.id = st.organization_id
            WHERE st.id = t.site_id
                AND (
                    strpos(lower(st.name), lower(:text)) > 0
                    OR strpos(lower(og.name), lower(:text)) > 0
                )
        )
    )
ORDER BY t.state_changed_at DESC, t.id DESC
LIMIT :limit;

-- name: get
-- Row-level security leaves the caller's own sites.
SELECT
    p.id, p.site_id, s.slug, s.name AS site_name, s.healing_tier, s.organization_id,
    o.name AS organization_name, o.partner_id, p.incident_type, p.runbook_id, p.hostname,
    p.successes, p.verified_successes, p.failures, p.not_attempted, p.claimed_successes,
    p.claimed_failures, p.chaos_successes,
    p.chaos_failures, p.first_seen_at, p.last_seen_at, p.last_evidence_at, p.state,
    p.state_changed_at, r.platform,
    r.executable, r.name AS runbook_name, c.rule_id AS covered_by,
    x.rule_id AS covered_by_other, d.decision,
    d.actor_name AS decided_by, d.decided_at, d.tier AS decided_tier, d.custom_name, d.notes,
    d.evidence AS decided_evidence, d.gates AS decided_gates, d.rule AS decided_rule,
    e.actor_name AS endorsed_by, e.endorsed_at, e.notes AS endorsed_notes,
    ARRAY(
        SELECT a.agent_version FROM appliances a WHERE a.site_id = p.site_id ORDER BY a.id
    ) AS agent_versions
FROM patterns p
JOIN sites s ON s.id = p.site_id
JOIN organizations o ON o.id = s.organization_id
LEFT JOIN runbooks r ON r.runbook_id = p.runbook_id
LEFT JOIN LATERAL (
    SELECT l.rule_id
    FROM covering_rules(s.id, o.id, o.partner_id, s.healing_tier, p.incident_type) l
    ORDER BY l.source = 'builtin', l.priority, l.id
    LIMIT 1
) c ON true
-- The rule that approval would join is no reason against approval.
LEFT JOIN LATERAL (
    SELECT l.rule_id
    FROM covering_rules(s.id, o.id, o.partner_id, s.healing_tier, p.incident_type) l
    WHERE NOT (l.source = 'promoted' AND l.scope = 'site' AND l.runbook_id = p.runbook_id)
    ORDER BY l.source = 'builtin', l.priority, l.id
    LIMIT 1
) x ON true
-- Once the rule that came of it is withdrawn, a candidate may be decided again: the newest stands.
LEFT JOIN LATERAL (
    SELECT
        n.decision, n.actor_name, n.decided_at, n.tier, n.custom_name, n.notes, n.evidence, n.gates,
        n.rule
    FROM promotions n
    WHERE n.pattern_id = p.id
        AND p.state IN ('approved', 'rejected')
    ORDER BY n.decided_at DESC, n.id DESC
    LIMIT 1
) d ON true
LEFT JOIN endorsements e ON e.pattern_id = p.id
WHERE p.id = ANY (:ids::text[])
    AND (p.occurrences >= :least_occurrences OR p.state IN ('approved', 'rejected'))
ORDER BY p.state_changed_at DESC, p.id DESC;

-- name: lock
-- With every pattern that a decision marks, in the order in which the loop's folds take them: no
-- two transactions wait for each other in a ring.
SELECT p.id, p.site_id
FROM patterns p
WHERE (p.site_id, p.incident_type) IN (
    SELECT t.site_id, t.incident_type FROM patterns t WHERE t.id = ANY (:ids)
)
ORDER BY p.site_id, p.incident_type, p.runbook_id, p.hostname
FOR NO KEY UPDATE;

-- name: decide
UPDATE patterns
SET state = :state,
    state_changed_at = :now
WHERE id = :id
    AND site_id = :site_id;

-- name: reopen
-- As its facts are now; the loop looks at its gates with its next turn.
UPDATE patterns
SET state = :state,
    state_changed_at = :now,
    due_at = '-infinity'
WHERE id = :id
    AND site_id = :site_id
    AND state = 'rejected';

-- name: mark_due
-- Whether a rule of the site is for its incident type is one of a pattern's gates.
UPDATE patterns
SET due_at = '-infinity'
WHERE site_id = :site_id
    AND incident_type = :incident_type
    AND (state = 'eligible' OR blocked OR due_at IS NOT NULL);

-- name: hosts
-- The hosts that would share a rule.
SELECT
    p.id, p.hostname, p.successes, p.verified_successes, p.failures, p.not_attempted,
    p.claimed_successes, p.claimed_failures,
    p.chaos_successes, p.chaos_failures, p.last_seen_at, p.state
FROM patterns p
WHERE p.site_id = :site_id
    AND p.incident_type = :incident_type
    AND p.runbook_id = :runbook_id
    AND (:after::text IS NULL OR p.hostname > :after)
    AND (:text::text IS NULL OR strpos(lower(p.hostname), lower(:text)) > 0)
ORDER BY p.hostname
LIMIT :limit;

-- name: counted
-- One row for each state of what the caller sees; row-level security leaves their own sites.
SELECT
    p.state,
    count(*) AS candidates,
    count(e.pattern_id) AS endorsed
FROM patterns p
LEFT JOIN endorsements e ON e.pattern_id = p.id AND e.site_id = p.site_id
WHERE p.state <> 'observed'
    AND (p.occurrences >= :least_occurrences OR p.state IN ('approved', 'rejected'))
GROUP BY p.state;

-- name: said
-- Each decision on a candidate, and each that was taken back.
SELECT d.decision AS what, d.actor_name AS by, d.decided_at AS at, d.tier, d.notes, d.evidence
FROM promotions d
WHERE d.site_id = :site_id
    AND d.pattern_id = :id
UNION ALL
SELECT 'reopened', e.actor, e.at, e.actor_kind, e.after ->> 'reason', NULL
FROM audit_entries e
WHERE e.object_kind = 'candidate'
    AND e.object_id = :id
    AND e.site_id = :site_id
    AND e.action = 'candidate.reopen'
ORDER BY at;

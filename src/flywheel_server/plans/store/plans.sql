-- name: askers
-- Who may be asking: the key's appliance, else those that were seen while the newest one was.
SELECT a.id, a.desired_l2_mode, a.agent_version
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
    AND (
        a.id = :bound
        OR a.last_seen_at >= (
            SELECT max(b.last_seen_at)
            FROM appliances b
            WHERE b.site_id = :site_id
                AND b.removed_at IS NULL
        ) - :silent_after::interval
    )
ORDER BY a.id;

-- name: lock_incident
-- One decision at a time about one incident of a site.
SELECT pg_advisory_xact_lock(
    hashtextextended(:site_id::uuid::text || ':' || :incident_id::text, {lock.PLANNED_INCIDENT})
) AS site_id;

-- name: lock_digest
-- One question at a time about equal incidents of a site: the next one finds the answer.
SELECT pg_advisory_xact_lock(
    hashtextextended(:site_id::uuid::text || ':' || :digest::text, {lock.PLAN_DIGEST})
) AS site_id;

-- name: newest
SELECT
    p.id, p.mode, p.state, p.planner, p.told, p.reason, p.answer, p.calls, p.cost_micro_usd,
    p.appliance_id, p.created_at
FROM plans p
WHERE p.site_id = :site_id
    AND hashtextextended(p.incident_id, 0) = hashtextextended(:incident_id, 0)
    AND p.incident_id = :incident_id
    AND p.created_at >= :since
ORDER BY p.created_at DESC, p.id DESC
LIMIT 1;

-- name: repeated
UPDATE plans
SET repeats = repeats + 1
WHERE site_id = :site_id
    AND id = :id;

-- name: under_way
SELECT EXISTS (
    SELECT 1
    FROM plans p
    WHERE p.site_id = :site_id
        AND p.digest = :digest
        AND p.state = 'planning'
        AND p.created_at >= :since
);

-- name: reusable
-- What a model once answered: for the same question of this site, or for the very incident. What
-- was tried and failed is asked anew.
SELECT p.id, p.proposed, p.confidence, p.reasoning
FROM plans p
WHERE p.site_id = :site_id
    AND p.planner = 'model'
    AND p.state = 'decided'
    AND p.confidence IS NOT NULL
    AND p.model = :model
    AND p.prompt_version = :prompt_version
    AND p.outcome IS DISTINCT FROM 'failure'
    AND p.incident_type = :incident_type
    AND (
        p.digest = :digest AND p.created_at >= :cached_since
        OR hashtextextended(p.incident_id, 0) = hashtextextended(:incident_id, 0)
        AND p.incident_id = :incident_id AND p.incident_id <> '' AND p.created_at >= :repeated_since
    )
ORDER BY p.created_at DESC, p.id DESC
LIMIT 1;

-- name: covering
-- The enabled rules that a site gets for an incident type, as appliances would choose among them.
SELECT
    r.rule_id, r.conditions, r.severity_filter, b.runbook_id, b.name, b.platform, b.executable
FROM sites s
JOIN organizations o ON o.id = s.organization_id
CROSS JOIN LATERAL covering_rules(
    s.id, o.id, o.partner_id, s.healing_tier, :incident_type
) r
JOIN runbooks b ON b.runbook_id = r.runbook_id
WHERE s.id = :site_id
ORDER BY
    r.source = 'builtin',
    array_position(ARRAY['site', 'organization', 'partner', 'platform'], r.scope),
    r.priority,
    r.rule_id;

-- name: catalogue
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.runbook_id, b.name, b.platform, b.executable
FROM runbooks b
WHERE b.platform = :platform
    AND b.executable
ORDER BY b.runbook_id;

-- name: runbook
-- fleet: the catalogue of runbooks is one for the platform
SELECT b.runbook_id, b.name, b.platform, b.executable
FROM runbooks b
WHERE b.runbook_id = :runbook_id;

-- name: evidence
-- Counts alone: of the site, and of its organization's sites with it. Also what no turn has folded
-- yet: it was received since the fold's mark, or little before.
WITH neighbours AS MATERIALIZED (
    SELECT n.id
    FROM sites n
    JOIN sites s ON s.organization_id = n.organization_id
    WHERE s.id = :site_id
),
fold AS MATERIALIZED (
    SELECT max(m.mark::text)::pg_snapshot AS mark, max(m.folded_at) AS folded_at
    FROM fold_marks m
    WHERE m.fold = 'patterns'
),
counts AS (
    SELECT
        p.site_id, p.runbook_id, p.successes, p.verified_successes, p.failures,
        p.last_evidence_at, p.state = 'rejected' AS rejected
    FROM patterns p
    WHERE p.incident_type = :incident_type
        AND p.site_id IN (SELECT n.id FROM neighbours n)
    UNION ALL
    SELECT
        e.site_id, COALESCE(a.runbook_id, e.reported_id),
        sum(e.successes), sum(e.verified_successes), sum(e.failures),
        max(e.occurred_at), false
    FROM fold f
    JOIN counted_facts e
        ON e.site_id IN (SELECT n.id FROM neighbours n)
        AND e.received_at >= COALESCE(f.folded_at - interval '15 minutes', '-infinity')
    LEFT JOIN aliases a ON a.alias = e.reported_id
    WHERE e.level = 'L2'
        AND e.incident_type = :incident_type
        AND e.outcome IN ('success', 'failure')
        AND NOT e.chaos
        AND (f.mark IS NULL OR NOT pg_visible_in_snapshot(e.xid, f.mark))
    GROUP BY e.site_id, COALESCE(a.runbook_id, e.reported_id)
),
tiers AS (
    SELECT
        t.tier, c.runbook_id,
        sum(CASE WHEN :verified_only THEN c.verified_successes
        ELSE c.successes END)::bigint AS successes,
        sum(
            c.failures + CASE WHEN :verified_only THEN c.successes - c.verified_successes ELSE 0 END
        )::bigint AS failures,
        max(c.last_evidence_at) AS last_seen_at,
        bool_or(c.rejected) AND t.tier = 'site' AS rejected
    FROM counts c
    CROSS JOIN (VALUES ('site'), ('organization')) AS t (tier)
    WHERE t.tier = 'organization' OR c.site_id = :site_id
    GROUP BY t.tier, c.runbook_id
)
SELECT
    t.tier, t.runbook_id, t.successes, t.failures, t.last_seen_at, t.rejected,
    b.platform
FROM tiers t
JOIN runbooks b ON b.runbook_id = t.runbook_id;

-- name: insert
INSERT INTO plans (
    site_id, appliance_id, incident_id, incident_type, hostname, severity, platform, input, digest,
    mode, agent_version, state, prompt_version, created_at
)
VALUES (
    :site_id, :appliance_id, :incident_id, :incident_type, :hostname, :severity, :platform, :input,
    :digest, :mode, :agent_version, 'planning', :prompt_version, :now
)
RETURNING id;

-- name: decide
UPDATE plans
SET
    appliance_id = :appliance_id,
    mode = :mode,
    agent_version = :agent_version,
    state = 'decided',
    planner = :planner,
    basis = :basis,
    model = :model,
    calls = :calls,
    input_tokens = :input_tokens,
    output_tokens = :output_tokens,
    cost_micro_usd = :cost_micro_usd,
    latency_ms = :latency_ms,
    proposed = :proposed,
    runbook_id = :runbook_id,
    confidence = :confidence,
    reasoning = :reasoning,
    told = :told,
    reason = :reason,
    answer = :answer,
    decided_at = :now
WHERE site_id = :site_id
    AND id = :id
    AND state = 'planning'
RETURNING id;

-- name: interrupt
UPDATE plans
SET
    state = 'decided',
    planner = 'none',
    told = 'escalate',
    reason = 'interrupted',
    answer = '{}',
    decided_at = :now
WHERE site_id = :site_id
    AND id = :id
    AND state = 'planning';

-- name: interrupt_old
-- fleet: the loop ends what any process left behind
UPDATE plans
SET
    state = 'decided',
    planner = 'none',
    told = 'escalate',
    reason = 'interrupted',
    answer = '{}',
    decided_at = :now
WHERE state = 'planning'
    AND created_at < :before;

-- name: reserve
-- One statement, guarded: however many ask at once, none goes beyond.
INSERT INTO plan_budgets AS b (site_id, day, calls, micro_usd)
SELECT :site_id, :day, 1, :micro_usd::bigint
WHERE :most_calls::integer >= 1
    AND :most_micro_usd::bigint >= :micro_usd::bigint
ON CONFLICT (site_id, day) DO UPDATE
SET calls = b.calls + 1, micro_usd = b.micro_usd + :micro_usd::bigint
WHERE b.calls + 1 <= :most_calls::integer
    AND b.micro_usd + :micro_usd::bigint <= :most_micro_usd::bigint
RETURNING b.calls;

-- name: settle
UPDATE plan_budgets
SET micro_usd = GREATEST(micro_usd - :reserved + :spent, 0)
WHERE site_id = :site_id
    AND day = :day;

-- name: link_executions
-- fleet: the loop looks for what came of the plans of every site
-- The first execution of the incident, in its version in force; looked at again for a day, for it
-- may be corrected.
WITH open AS (
    SELECT p.id, p.site_id, p.incident_id, p.created_at, p.told
    FROM plans p
    WHERE p.execution_id IS NULL
        AND p.told IN ('execute', 'approval')
        AND p.created_at >= :made_since
    UNION ALL
    SELECT p.id, p.site_id, p.incident_id, p.created_at, p.told
    FROM plans p
    WHERE p.executed_at >= :executed_since
), runnable AS (
    SELECT o.id, o.site_id, o.incident_id, COALESCE(a.decided_at, o.created_at) AS since
    FROM open o
    LEFT JOIN plan_approvals a ON a.plan_id = o.id
    WHERE o.incident_id <> ''
        AND (o.told = 'execute' OR a.state = 'approved')
), found AS (
    SELECT r.id, e.execution_id, e.received_at, e.outcome, e.verified
    FROM runnable r
    CROSS JOIN LATERAL (
        SELECT e.execution_id, e.received_at, e.outcome, e.verified
        FROM executions e
        WHERE e.site_id = r.site_id
            AND hashtextextended(e.incident_id, 0) = hashtextextended(r.incident_id, 0)
            AND e.incident_id = r.incident_id
            AND e.level <> 'L1'
            AND e.weight = 1
            AND e.received_at >= r.since
            AND NOT EXISTS (
                SELECT 1
                FROM corrections c
                WHERE c.site_id = e.site_id
                    AND c.execution_id = e.execution_id
                    AND c.revision > e.revision
            )
        ORDER BY e.received_at, e.execution_id
        LIMIT 1
    ) e
)
UPDATE plans p
SET
    execution_id = f.execution_id,
    executed_at = f.received_at,
    outcome = f.outcome,
    verified = f.verified
FROM found f
WHERE p.id = f.id
    AND (p.execution_id, p.executed_at, p.outcome, p.verified)
        IS DISTINCT FROM (f.execution_id, f.received_at, f.outcome, f.verified)
RETURNING p.id;

-- name: forget
-- fleet: decisions are kept as long as executions, for every tenant
WITH budgets AS (
    DELETE FROM plan_budgets b
    WHERE b.day < :before::timestamptz::date
)
DELETE FROM plans p
WHERE p.created_at < :before
RETURNING p.id;

-- name: page
-- fleet: operators see the decisions of every site
SELECT
    p.id, p.site_id, s.slug, a.wire_id, p.incident_id, p.incident_type, p.hostname, p.severity,
    p.platform, p.input, p.digest, p.mode, p.agent_version, p.state, p.planner, p.basis, p.model,
    p.prompt_version, p.calls, p.input_tokens, p.output_tokens, p.cost_micro_usd, p.latency_ms,
    p.proposed, p.runbook_id, p.confidence, p.reasoning, p.told, p.reason, p.answer, p.repeats,
    p.created_at, p.decided_at, p.execution_id, p.executed_at, p.outcome, p.verified
FROM plans p
JOIN sites s ON s.id = p.site_id
LEFT JOIN appliances a ON a.id = p.appliance_id
WHERE (:before::uuid IS NULL OR p.id < :before)
    AND (:site_id::uuid IS NULL OR p.site_id = :site_id)
    AND (:incident_type::text IS NULL OR p.incident_type = :incident_type)
    AND (:planner::text IS NULL OR p.planner = :planner)
    AND (:told::text IS NULL OR p.told = :told)
    AND (:reason::text IS NULL OR p.reason = :reason)
    AND (:mode::text IS NULL OR p.mode = :mode)
    AND (:runbook_id::text IS NULL OR p.runbook_id = :runbook_id)
    AND (
        NOT :unreported::boolean
        OR p.execution_id IS NULL AND p.created_at < :unreported_before
        AND (p.told = 'execute' OR EXISTS (
            SELECT 1
            FROM plan_approvals w
            WHERE w.plan_id = p.id
                AND w.state = 'approved'
                AND w.decided_at < :unreported_before
        ))
    )
    AND (
        :text::text IS NULL
        OR strpos(lower(p.incident_type), lower(:text)) > 0
        OR strpos(lower(p.hostname), lower(:text)) > 0
        OR strpos(lower(p.incident_id), lower(:text)) > 0
        OR strpos(lower(p.runbook_id), lower(:text)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = p.runbook_id
                AND strpos(lower(kb.name), lower(:text)) > 0
        )
        OR strpos(lower(s.slug), lower(:text)) > 0
        OR strpos(lower(s.name), lower(:text)) > 0
    )
    AND (:since::timestamptz IS NULL OR p.created_at >= :since)
    AND (:id::uuid IS NULL OR p.id = :id)
ORDER BY p.id DESC
LIMIT :limit;

-- name: funnel
-- fleet: an operator's figures of the whole platform, counts only
SELECT
    count(*) AS decisions,
    count(*) FILTER (WHERE p.runbook_id IS NOT NULL AND p.told <> 'escalate') AS planned,
    count(*) FILTER (WHERE p.told = 'execute') AS told_to_execute,
    count(*) FILTER (WHERE p.told = 'approval') AS sent_for_approval,
    count(*) FILTER (WHERE p.told = 'escalate') AS escalated,
    count(*) FILTER (WHERE p.outcome IN ('success', 'failure')) AS executed,
    count(*) FILTER (WHERE p.outcome = 'success') AS healed,
    count(*) FILTER (WHERE p.outcome = 'success' AND p.verified) AS verified,
    count(*) FILTER (WHERE p.outcome = 'not_attempted') AS not_attempted,
    count(*) FILTER (WHERE p.outcome LIKE 'claimed%') AS claimed,
    count(*) FILTER (
        WHERE p.execution_id IS NULL
            AND (
                p.told = 'execute' AND p.created_at < :unreported_before
                OR a.state = 'approved' AND a.decided_at < :unreported_before
            )
    ) AS unreported,
    COALESCE(sum(p.repeats), 0)::bigint AS repeats,
    COALESCE(sum(p.calls), 0)::bigint AS calls,
    COALESCE(sum(p.input_tokens), 0)::bigint AS input_tokens,
    COALESCE(sum(p.output_tokens), 0)::bigint AS output_tokens,
    COALESCE(sum(p.cost_micro_usd), 0)::bigint AS cost_micro_usd,
    count(*) FILTER (WHERE a.state = 'waiting' AND a.deadline_at > :until) AS waiting,
    count(*) FILTER (WHERE a.state = 'approved') AS approved,
    count(*) FILTER (WHERE a.state = 'rejected') AS rejected,
    count(*) FILTER (WHERE a.state = 'expired' OR a.state = 'waiting' AND a.deadline_at <= :until)
        AS expired
FROM plans p
LEFT JOIN plan_approvals a ON a.plan_id = p.id
WHERE p.created_at >= :since
    AND p.created_at <= :until
    AND (:site_id::uuid IS NULL OR p.site_id = :site_id);

-- name: reasons
-- fleet: an operator's figures of the whole platform, counts only
SELECT p.planner, p.told, p.reason, count(*) AS decisions
FROM plans p
WHERE p.created_at >= :since
    AND p.created_at <= :until
    AND p.state = 'decided'
    AND (:site_id::uuid IS NULL OR p.site_id = :site_id)
GROUP BY p.planner, p.told, p.reason
ORDER BY count(*) DESC, p.planner, p.told, p.reason;

-- name: spent
-- fleet: an operator's figures of the whole platform
SELECT
    b.day, sum(b.calls)::bigint AS calls, sum(b.micro_usd)::bigint AS micro_usd,
    count(DISTINCT b.site_id) AS sites
FROM plan_budgets b
WHERE b.day >= :since
    AND (:site_id::uuid IS NULL OR b.site_id = :site_id)
GROUP BY b.day
ORDER BY b.day;

-- name: standing
-- fleet: figures of the whole platform
SELECT
    (
        SELECT count(*)
        FROM plan_approvals a
        WHERE a.state = 'waiting'
            AND a.deadline_at > :now
    ) AS waiting,
    (
        SELECT count(*)
        FROM plans p
        LEFT JOIN plan_approvals a ON a.plan_id = p.id
        WHERE p.execution_id IS NULL
            AND p.created_at >= :made_since
            AND (
                p.told = 'execute' AND p.created_at < :unreported_before
                OR a.state = 'approved' AND a.decided_at < :unreported_before
            )
    ) AS unreported,
    (
        SELECT COALESCE(sum(b.micro_usd), 0)::bigint
        FROM plan_budgets b
        WHERE b.day = (:now::timestamptz AT TIME ZONE 'UTC')::date
    ) AS spent_today;

-- name: reserved
-- Until the answer tells more, a call under way has cost what was reserved for it.
UPDATE plans
SET calls = calls + 1, cost_micro_usd = cost_micro_usd + :micro_usd
WHERE site_id = :site_id
    AND id = :id
    AND state = 'planning';

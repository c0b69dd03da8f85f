-- name: best
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), -1) AS place
FROM l1_rules r
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), -1), r.id) < ($4::float8, $5::uuid))
ORDER BY COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), -1) DESC, r.id DESC
LIMIT $6;

-- name: worst
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), 2) AS place
FROM l1_rules r
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), 2), r.id) > ($4::float8, $5::uuid))
ORDER BY COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), 2) ASC, r.id ASC
LIMIT $6;

-- name: most_matched
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, r.match_count AS place
FROM l1_rules r
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (r.match_count, r.id) < ($4::float8::bigint, $5::uuid))
ORDER BY r.match_count DESC, r.id DESC
LIMIT $6;

-- name: least_matched
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, r.match_count AS place
FROM l1_rules r
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (r.match_count, r.id) > ($4::float8::bigint, $5::uuid))
ORDER BY r.match_count ASC, r.id ASC
LIMIT $6;

-- name: nearest
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, h.value AS place
FROM rule_health h
JOIN l1_rules r ON r.id = h.rule
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (h.value, h.rule) < ($4::float8, $5::uuid))
ORDER BY h.value DESC, h.rule DESC
LIMIT $6;

-- name: farthest
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, h.value AS place
FROM rule_health h
JOIN l1_rules r ON r.id = h.rule
WHERE ($1::text IS NULL OR r.source = $1)
    AND ($2::boolean IS NULL OR r.enabled = $2)
    AND ($3::text IS NULL OR r.incident_type = $3)
    AND (
        $7::text IS NULL
        OR strpos(lower(r.incident_type), lower($7)) > 0
        OR strpos(lower(r.rule_id), lower($7)) > 0
        OR strpos(lower(r.runbook_id), lower($7)) > 0
        OR EXISTS (
            SELECT 1
            FROM runbooks kb
            WHERE kb.runbook_id = r.runbook_id
                AND strpos(lower(kb.name), lower($7)) > 0
        )
        OR strpos(lower(r.name), lower($7)) > 0
        OR strpos(lower(r.label), lower($7)) > 0
    )
    AND ($4::float8 IS NULL OR (h.value, h.rule) > ($4::float8, $5::uuid))
ORDER BY h.value ASC, h.rule ASC
LIMIT $6;

-- name: best
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), -1) AS place
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
    AND (:place::float8 IS NULL
        OR (COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count,
        0), -1), r.id) < (:place::float8, :id::uuid))
ORDER BY COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), -1) DESC, r.id DESC
LIMIT :limit;

-- name: worst
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), 2) AS place
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
    AND (:place::float8 IS NULL
        OR (COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count,
        0), 2), r.id) > (:place::float8, :id::uuid))
ORDER BY COALESCE(r.success_count::double precision / NULLIF(r.success_count + r.failure_count, 0), 2) ASC, r.id ASC
LIMIT :limit;

-- name: most_matched
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, r.match_count AS place
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
    AND (:place::float8 IS NULL OR (r.match_count, r.id) < (:place::float8::bigint, :id::uuid))
ORDER BY r.match_count DESC, r.id DESC
LIMIT :limit;

-- name: least_matched
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, r.match_count AS place
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
    AND (:place::float8 IS NULL OR (r.match_count, r.id) > (:place::float8::bigint, :id::uuid))
ORDER BY r.match_count ASC, r.id ASC
LIMIT :limit;

-- name: nearest
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, h.value AS place
FROM rule_health h
JOIN l1_rules r ON r.id = h.rule
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
    AND (:place::float8 IS NULL OR (h.value, h.rule) < (:place::float8, :id::uuid))
ORDER BY h.value DESC, h.rule DESC
LIMIT :limit;

-- name: farthest
-- fleet: the caller's row-level security decides which rules there are
SELECT r.id, h.value AS place
FROM rule_health h
JOIN l1_rules r ON r.id = h.rule
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
    AND (:place::float8 IS NULL OR (h.value, h.rule) > (:place::float8, :id::uuid))
ORDER BY h.value ASC, h.rule ASC
LIMIT :limit;

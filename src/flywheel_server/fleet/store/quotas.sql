-- name: add
-- fleet: what processes counted at all sites is written in one statement
-- Rows in one order, so that two processes never deadlock.
INSERT INTO site_usage AS u (site_id, day, kind, bytes, items, refused, changed_at)
SELECT g.site_id, g.day, g.kind, g.bytes, g.items, g.refused, now()
FROM unnest(:site_ids::uuid[], :days::date[], :kinds::text[], :bytes::bigint[], :items::bigint[],
    :refused::bigint[])
    AS g (site_id, day, kind, bytes, items, refused)
ORDER BY g.site_id, g.day, g.kind
ON CONFLICT (site_id, day, kind) DO UPDATE
SET bytes = u.bytes + excluded.bytes,
    items = u.items + excluded.items,
    refused = u.refused + excluded.refused,
    changed_at = excluded.changed_at
RETURNING u.site_id, u.day, u.kind, u.bytes, u.items;

-- name: rows_of
-- fleet: what the loop counted at the sites that wrote something
SELECT r.site_id, r.kind, r.counted
FROM site_rows r
WHERE r.site_id = ANY (:site_ids::uuid[]);

-- name: patterns_of
-- What a site's quota of hosts, types and patterns is made of.
SELECT p.incident_type, p.runbook_id, p.hostname
FROM patterns p
WHERE p.site_id = :site_id
LIMIT :most_patterns;

-- name: count_rows
-- fleet: the sites that wrote something since they were counted last
WITH due AS (
    SELECT u.site_id, max(u.changed_at) AS changed_at
    FROM site_usage u
    WHERE u.day >= (:now::timestamptz AT TIME ZONE 'UTC')::date - 1
        AND u.changed_at >= :now::timestamptz - interval '1 day'
    GROUP BY u.site_id
    HAVING max(u.changed_at) > COALESCE(
        (SELECT max(r.counted_at) FROM site_rows r WHERE r.site_id = u.site_id), '-infinity'
    )
    ORDER BY max(u.changed_at)
    LIMIT :sites_a_turn
),
counted AS (
    SELECT d.site_id, v.kind, v.counted
    FROM due d
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT p.hostname) AS hosts,
            count(DISTINCT p.incident_type) AS incident_types,
            count(*) AS patterns
        FROM patterns p
        WHERE p.site_id = d.site_id
    ) p
    CROSS JOIN LATERAL (
        SELECT count(*) AS open_incidents
        FROM incidents i
        WHERE i.site_id = d.site_id
            AND i.status = 'open'
    ) i
    CROSS JOIN LATERAL (
        VALUES
            ('hosts', p.hosts), ('incident_types', p.incident_types), ('patterns', p.patterns),
            ('open_incidents', i.open_incidents)
    ) AS v (kind, counted)
),
written AS (
    INSERT INTO site_rows AS r (site_id, kind, counted, counted_at)
    SELECT c.site_id, c.kind, c.counted, :now
    FROM counted c
    ORDER BY c.site_id, c.kind
    ON CONFLICT (site_id, kind) DO UPDATE
    SET counted = excluded.counted, counted_at = excluded.counted_at
    RETURNING 1
)
SELECT count(*) FROM written;

-- name: forget
-- fleet: old days of every site
WITH gone AS (
    DELETE FROM site_usage u
    WHERE u.day < (:now::timestamptz AT TIME ZONE 'UTC')::date - 30
    RETURNING 1
)
SELECT count(*) FROM gone;

-- name: of_site
-- What a site used today, and the rows that it has.
SELECT u.kind, u.bytes, u.items, u.refused
FROM site_usage u
WHERE u.site_id = :site_id
    AND u.day = :day
UNION ALL
SELECT r.kind, 0, r.counted, 0
FROM site_rows r
WHERE r.site_id = :site_id;

-- name: near
-- fleet: the caller's row-level security decides which sites there are
-- Quotas that are used up to the alarm: kinds in :kinds, with what is near in :near.
SELECT n.site_id, s.slug, n.kind, n.used, n.refused, n.since
FROM (
    SELECT
        u.site_id, u.kind, u.bytes AS used, u.refused, u.changed_at AS since
    FROM site_usage u
    WHERE u.day = :day
    UNION ALL
    SELECT u.site_id, 'bundles', u.items, 0, u.changed_at
    FROM site_usage u
    WHERE u.day = :day
        AND u.kind = 'evidence'
    UNION ALL
    SELECT r.site_id, r.kind, r.counted, 0, r.counted_at
    FROM site_rows r
) n
JOIN sites s ON s.id = n.site_id
JOIN unnest(:kinds::text[], :near::bigint[]) AS l (kind, least) ON l.kind = n.kind
WHERE (n.used >= l.least OR n.refused > 0)
    AND (:site_id::uuid IS NULL OR n.site_id = :site_id)
ORDER BY n.used::numeric / GREATEST(l.least, 1) DESC, n.site_id, n.kind
LIMIT :limit;

-- name: incident_is_open
SELECT EXISTS (
    SELECT 1
    FROM incidents i
    WHERE i.site_id = :site_id
        AND i.hostname = :hostname
        AND i.check_type = :check_type
        AND i.status = 'open'
);

-- name: set_backlog
-- fleet: one figure of the platform
INSERT INTO platform_backlog AS b (single, waiting, reason, since, asked, asked_since)
VALUES (
    true, :waiting, :reason, :now::timestamptz, :asked,
    CASE WHEN :asked::bigint > 0 THEN :now::timestamptz END
)
ON CONFLICT (single) DO UPDATE
SET waiting = excluded.waiting,
    reason = excluded.reason,
    since = CASE WHEN b.waiting > 0 AND excluded.waiting > 0 THEN b.since ELSE excluded.since END,
    asked = excluded.asked,
    asked_since = CASE
        WHEN b.asked > 0 AND excluded.asked > 0 THEN b.asked_since ELSE excluded.asked_since
    END;

-- name: backlog
-- fleet: one figure of the platform
SELECT b.waiting, b.reason, b.since, b.asked, b.asked_since
FROM platform_backlog b;

-- name: platform_rules
-- fleet: platform rules belong to no tenant
SELECT count(*)
FROM l1_rules l
WHERE l.source = 'platform'
    AND l.enabled;

-- name: told
-- What an appliance says the time is. Which one, if neither key nor body says: the site's only one.
-- Noted at most once a minute; a clock that is right again is forgotten.
WITH reporter AS (
    SELECT COALESCE(
        :appliance_id::uuid,
        (
            SELECT (array_agg(a.id))[1]
            FROM appliances a
            WHERE a.site_id = :site_id AND a.removed_at IS NULL
            HAVING count(*) = 1
        )
    ) AS id
),
right_again AS (
    DELETE FROM clock_skews c
    USING reporter r
    WHERE c.site_id = :site_id
        AND c.appliance_id IS NOT DISTINCT FROM r.id
        AND :seconds::bigint IS NULL
)
INSERT INTO clock_skews AS c (site_id, appliance_id, skew_seconds, since, seen_at)
SELECT :site_id, r.id, :seconds::bigint, :now, :now
FROM reporter r
WHERE :seconds::bigint IS NOT NULL
ON CONFLICT (site_id, appliance_id) DO UPDATE
SET skew_seconds = excluded.skew_seconds,
    seen_at = excluded.seen_at
WHERE c.seen_at < excluded.seen_at - interval '1 minute';

-- name: list
-- fleet: the caller's row-level security decides which sites there are
SELECT s.slug, a.wire_id, c.skew_seconds, c.since, c.seen_at
FROM clock_skews c
JOIN sites s ON s.id = c.site_id
LEFT JOIN appliances a ON a.id = c.appliance_id
WHERE a.removed_at IS NULL
ORDER BY c.since, s.slug, a.wire_id
LIMIT :limit;

-- name: forget
-- fleet: housekeeping keeps every site
-- What was not seen again: the appliance is silent or gone, which is another alarm.
WITH forgotten AS (
    DELETE FROM clock_skews c
    WHERE c.seen_at < :before
    RETURNING 1
)
SELECT count(*) FROM forgotten;

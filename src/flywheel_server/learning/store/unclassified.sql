-- name: list
-- fleet: operators look for words that no table knows, whoever said them
SELECT
    left(e.error_message, 300) AS message,
    count(*) AS executions,
    count(DISTINCT e.site_id) AS sites,
    max(e.received_at) AS last_received_at,
    (array_agg(e.reported_id ORDER BY e.received_at DESC))[1] AS reported_id,
    (array_agg(e.level ORDER BY e.received_at DESC))[1] AS level
FROM executions e
WHERE e.error_category = 'unclassified'
    AND e.received_at >= :since
    AND e.weight = 1
GROUP BY left(e.error_message, 300)
ORDER BY count(*) DESC, left(e.error_message, 300)
LIMIT :limit;

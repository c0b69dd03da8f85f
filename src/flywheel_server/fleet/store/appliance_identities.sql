-- name: of_appliance
-- fleet: the caller's row-level security decides which appliances there are
SELECT i.mac, i.public_key, i.hostname, i.booted_at, i.last_seen_at AS seen_at
FROM appliance_identities i
WHERE i.appliance_id = :appliance_id
ORDER BY i.first_seen_at, i.mac, i.public_key, i.hostname;

-- name: keep
INSERT INTO appliance_identities AS i (
    site_id, appliance_id, mac, public_key, hostname, booted_at, first_seen_at, last_seen_at
)
VALUES (
    :site_id, :appliance_id, :mac, :public_key, :hostname, :booted_at, :first_seen_at,
    :last_seen_at
)
ON CONFLICT (appliance_id, mac, public_key, hostname) DO UPDATE
SET booted_at = excluded.booted_at,
    last_seen_at = GREATEST(i.last_seen_at, excluded.last_seen_at),
    turns = i.turns + :turned::boolean::integer,
    turned_at = CASE WHEN :turned THEN excluded.last_seen_at ELSE i.turned_at END;

-- name: forget_oldest
DELETE FROM appliance_identities i
USING (
    SELECT o.mac, o.public_key, o.hostname
    FROM appliance_identities o
    WHERE o.site_id = :site_id
        AND o.appliance_id = :appliance_id
    ORDER BY o.last_seen_at DESC
    OFFSET :most
) AS old
WHERE i.site_id = :site_id
    AND i.appliance_id = :appliance_id
    AND (i.mac, i.public_key, i.hostname) = (old.mac, old.public_key, old.hostname);

-- name: forget
DELETE FROM appliance_identities
WHERE site_id = :site_id
    AND appliance_id = :appliance_id;

-- name: taking_turns
-- fleet: the caller's row-level security decides which appliances there are
WITH turned AS (
    SELECT i.appliance_id, sum(i.turns) AS turns, max(i.turned_at) AS turned_at
    FROM appliance_identities i
    WHERE i.turned_at >= :since
    GROUP BY i.appliance_id
)
SELECT
    a.id AS appliance_id, a.site_id, s.slug, a.wire_id,
    array_agg(DISTINCT i.hostname) AS hostnames,
    count(DISTINCT i.mac) AS macs,
    count(DISTINCT i.public_key) AS keys,
    t.turns, t.turned_at,
    min(i.first_seen_at) FILTER (WHERE i.turns > 0) AS since
FROM turned t
JOIN appliances a ON a.id = t.appliance_id
JOIN sites s ON s.id = a.site_id
JOIN appliance_identities i ON i.appliance_id = a.id AND i.last_seen_at >= :since
WHERE a.removed_at IS NULL
    AND (:site_id::uuid IS NULL OR a.site_id = :site_id)
GROUP BY a.id, s.slug, t.turns, t.turned_at
ORDER BY since, a.id
LIMIT :limit;

-- name: share_mac
INSERT INTO shared_macs (site_id, mac, noted_at, noted_by)
VALUES (:site_id, :mac, :now, :by)
ON CONFLICT (site_id, mac) DO NOTHING;

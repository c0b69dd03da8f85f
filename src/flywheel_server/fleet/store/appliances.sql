-- name: lock_site
-- One check-in of a site at a time may add or change its appliances.
SELECT pg_advisory_xact_lock(hashtextextended(:site_id::uuid::text, {lock.SITE_APPLIANCES})) AS site_id;

-- name: candidates
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.site_id = :site_id
    AND (a.id = :bound_id OR a.mac = :mac OR a.agent_public_key = :agent_public_key OR a.hostname
        = :hostname)
ORDER BY a.id;

-- name: count
SELECT count(*)
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL;

-- name: insert
INSERT INTO appliances (
    site_id, wire_id, mac, agent_public_key, hostname, ip_addresses, agent_version, nixos_version,
    has_local_credentials, uptime_seconds, reported_l2_mode, reported_l2_mode_at,
    desired_rules_hash, reported_rules_hash, reported_rules_hash_at, first_seen_at, last_seen_at,
    reported_mac
)
VALUES (
    :site_id, :wire_id, :mac, :agent_public_key, :hostname, :ip_addresses, :agent_version,
    :nixos_version, :has_local_credentials, :uptime_seconds,
    :l2_mode, CASE WHEN :l2_mode::text IS NOT NULL THEN :now::timestamptz END,
    :desired_hash, :active_hash, CASE
    WHEN :active_hash::text IS NOT NULL THEN :now::timestamptz END,
    :now, :now, :reported_mac
)
ON CONFLICT (wire_id) DO NOTHING
RETURNING
    id, site_id, wire_id, mac, agent_public_key, hostname, ip_addresses, agent_version,
    nixos_version, has_local_credentials, uptime_seconds, desired_l2_mode, reported_l2_mode,
    reported_l2_mode_at, desired_rules_hash, reported_rules_hash, reported_rules_hash_at,
    last_sync_at, first_seen_at, last_seen_at, reported_mac, removed_at, merged_into;

-- name: update
-- The times of what is reported move with every report of it that is written. One that was removed
-- is back with it.
UPDATE appliances
SET
    mac = :mac,
    agent_public_key = :agent_public_key,
    hostname = :hostname,
    ip_addresses = :ip_addresses,
    agent_version = :agent_version,
    -- Another version is another process.
    agent_started_at = CASE
        WHEN agent_version NOT IN ('', :agent_version) THEN :now::timestamptz
        ELSE agent_started_at
    END,
    nixos_version = :nixos_version,
    has_local_credentials = :has_local_credentials,
    uptime_seconds = :uptime_seconds,
    reported_l2_mode = COALESCE(:l2_mode, reported_l2_mode),
    reported_l2_mode_at = CASE
        WHEN :l2_mode::text IS NULL THEN reported_l2_mode_at
        ELSE :now::timestamptz
    END,
    desired_rules_hash = :desired_hash,
    reported_rules_hash = COALESCE(:active_hash, reported_rules_hash),
    reported_rules_hash_at = CASE
        WHEN :active_hash::text IS NULL THEN reported_rules_hash_at
        ELSE :now::timestamptz
    END,
    last_seen_at = GREATEST(last_seen_at, :now),
    reported_mac = :reported_mac,
    removed_at = NULL,
    removed_by = NULL
WHERE site_id = :site_id
    AND id = :id
RETURNING
    id, site_id, wire_id, mac, agent_public_key, hostname, ip_addresses, agent_version,
    nixos_version, has_local_credentials, uptime_seconds, desired_l2_mode, reported_l2_mode,
    reported_l2_mode_at, desired_rules_hash, reported_rules_hash, reported_rules_hash_at,
    last_sync_at, first_seen_at, last_seen_at, reported_mac, removed_at, merged_into;

-- name: restarted
UPDATE appliances
SET agent_started_at = GREATEST(agent_started_at, :now)
WHERE site_id = :site_id
    AND id = :id;

-- name: resolve
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
    AND (
        a.id::text = lower(:text)
        OR lower(a.wire_id) = lower(:text)
        OR lower(a.wire_id) IN (SELECT lower(w) FROM unnest(:forms::text[]) AS w)
        -- Also by the ids of those that were merged into it.
        OR EXISTS (
            SELECT 1
            FROM appliances g
            WHERE g.site_id = :site_id
                AND g.merged_into = a.id
                AND (
                    g.id::text = lower(:text)
                    OR lower(g.wire_id) = lower(:text)
                    OR lower(g.wire_id) IN (SELECT lower(w) FROM unnest(:forms::text[]) AS w)
                )
        )
        -- Agents build {site_id}-{MAC} themselves, also where another id was registered.
        OR lower((SELECT s.slug FROM sites s WHERE s.id = :site_id) || '-' || a.mac)
            IN (SELECT lower(w) FROM unnest(:forms::text[]) AS w)
        -- An agent without a MAC writes zeros: clear only where one such appliance is.
        OR (:zeros AND a.mac IS NULL AND (
            SELECT count(*)
            FROM appliances b
            WHERE b.site_id = :site_id
                AND b.mac IS NULL
                AND b.removed_at IS NULL
        ) = 1 AND lower(left(:text, -18))
        = lower((SELECT s.slug FROM sites s WHERE s.id = :site_id)))
    )
ORDER BY
    (a.wire_id = :text) DESC,
    (lower(a.wire_id) IN (SELECT lower(w) FROM unnest(:forms::text[]) AS w)) DESC,
    a.id
LIMIT 1;

-- name: get
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.site_id = :site_id
    AND a.id = :id;

-- name: of_site
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
ORDER BY a.id;

-- name: names
-- What every appliance of a site is called, removed ones too: one that was merged by its new name.
SELECT a.id, COALESCE(b.wire_id, a.wire_id) AS wire_id
FROM appliances a
LEFT JOIN appliances b ON b.site_id = a.site_id AND b.id = a.merged_into
WHERE a.site_id = :site_id;

-- name: mac_is_shared
SELECT EXISTS (SELECT 1 FROM shared_macs m WHERE m.site_id = :site_id AND m.mac = :mac);

-- name: settled
-- fleet: a process learns the appliances of every site when it starts
-- Those whose check-in is answered from memory: their site's key alone tells who they are, and no
-- order is open.
SELECT
    a.id, a.site_id, a.wire_id, a.mac, a.agent_public_key, a.hostname, a.ip_addresses,
    a.agent_version, a.nixos_version, a.has_local_credentials, a.uptime_seconds,
    a.desired_l2_mode, a.reported_l2_mode, a.reported_l2_mode_at, a.desired_rules_hash,
    a.reported_rules_hash, a.reported_rules_hash_at, a.last_sync_at, a.first_seen_at,
    a.last_seen_at, a.reported_mac, a.removed_at, a.merged_into
FROM appliances a
WHERE a.id > :after
    AND a.removed_at IS NULL
    AND (a.mac IS NOT NULL OR a.agent_public_key IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1
        FROM orders o
        WHERE o.appliance_id = a.id
            AND o.state IN ('pending', 'acknowledged')
    )
ORDER BY a.id
LIMIT :limit;

-- name: beat
-- fleet: the times of many sites are written in one statement a second
-- A time given without an appliance is the site's, and counts where the site has only one. Rows are
-- locked in one order, so that two processes never wait for each other.
WITH beats AS (
    SELECT
        g.site_id, g.appliance_id, g.seen_at, g.synced_at, g.uptime_seconds, g.desired_hash,
        g.active_hash
    FROM unnest(
        :site_ids::uuid[], :appliance_ids::uuid[], :seen_at::timestamptz[],
        :synced_at::timestamptz[], :uptime_seconds::bigint[], :desired_hashes::text[],
        :active_hashes::text[]
    ) AS g (
        site_id, appliance_id, seen_at, synced_at, uptime_seconds, desired_hash, active_hash
    )
), named AS (
    SELECT
        b.appliance_id AS id, b.seen_at, b.synced_at, b.uptime_seconds, b.desired_hash,
        b.active_hash
    FROM beats b
    WHERE b.appliance_id IS NOT NULL
    UNION ALL
    SELECT
        min(a.id::text)::uuid AS id, min(b.seen_at), min(b.synced_at), min(b.uptime_seconds), NULL,
        NULL
    FROM beats b
    JOIN appliances a ON a.site_id = b.site_id AND a.removed_at IS NULL
    WHERE b.appliance_id IS NULL
    GROUP BY b.site_id
    HAVING count(*) = 1
), newest AS (
    SELECT n.id, max(n.seen_at) AS seen_at, max(n.synced_at) AS synced_at,
        max(n.uptime_seconds) AS uptime_seconds, max(n.desired_hash) AS desired_hash,
        max(n.active_hash) AS active_hash
    FROM named n
    GROUP BY n.id
), locked AS (
    SELECT a.id
    FROM appliances a
    WHERE a.id IN (SELECT n.id FROM newest n)
    ORDER BY a.id
    FOR NO KEY UPDATE
)
UPDATE appliances a
SET
    last_seen_at = GREATEST(a.last_seen_at, n.seen_at),
    last_sync_at = GREATEST(a.last_sync_at, n.synced_at),
    uptime_seconds = COALESCE(n.uptime_seconds, a.uptime_seconds),
    -- What another process has written since is newer.
    desired_rules_hash = CASE
        WHEN n.seen_at >= a.last_seen_at THEN COALESCE(n.desired_hash, a.desired_rules_hash)
        ELSE a.desired_rules_hash
    END,
    reported_rules_hash = CASE
        WHEN n.seen_at >= a.last_seen_at THEN COALESCE(n.active_hash, a.reported_rules_hash)
        ELSE a.reported_rules_hash
    END,
    -- When it is written: who looks for what is new since a moment must find it.
    reported_rules_hash_at = CASE
        WHEN n.seen_at >= a.last_seen_at AND n.active_hash <> COALESCE(a.reported_rules_hash, '')
            THEN now()
        ELSE a.reported_rules_hash_at
    END
FROM newest n
JOIN locked l ON l.id = n.id
WHERE a.id = n.id;

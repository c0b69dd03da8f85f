-- name: list
SELECT
    a.id,
    a.wire_id,
    s.slug,
    a.hostname,
    a.mac,
    a.reported_mac,
    a.ip_addresses,
    a.agent_version,
    a.nixos_version,
    a.has_local_credentials,
    a.uptime_seconds,
    a.desired_l2_mode,
    a.reported_l2_mode,
    a.reported_l2_mode_at,
    a.desired_rules_hash,
    a.reported_rules_hash,
    a.reported_rules_hash_at,
    a.last_sync_at,
    a.first_seen_at,
    a.last_seen_at,
    c.skew_seconds AS clock_skew_seconds
FROM appliances a
JOIN sites s ON s.id = a.site_id
LEFT JOIN clock_skews c ON c.site_id = a.site_id AND c.appliance_id = a.id
WHERE a.removed_at IS NULL
    AND ($1::uuid IS NULL OR a.id > $1)
    AND ($2::uuid IS NULL OR a.site_id = $2)
    AND (
        $3::text IS NULL
        OR strpos(lower(a.hostname), lower($3)) > 0
        OR strpos(lower(a.wire_id), lower($3)) > 0
        OR strpos(lower(a.agent_version), lower($3)) > 0
    )
ORDER BY a.id
LIMIT $4;

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
    AND (:after::uuid IS NULL OR a.id > :after)
    AND (:site_id::uuid IS NULL OR a.site_id = :site_id)
    AND (
        :text::text IS NULL
        OR strpos(lower(a.hostname), lower(:text)) > 0
        OR strpos(lower(a.wire_id), lower(:text)) > 0
        OR strpos(lower(a.agent_version), lower(:text)) > 0
    )
ORDER BY a.id
LIMIT :limit;

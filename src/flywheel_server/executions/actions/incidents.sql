-- name: report
INSERT INTO incidents (
    site_id, hostname, incident_type, check_type, severity, details, pre_state, hipaa_controls,
    reported_at, last_reported_at
)
VALUES (
    :site_id, :hostname, :incident_type, :check_type, :severity, :details, :pre_state,
    :hipaa_controls, :now, :now
)
ON CONFLICT (site_id, hostname, check_type) DO UPDATE
SET incident_type = EXCLUDED.incident_type,
    severity = EXCLUDED.severity,
    details = EXCLUDED.details,
    pre_state = EXCLUDED.pre_state,
    hipaa_controls = EXCLUDED.hipaa_controls,
    status = 'open',
    -- Since when it is open: a reopened incident begins anew.
    reported_at = CASE
        WHEN incidents.status = 'open' THEN incidents.reported_at
        ELSE EXCLUDED.reported_at
    END,
    last_reported_at = GREATEST(incidents.last_reported_at, EXCLUDED.last_reported_at),
    reports = incidents.reports + 1,
    resolved_at = NULL,
    resolution_tier = NULL,
    resolution_action = NULL
RETURNING incidents.id, old.status AS status_before;

-- name: resolve
UPDATE incidents
SET status = 'resolved',
    resolved_at = COALESCE(incidents.resolved_at, :now),
    resolution_tier = CASE WHEN incidents.status = 'open' THEN :tier
    ELSE incidents.resolution_tier END,
    resolution_action = CASE
        WHEN incidents.status = 'open' THEN :action
        ELSE incidents.resolution_action
    END
WHERE incidents.site_id = :site_id
    AND incidents.id = :incident_id
RETURNING
    incidents.id, incidents.hostname, incidents.check_type, incidents.reported_at,
    old.status AS status_before;

-- name: resolve_by_key
UPDATE incidents
SET status = 'resolved',
    resolved_at = COALESCE(incidents.resolved_at, :now),
    resolution_tier = CASE WHEN incidents.status = 'open' THEN :tier
    ELSE incidents.resolution_tier END,
    resolution_action = CASE
        WHEN incidents.status = 'open' THEN :action
        ELSE incidents.resolution_action
    END
WHERE incidents.site_id = :site_id
    AND incidents.hostname = :hostname
    AND incidents.check_type = :check_type
RETURNING
    incidents.id, incidents.hostname, incidents.check_type, incidents.reported_at,
    old.status AS status_before, old.resolved_at AS resolved_before;

-- name: lock_key
-- The report and the resolution of one host's check come one after the other.
SELECT pg_advisory_xact_lock(
    hashtextextended(
        concat_ws(chr(10), :site_id::uuid, :hostname::text, :check_type::text), {lock.INCIDENT}
    )
) AS site_id;

-- name: keep_early
INSERT INTO early_resolutions (
    site_id, hostname, check_type, resolved_at, resolution_tier, resolution_action
)
VALUES (:site_id, :hostname, :check_type, :now, :tier, :action)
ON CONFLICT (site_id, hostname, check_type) DO UPDATE
SET resolved_at = excluded.resolved_at,
    resolution_tier = excluded.resolution_tier,
    resolution_action = excluded.resolution_action;

-- name: take_early
DELETE FROM early_resolutions r
WHERE r.site_id = :site_id
    AND r.hostname = :hostname
    AND r.check_type = :check_type
RETURNING r.resolved_at, r.resolution_tier, r.resolution_action;

-- name: forget_early
-- fleet: housekeeping keeps every site
WITH forgotten AS (
    DELETE FROM early_resolutions r
    WHERE r.resolved_at < :before
    RETURNING 1
)
SELECT count(*) FROM forgotten;

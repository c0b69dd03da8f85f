-- name: report
INSERT INTO incidents (
    site_id, hostname, incident_type, check_type, severity, details, pre_state, hipaa_controls,
    reported_at, last_reported_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
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
    resolved_at = COALESCE(incidents.resolved_at, $3),
    resolution_tier = CASE WHEN incidents.status = 'open' THEN $4 ELSE incidents.resolution_tier END,
    resolution_action = CASE
        WHEN incidents.status = 'open' THEN $5
        ELSE incidents.resolution_action
    END
WHERE incidents.site_id = $1
    AND incidents.id = $2
RETURNING
    incidents.id, incidents.hostname, incidents.check_type, incidents.reported_at,
    old.status AS status_before;

-- name: resolve_by_key
UPDATE incidents
SET status = 'resolved',
    resolved_at = COALESCE(incidents.resolved_at, $4),
    resolution_tier = CASE WHEN incidents.status = 'open' THEN $5 ELSE incidents.resolution_tier END,
    resolution_action = CASE
        WHEN incidents.status = 'open' THEN $6
        ELSE incidents.resolution_action
    END
WHERE incidents.site_id = $1
    AND incidents.hostname = $2
    AND incidents.check_type = $3
RETURNING
    incidents.id, incidents.hostname, incidents.check_type, incidents.reported_at,
    old.status AS status_before;

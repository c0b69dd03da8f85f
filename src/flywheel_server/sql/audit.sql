-- name: append
INSERT INTO audit_entries (
    at, actor_kind, actor_id, actor, action, object_kind, object_id,
    partner_id, organization_id, site_id, before, after
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: keep
INSERT INTO appliance_documents (site_id, appliance_id, kind, body, received_at)
VALUES (:site_id, :reporter_id, :kind, :body, :now)
ON CONFLICT (site_id, appliance_id, kind) DO UPDATE
SET body = EXCLUDED.body,
    received_at = EXCLUDED.received_at
WHERE appliance_documents.received_at <= EXCLUDED.received_at;

-- name: only_appliance
-- Two rows are enough to know that there is no only one.
SELECT a.id
FROM appliances a
WHERE a.site_id = :site_id
    AND a.removed_at IS NULL
ORDER BY a.id
LIMIT 2;

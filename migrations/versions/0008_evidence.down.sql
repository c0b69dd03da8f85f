DROP TABLE
    evidence_progress, evidence_leaves, evidence_anchors, evidence_bundles, evidence_heads,
    evidence_keys;
DROP FUNCTION evidence_head_moves();
DROP FUNCTION evidence_link();

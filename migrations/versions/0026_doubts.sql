-- What an operator looks at before the platform makes a rule of it by itself: an incident type that
-- looks like another, and one that a built-in rule heals otherwise.

-- What of an incident type is left when all is taken away that people overlook: case, accents, blanks,
-- separators, what has no width, and letters that look like others. Whether two types look alike is
-- whether these are equal. Unicode's own table of look-alikes has six thousand lines for two hundred
-- scripts: a type outside ASCII can be no rule, so for the gates ASCII's are enough; of others only the
-- Cyrillic and Greek letters that are taken for Latin ones are here, for the warning on pages. The
-- collation is named: an index on this means the same on every machine.
CREATE FUNCTION lookalike_key(name text)
RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT replace(
        translate(
            regexp_replace(
                lower(normalize(name, NFKD) COLLATE pg_c_utf8),
                '[\s\u00ad\u0300-\u036f\u200b-\u200f\u2028-\u202f\u2060\ufeff_.:/-]+',
                '',
                'g'
            ),
            '01i|аеорсухіѕјһԁԛԝкмтвнӏαεικνορτυχ',
            'olllaeopcyxlsjhdqwkmtbhlaelkvoptux'
        ),
        'rn',
        'm'
    );
END;

CREATE INDEX platform_patterns_lookalike_idx ON platform_patterns (lookalike_key(incident_type));
CREATE INDEX l1_rules_lookalike_idx ON l1_rules (lookalike_key(incident_type))
    WHERE scope = 'platform';

-- An operator's word that a pair may become a rule nevertheless. It holds for the evidence that counts
-- now: after a withdrawal it is asked for again.
CREATE TABLE platform_approvals (
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL,
    reason text NOT NULL,
    CONSTRAINT platform_approvals_pkey PRIMARY KEY (incident_type, runbook_id),
    CONSTRAINT platform_approvals_reason_length
        CHECK (char_length(reason) BETWEEN 1 AND 2000)
);
ALTER TABLE platform_approvals ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_approvals FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_approvals_platform ON platform_approvals
    TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);
GRANT SELECT ON platform_approvals TO flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE ON platform_approvals TO flywheel_operator;

-- Of a pair: the type that its own looks like and that was there before, the built-in rule that runs
-- another runbook for it, and who approved it all the same. Ids are in the order of their making. A
-- type that the platform has a rule for looks like none: others look like it.
CREATE FUNCTION pair_doubts(of_type text, of_runbook text, since timestamptz)
RETURNS TABLE (look_alike text, built_in text, approved_by text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (
            SELECT k.incident_type
            FROM (
                SELECT r.incident_type, 0 AS place, r.id
                FROM l1_rules r
                WHERE r.scope = 'platform'
                    AND lookalike_key(r.incident_type) = lookalike_key(of_type)
                UNION ALL
                SELECT p.incident_type, 1, p.id
                FROM platform_patterns p
                WHERE lookalike_key(p.incident_type) = lookalike_key(of_type)
                    AND p.id < (
                        SELECT q.id
                        FROM platform_patterns q
                        WHERE q.incident_type = of_type
                        ORDER BY q.id
                        LIMIT 1
                    )
            ) k
            WHERE k.incident_type <> of_type
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.scope = 'platform'
                        AND o.incident_type = of_type
                )
            ORDER BY k.place, k.id
            LIMIT 1
        ),
        (
            SELECT r.rule_id
            FROM l1_rules r
            JOIN runbooks b ON b.runbook_id = r.runbook_id
            WHERE r.source IN ('builtin', 'synced')
                AND r.enabled
                AND r.incident_type = of_type
                AND r.runbook_id <> of_runbook
                -- One that only detects heals nothing.
                AND b.executable
                AND NOT EXISTS (
                    SELECT 1
                    FROM l1_rules o
                    WHERE o.source IN ('builtin', 'synced')
                        AND o.enabled
                        AND o.incident_type = of_type
                        AND o.runbook_id = of_runbook
                )
            ORDER BY r.rule_id
            LIMIT 1
        ),
        (
            SELECT a.approved_by
            FROM platform_approvals a
            WHERE a.incident_type = of_type
                AND a.runbook_id = of_runbook
                AND a.approved_at >= since
        );
END;

-- Pairs that wait for that word, as the loop counted them last.
ALTER TABLE platform_backlog
    ADD COLUMN asked bigint DEFAULT 0 NOT NULL,
    ADD COLUMN asked_since timestamptz;

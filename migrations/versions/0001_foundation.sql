-- Roles belong to the whole cluster: made once, whichever database migrates first.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'flywheel_app', 'flywheel_auth', 'flywheel_appliance', 'flywheel_writer',
        'flywheel_client', 'flywheel_partner', 'flywheel_operator', 'flywheel_loop'
    ]
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    ALTER ROLE flywheel_app LOGIN;
    -- The application may take each of these roles for one transaction, and inherits from none.
    FOREACH role_name IN ARRAY ARRAY[
        'flywheel_auth', 'flywheel_appliance', 'flywheel_writer',
        'flywheel_client', 'flywheel_partner', 'flywheel_operator', 'flywheel_loop'
    ]
    LOOP
        EXECUTE format('GRANT %I TO flywheel_app WITH INHERIT FALSE, SET TRUE', role_name);
    END LOOP;
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        EXECUTE format('GRANT flywheel_app TO %I WITH INHERIT FALSE, SET TRUE', current_user);
    END IF;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO
    flywheel_app, flywheel_auth, flywheel_appliance, flywheel_writer,
    flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;

------------------------------------------------------------------------------- accounts

CREATE TABLE partners (
    id uuid DEFAULT uuidv7() CONSTRAINT partners_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT partners_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz DEFAULT now() NOT NULL
);

CREATE TABLE organizations (
    id uuid DEFAULT uuidv7() CONSTRAINT organizations_pkey PRIMARY KEY,
    partner_id uuid NOT NULL CONSTRAINT organizations_partner_fkey REFERENCES partners (id),
    name text NOT NULL
        CONSTRAINT organizations_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    -- Whether its counts enter the platform's aggregates.
    contributes boolean DEFAULT true NOT NULL,
    contributes_changed_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX organizations_partner_idx ON organizations (partner_id);

CREATE TABLE sites (
    id uuid DEFAULT uuidv7() CONSTRAINT sites_pkey PRIMARY KEY,
    organization_id uuid NOT NULL
        CONSTRAINT sites_organization_fkey REFERENCES organizations (id),
    -- What appliances call site_id: an attribute, never a key.
    slug text NOT NULL CONSTRAINT sites_slug_key UNIQUE
        CONSTRAINT sites_slug_form CHECK (slug ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
    name text NOT NULL CONSTRAINT sites_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    healing_tier text DEFAULT 'standard' NOT NULL
        CONSTRAINT sites_healing_tier_known CHECK (healing_tier IN ('standard', 'full_coverage')),
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX sites_organization_idx ON sites (organization_id);

CREATE TABLE appliances (
    id uuid DEFAULT uuidv7() CONSTRAINT appliances_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT appliances_site_fkey REFERENCES sites (id),
    -- {site_id}-{MAC} as first registered: never recomputed.
    wire_id text NOT NULL CONSTRAINT appliances_wire_id_key UNIQUE,
    mac text CONSTRAINT appliances_mac_form CHECK (mac ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$'),
    agent_public_key text
        CONSTRAINT appliances_public_key_form CHECK (agent_public_key ~ '^[0-9a-f]{64}$'),
    hostname text DEFAULT '' NOT NULL,
    ip_addresses text[] DEFAULT '{}' NOT NULL,
    agent_version text DEFAULT '' NOT NULL,
    nixos_version text DEFAULT '' NOT NULL,
    has_local_credentials boolean DEFAULT false NOT NULL,
    uptime_seconds bigint,
    desired_l2_mode text DEFAULT 'auto' NOT NULL
        CONSTRAINT appliances_desired_l2_mode_known
        CHECK (desired_l2_mode IN ('auto', 'manual', 'disabled')),
    -- Null: this agent never said which mode it runs.
    reported_l2_mode text,
    reported_l2_mode_at timestamptz,
    -- The hash of the rule set it was last told to run.
    desired_rules_hash text,
    reported_rules_hash text,
    reported_rules_hash_at timestamptz,
    last_sync_at timestamptz,
    first_seen_at timestamptz DEFAULT now() NOT NULL,
    last_seen_at timestamptz DEFAULT now() NOT NULL
)
-- Each is updated at every interval, in no column that an index holds.
WITH (fillfactor = 70);
CREATE UNIQUE INDEX appliances_site_mac_key ON appliances (site_id, mac) WHERE mac IS NOT NULL;
CREATE INDEX appliances_site_idx ON appliances (site_id, id);

CREATE TABLE operators (
    id uuid DEFAULT uuidv7() CONSTRAINT operators_pkey PRIMARY KEY,
    email text NOT NULL CONSTRAINT operators_email_length CHECK (char_length(email) <= 254),
    role text NOT NULL CONSTRAINT operators_role_known CHECK (role IN ('admin', 'viewer')),
    created_at timestamptz DEFAULT now() NOT NULL,
    disabled_at timestamptz
);
CREATE UNIQUE INDEX operators_email_key ON operators (lower(email));

-- Bearer keys of sites, partners and operators. Only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
    id uuid DEFAULT uuidv7() CONSTRAINT api_keys_pkey PRIMARY KEY,
    site_id uuid CONSTRAINT api_keys_site_fkey REFERENCES sites (id),
    appliance_id uuid CONSTRAINT api_keys_appliance_fkey REFERENCES appliances (id),
    partner_id uuid CONSTRAINT api_keys_partner_fkey REFERENCES partners (id),
    operator_id uuid CONSTRAINT api_keys_operator_fkey REFERENCES operators (id),
    label text DEFAULT '' NOT NULL
        CONSTRAINT api_keys_label_length CHECK (char_length(label) <= 200),
    digest bytea NOT NULL CONSTRAINT api_keys_digest_key UNIQUE
        CONSTRAINT api_keys_digest_length CHECK (octet_length(digest) = 32),
    created_at timestamptz DEFAULT now() NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_keys_one_owner CHECK (num_nonnulls(site_id, partner_id, operator_id) = 1),
    CONSTRAINT api_keys_appliance_of_site CHECK (appliance_id IS NULL OR site_id IS NOT NULL)
);
CREATE INDEX api_keys_site_idx ON api_keys (site_id);
CREATE INDEX api_keys_partner_idx ON api_keys (partner_id);

-- The server's own Ed25519 keys, shared by every process on this database.
CREATE TABLE signing_keys (
    id uuid DEFAULT uuidv7() CONSTRAINT signing_keys_pkey PRIMARY KEY,
    private_key bytea NOT NULL
        CONSTRAINT signing_keys_length CHECK (octet_length(private_key) = 32),
    created_at timestamptz DEFAULT now() NOT NULL
);

------------------------------------------------------------------------------- runbooks

CREATE TABLE runbooks (
    id uuid DEFAULT uuidv7() CONSTRAINT runbooks_pkey PRIMARY KEY,
    runbook_id text NOT NULL CONSTRAINT runbooks_runbook_id_key UNIQUE
        CONSTRAINT runbooks_runbook_id_form CHECK (runbook_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$')
        CONSTRAINT runbooks_never_these
        CHECK (runbook_id !~ '^(AUTO-|RB-AUTO-|L1-|L2-|L3-|ESC-)'),
    name text NOT NULL CONSTRAINT runbooks_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    platform text NOT NULL
        CONSTRAINT runbooks_platform_known
        CHECK (platform IN ('windows', 'linux', 'macos', 'network')),
    -- Whether appliances can run it: detect-only and generic planner ids cannot be.
    executable boolean NOT NULL,
    source text NOT NULL
        CONSTRAINT runbooks_source_known CHECK (source IN ('catalogue', 'operator')),
    created_at timestamptz DEFAULT now() NOT NULL
);

-- Every other id under which appliances name a runbook or a rule. Each runbook is an alias of
-- itself, so that one join resolves all.
CREATE TABLE aliases (
    alias text CONSTRAINT aliases_pkey PRIMARY KEY
        CONSTRAINT aliases_alias_length CHECK (char_length(alias) BETWEEN 1 AND 300),
    runbook_id text CONSTRAINT aliases_runbook_fkey REFERENCES runbooks (runbook_id),
    rule_id text,
    source text NOT NULL
        CONSTRAINT aliases_source_known CHECK (source IN ('catalogue', 'operator')),
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT aliases_one_target CHECK (num_nonnulls(runbook_id, rule_id) = 1)
);

------------------------------------------------------------------------------- rules

CREATE TABLE l1_rules (
    id uuid DEFAULT uuidv7() CONSTRAINT l1_rules_pkey PRIMARY KEY,
    rule_id text NOT NULL
        CONSTRAINT l1_rules_rule_id_form CHECK (rule_id ~ '^[A-Za-z0-9_-]{3,64}$'),
    source text NOT NULL CONSTRAINT l1_rules_source_known
        CHECK (source IN ('builtin', 'synced', 'promoted', 'platform', 'custom')),
    scope text NOT NULL CONSTRAINT l1_rules_scope_known
        CHECK (scope IN ('platform', 'partner', 'organization', 'site')),
    partner_id uuid CONSTRAINT l1_rules_partner_fkey REFERENCES partners (id),
    organization_id uuid CONSTRAINT l1_rules_organization_fkey REFERENCES organizations (id),
    site_id uuid CONSTRAINT l1_rules_site_fkey REFERENCES sites (id),
    -- Only for synced rules: the healing tier that gets them. full_coverage gets both sets.
    tier text CONSTRAINT l1_rules_tier_known CHECK (tier IN ('standard', 'full_coverage')),
    incident_type text NOT NULL
        CONSTRAINT l1_rules_incident_type_length CHECK (char_length(incident_type) BETWEEN 1 AND 200),
    runbook_id text CONSTRAINT l1_rules_runbook_fkey REFERENCES runbooks (runbook_id),
    name text NOT NULL,
    description text DEFAULT '' NOT NULL,
    conditions jsonb NOT NULL,
    action text NOT NULL,
    action_params jsonb DEFAULT '{}' NOT NULL,
    hipaa_controls text[] DEFAULT '{}' NOT NULL,
    severity_filter text[],
    priority integer NOT NULL,
    cooldown_seconds integer NOT NULL,
    max_retries integer DEFAULT 1 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    -- Why it is disabled, in the words of who did it; null while enabled.
    disabled_reason text,
    enabled_changed_at timestamptz DEFAULT now() NOT NULL,
    withdrawn_at timestamptz,
    match_count bigint DEFAULT 0 NOT NULL,
    success_count bigint DEFAULT 0 NOT NULL,
    failure_count bigint DEFAULT 0 NOT NULL,
    success_rate double precision GENERATED ALWAYS AS (
        success_count::double precision / NULLIF(success_count + failure_count, 0)
    ) VIRTUAL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT l1_rules_one_scope CHECK (
        num_nonnulls(partner_id, organization_id, site_id) = (scope <> 'platform')::integer
        AND (scope = 'partner') = (partner_id IS NOT NULL)
        AND (scope = 'organization') = (organization_id IS NOT NULL)
        AND (scope = 'site') = (site_id IS NOT NULL)
    ),
    CONSTRAINT l1_rules_learnt_have_runbook CHECK (
        source NOT IN ('promoted', 'platform') OR runbook_id IS NOT NULL
    ),
    -- A catch-all cannot be expressed: each rule names the check type it is for.
    CONSTRAINT l1_rules_never_catch_all CHECK (
        conditions @> jsonb_build_array(jsonb_build_object(
            'field', 'check_type', 'operator', 'eq', 'value', incident_type
        ))
    )
);
-- The scope is part of the key; compiled rules may share an id with a served one.
CREATE UNIQUE INDEX l1_rules_scope_rule_id_key ON l1_rules (
    rule_id, scope, COALESCE(partner_id, organization_id, site_id)
) NULLS NOT DISTINCT WHERE source <> 'builtin';
CREATE UNIQUE INDEX l1_rules_builtin_key ON l1_rules (rule_id, incident_type)
    WHERE source = 'builtin';
-- One living platform rule for a pair; withdrawn ones stay as history.
CREATE UNIQUE INDEX l1_rules_platform_pair_key ON l1_rules (incident_type, runbook_id)
    WHERE source = 'platform' AND withdrawn_at IS NULL;
CREATE INDEX l1_rules_incident_type_idx ON l1_rules (incident_type);
CREATE INDEX l1_rules_rule_id_idx ON l1_rules (rule_id);
CREATE INDEX l1_rules_partner_idx ON l1_rules (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX l1_rules_organization_idx ON l1_rules (organization_id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX l1_rules_site_idx ON l1_rules (site_id) WHERE site_id IS NOT NULL;

------------------------------------------------------------------------------- executions

-- Facts, append-only. A correction adds two: the replaced fact with weight -1, the new with +1,
-- so that every count is a sum of weights, whatever the order in which facts are folded.
CREATE TABLE executions (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    weight smallint DEFAULT 1 NOT NULL
        CONSTRAINT executions_weight_known CHECK (weight IN (-1, 1)),
    received_at timestamptz NOT NULL,
    -- When the first version of this execution was received: evidence keeps its age when corrected.
    evidence_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    -- The transaction that wrote it: how a fold knows what is new (see fold_marks).
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    -- The appliance its key is bound to, and the one that the body names.
    appliance_id uuid,
    reported_appliance text,
    level text NOT NULL CONSTRAINT executions_level_known CHECK (level IN ('L1', 'L2', 'L3')),
    incident_id text NOT NULL,
    incident_type text NOT NULL,
    hostname text NOT NULL,
    platform text,
    -- The id as the appliance sent it, in whichever namespace; aliases resolve it.
    reported_id text NOT NULL,
    outcome text NOT NULL CONSTRAINT executions_outcome_known
        CHECK (outcome IN ('success', 'failure', 'not_attempted')),
    verified boolean,
    chaos_campaign_id text,
    error_category text,
    error_message text,
    duration_seconds double precision,
    confidence double precision,
    cost_usd double precision,
    input_tokens bigint,
    output_tokens bigint,
    reasoning text,
    -- started_at, completed_at, states and steps, as sent: for people to read.
    detail jsonb
) PARTITION BY RANGE (received_at);
CREATE INDEX executions_xid_idx ON executions (xid);
CREATE INDEX executions_site_received_idx ON executions (site_id, received_at);

-- Idempotency: the first body seen for an execution id of a site. Outlives its fact by 30 days.
CREATE TABLE execution_keys (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT execution_keys_pkey PRIMARY KEY (site_id, execution_id)
);
CREATE INDEX execution_keys_received_idx ON execution_keys USING brin (received_at);

-- Every later, different body for the same execution id.
CREATE TABLE corrections (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer NOT NULL CONSTRAINT corrections_revision_positive CHECK (revision > 0),
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT corrections_pkey PRIMARY KEY (site_id, execution_id, revision)
);

-- What dropped partitions contributed to the folds, in the folds' own raw dimensions.
CREATE TABLE dropped_counts (
    site_id uuid NOT NULL,
    level text NOT NULL,
    incident_type text NOT NULL,
    reported_id text NOT NULL,
    hostname text NOT NULL,
    successes bigint NOT NULL,
    verified_successes bigint NOT NULL,
    failures bigint NOT NULL,
    not_attempted bigint NOT NULL,
    chaos_successes bigint NOT NULL,
    chaos_failures bigint NOT NULL,
    -- The part of them that counts since the pair's platform rule was last withdrawn.
    since_successes bigint NOT NULL,
    since_verified_successes bigint NOT NULL,
    since_failures bigint NOT NULL,
    since_chaos_successes bigint NOT NULL,
    since_chaos_failures bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT dropped_counts_pkey
        PRIMARY KEY (site_id, level, incident_type, reported_id, hostname)
);

------------------------------------------------------------------------------- folds

-- How far each fold has come: the snapshot whose facts it has taken. A mark means nothing in
-- another cluster, so the cluster's identifier stands beside it.
CREATE TABLE fold_marks (
    fold text CONSTRAINT fold_marks_pkey PRIMARY KEY,
    mark pg_snapshot NOT NULL,
    system_identifier bigint NOT NULL,
    folded_at timestamptz NOT NULL
);

-- Executions in force by level and the UTC day on which their first version was received: what
-- charts of the whole platform show. What dropped partitions counted stands beside it.
CREATE TABLE level_days (
    day date NOT NULL,
    level text NOT NULL CONSTRAINT level_days_level_known CHECK (level IN ('L1', 'L2', 'L3')),
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    dropped_successes bigint DEFAULT 0 NOT NULL,
    dropped_failures bigint DEFAULT 0 NOT NULL,
    dropped_not_attempted bigint DEFAULT 0 NOT NULL,
    CONSTRAINT level_days_pkey PRIMARY KEY (day, level)
);

CREATE FUNCTION pattern_signature(incident_type text, runbook_id text, hostname text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN incident_type || ':' || runbook_id || ':' || hostname;

-- The one function that makes a pattern's id from its site and signature.
CREATE FUNCTION pattern_id(site_id uuid, signature text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(encode(sha256(convert_to(site_id::text || ':' || signature, 'UTF8')), 'hex'), 16);

-- For a pattern whose signature is another's too: unambiguous, since lengths go first.
CREATE FUNCTION pattern_id_apart(
    site_id uuid, incident_type text, runbook_id text, hostname text
)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(encode(sha256(convert_to(
    site_id::text || '/' || length(incident_type) || '/' || length(runbook_id) || '/'
    || incident_type || runbook_id || hostname, 'UTF8'
)), 'hex'), 16);

CREATE TABLE patterns (
    id text NOT NULL CONSTRAINT patterns_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT patterns_site_fkey REFERENCES sites (id),
    incident_type text NOT NULL,
    -- The runbook's id where it resolves, else the id as reported: its gate says so.
    runbook_id text NOT NULL,
    hostname text NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    verified_successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    occurrences bigint GENERATED ALWAYS AS (successes + failures) STORED,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    state text DEFAULT 'observed' NOT NULL CONSTRAINT patterns_state_known
        CHECK (state IN ('observed', 'eligible', 'withdrawn', 'approved', 'rejected')),
    state_changed_at timestamptz DEFAULT now() NOT NULL,
    -- When its gates are evaluated next: '-infinity' as soon as something may have opened or shut one,
    -- the end of its time for a candidate, null when only new evidence or a mark can change its state.
    due_at timestamptz DEFAULT '-infinity',
    -- A gate is shut that no evidence opens: whatever may open it marks the pattern as due.
    blocked boolean DEFAULT false NOT NULL,
    CONSTRAINT patterns_key UNIQUE (site_id, incident_type, runbook_id, hostname)
)
-- Counts change far more often than anything that stands in an index: with room on its page, a new
-- version of a row touches no index.
WITH (fillfactor = 80);
CREATE INDEX patterns_due_idx ON patterns (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX patterns_pair_idx ON patterns (incident_type, runbook_id);
CREATE INDEX patterns_runbook_idx ON patterns (runbook_id);

-- Whether the gates on a pattern's counts are open under these thresholds: what the domain's gates
-- say of them, so that a fold marks as due only what may become a candidate.
CREATE FUNCTION counts_suffice(
    successes bigint, verified_successes bigint, failures bigint, chaos_successes bigint,
    chaos_failures bigint, least_occurrences bigint, least_successes bigint, least_rate numeric,
    require_verified boolean, with_chaos boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE
-- Without a subquery: only then does the planner write it into the statement.
RETURN successes + failures + CASE WHEN with_chaos THEN chaos_successes + chaos_failures ELSE 0 END
    >= GREATEST(least_occurrences, 1)
    AND CASE
        WHEN require_verified THEN verified_successes
        WHEN with_chaos THEN successes + chaos_successes
        ELSE successes
    END >= GREATEST(
        least_successes,
        least_rate * (
            successes + failures
            + CASE WHEN with_chaos THEN chaos_successes + chaos_failures ELSE 0 END
        )
    );

-- (incident_type, runbook_id) by site: the rows under the platform's aggregate.
CREATE TABLE platform_pattern_sites (
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    site_id uuid NOT NULL CONSTRAINT platform_pattern_sites_site_fkey REFERENCES sites (id),
    successes bigint DEFAULT 0 NOT NULL,
    verified_successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    since_successes bigint DEFAULT 0 NOT NULL,
    since_verified_successes bigint DEFAULT 0 NOT NULL,
    since_failures bigint DEFAULT 0 NOT NULL,
    since_chaos_successes bigint DEFAULT 0 NOT NULL,
    since_chaos_failures bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT platform_pattern_sites_pkey PRIMARY KEY (incident_type, runbook_id, site_id)
)
WITH (fillfactor = 80);
CREATE INDEX platform_pattern_sites_site_idx ON platform_pattern_sites (site_id);

-- The k-anonymous aggregate: counts only. Organizations that opted out are not in it.
CREATE TABLE platform_patterns (
    id uuid DEFAULT uuidv7() NOT NULL CONSTRAINT platform_patterns_id_key UNIQUE,
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    -- Evidence received before this moment belongs to a rule that was withdrawn.
    counted_from timestamptz DEFAULT '-infinity' NOT NULL,
    sites bigint DEFAULT 0 NOT NULL,
    organizations bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    verified_successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    since_organizations bigint DEFAULT 0 NOT NULL,
    since_sites bigint DEFAULT 0 NOT NULL,
    since_successes bigint DEFAULT 0 NOT NULL,
    since_verified_successes bigint DEFAULT 0 NOT NULL,
    since_failures bigint DEFAULT 0 NOT NULL,
    since_chaos_organizations bigint DEFAULT 0 NOT NULL,
    since_chaos_successes bigint DEFAULT 0 NOT NULL,
    since_chaos_failures bigint DEFAULT 0 NOT NULL,
    since_largest_organization bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    aggregated_at timestamptz NOT NULL,
    CONSTRAINT platform_patterns_pkey PRIMARY KEY (incident_type, runbook_id)
);

-- Which rule an L1 execution of a site means: by the rule's own id or an alias of it, the narrowest
-- scope first; else by the runbook it names, if exactly one of the site's rules is for this
-- incident type and runbook. Null: unresolved.
-- A table function, so that a statement over many executions plans it as a part of itself.
CREATE FUNCTION resolved_rule(of_site uuid, of_type text, reported text)
RETURNS TABLE (rule uuid) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT COALESCE(
        (
            SELECT l.id
            FROM l1_rules l
            JOIN sites s ON s.id = of_site
            JOIN organizations o ON o.id = s.organization_id
            WHERE l.rule_id
                = COALESCE((SELECT a.rule_id FROM aliases a WHERE a.alias = reported), reported)
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
                AND (
                    l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
                    OR l.partner_id = o.partner_id
                )
            ORDER BY
                l.incident_type = of_type DESC,
                array_position(ARRAY['site', 'organization', 'partner', 'platform'], l.scope),
                l.source = 'builtin',
                l.id
            LIMIT 1
        ),
        (
            SELECT
                CASE
                    WHEN count(*) FILTER (WHERE l.enabled) = 1
                        THEN (array_agg(l.id) FILTER (WHERE l.enabled))[1]
                    WHEN count(*) = 1 THEN (array_agg(l.id))[1]
                END
            FROM aliases a
            JOIN l1_rules l ON l.incident_type = of_type AND l.runbook_id = a.runbook_id
            JOIN sites s ON s.id = of_site
            JOIN organizations o ON o.id = s.organization_id
            WHERE a.alias = reported
                AND (l.tier IS NULL OR l.tier = 'standard' OR l.tier = s.healing_tier)
                AND (
                    l.scope = 'platform' OR l.site_id = s.id OR l.organization_id = o.id
                    OR l.partner_id = o.partner_id
                )
        )
    ) AS rule;
END;

-- The same for a single one.
CREATE FUNCTION resolve_rule(of_site uuid, of_type text, reported text)
RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT r.rule FROM resolved_rule(of_site, of_type, reported) r);

-- L1 executions by what was reported and the rule it resolved to; null: unresolved, kept for an
-- alias to come.
CREATE TABLE rule_counts (
    site_id uuid NOT NULL CONSTRAINT rule_counts_site_fkey REFERENCES sites (id),
    incident_type text NOT NULL,
    reported_id text NOT NULL,
    rule uuid CONSTRAINT rule_counts_rule_fkey REFERENCES l1_rules (id),
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT rule_counts_key
        UNIQUE NULLS NOT DISTINCT (site_id, incident_type, reported_id, rule)
)
WITH (fillfactor = 80);
CREATE INDEX rule_counts_rule_idx ON rule_counts (rule);
CREATE INDEX rule_counts_unresolved_idx ON rule_counts (reported_id) WHERE rule IS NULL;

------------------------------------------------------------------------------- policy, loop, audit

-- The learning policy: the newest row is in force, the others are its history.
CREATE TABLE policies (
    version bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policies_pkey PRIMARY KEY,
    values jsonb NOT NULL,
    reason text NOT NULL CONSTRAINT policies_reason_given CHECK (char_length(reason) BETWEEN 1 AND 2000),
    changed_by text NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL,
    -- The floor cannot be configured away.
    CONSTRAINT policies_organizations_floor
        CHECK ((values ->> 'platform_min_organizations')::integer >= 3)
);

CREATE TABLE loop_leases (
    name text CONSTRAINT loop_leases_pkey PRIMARY KEY,
    holder uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    turn_started_at timestamptz NOT NULL
);

CREATE TABLE loop_runs (
    id uuid DEFAULT uuidv7() CONSTRAINT loop_runs_pkey PRIMARY KEY,
    turn_id uuid NOT NULL,
    holder uuid NOT NULL,
    step text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    rows_in bigint DEFAULT 0 NOT NULL,
    rows_out bigint DEFAULT 0 NOT NULL,
    error text
);
CREATE INDEX loop_runs_started_idx ON loop_runs (started_at DESC, id DESC);
CREATE INDEX loop_runs_failed_idx ON loop_runs (started_at DESC, id DESC) WHERE error IS NOT NULL;
CREATE INDEX loop_runs_step_idx ON loop_runs (step, started_at DESC, id DESC);

CREATE TABLE audit_entries (
    id bigint CONSTRAINT audit_entries_pkey PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    partner_id uuid,
    organization_id uuid,
    site_id uuid,
    before jsonb,
    after jsonb,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_entries_object_idx ON audit_entries (object_kind, object_id, id);
CREATE INDEX audit_entries_partner_idx ON audit_entries (partner_id, id);
CREATE INDEX audit_entries_organization_idx ON audit_entries (organization_id, id);
CREATE INDEX audit_entries_site_idx ON audit_entries (site_id, id);

-- What an entry's hash covers. The verifier computes it with the same function.
CREATE FUNCTION audit_hash(entry audit_entries)
RETURNS bytea LANGUAGE sql STABLE
RETURN sha256(entry.previous_hash || convert_to(jsonb_build_array(
    entry.id, extract(epoch FROM entry.at), entry.actor_kind, entry.actor_id, entry.actor,
    entry.action, entry.object_kind, entry.object_id, entry.partner_id, entry.organization_id,
    entry.site_id, entry.before, entry.after
)::text, 'UTF8'));

-- Runs as its owner, for the writer may not read other tenants' entries, the last one included.
CREATE FUNCTION audit_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    newest record;
BEGIN
    -- One writer at a time until commit: the chain has no forks and no gaps.
    PERFORM pg_advisory_xact_lock(7305117, 2);
    SELECT h.id, h.hash INTO newest FROM audit_head h;
    NEW.id := COALESCE(newest.id, 0) + 1;
    NEW.previous_hash := COALESCE(newest.hash, '\x00'::bytea);
    NEW.hash := audit_hash(NEW);
    IF newest IS NULL THEN
        INSERT INTO audit_head (id, hash) VALUES (NEW.id, NEW.hash);
    ELSE
        UPDATE audit_head SET id = NEW.id, hash = NEW.hash;
    END IF;
    RETURN NEW;
END
$$;

-- The newest entry's place in the chain, apart from it, so that cutting the end off shows.
CREATE TABLE audit_head (
    id bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE UNIQUE INDEX audit_head_single ON audit_head ((true));

CREATE TRIGGER audit_entries_chain BEFORE INSERT ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_chain();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

------------------------------------------------------------------------------- appliance reports

CREATE TABLE incidents (
    id uuid DEFAULT uuidv7() CONSTRAINT incidents_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT incidents_site_fkey REFERENCES sites (id),
    hostname text NOT NULL,
    incident_type text NOT NULL,
    check_type text NOT NULL,
    severity text NOT NULL,
    details jsonb NOT NULL,
    pre_state jsonb NOT NULL,
    hipaa_controls text[] NOT NULL,
    status text DEFAULT 'open' NOT NULL
        CONSTRAINT incidents_status_known CHECK (status IN ('open', 'resolved')),
    reported_at timestamptz NOT NULL,
    last_reported_at timestamptz NOT NULL,
    reports bigint DEFAULT 1 NOT NULL,
    resolved_at timestamptz,
    resolution_tier text,
    resolution_action text,
    CONSTRAINT incidents_key UNIQUE (site_id, hostname, check_type)
);

-- What agents aggregate themselves. It names no runbook and repeats executions: it feeds no gate.
CREATE TABLE pattern_reports (
    id uuid DEFAULT uuidv7() CONSTRAINT pattern_reports_pkey PRIMARY KEY,
    site_id uuid NOT NULL CONSTRAINT pattern_reports_site_fkey REFERENCES sites (id),
    appliance_id uuid CONSTRAINT pattern_reports_appliance_fkey REFERENCES appliances (id),
    kind text NOT NULL CONSTRAINT pattern_reports_kind_known CHECK (kind IN ('heal', 'stats')),
    -- For heals {check_type}:{host}, for stats the agent's own 16 hex digits.
    signature text NOT NULL,
    check_type text,
    hostname text,
    occurrences bigint NOT NULL,
    successes bigint NOT NULL,
    l1_resolutions bigint DEFAULT 0 NOT NULL,
    l2_resolutions bigint DEFAULT 0 NOT NULL,
    l3_resolutions bigint DEFAULT 0 NOT NULL,
    total_resolution_ms double precision DEFAULT 0 NOT NULL,
    recommended_action text,
    resolution_steps jsonb,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT pattern_reports_key
        UNIQUE NULLS NOT DISTINCT (site_id, appliance_id, kind, signature)
);

CREATE TABLE log_lines (
    site_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    logged_at timestamptz,
    hostname text NOT NULL,
    unit text NOT NULL,
    priority smallint,
    message text NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX log_lines_site_received_idx ON log_lines (site_id, received_at);

-- The newest body of each kind of housekeeping post.
CREATE TABLE appliance_documents (
    site_id uuid NOT NULL CONSTRAINT appliance_documents_site_fkey REFERENCES sites (id),
    appliance_id uuid CONSTRAINT appliance_documents_appliance_fkey REFERENCES appliances (id),
    kind text NOT NULL,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT appliance_documents_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id, kind)
);

------------------------------------------------------------------------------- partitions

-- Partitions are made and dropped by the loop, whose role owns nothing: it asks this function,
-- which knows only these tables.
CREATE FUNCTION ensure_partition(parent text, starts date, ends date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    partition text := format('%s_%s', parent, to_char(starts, 'YYYYMMDD'));
BEGIN
    IF parent NOT IN ('executions', 'log_lines') THEN
        RAISE EXCEPTION 'not a partitioned table of ours: %', parent;
    END IF;
    -- A migration and a turn of the loop may ask for the same one at once.
    PERFORM pg_advisory_xact_lock(7305117, 3);
    IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- ATTACH takes a weaker lock than CREATE … PARTITION OF: writers do not wait.
    EXECUTE format(
        'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent
    );
    EXECUTE format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, partition, starts::timestamp AT TIME ZONE 'UTC', ends::timestamp AT TIME ZONE 'UTC'
    );
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
    RETURN true;
END
$$;

CREATE FUNCTION drop_partition(parent text, partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF parent NOT IN ('executions', 'log_lines') OR NOT EXISTS (
        SELECT 1 FROM pg_inherits i
        WHERE i.inhparent = to_regclass(format('public.%I', parent))
            AND i.inhrelid = to_regclass(format('public.%I', partition))
    ) THEN
        RAISE EXCEPTION 'not a partition of ours: %', partition;
    END IF;
    EXECUTE format('DROP TABLE %I', partition);
END
$$;
REVOKE ALL ON FUNCTION ensure_partition(text, date, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION drop_partition(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_chain() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partition(text, date, date) TO flywheel_loop;
GRANT EXECUTE ON FUNCTION drop_partition(text, text) TO flywheel_loop;

------------------------------------------------------------------------------- row-level security

DO $$
DECLARE
    t text;
BEGIN
    -- Tables of the platform: operators and the loop only, but still closed by default.
    FOREACH t IN ARRAY ARRAY[
        'partners', 'organizations', 'sites', 'appliances', 'operators', 'api_keys', 'signing_keys',
        'l1_rules', 'executions', 'execution_keys', 'corrections', 'dropped_counts', 'fold_marks',
        'level_days', 'patterns', 'platform_pattern_sites', 'platform_patterns', 'rule_counts', 'policies',
        'loop_leases', 'loop_runs', 'audit_entries', 'incidents', 'pattern_reports', 'log_lines',
        'appliance_documents'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_operator, flywheel_loop USING (true) '
            'WITH CHECK (true)', t || '_platform', t
        );
    END LOOP;

    -- Tables of one site each. current_setting without a default: no scope is an error.
    FOREACH t IN ARRAY ARRAY[
        'appliances', 'executions', 'execution_keys', 'corrections', 'patterns', 'incidents',
        'pattern_reports', 'log_lines', 'appliance_documents', 'rule_counts'
    ]
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_appliance '
            'USING (site_id = current_setting(''flywheel.site_id'')::uuid) '
            'WITH CHECK (site_id = current_setting(''flywheel.site_id'')::uuid)',
            t || '_appliance', t
        );
        EXECUTE format(
            'CREATE POLICY %I ON %I TO flywheel_client, flywheel_partner '
            'USING (site_id IN (SELECT s.id FROM sites s)) '
            'WITH CHECK (site_id IN (SELECT s.id FROM sites s))',
            t || '_people', t
        );
    END LOOP;
END
$$;

CREATE POLICY partners_partner ON partners TO flywheel_partner
    USING (id = current_setting('flywheel.partner_id')::uuid);
CREATE POLICY organizations_partner ON organizations TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid);
CREATE POLICY organizations_client ON organizations TO flywheel_client
    USING (id = current_setting('flywheel.organization_id')::uuid);
CREATE POLICY sites_partner ON sites TO flywheel_partner
    USING (organization_id IN (SELECT o.id FROM organizations o));
CREATE POLICY sites_client ON sites TO flywheel_client
    USING (organization_id = current_setting('flywheel.organization_id')::uuid);
CREATE POLICY sites_appliance ON sites TO flywheel_appliance
    USING (id = current_setting('flywheel.site_id')::uuid);
CREATE POLICY organizations_appliance ON organizations TO flywheel_appliance
    USING (id IN (SELECT s.organization_id FROM sites s));

-- The rules of a site: the platform's, and those of each tenant it belongs to.
CREATE POLICY l1_rules_appliance ON l1_rules FOR SELECT TO flywheel_appliance
    USING (
        scope = 'platform'
        OR site_id = current_setting('flywheel.site_id')::uuid
        OR organization_id IN (SELECT o.id FROM organizations o)
        OR partner_id IN (SELECT o.partner_id FROM organizations o)
    );
CREATE POLICY l1_rules_client ON l1_rules FOR SELECT TO flywheel_client
    USING (
        scope = 'platform'
        OR site_id IN (SELECT s.id FROM sites s)
        OR organization_id = current_setting('flywheel.organization_id')::uuid
        OR partner_id IN (SELECT o.partner_id FROM organizations o)
    );
CREATE POLICY l1_rules_partner ON l1_rules FOR SELECT TO flywheel_partner
    USING (
        scope = 'platform'
        OR site_id IN (SELECT s.id FROM sites s)
        OR organization_id IN (SELECT o.id FROM organizations o)
        OR partner_id = current_setting('flywheel.partner_id')::uuid
    );

CREATE POLICY audit_entries_client ON audit_entries TO flywheel_client
    USING (organization_id = current_setting('flywheel.organization_id')::uuid)
    WITH CHECK (organization_id = current_setting('flywheel.organization_id')::uuid);
CREATE POLICY audit_entries_partner ON audit_entries TO flywheel_partner
    USING (partner_id = current_setting('flywheel.partner_id')::uuid)
    WITH CHECK (partner_id = current_setting('flywheel.partner_id')::uuid);

-- Authentication looks credentials up before it is known whose they are.
CREATE POLICY api_keys_auth ON api_keys FOR SELECT TO flywheel_auth USING (true);
CREATE POLICY sites_auth ON sites FOR SELECT TO flywheel_auth USING (true);
CREATE POLICY operators_auth ON operators FOR SELECT TO flywheel_auth USING (true);
CREATE POLICY partners_auth ON partners FOR SELECT TO flywheel_auth USING (true);
CREATE POLICY signing_keys_auth ON signing_keys TO flywheel_auth USING (true) WITH CHECK (true);

-- The writer groups executions of many sites: it may add facts and read keys, nothing else.
CREATE POLICY executions_writer ON executions FOR INSERT TO flywheel_writer WITH CHECK (true);
CREATE POLICY execution_keys_writer ON execution_keys TO flywheel_writer
    USING (true) WITH CHECK (true);

------------------------------------------------------------------------------- grants

GRANT SELECT ON api_keys, sites, operators, partners TO flywheel_auth;
GRANT SELECT, INSERT ON signing_keys TO flywheel_auth;

GRANT INSERT ON executions, execution_keys TO flywheel_writer;
GRANT SELECT (site_id, execution_id, digest, received_at) ON execution_keys TO flywheel_writer;

GRANT SELECT ON
    sites, organizations, appliances, l1_rules, runbooks, aliases, executions, execution_keys,
    corrections, patterns, incidents, pattern_reports, log_lines, appliance_documents
    TO flywheel_appliance;
GRANT INSERT ON
    appliances, executions, corrections, incidents, pattern_reports, log_lines, appliance_documents
    TO flywheel_appliance;
GRANT UPDATE ON appliances, incidents, pattern_reports, appliance_documents TO flywheel_appliance;

GRANT SELECT ON
    sites, organizations, appliances, l1_rules, runbooks, aliases, executions, patterns, incidents,
    pattern_reports, rule_counts, audit_entries
    TO flywheel_client, flywheel_partner;
GRANT SELECT ON partners TO flywheel_partner;
GRANT INSERT ON audit_entries TO flywheel_client, flywheel_partner, flywheel_operator, flywheel_loop;

GRANT SELECT ON
    partners, organizations, sites, appliances, operators, runbooks, aliases, l1_rules, executions,
    execution_keys, corrections, dropped_counts, fold_marks, level_days, patterns,
    platform_pattern_sites, platform_patterns, rule_counts, policies, loop_leases, loop_runs, audit_entries, audit_head,
    incidents, pattern_reports, log_lines, appliance_documents
    TO flywheel_operator, flywheel_loop;
-- The digest too: whoever revokes a key must tell every server which one to forget. It is the
-- SHA-256 of 256 random bits, so reading it lets nobody in; no list or page shows it.
GRANT SELECT (
    id, site_id, appliance_id, partner_id, operator_id, label, digest, created_at, revoked_at
) ON api_keys TO flywheel_operator;
GRANT INSERT ON
    partners, organizations, sites, api_keys, operators, runbooks, aliases, policies, l1_rules
    TO flywheel_operator;
GRANT UPDATE (label, revoked_at) ON api_keys TO flywheel_operator;
GRANT UPDATE (name) ON partners, organizations TO flywheel_operator;
GRANT UPDATE (contributes, contributes_changed_at) ON organizations TO flywheel_operator;
GRANT UPDATE (name, healing_tier) ON sites TO flywheel_operator;
GRANT UPDATE (desired_l2_mode) ON appliances TO flywheel_operator;
-- A new release renews the catalogue.
GRANT UPDATE (name, platform, executable, source) ON runbooks TO flywheel_operator;
GRANT UPDATE (
    tier, incident_type, runbook_id, name, description, conditions, action, action_params, priority,
    cooldown_seconds
) ON l1_rules TO flywheel_operator;
-- Heartbeats of many sites are written in one statement.
GRANT UPDATE (
    last_seen_at, last_sync_at, uptime_seconds, desired_rules_hash, reported_rules_hash,
    reported_rules_hash_at
) ON appliances TO flywheel_loop;
GRANT UPDATE (role, disabled_at) ON operators TO flywheel_operator;
GRANT UPDATE (enabled, disabled_reason, enabled_changed_at, withdrawn_at) ON l1_rules
    TO flywheel_operator;

-- Readiness compares the database's revision with the release's.
GRANT SELECT ON alembic_version TO flywheel_operator, flywheel_loop;
GRANT INSERT, UPDATE, DELETE ON
    dropped_counts, fold_marks, level_days, patterns, platform_pattern_sites, platform_patterns,
    rule_counts, loop_leases, loop_runs
    TO flywheel_loop;
GRANT INSERT ON l1_rules TO flywheel_loop;
GRANT UPDATE (
    enabled, disabled_reason, enabled_changed_at, withdrawn_at, match_count, success_count,
    failure_count
) ON l1_rules TO flywheel_loop;
GRANT DELETE ON execution_keys, corrections TO flywheel_loop;
-- After a restore into another cluster the facts' transaction ids are set anew; nothing else is.
GRANT UPDATE (xid) ON executions TO flywheel_loop;
-- An alias, a new runbook and an opt-out change folds in the operator's own transaction.
GRANT INSERT, UPDATE, DELETE ON patterns, platform_pattern_sites, platform_patterns, rule_counts
    TO flywheel_operator;
GRANT UPDATE (match_count, success_count, failure_count) ON l1_rules TO flywheel_operator;

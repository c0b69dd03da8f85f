-- The whole schema, to read. Written by `make schema` from the migrations; do not edit.
-- Time partitions are made while the server runs, and are not shown.

CREATE FUNCTION public.audit_chain() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE TABLE public.audit_entries (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
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

ALTER TABLE ONLY public.audit_entries FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.audit_hash(entry public.audit_entries) RETURNS bytea
    LANGUAGE sql STABLE
    RETURN sha256(((entry).previous_hash || convert_to((jsonb_build_array((entry).id, EXTRACT(epoch FROM (entry).at), (entry).actor_kind, (entry).actor_id, (entry).actor, (entry).action, (entry).object_kind, (entry).object_id, (entry).partner_id, (entry).organization_id, (entry).site_id, (entry).before, (entry).after))::text, 'UTF8'::name)));

CREATE FUNCTION public.counts_suffice(successes bigint, verified_successes bigint, failures bigint, chaos_successes bigint, chaos_failures bigint, least_occurrences bigint, least_successes bigint, least_rate numeric, require_verified boolean, with_chaos boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN ((((successes + failures) + CASE WHEN with_chaos THEN (chaos_successes + chaos_failures) ELSE (0)::bigint END) >= GREATEST(least_occurrences, (1)::bigint)) AND ((CASE WHEN require_verified THEN verified_successes WHEN with_chaos THEN (successes + chaos_successes) ELSE successes END)::numeric >= GREATEST((least_successes)::numeric, (least_rate * (((successes + failures) + CASE WHEN with_chaos THEN (chaos_successes + chaos_failures) ELSE (0)::bigint END))::numeric))));

CREATE TABLE public.organizations (
    id uuid DEFAULT uuidv7() NOT NULL,
    partner_id uuid NOT NULL,
    name text NOT NULL,
    contributes boolean DEFAULT true NOT NULL,
    contributes_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organizations_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

ALTER TABLE ONLY public.organizations FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_exclusions (
    id uuid DEFAULT uuidv7() NOT NULL,
    rule uuid NOT NULL,
    partner_id uuid NOT NULL,
    organization_id uuid,
    kind text NOT NULL,
    reason text NOT NULL,
    began_by text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_by text,
    ended_at timestamp with time zone,
    CONSTRAINT rule_exclusions_ended_whole CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT rule_exclusions_kind_known CHECK ((kind = ANY (ARRAY['quarantined'::text, 'declined'::text]))),
    CONSTRAINT rule_exclusions_reason_length CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 2000)))
);

ALTER TABLE ONLY public.rule_exclusions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sites (
    id uuid DEFAULT uuidv7() NOT NULL,
    organization_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    healing_tier text DEFAULT 'standard'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sites_healing_tier_known CHECK ((healing_tier = ANY (ARRAY['standard'::text, 'full_coverage'::text]))),
    CONSTRAINT sites_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT sites_slug_form CHECK ((slug ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'::text))
);

ALTER TABLE ONLY public.sites FORCE ROW LEVEL SECURITY;

CREATE VIEW public.excluded_rules WITH (security_invoker='true') AS
 SELECT x.rule,
    s.id AS site_id
   FROM ((public.rule_exclusions x
     JOIN public.organizations o ON (((o.id = x.organization_id) OR ((x.organization_id IS NULL) AND (o.partner_id = x.partner_id)))))
     JOIN public.sites s ON ((s.organization_id = o.id)))
  WHERE (x.ended_at IS NULL);

CREATE TABLE public.l1_rules (
    id uuid DEFAULT uuidv7() NOT NULL,
    rule_id text NOT NULL,
    source text NOT NULL,
    scope text NOT NULL,
    partner_id uuid,
    organization_id uuid,
    site_id uuid,
    tier text,
    incident_type text NOT NULL,
    runbook_id text,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    conditions jsonb NOT NULL,
    action text NOT NULL,
    action_params jsonb DEFAULT '{}'::jsonb NOT NULL,
    hipaa_controls text[] DEFAULT '{}'::text[] NOT NULL,
    severity_filter text[],
    priority integer NOT NULL,
    cooldown_seconds integer NOT NULL,
    max_retries integer DEFAULT 1 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    disabled_reason text,
    enabled_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_at timestamp with time zone,
    match_count bigint DEFAULT 0 NOT NULL,
    success_count bigint DEFAULT 0 NOT NULL,
    failure_count bigint DEFAULT 0 NOT NULL,
    success_rate double precision GENERATED ALWAYS AS (((success_count)::double precision / (NULLIF((success_count + failure_count), 0))::double precision)),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    scope_id uuid GENERATED ALWAYS AS (COALESCE(site_id, organization_id, partner_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED NOT NULL,
    label text,
    CONSTRAINT l1_rules_incident_type_length CHECK (((char_length(incident_type) >= 1) AND (char_length(incident_type) <= 200))),
    CONSTRAINT l1_rules_label_length CHECK (((char_length(label) >= 1) AND (char_length(label) <= 200))),
    CONSTRAINT l1_rules_learnt_have_runbook CHECK (((source <> ALL (ARRAY['promoted'::text, 'platform'::text])) OR (runbook_id IS NOT NULL))),
    CONSTRAINT l1_rules_never_catch_all CHECK ((conditions @> jsonb_build_array(jsonb_build_object('field', 'check_type', 'operator', 'eq', 'value', incident_type)))),
    CONSTRAINT l1_rules_one_scope CHECK (((num_nonnulls(partner_id, organization_id, site_id) = ((scope <> 'platform'::text))::integer) AND ((scope = 'partner'::text) = (partner_id IS NOT NULL)) AND ((scope = 'organization'::text) = (organization_id IS NOT NULL)) AND ((scope = 'site'::text) = (site_id IS NOT NULL)))),
    CONSTRAINT l1_rules_rule_id_form CHECK ((rule_id ~ '^[A-Za-z0-9_-]{3,64}$'::text)),
    CONSTRAINT l1_rules_scope_known CHECK ((scope = ANY (ARRAY['platform'::text, 'partner'::text, 'organization'::text, 'site'::text]))),
    CONSTRAINT l1_rules_source_known CHECK ((source = ANY (ARRAY['builtin'::text, 'synced'::text, 'promoted'::text, 'platform'::text, 'custom'::text]))),
    CONSTRAINT l1_rules_tier_known CHECK ((tier = ANY (ARRAY['standard'::text, 'full_coverage'::text])))
);

ALTER TABLE ONLY public.l1_rules FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.covering_rules(of_site uuid, of_organization uuid, of_partner uuid, of_tier text, of_type text) RETURNS TABLE(id uuid, rule_id text, source text, scope text, priority integer, runbook_id text, conditions jsonb, severity_filter text[])
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT l.id,
     l.rule_id,
     l.source,
     l.scope,
     l.priority,
     l.runbook_id,
     l.conditions,
     l.severity_filter
    FROM public.l1_rules l
   WHERE ((l.incident_type = covering_rules.of_type) AND l.enabled AND ((l.tier IS NULL) OR (l.tier = 'standard'::text) OR (l.tier = covering_rules.of_tier)) AND ((l.scope = 'platform'::text) OR (l.site_id = covering_rules.of_site) OR (l.organization_id = covering_rules.of_organization) OR (l.partner_id = covering_rules.of_partner)) AND (NOT (EXISTS ( SELECT 1
            FROM public.excluded_rules x
           WHERE ((x.rule = l.id) AND (x.site_id = covering_rules.of_site))))));
END;

CREATE TABLE public.appliances (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    wire_id text NOT NULL,
    mac text,
    agent_public_key text,
    hostname text DEFAULT ''::text NOT NULL,
    ip_addresses text[] DEFAULT '{}'::text[] NOT NULL,
    agent_version text DEFAULT ''::text NOT NULL,
    nixos_version text DEFAULT ''::text NOT NULL,
    has_local_credentials boolean DEFAULT false NOT NULL,
    uptime_seconds bigint,
    desired_l2_mode text DEFAULT 'auto'::text NOT NULL,
    reported_l2_mode text,
    reported_l2_mode_at timestamp with time zone,
    desired_rules_hash text,
    reported_rules_hash text,
    reported_rules_hash_at timestamp with time zone,
    last_sync_at timestamp with time zone,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    agent_started_at timestamp with time zone,
    reported_mac text,
    removed_at timestamp with time zone,
    removed_by text,
    merged_into uuid,
    CONSTRAINT appliances_desired_l2_mode_known CHECK ((desired_l2_mode = ANY (ARRAY['auto'::text, 'manual'::text, 'disabled'::text]))),
    CONSTRAINT appliances_mac_form CHECK ((mac ~ '^[0-9A-F]{2}(:[0-9A-F]{2}){5}((:[0-9A-F]{2}){2}|(:[0-9A-F]{2}){14})?$'::text)),
    CONSTRAINT appliances_merged_is_removed CHECK (((merged_into IS NULL) OR ((removed_at IS NOT NULL) AND (merged_into <> id)))),
    CONSTRAINT appliances_public_key_form CHECK ((agent_public_key ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT appliances_removed_by_someone CHECK (((removed_at IS NULL) = (removed_by IS NULL)))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.appliances FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.daemons_alone(of_site uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (SELECT bool_and((a.agent_version ~ '^v?0+([^0-9]|$)'::text)) AS bool_and FROM public.appliances a WHERE (a.site_id = daemons_alone.of_site));

CREATE FUNCTION public.drop_partition(parent text, partition text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.ensure_partition(parent text, starts date, ends date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.evidence_head_moves() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.site_id <> OLD.site_id OR NEW.position <> OLD.position + 1 THEN
        RAISE EXCEPTION 'a chain grows by one bundle at a time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_heads_forward';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.evidence_link() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    head record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.site_id::text, 7308));
    SELECT h.position, h.chain_hash, h.received_at INTO head
    FROM evidence_heads h
    WHERE h.site_id = NEW.site_id;
    IF NEW.position <> COALESCE(head.position, 0) + 1
        OR NEW.previous_hash <> COALESCE(head.chain_hash, repeat('0', 64))
        OR NEW.received_at < COALESCE(head.received_at, NEW.received_at)
    THEN
        RAISE EXCEPTION 'a bundle follows the head of its chain'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_bundles_linked';
    END IF;
    INSERT INTO evidence_heads AS h (site_id, position, chain_hash, received_at)
    VALUES (NEW.site_id, NEW.position, NEW.chain_hash, NEW.received_at)
    ON CONFLICT (site_id) DO UPDATE
    SET
        position = excluded.position,
        chain_hash = excluded.chain_hash,
        received_at = excluded.received_at;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.keep_old_secret() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.overlap_until IS NOT NULL THEN
        INSERT INTO webhook_old_secrets (endpoint_id, partner_id, secret, expires_at)
        VALUES (OLD.id, OLD.partner_id, OLD.secret, NEW.overlap_until);
    END IF;
    RETURN NULL;
END
$$;

CREATE TABLE public.platform_pattern_sites (
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    site_id uuid NOT NULL,
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
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    claimed_successes bigint DEFAULT 0 NOT NULL,
    claimed_failures bigint DEFAULT 0 NOT NULL,
    last_evidence_at timestamp with time zone
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.platform_pattern_sites FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.largest_organization(of_type text, of_runbook text) RETURNS bigint
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (COALESCE(max(o.occurrences), (0)::numeric))::bigint AS "coalesce"
    FROM ( SELECT sum((t.since_successes + t.since_failures)) AS occurrences
            FROM ((public.platform_pattern_sites t
              JOIN public.sites s ON ((s.id = t.site_id)))
              JOIN public.organizations g ON ((g.id = s.organization_id)))
           WHERE ((t.incident_type = largest_organization.of_type) AND (t.runbook_id = largest_organization.of_runbook) AND g.contributes)
           GROUP BY g.id) o;
END;

CREATE FUNCTION public.lookalike_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    BEGIN ATOMIC
 SELECT replace(translate(regexp_replace(lower((NORMALIZE(name, NFKD) COLLATE pg_c_utf8)), '[\s\u00ad\u0300-\u036f\u200b-\u200f\u2028-\u202f\u2060\ufeff_.:/-]+'::text, ''::text, 'g'::text), '01i|аеорсухіѕјһԁԛԝкмтвнӏαεικνορτυχ'::text, 'olllaeopcyxlsjhdqwkmtbhlaelkvoptux'::text), 'rn'::text, 'm'::text) AS replace;
END;

CREATE FUNCTION public.order_check(payload text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN NULLIF(((payload)::jsonb #>> '{parameters,check_type}'::text[]), ''::text);

CREATE FUNCTION public.order_host(payload text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN lower(COALESCE(NULLIF(((payload)::jsonb #>> '{parameters,target_host}'::text[]), ''::text), NULLIF(((payload)::jsonb #>> '{parameters,hostname}'::text[]), ''::text)));

CREATE FUNCTION public.orders_guard() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Servers of the release before write what the appliance said and nothing of its worth.
    IF NEW.reported_at IS NOT NULL AND NEW.outcome IS NULL THEN
        NEW.outcome := CASE WHEN NEW.success THEN 'success' ELSE 'failure' END;
        NEW.standing := CASE
            WHEN NEW.kind = 'healing' AND NEW.result ->> 'status' = 'healing_triggered'
                THEN 'claimed'
            ELSE 'observed'
        END;
    END IF;
    IF OLD.state <> NEW.state AND NOT (
        OLD.state = 'pending'
        OR OLD.state = 'acknowledged' AND NEW.state <> 'pending'
    ) THEN
        RAISE EXCEPTION 'an order that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_moves_forward';
    END IF;
    IF (
        NEW.id, NEW.site_id, NEW.appliance_id, NEW.kind, NEW.order_type, NEW.object_key, NEW.rule,
        NEW.created_at, NEW.expires_at, NEW.nonce, NEW.signed_payload, NEW.signature
    ) IS DISTINCT FROM (
        OLD.id, OLD.site_id, OLD.appliance_id, OLD.kind, OLD.order_type, OLD.object_key, OLD.rule,
        OLD.created_at, OLD.expires_at, OLD.nonce, OLD.signed_payload, OLD.signature
    ) OR OLD.reported_at IS NOT NULL AND (
        NEW.reported_at, NEW.success, NEW.result, NEW.error_message
    ) IS DISTINCT FROM (OLD.reported_at, OLD.success, OLD.result, OLD.error_message)
    OR OLD.outcome IS NOT NULL AND NEW.standing <> 'verified' AND (
        NEW.outcome, NEW.standing
    ) IS DISTINCT FROM (OLD.outcome, OLD.standing) THEN
        RAISE EXCEPTION 'what was signed or reported of an order never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_facts_stay';
    END IF;
    RETURN NEW;
END
$$;

CREATE TABLE public.platform_approvals (
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT platform_approvals_reason_length CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 2000)))
);

ALTER TABLE ONLY public.platform_approvals FORCE ROW LEVEL SECURITY;

CREATE TABLE public.platform_patterns (
    id uuid DEFAULT uuidv7() NOT NULL,
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    counted_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
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
    first_seen_at timestamp with time zone,
    last_seen_at timestamp with time zone,
    aggregated_at timestamp with time zone NOT NULL,
    claimed_successes bigint DEFAULT 0 NOT NULL,
    claimed_failures bigint DEFAULT 0 NOT NULL,
    last_evidence_at timestamp with time zone
);

ALTER TABLE ONLY public.platform_patterns FORCE ROW LEVEL SECURITY;

CREATE TABLE public.runbooks (
    id uuid DEFAULT uuidv7() NOT NULL,
    runbook_id text NOT NULL,
    name text NOT NULL,
    platform text NOT NULL,
    executable boolean NOT NULL,
    source text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT runbooks_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT runbooks_never_these CHECK ((runbook_id !~ '^(AUTO-|RB-AUTO-|L1-|L2-|L3-|ESC-)'::text)),
    CONSTRAINT runbooks_platform_known CHECK ((platform = ANY (ARRAY['windows'::text, 'linux'::text, 'macos'::text, 'network'::text]))),
    CONSTRAINT runbooks_runbook_id_form CHECK ((runbook_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$'::text)),
    CONSTRAINT runbooks_source_known CHECK ((source = ANY (ARRAY['catalogue'::text, 'operator'::text])))
);

CREATE FUNCTION public.pair_doubts(of_type text, of_runbook text, since timestamp with time zone) RETURNS TABLE(look_alike text, built_in text, approved_by text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT ( SELECT k.incident_type
            FROM ( SELECT r.incident_type,
                     0 AS place,
                     r.id
                    FROM public.l1_rules r
                   WHERE ((r.scope = 'platform'::text) AND (public.lookalike_key(r.incident_type) = public.lookalike_key(pair_doubts.of_type)))
                 UNION ALL
                  SELECT p.incident_type,
                     1,
                     p.id
                    FROM public.platform_patterns p
                   WHERE ((public.lookalike_key(p.incident_type) = public.lookalike_key(pair_doubts.of_type)) AND (p.id < COALESCE(( SELECT q.id
                            FROM public.platform_patterns q
                           WHERE (q.incident_type = pair_doubts.of_type)
                           ORDER BY q.id
                          LIMIT 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)))) k
           WHERE ((k.incident_type <> pair_doubts.of_type) AND (NOT (EXISTS ( SELECT 1
                    FROM public.l1_rules o
                   WHERE ((o.scope = 'platform'::text) AND (o.incident_type = pair_doubts.of_type))))))
           ORDER BY k.place, k.id
          LIMIT 1) AS incident_type,
     ( SELECT r.rule_id
            FROM (public.l1_rules r
              JOIN public.runbooks b ON ((b.runbook_id = r.runbook_id)))
           WHERE ((r.source = ANY (ARRAY['builtin'::text, 'synced'::text])) AND r.enabled AND (r.incident_type = pair_doubts.of_type) AND (r.runbook_id <> pair_doubts.of_runbook) AND b.executable AND (NOT (EXISTS ( SELECT 1
                    FROM public.l1_rules o
                   WHERE ((o.source = ANY (ARRAY['builtin'::text, 'synced'::text])) AND o.enabled AND (o.incident_type = pair_doubts.of_type) AND (o.runbook_id = pair_doubts.of_runbook))))))
           ORDER BY r.rule_id
          LIMIT 1) AS rule_id,
     ( SELECT a.approved_by
            FROM public.platform_approvals a
           WHERE ((a.incident_type = pair_doubts.of_type) AND (a.runbook_id = pair_doubts.of_runbook) AND (a.approved_at >= pair_doubts.since))) AS approved_by;
END;

CREATE FUNCTION public.pattern_id(site_id uuid, signature text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN "left"(encode(sha256(convert_to((((site_id)::text || ':'::text) || signature), 'UTF8'::name)), 'hex'::text), 16);

CREATE FUNCTION public.pattern_id_apart(site_id uuid, incident_type text, runbook_id text, hostname text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN "left"(encode(sha256(convert_to((((((((((site_id)::text || '/'::text) || length(incident_type)) || '/'::text) || length(runbook_id)) || '/'::text) || incident_type) || runbook_id) || hostname), 'UTF8'::name)), 'hex'::text), 16);

CREATE FUNCTION public.pattern_signature(incident_type text, runbook_id text, hostname text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((incident_type || ':'::text) || runbook_id) || ':'::text) || hostname);

CREATE FUNCTION public.plan_approvals_guard() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.state <> 'waiting' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a plan is decided on once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_approvals_moves_once';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.plans_guard() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.state = 'decided' AND (
        NEW.site_id, NEW.incident_id, NEW.digest, NEW.mode, NEW.state, NEW.planner, NEW.basis,
        NEW.model, NEW.calls, NEW.cost_micro_usd, NEW.proposed, NEW.runbook_id, NEW.confidence,
        NEW.reasoning, NEW.told, NEW.reason, NEW.answer, NEW.created_at, NEW.decided_at
    ) IS DISTINCT FROM (
        OLD.site_id, OLD.incident_id, OLD.digest, OLD.mode, OLD.state, OLD.planner, OLD.basis,
        OLD.model, OLD.calls, OLD.cost_micro_usd, OLD.proposed, OLD.runbook_id, OLD.confidence,
        OLD.reasoning, OLD.told, OLD.reason, OLD.answer, OLD.created_at, OLD.decided_at
    ) THEN
        RAISE EXCEPTION 'a decided plan never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plans_facts_stay';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TABLE public.aliases (
    alias text NOT NULL,
    runbook_id text,
    rule_id text,
    source text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT aliases_alias_length CHECK (((char_length(alias) >= 1) AND (char_length(alias) <= 300))),
    CONSTRAINT aliases_one_target CHECK ((num_nonnulls(runbook_id, rule_id) = 1)),
    CONSTRAINT aliases_source_known CHECK ((source = ANY (ARRAY['catalogue'::text, 'operator'::text])))
);

CREATE FUNCTION public.resolved_rule(of_site uuid, of_type text, reported text) RETURNS TABLE(rule uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(( SELECT l.id
            FROM ((public.sites s
              JOIN public.organizations o ON ((o.id = s.organization_id)))
              JOIN public.l1_rules l ON (((l.rule_id = COALESCE(( SELECT a.rule_id
                    FROM public.aliases a
                   WHERE (a.alias = resolved_rule.reported)), resolved_rule.reported)) AND (l.scope_id = ANY (ARRAY[s.id, o.id, o.partner_id, '00000000-0000-0000-0000-000000000000'::uuid])))))
           WHERE ((s.id = resolved_rule.of_site) AND ((l.tier IS NULL) OR (l.tier = 'standard'::text) OR (l.tier = s.healing_tier)))
           ORDER BY (l.incident_type = resolved_rule.of_type) DESC, (array_position(ARRAY['site'::text, 'organization'::text, 'partner'::text, 'platform'::text], l.scope)),
                 CASE l.source
                     WHEN 'builtin'::text THEN
                     CASE
                         WHEN public.daemons_alone(resolved_rule.of_site) THEN 1
                         ELSE 3
                     END
                     WHEN 'synced'::text THEN 2
                     ELSE 0
                 END, l.id
          LIMIT 1), ( SELECT
                 CASE
                     WHEN (count(*) FILTER (WHERE (l.enabled AND (l.source <> 'synced'::text))) = 1) THEN (array_agg(l.id) FILTER (WHERE (l.enabled AND (l.source <> 'synced'::text))))[1]
                     WHEN ((count(*) FILTER (WHERE (l.source <> 'synced'::text)) = 1) AND ((count(*) FILTER (WHERE l.enabled) = 0) OR public.daemons_alone(resolved_rule.of_site))) THEN (array_agg(l.id) FILTER (WHERE (l.source <> 'synced'::text)))[1]
                     WHEN (count(*) FILTER (WHERE l.enabled) = 1) THEN (array_agg(l.id) FILTER (WHERE l.enabled))[1]
                     WHEN (count(*) = 1) THEN (array_agg(l.id))[1]
                     WHEN (count(*) = 0) THEN ( SELECT
                             CASE
                                 WHEN (count(*) = 1) THEN (array_agg(c.id))[1]
                                 ELSE NULL::uuid
                             END AS "case"
                        FROM (public.aliases b
                          JOIN public.l1_rules c ON ((c.runbook_id = b.runbook_id)))
                       WHERE ((b.alias = resolved_rule.reported) AND (c.source = 'builtin'::text) AND starts_with(c.incident_type, 'compiled:'::text)))
                     ELSE NULL::uuid
                 END AS "case"
            FROM (((public.aliases a
              JOIN public.sites s ON ((s.id = resolved_rule.of_site)))
              JOIN public.organizations o ON ((o.id = s.organization_id)))
              JOIN public.l1_rules l ON (((l.incident_type = resolved_rule.of_type) AND (l.runbook_id = a.runbook_id) AND (l.scope_id = ANY (ARRAY[s.id, o.id, o.partner_id, '00000000-0000-0000-0000-000000000000'::uuid])))))
           WHERE ((a.alias = resolved_rule.reported) AND ((l.tier IS NULL) OR (l.tier = 'standard'::text) OR (l.tier = s.healing_tier))))) AS rule;
END;

CREATE FUNCTION public.resolve_rule(of_site uuid, of_type text, reported text) RETURNS uuid
    LANGUAGE sql STABLE
    RETURN (SELECT r.rule FROM public.resolved_rule(resolve_rule.of_site, resolve_rule.of_type, resolve_rule.reported) r(rule));

CREATE FUNCTION public.resolved_everywhere(of_type text, reported text) RETURNS TABLE(rule uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT r.rule
    FROM (( SELECT s.id
            FROM public.sites s
          LIMIT 1) any_site
      CROSS JOIN LATERAL public.resolved_rule(any_site.id, resolved_everywhere.of_type, resolved_everywhere.reported) r(rule))
   WHERE ((NOT (EXISTS ( SELECT 1
            FROM public.l1_rules l
           WHERE ((l.rule_id = COALESCE(( SELECT a.rule_id
                    FROM public.aliases a
                   WHERE (a.alias = resolved_everywhere.reported)), resolved_everywhere.reported)) AND ((l.scope <> 'platform'::text) OR (l.tier <> 'standard'::text) OR ((l.source = 'synced'::text) AND (EXISTS ( SELECT 1
                    FROM public.l1_rules c
                   WHERE ((c.rule_id = l.rule_id) AND (c.source = 'builtin'::text)))))))))) AND (NOT (EXISTS ( SELECT 1
            FROM (public.aliases a
              JOIN public.l1_rules l ON (((l.incident_type = resolved_everywhere.of_type) AND (l.runbook_id = a.runbook_id))))
           WHERE ((a.alias = resolved_everywhere.reported) AND ((l.scope <> 'platform'::text) OR (l.tier <> 'standard'::text) OR (l.source = 'synced'::text)))))));
END;

CREATE FUNCTION public.rule_covered(of_rule uuid, of_site uuid) RETURNS boolean
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (EXISTS ( SELECT 1
            FROM (((public.l1_rules mine
              JOIN public.sites s ON ((s.id = rule_covered.of_site)))
              JOIN public.organizations o ON ((o.id = s.organization_id)))
              JOIN public.l1_rules l ON (((l.incident_type = mine.incident_type) AND (l.conditions = mine.conditions) AND (l.action = mine.action) AND (l.action_params = mine.action_params) AND (NOT (l.severity_filter IS DISTINCT FROM mine.severity_filter)))))
           WHERE ((mine.id = rule_covered.of_rule) AND l.enabled AND (l.source = ANY (ARRAY['promoted'::text, 'platform'::text, 'custom'::text])) AND ((l.scope = 'platform'::text) OR (l.site_id = s.id) OR (l.organization_id = o.id) OR (l.partner_id = o.partner_id)) AND (ROW(array_position(ARRAY['site'::text, 'organization'::text, 'partner'::text, 'platform'::text], l.scope), l.priority, (l.rule_id COLLATE "C")) < ROW(array_position(ARRAY['site'::text, 'organization'::text, 'partner'::text, 'platform'::text], mine.scope), mine.priority, (mine.rule_id COLLATE "C")))))) AS "exists";
END;

CREATE TABLE public.executions (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    weight smallint DEFAULT 1 NOT NULL,
    received_at timestamp with time zone NOT NULL,
    evidence_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    appliance_id uuid,
    reported_appliance text,
    level text NOT NULL,
    incident_id text NOT NULL,
    incident_type text NOT NULL,
    hostname text NOT NULL,
    platform text,
    reported_id text NOT NULL,
    outcome text NOT NULL,
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
    detail jsonb,
    CONSTRAINT executions_claims_at_l2 CHECK (((level = 'L2'::text) OR (outcome = ANY (ARRAY['success'::text, 'failure'::text, 'not_attempted'::text])))),
    CONSTRAINT executions_level_known CHECK ((level = ANY (ARRAY['L1'::text, 'L2'::text, 'L3'::text]))),
    CONSTRAINT executions_outcome_known CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'not_attempted'::text, 'claimed_success'::text, 'claimed_failure'::text]))),
    CONSTRAINT executions_weight_known CHECK ((weight = ANY (ARRAY['-1'::integer, 1])))
)
PARTITION BY RANGE (received_at);

ALTER TABLE ONLY public.executions FORCE ROW LEVEL SECURITY;

CREATE VIEW public.counted_facts WITH (security_invoker='true') AS
 SELECT site_id,
    execution_id,
    revision,
    weight,
    received_at,
    evidence_at,
    occurred_at,
    xid,
    level,
    incident_type,
    hostname,
    reported_id,
    appliance_id,
    reported_appliance,
    error_category,
    outcome,
    (chaos_campaign_id IS NOT NULL) AS chaos,
    (outcome <> ALL (ARRAY['claimed_success'::text, 'claimed_failure'::text])) AS known,
        CASE
            WHEN ((outcome = 'success'::text) AND (chaos_campaign_id IS NULL)) THEN (weight)::integer
            ELSE 0
        END AS successes,
        CASE
            WHEN ((outcome = 'success'::text) AND verified AND (chaos_campaign_id IS NULL)) THEN (weight)::integer
            ELSE 0
        END AS verified_successes,
        CASE
            WHEN ((outcome = 'failure'::text) AND (chaos_campaign_id IS NULL)) THEN (weight)::integer
            ELSE 0
        END AS failures,
        CASE
            WHEN (outcome = 'not_attempted'::text) THEN (weight)::integer
            ELSE 0
        END AS not_attempted,
        CASE
            WHEN ((outcome = 'success'::text) AND (chaos_campaign_id IS NOT NULL)) THEN (weight)::integer
            ELSE 0
        END AS chaos_successes,
        CASE
            WHEN ((outcome = 'failure'::text) AND (chaos_campaign_id IS NOT NULL)) THEN (weight)::integer
            ELSE 0
        END AS chaos_failures,
        CASE
            WHEN (outcome = 'claimed_success'::text) THEN (weight)::integer
            ELSE 0
        END AS claimed_successes,
        CASE
            WHEN (outcome = 'claimed_failure'::text) THEN (weight)::integer
            ELSE 0
        END AS claimed_failures
   FROM public.executions e;

CREATE TABLE public.fold_marks (
    fold text NOT NULL,
    mark pg_snapshot NOT NULL,
    system_identifier bigint NOT NULL,
    folded_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.fold_marks FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.unfolded_counts(of_type text) RETURNS TABLE(runbook_id text, site_id uuid, not_attempted bigint, claimed_successes bigint, claimed_failures bigint, since_successes bigint, since_verified_successes bigint, since_failures bigint, since_chaos_successes bigint, since_chaos_failures bigint, last_evidence_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET enable_sort TO 'off'
    BEGIN ATOMIC
 WITH fold AS MATERIALIZED (
          SELECT COALESCE(( SELECT m.mark
                    FROM public.fold_marks m
                   WHERE (m.fold = 'platform'::text)), '1:1:'::pg_snapshot) AS mark
         )
  SELECT COALESCE(a.runbook_id, e.reported_id) AS "coalesce",
     e.site_id,
     sum(e.not_attempted) AS sum,
     sum(e.claimed_successes) AS sum,
     sum(e.claimed_failures) AS sum,
     COALESCE(sum(e.successes) FILTER (WHERE s.since), (0)::bigint) AS "coalesce",
     COALESCE(sum(e.verified_successes) FILTER (WHERE s.since), (0)::bigint) AS "coalesce",
     COALESCE(sum(e.failures) FILTER (WHERE s.since), (0)::bigint) AS "coalesce",
     COALESCE(sum(e.chaos_successes) FILTER (WHERE s.since), (0)::bigint) AS "coalesce",
     COALESCE(sum(e.chaos_failures) FILTER (WHERE s.since), (0)::bigint) AS "coalesce",
     max(e.occurred_at) FILTER (WHERE e.known) AS max
    FROM (((( SELECT x.site_id,
             x.execution_id,
             x.revision,
             x.weight,
             x.received_at,
             x.evidence_at,
             x.occurred_at,
             x.xid,
             x.level,
             x.incident_type,
             x.hostname,
             x.reported_id,
             x.appliance_id,
             x.reported_appliance,
             x.error_category,
             x.outcome,
             x.chaos,
             x.known,
             x.successes,
             x.verified_successes,
             x.failures,
             x.not_attempted,
             x.chaos_successes,
             x.chaos_failures,
             x.claimed_successes,
             x.claimed_failures
            FROM public.counted_facts x
           WHERE ((ROW(x.incident_type, x.xid) >= ROW(unfolded_counts.of_type, ( SELECT pg_snapshot_xmin(f.mark) AS pg_snapshot_xmin
                    FROM fold f))) AND (x.incident_type <= unfolded_counts.of_type) AND (x.level = 'L2'::text))
           ORDER BY x.incident_type, x.xid
          FETCH FIRST (5000) ROWS WITH TIES) e
      LEFT JOIN public.aliases a ON ((a.alias = e.reported_id)))
      LEFT JOIN public.platform_patterns p ON (((p.incident_type = unfolded_counts.of_type) AND (p.runbook_id = COALESCE(a.runbook_id, e.reported_id)))))
      CROSS JOIN LATERAL ( SELECT (e.evidence_at >= COALESCE(p.counted_from, '-infinity'::timestamp with time zone)) AS since) s)
   WHERE (NOT pg_visible_in_snapshot(e.xid, ( SELECT f.mark
            FROM fold f)))
   GROUP BY COALESCE(a.runbook_id, e.reported_id), e.site_id;
END;

CREATE TABLE public.rule_deliveries (
    site_id uuid NOT NULL,
    rule uuid NOT NULL,
    appliance_id uuid NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    carried_at timestamp with time zone,
    delivered_at timestamp with time zone,
    delivered_by text,
    active_at timestamp with time zone,
    matching_at timestamp with time zone,
    succeeding_at timestamp with time zone,
    matches bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    left_at timestamp with time zone,
    refused_at timestamp with time zone,
    refusal text,
    stuck_at timestamp with time zone,
    CONSTRAINT rule_deliveries_delivered_by_known CHECK ((delivered_by = ANY (ARRAY['order'::text, 'sync'::text, 'report'::text, 'execution'::text]))),
    CONSTRAINT rule_deliveries_delivered_somehow CHECK (((delivered_at IS NULL) = (delivered_by IS NULL))),
    CONSTRAINT rule_deliveries_in_order CHECK ((((active_at IS NULL) OR (delivered_at IS NOT NULL)) AND ((matching_at IS NULL) OR (active_at IS NOT NULL)) AND ((succeeding_at IS NULL) OR (matching_at IS NOT NULL)))),
    CONSTRAINT rule_deliveries_matches_counted CHECK ((matches >= 0)),
    CONSTRAINT rule_deliveries_successes_counted CHECK ((successes >= 0))
);

ALTER TABLE ONLY public.rule_deliveries FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_sets (
    hash text NOT NULL,
    rule_ids text[] NOT NULL,
    served_at timestamp with time zone NOT NULL,
    CONSTRAINT rule_sets_hash_form CHECK ((hash ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE ONLY public.rule_sets FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_syncs (
    site_id uuid NOT NULL,
    appliance_id uuid,
    hash text NOT NULL,
    synced_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.rule_syncs FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.was_served(of_site uuid, of_rule uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((EXISTS (SELECT 1 FROM public.rule_deliveries d WHERE ((d.rule = was_served.of_rule) AND (d.site_id = was_served.of_site) AND ((d.carried_at IS NOT NULL) OR (d.delivered_by = ANY (ARRAY['order'::text, 'sync'::text, 'report'::text])))))) OR (EXISTS (SELECT 1 FROM ((public.rule_syncs y JOIN public.rule_sets t ON ((t.hash = y.hash))) JOIN public.l1_rules l ON ((l.id = was_served.of_rule))) WHERE ((y.site_id = was_served.of_site) AND (l.rule_id = ANY (t.rule_ids))))));

CREATE TABLE public.api_keys (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid,
    appliance_id uuid,
    partner_id uuid,
    operator_id uuid,
    label text DEFAULT ''::text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_appliance_of_site CHECK (((appliance_id IS NULL) OR (site_id IS NOT NULL))),
    CONSTRAINT api_keys_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT api_keys_label_length CHECK ((char_length(label) <= 200)),
    CONSTRAINT api_keys_one_owner CHECK ((num_nonnulls(site_id, partner_id, operator_id) = 1))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.appliance_documents (
    site_id uuid NOT NULL,
    appliance_id uuid,
    kind text NOT NULL,
    body jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.appliance_documents FORCE ROW LEVEL SECURITY;

CREATE TABLE public.appliance_identities (
    site_id uuid NOT NULL,
    appliance_id uuid NOT NULL,
    mac text NOT NULL,
    public_key text NOT NULL,
    hostname text NOT NULL,
    booted_at timestamp with time zone,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    turns integer DEFAULT 0 NOT NULL,
    turned_at timestamp with time zone
);

ALTER TABLE ONLY public.appliance_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_head (
    id bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE public.clock_skews (
    site_id uuid NOT NULL,
    appliance_id uuid,
    skew_seconds bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.clock_skews FORCE ROW LEVEL SECURITY;

CREATE TABLE public.corrections (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT corrections_revision_positive CHECK ((revision > 0))
);

ALTER TABLE ONLY public.corrections FORCE ROW LEVEL SECURITY;

CREATE TABLE public.dropped_counts (
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
    since_successes bigint NOT NULL,
    since_verified_successes bigint NOT NULL,
    since_failures bigint NOT NULL,
    since_chaos_successes bigint NOT NULL,
    since_chaos_failures bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    claimed_successes bigint DEFAULT 0 NOT NULL,
    claimed_failures bigint DEFAULT 0 NOT NULL,
    last_evidence_at timestamp with time zone
);

ALTER TABLE ONLY public.dropped_counts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.early_resolutions (
    site_id uuid NOT NULL,
    hostname text NOT NULL,
    check_type text NOT NULL,
    resolved_at timestamp with time zone NOT NULL,
    resolution_tier text,
    resolution_action text
);

ALTER TABLE ONLY public.early_resolutions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.endorsements (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    pattern_id text NOT NULL,
    actor_id uuid NOT NULL,
    actor_name text NOT NULL,
    endorsed_at timestamp with time zone NOT NULL,
    notes text,
    CONSTRAINT endorsements_notes_length CHECK (((char_length(notes) >= 1) AND (char_length(notes) <= 2000)))
);

ALTER TABLE ONLY public.endorsements FORCE ROW LEVEL SECURITY;

CREATE TABLE public.events (
    id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    partner_id uuid,
    organization_id uuid,
    site_id uuid,
    data jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    dispatched_at timestamp with time zone,
    CONSTRAINT events_kind_known CHECK ((kind = ANY (ARRAY['candidate.eligible'::text, 'candidate.endorsed'::text, 'candidate.approved'::text, 'candidate.rejected'::text, 'rule.promoted'::text, 'rule.withdrawn'::text, 'rule.remains'::text, 'rule.quarantined'::text, 'rule.declined'::text, 'rule.returned'::text, 'rule.evidence_gone'::text, 'delivery.stuck'::text, 'plan.waiting'::text, 'loop.silent'::text, 'webhook.gone'::text, 'webhook.test'::text]))),
    CONSTRAINT events_whole_tenancy CHECK ((((site_id IS NULL) OR (organization_id IS NOT NULL)) AND ((organization_id IS NULL) OR (partner_id IS NOT NULL))))
);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_anchors (
    id uuid DEFAULT uuidv7() NOT NULL,
    organization_id uuid NOT NULL,
    state text NOT NULL,
    state_changed_at timestamp with time zone NOT NULL,
    root bytea NOT NULL,
    leaves integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    pending_since timestamp with time zone,
    submitted_at timestamp with time zone,
    proof bytea,
    block_height bigint,
    block_header bytea,
    block_time timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    problem text,
    CONSTRAINT evidence_anchors_header_length CHECK ((octet_length(block_header) = 80)),
    CONSTRAINT evidence_anchors_leaves_positive CHECK ((leaves > 0)),
    CONSTRAINT evidence_anchors_proof_length CHECK ((octet_length(proof) <= 1048576)),
    CONSTRAINT evidence_anchors_proven CHECK ((((state <> ALL (ARRAY['anchored'::text, 'verified'::text])) OR ((proof IS NOT NULL) AND (block_height IS NOT NULL))) AND ((state <> 'verified'::text) OR ((block_header IS NOT NULL) AND (block_time IS NOT NULL))) AND ((state <> 'pending'::text) OR (pending_since IS NOT NULL)))),
    CONSTRAINT evidence_anchors_root_length CHECK ((octet_length(root) = 32)),
    CONSTRAINT evidence_anchors_state_known CHECK ((state = ANY (ARRAY['local'::text, 'pending'::text, 'anchored'::text, 'verified'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.evidence_anchors FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_bundles (
    site_id uuid NOT NULL,
    "position" bigint NOT NULL,
    bundle_id text NOT NULL,
    appliance_id uuid,
    public_key text NOT NULL,
    signature text NOT NULL,
    signed_data bytea NOT NULL,
    bundle_hash text NOT NULL,
    previous_hash text NOT NULL,
    chain_hash text NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    checks integer NOT NULL,
    results jsonb NOT NULL,
    waited_since timestamp with time zone,
    CONSTRAINT evidence_bundles_bundle_hash_form CHECK ((bundle_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_bundles_bundle_id_form CHECK ((bundle_id ~ '^[A-Za-z0-9._:-]{1,200}$'::text)),
    CONSTRAINT evidence_bundles_chain_hash_form CHECK ((chain_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_bundles_previous_hash_form CHECK ((previous_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_bundles_public_key_form CHECK ((public_key ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_bundles_signature_form CHECK ((signature ~ '^[0-9a-f]{128}$'::text)),
    CONSTRAINT evidence_bundles_size CHECK ((octet_length(signed_data) <= 4194304))
);

ALTER TABLE ONLY public.evidence_bundles FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_drops (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    public_key text,
    reason text NOT NULL,
    day date NOT NULL,
    bundles bigint NOT NULL,
    size_bytes bigint NOT NULL,
    first_checked_at timestamp with time zone NOT NULL,
    last_checked_at timestamp with time zone NOT NULL,
    dropped_at timestamp with time zone NOT NULL,
    CONSTRAINT evidence_drops_reason_known CHECK ((reason = ANY (ARRAY['room'::text, 'refused'::text, 'unverified'::text])))
);

ALTER TABLE ONLY public.evidence_drops FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_heads (
    site_id uuid NOT NULL,
    "position" bigint NOT NULL,
    chain_hash text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT evidence_heads_position_positive CHECK (("position" > 0))
);

ALTER TABLE ONLY public.evidence_heads FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_keys (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    appliance_id uuid,
    public_key text NOT NULL,
    state text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by text,
    CONSTRAINT evidence_keys_active_is_someones CHECK (((appliance_id IS NOT NULL) OR (state = ANY (ARRAY['waiting'::text, 'refused'::text])))),
    CONSTRAINT evidence_keys_decided_somehow CHECK ((((decided_at IS NULL) = (state = 'waiting'::text)) AND ((decided_by IS NULL) = (state = 'waiting'::text)))),
    CONSTRAINT evidence_keys_public_key_form CHECK ((public_key ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_keys_state_known CHECK ((state = ANY (ARRAY['active'::text, 'waiting'::text, 'replaced'::text, 'refused'::text])))
);

ALTER TABLE ONLY public.evidence_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_leaves (
    site_id uuid NOT NULL,
    "position" bigint NOT NULL,
    anchor_id uuid NOT NULL,
    path text[] NOT NULL
);

ALTER TABLE ONLY public.evidence_leaves FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_progress (
    site_id uuid NOT NULL,
    batched_position bigint DEFAULT 0 NOT NULL,
    verified_position bigint DEFAULT 0 NOT NULL,
    verified_hash text DEFAULT repeat('0'::text, 64) NOT NULL,
    pass_began_at timestamp with time zone,
    verified_at timestamp with time zone,
    broken_position bigint,
    broken_reason text,
    broken_at timestamp with time zone,
    CONSTRAINT evidence_progress_broken_whole CHECK ((num_nonnulls(broken_position, broken_reason, broken_at) = ANY (ARRAY[0, 3])))
);

ALTER TABLE ONLY public.evidence_progress FORCE ROW LEVEL SECURITY;

CREATE TABLE public.evidence_waiting (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    public_key text,
    signature text NOT NULL,
    signed_data bytea NOT NULL,
    size_bytes integer NOT NULL,
    bundle_hash text NOT NULL,
    bundle_id text,
    checked_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    checks integer NOT NULL,
    results jsonb NOT NULL,
    CONSTRAINT evidence_waiting_bundle_hash_form CHECK ((bundle_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_waiting_bundle_id_form CHECK ((bundle_id ~ '^[A-Za-z0-9._:-]{1,200}$'::text)),
    CONSTRAINT evidence_waiting_public_key_form CHECK ((public_key ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT evidence_waiting_signature_form CHECK ((signature ~ '^[0-9a-f]{128}$'::text)),
    CONSTRAINT evidence_waiting_size CHECK ((octet_length(signed_data) <= 4194304))
);

ALTER TABLE ONLY public.evidence_waiting FORCE ROW LEVEL SECURITY;

CREATE TABLE public.execution_keys (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.execution_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.heal_proofs (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    revision integer NOT NULL,
    source text NOT NULL,
    reference text NOT NULL,
    passed boolean NOT NULL,
    said text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    proven_at timestamp with time zone NOT NULL,
    CONSTRAINT heal_proofs_said_known CHECK ((said = ANY (ARRAY['success'::text, 'claimed_success'::text]))),
    CONSTRAINT heal_proofs_source_known CHECK ((source = ANY (ARRAY['scan'::text, 'incident'::text])))
);

ALTER TABLE ONLY public.heal_proofs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.idempotency_keys (
    partner_id uuid NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_key_length CHECK (((char_length(key) >= 1) AND (char_length(key) <= 200)))
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.incidents (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    hostname text NOT NULL,
    incident_type text NOT NULL,
    check_type text NOT NULL,
    severity text NOT NULL,
    details jsonb NOT NULL,
    pre_state jsonb NOT NULL,
    hipaa_controls text[] NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    last_reported_at timestamp with time zone NOT NULL,
    reports bigint DEFAULT 1 NOT NULL,
    resolved_at timestamp with time zone,
    resolution_tier text,
    resolution_action text,
    CONSTRAINT incidents_status_known CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text])))
);

ALTER TABLE ONLY public.incidents FORCE ROW LEVEL SECURITY;

CREATE TABLE public.level_days (
    day date NOT NULL,
    level text NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    dropped_successes bigint DEFAULT 0 NOT NULL,
    dropped_failures bigint DEFAULT 0 NOT NULL,
    dropped_not_attempted bigint DEFAULT 0 NOT NULL,
    claimed_successes bigint DEFAULT 0 NOT NULL,
    claimed_failures bigint DEFAULT 0 NOT NULL,
    dropped_claimed_successes bigint DEFAULT 0 NOT NULL,
    dropped_claimed_failures bigint DEFAULT 0 NOT NULL,
    CONSTRAINT level_days_level_known CHECK ((level = ANY (ARRAY['L1'::text, 'L2'::text, 'L3'::text])))
);

ALTER TABLE ONLY public.level_days FORCE ROW LEVEL SECURITY;

CREATE TABLE public.log_lines (
    site_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    logged_at timestamp with time zone,
    hostname text NOT NULL,
    unit text NOT NULL,
    priority smallint,
    message text NOT NULL
)
PARTITION BY RANGE (received_at);

ALTER TABLE ONLY public.log_lines FORCE ROW LEVEL SECURITY;

CREATE TABLE public.loop_leases (
    name text NOT NULL,
    holder uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    turn_started_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.loop_leases FORCE ROW LEVEL SECURITY;

CREATE TABLE public.loop_runs (
    id uuid DEFAULT uuidv7() NOT NULL,
    turn_id uuid NOT NULL,
    holder uuid NOT NULL,
    step text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    rows_in bigint DEFAULT 0 NOT NULL,
    rows_out bigint DEFAULT 0 NOT NULL,
    error text,
    counts json
);

ALTER TABLE ONLY public.loop_runs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.one_time_links (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT one_time_links_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT one_time_links_kind_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'sign_in'::text])))
);

ALTER TABLE ONLY public.one_time_links FORCE ROW LEVEL SECURITY;

CREATE TABLE public.operators (
    id uuid DEFAULT uuidv7() NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT operators_email_length CHECK ((char_length(email) <= 254)),
    CONSTRAINT operators_role_known CHECK ((role = ANY (ARRAY['admin'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.operators FORCE ROW LEVEL SECURITY;

CREATE TABLE public.orders (
    id text NOT NULL,
    site_id uuid NOT NULL,
    appliance_id uuid NOT NULL,
    kind text NOT NULL,
    order_type text NOT NULL,
    object_key text DEFAULT ''::text NOT NULL,
    rule uuid,
    priority integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    nonce text NOT NULL,
    signed_payload text NOT NULL,
    signature text NOT NULL,
    issued_by text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    handed_out_at timestamp with time zone,
    acknowledged_at timestamp with time zone,
    finished_at timestamp with time zone,
    reported_at timestamp with time zone,
    success boolean,
    result jsonb,
    error_message text,
    outcome text,
    standing text,
    proof_source text,
    proof_reference text,
    proof_seen_at timestamp with time zone,
    CONSTRAINT orders_acknowledged_when_said CHECK (
CASE state
    WHEN 'pending'::text THEN (acknowledged_at IS NULL)
    WHEN 'acknowledged'::text THEN (acknowledged_at IS NOT NULL)
    ELSE true
END),
    CONSTRAINT orders_deadline_ahead CHECK ((expires_at > created_at)),
    CONSTRAINT orders_expired_past_deadline CHECK (((state <> 'expired'::text) OR (finished_at >= expires_at))),
    CONSTRAINT orders_finished_when_final CHECK (((state = ANY (ARRAY['pending'::text, 'acknowledged'::text])) = (finished_at IS NULL))),
    CONSTRAINT orders_id_length CHECK (((char_length(id) >= 1) AND (char_length(id) <= 300))),
    CONSTRAINT orders_kind_known CHECK ((kind = ANY (ARRAY['healing'::text, 'sync_promoted_rule'::text, 'sync_rules'::text, 'force_checkin'::text, 'run_drift'::text, 'view_logs'::text, 'diagnostic'::text, 'restart_agent'::text, 'update_credentials'::text, 'custom'::text]))),
    CONSTRAINT orders_kind_names_type CHECK ((((kind = 'custom'::text) AND (order_type <> ALL (ARRAY['healing'::text, 'sync_promoted_rule'::text, 'sync_rules'::text, 'force_checkin'::text, 'run_drift'::text, 'view_logs'::text, 'diagnostic'::text, 'restart_agent'::text, 'update_credentials'::text]))) OR ((kind <> 'custom'::text) AND (order_type = kind)))),
    CONSTRAINT orders_nonce_form CHECK ((nonce ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT orders_object_key_length CHECK ((char_length(object_key) <= 500)),
    CONSTRAINT orders_order_type_form CHECK ((order_type ~ '^[A-Za-z][A-Za-z0-9_.-]{0,99}$'::text)),
    CONSTRAINT orders_outcome_known CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'not_attempted'::text, 'unknown'::text]))),
    CONSTRAINT orders_payload_is_the_order CHECK ((((signed_payload)::jsonb @> jsonb_build_object('order_id', id, 'order_type', order_type, 'nonce', nonce)) AND (jsonb_typeof(((signed_payload)::jsonb -> 'parameters'::text)) = 'object'::text))),
    CONSTRAINT orders_proof_source_known CHECK ((proof_source = ANY (ARRAY['scan'::text, 'incident'::text]))),
    CONSTRAINT orders_proof_whole CHECK (((num_nulls(proof_source, proof_reference, proof_seen_at) = 3) OR ((num_nulls(proof_source, proof_reference, proof_seen_at) = 0) AND (kind = 'healing'::text) AND (standing = 'verified'::text)))),
    CONSTRAINT orders_reported_when_run CHECK ((
CASE state
    WHEN 'completed'::text THEN ((reported_at IS NOT NULL) AND ((outcome = ANY (ARRAY['success'::text, 'unknown'::text])) OR (standing = 'verified'::text)))
    WHEN 'failed'::text THEN ((reported_at IS NOT NULL) AND ((outcome = ANY (ARRAY['failure'::text, 'not_attempted'::text])) OR (standing = 'verified'::text)))
    WHEN 'pending'::text THEN (reported_at IS NULL)
    WHEN 'acknowledged'::text THEN (reported_at IS NULL)
    ELSE true
END AND ((reported_at IS NULL) = (success IS NULL)) AND ((reported_at IS NULL) = (outcome IS NULL)))),
    CONSTRAINT orders_rule_of_sync CHECK (((kind = 'sync_promoted_rule'::text) = (rule IS NOT NULL))),
    CONSTRAINT orders_signature_form CHECK ((signature ~ '^[0-9a-f]{128}$'::text)),
    CONSTRAINT orders_standing_known CHECK ((standing = ANY (ARRAY['observed'::text, 'claimed'::text, 'verified'::text]))),
    CONSTRAINT orders_standing_of_outcome CHECK (((outcome IS NULL) = (standing IS NULL))),
    CONSTRAINT orders_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'acknowledged'::text, 'completed'::text, 'failed'::text, 'expired'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.orders FORCE ROW LEVEL SECURITY;

CREATE TABLE public.partners (
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT partners_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

ALTER TABLE ONLY public.partners FORCE ROW LEVEL SECURITY;

CREATE TABLE public.pattern_reports (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    appliance_id uuid,
    kind text NOT NULL,
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
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT pattern_reports_kind_known CHECK ((kind = ANY (ARRAY['heal'::text, 'stats'::text])))
);

ALTER TABLE ONLY public.pattern_reports FORCE ROW LEVEL SECURITY;

CREATE TABLE public.patterns (
    id text NOT NULL,
    site_id uuid NOT NULL,
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    hostname text NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    verified_successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    occurrences bigint GENERATED ALWAYS AS ((successes + failures)) STORED,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    state text DEFAULT 'observed'::text NOT NULL,
    state_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone,
    blocked boolean DEFAULT false NOT NULL,
    claimed_successes bigint DEFAULT 0 NOT NULL,
    claimed_failures bigint DEFAULT 0 NOT NULL,
    last_evidence_at timestamp with time zone,
    CONSTRAINT patterns_state_known CHECK ((state = ANY (ARRAY['observed'::text, 'eligible'::text, 'withdrawn'::text, 'approved'::text, 'rejected'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.patterns FORCE ROW LEVEL SECURITY;

CREATE TABLE public.plan_approvals (
    plan_id uuid NOT NULL,
    site_id uuid NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by_kind text,
    decided_by_id uuid,
    decided_by text,
    notes text,
    order_id text,
    CONSTRAINT plan_approvals_approved_orders CHECK (((state = 'approved'::text) = (order_id IS NOT NULL))),
    CONSTRAINT plan_approvals_deadline_ahead CHECK ((deadline_at > created_at)),
    CONSTRAINT plan_approvals_decided_by_somebody CHECK (((state = ANY (ARRAY['approved'::text, 'rejected'::text])) = (decided_by IS NOT NULL))),
    CONSTRAINT plan_approvals_decided_once CHECK (((state = 'waiting'::text) = (decided_at IS NULL))),
    CONSTRAINT plan_approvals_in_time CHECK (
CASE state
    WHEN 'expired'::text THEN (decided_at >= deadline_at)
    WHEN 'approved'::text THEN (decided_at < deadline_at)
    ELSE true
END),
    CONSTRAINT plan_approvals_notes_length CHECK ((char_length(notes) <= 2000)),
    CONSTRAINT plan_approvals_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.plan_approvals FORCE ROW LEVEL SECURITY;

CREATE TABLE public.plan_budgets (
    site_id uuid NOT NULL,
    day date NOT NULL,
    calls integer NOT NULL,
    micro_usd bigint NOT NULL,
    CONSTRAINT plan_budgets_calls_counted CHECK ((calls >= 0)),
    CONSTRAINT plan_budgets_money_counted CHECK ((micro_usd >= 0))
);

ALTER TABLE ONLY public.plan_budgets FORCE ROW LEVEL SECURITY;

CREATE TABLE public.plans (
    id uuid DEFAULT uuidv7() NOT NULL,
    site_id uuid NOT NULL,
    appliance_id uuid,
    incident_id text NOT NULL,
    incident_type text NOT NULL,
    hostname text NOT NULL,
    severity text NOT NULL,
    platform text,
    input jsonb NOT NULL,
    digest text NOT NULL,
    mode text NOT NULL,
    agent_version text NOT NULL,
    state text NOT NULL,
    planner text,
    basis text,
    model text,
    prompt_version text NOT NULL,
    calls integer DEFAULT 0 NOT NULL,
    input_tokens bigint,
    output_tokens bigint,
    cost_micro_usd bigint DEFAULT 0 NOT NULL,
    latency_ms integer,
    proposed text,
    runbook_id text,
    confidence double precision,
    reasoning text DEFAULT ''::text NOT NULL,
    told text,
    reason text,
    answer jsonb,
    repeats integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    execution_id text,
    executed_at timestamp with time zone,
    outcome text,
    verified boolean,
    CONSTRAINT plans_calls_counted CHECK ((calls >= 0)),
    CONSTRAINT plans_confidence_range CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT plans_cost_counted CHECK ((cost_micro_usd >= 0)),
    CONSTRAINT plans_decided_whole CHECK ((num_nonnulls(planner, told, answer, decided_at) =
CASE state
    WHEN 'decided'::text THEN 4
    ELSE 0
END)),
    CONSTRAINT plans_digest_form CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT plans_disabled_escalate CHECK (((mode <> 'disabled'::text) OR (told IS NULL) OR (told = 'escalate'::text))),
    CONSTRAINT plans_execution_whole CHECK ((num_nonnulls(execution_id, executed_at, outcome) = ANY (ARRAY[0, 3]))),
    CONSTRAINT plans_hostname_length CHECK ((char_length(hostname) <= 200)),
    CONSTRAINT plans_incident_id_length CHECK ((char_length(incident_id) <= 1000)),
    CONSTRAINT plans_incident_type_length CHECK ((char_length(incident_type) <= 200)),
    CONSTRAINT plans_mode_known CHECK ((mode = ANY (ARRAY['auto'::text, 'manual'::text, 'disabled'::text]))),
    CONSTRAINT plans_outcome_known CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'not_attempted'::text, 'claimed_success'::text, 'claimed_failure'::text]))),
    CONSTRAINT plans_planner_known CHECK ((planner = ANY (ARRAY['rule'::text, 'site_history'::text, 'organization_history'::text, 'platform_history'::text, 'model'::text, 'cache'::text, 'none'::text]))),
    CONSTRAINT plans_platform_length CHECK ((char_length(platform) <= 200)),
    CONSTRAINT plans_proposed_length CHECK ((char_length(proposed) <= 200)),
    CONSTRAINT plans_reason_unless_executed CHECK (((told IS NULL) OR ((told = 'execute'::text) = (reason IS NULL)))),
    CONSTRAINT plans_runbook_unless_escalated CHECK (((told IS NULL) OR (told = 'escalate'::text) OR (runbook_id IS NOT NULL))),
    CONSTRAINT plans_severity_length CHECK ((char_length(severity) <= 200)),
    CONSTRAINT plans_state_known CHECK ((state = ANY (ARRAY['planning'::text, 'decided'::text]))),
    CONSTRAINT plans_told_known CHECK ((told = ANY (ARRAY['execute'::text, 'approval'::text, 'escalate'::text])))
);

ALTER TABLE ONLY public.plans FORCE ROW LEVEL SECURITY;

CREATE TABLE public.platform_backlog (
    single boolean DEFAULT true NOT NULL,
    waiting bigint NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    asked bigint DEFAULT 0 NOT NULL,
    asked_since timestamp with time zone,
    CONSTRAINT platform_backlog_one CHECK (single)
);

ALTER TABLE ONLY public.platform_backlog FORCE ROW LEVEL SECURITY;

CREATE TABLE public.policies (
    version bigint NOT NULL,
    "values" jsonb NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT policies_organizations_floor CHECK (((("values" ->> 'platform_min_organizations'::text))::integer >= 3)),
    CONSTRAINT policies_reason_given CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 2000)))
);

ALTER TABLE ONLY public.policies FORCE ROW LEVEL SECURITY;

ALTER TABLE public.policies ALTER COLUMN version ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.policies_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.promotions (
    id uuid DEFAULT uuidv7() NOT NULL,
    tier text NOT NULL,
    decision text NOT NULL,
    site_id uuid,
    pattern_id text,
    incident_type text NOT NULL,
    runbook_id text NOT NULL,
    rule uuid,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    custom_name text,
    notes text,
    deploy_immediately boolean NOT NULL,
    evidence jsonb NOT NULL,
    gates jsonb NOT NULL,
    CONSTRAINT promotions_custom_name_length CHECK (((char_length(custom_name) >= 1) AND (char_length(custom_name) <= 200))),
    CONSTRAINT promotions_decision_known CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT promotions_notes_length CHECK (((char_length(notes) >= 1) AND (char_length(notes) <= 2000))),
    CONSTRAINT promotions_of_a_pattern CHECK ((((tier = 'platform'::text) = (pattern_id IS NULL)) AND ((pattern_id IS NULL) = (site_id IS NULL)))),
    CONSTRAINT promotions_reason_when_rejected CHECK (((decision = 'approved'::text) OR (notes IS NOT NULL))),
    CONSTRAINT promotions_rule_when_approved CHECK (((decision = 'approved'::text) = (rule IS NOT NULL))),
    CONSTRAINT promotions_tier_known CHECK ((tier = ANY (ARRAY['platform'::text, 'client'::text, 'partner'::text, 'operator'::text])))
);

ALTER TABLE ONLY public.promotions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_alarms (
    id uuid DEFAULT uuidv7() NOT NULL,
    rule uuid NOT NULL,
    kind text NOT NULL,
    partner_id uuid,
    organization_id uuid,
    site_id uuid,
    reason text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    answered_by text,
    answered_at timestamp with time zone,
    answer text,
    over_at timestamp with time zone,
    CONSTRAINT rule_alarms_answer_length CHECK (((char_length(answer) >= 1) AND (char_length(answer) <= 2000))),
    CONSTRAINT rule_alarms_answered_whole CHECK ((((answered_at IS NULL) = (answered_by IS NULL)) AND ((answered_at IS NULL) = (answer IS NULL)))),
    CONSTRAINT rule_alarms_kind_known CHECK ((kind = ANY (ARRAY['withdrawn'::text, 'quarantined'::text, 'evidence_gone'::text]))),
    CONSTRAINT rule_alarms_reason_length CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 2000))),
    CONSTRAINT rule_alarms_whole_tenancy CHECK ((((site_id IS NULL) OR (organization_id IS NOT NULL)) AND ((organization_id IS NULL) OR (partner_id IS NOT NULL))))
);

ALTER TABLE ONLY public.rule_alarms FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_attempts (
    site_id uuid NOT NULL,
    execution_id text NOT NULL,
    rule uuid NOT NULL,
    seq bigint NOT NULL,
    incident_type text NOT NULL,
    reported_id text NOT NULL,
    hostname text NOT NULL,
    success boolean NOT NULL,
    chaos boolean NOT NULL,
    error_category text,
    began_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT rule_attempts_seq_positive CHECK ((seq > 0))
);

ALTER TABLE ONLY public.rule_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_counts (
    site_id uuid NOT NULL,
    incident_type text NOT NULL,
    reported_id text NOT NULL,
    rule uuid,
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    not_attempted bigint DEFAULT 0 NOT NULL,
    chaos_successes bigint DEFAULT 0 NOT NULL,
    chaos_failures bigint DEFAULT 0 NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.rule_counts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_health (
    rule uuid NOT NULL,
    restarted_at timestamp with time zone NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    folded_seq bigint DEFAULT 0 NOT NULL,
    numbers double precision[] DEFAULT '{0,0,0,0,0}'::double precision[] NOT NULL,
    value double precision DEFAULT 0 NOT NULL,
    attempts bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    base_seq bigint DEFAULT 0 NOT NULL,
    base_numbers double precision[] DEFAULT '{0,0,0,0,0}'::double precision[] NOT NULL,
    base_attempts bigint DEFAULT 0 NOT NULL,
    base_successes bigint DEFAULT 0 NOT NULL,
    replay boolean DEFAULT false NOT NULL,
    CONSTRAINT rule_health_base_five CHECK ((cardinality(base_numbers) = 5)),
    CONSTRAINT rule_health_numbers_five CHECK ((cardinality(numbers) = 5))
);

ALTER TABLE ONLY public.rule_health FORCE ROW LEVEL SECURITY;

CREATE TABLE public.rule_remains (
    rule uuid NOT NULL,
    site_id uuid NOT NULL,
    appliance_id uuid,
    first_received_at timestamp with time zone,
    last_received_at timestamp with time zone,
    last_began_at timestamp with time zone,
    removed_at timestamp with time zone,
    removed_by text,
    told_at timestamp with time zone,
    CONSTRAINT rule_remains_ran CHECK ((num_nulls(first_received_at, last_received_at, last_began_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT rule_remains_removed_by_somebody CHECK (((removed_at IS NULL) = (removed_by IS NULL)))
);

ALTER TABLE ONLY public.rule_remains FORCE ROW LEVEL SECURITY;

CREATE TABLE public.service_failures (
    service text NOT NULL,
    since timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    failures bigint NOT NULL,
    reason text NOT NULL,
    CONSTRAINT service_failures_counted CHECK ((failures > 0)),
    CONSTRAINT service_failures_reason_length CHECK ((char_length(reason) <= 400)),
    CONSTRAINT service_failures_service_known CHECK ((service = ANY (ARRAY['mail'::text, 'planner'::text])))
);

ALTER TABLE ONLY public.service_failures FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sessions (
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    digest bytea NOT NULL,
    address text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT sessions_user_agent_length CHECK ((char_length(user_agent) <= 200))
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.set_aside_ids (
    reported_id text NOT NULL,
    level text NOT NULL,
    executions bigint NOT NULL,
    comes_back_at bigint NOT NULL,
    reason text NOT NULL,
    set_aside_by text NOT NULL,
    set_aside_at timestamp with time zone NOT NULL,
    CONSTRAINT set_aside_ids_comes_back_later CHECK ((comes_back_at > executions)),
    CONSTRAINT set_aside_ids_executions_counted CHECK ((executions >= 0)),
    CONSTRAINT set_aside_ids_level_known CHECK ((level = ANY (ARRAY['L1'::text, 'L2'::text]))),
    CONSTRAINT set_aside_ids_reason_given CHECK ((reason <> ''::text))
);

ALTER TABLE ONLY public.set_aside_ids FORCE ROW LEVEL SECURITY;

CREATE TABLE public.shared_macs (
    site_id uuid NOT NULL,
    mac text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    noted_by text NOT NULL
);

ALTER TABLE ONLY public.shared_macs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sign_in_attempts (
    email_digest bytea NOT NULL,
    failures integer NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_attempts_digest_length CHECK ((octet_length(email_digest) = 32))
);

ALTER TABLE ONLY public.sign_in_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.signing_keys (
    id uuid DEFAULT uuidv7() NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT signing_keys_length CHECK ((octet_length(private_key) = ANY (ARRAY[32, 60])))
);

ALTER TABLE ONLY public.signing_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.site_rows (
    site_id uuid NOT NULL,
    kind text NOT NULL,
    counted bigint NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    CONSTRAINT site_rows_kind_known CHECK ((kind = ANY (ARRAY['hosts'::text, 'incident_types'::text, 'patterns'::text, 'open_incidents'::text])))
);

ALTER TABLE ONLY public.site_rows FORCE ROW LEVEL SECURITY;

CREATE TABLE public.site_usage (
    site_id uuid NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    bytes bigint NOT NULL,
    items bigint NOT NULL,
    refused bigint NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT site_usage_kind_known CHECK ((kind = ANY (ARRAY['executions'::text, 'logs'::text, 'evidence'::text, 'reports'::text])))
);

ALTER TABLE ONLY public.site_usage FORCE ROW LEVEL SECURITY;

CREATE VIEW public.unheard_attempts WITH (security_invoker='true') AS
 SELECT x.rule,
    s.id AS site_id,
    max(COALESCE(x.ended_at, 'infinity'::timestamp with time zone)) AS until
   FROM ((public.rule_exclusions x
     JOIN public.organizations o ON (((o.id = x.organization_id) OR ((x.organization_id IS NULL) AND (o.partner_id = x.partner_id)))))
     JOIN public.sites s ON ((s.organization_id = o.id)))
  GROUP BY x.rule, s.id;

CREATE TABLE public.users (
    id uuid DEFAULT uuidv7() NOT NULL,
    email text NOT NULL,
    operator_id uuid,
    partner_id uuid,
    organization_id uuid,
    role text,
    password_hash text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT users_email_length CHECK (((char_length(email) >= 3) AND (char_length(email) <= 254))),
    CONSTRAINT users_one_home CHECK ((num_nonnulls(operator_id, partner_id, organization_id) = 1)),
    CONSTRAINT users_role_known CHECK (
CASE
    WHEN (operator_id IS NOT NULL) THEN ((role IS NULL) AND (disabled_at IS NULL))
    WHEN (partner_id IS NOT NULL) THEN (COALESCE(role, ''::text) = ANY (ARRAY['owner'::text, 'technician'::text, 'viewer'::text]))
    ELSE (COALESCE(role, ''::text) = ANY (ARRAY['admin'::text, 'viewer'::text]))
END)
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_deliveries (
    id uuid DEFAULT uuidv7() NOT NULL,
    event_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    partner_id uuid,
    state text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    leased_by uuid,
    leased_until timestamp with time zone,
    last_status integer,
    last_error text,
    last_attempt_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_deliveries_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.webhook_deliveries FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_endpoints (
    id uuid DEFAULT uuidv7() NOT NULL,
    partner_id uuid,
    url text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    kinds text[] NOT NULL,
    secret bytea NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    gone_at timestamp with time zone,
    not_before timestamp with time zone,
    overlap_until timestamp with time zone,
    CONSTRAINT webhook_endpoints_kinds_given CHECK (((cardinality(kinds) >= 1) AND (cardinality(kinds) <= 20))),
    CONSTRAINT webhook_endpoints_label_length CHECK ((char_length(label) <= 200)),
    CONSTRAINT webhook_endpoints_secret_length CHECK (((octet_length(secret) >= 24) AND (octet_length(secret) <= 64))),
    CONSTRAINT webhook_endpoints_url_length CHECK (((char_length(url) >= 1) AND (char_length(url) <= 2048)))
);

ALTER TABLE ONLY public.webhook_endpoints FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_old_secrets (
    id uuid DEFAULT uuidv7() NOT NULL,
    endpoint_id uuid NOT NULL,
    partner_id uuid,
    secret bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_old_secrets_length CHECK (((octet_length(secret) >= 24) AND (octet_length(secret) <= 64)))
);

ALTER TABLE ONLY public.webhook_old_secrets FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

CREATE FUNCTION public.tenant_spread(of_type text, of_runbook text) RETURNS TABLE(largest_organization bigint, partners bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (COALESCE(max(o.occurrences), (0)::numeric))::bigint AS "coalesce",
     count(DISTINCT o.partner_id) FILTER (WHERE (o.occurrences > (0)::numeric)) AS count
    FROM ( SELECT g.partner_id,
             sum((t.since_successes + t.since_failures)) AS occurrences
            FROM ((public.platform_pattern_sites t
              JOIN public.sites s ON ((s.id = t.site_id)))
              JOIN public.organizations g ON ((g.id = s.organization_id)))
           WHERE ((t.incident_type = tenant_spread.of_type) AND (t.runbook_id = tenant_spread.of_runbook) AND g.contributes)
           GROUP BY g.id) o;
END;

ALTER TABLE ONLY public.aliases
    ADD CONSTRAINT aliases_pkey PRIMARY KEY (alias);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.appliance_documents
    ADD CONSTRAINT appliance_documents_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id, kind);

ALTER TABLE ONLY public.appliance_identities
    ADD CONSTRAINT appliance_identities_pkey PRIMARY KEY (appliance_id, mac, public_key, hostname);

ALTER TABLE ONLY public.appliances
    ADD CONSTRAINT appliances_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.appliances
    ADD CONSTRAINT appliances_site_id_key UNIQUE (site_id, id);

ALTER TABLE ONLY public.appliances
    ADD CONSTRAINT appliances_wire_id_key UNIQUE (wire_id);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.clock_skews
    ADD CONSTRAINT clock_skews_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id);

ALTER TABLE ONLY public.corrections
    ADD CONSTRAINT corrections_pkey PRIMARY KEY (site_id, execution_id, revision);

ALTER TABLE ONLY public.dropped_counts
    ADD CONSTRAINT dropped_counts_pkey PRIMARY KEY (site_id, level, incident_type, reported_id, hostname);

ALTER TABLE ONLY public.early_resolutions
    ADD CONSTRAINT early_resolutions_pkey PRIMARY KEY (site_id, hostname, check_type);

ALTER TABLE ONLY public.endorsements
    ADD CONSTRAINT endorsements_pattern_key UNIQUE (pattern_id);

ALTER TABLE ONLY public.endorsements
    ADD CONSTRAINT endorsements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence_anchors
    ADD CONSTRAINT evidence_anchors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence_bundles
    ADD CONSTRAINT evidence_bundles_bundle_id_key UNIQUE (site_id, bundle_id);

ALTER TABLE ONLY public.evidence_bundles
    ADD CONSTRAINT evidence_bundles_content_key UNIQUE (site_id, bundle_hash, public_key);

ALTER TABLE ONLY public.evidence_bundles
    ADD CONSTRAINT evidence_bundles_pkey PRIMARY KEY (site_id, "position");

ALTER TABLE ONLY public.evidence_drops
    ADD CONSTRAINT evidence_drops_key UNIQUE NULLS NOT DISTINCT (site_id, public_key, reason, day);

ALTER TABLE ONLY public.evidence_drops
    ADD CONSTRAINT evidence_drops_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence_heads
    ADD CONSTRAINT evidence_heads_pkey PRIMARY KEY (site_id);

ALTER TABLE ONLY public.evidence_keys
    ADD CONSTRAINT evidence_keys_key UNIQUE (appliance_id, public_key);

ALTER TABLE ONLY public.evidence_keys
    ADD CONSTRAINT evidence_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.evidence_leaves
    ADD CONSTRAINT evidence_leaves_pkey PRIMARY KEY (site_id, "position");

ALTER TABLE ONLY public.evidence_progress
    ADD CONSTRAINT evidence_progress_pkey PRIMARY KEY (site_id);

ALTER TABLE ONLY public.evidence_waiting
    ADD CONSTRAINT evidence_waiting_content_key UNIQUE NULLS NOT DISTINCT (site_id, bundle_hash, public_key);

ALTER TABLE ONLY public.evidence_waiting
    ADD CONSTRAINT evidence_waiting_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.execution_keys
    ADD CONSTRAINT execution_keys_pkey PRIMARY KEY (site_id, execution_id);

ALTER TABLE ONLY public.fold_marks
    ADD CONSTRAINT fold_marks_pkey PRIMARY KEY (fold);

ALTER TABLE ONLY public.heal_proofs
    ADD CONSTRAINT heal_proofs_pkey PRIMARY KEY (site_id, execution_id, revision);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (partner_id, key);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_key UNIQUE (site_id, hostname, check_type);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.l1_rules
    ADD CONSTRAINT l1_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.level_days
    ADD CONSTRAINT level_days_pkey PRIMARY KEY (day, level);

ALTER TABLE ONLY public.loop_leases
    ADD CONSTRAINT loop_leases_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.loop_runs
    ADD CONSTRAINT loop_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_nonce_key UNIQUE (nonce);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.partners
    ADD CONSTRAINT partners_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pattern_reports
    ADD CONSTRAINT pattern_reports_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id, kind, signature);

ALTER TABLE ONLY public.pattern_reports
    ADD CONSTRAINT pattern_reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.patterns
    ADD CONSTRAINT patterns_key UNIQUE (site_id, incident_type, runbook_id, hostname);

ALTER TABLE ONLY public.patterns
    ADD CONSTRAINT patterns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plan_approvals
    ADD CONSTRAINT plan_approvals_order_key UNIQUE (order_id);

ALTER TABLE ONLY public.plan_approvals
    ADD CONSTRAINT plan_approvals_pkey PRIMARY KEY (plan_id);

ALTER TABLE ONLY public.plan_budgets
    ADD CONSTRAINT plan_budgets_pkey PRIMARY KEY (site_id, day);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_site_key UNIQUE (site_id, id);

ALTER TABLE ONLY public.platform_approvals
    ADD CONSTRAINT platform_approvals_pkey PRIMARY KEY (incident_type, runbook_id);

ALTER TABLE ONLY public.platform_backlog
    ADD CONSTRAINT platform_backlog_pkey PRIMARY KEY (single);

ALTER TABLE ONLY public.platform_pattern_sites
    ADD CONSTRAINT platform_pattern_sites_pkey PRIMARY KEY (incident_type, runbook_id, site_id);

ALTER TABLE ONLY public.platform_patterns
    ADD CONSTRAINT platform_patterns_id_key UNIQUE (id);

ALTER TABLE ONLY public.platform_patterns
    ADD CONSTRAINT platform_patterns_pkey PRIMARY KEY (incident_type, runbook_id);

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_alarms
    ADD CONSTRAINT rule_alarms_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_attempts
    ADD CONSTRAINT rule_attempts_order UNIQUE (rule, seq);

ALTER TABLE ONLY public.rule_attempts
    ADD CONSTRAINT rule_attempts_pkey PRIMARY KEY (site_id, execution_id);

ALTER TABLE ONLY public.rule_counts
    ADD CONSTRAINT rule_counts_key UNIQUE NULLS NOT DISTINCT (site_id, incident_type, reported_id, rule);

ALTER TABLE ONLY public.rule_deliveries
    ADD CONSTRAINT rule_deliveries_pkey PRIMARY KEY (rule, appliance_id);

ALTER TABLE ONLY public.rule_exclusions
    ADD CONSTRAINT rule_exclusions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_health
    ADD CONSTRAINT rule_health_pkey PRIMARY KEY (rule);

ALTER TABLE ONLY public.rule_remains
    ADD CONSTRAINT rule_remains_place_key UNIQUE NULLS NOT DISTINCT (rule, site_id, appliance_id);

ALTER TABLE ONLY public.rule_sets
    ADD CONSTRAINT rule_sets_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.rule_syncs
    ADD CONSTRAINT rule_syncs_key UNIQUE NULLS NOT DISTINCT (site_id, appliance_id);

ALTER TABLE ONLY public.runbooks
    ADD CONSTRAINT runbooks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.runbooks
    ADD CONSTRAINT runbooks_runbook_id_key UNIQUE (runbook_id);

ALTER TABLE ONLY public.service_failures
    ADD CONSTRAINT service_failures_pkey PRIMARY KEY (service);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.set_aside_ids
    ADD CONSTRAINT set_aside_ids_pkey PRIMARY KEY (reported_id, level);

ALTER TABLE ONLY public.shared_macs
    ADD CONSTRAINT shared_macs_pkey PRIMARY KEY (site_id, mac);

ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (email_digest);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.site_rows
    ADD CONSTRAINT site_rows_pkey PRIMARY KEY (site_id, kind);

ALTER TABLE ONLY public.site_usage
    ADD CONSTRAINT site_usage_pkey PRIMARY KEY (site_id, day, kind);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_operator_key UNIQUE (operator_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_key UNIQUE (event_id, endpoint_id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_old_secrets
    ADD CONSTRAINT webhook_old_secrets_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_partner_idx ON public.api_keys USING btree (partner_id);

CREATE INDEX api_keys_site_idx ON public.api_keys USING btree (site_id);

CREATE INDEX appliance_identities_turned_idx ON public.appliance_identities USING btree (turned_at) WHERE (turned_at IS NOT NULL);

CREATE INDEX appliances_merged_idx ON public.appliances USING btree (merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX appliances_site_idx ON public.appliances USING btree (site_id, id);

CREATE UNIQUE INDEX appliances_site_mac_key ON public.appliances USING btree (site_id, mac) WHERE ((mac IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX audit_entries_object_idx ON public.audit_entries USING btree (object_kind, object_id, id);

CREATE INDEX audit_entries_organization_idx ON public.audit_entries USING btree (organization_id, id);

CREATE INDEX audit_entries_partner_idx ON public.audit_entries USING btree (partner_id, id);

CREATE INDEX audit_entries_site_idx ON public.audit_entries USING btree (site_id, id);

CREATE UNIQUE INDEX audit_head_single ON public.audit_head USING btree ((true));

CREATE INDEX clock_skews_appliance_idx ON public.clock_skews USING btree (appliance_id);

CREATE INDEX endorsements_site_idx ON public.endorsements USING btree (site_id);

CREATE INDEX events_occurred_idx ON public.events USING btree (occurred_at);

CREATE UNIQUE INDEX events_one_silence_key ON public.events USING btree (((data ->> 'last_turn_at'::text))) WHERE (kind = 'loop.silent'::text);

CREATE INDEX events_undispatched_idx ON public.events USING btree (id) WHERE (dispatched_at IS NULL);

CREATE INDEX evidence_anchors_due_idx ON public.evidence_anchors USING btree (next_attempt_at) WHERE (next_attempt_at IS NOT NULL);

CREATE INDEX evidence_anchors_organization_idx ON public.evidence_anchors USING btree (organization_id, id);

CREATE INDEX evidence_anchors_state_idx ON public.evidence_anchors USING btree (state) WHERE (state <> 'verified'::text);

CREATE INDEX evidence_bundles_received_idx ON public.evidence_bundles USING btree (site_id, received_at);

CREATE UNIQUE INDEX evidence_keys_one_active ON public.evidence_keys USING btree (appliance_id) WHERE (state = 'active'::text);

CREATE INDEX evidence_keys_site_idx ON public.evidence_keys USING btree (site_id, public_key);

CREATE UNIQUE INDEX evidence_keys_unknown_key ON public.evidence_keys USING btree (site_id, public_key) WHERE (appliance_id IS NULL);

CREATE INDEX evidence_keys_waiting_idx ON public.evidence_keys USING btree (id) WHERE (state = 'waiting'::text);

CREATE INDEX evidence_leaves_anchor_idx ON public.evidence_leaves USING btree (anchor_id, site_id);

CREATE INDEX evidence_waiting_site_idx ON public.evidence_waiting USING btree (site_id, id);

CREATE INDEX execution_keys_received_idx ON public.execution_keys USING brin (received_at) WITH (autosummarize='on');

CREATE INDEX executions_incident_idx ON ONLY public.executions USING btree (site_id, hashtextextended(incident_id, (0)::bigint)) WHERE (level <> 'L1'::text);

CREATE INDEX executions_site_received_idx ON ONLY public.executions USING btree (site_id, received_at);

CREATE INDEX executions_unclassified_idx ON ONLY public.executions USING btree (received_at) WHERE (error_category = 'unclassified'::text);

CREATE INDEX executions_unfolded_idx ON ONLY public.executions USING btree (incident_type, xid) WHERE (level = 'L2'::text);

CREATE INDEX executions_xid_idx ON ONLY public.executions USING btree (xid);

CREATE INDEX l1_rules_best_idx ON public.l1_rules USING btree (COALESCE(((success_count)::double precision / (NULLIF((success_count + failure_count), 0))::double precision), ('-1'::integer)::double precision), id);

CREATE UNIQUE INDEX l1_rules_builtin_key ON public.l1_rules USING btree (rule_id, incident_type) WHERE (source = 'builtin'::text);

CREATE INDEX l1_rules_builtin_runbook_idx ON public.l1_rules USING btree (runbook_id) WHERE (source = 'builtin'::text);

CREATE INDEX l1_rules_incident_type_idx ON public.l1_rules USING btree (incident_type, scope_id);

CREATE INDEX l1_rules_lookalike_idx ON public.l1_rules USING btree (public.lookalike_key(incident_type)) WHERE (scope = 'platform'::text);

CREATE INDEX l1_rules_matches_idx ON public.l1_rules USING btree (match_count, id);

CREATE INDEX l1_rules_off_idx ON public.l1_rules USING btree (id) WHERE (NOT enabled);

CREATE INDEX l1_rules_organization_idx ON public.l1_rules USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE INDEX l1_rules_partner_idx ON public.l1_rules USING btree (partner_id) WHERE (partner_id IS NOT NULL);

CREATE UNIQUE INDEX l1_rules_platform_pair_key ON public.l1_rules USING btree (incident_type, runbook_id) WHERE ((source = 'platform'::text) AND (withdrawn_at IS NULL));

CREATE INDEX l1_rules_rule_id_idx ON public.l1_rules USING btree (rule_id, scope_id);

CREATE UNIQUE INDEX l1_rules_scope_rule_id_key ON public.l1_rules USING btree (rule_id, scope, COALESCE(partner_id, organization_id, site_id)) NULLS NOT DISTINCT WHERE (source <> 'builtin'::text);

CREATE INDEX l1_rules_site_idx ON public.l1_rules USING btree (site_id) WHERE (site_id IS NOT NULL);

CREATE UNIQUE INDEX l1_rules_site_pair_key ON public.l1_rules USING btree (site_id, incident_type, runbook_id) WHERE ((source = 'promoted'::text) AND enabled);

CREATE INDEX l1_rules_worst_idx ON public.l1_rules USING btree (COALESCE(((success_count)::double precision / (NULLIF((success_count + failure_count), 0))::double precision), (2)::double precision), id);

CREATE INDEX log_lines_site_received_idx ON ONLY public.log_lines USING btree (site_id, received_at);

CREATE INDEX loop_runs_failed_idx ON public.loop_runs USING btree (started_at DESC, id DESC) WHERE (error IS NOT NULL);

CREATE INDEX loop_runs_started_idx ON public.loop_runs USING btree (started_at DESC, id DESC);

CREATE INDEX loop_runs_step_idx ON public.loop_runs USING btree (step, started_at DESC, id DESC);

CREATE INDEX one_time_links_user_idx ON public.one_time_links USING btree (user_id);

CREATE UNIQUE INDEX operators_email_key ON public.operators USING btree (lower(email));

CREATE INDEX orders_appliance_idx ON public.orders USING btree (site_id, appliance_id, created_at, id);

CREATE INDEX orders_changed_idx ON public.orders USING btree (changed_at) WHERE (rule IS NOT NULL);

CREATE INDEX orders_deadline_idx ON public.orders USING btree (expires_at) WHERE (state = ANY (ARRAY['pending'::text, 'acknowledged'::text]));

CREATE UNIQUE INDEX orders_one_live_key ON public.orders USING btree (appliance_id, order_type, object_key) WHERE (state = ANY (ARRAY['pending'::text, 'acknowledged'::text]));

CREATE INDEX orders_rule_idx ON public.orders USING btree (rule, appliance_id) WHERE (rule IS NOT NULL);

CREATE INDEX orders_unproven_idx ON public.orders USING btree (site_id, reported_at) WHERE ((kind = 'healing'::text) AND (outcome = ANY (ARRAY['success'::text, 'unknown'::text])) AND (proof_seen_at IS NULL));

CREATE INDEX organizations_partner_idx ON public.organizations USING btree (partner_id);

CREATE INDEX patterns_due_idx ON public.patterns USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX patterns_pair_idx ON public.patterns USING btree (incident_type, runbook_id);

CREATE INDEX patterns_runbook_idx ON public.patterns USING btree (runbook_id);

CREATE INDEX plan_approvals_deadline_idx ON public.plan_approvals USING btree (deadline_at) WHERE (state = 'waiting'::text);

CREATE INDEX plan_approvals_order_idx ON public.plan_approvals USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX plan_approvals_site_idx ON public.plan_approvals USING btree (site_id, plan_id);

CREATE INDEX plan_budgets_day_idx ON public.plan_budgets USING btree (day);

CREATE INDEX plans_created_idx ON public.plans USING btree (created_at);

CREATE INDEX plans_digest_idx ON public.plans USING btree (site_id, digest, created_at);

CREATE INDEX plans_executed_idx ON public.plans USING btree (executed_at);

CREATE INDEX plans_incident_idx ON public.plans USING btree (site_id, hashtextextended(incident_id, (0)::bigint), created_at);

CREATE INDEX plans_open_idx ON public.plans USING btree (created_at) WHERE ((told = ANY (ARRAY['execute'::text, 'approval'::text])) AND (execution_id IS NULL));

CREATE INDEX plans_planning_idx ON public.plans USING btree (created_at) WHERE (state = 'planning'::text);

CREATE INDEX plans_site_idx ON public.plans USING btree (site_id, id);

CREATE INDEX platform_pattern_sites_site_idx ON public.platform_pattern_sites USING btree (site_id);

CREATE INDEX platform_patterns_lookalike_idx ON public.platform_patterns USING btree (public.lookalike_key(incident_type));

CREATE UNIQUE INDEX promotions_one_decision_key ON public.promotions USING btree (pattern_id, rule) WHERE ((pattern_id IS NOT NULL) AND (rule IS NOT NULL));

CREATE INDEX promotions_rule_idx ON public.promotions USING btree (rule);

CREATE INDEX promotions_site_idx ON public.promotions USING btree (site_id, decided_at);

CREATE UNIQUE INDEX rule_alarms_lasting_key ON public.rule_alarms USING btree (rule, kind, partner_id, organization_id) NULLS NOT DISTINCT WHERE (over_at IS NULL);

CREATE INDEX rule_alarms_open_idx ON public.rule_alarms USING btree (began_at) WHERE ((over_at IS NULL) AND (answered_at IS NULL));

CREATE INDEX rule_attempts_began_idx ON public.rule_attempts USING btree (rule, began_at);

CREATE INDEX rule_attempts_received_idx ON public.rule_attempts USING brin (received_at) WITH (autosummarize='on');

CREATE INDEX rule_counts_rule_idx ON public.rule_counts USING btree (rule);

CREATE INDEX rule_counts_unresolved_idx ON public.rule_counts USING btree (reported_id) WHERE (rule IS NULL);

CREATE INDEX rule_deliveries_approved_idx ON public.rule_deliveries USING btree (approved_at);

CREATE INDEX rule_deliveries_site_idx ON public.rule_deliveries USING btree (site_id);

CREATE INDEX rule_deliveries_waiting_idx ON public.rule_deliveries USING btree (appliance_id) WHERE (active_at IS NULL);

CREATE INDEX rule_exclusions_ended_idx ON public.rule_exclusions USING btree (ended_at);

CREATE UNIQUE INDEX rule_exclusions_in_force_key ON public.rule_exclusions USING btree (rule, partner_id, organization_id, kind) NULLS NOT DISTINCT WHERE (ended_at IS NULL);

CREATE INDEX rule_health_due_idx ON public.rule_health USING btree (rule) WHERE (replay OR (folded_seq < last_seq));

CREATE INDEX rule_health_value_idx ON public.rule_health USING btree (value, rule);

CREATE INDEX rule_remains_received_idx ON public.rule_remains USING btree (last_received_at);

CREATE INDEX rule_remains_removed_idx ON public.rule_remains USING btree (removed_at);

CREATE INDEX rule_remains_site_idx ON public.rule_remains USING btree (site_id);

CREATE INDEX rule_syncs_synced_idx ON public.rule_syncs USING btree (synced_at);

CREATE INDEX sessions_expires_idx ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_user_idx ON public.sessions USING btree (user_id, id);

CREATE INDEX sign_in_attempts_counted_idx ON public.sign_in_attempts USING btree (counted_at);

CREATE INDEX site_usage_day_idx ON public.site_usage USING btree (day);

CREATE INDEX sites_organization_idx ON public.sites USING btree (organization_id);

CREATE UNIQUE INDEX users_email_key ON public.users USING btree (lower(email));

CREATE INDEX users_organization_idx ON public.users USING btree (organization_id, id);

CREATE INDEX users_partner_idx ON public.users USING btree (partner_id, id);

CREATE INDEX webhook_deliveries_dead_idx ON public.webhook_deliveries USING btree (endpoint_id, id) WHERE (state = 'dead'::text);

CREATE INDEX webhook_deliveries_due_idx ON public.webhook_deliveries USING btree (endpoint_id, next_attempt_at) WHERE (state = 'pending'::text);

CREATE INDEX webhook_deliveries_endpoint_idx ON public.webhook_deliveries USING btree (endpoint_id, id);

CREATE INDEX webhook_deliveries_leased_idx ON public.webhook_deliveries USING btree (leased_by) WHERE (leased_by IS NOT NULL);

CREATE INDEX webhook_endpoints_partner_idx ON public.webhook_endpoints USING btree (partner_id, id);

CREATE INDEX webhook_old_secrets_endpoint_idx ON public.webhook_old_secrets USING btree (endpoint_id, expires_at);

CREATE INDEX webhook_old_secrets_expires_idx ON public.webhook_old_secrets USING btree (expires_at);

CREATE TRIGGER audit_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_entries_chain BEFORE INSERT ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION public.audit_chain();

CREATE TRIGGER endorsements_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.endorsements FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER evidence_bundles_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.evidence_bundles FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER evidence_bundles_link BEFORE INSERT ON public.evidence_bundles FOR EACH ROW EXECUTE FUNCTION public.evidence_link();

CREATE TRIGGER evidence_heads_forward BEFORE UPDATE ON public.evidence_heads FOR EACH ROW EXECUTE FUNCTION public.evidence_head_moves();

CREATE TRIGGER evidence_heads_stay BEFORE DELETE OR TRUNCATE ON public.evidence_heads FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER orders_guard BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.orders_guard();

CREATE TRIGGER plan_approvals_guard BEFORE UPDATE ON public.plan_approvals FOR EACH ROW EXECUTE FUNCTION public.plan_approvals_guard();

CREATE TRIGGER plans_guard BEFORE UPDATE ON public.plans FOR EACH ROW EXECUTE FUNCTION public.plans_guard();

CREATE TRIGGER promotions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.promotions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER webhook_endpoints_keep_old_secret AFTER UPDATE OF secret ON public.webhook_endpoints FOR EACH ROW EXECUTE FUNCTION public.keep_old_secret();

ALTER TABLE ONLY public.aliases
    ADD CONSTRAINT aliases_runbook_fkey FOREIGN KEY (runbook_id) REFERENCES public.runbooks(runbook_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_appliance_fkey FOREIGN KEY (appliance_id) REFERENCES public.appliances(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_operator_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.appliance_documents
    ADD CONSTRAINT appliance_documents_appliance_fkey FOREIGN KEY (appliance_id) REFERENCES public.appliances(id);

ALTER TABLE ONLY public.appliance_documents
    ADD CONSTRAINT appliance_documents_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.appliance_identities
    ADD CONSTRAINT appliance_identities_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.appliances
    ADD CONSTRAINT appliances_merged_into_fkey FOREIGN KEY (site_id, merged_into) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.appliances
    ADD CONSTRAINT appliances_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.clock_skews
    ADD CONSTRAINT clock_skews_appliance_fkey FOREIGN KEY (appliance_id) REFERENCES public.appliances(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clock_skews
    ADD CONSTRAINT clock_skews_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.early_resolutions
    ADD CONSTRAINT early_resolutions_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.endorsements
    ADD CONSTRAINT endorsements_pattern_fkey FOREIGN KEY (pattern_id) REFERENCES public.patterns(id);

ALTER TABLE ONLY public.endorsements
    ADD CONSTRAINT endorsements_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.evidence_anchors
    ADD CONSTRAINT evidence_anchors_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.evidence_bundles
    ADD CONSTRAINT evidence_bundles_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.evidence_bundles
    ADD CONSTRAINT evidence_bundles_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.evidence_drops
    ADD CONSTRAINT evidence_drops_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.evidence_heads
    ADD CONSTRAINT evidence_heads_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.evidence_keys
    ADD CONSTRAINT evidence_keys_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.evidence_leaves
    ADD CONSTRAINT evidence_leaves_anchor_fkey FOREIGN KEY (anchor_id) REFERENCES public.evidence_anchors(id);

ALTER TABLE ONLY public.evidence_leaves
    ADD CONSTRAINT evidence_leaves_bundle_fkey FOREIGN KEY (site_id, "position") REFERENCES public.evidence_bundles(site_id, "position");

ALTER TABLE ONLY public.evidence_progress
    ADD CONSTRAINT evidence_progress_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.evidence_waiting
    ADD CONSTRAINT evidence_waiting_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.heal_proofs
    ADD CONSTRAINT heal_proofs_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.l1_rules
    ADD CONSTRAINT l1_rules_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.l1_rules
    ADD CONSTRAINT l1_rules_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.l1_rules
    ADD CONSTRAINT l1_rules_runbook_fkey FOREIGN KEY (runbook_id) REFERENCES public.runbooks(runbook_id);

ALTER TABLE ONLY public.l1_rules
    ADD CONSTRAINT l1_rules_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_user_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.pattern_reports
    ADD CONSTRAINT pattern_reports_appliance_fkey FOREIGN KEY (appliance_id) REFERENCES public.appliances(id);

ALTER TABLE ONLY public.pattern_reports
    ADD CONSTRAINT pattern_reports_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.patterns
    ADD CONSTRAINT patterns_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.plan_approvals
    ADD CONSTRAINT plan_approvals_order_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.plan_approvals
    ADD CONSTRAINT plan_approvals_plan_fkey FOREIGN KEY (site_id, plan_id) REFERENCES public.plans(site_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.plan_budgets
    ADD CONSTRAINT plan_budgets_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_runbook_fkey FOREIGN KEY (runbook_id) REFERENCES public.runbooks(runbook_id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.platform_pattern_sites
    ADD CONSTRAINT platform_pattern_sites_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_pattern_fkey FOREIGN KEY (pattern_id) REFERENCES public.patterns(id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_runbook_fkey FOREIGN KEY (runbook_id) REFERENCES public.runbooks(runbook_id);

ALTER TABLE ONLY public.promotions
    ADD CONSTRAINT promotions_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.rule_alarms
    ADD CONSTRAINT rule_alarms_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.rule_alarms
    ADD CONSTRAINT rule_alarms_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.rule_alarms
    ADD CONSTRAINT rule_alarms_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_alarms
    ADD CONSTRAINT rule_alarms_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.rule_counts
    ADD CONSTRAINT rule_counts_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_counts
    ADD CONSTRAINT rule_counts_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.rule_deliveries
    ADD CONSTRAINT rule_deliveries_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id);

ALTER TABLE ONLY public.rule_deliveries
    ADD CONSTRAINT rule_deliveries_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_exclusions
    ADD CONSTRAINT rule_exclusions_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.rule_exclusions
    ADD CONSTRAINT rule_exclusions_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.rule_exclusions
    ADD CONSTRAINT rule_exclusions_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_health
    ADD CONSTRAINT rule_health_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_remains
    ADD CONSTRAINT rule_remains_appliance_fkey FOREIGN KEY (site_id, appliance_id) REFERENCES public.appliances(site_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.rule_remains
    ADD CONSTRAINT rule_remains_rule_fkey FOREIGN KEY (rule) REFERENCES public.l1_rules(id);

ALTER TABLE ONLY public.rule_remains
    ADD CONSTRAINT rule_remains_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.rule_syncs
    ADD CONSTRAINT rule_syncs_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.shared_macs
    ADD CONSTRAINT shared_macs_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.site_rows
    ADD CONSTRAINT site_rows_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.site_usage
    ADD CONSTRAINT site_usage_site_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_operator_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_organization_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_event_fkey FOREIGN KEY (event_id) REFERENCES public.events(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE ONLY public.webhook_old_secrets
    ADD CONSTRAINT webhook_old_secrets_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_old_secrets
    ADD CONSTRAINT webhook_old_secrets_partner_fkey FOREIGN KEY (partner_id) REFERENCES public.partners(id);

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_keys_auth ON public.api_keys FOR SELECT TO flywheel_auth USING (true);

CREATE POLICY api_keys_partner ON public.api_keys TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY api_keys_platform ON public.api_keys TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.appliance_documents ENABLE ROW LEVEL SECURITY;

CREATE POLICY appliance_documents_appliance ON public.appliance_documents TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY appliance_documents_people ON public.appliance_documents TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY appliance_documents_platform ON public.appliance_documents TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.appliance_identities ENABLE ROW LEVEL SECURITY;

CREATE POLICY appliance_identities_appliance ON public.appliance_identities TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY appliance_identities_people ON public.appliance_identities FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY appliance_identities_platform ON public.appliance_identities TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.appliances ENABLE ROW LEVEL SECURITY;

CREATE POLICY appliances_appliance ON public.appliances TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY appliances_auth ON public.appliances FOR SELECT TO flywheel_auth USING (true);

CREATE POLICY appliances_people ON public.appliances TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY appliances_platform ON public.appliances TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.audit_entries ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_entries_auth ON public.audit_entries FOR INSERT TO flywheel_auth WITH CHECK (true);

CREATE POLICY audit_entries_client ON public.audit_entries TO flywheel_client USING ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid)) WITH CHECK ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY audit_entries_partner ON public.audit_entries TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY audit_entries_platform ON public.audit_entries TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

CREATE POLICY backup ON public.api_keys FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.appliance_documents FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.appliance_identities FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.appliances FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.audit_entries FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.clock_skews FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.corrections FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.dropped_counts FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.early_resolutions FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.endorsements FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.events FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_anchors FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_bundles FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_drops FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_heads FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_keys FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_leaves FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_progress FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.evidence_waiting FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.execution_keys FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.executions FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.fold_marks FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.heal_proofs FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.idempotency_keys FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.incidents FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.l1_rules FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.level_days FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.log_lines FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.loop_leases FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.loop_runs FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.one_time_links FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.operators FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.orders FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.organizations FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.partners FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.pattern_reports FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.patterns FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.plan_approvals FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.plan_budgets FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.plans FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.platform_approvals FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.platform_backlog FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.platform_pattern_sites FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.platform_patterns FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.policies FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.promotions FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_alarms FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_attempts FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_counts FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_deliveries FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_exclusions FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_health FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_remains FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_sets FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.rule_syncs FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.service_failures FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.sessions FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.set_aside_ids FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.shared_macs FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.sign_in_attempts FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.signing_keys FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.site_rows FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.site_usage FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.sites FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.users FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.webhook_deliveries FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.webhook_endpoints FOR SELECT TO flywheel_backup USING (true);

CREATE POLICY backup ON public.webhook_old_secrets FOR SELECT TO flywheel_backup USING (true);

ALTER TABLE public.clock_skews ENABLE ROW LEVEL SECURITY;

CREATE POLICY clock_skews_appliance ON public.clock_skews TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY clock_skews_people ON public.clock_skews TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY clock_skews_platform ON public.clock_skews TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.corrections ENABLE ROW LEVEL SECURITY;

CREATE POLICY corrections_appliance ON public.corrections TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY corrections_people ON public.corrections TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY corrections_platform ON public.corrections TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.dropped_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY dropped_counts_platform ON public.dropped_counts TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.early_resolutions ENABLE ROW LEVEL SECURITY;

CREATE POLICY early_resolutions_appliance ON public.early_resolutions TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY early_resolutions_platform ON public.early_resolutions TO flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.endorsements ENABLE ROW LEVEL SECURITY;

CREATE POLICY endorsements_people ON public.endorsements TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY endorsements_platform ON public.endorsements TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

CREATE POLICY events_appliance ON public.events FOR INSERT TO flywheel_appliance WITH CHECK (((site_id = (current_setting('flywheel.site_id'::text))::uuid) AND (kind = 'plan.waiting'::text)));

CREATE POLICY events_client ON public.events FOR INSERT TO flywheel_client WITH CHECK ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY events_partner ON public.events TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY events_platform ON public.events TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_anchors ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_anchors_people ON public.evidence_anchors FOR SELECT TO flywheel_appliance, flywheel_client, flywheel_partner USING ((organization_id IN ( SELECT o.id
   FROM public.organizations o)));

CREATE POLICY evidence_anchors_platform ON public.evidence_anchors TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_bundles ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_bundles_appliance ON public.evidence_bundles TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_bundles_people ON public.evidence_bundles FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_bundles_platform ON public.evidence_bundles TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_drops ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_drops_appliance ON public.evidence_drops TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_drops_people ON public.evidence_drops FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_drops_platform ON public.evidence_drops TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_heads ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_heads_appliance ON public.evidence_heads TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_heads_people ON public.evidence_heads FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_heads_platform ON public.evidence_heads TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_keys_appliance ON public.evidence_keys TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_keys_people ON public.evidence_keys FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_keys_platform ON public.evidence_keys TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_leaves ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_leaves_appliance ON public.evidence_leaves TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_leaves_people ON public.evidence_leaves FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_leaves_platform ON public.evidence_leaves TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_progress ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_progress_people ON public.evidence_progress FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_progress_platform ON public.evidence_progress TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.evidence_waiting ENABLE ROW LEVEL SECURITY;

CREATE POLICY evidence_waiting_appliance ON public.evidence_waiting TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY evidence_waiting_people ON public.evidence_waiting FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY evidence_waiting_platform ON public.evidence_waiting TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.execution_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY execution_keys_appliance ON public.execution_keys TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY execution_keys_people ON public.execution_keys TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY execution_keys_platform ON public.execution_keys TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

CREATE POLICY execution_keys_writer ON public.execution_keys TO flywheel_writer USING (true) WITH CHECK (true);

ALTER TABLE public.executions ENABLE ROW LEVEL SECURITY;

CREATE POLICY executions_appliance ON public.executions TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY executions_people ON public.executions TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY executions_platform ON public.executions TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

CREATE POLICY executions_writer ON public.executions FOR INSERT TO flywheel_writer WITH CHECK (true);

ALTER TABLE public.fold_marks ENABLE ROW LEVEL SECURITY;

CREATE POLICY fold_marks_platform ON public.fold_marks TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.heal_proofs ENABLE ROW LEVEL SECURITY;

CREATE POLICY heal_proofs_appliance ON public.heal_proofs TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY heal_proofs_people ON public.heal_proofs TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY heal_proofs_platform ON public.heal_proofs TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY idempotency_keys_partner ON public.idempotency_keys TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY idempotency_keys_platform ON public.idempotency_keys TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.incidents ENABLE ROW LEVEL SECURITY;

CREATE POLICY incidents_appliance ON public.incidents TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY incidents_people ON public.incidents TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY incidents_platform ON public.incidents TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.l1_rules ENABLE ROW LEVEL SECURITY;

CREATE POLICY l1_rules_appliance ON public.l1_rules FOR SELECT TO flywheel_appliance USING (((scope = 'platform'::text) OR (site_id = (current_setting('flywheel.site_id'::text))::uuid) OR (organization_id IN ( SELECT o.id
   FROM public.organizations o)) OR (partner_id IN ( SELECT o.partner_id
   FROM public.organizations o))));

CREATE POLICY l1_rules_client ON public.l1_rules FOR SELECT TO flywheel_client USING (((scope = 'platform'::text) OR (site_id IN ( SELECT s.id
   FROM public.sites s)) OR (organization_id = (current_setting('flywheel.organization_id'::text))::uuid) OR (partner_id IN ( SELECT o.partner_id
   FROM public.organizations o))));

CREATE POLICY l1_rules_partner ON public.l1_rules FOR SELECT TO flywheel_partner USING (((scope = 'platform'::text) OR (site_id IN ( SELECT s.id
   FROM public.sites s)) OR (organization_id IN ( SELECT o.id
   FROM public.organizations o)) OR (partner_id = (current_setting('flywheel.partner_id'::text))::uuid)));

CREATE POLICY l1_rules_platform ON public.l1_rules TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

CREATE POLICY l1_rules_promoted ON public.l1_rules FOR INSERT TO flywheel_client, flywheel_partner WITH CHECK (((source = 'promoted'::text) AND (scope = 'site'::text) AND (site_id IN ( SELECT s.id
   FROM public.sites s))));

CREATE POLICY l1_rules_switched ON public.l1_rules FOR UPDATE TO flywheel_partner USING (((source = 'promoted'::text) AND (scope = 'site'::text) AND (site_id IN ( SELECT s.id
   FROM public.sites s)))) WITH CHECK (((source = 'promoted'::text) AND (scope = 'site'::text) AND (site_id IN ( SELECT s.id
   FROM public.sites s))));

ALTER TABLE public.level_days ENABLE ROW LEVEL SECURITY;

CREATE POLICY level_days_platform ON public.level_days TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.log_lines ENABLE ROW LEVEL SECURITY;

CREATE POLICY log_lines_appliance ON public.log_lines TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY log_lines_people ON public.log_lines TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY log_lines_platform ON public.log_lines TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.loop_leases ENABLE ROW LEVEL SECURITY;

CREATE POLICY loop_leases_platform ON public.loop_leases TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.loop_runs ENABLE ROW LEVEL SECURITY;

CREATE POLICY loop_runs_platform ON public.loop_runs TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.one_time_links ENABLE ROW LEVEL SECURITY;

CREATE POLICY one_time_links_auth ON public.one_time_links TO flywheel_auth USING (true) WITH CHECK (true);

CREATE POLICY one_time_links_people ON public.one_time_links TO flywheel_client, flywheel_partner USING ((user_id IN ( SELECT u.id
   FROM public.users u))) WITH CHECK ((user_id IN ( SELECT u.id
   FROM public.users u)));

CREATE POLICY one_time_links_platform ON public.one_time_links TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.operators ENABLE ROW LEVEL SECURITY;

CREATE POLICY operators_auth ON public.operators FOR SELECT TO flywheel_auth USING (true);

CREATE POLICY operators_platform ON public.operators TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY orders_appliance ON public.orders TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY orders_people ON public.orders TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY orders_platform ON public.orders TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;

CREATE POLICY organizations_appliance ON public.organizations TO flywheel_appliance USING ((id IN ( SELECT s.organization_id
   FROM public.sites s)));

CREATE POLICY organizations_client ON public.organizations TO flywheel_client USING ((id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY organizations_partner ON public.organizations TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY organizations_platform ON public.organizations TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.partners ENABLE ROW LEVEL SECURITY;

CREATE POLICY partners_auth ON public.partners FOR SELECT TO flywheel_auth USING (true);

CREATE POLICY partners_partner ON public.partners TO flywheel_partner USING ((id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY partners_platform ON public.partners TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.pattern_reports ENABLE ROW LEVEL SECURITY;

CREATE POLICY pattern_reports_appliance ON public.pattern_reports TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY pattern_reports_people ON public.pattern_reports TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY pattern_reports_platform ON public.pattern_reports TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.patterns ENABLE ROW LEVEL SECURITY;

CREATE POLICY patterns_appliance ON public.patterns TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY patterns_people ON public.patterns TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY patterns_platform ON public.patterns TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.plan_approvals ENABLE ROW LEVEL SECURITY;

CREATE POLICY plan_approvals_appliance ON public.plan_approvals TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY plan_approvals_people ON public.plan_approvals TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY plan_approvals_platform ON public.plan_approvals TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.plan_budgets ENABLE ROW LEVEL SECURITY;

CREATE POLICY plan_budgets_appliance ON public.plan_budgets TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY plan_budgets_platform ON public.plan_budgets TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.plans ENABLE ROW LEVEL SECURITY;

CREATE POLICY plans_appliance ON public.plans TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY plans_people ON public.plans TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY plans_platform ON public.plans TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.platform_approvals ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform_approvals_platform ON public.platform_approvals TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.platform_backlog ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform_backlog_platform ON public.platform_backlog TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.platform_pattern_sites ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform_pattern_sites_platform ON public.platform_pattern_sites TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.platform_patterns ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform_patterns_platform ON public.platform_patterns TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.policies ENABLE ROW LEVEL SECURITY;

CREATE POLICY policies_client ON public.policies FOR SELECT TO flywheel_client USING (((current_setting('flywheel.organization_id'::text))::uuid IS NOT NULL));

CREATE POLICY policies_partner ON public.policies FOR SELECT TO flywheel_partner USING (((current_setting('flywheel.partner_id'::text))::uuid IS NOT NULL));

CREATE POLICY policies_platform ON public.policies TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.promotions ENABLE ROW LEVEL SECURITY;

CREATE POLICY promotions_people ON public.promotions TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY promotions_platform ON public.promotions TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_alarms ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_alarms_client ON public.rule_alarms TO flywheel_client USING (((site_id IS NOT NULL) AND (organization_id = (current_setting('flywheel.organization_id'::text))::uuid))) WITH CHECK (((site_id IS NOT NULL) AND (organization_id = (current_setting('flywheel.organization_id'::text))::uuid)));

CREATE POLICY rule_alarms_partner ON public.rule_alarms TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY rule_alarms_platform ON public.rule_alarms TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_attempts ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_attempts_people ON public.rule_attempts FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY rule_attempts_platform ON public.rule_attempts TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_counts_appliance ON public.rule_counts TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY rule_counts_people ON public.rule_counts TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY rule_counts_platform ON public.rule_counts TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_deliveries ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_deliveries_people ON public.rule_deliveries TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY rule_deliveries_platform ON public.rule_deliveries TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_exclusions ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_exclusions_appliance ON public.rule_exclusions FOR SELECT TO flywheel_appliance USING (((organization_id IN ( SELECT o.id
   FROM public.organizations o)) OR ((organization_id IS NULL) AND (partner_id IN ( SELECT o.partner_id
   FROM public.organizations o)))));

CREATE POLICY rule_exclusions_client ON public.rule_exclusions TO flywheel_client USING (((organization_id = (current_setting('flywheel.organization_id'::text))::uuid) OR ((organization_id IS NULL) AND (partner_id IN ( SELECT o.partner_id
   FROM public.organizations o))))) WITH CHECK ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY rule_exclusions_partner ON public.rule_exclusions TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK (((partner_id = (current_setting('flywheel.partner_id'::text))::uuid) AND ((organization_id IS NULL) OR (organization_id IN ( SELECT o.id
   FROM public.organizations o)))));

CREATE POLICY rule_exclusions_platform ON public.rule_exclusions TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_health ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_health_exclusion ON public.rule_health FOR UPDATE TO flywheel_client, flywheel_partner USING ((rule IN ( SELECT x.rule
   FROM public.rule_exclusions x))) WITH CHECK ((rule IN ( SELECT x.rule
   FROM public.rule_exclusions x)));

CREATE POLICY rule_health_people ON public.rule_health FOR SELECT TO flywheel_client, flywheel_partner USING ((rule IN ( SELECT l.id
   FROM public.l1_rules l)));

CREATE POLICY rule_health_platform ON public.rule_health TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

CREATE POLICY rule_health_restart ON public.rule_health FOR UPDATE TO flywheel_partner USING ((rule IN ( SELECT l.id
   FROM public.l1_rules l
  WHERE (l.scope <> 'platform'::text)))) WITH CHECK ((rule IN ( SELECT l.id
   FROM public.l1_rules l
  WHERE (l.scope <> 'platform'::text))));

CREATE POLICY rule_health_start ON public.rule_health FOR INSERT TO flywheel_partner WITH CHECK ((rule IN ( SELECT l.id
   FROM public.l1_rules l
  WHERE (l.scope <> 'platform'::text))));

ALTER TABLE public.rule_remains ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_remains_people ON public.rule_remains TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s))) WITH CHECK ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY rule_remains_platform ON public.rule_remains TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_sets ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_sets_appliance ON public.rule_sets FOR INSERT TO flywheel_appliance WITH CHECK (true);

CREATE POLICY rule_sets_platform ON public.rule_sets TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.rule_syncs ENABLE ROW LEVEL SECURITY;

CREATE POLICY rule_syncs_platform ON public.rule_syncs TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.service_failures ENABLE ROW LEVEL SECURITY;

CREATE POLICY service_failures_platform ON public.service_failures TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY sessions_auth ON public.sessions TO flywheel_auth USING (true) WITH CHECK (true);

CREATE POLICY sessions_people ON public.sessions TO flywheel_client, flywheel_partner USING ((user_id IN ( SELECT u.id
   FROM public.users u))) WITH CHECK ((user_id IN ( SELECT u.id
   FROM public.users u)));

CREATE POLICY sessions_platform ON public.sessions TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.set_aside_ids ENABLE ROW LEVEL SECURITY;

CREATE POLICY set_aside_ids_platform ON public.set_aside_ids TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.shared_macs ENABLE ROW LEVEL SECURITY;

CREATE POLICY shared_macs_appliance ON public.shared_macs TO flywheel_appliance USING ((site_id = (current_setting('flywheel.site_id'::text))::uuid)) WITH CHECK ((site_id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY shared_macs_people ON public.shared_macs FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY shared_macs_platform ON public.shared_macs TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.sign_in_attempts ENABLE ROW LEVEL SECURITY;

CREATE POLICY sign_in_attempts_auth ON public.sign_in_attempts TO flywheel_auth USING (true) WITH CHECK (true);

CREATE POLICY sign_in_attempts_platform ON public.sign_in_attempts TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.signing_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY signing_keys_auth ON public.signing_keys TO flywheel_auth USING (true) WITH CHECK (true);

CREATE POLICY signing_keys_platform ON public.signing_keys TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.site_rows ENABLE ROW LEVEL SECURITY;

CREATE POLICY site_rows_people ON public.site_rows FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY site_rows_platform ON public.site_rows TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.site_usage ENABLE ROW LEVEL SECURITY;

CREATE POLICY site_usage_people ON public.site_usage FOR SELECT TO flywheel_client, flywheel_partner USING ((site_id IN ( SELECT s.id
   FROM public.sites s)));

CREATE POLICY site_usage_platform ON public.site_usage TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.sites ENABLE ROW LEVEL SECURITY;

CREATE POLICY sites_appliance ON public.sites TO flywheel_appliance USING ((id = (current_setting('flywheel.site_id'::text))::uuid));

CREATE POLICY sites_auth ON public.sites FOR SELECT TO flywheel_auth USING (true);

CREATE POLICY sites_client ON public.sites TO flywheel_client USING ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY sites_partner ON public.sites TO flywheel_partner USING ((organization_id IN ( SELECT o.id
   FROM public.organizations o)));

CREATE POLICY sites_platform ON public.sites TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_auth ON public.users TO flywheel_auth USING (true) WITH CHECK (true);

CREATE POLICY users_client ON public.users TO flywheel_client USING ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid)) WITH CHECK ((organization_id = (current_setting('flywheel.organization_id'::text))::uuid));

CREATE POLICY users_partner ON public.users TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY users_platform ON public.users TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.webhook_deliveries ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_deliveries_partner ON public.webhook_deliveries TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY webhook_deliveries_platform ON public.webhook_deliveries TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.webhook_endpoints ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_endpoints_partner ON public.webhook_endpoints TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY webhook_endpoints_platform ON public.webhook_endpoints TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

ALTER TABLE public.webhook_old_secrets ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_old_secrets_partner ON public.webhook_old_secrets TO flywheel_partner USING ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid)) WITH CHECK ((partner_id = (current_setting('flywheel.partner_id'::text))::uuid));

CREATE POLICY webhook_old_secrets_platform ON public.webhook_old_secrets TO flywheel_operator, flywheel_loop USING (true) WITH CHECK (true);

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO flywheel_app;
GRANT USAGE ON SCHEMA public TO flywheel_auth;
GRANT USAGE ON SCHEMA public TO flywheel_appliance;
GRANT USAGE ON SCHEMA public TO flywheel_writer;
GRANT USAGE ON SCHEMA public TO flywheel_client;
GRANT USAGE ON SCHEMA public TO flywheel_partner;
GRANT USAGE ON SCHEMA public TO flywheel_operator;
GRANT USAGE ON SCHEMA public TO flywheel_loop;
GRANT USAGE ON SCHEMA public TO flywheel_backup;

REVOKE ALL ON FUNCTION public.audit_chain() FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE public.audit_entries TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.audit_entries TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.audit_entries TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.audit_entries TO flywheel_loop;
GRANT INSERT ON TABLE public.audit_entries TO flywheel_auth;
GRANT SELECT ON TABLE public.audit_entries TO flywheel_backup;

GRANT SELECT ON TABLE public.organizations TO flywheel_appliance;
GRANT SELECT ON TABLE public.organizations TO flywheel_client;
GRANT SELECT ON TABLE public.organizations TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.organizations TO flywheel_operator;
GRANT SELECT ON TABLE public.organizations TO flywheel_loop;
GRANT SELECT ON TABLE public.organizations TO flywheel_backup;

GRANT UPDATE(name) ON TABLE public.organizations TO flywheel_operator;

GRANT UPDATE(contributes) ON TABLE public.organizations TO flywheel_operator;
GRANT UPDATE(contributes) ON TABLE public.organizations TO flywheel_client;

GRANT UPDATE(contributes_changed_at) ON TABLE public.organizations TO flywheel_operator;
GRANT UPDATE(contributes_changed_at) ON TABLE public.organizations TO flywheel_client;

GRANT SELECT ON TABLE public.rule_exclusions TO flywheel_appliance;
GRANT SELECT,INSERT ON TABLE public.rule_exclusions TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.rule_exclusions TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.rule_exclusions TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.rule_exclusions TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_exclusions TO flywheel_backup;

GRANT UPDATE(ended_by) ON TABLE public.rule_exclusions TO flywheel_client;
GRANT UPDATE(ended_by) ON TABLE public.rule_exclusions TO flywheel_partner;
GRANT UPDATE(ended_by) ON TABLE public.rule_exclusions TO flywheel_operator;
GRANT UPDATE(ended_by) ON TABLE public.rule_exclusions TO flywheel_loop;

GRANT UPDATE(ended_at) ON TABLE public.rule_exclusions TO flywheel_client;
GRANT UPDATE(ended_at) ON TABLE public.rule_exclusions TO flywheel_partner;
GRANT UPDATE(ended_at) ON TABLE public.rule_exclusions TO flywheel_operator;
GRANT UPDATE(ended_at) ON TABLE public.rule_exclusions TO flywheel_loop;

GRANT SELECT ON TABLE public.sites TO flywheel_auth;
GRANT SELECT ON TABLE public.sites TO flywheel_appliance;
GRANT SELECT ON TABLE public.sites TO flywheel_client;
GRANT SELECT ON TABLE public.sites TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.sites TO flywheel_operator;
GRANT SELECT ON TABLE public.sites TO flywheel_loop;
GRANT SELECT ON TABLE public.sites TO flywheel_backup;

GRANT UPDATE(name) ON TABLE public.sites TO flywheel_operator;

GRANT UPDATE(healing_tier) ON TABLE public.sites TO flywheel_operator;

GRANT SELECT ON TABLE public.excluded_rules TO flywheel_appliance;
GRANT SELECT ON TABLE public.excluded_rules TO flywheel_client;
GRANT SELECT ON TABLE public.excluded_rules TO flywheel_partner;
GRANT SELECT ON TABLE public.excluded_rules TO flywheel_operator;
GRANT SELECT ON TABLE public.excluded_rules TO flywheel_loop;

GRANT SELECT ON TABLE public.l1_rules TO flywheel_appliance;
GRANT SELECT ON TABLE public.l1_rules TO flywheel_client;
GRANT SELECT ON TABLE public.l1_rules TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.l1_rules TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.l1_rules TO flywheel_loop;
GRANT SELECT ON TABLE public.l1_rules TO flywheel_backup;

GRANT INSERT(rule_id) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(rule_id) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(source) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(source) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(scope) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(scope) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(partner_id) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(partner_id) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(organization_id) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(organization_id) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(site_id) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(site_id) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(tier) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(tier) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(tier) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(incident_type) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(incident_type) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(incident_type) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(runbook_id) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(runbook_id) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(runbook_id) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(name) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(name) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(name) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(description) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(description) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(description) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(conditions) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(conditions) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(conditions) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(action) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(action) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(action) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(action_params) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(action_params) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(action_params) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(hipaa_controls) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(hipaa_controls) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(severity_filter) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(severity_filter) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(priority) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(priority) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(priority) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(cooldown_seconds) ON TABLE public.l1_rules TO flywheel_operator;
GRANT INSERT(cooldown_seconds) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(cooldown_seconds) ON TABLE public.l1_rules TO flywheel_partner;

GRANT INSERT(max_retries) ON TABLE public.l1_rules TO flywheel_client;
GRANT INSERT(max_retries) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(enabled) ON TABLE public.l1_rules TO flywheel_operator;
GRANT UPDATE(enabled) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(enabled) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(disabled_reason) ON TABLE public.l1_rules TO flywheel_operator;
GRANT UPDATE(disabled_reason) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(disabled_reason) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(enabled_changed_at) ON TABLE public.l1_rules TO flywheel_operator;
GRANT UPDATE(enabled_changed_at) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(enabled_changed_at) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(withdrawn_at) ON TABLE public.l1_rules TO flywheel_operator;
GRANT UPDATE(withdrawn_at) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(withdrawn_at) ON TABLE public.l1_rules TO flywheel_partner;

GRANT UPDATE(match_count) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(match_count) ON TABLE public.l1_rules TO flywheel_operator;

GRANT UPDATE(success_count) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(success_count) ON TABLE public.l1_rules TO flywheel_operator;

GRANT UPDATE(failure_count) ON TABLE public.l1_rules TO flywheel_loop;
GRANT UPDATE(failure_count) ON TABLE public.l1_rules TO flywheel_operator;

GRANT UPDATE(label) ON TABLE public.l1_rules TO flywheel_partner;
GRANT UPDATE(label) ON TABLE public.l1_rules TO flywheel_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE public.appliances TO flywheel_appliance;
GRANT SELECT ON TABLE public.appliances TO flywheel_client;
GRANT SELECT ON TABLE public.appliances TO flywheel_partner;
GRANT SELECT ON TABLE public.appliances TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.appliances TO flywheel_loop;
GRANT SELECT ON TABLE public.appliances TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.appliances TO flywheel_auth;

GRANT SELECT(site_id) ON TABLE public.appliances TO flywheel_auth;

GRANT UPDATE(mac) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(agent_public_key) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(hostname) ON TABLE public.appliances TO flywheel_loop;

GRANT SELECT(agent_version) ON TABLE public.appliances TO flywheel_auth;

GRANT UPDATE(uptime_seconds) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(desired_l2_mode) ON TABLE public.appliances TO flywheel_operator;
GRANT UPDATE(desired_l2_mode) ON TABLE public.appliances TO flywheel_partner;

GRANT UPDATE(desired_rules_hash) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(reported_rules_hash) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(reported_rules_hash_at) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(last_sync_at) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(last_seen_at) ON TABLE public.appliances TO flywheel_loop;
GRANT SELECT(last_seen_at) ON TABLE public.appliances TO flywheel_auth;

GRANT UPDATE(removed_at) ON TABLE public.appliances TO flywheel_loop;
GRANT SELECT(removed_at) ON TABLE public.appliances TO flywheel_auth;

GRANT UPDATE(removed_by) ON TABLE public.appliances TO flywheel_loop;

GRANT UPDATE(merged_into) ON TABLE public.appliances TO flywheel_loop;

REVOKE ALL ON FUNCTION public.drop_partition(parent text, partition text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.drop_partition(parent text, partition text) TO flywheel_loop;

REVOKE ALL ON FUNCTION public.ensure_partition(parent text, starts date, ends date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ensure_partition(parent text, starts date, ends date) TO flywheel_loop;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_pattern_sites TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_pattern_sites TO flywheel_loop;
GRANT SELECT ON TABLE public.platform_pattern_sites TO flywheel_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.platform_approvals TO flywheel_operator;
GRANT SELECT ON TABLE public.platform_approvals TO flywheel_loop;
GRANT SELECT ON TABLE public.platform_approvals TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_patterns TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_patterns TO flywheel_loop;
GRANT SELECT ON TABLE public.platform_patterns TO flywheel_backup;

GRANT SELECT ON TABLE public.runbooks TO flywheel_appliance;
GRANT SELECT ON TABLE public.runbooks TO flywheel_client;
GRANT SELECT ON TABLE public.runbooks TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.runbooks TO flywheel_operator;
GRANT SELECT ON TABLE public.runbooks TO flywheel_loop;
GRANT SELECT ON TABLE public.runbooks TO flywheel_backup;

GRANT UPDATE(name) ON TABLE public.runbooks TO flywheel_operator;

GRANT UPDATE(platform) ON TABLE public.runbooks TO flywheel_operator;

GRANT UPDATE(executable) ON TABLE public.runbooks TO flywheel_operator;

GRANT UPDATE(source) ON TABLE public.runbooks TO flywheel_operator;

GRANT SELECT ON TABLE public.aliases TO flywheel_appliance;
GRANT SELECT ON TABLE public.aliases TO flywheel_client;
GRANT SELECT ON TABLE public.aliases TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.aliases TO flywheel_operator;
GRANT SELECT ON TABLE public.aliases TO flywheel_loop;
GRANT SELECT ON TABLE public.aliases TO flywheel_backup;

GRANT INSERT ON TABLE public.executions TO flywheel_writer;
GRANT SELECT,INSERT ON TABLE public.executions TO flywheel_appliance;
GRANT SELECT ON TABLE public.executions TO flywheel_client;
GRANT SELECT ON TABLE public.executions TO flywheel_partner;
GRANT SELECT ON TABLE public.executions TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.executions TO flywheel_loop;
GRANT SELECT ON TABLE public.executions TO flywheel_backup;

GRANT UPDATE(xid) ON TABLE public.executions TO flywheel_loop;

GRANT SELECT ON TABLE public.counted_facts TO flywheel_client;
GRANT SELECT ON TABLE public.counted_facts TO flywheel_partner;
GRANT SELECT ON TABLE public.counted_facts TO flywheel_operator;
GRANT SELECT ON TABLE public.counted_facts TO flywheel_appliance;
GRANT SELECT ON TABLE public.counted_facts TO flywheel_loop;

GRANT SELECT ON TABLE public.fold_marks TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.fold_marks TO flywheel_loop;
GRANT SELECT ON TABLE public.fold_marks TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_deliveries TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_deliveries TO flywheel_operator;
GRANT SELECT ON TABLE public.rule_deliveries TO flywheel_client;
GRANT SELECT ON TABLE public.rule_deliveries TO flywheel_partner;
GRANT SELECT ON TABLE public.rule_deliveries TO flywheel_backup;

GRANT INSERT ON TABLE public.rule_sets TO flywheel_appliance;
GRANT SELECT,DELETE ON TABLE public.rule_sets TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_sets TO flywheel_operator;
GRANT SELECT ON TABLE public.rule_sets TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_syncs TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_syncs TO flywheel_operator;
GRANT SELECT ON TABLE public.rule_syncs TO flywheel_backup;

GRANT SELECT ON TABLE public.api_keys TO flywheel_auth;
GRANT INSERT ON TABLE public.api_keys TO flywheel_operator;
GRANT INSERT ON TABLE public.api_keys TO flywheel_partner;
GRANT SELECT ON TABLE public.api_keys TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(id) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT(site_id) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(site_id) ON TABLE public.api_keys TO flywheel_partner;
GRANT SELECT(site_id) ON TABLE public.api_keys TO flywheel_loop;

GRANT SELECT(appliance_id) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(appliance_id) ON TABLE public.api_keys TO flywheel_partner;
GRANT SELECT(appliance_id),UPDATE(appliance_id) ON TABLE public.api_keys TO flywheel_loop;

GRANT SELECT(partner_id) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(partner_id) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT(operator_id) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(operator_id) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT(label),UPDATE(label) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(label),UPDATE(label) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT(digest) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(digest) ON TABLE public.api_keys TO flywheel_partner;
GRANT SELECT(digest) ON TABLE public.api_keys TO flywheel_loop;

GRANT SELECT(created_at) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(created_at) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.api_keys TO flywheel_operator;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.api_keys TO flywheel_partner;

GRANT SELECT,INSERT,UPDATE ON TABLE public.appliance_documents TO flywheel_appliance;
GRANT SELECT ON TABLE public.appliance_documents TO flywheel_operator;
GRANT SELECT,DELETE,UPDATE ON TABLE public.appliance_documents TO flywheel_loop;
GRANT SELECT ON TABLE public.appliance_documents TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.appliance_identities TO flywheel_appliance;
GRANT SELECT ON TABLE public.appliance_identities TO flywheel_partner;
GRANT SELECT ON TABLE public.appliance_identities TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.appliance_identities TO flywheel_loop;
GRANT SELECT ON TABLE public.appliance_identities TO flywheel_backup;

GRANT SELECT ON TABLE public.audit_head TO flywheel_operator;
GRANT SELECT ON TABLE public.audit_head TO flywheel_loop;
GRANT SELECT ON TABLE public.audit_head TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.clock_skews TO flywheel_appliance;
GRANT SELECT ON TABLE public.clock_skews TO flywheel_client;
GRANT SELECT ON TABLE public.clock_skews TO flywheel_partner;
GRANT SELECT ON TABLE public.clock_skews TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.clock_skews TO flywheel_loop;
GRANT SELECT ON TABLE public.clock_skews TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.corrections TO flywheel_appliance;
GRANT SELECT ON TABLE public.corrections TO flywheel_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.corrections TO flywheel_loop;
GRANT SELECT ON TABLE public.corrections TO flywheel_client;
GRANT SELECT ON TABLE public.corrections TO flywheel_partner;
GRANT SELECT ON TABLE public.corrections TO flywheel_backup;

GRANT SELECT,UPDATE ON TABLE public.dropped_counts TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dropped_counts TO flywheel_loop;
GRANT SELECT ON TABLE public.dropped_counts TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.early_resolutions TO flywheel_appliance;
GRANT SELECT,DELETE ON TABLE public.early_resolutions TO flywheel_loop;
GRANT SELECT ON TABLE public.early_resolutions TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.endorsements TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.endorsements TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.endorsements TO flywheel_operator;
GRANT SELECT ON TABLE public.endorsements TO flywheel_loop;
GRANT SELECT ON TABLE public.endorsements TO flywheel_backup;

GRANT INSERT ON TABLE public.events TO flywheel_appliance;
GRANT INSERT ON TABLE public.events TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.events TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.events TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.events TO flywheel_loop;
GRANT SELECT ON TABLE public.events TO flywheel_backup;

GRANT SELECT ON TABLE public.evidence_anchors TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_anchors TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_anchors TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.evidence_anchors TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_anchors TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.evidence_anchors TO flywheel_appliance;

GRANT SELECT(organization_id) ON TABLE public.evidence_anchors TO flywheel_appliance;

GRANT SELECT(state) ON TABLE public.evidence_anchors TO flywheel_appliance;
GRANT UPDATE(state) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(state_changed_at) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(pending_since) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT SELECT(submitted_at) ON TABLE public.evidence_anchors TO flywheel_appliance;
GRANT UPDATE(submitted_at) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(proof) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(block_height) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(block_header) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(block_time) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(attempts) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(next_attempt_at) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT UPDATE(problem) ON TABLE public.evidence_anchors TO flywheel_operator;

GRANT SELECT,INSERT ON TABLE public.evidence_bundles TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_bundles TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_bundles TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_bundles TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.evidence_bundles TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_bundles TO flywheel_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.evidence_drops TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_drops TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_drops TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_drops TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.evidence_drops TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_drops TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.evidence_heads TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_heads TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_heads TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_heads TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.evidence_heads TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_heads TO flywheel_backup;

GRANT UPDATE("position") ON TABLE public.evidence_heads TO flywheel_appliance;
GRANT UPDATE("position") ON TABLE public.evidence_heads TO flywheel_loop;

GRANT UPDATE(chain_hash) ON TABLE public.evidence_heads TO flywheel_appliance;
GRANT UPDATE(chain_hash) ON TABLE public.evidence_heads TO flywheel_loop;

GRANT UPDATE(received_at) ON TABLE public.evidence_heads TO flywheel_appliance;
GRANT UPDATE(received_at) ON TABLE public.evidence_heads TO flywheel_loop;

GRANT SELECT,INSERT ON TABLE public.evidence_keys TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_keys TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_keys TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_keys TO flywheel_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.evidence_keys TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_keys TO flywheel_backup;

GRANT UPDATE(appliance_id) ON TABLE public.evidence_keys TO flywheel_loop;
GRANT UPDATE(appliance_id) ON TABLE public.evidence_keys TO flywheel_appliance;

GRANT UPDATE(state) ON TABLE public.evidence_keys TO flywheel_appliance;
GRANT UPDATE(state) ON TABLE public.evidence_keys TO flywheel_operator;
GRANT UPDATE(state) ON TABLE public.evidence_keys TO flywheel_loop;

GRANT UPDATE(seen_at) ON TABLE public.evidence_keys TO flywheel_appliance;
GRANT UPDATE(seen_at) ON TABLE public.evidence_keys TO flywheel_loop;

GRANT UPDATE(decided_at) ON TABLE public.evidence_keys TO flywheel_appliance;
GRANT UPDATE(decided_at) ON TABLE public.evidence_keys TO flywheel_operator;
GRANT UPDATE(decided_at) ON TABLE public.evidence_keys TO flywheel_loop;

GRANT UPDATE(decided_by) ON TABLE public.evidence_keys TO flywheel_appliance;
GRANT UPDATE(decided_by) ON TABLE public.evidence_keys TO flywheel_operator;
GRANT UPDATE(decided_by) ON TABLE public.evidence_keys TO flywheel_loop;

GRANT SELECT ON TABLE public.evidence_leaves TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_leaves TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_leaves TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_leaves TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.evidence_leaves TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_leaves TO flywheel_backup;

GRANT SELECT ON TABLE public.evidence_progress TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_progress TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_progress TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.evidence_progress TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_progress TO flywheel_backup;

GRANT SELECT,INSERT,DELETE ON TABLE public.evidence_waiting TO flywheel_appliance;
GRANT SELECT ON TABLE public.evidence_waiting TO flywheel_client;
GRANT SELECT ON TABLE public.evidence_waiting TO flywheel_partner;
GRANT SELECT ON TABLE public.evidence_waiting TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.evidence_waiting TO flywheel_loop;
GRANT SELECT ON TABLE public.evidence_waiting TO flywheel_backup;

GRANT INSERT ON TABLE public.execution_keys TO flywheel_writer;
GRANT SELECT,INSERT ON TABLE public.execution_keys TO flywheel_appliance;
GRANT SELECT ON TABLE public.execution_keys TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.execution_keys TO flywheel_loop;
GRANT SELECT ON TABLE public.execution_keys TO flywheel_backup;

GRANT SELECT(site_id) ON TABLE public.execution_keys TO flywheel_writer;

GRANT SELECT(execution_id) ON TABLE public.execution_keys TO flywheel_writer;

GRANT SELECT(digest) ON TABLE public.execution_keys TO flywheel_writer;

GRANT SELECT(received_at) ON TABLE public.execution_keys TO flywheel_writer;

GRANT SELECT,INSERT ON TABLE public.heal_proofs TO flywheel_appliance;
GRANT SELECT ON TABLE public.heal_proofs TO flywheel_client;
GRANT SELECT ON TABLE public.heal_proofs TO flywheel_partner;
GRANT SELECT ON TABLE public.heal_proofs TO flywheel_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.heal_proofs TO flywheel_loop;
GRANT SELECT ON TABLE public.heal_proofs TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.idempotency_keys TO flywheel_partner;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO flywheel_loop;
GRANT SELECT ON TABLE public.idempotency_keys TO flywheel_operator;
GRANT SELECT ON TABLE public.idempotency_keys TO flywheel_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.incidents TO flywheel_appliance;
GRANT SELECT ON TABLE public.incidents TO flywheel_client;
GRANT SELECT ON TABLE public.incidents TO flywheel_partner;
GRANT SELECT ON TABLE public.incidents TO flywheel_operator;
GRANT SELECT ON TABLE public.incidents TO flywheel_loop;
GRANT SELECT ON TABLE public.incidents TO flywheel_backup;

GRANT SELECT ON TABLE public.level_days TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.level_days TO flywheel_loop;
GRANT SELECT ON TABLE public.level_days TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.log_lines TO flywheel_appliance;
GRANT SELECT ON TABLE public.log_lines TO flywheel_operator;
GRANT SELECT ON TABLE public.log_lines TO flywheel_loop;
GRANT SELECT ON TABLE public.log_lines TO flywheel_backup;

GRANT SELECT ON TABLE public.loop_leases TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.loop_leases TO flywheel_loop;
GRANT SELECT ON TABLE public.loop_leases TO flywheel_backup;

GRANT SELECT ON TABLE public.loop_runs TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.loop_runs TO flywheel_loop;
GRANT SELECT ON TABLE public.loop_runs TO flywheel_backup;

GRANT SELECT,INSERT,DELETE ON TABLE public.one_time_links TO flywheel_auth;
GRANT INSERT,DELETE ON TABLE public.one_time_links TO flywheel_operator;
GRANT INSERT,DELETE ON TABLE public.one_time_links TO flywheel_partner;
GRANT INSERT,DELETE ON TABLE public.one_time_links TO flywheel_client;
GRANT DELETE ON TABLE public.one_time_links TO flywheel_loop;
GRANT SELECT ON TABLE public.one_time_links TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.one_time_links TO flywheel_operator;
GRANT SELECT(id) ON TABLE public.one_time_links TO flywheel_partner;
GRANT SELECT(id) ON TABLE public.one_time_links TO flywheel_client;

GRANT SELECT(user_id) ON TABLE public.one_time_links TO flywheel_operator;
GRANT SELECT(user_id) ON TABLE public.one_time_links TO flywheel_partner;
GRANT SELECT(user_id) ON TABLE public.one_time_links TO flywheel_client;

GRANT SELECT(kind) ON TABLE public.one_time_links TO flywheel_operator;
GRANT SELECT(kind) ON TABLE public.one_time_links TO flywheel_partner;
GRANT SELECT(kind) ON TABLE public.one_time_links TO flywheel_client;

GRANT SELECT(expires_at) ON TABLE public.one_time_links TO flywheel_loop;

GRANT SELECT ON TABLE public.operators TO flywheel_auth;
GRANT SELECT,INSERT ON TABLE public.operators TO flywheel_operator;
GRANT SELECT ON TABLE public.operators TO flywheel_loop;
GRANT SELECT ON TABLE public.operators TO flywheel_backup;

GRANT UPDATE(role) ON TABLE public.operators TO flywheel_operator;

GRANT UPDATE(disabled_at) ON TABLE public.operators TO flywheel_operator;

GRANT SELECT ON TABLE public.orders TO flywheel_appliance;
GRANT SELECT,INSERT ON TABLE public.orders TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.orders TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.orders TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.orders TO flywheel_loop;
GRANT SELECT ON TABLE public.orders TO flywheel_backup;

GRANT UPDATE(state) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(state) ON TABLE public.orders TO flywheel_loop;
GRANT UPDATE(state) ON TABLE public.orders TO flywheel_client;
GRANT UPDATE(state) ON TABLE public.orders TO flywheel_partner;
GRANT UPDATE(state) ON TABLE public.orders TO flywheel_operator;

GRANT UPDATE(changed_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(changed_at) ON TABLE public.orders TO flywheel_loop;
GRANT UPDATE(changed_at) ON TABLE public.orders TO flywheel_client;
GRANT UPDATE(changed_at) ON TABLE public.orders TO flywheel_partner;
GRANT UPDATE(changed_at) ON TABLE public.orders TO flywheel_operator;

GRANT UPDATE(handed_out_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(handed_out_at) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(acknowledged_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(acknowledged_at) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(finished_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(finished_at) ON TABLE public.orders TO flywheel_loop;
GRANT UPDATE(finished_at) ON TABLE public.orders TO flywheel_client;
GRANT UPDATE(finished_at) ON TABLE public.orders TO flywheel_partner;
GRANT UPDATE(finished_at) ON TABLE public.orders TO flywheel_operator;

GRANT UPDATE(reported_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(reported_at) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(success) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(success) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(result) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(result) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(error_message) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(error_message) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(outcome) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(outcome) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(standing) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(standing) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(proof_source) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(proof_source) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(proof_reference) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(proof_reference) ON TABLE public.orders TO flywheel_loop;

GRANT UPDATE(proof_seen_at) ON TABLE public.orders TO flywheel_appliance;
GRANT UPDATE(proof_seen_at) ON TABLE public.orders TO flywheel_loop;

GRANT SELECT ON TABLE public.partners TO flywheel_auth;
GRANT SELECT ON TABLE public.partners TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.partners TO flywheel_operator;
GRANT SELECT ON TABLE public.partners TO flywheel_loop;
GRANT SELECT ON TABLE public.partners TO flywheel_backup;

GRANT UPDATE(name) ON TABLE public.partners TO flywheel_operator;

GRANT SELECT,INSERT,UPDATE ON TABLE public.pattern_reports TO flywheel_appliance;
GRANT SELECT ON TABLE public.pattern_reports TO flywheel_client;
GRANT SELECT ON TABLE public.pattern_reports TO flywheel_partner;
GRANT SELECT ON TABLE public.pattern_reports TO flywheel_operator;
GRANT SELECT,DELETE,UPDATE ON TABLE public.pattern_reports TO flywheel_loop;
GRANT SELECT ON TABLE public.pattern_reports TO flywheel_backup;

GRANT SELECT ON TABLE public.patterns TO flywheel_appliance;
GRANT SELECT ON TABLE public.patterns TO flywheel_client;
GRANT SELECT ON TABLE public.patterns TO flywheel_partner;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.patterns TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.patterns TO flywheel_loop;
GRANT SELECT ON TABLE public.patterns TO flywheel_backup;

GRANT UPDATE(state) ON TABLE public.patterns TO flywheel_client;
GRANT UPDATE(state) ON TABLE public.patterns TO flywheel_partner;

GRANT UPDATE(state_changed_at) ON TABLE public.patterns TO flywheel_client;
GRANT UPDATE(state_changed_at) ON TABLE public.patterns TO flywheel_partner;

GRANT UPDATE(due_at) ON TABLE public.patterns TO flywheel_client;
GRANT UPDATE(due_at) ON TABLE public.patterns TO flywheel_partner;

GRANT SELECT,INSERT ON TABLE public.plan_approvals TO flywheel_appliance;
GRANT SELECT ON TABLE public.plan_approvals TO flywheel_client;
GRANT SELECT ON TABLE public.plan_approvals TO flywheel_partner;
GRANT SELECT ON TABLE public.plan_approvals TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.plan_approvals TO flywheel_loop;
GRANT SELECT ON TABLE public.plan_approvals TO flywheel_backup;

GRANT UPDATE(state) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(state) ON TABLE public.plan_approvals TO flywheel_partner;
GRANT UPDATE(state) ON TABLE public.plan_approvals TO flywheel_loop;

GRANT UPDATE(decided_at) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(decided_at) ON TABLE public.plan_approvals TO flywheel_partner;
GRANT UPDATE(decided_at) ON TABLE public.plan_approvals TO flywheel_loop;

GRANT UPDATE(decided_by_kind) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(decided_by_kind) ON TABLE public.plan_approvals TO flywheel_partner;

GRANT UPDATE(decided_by_id) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(decided_by_id) ON TABLE public.plan_approvals TO flywheel_partner;

GRANT UPDATE(decided_by) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(decided_by) ON TABLE public.plan_approvals TO flywheel_partner;

GRANT UPDATE(notes) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(notes) ON TABLE public.plan_approvals TO flywheel_partner;

GRANT UPDATE(order_id) ON TABLE public.plan_approvals TO flywheel_client;
GRANT UPDATE(order_id) ON TABLE public.plan_approvals TO flywheel_partner;

GRANT SELECT,INSERT,UPDATE ON TABLE public.plan_budgets TO flywheel_appliance;
GRANT SELECT ON TABLE public.plan_budgets TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.plan_budgets TO flywheel_loop;
GRANT SELECT ON TABLE public.plan_budgets TO flywheel_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE public.plans TO flywheel_appliance;
GRANT SELECT ON TABLE public.plans TO flywheel_client;
GRANT SELECT ON TABLE public.plans TO flywheel_partner;
GRANT SELECT ON TABLE public.plans TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.plans TO flywheel_loop;
GRANT SELECT ON TABLE public.plans TO flywheel_backup;

GRANT UPDATE(appliance_id) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(state) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(planner) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(told) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(reason) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(answer) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(decided_at) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(execution_id) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(executed_at) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(outcome) ON TABLE public.plans TO flywheel_loop;

GRANT UPDATE(verified) ON TABLE public.plans TO flywheel_loop;

GRANT SELECT ON TABLE public.platform_backlog TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.platform_backlog TO flywheel_loop;
GRANT SELECT ON TABLE public.platform_backlog TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.policies TO flywheel_operator;
GRANT SELECT ON TABLE public.policies TO flywheel_loop;
GRANT SELECT ON TABLE public.policies TO flywheel_backup;

GRANT SELECT(version) ON TABLE public.policies TO flywheel_client;
GRANT SELECT(version) ON TABLE public.policies TO flywheel_partner;

GRANT SELECT("values") ON TABLE public.policies TO flywheel_client;
GRANT SELECT("values") ON TABLE public.policies TO flywheel_partner;

GRANT SELECT ON SEQUENCE public.policies_version_seq TO flywheel_backup;

GRANT SELECT,INSERT ON TABLE public.promotions TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.promotions TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.promotions TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.promotions TO flywheel_loop;
GRANT SELECT ON TABLE public.promotions TO flywheel_backup;

GRANT SELECT ON TABLE public.rule_alarms TO flywheel_client;
GRANT SELECT ON TABLE public.rule_alarms TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.rule_alarms TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.rule_alarms TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_alarms TO flywheel_backup;

GRANT UPDATE(answered_by) ON TABLE public.rule_alarms TO flywheel_client;
GRANT UPDATE(answered_by) ON TABLE public.rule_alarms TO flywheel_partner;
GRANT UPDATE(answered_by) ON TABLE public.rule_alarms TO flywheel_operator;
GRANT UPDATE(answered_by) ON TABLE public.rule_alarms TO flywheel_loop;

GRANT UPDATE(answered_at) ON TABLE public.rule_alarms TO flywheel_client;
GRANT UPDATE(answered_at) ON TABLE public.rule_alarms TO flywheel_partner;
GRANT UPDATE(answered_at) ON TABLE public.rule_alarms TO flywheel_operator;
GRANT UPDATE(answered_at) ON TABLE public.rule_alarms TO flywheel_loop;

GRANT UPDATE(answer) ON TABLE public.rule_alarms TO flywheel_client;
GRANT UPDATE(answer) ON TABLE public.rule_alarms TO flywheel_partner;
GRANT UPDATE(answer) ON TABLE public.rule_alarms TO flywheel_operator;
GRANT UPDATE(answer) ON TABLE public.rule_alarms TO flywheel_loop;

GRANT UPDATE(over_at) ON TABLE public.rule_alarms TO flywheel_client;
GRANT UPDATE(over_at) ON TABLE public.rule_alarms TO flywheel_partner;
GRANT UPDATE(over_at) ON TABLE public.rule_alarms TO flywheel_operator;
GRANT UPDATE(over_at) ON TABLE public.rule_alarms TO flywheel_loop;

GRANT SELECT ON TABLE public.rule_attempts TO flywheel_client;
GRANT SELECT ON TABLE public.rule_attempts TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.rule_attempts TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_attempts TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_attempts TO flywheel_backup;

GRANT SELECT ON TABLE public.rule_counts TO flywheel_client;
GRANT SELECT ON TABLE public.rule_counts TO flywheel_partner;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_counts TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_counts TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_counts TO flywheel_backup;

GRANT SELECT ON TABLE public.rule_health TO flywheel_client;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rule_health TO flywheel_partner;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rule_health TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rule_health TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_health TO flywheel_backup;

GRANT UPDATE(replay) ON TABLE public.rule_health TO flywheel_client;

GRANT SELECT ON TABLE public.rule_remains TO flywheel_client;
GRANT SELECT,INSERT ON TABLE public.rule_remains TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.rule_remains TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rule_remains TO flywheel_loop;
GRANT SELECT ON TABLE public.rule_remains TO flywheel_backup;

GRANT UPDATE(removed_at) ON TABLE public.rule_remains TO flywheel_partner;
GRANT UPDATE(removed_at) ON TABLE public.rule_remains TO flywheel_operator;

GRANT UPDATE(removed_by) ON TABLE public.rule_remains TO flywheel_partner;
GRANT UPDATE(removed_by) ON TABLE public.rule_remains TO flywheel_operator;

GRANT UPDATE(told_at) ON TABLE public.rule_remains TO flywheel_partner;
GRANT UPDATE(told_at) ON TABLE public.rule_remains TO flywheel_operator;

GRANT SELECT ON TABLE public.service_failures TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.service_failures TO flywheel_loop;
GRANT SELECT ON TABLE public.service_failures TO flywheel_backup;

GRANT SELECT,INSERT,DELETE ON TABLE public.sessions TO flywheel_auth;
GRANT DELETE ON TABLE public.sessions TO flywheel_operator;
GRANT DELETE ON TABLE public.sessions TO flywheel_partner;
GRANT DELETE ON TABLE public.sessions TO flywheel_client;
GRANT DELETE ON TABLE public.sessions TO flywheel_loop;
GRANT SELECT ON TABLE public.sessions TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.sessions TO flywheel_operator;
GRANT SELECT(id) ON TABLE public.sessions TO flywheel_partner;
GRANT SELECT(id) ON TABLE public.sessions TO flywheel_client;

GRANT SELECT(user_id) ON TABLE public.sessions TO flywheel_operator;
GRANT SELECT(user_id) ON TABLE public.sessions TO flywheel_partner;
GRANT SELECT(user_id) ON TABLE public.sessions TO flywheel_client;

GRANT SELECT(digest) ON TABLE public.sessions TO flywheel_operator;
GRANT SELECT(digest) ON TABLE public.sessions TO flywheel_partner;
GRANT SELECT(digest) ON TABLE public.sessions TO flywheel_client;

GRANT UPDATE(seen_at) ON TABLE public.sessions TO flywheel_auth;
GRANT SELECT(seen_at) ON TABLE public.sessions TO flywheel_loop;

GRANT SELECT(expires_at) ON TABLE public.sessions TO flywheel_loop;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.set_aside_ids TO flywheel_operator;
GRANT SELECT ON TABLE public.set_aside_ids TO flywheel_loop;
GRANT SELECT ON TABLE public.set_aside_ids TO flywheel_backup;

GRANT SELECT ON TABLE public.shared_macs TO flywheel_appliance;
GRANT SELECT ON TABLE public.shared_macs TO flywheel_partner;
GRANT SELECT ON TABLE public.shared_macs TO flywheel_operator;
GRANT SELECT,INSERT ON TABLE public.shared_macs TO flywheel_loop;
GRANT SELECT ON TABLE public.shared_macs TO flywheel_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_attempts TO flywheel_auth;
GRANT DELETE ON TABLE public.sign_in_attempts TO flywheel_loop;
GRANT SELECT ON TABLE public.sign_in_attempts TO flywheel_backup;

GRANT SELECT(counted_at) ON TABLE public.sign_in_attempts TO flywheel_loop;

GRANT SELECT,INSERT ON TABLE public.signing_keys TO flywheel_auth;
GRANT SELECT ON TABLE public.signing_keys TO flywheel_loop;
GRANT SELECT ON TABLE public.signing_keys TO flywheel_backup;

GRANT UPDATE(private_key) ON TABLE public.signing_keys TO flywheel_auth;

GRANT SELECT ON TABLE public.site_rows TO flywheel_partner;
GRANT SELECT ON TABLE public.site_rows TO flywheel_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.site_rows TO flywheel_loop;
GRANT SELECT ON TABLE public.site_rows TO flywheel_backup;

GRANT SELECT ON TABLE public.site_usage TO flywheel_partner;
GRANT SELECT ON TABLE public.site_usage TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.site_usage TO flywheel_loop;
GRANT SELECT ON TABLE public.site_usage TO flywheel_backup;

GRANT SELECT ON TABLE public.unheard_attempts TO flywheel_appliance;
GRANT SELECT ON TABLE public.unheard_attempts TO flywheel_client;
GRANT SELECT ON TABLE public.unheard_attempts TO flywheel_partner;
GRANT SELECT ON TABLE public.unheard_attempts TO flywheel_operator;
GRANT SELECT ON TABLE public.unheard_attempts TO flywheel_loop;

GRANT SELECT ON TABLE public.users TO flywheel_auth;
GRANT INSERT ON TABLE public.users TO flywheel_operator;
GRANT INSERT ON TABLE public.users TO flywheel_partner;
GRANT INSERT ON TABLE public.users TO flywheel_client;
GRANT SELECT ON TABLE public.users TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(id) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(id) ON TABLE public.users TO flywheel_client;

GRANT SELECT(email) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(email) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(email) ON TABLE public.users TO flywheel_client;

GRANT SELECT(operator_id) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(operator_id) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(operator_id) ON TABLE public.users TO flywheel_client;

GRANT SELECT(partner_id) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(partner_id) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(partner_id) ON TABLE public.users TO flywheel_client;

GRANT SELECT(organization_id) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(organization_id) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(organization_id) ON TABLE public.users TO flywheel_client;

GRANT SELECT(role),UPDATE(role) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(role) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(role) ON TABLE public.users TO flywheel_client;

GRANT UPDATE(password_hash) ON TABLE public.users TO flywheel_auth;

GRANT SELECT(created_at) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(created_at) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(created_at) ON TABLE public.users TO flywheel_client;

GRANT SELECT(disabled_at),UPDATE(disabled_at) ON TABLE public.users TO flywheel_operator;
GRANT SELECT(disabled_at),UPDATE(disabled_at) ON TABLE public.users TO flywheel_partner;
GRANT SELECT(disabled_at),UPDATE(disabled_at) ON TABLE public.users TO flywheel_client;

GRANT SELECT,INSERT ON TABLE public.webhook_deliveries TO flywheel_partner;
GRANT SELECT,INSERT ON TABLE public.webhook_deliveries TO flywheel_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_deliveries TO flywheel_loop;
GRANT SELECT ON TABLE public.webhook_deliveries TO flywheel_backup;

GRANT UPDATE(state) ON TABLE public.webhook_deliveries TO flywheel_partner;
GRANT UPDATE(state) ON TABLE public.webhook_deliveries TO flywheel_operator;

GRANT UPDATE(attempts) ON TABLE public.webhook_deliveries TO flywheel_partner;
GRANT UPDATE(attempts) ON TABLE public.webhook_deliveries TO flywheel_operator;

GRANT UPDATE(next_attempt_at) ON TABLE public.webhook_deliveries TO flywheel_partner;
GRANT UPDATE(next_attempt_at) ON TABLE public.webhook_deliveries TO flywheel_operator;

GRANT INSERT,DELETE ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT INSERT,DELETE ON TABLE public.webhook_endpoints TO flywheel_operator;
GRANT SELECT ON TABLE public.webhook_endpoints TO flywheel_loop;
GRANT SELECT ON TABLE public.webhook_endpoints TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(id) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(partner_id) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(partner_id) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(url),UPDATE(url) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(url),UPDATE(url) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(label),UPDATE(label) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(label),UPDATE(label) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(kinds),UPDATE(kinds) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(kinds),UPDATE(kinds) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT UPDATE(secret) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT UPDATE(secret) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(enabled),UPDATE(enabled) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(enabled),UPDATE(enabled) ON TABLE public.webhook_endpoints TO flywheel_operator;
GRANT UPDATE(enabled) ON TABLE public.webhook_endpoints TO flywheel_loop;

GRANT SELECT(created_at) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(created_at) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT SELECT(gone_at),UPDATE(gone_at) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(gone_at),UPDATE(gone_at) ON TABLE public.webhook_endpoints TO flywheel_operator;
GRANT UPDATE(gone_at) ON TABLE public.webhook_endpoints TO flywheel_loop;

GRANT SELECT(not_before),UPDATE(not_before) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(not_before),UPDATE(not_before) ON TABLE public.webhook_endpoints TO flywheel_operator;
GRANT UPDATE(not_before) ON TABLE public.webhook_endpoints TO flywheel_loop;

GRANT SELECT(overlap_until),UPDATE(overlap_until) ON TABLE public.webhook_endpoints TO flywheel_partner;
GRANT SELECT(overlap_until),UPDATE(overlap_until) ON TABLE public.webhook_endpoints TO flywheel_operator;

GRANT INSERT,DELETE ON TABLE public.webhook_old_secrets TO flywheel_partner;
GRANT INSERT,DELETE ON TABLE public.webhook_old_secrets TO flywheel_operator;
GRANT SELECT,DELETE ON TABLE public.webhook_old_secrets TO flywheel_loop;
GRANT SELECT ON TABLE public.webhook_old_secrets TO flywheel_backup;

GRANT SELECT(id) ON TABLE public.webhook_old_secrets TO flywheel_partner;
GRANT SELECT(id) ON TABLE public.webhook_old_secrets TO flywheel_operator;

GRANT SELECT(endpoint_id) ON TABLE public.webhook_old_secrets TO flywheel_partner;
GRANT SELECT(endpoint_id) ON TABLE public.webhook_old_secrets TO flywheel_operator;

GRANT SELECT(partner_id) ON TABLE public.webhook_old_secrets TO flywheel_partner;
GRANT SELECT(partner_id) ON TABLE public.webhook_old_secrets TO flywheel_operator;

GRANT SELECT(expires_at) ON TABLE public.webhook_old_secrets TO flywheel_partner;
GRANT SELECT(expires_at) ON TABLE public.webhook_old_secrets TO flywheel_operator;

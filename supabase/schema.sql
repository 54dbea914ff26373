-- Generated from the migrations by "deno task schema". Do not edit.
--
-- What is there when all migrations are applied, by kind and name; what an object needs stands above it. It is
-- to read, not to install: it has no rows, and nothing of what the migrations add to Realtime's and pg_cron's
-- own tables.

set search_path = '';
set check_function_bodies = off;

-- schema permafrost -------------------------------------------------------------------------------
create schema permafrost;

comment on schema permafrost is
  'Permafrost: the logic behind the API in public. Not exposed, no grants.';

revoke all on schema permafrost from public, anon, authenticated, service_role;

-- type public.key_ceremony_status -----------------------------------------------------------------
create type public.key_ceremony_status as enum (
  'round_one',
  'round_two',
  'confirming',
  'completed',
  'failed',
  'expired'
);

comment on type public.key_ceremony_status is
  'round_one, round_two (messages are collected), confirming (all sign the same transcript); then completed, failed or expired.';

-- type public.signing_mode ------------------------------------------------------------------------
create type public.signing_mode as enum (
  'two_round',
  'robust',
  'one_tap'
);

comment on type public.signing_mode is
  'two_round: one signer set. robust: the next one where one stalls. one_tap: signer sets of pooled commitments from the start, then as robust.';

-- type public.signing_quorum_status ---------------------------------------------------------------
create type public.signing_quorum_status as enum (
  'collecting',
  'signing',
  'completed',
  'abandoned'
);

comment on type public.signing_quorum_status is
  'collecting (commitments), signing (shares); then completed (its shares made the signature) or abandoned.';

-- type public.signing_session_status --------------------------------------------------------------
create type public.signing_session_status as enum (
  'pending',
  'nonce_collection',
  'signing',
  'aggregating',
  'completed',
  'failed',
  'expired'
);

comment on type public.signing_session_status is
  'pending, nonce_collection (round one), signing (round two), aggregating; then completed, failed or expired.';

-- type public.sss_request_status ------------------------------------------------------------------
create type public.sss_request_status as enum (
  'pending',
  'partial',
  'ready',
  'completed',
  'failed',
  'expired'
);

comment on type public.sss_request_status is
  'pending (no share), partial (some), ready (a threshold of them); then completed, failed or expired.';

-- table permafrost.ciphersuites -------------------------------------------------------------------
create table permafrost.ciphersuites (
  ciphersuite text not null,
  element_bytes integer not null,
  scalar_bytes integer not null,
  signature_bytes integer not null,
  message_bytes_min integer not null,
  message_bytes_max integer not null,
  signers_max integer not null,
  ceremony_max integer not null,
  constraint ciphersuites_pkey PRIMARY KEY (ciphersuite)
);

comment on table permafrost.ciphersuites is
  'The ciphersuites by RFC 9591 name, with lengths in bytes.';
comment on column permafrost.ciphersuites.element_bytes is
  'Ne: an encoded point of the group.';
comment on column permafrost.ciphersuites.scalar_bytes is
  'Ns: an encoded scalar.';
comment on column permafrost.ciphersuites.signature_bytes is
  'The final signature as its verifiers expect it.';
comment on column permafrost.ciphersuites.signers_max is
  'The greatest threshold: closing round one with more signers takes longer than the 2 s of CPU that a hosted function has.';
comment on column permafrost.ciphersuites.ceremony_max is
  'The most participants of a ceremony: with more a step takes longer than those 2 s.';

alter table permafrost.ciphersuites enable row level security;

revoke all on table permafrost.ciphersuites from public, anon, authenticated, service_role;

-- table permafrost.kinds --------------------------------------------------------------------------
create table permafrost.kinds (
  kind text not null,
  relation text not null,
  id_column text not null,
  noun text not null,
  method text,
  key_column text not null,
  taking_part text default 't.participants'::text not null,
  for_family boolean default false not null,
  cleaned_from text default 'completed'::text not null,
  awaiting text default 'false'::text not null,
  created_detail text[] not null,
  constraint kinds_pkey PRIMARY KEY (kind)
);

comment on table permafrost.kinds is
  'What has a state.';
comment on column permafrost.kinds.relation is
  'Its table, with its schema.';
comment on column permafrost.kinds.noun is
  'What a refusal calls it.';
comment on column permafrost.kinds.method is
  'What clients call its way of signing: frost or sss.';
comment on column permafrost.kinds.key_column is
  'Which column has the key package it lives under: with that it ends.';
comment on column permafrost.kinds.taking_part is
  'Who takes part, in SQL on t: a text[].';
comment on column permafrost.kinds.for_family is
  'Whether the whole family may see that it is there and how far it has come, or only its creator and who takes part.';
comment on column permafrost.kinds.cleaned_from is
  'Cleanup deletes rows of this status and of those after it.';
comment on column permafrost.kinds.awaiting is
  'Who is awaited while it is open, in SQL on t: whether it awaits %1$s, who takes part.';
comment on column permafrost.kinds.created_detail is
  'The columns that its event created tells.';

alter table permafrost.kinds enable row level security;

revoke all on table permafrost.kinds from public, anon, authenticated, service_role;

-- function permafrost.now_ms() --------------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.now_ms()
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
end;
$function$;

comment on function permafrost.now_ms() is
  'The time now in milliseconds since the Unix epoch.';

revoke all on function permafrost.now_ms() from public, anon, authenticated, service_role;
grant execute on function permafrost.now_ms() to authenticated, service_role;

-- function permafrost.tg_declines__20_count() -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_declines__20_count()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = new.kind;
  v_family text;
  v_others integer;
begin
  execute format('select family_id, cardinality(participants) - threshold from %s where %I = $1',
    v_kind.relation, v_kind.id_column) into v_family, v_others using new.subject_id;
  perform permafrost.log_event(new.kind, new.subject_id, v_family, 'declined', new.participant_id,
    jsonb_build_object('reason', new.reason));
  if v_others < (select count(*) from permafrost.declines where subject_id = new.subject_id and kind = new.kind) then
    perform permafrost.fail_declined(new);
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_declines__20_count() from public, anon, authenticated, service_role;

-- function permafrost.tg_declines__ceremony() -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_declines__ceremony()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if exists (select from public.frost_key_ceremonies where ceremony_id = new.subject_id and status < 'completed') then
    perform permafrost.fail_declined(new);
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_declines__ceremony() from public, anon, authenticated, service_role;

-- function permafrost.tg_declines__recovery() -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_declines__recovery()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if exists (select from public.sss_encrypted_shares
    where request_id = new.subject_id and guardian_id = new.participant_id and status = 'submitted')
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has handed in its share already');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_declines__recovery() from public, anon, authenticated, service_role;

-- function permafrost.tg_declines__session() ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_declines__session()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.subject_id;
  if tg_when = 'AFTER' then
    if v_session.status >= 'completed' then
      return null;
    end if;
    if v_session.mode <> 'two_round' then
      perform permafrost.abandon_quorums_of(new.subject_id, new.participant_id);
      perform permafrost.fail_if_stuck(v_session,
        format('Too few are left: %s declined (%s)', new.participant_id, new.reason));
    elsif exists (select from public.frost_nonce_commitments
      where session_id = new.subject_id and participant_id = new.participant_id)
    then
      perform permafrost.fail_declined(new);
    end if;
    return null;
  end if;
  if v_session.mode = 'two_round' and exists (select from public.frost_signature_shares
    where session_id = new.subject_id and participant_id = new.participant_id)
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has signed already');
  end if;
  if new.participant_id <> all (v_session.signers) then
    perform permafrost.refuse('round_closed', 'Others sign this session: there is nothing to decline');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_declines__session() from public, anon, authenticated, service_role;

-- table permafrost.declines -----------------------------------------------------------------------
create table permafrost.declines (
  kind text not null,
  subject_id text not null,
  participant_id text not null,
  reason text not null,
  declined_at bigint default permafrost.now_ms() not null,
  constraint declines_pkey PRIMARY KEY (subject_id, kind, participant_id),
  constraint declines_kind_fkey FOREIGN KEY (kind) REFERENCES permafrost.kinds(kind) ON DELETE CASCADE
);

comment on table permafrost.declines is
  'Participants who declined, and why. A decline is final. What a kind asks of one who declines is a trigger here.';

alter table permafrost.declines enable row level security;

revoke all on table permafrost.declines from public, anon, authenticated, service_role;

CREATE TRIGGER tg_declines__10_recovery_answered BEFORE INSERT ON permafrost.declines FOR EACH ROW WHEN (new.kind = 'recovery'::text) EXECUTE FUNCTION permafrost.tg_declines__recovery();
CREATE TRIGGER tg_declines__10_session_answered BEFORE INSERT ON permafrost.declines FOR EACH ROW WHEN (new.kind = 'session'::text) EXECUTE FUNCTION permafrost.tg_declines__session();
CREATE TRIGGER tg_declines__20_count AFTER INSERT ON permafrost.declines FOR EACH ROW EXECUTE FUNCTION permafrost.tg_declines__20_count();
CREATE TRIGGER tg_declines__30_ceremony AFTER INSERT ON permafrost.declines FOR EACH ROW WHEN (new.kind = 'ceremony'::text) EXECUTE FUNCTION permafrost.tg_declines__ceremony();
CREATE TRIGGER tg_declines__30_session_committed AFTER INSERT ON permafrost.declines FOR EACH ROW WHEN (new.kind = 'session'::text) EXECUTE FUNCTION permafrost.tg_declines__session();

-- table permafrost.event_heads --------------------------------------------------------------------
create table permafrost.event_heads (
  subject_id text not null,
  subject text not null,
  seq bigint not null,
  digest bytea not null,
  occurred_at bigint not null,
  constraint event_heads_pkey PRIMARY KEY (subject_id, subject)
) with (fillfactor=70);

comment on table permafrost.event_heads is
  'The last event of each subject. Locked by each writing of an event, after all other locks, so that two refusals at once do not fork a chain.';

alter table permafrost.event_heads enable row level security;

revoke all on table permafrost.event_heads from public, anon, authenticated, service_role;

-- function permafrost.families() ------------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.families()
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return array(select jsonb_object_keys(permafrost.memberships()));
end;
$function$;

comment on function permafrost.families() is
  'The families of the caller.';

revoke all on function permafrost.families() from public, anon, authenticated, service_role;
grant execute on function permafrost.families() to authenticated;

-- function permafrost.tg__05_no_members() ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__05_no_members()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  raise insufficient_privilege using
    message = format('%s is written by functions and operators alone', tg_table_name);
end;
$function$;

revoke all on function permafrost.tg__05_no_members() from public, anon, authenticated, service_role;

-- function permafrost.tg__no_truncate() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__no_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.refuse('invalid_transition', format('%s.%s is never truncated', tg_table_schema, tg_table_name));
  return null;
end;
$function$;

revoke all on function permafrost.tg__no_truncate() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_packages__10_admit() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_suite permafrost.ciphersuites;
  v_point text;
begin
  select * into v_suite from permafrost.ciphersuites where ciphersuite = new.ciphersuite;
  if not found then
    perform permafrost.refuse('invalid_input', 'The ciphersuite is not one of those supported');
  end if;
  perform permafrost.check_identifier('family_id', new.family_id), permafrost.check_participants(new.participants);
  if new.threshold is null or new.threshold not between 2 and cardinality(new.participants) then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be from 2 to the number of participants');
  end if;
  if new.threshold > v_suite.signers_max then
    perform permafrost.refuse('threshold_invalid', format('The threshold under %s must be at most %s', new.ciphersuite, v_suite.signers_max));
  end if;
  if array_ndims(new.verifying_shares) is distinct from 1 or array_ndims(new.vss_commitment) <> 1
    or cardinality(new.verifying_shares) <> cardinality(new.participants)
    or cardinality(new.vss_commitment) <> new.threshold
  then
    perform permafrost.refuse('key_package_invalid',
      'There must be one verifying share for each participant, and one point of the VSS commitment for each coefficient');
  end if;
  foreach v_point in array new.verifying_shares || new.vss_commitment || new.group_public_key loop
    if not permafrost.is_hex(v_point) then
      perform permafrost.refuse('invalid_input', 'Points must be lower-case hex');
    elsif length(v_point) <> 2 * v_suite.element_bytes then
      perform permafrost.refuse('key_package_invalid',
        format('A point of %s has %s bytes', new.ciphersuite, v_suite.element_bytes));
    end if;
  end loop;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_key_packages__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_packages__40_log() ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__40_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'INSERT' then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'created', new.created_by,
      to_jsonb(new) - '{created_by,created_at,retired_at,exposed_at}'::text[]);
  end if;
  if new.retired_at is not null and (tg_op = 'INSERT' or old.retired_at is null) then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'retired', null);
  end if;
  if new.exposed_at is not null and (tg_op = 'INSERT' or old.exposed_at is null) then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'exposed', null);
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_key_packages__40_log() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_packages__50_prove() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__50_prove()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  insert into permafrost.guardian_proofs (key_package_id, participant_id)
  select new.key_package_id, p from unnest(new.participants) as p;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_key_packages__50_prove() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_packages__freeze() ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    perform permafrost.refuse('invalid_transition', 'A key package is never deleted');
  end if;
  if to_jsonb(new) - '{retired_at,exposed_at}'::text[] is distinct from to_jsonb(old) - '{retired_at,exposed_at}'::text[]
    or old.retired_at is not null and new.retired_at is distinct from old.retired_at
    or old.exposed_at is not null and new.exposed_at is distinct from old.exposed_at
  then
    perform permafrost.refuse('invalid_transition',
      'A key package is immutable, but for being retired once and marked exposed once');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_key_packages__freeze() from public, anon, authenticated, service_role;

-- table public.frost_key_packages -----------------------------------------------------------------
create table public.frost_key_packages (
  key_package_id uuid default gen_random_uuid() not null,
  family_id text not null,
  epoch integer not null,
  ciphersuite text not null,
  threshold integer not null,
  participants text[] not null,
  group_public_key text not null,
  verifying_shares text[] not null,
  vss_commitment text[],
  created_by text,
  created_at bigint default permafrost.now_ms() not null,
  retired_at bigint,
  exposed_at bigint,
  constraint frost_key_packages_pkey PRIMARY KEY (key_package_id),
  constraint frost_key_packages_family_epoch_key UNIQUE (family_id, epoch),
  constraint frost_key_packages_ciphersuite_fkey FOREIGN KEY (ciphersuite) REFERENCES permafrost.ciphersuites(ciphersuite) ON DELETE RESTRICT,
  constraint frost_key_packages_epoch_check CHECK (epoch >= 1),
  constraint frost_key_packages_threshold_check CHECK (threshold >= 2)
);

comment on table public.frost_key_packages is
  'The public half of a family''s signing key, one row an epoch. Immutable but for retired_at and exposed_at, each set once. Written by register_key_package only.';
comment on column public.frost_key_packages.epoch is
  'Counts a family''s keys from 1.';
comment on column public.frost_key_packages.threshold is
  'MIN_PARTICIPANTS of RFC 9591: how many signers a signature takes at least.';
comment on column public.frost_key_packages.participants is
  'The guardians; a position in this list, from 1, is the FROST identifier.';
comment on column public.frost_key_packages.group_public_key is
  'Encoded point, lower-case hex; compressed SEC1 on secp256k1 and P-256.';
comment on column public.frost_key_packages.verifying_shares is
  'Encoded points, lower-case hex, in the order of participants.';
comment on column public.frost_key_packages.vss_commitment is
  'Commitment to the dealer''s polynomial, threshold points, if there was one.';
comment on column public.frost_key_packages.created_at is
  'Milliseconds since the epoch.';
comment on column public.frost_key_packages.retired_at is
  'Milliseconds since the epoch; set once, when the next epoch is registered.';
comment on column public.frost_key_packages.exposed_at is
  'Milliseconds since the epoch; set once, when a recovery requester''s device could have put the secret key together.';

CREATE UNIQUE INDEX frost_key_packages_current_idx ON public.frost_key_packages USING btree (family_id) WHERE (retired_at IS NULL);

alter table public.frost_key_packages enable row level security;

revoke all on table public.frost_key_packages from public, anon, authenticated, service_role;
grant select on table public.frost_key_packages to authenticated, service_role;

create policy "Members read their family's key packages" on public.frost_key_packages
  for select to authenticated
  using (family_id = ANY ((( SELECT permafrost.families() AS families))::text[]));

CREATE TRIGGER tg_frost_key_packages__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_key_packages FOR EACH STATEMENT WHEN (row_security_active('public.frost_key_packages'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_key_packages__10_admit BEFORE INSERT ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__10_admit();
CREATE TRIGGER tg_frost_key_packages__40_log AFTER INSERT OR UPDATE ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__40_log();
CREATE TRIGGER tg_frost_key_packages__50_prove AFTER INSERT ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__50_prove();
CREATE TRIGGER tg_frost_key_packages__freeze BEFORE DELETE OR UPDATE ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__freeze();
CREATE TRIGGER tg_frost_key_packages__no_truncate BEFORE TRUNCATE ON public.frost_key_packages FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- table permafrost.guardian_proofs ----------------------------------------------------------------
create table permafrost.guardian_proofs (
  key_package_id uuid not null,
  participant_id text not null,
  last_proved_at bigint,
  constraint guardian_proofs_pkey PRIMARY KEY (key_package_id, participant_id),
  constraint guardian_proofs_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE CASCADE
);

comment on table permafrost.guardian_proofs is
  'When each guardian of a key last had a share in a signature, to the hour: milliseconds since the epoch; null for never.';

alter table permafrost.guardian_proofs enable row level security;

revoke all on table permafrost.guardian_proofs from public, anon, authenticated, service_role;

-- table permafrost.incarnations -------------------------------------------------------------------
create table permafrost.incarnations (
  incarnation integer not null,
  system_identifier bigint not null,
  timeline text not null,
  database_oid oid not null,
  ledger_oid oid not null,
  live_from integer not null,
  reason text not null,
  first_seen_at bigint default permafrost.now_ms() not null,
  constraint incarnations_pkey PRIMARY KEY (incarnation),
  constraint incarnations_check CHECK (live_from >= 1 AND live_from <= incarnation)
);

comment on table permafrost.incarnations is
  'Which databases this one has been, oldest first. Written when something is made in a new one.';
comment on column permafrost.incarnations.timeline is
  'The first eight characters of the current WAL file''s name. The control file still names the old timeline after a promotion.';
comment on column permafrost.incarnations.live_from is
  'What was made in this incarnation or an earlier one, back to this, goes on; what is older has failed.';
comment on column permafrost.incarnations.reason is
  'created, found (the database had changed), declared or accepted.';

alter table permafrost.incarnations enable row level security;

revoke all on table permafrost.incarnations from public, anon, authenticated, service_role;

-- table permafrost.inventory ----------------------------------------------------------------------
create table permafrost.inventory (
  check_name text not null,
  object text not null,
  detail text not null,
  constraint inventory_pkey PRIMARY KEY (check_name, object, detail)
);

comment on table permafrost.inventory is
  'What the migrations made: objects, their definitions and the rights on them.';

alter table permafrost.inventory enable row level security;

revoke all on table permafrost.inventory from public, anon, authenticated, service_role;

-- function permafrost.memberships() ---------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.memberships()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_place jsonb;
  v_family text;
  v_participant text;
  v_families jsonb;
  v_memberships jsonb;
begin
  foreach v_place in array array[v_claims, v_claims -> 'app_metadata'] loop
    v_family := coalesce(v_family,
      case when jsonb_typeof(v_place -> 'family_id') = 'string' then nullif(v_place ->> 'family_id', '') end);
    v_participant := coalesce(v_participant,
      case when jsonb_typeof(v_place -> 'participant_id') = 'string' then nullif(v_place ->> 'participant_id', '') end);
    v_families := coalesce(v_families,
      case when jsonb_typeof(v_place -> 'families') = 'object' then v_place -> 'families' end);
  end loop;
  v_participant := coalesce(v_participant,
    case when jsonb_typeof(v_claims -> 'sub') = 'string' then nullif(v_claims ->> 'sub', '') end);

  select coalesce(jsonb_object_agg(f.key, f.value), '{}') into v_memberships
  from jsonb_each(coalesce(v_families, '{}')) as f
  where f.key <> '' and jsonb_typeof(f.value) = 'string' and f.value <> '""';
  if v_family is not null then
    -- The one family's own claims decide, also where they name nobody.
    v_memberships := (v_memberships - v_family)
      || case when v_participant is null then '{}' else jsonb_build_object(v_family, v_participant) end;
  end if;
  return v_memberships;
end;
$function$;

comment on function permafrost.memberships() is
  'Who the caller is in each of its families, {family: participant}: family_id with participant_id or sub, then families.';

revoke all on function permafrost.memberships() from public, anon, authenticated, service_role;
grant execute on function permafrost.memberships() to authenticated;

-- function permafrost.tg__10_start() --------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__10_start()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind constant text := tg_argv[0];
  v_noun constant text := tg_argv[2];
  v_id constant text := to_jsonb(new) ->> tg_argv[1];
  v_now constant bigint := permafrost.now_ms();
  v_operator constant boolean := permafrost.is_operator();
begin
  -- The policy says the same, after this trigger; but what is said below about a key is for its family alone.
  if not v_operator and new.created_by is distinct from permafrost.memberships() ->> new.family_id then
    raise insufficient_privilege using message = format('A %s is created as oneself, in a family of one''s own', v_noun);
  end if;
  if new.status is distinct from enum_first(new.status)
    or num_nonnulls(new.error_message, new.completed_at, new.failed_at, new.incarnation) > 0
  then
    perform permafrost.refuse('invalid_transition',
      format('A %s starts %s, with nothing done yet', v_noun, enum_first(new.status)));
  end if;
  perform permafrost.check_identifier(tg_argv[1], v_id), permafrost.check_identifier('family_id', new.family_id),
    case when new.created_by is not null or not v_operator then permafrost.check_identifier('created_by', new.created_by) end;
  -- One id is one thing: a call that declines or publishes does not say which kind it means, and who reads a record is
  -- told by its first event, which is still there where the rest was deleted.
  if exists (select from permafrost.event_heads as h where h.subject_id = v_id and (h.subject <> v_kind
    or exists (select from public.frost_events as e
      where e.subject = v_kind and e.subject_id = v_id and e.seq = 1 and (e.family_id, e.actor, e.detail -> 'participants')
        is distinct from (new.family_id, new.created_by, to_jsonb(new.participants)))))
  then
    perform permafrost.refuse('invalid_input', format('%s must not be the id of anything else, nor have been one of other members', tg_argv[1]));
  end if;
  perform permafrost.check_participants(new.participants);
  if new.threshold is null or new.threshold not between 1 and cardinality(new.participants) then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be from 1 to the number of participants');
  end if;
  -- An operator may backdate a row, to test expiry or to restore it. A member's times are the server's.
  if new.created_at is null or new.created_at not between 0 and v_now + 300000 then
    perform permafrost.refuse('invalid_input', 'created_at must be milliseconds since the epoch, and not in the future');
  end if;
  if new.expires_at is null or new.expires_at <= new.created_at then
    perform permafrost.refuse('invalid_input', 'expires_at must be milliseconds since the epoch, later than created_at');
  end if;
  if not v_operator then
    perform permafrost.check_creation(new.family_id, new.created_by, v_now);
  end if;
  new.incarnation := permafrost.enter_incarnation();
  new.updated_at := new.created_at;
  return new;
end;
$function$;

revoke all on function permafrost.tg__10_start() from public, anon, authenticated, service_role;

-- function permafrost.tg__20_guard() --------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__20_guard()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind constant text := tg_argv[0];
  v_noun constant text := tg_argv[2];
  v_now constant bigint := permafrost.now_ms();
  v_moves constant boolean := new.status is distinct from old.status;
  v_asked record := new; -- what is left of it must be as it was
  v_ended_by text;
  v_old jsonb;
  v_new jsonb;
  v_free text[];
begin
  if new is not distinct from old then
    return old; -- equal may still be spelled anew, as 1 and 1.0
  end if;
  if old.status < 'completed' and v_moves then
    if not exists (select from permafrost.transitions as t
      where t.kind = v_kind and t.from_status = old.status::text and t.to_status = new.status::text)
    then
      perform permafrost.refuse('invalid_transition', format('A %s does not go from %s to %s',
        v_noun, old.status, coalesce(new.status::text, 'no status')));
    end if;
    v_asked.status := old.status;
    v_asked.error_message := old.error_message;
    v_asked.updated_at := old.updated_at;
  end if;
  if old.status < 'completed' and new.status <> 'expired'
    and (new.status <> 'failed' or coalesce(new.error_message, '') not in ('restored', 'key_retired'))
  then
    -- What another trigger moves was judged there, at its turn.
    if pg_trigger_depth() = 1 then
      v_ended_by := permafrost.ended_by(old.incarnation, permafrost.live_from(), (to_jsonb(old) ->> tg_argv[5])::uuid, old.expires_at);
      if v_ended_by is not null then
        perform permafrost.refuse_finished(v_noun, 'failed', v_ended_by);
      end if;
    end if;
    if old.expires_at <= v_now then
      perform permafrost.refuse('session_expired', format('The %s has expired', v_noun));
    end if;
  end if;

  if not v_asked *= old then -- in any byte
    v_old := to_jsonb(old);
    v_new := to_jsonb(v_asked);
    select coalesce(array_agg(s.column_name), '{}') into v_free
    from permafrost.settable as s
    where s.kind = v_kind and permafrost.may_set(s.how, v_old -> s.column_name, v_new -> s.column_name) and v_moves = (s.event is null)
      and case when s.while_open then old.status < 'completed' else old.status = 'completed' and not v_moves end;
    if (v_new - v_free)::text <> (v_old - v_free)::text then
      if old.status < 'completed' then
        perform permafrost.refuse('invalid_transition', 'What is signed, by whom and until when is fixed from the start');
      end if;
      perform permafrost.refuse_finished(v_noun, old.status::text, v_old ->> 'error_message');
    end if;
  end if;
  if old.status < 'completed' and (new.status = 'failed') <> (coalesce(new.error_message, '') <> '') then
    perform permafrost.refuse('invalid_transition', 'error_message must be given exactly when it fails');
  end if;
  new.updated_at := v_now;
  if v_moves and new.status = 'completed' then
    new.completed_at := v_now;
  elsif v_moves and new.status = 'failed' then
    new.failed_at := v_now;
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg__20_guard() from public, anon, authenticated, service_role;

-- function permafrost.tg__40_log() ----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__40_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind constant text := tg_argv[0];
  v_new jsonb;
  v_event text;
  v_columns text[];
  v_actor text;
  v_detail jsonb := '{}';
begin
  if tg_op = 'INSERT' then
    v_event := 'created';
    v_columns := tg_argv[4];
    v_actor := new.created_by;
  elsif new.status <> old.status then
    select t.event, t.detail into v_event, v_columns from permafrost.transitions as t
    where t.kind = v_kind and t.from_status = old.status::text and t.to_status = new.status::text;
    if new.status = 'failed' then
      v_actor := permafrost.memberships() ->> new.family_id;
    end if;
  else
    v_new := to_jsonb(new);
    select s.event, array[s.column_name] into v_event, v_columns from permafrost.settable as s
    where s.kind = v_kind and s.event is not null and v_new -> s.column_name is distinct from to_jsonb(old) -> s.column_name;
    v_actor := permafrost.memberships() ->> new.family_id;
  end if;
  if v_event is null then
    return null;
  end if;
  v_new := to_jsonb(new);
  if v_event = 'failed' then
    v_detail := jsonb_build_object('reason', new.error_message);
  elsif v_columns <> '{}' then
    v_detail := (select jsonb_object_agg(c, v_new -> c) from unnest(v_columns) as c);
  end if;
  perform permafrost.log_event(v_kind, v_new ->> tg_argv[1], new.family_id, v_event, v_actor, v_detail);
  return null;
end;
$function$;

revoke all on function permafrost.tg__40_log() from public, anon, authenticated, service_role;

-- function permafrost.tg__50_broadcast() ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__50_broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'INSERT' or new.status <> old.status then
    perform permafrost.broadcast(new.family_id, 'session_status',
      jsonb_build_object('session_id', to_jsonb(new) ->> tg_argv[1], 'method', tg_argv[3], 'status', new.status));
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg__50_broadcast() from public, anon, authenticated, service_role;

-- function permafrost.tg__80_keep() ---------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__80_keep()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_table_name = 'frost_key_ceremonies' then
    perform permafrost.refuse('invalid_transition', 'A completed ceremony is never deleted: the shares of its key come back from it');
  -- The cascade deletes the ceremony first.
  elsif exists (select from public.frost_key_ceremonies where ceremony_id = old.ceremony_id) then
    perform permafrost.refuse('invalid_transition', 'A ceremony''s message goes only with its ceremony');
  end if;
  return old;
end;
$function$;

revoke all on function permafrost.tg__80_keep() from public, anon, authenticated, service_role;

-- function permafrost.tg__90_forget() -------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__90_forget()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  delete from permafrost.declines as d
  where d.kind = tg_argv[0] and d.subject_id = to_jsonb(old) ->> tg_argv[1];
  return null;
end;
$function$;

revoke all on function permafrost.tg__90_forget() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_ceremonies__15_admit() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_ceremonies__15_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_suite permafrost.ciphersuites;
  v_current public.frost_key_packages;
begin
  if num_nonnulls(new.recovery_data, new.key_package, new.key_package_id) > 0 or new.coordinator_messages <> '{}' or new.blamed <> '{}' then
    perform permafrost.refuse('invalid_transition', 'A ceremony starts in round one, with nothing done yet');
  end if;
  -- The turn first: of two that are created at once one is the family's open ceremony.
  perform permafrost.lock_family_key(new.family_id);
  if exists (select from public.frost_key_ceremonies as c
    where c.family_id = new.family_id and permafrost.status_now(c.status, c.expires_at, permafrost.now_ms(),
      permafrost.ended_by(c.incarnation, permafrost.live_from(), c.current_key_package_id, c.expires_at)) < 'completed')
  then
    perform permafrost.refuse('invalid_transition', 'The family has an open ceremony: finish it, or let its creator fail it');
  end if;
  v_current := permafrost.current_key_package(new.family_id);
  new.current_key_package_id := v_current.key_package_id;
  if new.kind = 'reshare' then
    if v_current.key_package_id is null then
      perform permafrost.refuse('no_key_package', 'The family has no key to deal anew');
    end if;
    new.from_key_package_id := v_current.key_package_id;
    new.ciphersuite := coalesce(new.ciphersuite, v_current.ciphersuite);
    new.protocol := coalesce(new.protocol, 'reshare');
    if new.ciphersuite <> v_current.ciphersuite or new.protocol <> 'reshare' then
      perform permafrost.refuse('invalid_input', format('A reshare keeps the key''s ciphersuite, %s, and has the protocol reshare', v_current.ciphersuite));
    end if;
    if new.dealers is null or not new.dealers <@ v_current.participants or cardinality(new.dealers) <> v_current.threshold then
      perform permafrost.refuse('participants_invalid',
        format('The dealers must be exactly %s guardians of the current key', v_current.threshold));
    end if;
    perform permafrost.check_participants(new.dealers);
    new.dealer_host_public_keys := permafrost.active_host_keys(new.family_id, new.dealers);
  elsif new.kind = 'dkg' then
    new.ciphersuite := coalesce(new.ciphersuite, 'FROST-secp256k1-SHA256-TR-v1');
    new.protocol := coalesce(new.protocol, case when new.ciphersuite = 'FROST-secp256k1-SHA256-TR-v1' then 'chilldkg' else 'pedersen' end);
    if new.protocol not in ('chilldkg', 'pedersen') or new.protocol = 'chilldkg' and new.ciphersuite <> 'FROST-secp256k1-SHA256-TR-v1' then
      perform permafrost.refuse('invalid_input', 'A dkg has the protocol pedersen, or under FROST-secp256k1-SHA256-TR-v1 chilldkg');
    end if;
    if num_nonnulls(new.dealers, new.dealer_host_public_keys, new.from_key_package_id) > 0 then
      perform permafrost.refuse('invalid_input', 'Only a reshare has dealers');
    end if;
    if new.created_by is not null and v_current.key_package_id is null and permafrost.limit_of('first_key_by_members', new.family_id) = 0 then
      perform permafrost.refuse_rate('Only an operator starts the first ceremony of this family', 86400000);
    end if;
  else
    perform permafrost.refuse('invalid_input', 'kind must be dkg or reshare');
  end if;
  select * into v_suite from permafrost.ciphersuites where ciphersuite = new.ciphersuite;
  if not found then
    perform permafrost.refuse('invalid_input', 'The ciphersuite is not one of those supported');
  end if;
  if cardinality(new.participants) not between 2 and v_suite.ceremony_max then
    perform permafrost.refuse('participants_invalid', format('A ceremony under %s has 2 to %s participants', new.ciphersuite, v_suite.ceremony_max));
  end if;
  if new.threshold < 2 then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be 2 at least: with 1 every guardian would hold the whole key');
  end if;
  new.host_public_keys := permafrost.active_host_keys(new.family_id, new.participants);
  new.params_id := permafrost.sha256_hex(permafrost.ceremony_params(new));
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_key_ceremonies__15_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_key_ceremonies__30_enter() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_ceremonies__30_enter()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_missing text[];
  v_registered jsonb;
begin
  if new.status = old.status or new.status >= 'failed' then
    return new;
  end if;
  v_missing := permafrost.missing_senders(old, permafrost.round_of(old.status));
  if v_missing <> '{}' then
    perform permafrost.refuse('round_open', format('Waiting for %s', array_to_string(v_missing, ', ')));
  end if;
  if old.protocol = 'chilldkg' and new.status <> 'completed'
    and cardinality(new.coordinator_messages) <> permafrost.round_of(old.status)
  then
    perform permafrost.refuse('invalid_transition', 'Each round of chilldkg ends with the coordinator''s message');
  end if;
  if old.protocol = 'chilldkg' and (new.recovery_data is not null) <> (new.status >= 'confirming') then
    perform permafrost.refuse('invalid_transition', 'Round two of chilldkg ends with the recovery data, and no other round does');
  end if;
  case new.status
    when 'round_two' then
      if old.kind = 'reshare' then
        perform permafrost.refuse('invalid_transition', 'A reshare has no round two');
      end if;
    when 'confirming' then
      if old.kind <> 'reshare' and old.status = 'round_one' then
        perform permafrost.refuse('invalid_transition', 'Only a reshare has no round two');
      end if;
      perform permafrost.check_candidate(new);
    when 'completed' then
      if permafrost.approvals_missing(old) > 0 then
        perform permafrost.refuse('round_open', format('Waiting for the approval of %s guardians of the current key', permafrost.approvals_missing(old)));
      end if;
      perform permafrost.lock_family_key(old.family_id);
      if (permafrost.current_key_package(old.family_id)).key_package_id is distinct from old.current_key_package_id then
        perform permafrost.refuse('key_retired', 'The family''s key is another than when this ceremony began');
      end if;
      v_registered := permafrost.register_key_package(old.family_id, old.ciphersuite, old.threshold, old.participants,
        old.key_package ->> 'group_public_key', array(select jsonb_array_elements_text(old.key_package -> 'verifying_shares')),
        array(select jsonb_array_elements_text(old.key_package -> 'vss_commitment')), old.created_by);
      if v_registered -> 'epoch' is distinct from old.key_package -> 'epoch' then
        perform permafrost.refuse('key_retired', 'The family had another key meanwhile');
      end if;
      new.key_package_id := v_registered ->> 'key_package_id';
      if old.kind = 'reshare' then
        perform permafrost.redact_predecessors(old.family_id, old.key_package ->> 'group_public_key', old.ceremony_id);
      end if;
  end case;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_key_ceremonies__30_enter() from public, anon, authenticated, service_role;

-- table public.frost_key_ceremonies ---------------------------------------------------------------
create table public.frost_key_ceremonies (
  ceremony_id text default gen_random_uuid()::text not null,
  family_id text not null,
  kind text not null,
  protocol text not null,
  ciphersuite text not null,
  threshold integer not null,
  participants text[] not null,
  host_public_keys text[] not null,
  dealers text[],
  dealer_host_public_keys text[],
  from_key_package_id uuid,
  current_key_package_id uuid,
  status public.key_ceremony_status default 'round_one'::public.key_ceremony_status not null,
  params_id text not null,
  coordinator_messages text[] default '{}'::text[] not null,
  recovery_data text,
  key_package jsonb,
  blamed text[] default '{}'::text[] not null,
  key_package_id uuid,
  created_by text,
  error_message text,
  incarnation integer not null,
  created_at bigint default permafrost.now_ms() not null,
  updated_at bigint default permafrost.now_ms() not null,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint default permafrost.now_ms() + 86400000 not null,
  constraint frost_key_ceremonies_pkey PRIMARY KEY (ceremony_id),
  constraint frost_key_ceremonies_ciphersuite_fkey FOREIGN KEY (ciphersuite) REFERENCES permafrost.ciphersuites(ciphersuite) ON DELETE RESTRICT,
  constraint frost_key_ceremonies_current_key_package_id_fkey FOREIGN KEY (current_key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint frost_key_ceremonies_from_key_package_id_fkey FOREIGN KEY (from_key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint frost_key_ceremonies_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint frost_key_ceremonies_completed_registered CHECK ((status = 'completed'::public.key_ceremony_status) = (key_package_id IS NOT NULL)),
  constraint frost_key_ceremonies_failed_explained CHECK ((status = 'failed'::public.key_ceremony_status) = (error_message IS NOT NULL))
);

comment on table public.frost_key_ceremonies is
  'Ceremonies in which guardians make a key, or deal it anew. Times are milliseconds since the epoch.';
comment on column public.frost_key_ceremonies.kind is
  'dkg: a new key. reshare: the same group public key in new shares.';
comment on column public.frost_key_ceremonies.protocol is
  'chilldkg or pedersen for a dkg; reshare.';
comment on column public.frost_key_ceremonies.participants is
  'Who gets a share; a position in this list, from 1, is the FROST identifier.';
comment on column public.frost_key_ceremonies.host_public_keys is
  'The participants'' host keys as they were at creation, in their order.';
comment on column public.frost_key_ceremonies.dealers is
  'Of a reshare: exactly as many signers of the old package as its threshold.';
comment on column public.frost_key_ceremonies.current_key_package_id is
  'The family''s key at creation: with it the ceremony ends, and only in its place a new one becomes current.';
comment on column public.frost_key_ceremonies.params_id is
  'SHA-256 of the JSON of all of this, 64 hex characters: what guardians compare before round one.';
comment on column public.frost_key_ceremonies.coordinator_messages is
  'Of chilldkg: cmsg1, then cmsg2, lower-case hex.';
comment on column public.frost_key_ceremonies.recovery_data is
  'Of chilldkg: the draft''s recovery data, lower-case hex, from confirming on.';
comment on column public.frost_key_ceremonies.key_package is
  'The package that would be registered, its epoch too; from confirming on.';
comment on column public.frost_key_ceremonies.blamed is
  'Who deviated, as this coordinator received it.';

CREATE INDEX frost_key_ceremonies_family_idx ON public.frost_key_ceremonies USING btree (family_id, created_at DESC);
CREATE UNIQUE INDEX frost_key_ceremonies_key_package_idx ON public.frost_key_ceremonies USING btree (key_package_id);
CREATE INDEX frost_key_ceremonies_open_idx ON public.frost_key_ceremonies USING btree (expires_at) WHERE (status < 'completed'::public.key_ceremony_status);

alter table public.frost_key_ceremonies enable row level security;

revoke all on table public.frost_key_ceremonies from public, anon, authenticated, service_role;
grant select on table public.frost_key_ceremonies to authenticated, service_role;

create policy "Participants and dealers read their ceremonies" on public.frost_key_ceremonies
  for select to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND (((( SELECT permafrost.memberships() AS memberships)) ->> family_id) = ANY ((participants || dealers))));

CREATE TRIGGER tg_frost_key_ceremonies__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_key_ceremonies FOR EACH STATEMENT WHEN (row_security_active('public.frost_key_ceremonies'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_key_ceremonies__10_start BEFORE INSERT ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg__10_start('ceremony', 'ceremony_id', 'ceremony', 'ceremony', '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}', 'current_key_package_id');
CREATE TRIGGER tg_frost_key_ceremonies__15_admit BEFORE INSERT ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_ceremonies__15_admit();
CREATE TRIGGER tg_frost_key_ceremonies__20_guard BEFORE UPDATE ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg__20_guard('ceremony', 'ceremony_id', 'ceremony', 'ceremony', '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}', 'current_key_package_id');
CREATE TRIGGER tg_frost_key_ceremonies__30_enter BEFORE UPDATE ON public.frost_key_ceremonies FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION permafrost.tg_frost_key_ceremonies__30_enter();
CREATE TRIGGER tg_frost_key_ceremonies__40_log AFTER INSERT OR UPDATE ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg__40_log('ceremony', 'ceremony_id', 'ceremony', 'ceremony', '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}', 'current_key_package_id');
CREATE TRIGGER tg_frost_key_ceremonies__50_broadcast AFTER INSERT OR UPDATE ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg__50_broadcast('ceremony', 'ceremony_id', 'ceremony', 'ceremony', '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}', 'current_key_package_id');
CREATE TRIGGER tg_frost_key_ceremonies__80_keep BEFORE DELETE ON public.frost_key_ceremonies FOR EACH ROW WHEN (old.status = 'completed'::public.key_ceremony_status) EXECUTE FUNCTION permafrost.tg__80_keep();
CREATE TRIGGER tg_frost_key_ceremonies__90_forget AFTER DELETE ON public.frost_key_ceremonies FOR EACH ROW EXECUTE FUNCTION permafrost.tg__90_forget('ceremony', 'ceremony_id', 'ceremony', 'ceremony', '{kind,protocol,ciphersuite,threshold,participants,host_public_keys,dealers,dealer_host_public_keys,from_key_package_id,params_id,expires_at}', 'current_key_package_id');
CREATE TRIGGER tg_frost_key_ceremonies__no_truncate BEFORE TRUNCATE ON public.frost_key_ceremonies FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- table permafrost.key_approvals ------------------------------------------------------------------
create table permafrost.key_approvals (
  ceremony_id text not null,
  participant_id text not null,
  signature text not null,
  approved_at bigint default permafrost.now_ms() not null,
  constraint key_approvals_pkey PRIMARY KEY (ceremony_id, participant_id),
  constraint key_approvals_ceremony_id_fkey FOREIGN KEY (ceremony_id) REFERENCES public.frost_key_ceremonies(ceremony_id) ON DELETE CASCADE
);

comment on table permafrost.key_approvals is
  'Guardians of the current key, or '''' for an operator, who let the new key of a ceremony take its place; signature by the host key over the package''s digest.';

alter table permafrost.key_approvals enable row level security;

revoke all on table permafrost.key_approvals from public, anon, authenticated, service_role;

-- table permafrost.key_turns ----------------------------------------------------------------------
create table permafrost.key_turns (
  family_id text not null,
  constraint key_turns_pkey PRIMARY KEY (family_id)
);

comment on table permafrost.key_turns is
  'A row for each family, locked by whoever has the turn at its key packages.';

alter table permafrost.key_turns enable row level security;

revoke all on table permafrost.key_turns from public, anon, authenticated, service_role;

-- table permafrost.limits -------------------------------------------------------------------------
create table permafrost.limits (
  limit_name text not null,
  family_id text,
  value bigint not null,
  constraint limits_name_family_key UNIQUE NULLS NOT DISTINCT (limit_name, family_id),
  constraint limits_value_check CHECK (value >= 0)
);

comment on table permafrost.limits is
  'What a member may use up, by name; a row with a family replaces the general one for it. Operators edit it.';

alter table permafrost.limits enable row level security;

revoke all on table permafrost.limits from public, anon, authenticated, service_role;

-- function permafrost.tg__append_only() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.refuse('invalid_transition', format('%s.%s is append-only', tg_table_schema, tg_table_name));
  return null;
end;
$function$;

revoke all on function permafrost.tg__append_only() from public, anon, authenticated, service_role;

-- table permafrost.nonce_ledger -------------------------------------------------------------------
create table permafrost.nonce_ledger (
  point_digest bytea not null,
  family_id text not null,
  session_id text,
  participant_id text not null,
  first_seen_at bigint default permafrost.now_ms() not null,
  constraint nonce_ledger_pkey PRIMARY KEY (point_digest),
  constraint nonce_ledger_point_digest_check CHECK (octet_length(point_digest) = 32)
);

comment on table permafrost.nonce_ledger is
  'SHA-256 of every nonce point ever accepted; of a dry run, of the text. Append-only; no foreign key, so that deleting a session does not free its nonces.';

alter table permafrost.nonce_ledger enable row level security;

revoke all on table permafrost.nonce_ledger from public, anon, authenticated, service_role;

CREATE TRIGGER tg_nonce_ledger__append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON permafrost.nonce_ledger FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__append_only();

-- table permafrost.settable -----------------------------------------------------------------------
create table permafrost.settable (
  kind text not null,
  column_name text not null,
  while_open boolean not null,
  event text,
  how text default 'once'::text not null,
  constraint settable_pkey PRIMARY KEY (kind, column_name, while_open),
  constraint settable_kind_fkey FOREIGN KEY (kind) REFERENCES permafrost.kinds(kind) ON DELETE CASCADE,
  constraint settable_how_check CHECK (how = ANY (ARRAY['once'::text, 'grows'::text, 'redacts'::text]))
);

comment on table permafrost.settable is
  'The columns that an update may set: while open, or else once completed. With an event: also without an edge.';
comment on column permafrost.settable.how is
  'once: from null. grows: a list gets more at its end. redacts: from what it was to permafrost.redacted of that.';

alter table permafrost.settable enable row level security;

revoke all on table permafrost.settable from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__06_own() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__06_own()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_row public.frost_signing_sessions;
begin
  v_row.session_id := gen_random_uuid()::text;
  v_row.family_id := new.family_id;
  v_row.message_hash := new.message_hash;
  v_row.event_template := new.event_template;
  v_row.event_type := new.event_type;
  v_row.participants := new.participants;
  v_row.threshold := new.threshold;
  v_row.created_by := new.created_by;
  v_row.mode := 'two_round';
  v_row.status := 'pending';
  v_row.created_at := permafrost.now_ms();
  v_row.expires_at := v_row.created_at + 300000;
  return v_row;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__06_own() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__15_admit() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__15_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages;
begin
  if num_nonnulls(new.signers, new.final_signature, new.final_event_id, new.nonce_collection_started_at,
    new.signing_started_at, new.aggregating_started_at) > 0
  then
    perform permafrost.refuse('invalid_transition', 'A session starts pending, with nothing done yet');
  end if;
  perform permafrost.check_request(new.message_hash, new.event_template, new.event_type);
  v_package := permafrost.current_key_package(new.family_id);
  if v_package.key_package_id is not null then
    perform permafrost.check_against_key(v_package, new.participants, new.threshold, new.message_hash);
  elsif octet_length(new.message_hash) > 16384 then
    -- Without a key the session is a dry run, so that a new deployment can be smoke-tested: any text will do.
    perform permafrost.refuse('invalid_input', 'message_hash must be 1 to 16,384 bytes of text in a dry run');
  end if;
  new.key_package_id := v_package.key_package_id;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__15_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__30_enter() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__30_enter()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_full public.frost_signing_quorums;
begin
  if new.status = old.status then
    return new;
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null) then
    perform permafrost.refuse('invalid_transition', 'final_signature must be given exactly when a session completes');
  end if;
  case new.status
    when 'nonce_collection' then
      new.nonce_collection_started_at := new.updated_at;
    when 'signing' then
      if old.mode = 'two_round' then
        new.signers := permafrost.close_quorum(old, 1);
      elsif not exists (select from public.frost_signing_quorums where session_id = old.session_id and status = 'signing') then
        perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
      end if;
      new.signing_started_at := new.updated_at;
    when 'aggregating' then
      v_full := permafrost.full_quorum(old.session_id, old.threshold);
      if v_full.quorum is null then
        perform permafrost.refuse('invalid_transition', 'Aggregation starts with every signer''s share');
      end if;
      if old.mode <> 'two_round' then
        perform permafrost.abandon_quorums(old.session_id, v_full.quorum);
      end if;
      new.aggregating_started_at := new.updated_at;
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
      v_full := permafrost.full_quorum(old.session_id, old.threshold);
      new.signers := v_full.signers;
      update public.frost_signing_quorums set status = 'completed' where session_id = old.session_id and quorum = v_full.quorum;
    else
      perform permafrost.abandon_quorums(old.session_id, 0);
  end case;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__30_enter() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__60_prove() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__60_prove()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now constant bigint := permafrost.now_ms();
begin
  update permafrost.guardian_proofs as g set last_proved_at = v_now
  from (select p.participant_id from permafrost.guardian_proofs as p
    where p.key_package_id = new.key_package_id and p.participant_id = any (new.signers)
      and (p.last_proved_at is null or p.last_proved_at < v_now - 3600000)
    for update skip locked) as free
  where g.key_package_id = new.key_package_id and g.participant_id = free.participant_id;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__60_prove() from public, anon, authenticated, service_role;

-- table public.frost_signing_sessions -------------------------------------------------------------
create table public.frost_signing_sessions (
  session_id text default gen_random_uuid()::text not null,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  participants text[] not null,
  threshold integer not null,
  created_by text not null,
  mode public.signing_mode default 'two_round'::public.signing_mode not null,
  status public.signing_session_status default 'pending'::public.signing_session_status not null,
  key_package_id uuid,
  signers text[],
  final_signature text,
  final_event_id text,
  error_message text,
  incarnation integer not null,
  created_at bigint default permafrost.now_ms() not null,
  updated_at bigint default permafrost.now_ms() not null,
  nonce_collection_started_at bigint,
  signing_started_at bigint,
  aggregating_started_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint default permafrost.now_ms() + 300000 not null,
  constraint frost_signing_sessions_pkey PRIMARY KEY (session_id),
  constraint frost_signing_sessions_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint frost_signing_sessions_completed_signed CHECK ((status = 'completed'::public.signing_session_status) = (final_signature IS NOT NULL)),
  constraint frost_signing_sessions_failed_explained CHECK ((status = 'failed'::public.signing_session_status) = (error_message IS NOT NULL))
);

comment on table public.frost_signing_sessions is
  'FROST signing sessions. Times are milliseconds since the epoch. Past expires_at an unfinished session is expired, whatever status says; the RPCs show it so.';
comment on column public.frost_signing_sessions.message_hash is
  'What is signed, lower-case hex: exactly 32 bytes for the TR suite, 1 to 8,192 for the others. Any text in a dry run.';
comment on column public.frost_signing_sessions.event_template is
  'The Nostr event (NIP-01) whose id message_hash is; guardians hash it again.';
comment on column public.frost_signing_sessions.participants is
  'Who may take part.';
comment on column public.frost_signing_sessions.threshold is
  'How many signers this session takes: the key package''s threshold or more.';
comment on column public.frost_signing_sessions.key_package_id is
  'The family''s key when the session was made; null for a dry run, which no function will sign.';
comment on column public.frost_signing_sessions.signers is
  'Who signs, in FROST identifier order: those whose commitments closed round one; in the other modes the signers of the quorum that finished. Never changes.';
comment on column public.frost_signing_sessions.final_signature is
  'Lower-case hex, in the encoding the suite''s verifiers expect.';
comment on column public.frost_signing_sessions.final_event_id is
  'Id of the published event; set once, after completion.';
comment on column public.frost_signing_sessions.incarnation is
  'The database it was made in (permafrost.incarnations). In another one it has failed.';

CREATE INDEX frost_signing_sessions_aggregating_idx ON public.frost_signing_sessions USING btree (aggregating_started_at) WHERE (status = 'aggregating'::public.signing_session_status);
CREATE INDEX frost_signing_sessions_awaiting_idx ON public.frost_signing_sessions USING gin (participants) WHERE (status < 'completed'::public.signing_session_status);
CREATE INDEX frost_signing_sessions_created_idx ON public.frost_signing_sessions USING btree (created_at);
CREATE INDEX frost_signing_sessions_family_idx ON public.frost_signing_sessions USING btree (family_id, created_at DESC);
CREATE INDEX frost_signing_sessions_family_status_idx ON public.frost_signing_sessions USING btree (family_id, status, created_at DESC);
CREATE INDEX frost_signing_sessions_open_idx ON public.frost_signing_sessions USING btree (expires_at) WHERE (status < 'completed'::public.signing_session_status);

alter table public.frost_signing_sessions enable row level security;

revoke all on table public.frost_signing_sessions from public, anon, authenticated, service_role;
grant delete, insert, select, update on table public.frost_signing_sessions to service_role;
grant insert (family_id, message_hash, event_template, event_type, participants, threshold, created_by), select on table public.frost_signing_sessions to authenticated;

create policy "Creators and participants read their sessions" on public.frost_signing_sessions
  for select to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND (((( SELECT permafrost.memberships() AS memberships)) ->> family_id) = ANY ((participants || created_by))));
create policy "Creators update their sessions" on public.frost_signing_sessions
  for update to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND created_by = ((( SELECT permafrost.memberships() AS memberships)) ->> family_id))
  with check (created_by = ((( SELECT permafrost.memberships() AS memberships)) ->> family_id));
create policy "Members create sessions as themselves" on public.frost_signing_sessions
  for insert to authenticated
  with check (created_by = ((( SELECT permafrost.memberships() AS memberships)) ->> family_id));
create policy "The service manages all sessions" on public.frost_signing_sessions
  for all to service_role
  using (true)
  with check (true);

CREATE TRIGGER tg_frost_signing_sessions__05_no_members BEFORE DELETE OR UPDATE ON public.frost_signing_sessions FOR EACH STATEMENT WHEN (row_security_active('public.frost_signing_sessions'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_signing_sessions__06_own BEFORE INSERT ON public.frost_signing_sessions FOR EACH ROW WHEN (row_security_active('public.frost_signing_sessions'::text)) EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__06_own();
CREATE TRIGGER tg_frost_signing_sessions__10_start BEFORE INSERT ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__10_start('session', 'session_id', 'session', 'frost', '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}', 'key_package_id');
CREATE TRIGGER tg_frost_signing_sessions__15_admit BEFORE INSERT ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__15_admit();
CREATE TRIGGER tg_frost_signing_sessions__20_guard BEFORE UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__20_guard('session', 'session_id', 'session', 'frost', '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}', 'key_package_id');
CREATE TRIGGER tg_frost_signing_sessions__30_enter BEFORE UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__30_enter();
CREATE TRIGGER tg_frost_signing_sessions__40_log AFTER INSERT OR UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__40_log('session', 'session_id', 'session', 'frost', '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}', 'key_package_id');
CREATE TRIGGER tg_frost_signing_sessions__50_broadcast AFTER INSERT OR UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__50_broadcast('session', 'session_id', 'session', 'frost', '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}', 'key_package_id');
CREATE TRIGGER tg_frost_signing_sessions__60_prove AFTER UPDATE ON public.frost_signing_sessions FOR EACH ROW WHEN (new.status = 'completed'::public.signing_session_status AND old.status <> 'completed'::public.signing_session_status) EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__60_prove();
CREATE TRIGGER tg_frost_signing_sessions__90_forget AFTER DELETE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__90_forget('session', 'session_id', 'session', 'frost', '{mode,message_hash,participants,threshold,key_package_id,event_type,expires_at}', 'key_package_id');
CREATE TRIGGER tg_frost_signing_sessions__no_truncate BEFORE TRUNCATE ON public.frost_signing_sessions FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_frost_signing_quorums__freeze() ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_quorums__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    if exists (select from public.frost_signing_sessions where session_id = old.session_id) then
      perform permafrost.refuse('invalid_transition', 'A quorum goes only with its session');
    end if;
    return old;
  end if;
  if (new.session_id, new.quorum, new.bound, new.opened_at) is distinct from (old.session_id, old.quorum, old.bound, old.opened_at)
    or old.signers is not null and new.signers is distinct from old.signers
    or new.status < old.status or old.status = 'completed' and new.status <> 'completed'
  then
    perform permafrost.refuse('invalid_transition', 'A quorum goes forward only, and keeps its signers');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_quorums__freeze() from public, anon, authenticated, service_role;

-- table public.frost_signing_quorums --------------------------------------------------------------
create table public.frost_signing_quorums (
  session_id text not null,
  quorum integer not null,
  signers text[],
  refused text[] default '{}'::text[] not null,
  status public.signing_quorum_status default 'collecting'::public.signing_quorum_status not null,
  bound boolean default false not null,
  opened_at bigint default permafrost.now_ms() not null,
  constraint frost_signing_quorums_pkey PRIMARY KEY (session_id, quorum),
  constraint frost_signing_quorums_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE,
  constraint frost_signing_quorums_quorum_check CHECK (quorum >= 1),
  constraint frost_signing_quorums_signers_known CHECK ((status = 'collecting'::public.signing_quorum_status) <= (signers IS NULL))
);

comment on table public.frost_signing_quorums is
  'The signer sets of a session. Written by the triggers of commitments and shares alone.';
comment on column public.frost_signing_quorums.signers is
  'In FROST identifier order; known once all commitments are there. Never changes.';
comment on column public.frost_signing_quorums.refused is
  'Signers whose last share did not verify; a share that does takes them out.';
comment on column public.frost_signing_quorums.bound is
  'Made of pooled commitments when the session was created.';
comment on column public.frost_signing_quorums.opened_at is
  'Milliseconds since the epoch.';

alter table public.frost_signing_quorums enable row level security;

revoke all on table public.frost_signing_quorums from public, anon, authenticated, service_role;
grant select on table public.frost_signing_quorums to authenticated, service_role;

create policy "Creators and participants read the quorums of their sessions" on public.frost_signing_quorums
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_signing_quorums.session_id)));

CREATE TRIGGER tg_frost_signing_quorums__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_signing_quorums FOR EACH STATEMENT WHEN (row_security_active('public.frost_signing_quorums'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_signing_quorums__freeze BEFORE DELETE OR UPDATE ON public.frost_signing_quorums FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_quorums__freeze();
CREATE TRIGGER tg_frost_signing_quorums__no_truncate BEFORE TRUNCATE ON public.frost_signing_quorums FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- table permafrost.share_verifications ------------------------------------------------------------
create table permafrost.share_verifications (
  session_id text not null,
  quorum integer not null,
  verification jsonb not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint share_verifications_pkey PRIMARY KEY (session_id, quorum),
  constraint share_verifications_session_id_quorum_fkey FOREIGN KEY (session_id, quorum) REFERENCES public.frost_signing_quorums(session_id, quorum) ON DELETE CASCADE,
  constraint share_verifications_verification_check CHECK (COALESCE(jsonb_typeof(verification -> 'signers'::text), ''::text) = 'array'::text)
);

comment on table permafrost.share_verifications is
  'Per quorum, what every share check needs: group commitment, challenge, and each signer''s commitment share and interpolation coefficient. Public data; recomputed where it is missing.';

alter table permafrost.share_verifications enable row level security;

revoke all on table permafrost.share_verifications from public, anon, authenticated, service_role;

-- table permafrost.transitions --------------------------------------------------------------------
create table permafrost.transitions (
  kind text not null,
  from_status text not null,
  to_status text not null,
  event text,
  detail text[] default '{}'::text[] not null,
  constraint transitions_pkey PRIMARY KEY (kind, from_status, to_status),
  constraint transitions_kind_fkey FOREIGN KEY (kind) REFERENCES permafrost.kinds(kind) ON DELETE CASCADE
);

comment on table permafrost.transitions is
  'The legal edges, by kind.';
comment on column permafrost.transitions.event is
  'The event that the edge writes; null for none.';
comment on column permafrost.transitions.detail is
  'The columns that the event tells.';

alter table permafrost.transitions enable row level security;

revoke all on table permafrost.transitions from public, anon, authenticated, service_role;

-- table permafrost.usage --------------------------------------------------------------------------
create table permafrost.usage (
  family_id text not null,
  participant_id text not null,
  limit_name text not null,
  window_start bigint not null,
  used bigint not null,
  constraint usage_pkey PRIMARY KEY (family_id, participant_id, limit_name, window_start)
);

comment on table permafrost.usage is
  'How much of a limit was used in a window. The counting call locks its row.';
comment on column permafrost.usage.window_start is
  'Milliseconds since the epoch; 0 for a limit that has no window.';

CREATE INDEX usage_window_idx ON permafrost.usage USING btree (window_start);

alter table permafrost.usage enable row level security;

revoke all on table permafrost.usage from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_ceremony_messages__10_admit() --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_ceremony_messages__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies;
  v_round integer;
begin
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - 'payload' <> to_jsonb(old) - 'payload' or new.payload <> permafrost.redacted_payload(old.round, old.payload)
      or not exists (select from public.frost_key_ceremonies where ceremony_id = old.ceremony_id and status >= 'completed')
    then
      perform permafrost.refuse('invalid_transition', 'A ceremony''s message is immutable, but for its ciphertexts once the key is dealt anew');
    end if;
    return new;
  end if;
  v_ceremony := permafrost.lock_ceremony(new.ceremony_id);
  if not coalesce(new.participant_id = any (v_ceremony.participants || v_ceremony.dealers), false) then
    perform permafrost.refuse('not_a_participant', 'The caller takes no part in this ceremony');
  end if;
  if exists (select from public.frost_ceremony_messages as m
    where m.ceremony_id = new.ceremony_id and m.round = new.round and m.participant_id = new.participant_id)
  then
    perform permafrost.refuse(case when new.round = 1 then 'commitment_already_submitted' else 'share_already_submitted' end,
      format('Another message of round %s was submitted before', new.round));
  end if;
  if v_ceremony.status >= 'completed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if not new.participant_id = any (permafrost.senders(v_ceremony, new.round)) then
    perform permafrost.refuse('not_a_participant', format('The caller sends nothing in round %s of this ceremony', new.round));
  end if;
  v_round := permafrost.round_of(v_ceremony.status);
  if new.round <> v_round then
    perform permafrost.refuse(case when new.round > v_round then 'round_open' else 'round_closed' end,
      format('Round %s is the open one', v_round));
  end if;
  perform permafrost.check_not_declined('ceremony', new.ceremony_id, new.participant_id);
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_ceremony_messages__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_ceremony_messages__40_log() ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_ceremony_messages__40_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.log_event('ceremony', new.ceremony_id, c.family_id, 'message_accepted', new.participant_id,
    jsonb_build_object('round', new.round, 'signature', new.payload ->> 'signature'))
  from public.frost_key_ceremonies as c where c.ceremony_id = new.ceremony_id;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_ceremony_messages__40_log() from public, anon, authenticated, service_role;

-- table public.frost_ceremony_messages ------------------------------------------------------------
create table public.frost_ceremony_messages (
  ceremony_id text not null,
  round integer not null,
  participant_id text not null,
  payload jsonb not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint frost_ceremony_messages_pkey PRIMARY KEY (ceremony_id, round, participant_id),
  constraint frost_ceremony_messages_ceremony_id_fkey FOREIGN KEY (ceremony_id) REFERENCES public.frost_key_ceremonies(ceremony_id) ON DELETE CASCADE,
  constraint frost_ceremony_messages_payload_check CHECK (octet_length(payload::text) <= 524288),
  constraint frost_ceremony_messages_round_check CHECK (round >= 1 AND round <= 3)
);

comment on table public.frost_ceremony_messages is
  'What guardians'' devices send in a ceremony, signed by their host keys; each verified before it is here. Written once; the ciphertexts of a key that was dealt anew are replaced by their digests.';
comment on column public.frost_ceremony_messages.round is
  '1 and 2; 3 is the confirmation.';
comment on column public.frost_ceremony_messages.created_at is
  'Milliseconds since the epoch.';

alter table public.frost_ceremony_messages enable row level security;

revoke all on table public.frost_ceremony_messages from public, anon, authenticated, service_role;
grant select on table public.frost_ceremony_messages to authenticated, service_role;

create policy "Participants and dealers read the messages of their ceremonies" on public.frost_ceremony_messages
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.frost_key_ceremonies c
  WHERE c.ceremony_id = frost_ceremony_messages.ceremony_id)));

CREATE TRIGGER tg_frost_ceremony_messages__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_ceremony_messages FOR EACH STATEMENT WHEN (row_security_active('public.frost_ceremony_messages'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_ceremony_messages__10_admit BEFORE INSERT OR UPDATE ON public.frost_ceremony_messages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_ceremony_messages__10_admit();
CREATE TRIGGER tg_frost_ceremony_messages__40_log AFTER INSERT ON public.frost_ceremony_messages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_ceremony_messages__40_log();
CREATE TRIGGER tg_frost_ceremony_messages__80_keep BEFORE DELETE ON public.frost_ceremony_messages FOR EACH ROW EXECUTE FUNCTION permafrost.tg__80_keep();
CREATE TRIGGER tg_frost_ceremony_messages__no_truncate BEFORE TRUNCATE ON public.frost_ceremony_messages FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_sss_signing_requests__15_admit() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__15_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages := permafrost.current_key_package(new.family_id);
begin
  if num_nonnulls(new.final_signature, new.final_event_id, new.ready_at) > 0 then
    perform permafrost.refuse('invalid_transition', 'A request starts pending, with nothing done yet');
  end if;
  if new.use_case is not null then
    perform permafrost.check_identifier('use_case', new.use_case);
  end if;
  perform permafrost.check_recipient(new.recipient_public_key),
    permafrost.check_request(new.message_hash, new.event_template, new.event_type);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  perform permafrost.check_against_key(v_package, new.participants, new.threshold, new.message_hash);
  new.key_package_id := v_package.key_package_id;
  return new;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__15_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__30_enter() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__30_enter()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_shares bigint;
begin
  perform permafrost.check_recipient(new.recipient_public_key);
  if new.status = old.status then
    return new;
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null) then
    perform permafrost.refuse('invalid_transition', 'final_signature must be given exactly when a request completes');
  end if;
  select count(*) into v_shares from public.sss_encrypted_shares where request_id = old.request_id and status = 'submitted';
  case new.status
    when 'partial' then
      if old.status = 'pending' and v_shares = 0 or old.status = 'ready' and v_shares >= old.threshold then
        perform permafrost.refuse('invalid_transition', 'A request is partial with some shares, and fewer than its threshold');
      end if;
    when 'ready' then
      if v_shares < old.threshold then
        perform permafrost.refuse('invalid_transition', 'A request is ready with as many shares as its threshold');
      end if;
      new.ready_at := coalesce(old.ready_at, new.updated_at);
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
    else
      null;
  end case;
  return new;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__30_enter() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__60_forget() ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__60_forget()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  update public.sss_encrypted_shares set ciphertext = permafrost.ciphertext_digest(ciphertext)
  where request_id = new.request_id;
  return null;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__60_forget() from public, anon, authenticated, service_role;

-- table public.sss_signing_requests ---------------------------------------------------------------
create table public.sss_signing_requests (
  request_id text default gen_random_uuid()::text not null,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  use_case text,
  participants text[] not null,
  threshold integer not null,
  recipient_public_key text,
  key_package_id uuid not null,
  created_by text not null,
  status public.sss_request_status default 'pending'::public.sss_request_status not null,
  final_signature text,
  final_event_id text,
  error_message text,
  incarnation integer not null,
  created_at bigint default permafrost.now_ms() not null,
  updated_at bigint default permafrost.now_ms() not null,
  ready_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint default permafrost.now_ms() + 86400000 not null,
  constraint sss_signing_requests_pkey PRIMARY KEY (request_id),
  constraint sss_signing_requests_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint sss_signing_requests_completed_signed CHECK ((status = 'completed'::public.sss_request_status) = (final_signature IS NOT NULL)),
  constraint sss_signing_requests_failed_explained CHECK ((status = 'failed'::public.sss_request_status) = (error_message IS NOT NULL))
);

comment on table public.sss_signing_requests is
  'Requests to put the group secret together on the requester''s device and sign there. Times are milliseconds since the epoch.';
comment on column public.sss_signing_requests.message_hash is
  'What is signed, lower-case hex, as the ciphersuite takes it.';
comment on column public.sss_signing_requests.participants is
  'The guardians who may hand in their shares.';
comment on column public.sss_signing_requests.threshold is
  'How many of them it takes: the key package''s threshold or more.';
comment on column public.sss_signing_requests.recipient_public_key is
  'The requester''s one-time key, x-only secp256k1, 32 bytes of lower-case hex. Set once. Guardians confirm it out of band.';
comment on column public.sss_signing_requests.ready_at is
  'When a threshold of shares was there first.';

CREATE INDEX sss_signing_requests_created_idx ON public.sss_signing_requests USING btree (created_at);
CREATE INDEX sss_signing_requests_family_idx ON public.sss_signing_requests USING btree (family_id, created_at DESC);
CREATE INDEX sss_signing_requests_open_idx ON public.sss_signing_requests USING btree (expires_at) WHERE (status < 'completed'::public.sss_request_status);

alter table public.sss_signing_requests enable row level security;

revoke all on table public.sss_signing_requests from public, anon, authenticated, service_role;
grant select on table public.sss_signing_requests to authenticated, service_role;

create policy "Requesters and guardians read their requests" on public.sss_signing_requests
  for select to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND (((( SELECT permafrost.memberships() AS memberships)) ->> family_id) = ANY ((participants || created_by))));

CREATE TRIGGER tg_sss_signing_requests__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.sss_signing_requests FOR EACH STATEMENT WHEN (row_security_active('public.sss_signing_requests'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_sss_signing_requests__10_start BEFORE INSERT ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__10_start('recovery', 'request_id', 'request', 'sss', '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}', 'key_package_id');
CREATE TRIGGER tg_sss_signing_requests__15_admit BEFORE INSERT ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_signing_requests__15_admit();
CREATE TRIGGER tg_sss_signing_requests__20_guard BEFORE UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__20_guard('recovery', 'request_id', 'request', 'sss', '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}', 'key_package_id');
CREATE TRIGGER tg_sss_signing_requests__30_enter BEFORE UPDATE ON public.sss_signing_requests FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION permafrost.tg_sss_signing_requests__30_enter();
CREATE TRIGGER tg_sss_signing_requests__40_log AFTER INSERT OR UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__40_log('recovery', 'request_id', 'request', 'sss', '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}', 'key_package_id');
CREATE TRIGGER tg_sss_signing_requests__50_broadcast AFTER INSERT OR UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__50_broadcast('recovery', 'request_id', 'request', 'sss', '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}', 'key_package_id');
CREATE TRIGGER tg_sss_signing_requests__60_forget AFTER UPDATE ON public.sss_signing_requests FOR EACH ROW WHEN (old.status < 'completed'::public.sss_request_status AND new.status >= 'completed'::public.sss_request_status) EXECUTE FUNCTION permafrost.tg_sss_signing_requests__60_forget();
CREATE TRIGGER tg_sss_signing_requests__90_forget AFTER DELETE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__90_forget('recovery', 'request_id', 'request', 'sss', '{message_hash,participants,threshold,key_package_id,event_type,use_case,recipient_public_key,expires_at}', 'key_package_id');
CREATE TRIGGER tg_sss_signing_requests__no_truncate BEFORE TRUNCATE ON public.sss_signing_requests FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- table public.frost_events -----------------------------------------------------------------------
create table public.frost_events (
  event_id bigint generated always as identity not null,
  subject text not null,
  subject_id text not null,
  seq bigint not null,
  family_id text not null,
  event text not null,
  actor text,
  detail jsonb default '{}'::jsonb not null,
  occurred_at bigint not null,
  digest bytea not null,
  constraint frost_events_pkey PRIMARY KEY (event_id),
  constraint frost_events_subject_seq_key UNIQUE (subject, subject_id, seq),
  constraint frost_events_subject_check CHECK (subject = ANY (ARRAY['session'::text, 'recovery'::text, 'ceremony'::text, 'key'::text, 'pool'::text]))
);

comment on table public.frost_events is
  'Append-only record of what happened and of what was refused. Survives cleanup. Each subject''s events form a hash chain.';
comment on column public.frost_events.subject_id is
  'The id of the session, recovery request, ceremony or key package; of a pool the JSON ["<family>","<participant>"].';
comment on column public.frost_events.seq is
  'Counts the events of a subject from 1.';
comment on column public.frost_events.actor is
  'The participant who did it; null for the coordinator itself.';
comment on column public.frost_events.detail is
  'Public inputs: messages, commitments, signature shares; of a refusal its code and reason. Never a nonce, a secret share or a token.';
comment on column public.frost_events.occurred_at is
  'Milliseconds since the epoch.';
comment on column public.frost_events.digest is
  'SHA-256 over the digest before it (32 zero bytes first), then for each of seq, subject, subject_id, family_id, event, actor, detail::text, occurred_at its length in 4 big-endian bytes and its UTF-8; for null ffffffff alone.';

CREATE INDEX frost_events_event_idx ON public.frost_events USING btree (event, occurred_at);
CREATE INDEX frost_events_share_submitted_idx ON public.frost_events USING btree (family_id) WHERE (event = 'share_submitted'::text);

alter table public.frost_events enable row level security;

revoke all on sequence public.frost_events_event_id_seq from public, anon, authenticated, service_role;
revoke all on table public.frost_events from public, anon, authenticated, service_role;
grant select on table public.frost_events to authenticated, service_role;

create policy "Members read the events of what is theirs" on public.frost_events
  for select to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND (actor = ((( SELECT permafrost.memberships() AS memberships)) ->> family_id) OR subject = 'key'::text OR subject = 'ceremony'::text AND (EXISTS ( SELECT
   FROM public.frost_key_ceremonies t
  WHERE t.ceremony_id = frost_events.subject_id)) OR subject = 'recovery'::text AND (EXISTS ( SELECT
   FROM public.sss_signing_requests t
  WHERE t.request_id = frost_events.subject_id)) OR subject = 'session'::text AND (EXISTS ( SELECT
   FROM public.frost_signing_sessions t
  WHERE t.session_id = frost_events.subject_id))));

CREATE TRIGGER tg_frost_events__05_no_members BEFORE INSERT ON public.frost_events FOR EACH STATEMENT WHEN (row_security_active('public.frost_events'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_events__append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.frost_events FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__append_only();
CREATE TRIGGER tg_frost_events__no_truncate BEFORE TRUNCATE ON public.frost_events FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_frost_host_keys__20_guard() ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_host_keys__20_guard()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' or to_jsonb(new) - 'retired_at' <> to_jsonb(old) - 'retired_at' or old.retired_at is not null then
    perform permafrost.refuse('invalid_transition', 'A host key is immutable, but for being retired once');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_host_keys__20_guard() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_host_keys__40_log() ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_host_keys__40_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'UPDATE' and new.retired_at is null then
    return null; -- nothing was changed
  end if;
  perform permafrost.log_event('key', permafrost.compact_json(variadic array[to_json(new.family_id)::text, to_json(new.participant_id)::text]),
    new.family_id, case when tg_op = 'INSERT' then 'host_key_registered' else 'host_key_retired' end, new.participant_id,
    jsonb_build_object('host_public_key', new.host_public_key));
  if tg_op = 'INSERT' then
    perform permafrost.broadcast(new.family_id, 'host_key_registered',
      jsonb_build_object('participant_id', new.participant_id, 'host_public_key', new.host_public_key));
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_host_keys__40_log() from public, anon, authenticated, service_role;

-- table public.frost_host_keys --------------------------------------------------------------------
create table public.frost_host_keys (
  family_id text not null,
  participant_id text not null,
  host_public_key text not null,
  registered_at bigint default permafrost.now_ms() not null,
  retired_at bigint,
  constraint frost_host_keys_pkey PRIMARY KEY (family_id, host_public_key)
);

comment on table public.frost_host_keys is
  'The public half of each guardian''s device key. Immutable but for retired_at, set once. Written by register_host_key only.';
comment on column public.frost_host_keys.host_public_key is
  'Compressed secp256k1 point, 33 bytes of lower-case hex.';
comment on column public.frost_host_keys.registered_at is
  'Milliseconds since the epoch.';
comment on column public.frost_host_keys.retired_at is
  'Milliseconds since the epoch; set when the guardian registers another.';

CREATE UNIQUE INDEX frost_host_keys_active_idx ON public.frost_host_keys USING btree (family_id, participant_id) WHERE (retired_at IS NULL);

alter table public.frost_host_keys enable row level security;

revoke all on table public.frost_host_keys from public, anon, authenticated, service_role;
grant select on table public.frost_host_keys to authenticated, service_role;

create policy "Members read their family's host keys" on public.frost_host_keys
  for select to authenticated
  using (family_id = ANY ((( SELECT permafrost.families() AS families))::text[]));

CREATE TRIGGER tg_frost_host_keys__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_host_keys FOR EACH STATEMENT WHEN (row_security_active('public.frost_host_keys'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_host_keys__20_guard BEFORE DELETE OR UPDATE ON public.frost_host_keys FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_host_keys__20_guard();
CREATE TRIGGER tg_frost_host_keys__40_log AFTER INSERT OR UPDATE ON public.frost_host_keys FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_host_keys__40_log();
CREATE TRIGGER tg_frost_host_keys__no_truncate BEFORE TRUNCATE ON public.frost_host_keys FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_frost_nonce_commitments__10_admit() --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_commitments__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(new.session_id);
  v_committed integer;
  v_again boolean;
begin
  if new.participant_id is null or new.participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if v_session.mode = 'two_round' then
    select count(*), coalesce(bool_or(c.participant_id = new.participant_id), false) into v_committed, v_again
    from public.frost_nonce_commitments as c where c.session_id = new.session_id;
    if v_again then
      perform permafrost.refuse('commitment_already_submitted', 'Another commitment was submitted before');
    end if;
  elsif v_session.mode = 'one_tap' and permafrost.is_bound(new) then
    return new; -- a pooled commitment: its points are in the ledger since it was published
  end if;
  if v_session.status >= 'completed' then
    perform permafrost.refuse_finished('session', v_session.status::text, v_session.error_message);
  end if;
  -- The count looks past the status, for the rows of one statement that inserts several.
  if v_session.status = 'aggregating'
    or v_session.mode = 'two_round' and (v_session.status > 'nonce_collection' or v_committed >= v_session.threshold)
  then
    perform permafrost.refuse('round_closed', 'Round one is closed');
  end if;
  perform permafrost.check_not_declined('session', new.session_id, new.participant_id);
  if v_session.mode <> 'two_round' then
    perform permafrost.check_idle(new.session_id, new.participant_id);
  end if;
  if new.nonce_used or new.used_at is not null then
    perform permafrost.refuse('invalid_input', 'A nonce commitment starts unused');
  end if;
  -- One statement, in digest order: two callers with the same points meet in the same order and queue,
  -- where opposite orders would deadlock.
  insert into permafrost.nonce_ledger (point_digest, family_id, session_id, participant_id)
  select sha256(point), v_session.family_id, new.session_id, new.participant_id
  from unnest(permafrost.commitment_points(v_session.key_package_id, new.nonce_commitment)) as point
  order by 1;
  if v_committed > 0 then
    new.quorum := 1;
  else
    new.quorum := permafrost.collecting_quorum(new.session_id);
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_nonce_commitments__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_nonce_commitments__20_advance() ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_commitments__20_advance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_committed integer := (select count(*) from public.frost_nonce_commitments as c
    where c.session_id = new.session_id and c.quorum = new.quorum);
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.session_id;
  if v_session.mode = 'one_tap' then -- asked by itself: what is not asked keeps no plan
    if exists (select from public.frost_signing_quorums as q
      where q.session_id = new.session_id and q.quorum = new.quorum and q.bound)
    then
      return null;
    end if;
  end if;
  perform permafrost.log_event('session', new.session_id, v_session.family_id, 'commitment_accepted', new.participant_id,
    jsonb_build_object('quorum', new.quorum, 'nonce_commitment', new.nonce_commitment));
  if v_session.status = 'pending' then
    update public.frost_signing_sessions set status = 'nonce_collection' where session_id = new.session_id;
  end if;
  if v_committed = v_session.threshold then
    if v_session.mode <> 'two_round' then
      perform permafrost.close_quorum(v_session, new.quorum);
    end if;
    if v_session.status < 'signing' then
      update public.frost_signing_sessions set status = 'signing' where session_id = new.session_id;
    end if;
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_nonce_commitments__20_advance() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_nonce_commitments__freeze() ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_commitments__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    -- The cascade deletes the session first; while the session stands, so do its commitments.
    if exists (select from public.frost_signing_sessions where session_id = old.session_id) then
      perform permafrost.refuse('invalid_transition', 'A commitment goes only with its session');
    end if;
    return old;
  end if;
  if (new.session_id, new.quorum, new.participant_id, new.nonce_commitment, new.created_at)
      is distinct from (old.session_id, old.quorum, old.participant_id, old.nonce_commitment, old.created_at)
    or old.nonce_used and new.nonce_used is not true
  then
    perform permafrost.refuse('invalid_transition', 'A commitment is immutable, but for being marked used once');
  end if;
  new.used_at := case when new.nonce_used then coalesce(old.used_at, permafrost.now_ms()) end;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_nonce_commitments__freeze() from public, anon, authenticated, service_role;

-- table public.frost_nonce_commitments ------------------------------------------------------------
create table public.frost_nonce_commitments (
  session_id text not null,
  quorum integer default 1 not null,
  participant_id text not null,
  nonce_commitment text not null,
  nonce_used boolean default false not null,
  created_at bigint default permafrost.now_ms() not null,
  used_at bigint,
  constraint frost_nonce_commitments_pkey PRIMARY KEY (session_id, quorum, participant_id),
  constraint unique_nonce_commitment UNIQUE (nonce_commitment),
  constraint frost_nonce_commitments_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE,
  constraint frost_nonce_commitments_used_when_used CHECK (nonce_used = (used_at IS NOT NULL))
);

comment on table public.frost_nonce_commitments is
  'Round one of RFC 9591: one nonce commitment a participant and quorum. A plain insert drives the state machine as the RPC does.';
comment on column public.frost_nonce_commitments.nonce_commitment is
  'Hiding point, then binding point, lower-case hex: 132 characters on secp256k1. Any text in a dry run.';
comment on column public.frost_nonce_commitments.nonce_used is
  'True from the moment this commitment''s one signature share is recorded. Never false again.';
comment on column public.frost_nonce_commitments.used_at is
  'Milliseconds since the epoch; set exactly when used.';

CREATE INDEX frost_nonce_commitments_unused_idx ON public.frost_nonce_commitments USING btree (participant_id) WHERE (NOT nonce_used);

alter table public.frost_nonce_commitments enable row level security;

revoke all on table public.frost_nonce_commitments from public, anon, authenticated, service_role;
grant delete, insert, select, update on table public.frost_nonce_commitments to service_role;
grant select on table public.frost_nonce_commitments to authenticated;

create policy "Participants and creators read commitments" on public.frost_nonce_commitments
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_nonce_commitments.session_id AND (((( SELECT permafrost.memberships() AS memberships)) ->> s.family_id) = frost_nonce_commitments.participant_id OR ((( SELECT permafrost.memberships() AS memberships)) ->> s.family_id) = s.created_by))));
create policy "Participants commit for themselves" on public.frost_nonce_commitments
  for insert to authenticated
  with check ((EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_nonce_commitments.session_id AND frost_nonce_commitments.participant_id = ((( SELECT permafrost.memberships() AS memberships)) ->> s.family_id))));
create policy "The service manages all commitments" on public.frost_nonce_commitments
  for all to service_role
  using (true)
  with check (true);

CREATE TRIGGER tg_frost_nonce_commitments__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_nonce_commitments FOR EACH STATEMENT WHEN (row_security_active('public.frost_nonce_commitments'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_nonce_commitments__10_admit BEFORE INSERT ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__10_admit();
CREATE TRIGGER tg_frost_nonce_commitments__20_advance AFTER INSERT ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__20_advance();
CREATE TRIGGER tg_frost_nonce_commitments__freeze BEFORE DELETE OR UPDATE ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__freeze();
CREATE TRIGGER tg_frost_nonce_commitments__no_truncate BEFORE TRUNCATE ON public.frost_nonce_commitments FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_frost_nonce_pool__freeze() -----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_pool__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    if old.expires_at > permafrost.now_ms() then
      perform permafrost.refuse('invalid_transition', 'A pooled commitment is withdrawn, and deleted once it has expired');
    end if;
    return old;
  end if;
  if to_jsonb(new) - '{session_id,quorum,bound_at,withdrawn_at}'::text[] is distinct from to_jsonb(old) - '{session_id,quorum,bound_at,withdrawn_at}'::text[]
    or num_nonnulls(old.bound_at, old.withdrawn_at) > 0
  then
    perform permafrost.refuse('invalid_transition', 'A pooled commitment is bound or withdrawn once, and is never bound again');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_nonce_pool__freeze() from public, anon, authenticated, service_role;

-- table public.frost_nonce_pool -------------------------------------------------------------------
create table public.frost_nonce_pool (
  nonce_commitment text not null,
  family_id text not null,
  key_package_id uuid not null,
  participant_id text not null,
  incarnation integer not null,
  published_at bigint default permafrost.now_ms() not null,
  expires_at bigint not null,
  session_id text,
  quorum integer,
  bound_at bigint,
  withdrawn_at bigint,
  constraint frost_nonce_pool_pkey PRIMARY KEY (nonce_commitment),
  constraint frost_nonce_pool_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id) ON DELETE RESTRICT,
  constraint frost_nonce_pool_bound_or_withdrawn CHECK (bound_at IS NULL OR withdrawn_at IS NULL),
  constraint frost_nonce_pool_bound_whole CHECK (num_nonnulls(session_id, quorum, bound_at) = ANY (ARRAY[0, 3])),
  constraint frost_nonce_pool_within_a_week CHECK (expires_at > published_at AND expires_at <= (published_at + 604800000))
);

comment on table public.frost_nonce_pool is
  'Nonce commitments published ahead of sessions. Times are milliseconds since the epoch.';
comment on column public.frost_nonce_pool.session_id is
  'The session whose quorum it was bound to.';

CREATE INDEX frost_nonce_pool_bound_idx ON public.frost_nonce_pool USING btree (family_id, participant_id) WHERE (bound_at IS NOT NULL);
CREATE INDEX frost_nonce_pool_expiry_idx ON public.frost_nonce_pool USING btree (expires_at);
CREATE INDEX frost_nonce_pool_left_idx ON public.frost_nonce_pool USING btree (family_id, participant_id, expires_at) WHERE ((bound_at IS NULL) AND (withdrawn_at IS NULL));

alter table public.frost_nonce_pool enable row level security;

revoke all on table public.frost_nonce_pool from public, anon, authenticated, service_role;
grant select on table public.frost_nonce_pool to authenticated, service_role;

create policy "Guardians read their own pools" on public.frost_nonce_pool
  for select to authenticated
  using ((family_id = ANY ((( SELECT permafrost.families() AS families))::text[])) AND participant_id = ((( SELECT permafrost.memberships() AS memberships)) ->> family_id));

CREATE TRIGGER tg_frost_nonce_pool__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_nonce_pool FOR EACH STATEMENT WHEN (row_security_active('public.frost_nonce_pool'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_nonce_pool__freeze BEFORE DELETE OR UPDATE ON public.frost_nonce_pool FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_pool__freeze();
CREATE TRIGGER tg_frost_nonce_pool__no_truncate BEFORE TRUNCATE ON public.frost_nonce_pool FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.tg_frost_signature_shares__10_admit() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signature_shares__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(new.session_id);
  v_part record;
  v_scalar_bytes integer;
begin
  if new.participant_id is null or new.participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  new.quorum := coalesce(new.quorum, permafrost.share_quorum(v_session, new.participant_id, new.signature_share));
  select q.signers, q.status, c.nonce_used, s.participant_id is not null as has_answered into v_part
  from public.frost_signing_quorums as q
  left join public.frost_nonce_commitments as c on (c.session_id, c.quorum, c.participant_id) = (q.session_id, q.quorum, new.participant_id)
  left join public.frost_signature_shares as s on (s.session_id, s.quorum, s.participant_id) = (q.session_id, q.quorum, new.participant_id)
  where q.session_id = new.session_id and q.quorum = new.quorum;
  if v_part.has_answered then
    perform permafrost.refuse('share_already_submitted', 'Another signature share was submitted before');
  end if;
  if v_session.status >= 'completed' then
    perform permafrost.refuse_finished('session', v_session.status::text, v_session.error_message);
  end if;
  if v_part.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  if new.participant_id <> all (v_part.signers) then
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  if v_part.status = 'abandoned' and v_session.status = 'aggregating' then
    perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
  elsif v_part.status = 'abandoned' then
    perform permafrost.refuse('round_closed', 'This quorum was abandoned');
  end if;
  if v_part.nonce_used is not false then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  if not permafrost.is_hex(new.signature_share) then
    perform permafrost.refuse('invalid_input', 'signature_share must be lower-case hex');
  end if;
  v_scalar_bytes := (permafrost.ciphersuite_of(v_session.key_package_id)).scalar_bytes;
  if length(new.signature_share) <> 2 * v_scalar_bytes then
    perform permafrost.refuse('share_invalid', format('signature_share must be %s bytes', v_scalar_bytes));
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signature_shares__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signature_shares__20_advance() -------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signature_shares__20_advance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.session_id;
  -- Asked again here: an operator's mark may have been on its way when the share was admitted.
  update public.frost_nonce_commitments set nonce_used = true
  where session_id = new.session_id and quorum = new.quorum and participant_id = new.participant_id and not nonce_used;
  if not found then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  perform permafrost.log_event('session', v_session.session_id, v_session.family_id, 'share_accepted', new.participant_id,
    jsonb_build_object('quorum', new.quorum, 'signature_share', new.signature_share));
  if v_session.mode <> 'two_round' then
    update public.frost_signing_quorums set refused = array_remove(refused, new.participant_id)
    where session_id = new.session_id and quorum = new.quorum and new.participant_id = any (refused);
  end if;
  if v_session.status = 'signing' and v_session.threshold = (select count(*) from public.frost_signature_shares
    where session_id = new.session_id and quorum = new.quorum)
  then
    update public.frost_signing_sessions set status = 'aggregating' where session_id = new.session_id;
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_signature_shares__20_advance() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signature_shares__freeze() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signature_shares__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- The cascade deletes the commitment first; while the commitment stands, so does its share.
  if tg_op = 'DELETE' and not exists (select from public.frost_nonce_commitments
    where session_id = old.session_id and quorum = old.quorum and participant_id = old.participant_id)
  then
    return old;
  end if;
  perform permafrost.refuse('invalid_transition', 'A signature share is never altered, and goes only with its session');
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_signature_shares__freeze() from public, anon, authenticated, service_role;

-- table public.frost_signature_shares -------------------------------------------------------------
create table public.frost_signature_shares (
  session_id text not null,
  quorum integer default 1 not null,
  participant_id text not null,
  signature_share text not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint frost_signature_shares_pkey PRIMARY KEY (session_id, quorum, participant_id),
  constraint frost_signature_shares_session_id_quorum_participant_id_fkey FOREIGN KEY (session_id, quorum, participant_id) REFERENCES public.frost_nonce_commitments(session_id, quorum, participant_id) ON DELETE CASCADE
);

comment on table public.frost_signature_shares is
  'Round two of RFC 9591: one verified signature share a signer and quorum. Written by record_signature_share only; never altered.';
comment on column public.frost_signature_shares.signature_share is
  'Encoded scalar, lower-case hex: 64 characters on secp256k1.';
comment on column public.frost_signature_shares.created_at is
  'Milliseconds since the epoch.';

alter table public.frost_signature_shares enable row level security;

revoke all on table public.frost_signature_shares from public, anon, authenticated, service_role;
grant select on table public.frost_signature_shares to authenticated, service_role;

create policy "Signers and creators read shares" on public.frost_signature_shares
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_signature_shares.session_id AND (((( SELECT permafrost.memberships() AS memberships)) ->> s.family_id) = frost_signature_shares.participant_id OR ((( SELECT permafrost.memberships() AS memberships)) ->> s.family_id) = s.created_by))));

CREATE TRIGGER tg_frost_signature_shares__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_signature_shares FOR EACH STATEMENT WHEN (row_security_active('public.frost_signature_shares'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_signature_shares__10_admit BEFORE INSERT ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__10_admit();
CREATE TRIGGER tg_frost_signature_shares__20_advance AFTER INSERT ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__20_advance();
CREATE TRIGGER tg_frost_signature_shares__freeze BEFORE DELETE OR UPDATE ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__freeze();
CREATE TRIGGER tg_frost_signature_shares__no_truncate BEFORE TRUNCATE ON public.frost_signature_shares FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- table public.frost_signing_batches --------------------------------------------------------------
create table public.frost_signing_batches (
  batch_id text not null,
  "position" integer not null,
  session_id text not null,
  constraint frost_signing_batches_pkey PRIMARY KEY (batch_id, "position"),
  constraint frost_signing_batches_session_key UNIQUE (session_id),
  constraint frost_signing_batches_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE,
  constraint frost_signing_batches_position_check CHECK ("position" >= 1 AND "position" <= 256)
);

comment on table public.frost_signing_batches is
  'Sessions that were asked for together, in the order of their messages.';

alter table public.frost_signing_batches enable row level security;

revoke all on table public.frost_signing_batches from public, anon, authenticated, service_role;
grant select on table public.frost_signing_batches to authenticated, service_role;

create policy "Creators and participants read their batches" on public.frost_signing_batches
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_signing_batches.session_id)));

CREATE TRIGGER tg_frost_signing_batches__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.frost_signing_batches FOR EACH STATEMENT WHEN (row_security_active('public.frost_signing_batches'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_frost_signing_batches__no_truncate BEFORE TRUNCATE ON public.frost_signing_batches FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.live_from() -----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.live_from()
 RETURNS integer
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return coalesce((permafrost.incarnation_now()).live_from, 1);
end;
$function$;

comment on function permafrost.live_from() is
  'What was made in an incarnation before this one and is open has failed.';

revoke all on function permafrost.live_from() from public, anon, authenticated, service_role;
grant execute on function permafrost.live_from() to authenticated, service_role;

-- function permafrost.tg_sss_encrypted_shares__10_admit() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_encrypted_shares__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests;
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'ciphertext' = to_jsonb(old) - 'ciphertext'
    and new.ciphertext in (old.ciphertext, permafrost.ciphertext_digest(old.ciphertext))
    and exists (select from public.sss_signing_requests
      where request_id = old.request_id and status >= 'completed')
  then
    return new;
  end if;
  v_request := permafrost.lock_request(new.request_id);
  if v_request.status >= 'completed' then
    perform permafrost.refuse_finished('request', v_request.status::text, v_request.error_message);
  end if;
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - '{status,ciphertext,created_at}'::text[] is distinct from to_jsonb(old) - '{status,ciphertext,created_at}'::text[]
      or old.status = new.status or new.status = 'rejected' and new.ciphertext <> old.ciphertext
    then
      perform permafrost.refuse('invalid_transition', 'A share is immutable, but for being rejected and replaced');
    end if;
    if new.status = 'rejected' then
      return new;
    end if;
  end if;
  if new.guardian_id <> all (v_request.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if v_request.status = 'ready' then
    perform permafrost.refuse('round_closed', 'Enough shares are there already');
  end if;
  if v_request.recipient_public_key is null then
    perform permafrost.refuse('round_open', 'The requester has not set the key to encrypt to');
  end if;
  perform permafrost.check_not_declined('recovery', new.request_id, new.guardian_id);
  -- As many bytes as characters: ASCII, as the functions have it.
  if coalesce(octet_length(new.ciphertext), 0) not between 1 and 8192 or new.ciphertext !~ '^[[:graph:]]+$'
    or octet_length(new.ciphertext) <> char_length(new.ciphertext) or new.status <> 'submitted'
  then
    perform permafrost.refuse('invalid_input', 'A ciphertext has 1 to 8,192 printable characters of ASCII');
  end if;
  return new;
end;
$function$;

revoke all on function permafrost.tg_sss_encrypted_shares__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_encrypted_shares__20_advance() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_encrypted_shares__20_advance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests;
  v_good bigint;
begin
  if tg_op = 'UPDATE' and new.status = old.status then
    return null;
  end if;
  select * into strict v_request from public.sss_signing_requests where request_id = new.request_id;
  select count(*) into v_good from public.sss_encrypted_shares where request_id = new.request_id and status = 'submitted';
  if new.status = 'submitted' then
    -- In the event too, which outlives the request: what a device has been given it does not give back.
    perform permafrost.log_event('recovery', v_request.request_id, v_request.family_id, 'share_submitted', new.guardian_id,
      jsonb_build_object('key_package_id', v_request.key_package_id, 'requester', v_request.created_by,
        'recipient_public_key', v_request.recipient_public_key));
    perform permafrost.mark_if_exposed(v_request);
    if v_request.status = 'pending' then
      update public.sss_signing_requests set status = 'partial' where request_id = new.request_id;
    end if;
    if v_request.status in ('pending', 'partial') and v_good >= v_request.threshold then
      update public.sss_signing_requests set status = 'ready' where request_id = new.request_id;
    end if;
  elsif v_request.status = 'ready' and v_good < v_request.threshold then
    update public.sss_signing_requests set status = 'partial' where request_id = new.request_id;
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_sss_encrypted_shares__20_advance() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_encrypted_shares__freeze() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_encrypted_shares__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  -- The cascade deletes the request first; while it stands, so do its shares.
  if exists (select from public.sss_signing_requests where request_id = old.request_id) then
    perform permafrost.refuse('invalid_transition', 'A share goes only with its request');
  end if;
  return old;
end;
$function$;

revoke all on function permafrost.tg_sss_encrypted_shares__freeze() from public, anon, authenticated, service_role;

-- table public.sss_encrypted_shares ---------------------------------------------------------------
create table public.sss_encrypted_shares (
  request_id text not null,
  guardian_id text not null,
  ciphertext text not null,
  status text default 'submitted'::text not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint sss_encrypted_shares_pkey PRIMARY KEY (request_id, guardian_id),
  constraint sss_encrypted_shares_request_id_fkey FOREIGN KEY (request_id) REFERENCES public.sss_signing_requests(request_id) ON DELETE CASCADE,
  constraint sss_encrypted_shares_status_check CHECK (status = ANY (ARRAY['submitted'::text, 'rejected'::text]))
);

comment on table public.sss_encrypted_shares is
  'Signing shares encrypted by guardians'' devices to a request''s one-time key. Read by the requester alone.';
comment on column public.sss_encrypted_shares.ciphertext is
  'NIP-44 v2, with the request''s id bound in; opaque to the server. Of a finished request, its SHA-256 alone.';
comment on column public.sss_encrypted_shares.status is
  'rejected when the requester''s device found it bad; the guardian may then hand in another.';

alter table public.sss_encrypted_shares enable row level security;

revoke all on table public.sss_encrypted_shares from public, anon, authenticated, service_role;
grant select on table public.sss_encrypted_shares to authenticated;

create policy "Requesters read the shares of their requests" on public.sss_encrypted_shares
  for select to authenticated
  using ((EXISTS ( SELECT
   FROM public.sss_signing_requests r
  WHERE r.request_id = sss_encrypted_shares.request_id AND r.created_by = ((( SELECT permafrost.memberships() AS memberships)) ->> r.family_id) AND (r.status = ANY (ARRAY['partial'::public.sss_request_status, 'ready'::public.sss_request_status])) AND r.expires_at > (( SELECT permafrost.now_ms() AS now_ms)) AND r.incarnation >= (( SELECT permafrost.live_from() AS live_from)) AND NOT (EXISTS ( SELECT
           FROM public.frost_key_packages k
          WHERE k.key_package_id = r.key_package_id AND k.retired_at < r.expires_at)))));

CREATE TRIGGER tg_sss_encrypted_shares__05_no_members BEFORE INSERT OR DELETE OR UPDATE ON public.sss_encrypted_shares FOR EACH STATEMENT WHEN (row_security_active('public.sss_encrypted_shares'::text)) EXECUTE FUNCTION permafrost.tg__05_no_members();
CREATE TRIGGER tg_sss_encrypted_shares__10_admit BEFORE INSERT OR UPDATE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__10_admit();
CREATE TRIGGER tg_sss_encrypted_shares__20_advance AFTER INSERT OR UPDATE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__20_advance();
CREATE TRIGGER tg_sss_encrypted_shares__freeze BEFORE DELETE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__freeze();
CREATE TRIGGER tg_sss_encrypted_shares__no_truncate BEFORE TRUNCATE ON public.sss_encrypted_shares FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__no_truncate();

-- function permafrost.abandon_quorums(text,integer) -----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.abandon_quorums(p_session_id text, p_but integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  update public.frost_signing_quorums set status = 'abandoned'
  where session_id = p_session_id and quorum <> p_but and status < 'completed';
end;
$function$;

comment on function permafrost.abandon_quorums(pg_catalog.text,integer) is
  'Abandons the open quorums of a session, but for one.';

revoke all on function permafrost.abandon_quorums(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.abandon_quorums_of(text,text) -----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.abandon_quorums_of(p_session_id text, p_participant_id text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_abandoned integer;
begin
  update public.frost_signing_quorums as q set status = 'abandoned'
  where q.session_id = p_session_id and q.status < 'completed'
    and exists (select from public.frost_nonce_commitments as c
      where c.session_id = q.session_id and c.quorum = q.quorum and c.participant_id = p_participant_id and not c.nonce_used);
  get diagnostics v_abandoned = row_count;
  return v_abandoned;
end;
$function$;

comment on function permafrost.abandon_quorums_of(pg_catalog.text,pg_catalog.text) is
  'Abandons the open quorums of a session that wait for a participant; returns how many.';

revoke all on function permafrost.abandon_quorums_of(text,text) from public, anon, authenticated, service_role;

-- function permafrost.accept_incarnation() --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.accept_incarnation()
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_incarnation integer := permafrost.enter_incarnation();
begin
  update permafrost.incarnations as i
  set live_from = coalesce((select p.live_from from permafrost.incarnations as p where p.incarnation = i.incarnation - 1), 1),
    reason = 'accepted'
  where i.incarnation = v_incarnation;
  return v_incarnation;
end;
$function$;

comment on function permafrost.accept_incarnation() is
  'For operators, right after a planned move or upgrade that lost nothing: lets what was open before it go on. Returns the incarnation.';

revoke all on function permafrost.accept_incarnation() from public, anon, authenticated, service_role;

-- function permafrost.accused_session(text,text) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.accused_session(p_session_id text, p_participant_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_session_id;
begin
  perform permafrost.check_turn('session', v_session.status::text, v_session.status < 'completed', v_session.expires_at);
  if p_participant_id is null or p_participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'Nobody of that name takes part in this session');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.accused_session(pg_catalog.text,pg_catalog.text) is
  'The session in which a participant is accused. Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function permafrost.accused_session(text,text) from public, anon, authenticated, service_role;

-- function permafrost.active_host_keys(text,text[]) -----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.active_host_keys(p_family_id text, p_participants text[])
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_missing text;
  v_keys text[];
begin
  select array_agg(h.host_public_key order by n), min(p) filter (where h.host_public_key is null) into v_keys, v_missing
  from unnest(p_participants) with ordinality as u (p, n)
  left join public.frost_host_keys as h on h.family_id = p_family_id and h.participant_id = p and h.retired_at is null;
  if v_missing is not null then
    perform permafrost.refuse('participants_invalid', format('%s has registered no host key yet', v_missing));
  end if;
  return v_keys;
end;
$function$;

comment on function permafrost.active_host_keys(pg_catalog.text,pg_catalog.text[]) is
  'The participants'' host keys in their order. Refuses participants_invalid where one has none.';

revoke all on function permafrost.active_host_keys(text,text[]) from public, anon, authenticated, service_role;

-- function permafrost.advance_key_ceremony(text,integer,text,text,jsonb) --------------------------
CREATE OR REPLACE FUNCTION permafrost.advance_key_ceremony(p_ceremony_id text, p_round integer, p_coordinator_message text, p_recovery_data text, p_key_package jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
begin
  if permafrost.round_of(v_ceremony.status) = p_round and p_round < 3 then
    update public.frost_key_ceremonies as c
    set status = case when p_key_package is null then 'round_two'::public.key_ceremony_status else 'confirming' end,
      coordinator_messages = c.coordinator_messages || array_remove(array[p_coordinator_message], null),
      recovery_data = p_recovery_data,
      key_package = case when p_key_package is not null then jsonb_build_object(
        'epoch', 1 + coalesce((select max(k.epoch) from public.frost_key_packages as k where k.family_id = c.family_id), 0),
        'ciphersuite', c.ciphersuite, 'threshold', c.threshold, 'participants', c.participants)
        || jsonb_build_object('group_public_key', p_key_package -> 'group_public_key',
          'verifying_shares', p_key_package -> 'verifying_shares', 'vss_commitment', p_key_package -> 'vss_commitment') end
    where c.ceremony_id = p_ceremony_id;
  end if;
  return permafrost.ceremony_progress(p_ceremony_id);
end;
$function$;

revoke all on function permafrost.advance_key_ceremony(text,integer,text,text,jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.advance_key_ceremony(text,integer,text,text,jsonb) to service_role;

-- function permafrost.apply_each(text,text[]) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.apply_each(p_statement text, p_ids text[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_id text;
  v_rows integer;
  v_total integer := 0;
begin
  begin
    execute p_statement using p_ids;
    get diagnostics v_rows = row_count;
    return v_rows;
  exception when others then
    null;
  end;
  foreach v_id in array p_ids loop
    begin
      execute p_statement using array[v_id];
      get diagnostics v_rows = row_count;
      v_total := v_total + v_rows;
    exception when others then
      raise warning 'Permafrost skipped %: % %', v_id, sqlstate, sqlerrm;
    end;
  end loop;
  return v_total;
end;
$function$;

comment on function permafrost.apply_each(pg_catalog.text,pg_catalog.text[]) is
  'Runs a statement on ids ($1), together or else one by one; warns of those it fails on, and returns how many rows it took.';

revoke all on function permafrost.apply_each(text,text[]) from public, anon, authenticated, service_role;

-- function permafrost.approvals_missing(public.frost_key_ceremonies) ------------------------------
CREATE OR REPLACE FUNCTION permafrost.approvals_missing(p_ceremony public.frost_key_ceremonies)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_current public.frost_key_packages;
begin
  if p_ceremony.kind = 'reshare' or p_ceremony.created_by is null or p_ceremony.current_key_package_id is null then
    return 0;
  end if;
  select * into strict v_current from public.frost_key_packages where key_package_id = p_ceremony.current_key_package_id;
  return (select case when bool_or(a.participant_id = '') then 0
      else greatest(0, v_current.threshold - count(*) filter (where a.participant_id = any (v_current.participants))) end
    from permafrost.key_approvals as a where a.ceremony_id = p_ceremony.ceremony_id);
end;
$function$;

comment on function permafrost.approvals_missing(public.frost_key_ceremonies) is
  'How many guardians of the current key have yet to approve the new one; 0 for a reshare, a first key, and an operator''s ceremony.';

revoke all on function permafrost.approvals_missing(public.frost_key_ceremonies) from public, anon, authenticated, service_role;

-- function permafrost.approve_key_package(text,text,text,text) ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.approve_key_package(p_family_id text, p_key_package_digest text, p_participant_id text, p_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_id text := (select c.ceremony_id from public.frost_key_ceremonies as c
    where c.family_id = p_family_id and c.status in ('confirming', 'completed') and permafrost.digest_of(c.key_package) = p_key_package_digest
    order by c.created_at desc limit 1);
  v_ceremony public.frost_key_ceremonies;
begin
  v_ceremony := permafrost.lock_family_ceremony(v_id);
  if v_ceremony.status >= 'failed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if p_participant_id is not null and not exists (select from public.frost_key_packages as k
    where k.key_package_id = v_ceremony.current_key_package_id and p_participant_id = any (k.participants))
  then
    perform permafrost.refuse('not_a_participant', 'Only guardians of the current key approve the next one');
  end if;
  if v_ceremony.status = 'confirming' then
    insert into permafrost.key_approvals (ceremony_id, participant_id, signature)
    values (v_id, coalesce(p_participant_id, ''), coalesce(p_signature, ''))
    on conflict do nothing;
    if found then
      perform permafrost.log_event('ceremony', v_id, p_family_id, 'approved', p_participant_id, jsonb_build_object('signature', p_signature));
    end if;
    perform permafrost.complete_if_confirmed(v_ceremony);
  end if;
  return permafrost.ceremony_progress(v_id) || jsonb_build_object('ceremony_id', v_id, 'approvals_missing',
    (select permafrost.approvals_missing(c) from public.frost_key_ceremonies as c where c.ceremony_id = v_id and c.status = 'confirming'));
end;
$function$;

revoke all on function permafrost.approve_key_package(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.approve_key_package(text,text,text,text) to service_role;

-- function permafrost.asked_by(public.frost_events,text[]) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.asked_by(p_event public.frost_events, p_people text[])
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  case
    when p_event.subject = 'ceremony' then
      return (select permafrost.senders(c, r.round)
        from public.frost_key_ceremonies as c, (values ('created', 1), ('round_one_closed', 2), ('confirming', 3)) as r (event, round)
        where c.ceremony_id = p_event.subject_id and r.event = p_event.event);
    when p_event.event = 'created' then
      return case when p_event.detail -> 'key_package_id' <> 'null' then p_people end;
    when p_event.event = 'round_one_closed' then
      return array(select jsonb_array_elements_text(p_event.detail -> 'signers'));
    when p_event.event = 'share_rejected' then
      return array[p_event.detail ->> 'guardian'];
    -- In a robust session the others of a quorum that is lost may have to fill another.
    when p_event.event in ('share_refused', 'declined') and p_event.subject = 'session' then
      return array(select distinct c.participant_id from public.frost_signing_sessions as s
        join public.frost_nonce_commitments as c using (session_id)
        join public.frost_nonce_commitments as own using (session_id, quorum)
        where s.mode <> 'two_round' and c.session_id = p_event.subject_id and own.participant_id = p_event.actor
          and c.quorum = coalesce((p_event.detail ->> 'quorum')::integer, c.quorum));
    else
      return null;
  end case;
end;
$function$;

comment on function permafrost.asked_by(public.frost_events,pg_catalog.text[]) is
  'Whom an event may have made the awaited ones, of p_people, who take part; null for an event that asks nobody.';

revoke all on function permafrost.asked_by(public.frost_events,text[]) from public, anon, authenticated, service_role;

-- function permafrost.asked_quorum(public.frost_signing_sessions,integer,text) --------------------
CREATE OR REPLACE FUNCTION permafrost.asked_quorum(p_session public.frost_signing_sessions, p_quorum integer, p_participant_id text)
 RETURNS public.frost_signing_quorums
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorum public.frost_signing_quorums;
begin
  if p_quorum is null and p_session.mode <> 'two_round' then
    select q.* into v_quorum from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and p_participant_id = any (q.signers) and (q.status = 'completed' or q.status = 'signing'
      and not exists (select from public.frost_signature_shares as s
        where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = p_participant_id))
    order by q.status, q.quorum limit 1;
    if not found and not exists (select from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
      where c.session_id = p_session.session_id and c.participant_id = p_participant_id and q.status = 'collecting')
    then
      select q.* into v_quorum from public.frost_signing_quorums as q
      where q.session_id = p_session.session_id and q.status in ('signing', 'completed') order by q.status desc, q.quorum limit 1;
    end if;
  else
    select q.* into v_quorum from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and q.quorum = coalesce(p_quorum, 1);
  end if;
  if v_quorum.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_quorum;
end;
$function$;

comment on function permafrost.asked_quorum(public.frost_signing_sessions,integer,pg_catalog.text) is
  'A quorum with its signers: p_quorum, or (null) the participant''s first unanswered one. Refuses round_open.';

revoke all on function permafrost.asked_quorum(public.frost_signing_sessions,integer,text) from public, anon, authenticated, service_role;

-- function permafrost.awaited(permafrost.kinds,text) ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.awaited(p_kind permafrost.kinds, p_id text)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_awaited text[];
begin
  execute format('select array(select p from unnest(%s) as p where %s) from %s as t where t.%I = $1', p_kind.taking_part,
    permafrost.is_awaiting(p_kind, 'p', '$2', '$3'), p_kind.relation, p_kind.id_column)
  into v_awaited using p_id, permafrost.now_ms(), permafrost.live_from();
  return v_awaited;
end;
$function$;

comment on function permafrost.awaited(permafrost.kinds,pg_catalog.text) is
  'Whom something awaits now.';

revoke all on function permafrost.awaited(permafrost.kinds,text) from public, anon, authenticated, service_role;

-- function permafrost.bind_pool(public.frost_key_packages,text[],text[],integer) ------------------
CREATE OR REPLACE FUNCTION permafrost.bind_pool(p_package public.frost_key_packages, p_sessions text[], p_signers text[], p_threshold integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_each bigint := cardinality(p_sessions) * permafrost.binomial(cardinality(p_signers) - 1, p_threshold - 1);
  v_session public.frost_signing_sessions;
  v_quorum record;
begin
  insert into public.frost_signing_quorums (session_id, quorum, signers, status, bound)
  with recursive subsets (members) as (
    select array[i] from generate_subscripts(p_signers, 1) as i
    union all
    select s.members || i from subsets as s join generate_subscripts(p_signers, 1) as i on i > s.members[cardinality(s.members)]
    where cardinality(s.members) < p_threshold
  )
  select session_id, row_number() over (partition by session_id order by members), array(select p_signers[m] from unnest(members) as m), 'signing', true
  from unnest(p_sessions) as session_id cross join subsets where cardinality(members) = p_threshold;

  with slots as (
    select q.session_id, q.quorum, g, row_number() over (partition by g order by array_position(p_sessions, q.session_id), q.quorum) as n
    from public.frost_signing_quorums as q cross join unnest(q.signers) as g where q.session_id = any (p_sessions)
  ), given as (
    select g, l.nonce_commitment, row_number() over (partition by g order by l.expires_at, l.nonce_commitment) as n
    from unnest(p_signers) as g cross join lateral (
      select p.nonce_commitment, p.expires_at from public.frost_nonce_pool as p
      where p.family_id = p_package.family_id and p.participant_id = g and p.bound_at is null and p.withdrawn_at is null
        and p.expires_at > v_now and p.key_package_id = p_package.key_package_id and p.incarnation >= v_live_from
      order by p.expires_at, p.nonce_commitment limit v_each for update skip locked) as l
  )
  update public.frost_nonce_pool as p set session_id = s.session_id, quorum = s.quorum, bound_at = v_now
  from slots as s join given using (g, n) where p.nonce_commitment = given.nonce_commitment;
  insert into public.frost_nonce_commitments (session_id, quorum, participant_id, nonce_commitment)
  select p.session_id, p.quorum, p.participant_id, p.nonce_commitment from public.frost_nonce_pool as p
  where p.family_id = p_package.family_id and p.participant_id = any (p_signers) and p.bound_at = v_now and p.session_id = any (p_sessions);

  for v_session in select s.* from public.frost_signing_sessions as s where s.session_id = any (p_sessions) order by s.session_id loop
    for v_quorum in
      select q.quorum, q.signers, jsonb_object_agg(c.participant_id, c.nonce_commitment) as commitments, count(*) as n
      from public.frost_signing_quorums as q join public.frost_nonce_commitments as c using (session_id, quorum)
      where q.session_id = v_session.session_id group by q.quorum, q.signers order by q.quorum
    loop
      if v_quorum.n <> p_threshold then -- it never binds half
        raise exception 'The pool of family % changed while it was locked', p_package.family_id;
      end if;
      perform permafrost.log_event('session', v_session.session_id, v_session.family_id, 'round_one_closed', null,
        jsonb_build_object('quorum', v_quorum.quorum, 'signers', v_quorum.signers, 'commitments', v_quorum.commitments));
    end loop;
    update public.frost_signing_sessions set status = 'nonce_collection' where session_id = v_session.session_id;
    update public.frost_signing_sessions set status = 'signing' where session_id = v_session.session_id;
  end loop;
end;
$function$;

comment on function permafrost.bind_pool(public.frost_key_packages,pg_catalog.text[],pg_catalog.text[],integer) is
  'Binds pooled commitments to every quorum of these signers, in each of these sessions.';

revoke all on function permafrost.bind_pool(public.frost_key_packages,text[],text[],integer) from public, anon, authenticated, service_role;

-- function permafrost.binomial(integer,integer) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.binomial(p_n integer, p_k integer)
 RETURNS bigint
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_product bigint := 1;
begin
  for i in 1 .. least(p_k, p_n - p_k) loop
    v_product := v_product * (p_n + 1 - i) / i;
    exit when v_product > 1000000; -- far more than anybody asks for
  end loop;
  return v_product;
end;
$function$;

comment on function permafrost.binomial(integer,integer) is
  'How many subsets of p_k there are of p_n; at least 1,000,000 stands for more.';

revoke all on function permafrost.binomial(integer,integer) from public, anon, authenticated, service_role;

-- function permafrost.blame_in_ceremony(text,text,text,boolean,jsonb) -----------------------------
CREATE OR REPLACE FUNCTION permafrost.blame_in_ceremony(p_ceremony_id text, p_reporter text, p_against text, p_is_guilty boolean, p_evidence jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
  v_guilty text := case when p_is_guilty then p_against else p_reporter end;
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = 'ceremony';
begin
  if v_ceremony.status = 'failed' and v_guilty = any (v_ceremony.blamed) then
    return to_jsonb(v_ceremony) || jsonb_build_object('guilty', v_guilty); -- an exact retry
  end if;
  if v_ceremony.status >= 'completed' then
    perform permafrost.refuse_finished('ceremony', v_ceremony.status::text, v_ceremony.error_message);
  end if;
  if not coalesce(p_reporter = any (v_ceremony.participants) and p_against = any (v_ceremony.participants || v_ceremony.dealers), false) then
    perform permafrost.refuse('not_a_participant', 'Only who gets a share reports one, and of who takes part');
  end if;
  if not p_reporter = any (permafrost.missing_senders(v_ceremony, 3)) then
    perform permafrost.refuse('round_closed', 'The caller has confirmed this ceremony');
  end if;
  perform permafrost.log_event('ceremony', p_ceremony_id, v_ceremony.family_id, 'fault_reported', p_reporter,
    jsonb_build_object('against', p_against, 'guilty', v_guilty, 'evidence', p_evidence));
  if v_guilty <> all (v_ceremony.blamed) then
    update public.frost_key_ceremonies set blamed = blamed || v_guilty where ceremony_id = p_ceremony_id;
  end if;
  perform permafrost.fail_subject(v_kind, p_ceremony_id, case when p_is_guilty
    then format('%s sent a share to %s that does not fit', p_against, p_reporter)
    else format('%s accused %s of a share that fits', p_reporter, p_against) end);
  return permafrost.ceremony_answer(c) || jsonb_build_object('guilty', v_guilty)
    from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
end;
$function$;

revoke all on function permafrost.blame_in_ceremony(text,text,text,boolean,jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.blame_in_ceremony(text,text,text,boolean,jsonb) to service_role;

-- function permafrost.broadcast(text,text,jsonb) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.broadcast(p_family_id text, p_event text, p_payload jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
    return;
  end if;
  execute 'select realtime.send($1, $2, $3, $4)' using p_payload, p_event, 'family:' || p_family_id, true;
exception when others then
  raise warning 'The broadcast of a change of state failed: % %', sqlstate, sqlerrm;
end;
$function$;

comment on function permafrost.broadcast(pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Tells a family''s members who are connected; a failure is a warning.';

revoke all on function permafrost.broadcast(text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.ceremony_answer(public.frost_key_ceremonies) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.ceremony_answer(p_ceremony public.frost_key_ceremonies)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_takes_part boolean := permafrost.is_operator()
    or permafrost.memberships() ->> p_ceremony.family_id = any (p_ceremony.participants || p_ceremony.dealers);
begin
  return permafrost.ceremony_summary(p_ceremony, permafrost.now_ms(), permafrost.live_from()) || jsonb_build_object(
    -- Of this server, for a device to hold its clock against.
    'now', permafrost.now_ms(),
    'params', permafrost.ceremony_params(p_ceremony),
    'key_package', p_ceremony.key_package,
    'key_package_digest', case when p_ceremony.key_package is not null then permafrost.digest_of(p_ceremony.key_package) end,
    'from_key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id),
    -- What holds ciphertext is for those who hold the key.
    'coordinator_messages', case when v_takes_part then to_jsonb(p_ceremony.coordinator_messages) else '[]' end,
    'recovery_data', case when v_takes_part then p_ceremony.recovery_data end);
end;
$function$;

comment on function permafrost.ceremony_answer(public.frost_key_ceremonies) is
  'A ceremony as clients see it, whole but for its messages.';

revoke all on function permafrost.ceremony_answer(public.frost_key_ceremonies) from public, anon, authenticated, service_role;

-- function permafrost.ceremony_params(public.frost_key_ceremonies) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.ceremony_params(p_ceremony public.frost_key_ceremonies)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_from public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id;
begin
  return permafrost.compact_json('"permafrost/ceremony"', to_json(p_ceremony.ceremony_id)::text, to_json(p_ceremony.family_id)::text,
    to_json(p_ceremony.kind)::text, to_json(p_ceremony.protocol)::text, to_json(p_ceremony.ciphersuite)::text, p_ceremony.threshold::text,
    array_to_json(p_ceremony.participants)::text, array_to_json(p_ceremony.host_public_keys)::text,
    array_to_json(p_ceremony.dealers)::text, array_to_json(p_ceremony.dealer_host_public_keys)::text,
    case when v_from.key_package_id is not null then to_json(permafrost.key_package_digest(v_from.epoch, v_from.ciphersuite,
      v_from.threshold, v_from.participants, v_from.group_public_key, v_from.verifying_shares))::text end,
    case when p_ceremony.protocol = 'chilldkg'
      then to_json(permafrost.chilldkg_params_hash(p_ceremony.threshold, p_ceremony.host_public_keys))::text end);
end;
$function$;

comment on function permafrost.ceremony_params(public.frost_key_ceremonies) is
  'The JSON of which params_id is the SHA-256.';

revoke all on function permafrost.ceremony_params(public.frost_key_ceremonies) from public, anon, authenticated, service_role;

-- function permafrost.ceremony_progress(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ceremony_progress(p_ceremony_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := c from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  v_round integer := permafrost.round_of(v_ceremony.status);
  v_missing text[] := permafrost.missing_senders(v_ceremony, v_round);
begin
  if v_round is null then
    return jsonb_build_object('status', v_ceremony.status, 'received', cardinality(v_ceremony.participants), 'missing', '[]'::jsonb,
      'coordinator_message', v_ceremony.coordinator_messages[cardinality(v_ceremony.coordinator_messages)]);
  end if;
  return jsonb_build_object('status', v_ceremony.status,
    'received', cardinality(permafrost.senders(v_ceremony, v_round)) - cardinality(v_missing),
    'missing', v_missing,
    'coordinator_message', v_ceremony.coordinator_messages[cardinality(v_ceremony.coordinator_messages)]);
end;
$function$;

comment on function permafrost.ceremony_progress(pg_catalog.text) is
  'How far a ceremony has come: status; of its open round how many messages were received, and who is missing; the coordinator''s last message.';

revoke all on function permafrost.ceremony_progress(text) from public, anon, authenticated, service_role;

-- function permafrost.ceremony_summary(public.frost_key_ceremonies,bigint,integer) ----------------
CREATE OR REPLACE FUNCTION permafrost.ceremony_summary(p_ceremony public.frost_key_ceremonies, p_now bigint, p_live_from integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ended_by text := permafrost.ended_by(p_ceremony.incarnation, p_live_from, p_ceremony.current_key_package_id, p_ceremony.expires_at);
  v_status public.key_ceremony_status := permafrost.status_now(p_ceremony.status, p_ceremony.expires_at, p_now, v_ended_by);
  v_round integer := permafrost.round_of(p_ceremony.status);
begin
  return (to_jsonb(p_ceremony) - '{coordinator_messages,recovery_data,key_package}'::text[]) || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_ceremony.error_message, v_ended_by) end,
    'is_expired', v_status = 'expired',
    'round', case when v_status < 'completed' then v_round end,
    -- Who is waited for: a person looks at this.
    'missing', case when v_status < 'completed' then to_jsonb(permafrost.missing_senders(p_ceremony, v_round)) else '[]' end,
    'received', (select coalesce(jsonb_object_agg(r.round, r.senders), '{}') from (
      select m.round, jsonb_agg(m.participant_id order by array_position(permafrost.senders(p_ceremony, m.round), m.participant_id)) as senders
      from public.frost_ceremony_messages as m where m.ceremony_id = p_ceremony.ceremony_id group by m.round) as r),
    'declined', permafrost.declined('ceremony', p_ceremony.ceremony_id),
    'approvals_missing', case when v_status < 'completed' then permafrost.approvals_missing(p_ceremony) else 0 end,
    'transcript_head', permafrost.transcript_head('ceremony', p_ceremony.ceremony_id));
end;
$function$;

comment on function permafrost.ceremony_summary(public.frost_key_ceremonies,bigint,integer) is
  'A ceremony as lists show it: its columns with the status that is true at p_now, and who is waited for.';

revoke all on function permafrost.ceremony_summary(public.frost_key_ceremonies,bigint,integer) from public, anon, authenticated, service_role;

-- function permafrost.check_against_key(public.frost_key_packages,text[],integer,text) ------------
CREATE OR REPLACE FUNCTION permafrost.check_against_key(p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_message_hash text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_suite permafrost.ciphersuites;
begin
  if not p_participants <@ p_package.participants then
    perform permafrost.refuse('participants_invalid', 'Every participant must hold a share of the family''s key');
  end if;
  select * into strict v_suite from permafrost.ciphersuites where ciphersuite = p_package.ciphersuite;
  if p_threshold not between p_package.threshold and v_suite.signers_max then
    perform permafrost.refuse('threshold_invalid',
      format('The threshold must be from %s, the key''s, to %s', p_package.threshold, v_suite.signers_max));
  end if;
  if not permafrost.is_hex(p_message_hash)
    or length(p_message_hash) / 2 not between v_suite.message_bytes_min and v_suite.message_bytes_max
  then
    perform permafrost.refuse('message_hash_invalid',
      format('%s signs %s bytes, given in lower-case hex', v_suite.ciphersuite,
        concat_ws(' to ', v_suite.message_bytes_min, nullif(v_suite.message_bytes_max, v_suite.message_bytes_min))));
  end if;
end;
$function$;

comment on function permafrost.check_against_key(public.frost_key_packages,pg_catalog.text[],integer,pg_catalog.text) is
  'Refuses participants_invalid, threshold_invalid or message_hash_invalid for a request that this key does not sign.';

revoke all on function permafrost.check_against_key(public.frost_key_packages,text[],integer,text) from public, anon, authenticated, service_role;

-- function permafrost.check_candidate(public.frost_key_ceremonies) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_candidate(p_ceremony public.frost_key_ceremonies)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package jsonb := p_ceremony.key_package;
  v_from public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id;
begin
  if not coalesce(v_package @> jsonb_build_object('ciphersuite', p_ceremony.ciphersuite, 'threshold', p_ceremony.threshold)
      and v_package -> 'participants' = to_jsonb(p_ceremony.participants), false)
    or jsonb_array_length(jsonb_path_query_array(v_package, '$.verifying_shares[*]')) <> cardinality(p_ceremony.participants)
    or jsonb_array_length(jsonb_path_query_array(v_package, '$.vss_commitment[*] ? (@ != null)')) <> p_ceremony.threshold
    or v_package ->> 'group_public_key' is null
  then
    perform permafrost.refuse('key_package_invalid', 'The key package must be of the ceremony''s ciphersuite, threshold and participants');
  end if;
  if v_package ->> 'group_public_key' <> v_from.group_public_key then
    perform permafrost.refuse('key_package_invalid', 'A reshare keeps the group public key');
  end if;
end;
$function$;

comment on function permafrost.check_candidate(public.frost_key_ceremonies) is
  'Refuses key_package_invalid unless a ceremony''s key package is of what the ceremony is for.';

revoke all on function permafrost.check_candidate(public.frost_key_ceremonies) from public, anon, authenticated, service_role;

-- function permafrost.check_claimed(text,text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_claimed(p_me text, p_claimed text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_claimed <> p_me then
    perform permafrost.refuse('not_a_participant',
      format('The access token is that of participant %s, not of %s', to_json(p_me), to_json(p_claimed)));
  end if;
end;
$function$;

comment on function permafrost.check_claimed(pg_catalog.text,pg_catalog.text) is
  'Refuses not_a_participant if the client takes itself for somebody else (null: it does not say).';

revoke all on function permafrost.check_claimed(text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_creation(text,text,bigint) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_creation(p_family_id text, p_participant_id text, p_now bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_allowed bigint := permafrost.limit_of('open_sessions', p_family_id);
  v_kind permafrost.kinds;
  v_open bigint;
  v_ends bigint;
  v_sum bigint := 0;
  v_next bigint;
begin
  perform permafrost.check_rate('creations_per_minute', p_family_id, p_participant_id, p_now, 'Too many were created in this minute');
  -- What was created since the last count bounds what is open; only at the bound is it counted anew.
  if permafrost.count_usage('open_sessions', p_family_id, p_participant_id, 0) > v_allowed then
    for v_kind in select * from permafrost.kinds loop
      execute format('select count(*), min(expires_at) from %s where family_id = $1 and created_by = $2
        and status < ''completed'' and expires_at > $3', v_kind.relation)
      into v_open, v_ends using p_family_id, p_participant_id, p_now;
      v_sum := v_sum + v_open;
      v_next := least(v_next, v_ends);
    end loop;
    if v_sum >= v_allowed then
      perform permafrost.refuse_rate(format('A member may have %s unfinished requests', v_allowed), v_next - p_now);
    end if;
    update permafrost.usage set used = v_sum + 1
    where family_id = p_family_id and participant_id = p_participant_id and limit_name = 'open_sessions';
  end if;
end;
$function$;

comment on function permafrost.check_creation(pg_catalog.text,pg_catalog.text,bigint) is
  'Counts a creation by a member. Refuses rate_limited past creations_per_minute and open_sessions.';

revoke all on function permafrost.check_creation(text,text,bigint) from public, anon, authenticated, service_role;

-- function permafrost.check_event_template(jsonb) -------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_event_template(p_template jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if octet_length(p_template::text) > 65536 then
    perform permafrost.refuse('invalid_input', 'event_template must be at most 65,536 bytes as text');
  end if;
  if jsonb_typeof(p_template) <> 'object' then
    perform permafrost.refuse('invalid_input', 'event_template must be an object');
  end if;
  if p_template - '{kind,created_at,content,tags,pubkey}'::text[] <> '{}' then
    perform permafrost.refuse('invalid_input', 'event_template must have nothing but kind, created_at, content, tags and pubkey');
  end if;
  if not coalesce(p_template ->> 'kind' ~ '^[0-9]{1,5}$' and jsonb_typeof(p_template -> 'kind') = 'number'
    and (p_template ->> 'kind')::integer <= 65535, false)
  then
    perform permafrost.refuse('invalid_input', 'event_template.kind must be an integer from 0 to 65,535');
  end if;
  if not coalesce(p_template ->> 'created_at' ~ '^[0-9]{1,15}$' and jsonb_typeof(p_template -> 'created_at') = 'number', false) then
    perform permafrost.refuse('invalid_input', 'event_template.created_at must be an integer, in seconds since the epoch');
  end if;
  if jsonb_typeof(p_template -> 'content') is distinct from 'string' then
    perform permafrost.refuse('invalid_input', 'event_template.content must be a string');
  end if;
  if jsonb_typeof(p_template -> 'tags') is distinct from 'array'
    or exists (select from jsonb_array_elements(p_template -> 'tags') as t (tag)
      where jsonb_typeof(tag) <> 'array'
        or jsonb_path_exists(tag, 'strict $[*] ? (@.type() != "string")'))
  then
    perform permafrost.refuse('invalid_input', 'event_template.tags must be an array of arrays of strings');
  end if;
  if p_template ? 'pubkey' and not coalesce(p_template ->> 'pubkey' ~ '^[0-9a-f]{64}$' and jsonb_typeof(p_template -> 'pubkey') = 'string', false) then
    perform permafrost.refuse('invalid_input', 'event_template.pubkey must be 32 bytes in lower-case hex');
  end if;
end;
$function$;

comment on function permafrost.check_event_template(pg_catalog.jsonb) is
  'Refuses invalid_input unless it is a NIP-01 event before it is signed; null is none.';

revoke all on function permafrost.check_event_template(jsonb) from public, anon, authenticated, service_role;

-- function permafrost.check_final_signature(uuid,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_final_signature(p_key_package_id uuid, p_final_signature text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_bytes integer := (permafrost.ciphersuite_of(p_key_package_id)).signature_bytes; -- null in a dry run
begin
  if not permafrost.is_hex(p_final_signature) or length(p_final_signature) <> 2 * v_bytes then
    perform permafrost.refuse('invalid_input',
      format('final_signature must be %s in lower-case hex', coalesce(v_bytes || ' bytes', 'bytes')));
  end if;
end;
$function$;

comment on function permafrost.check_final_signature(pg_catalog.uuid,pg_catalog.text) is
  'Refuses invalid_input unless the text has the form of a signature under this key.';

revoke all on function permafrost.check_final_signature(uuid,text) from public, anon, authenticated, service_role;

-- function permafrost.check_identifier(text,text) -------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_identifier(p_column text, p_value text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if not permafrost.is_identifier(p_value) then
    perform permafrost.refuse('invalid_input', format('%s must be 1 to 255 characters, none of them control characters', p_column));
  end if;
end;
$function$;

comment on function permafrost.check_identifier(pg_catalog.text,pg_catalog.text) is
  'Refuses invalid_input unless the value is an identifier.';

revoke all on function permafrost.check_identifier(text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_idle(text,text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_idle(p_session_id text, p_participant_id text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if exists (select from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
    where c.session_id = p_session_id and c.participant_id = p_participant_id and q.status = 'collecting')
  then
    perform permafrost.refuse('commitment_already_submitted', 'Another commitment was submitted before');
  end if;
  if exists (select from public.frost_signing_quorums as q
    where q.session_id = p_session_id and (p_participant_id = any (q.refused)
      or q.status = 'signing' and not q.bound and p_participant_id = any (q.signers) and not exists (
        select from public.frost_signature_shares as s
        where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = p_participant_id)))
  then
    perform permafrost.refuse('share_owed', 'The caller owes a signature share that verifies, and enters no other quorum before');
  end if;
end;
$function$;

comment on function permafrost.check_idle(pg_catalog.text,pg_catalog.text) is
  'Refuses commitment_already_submitted or share_owed to a participant who may not enter another quorum.';

revoke all on function permafrost.check_idle(text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_isolation() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_isolation()
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise feature_not_supported using
      message = format('Permafrost changes nothing under isolation level %s', current_setting('transaction_isolation')),
      detail = 'Use read committed, the default';
  end if;
end;
$function$;

comment on function permafrost.check_isolation() is
  'Raises 0A000 in a transaction that keeps its first snapshot.';

revoke all on function permafrost.check_isolation() from public, anon, authenticated, service_role;

-- function permafrost.check_member_of(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_member_of(p_family_id text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.memberships() ->> p_family_id;
begin
  if v_me is null then
    perform permafrost.refuse('not_in_family', 'The caller is not a member of this family');
  end if;
  return v_me;
end;
$function$;

comment on function permafrost.check_member_of(pg_catalog.text) is
  'Who the caller is in a family. Refuses not_in_family for a caller of another family, or of none.';

revoke all on function permafrost.check_member_of(text) from public, anon, authenticated, service_role;

-- function permafrost.check_not_declined(text,text,text) ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_not_declined(p_kind text, p_id text, p_participant_id text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if exists (select from permafrost.declines as d
    where d.subject_id = p_id and d.kind = p_kind and d.participant_id = p_participant_id)
  then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
end;
$function$;

comment on function permafrost.check_not_declined(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Refuses invalid_transition to a participant who has declined.';

revoke all on function permafrost.check_not_declined(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_participants(text[]) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_participants(p_participants text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if array_ndims(p_participants) is distinct from 1 or array_lower(p_participants, 1) <> 1
    or cardinality(p_participants) > 255
    -- Members are shown each other's lists: together they must stay readable.
    or (select sum(octet_length(p)) > 16384 or count(distinct p) <> count(*) or not bool_and(permafrost.is_identifier(p))
      from unnest(p_participants) as p)
  then
    perform permafrost.refuse('participants_invalid', 'Participants must be 1 to 255 distinct identifiers, of 16,384 bytes together at most');
  end if;
end;
$function$;

comment on function permafrost.check_participants(pg_catalog.text[]) is
  'Refuses participants_invalid unless there are 1 to 255 distinct identifiers, of 16,384 bytes together at most. RFC 9591 identifiers are positions in such a list, from 1.';

revoke all on function permafrost.check_participants(text[]) from public, anon, authenticated, service_role;

-- function permafrost.check_rate(text,text,text,bigint,text) --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_rate(p_limit_name text, p_family_id text, p_participant_id text, p_now bigint, p_message text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_window bigint := p_now - p_now % 60000;
begin
  if permafrost.count_usage(p_limit_name, p_family_id, p_participant_id, v_window) > permafrost.limit_of(p_limit_name, p_family_id) then
    perform permafrost.refuse_rate(p_message, v_window + 60000 - p_now);
  end if;
end;
$function$;

comment on function permafrost.check_rate(pg_catalog.text,pg_catalog.text,pg_catalog.text,bigint,pg_catalog.text) is
  'Counts one more in this minute. Refuses rate_limited past the limit.';

revoke all on function permafrost.check_rate(text,text,text,bigint,text) from public, anon, authenticated, service_role;

-- function permafrost.check_reason(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_reason(p_reason text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if octet_length(p_reason) > 4000 or p_reason is null or char_length(p_reason) > 1000 or p_reason !~ '[^[:space:]]' then
    perform permafrost.refuse('invalid_input', 'A reason must be 1 to 1,000 characters, not all of them spaces');
  end if;
end;
$function$;

comment on function permafrost.check_reason(pg_catalog.text) is
  'Refuses invalid_input unless the text can be a reason.';

revoke all on function permafrost.check_reason(text) from public, anon, authenticated, service_role;

-- function permafrost.check_recipient(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_recipient(p_public_key text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_public_key is not null and (length(p_public_key) <> 64 or not permafrost.is_hex(p_public_key)) then
    perform permafrost.refuse('invalid_input', 'recipient_public_key must be 32 bytes of lower-case hex');
  end if;
end;
$function$;

comment on function permafrost.check_recipient(pg_catalog.text) is
  'Refuses invalid_input unless null (not set yet) or 32 bytes of lower-case hex.';

revoke all on function permafrost.check_recipient(text) from public, anon, authenticated, service_role;

-- function permafrost.check_request(text,jsonb,text) ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_request(p_message_hash text, p_event_template jsonb, p_event_type text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if coalesce(p_message_hash, '') = '' then
    perform permafrost.refuse('invalid_input', 'message_hash must be given');
  end if;
  if p_event_type is not null then
    perform permafrost.check_identifier('event_type', p_event_type);
  end if;
  if p_event_template is not null then
    perform permafrost.check_event_template(p_event_template);
  end if;
end;
$function$;

comment on function permafrost.check_request(pg_catalog.text,pg_catalog.jsonb,pg_catalog.text) is
  'Refuses invalid_input for a message, template or type that no key could sign.';

revoke all on function permafrost.check_request(text,jsonb,text) from public, anon, authenticated, service_role;

-- function permafrost.check_transcript(text,text) -------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_transcript(p_subject text, p_subject_id text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_first public.frost_events;
  v_me text;
begin
  select * into v_first from public.frost_events as e
  where e.subject = p_subject and e.subject_id = p_subject_id and e.seq = 1;
  v_me := permafrost.memberships() ->> v_first.family_id;
  if v_first.event_id is null or not permafrost.is_operator() and not coalesce(
    v_me is not null and (p_subject in ('key', 'ceremony') or v_me = v_first.actor or v_first.detail -> 'participants' ? v_me
      or v_first.detail -> 'dealers' ? v_me), false)
  then
    perform permafrost.refuse('session_not_found', 'There is no such transcript, or the caller may not see it');
  end if;
  return v_first.family_id;
end;
$function$;

comment on function permafrost.check_transcript(pg_catalog.text,pg_catalog.text) is
  'The family of a subject whose transcript the caller may read: creator, participants, of a key or a ceremony the family. Refuses session_not_found.';

revoke all on function permafrost.check_transcript(text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_turn(text,text,boolean,bigint) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_turn(p_noun text, p_status text, p_open boolean, p_expires_at bigint)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_status is null then
    perform permafrost.refuse('session_not_found', format('There is no such %s', p_noun));
  end if;
  if p_status = 'expired' or p_open and p_expires_at <= permafrost.now_ms() then
    perform permafrost.refuse('session_expired', format('The %s has expired', p_noun));
  end if;
end;
$function$;

comment on function permafrost.check_turn(pg_catalog.text,pg_catalog.text,boolean,bigint) is
  'Judges a row at its caller''s turn. Refuses session_not_found (status null) and session_expired.';

revoke all on function permafrost.check_turn(text,text,boolean,bigint) from public, anon, authenticated, service_role;

-- function permafrost.chilldkg_params_hash(integer,text[]) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.chilldkg_params_hash(p_threshold integer, p_host_public_keys text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN encode(sha256((((sha256('\x42495020444b472f706172616d735f68617368'::bytea) || sha256('\x42495020444b472f706172616d735f68617368'::bytea)) || int4send(p_threshold)) || decode(array_to_string(p_host_public_keys, ''::text), 'hex'::text))), 'hex'::text);

comment on function permafrost.chilldkg_params_hash(integer,pg_catalog.text[]) is
  'The ChillDKG draft''s params_hash, 64 hex characters.';

revoke all on function permafrost.chilldkg_params_hash(integer,text[]) from public, anon, authenticated, service_role;

-- function permafrost.ciphersuite_of(uuid) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ciphersuite_of(p_key_package_id uuid)
 RETURNS permafrost.ciphersuites
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_suite permafrost.ciphersuites;
begin
  select c.* into v_suite from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
  where k.key_package_id = p_key_package_id;
  return v_suite;
end;
$function$;

comment on function permafrost.ciphersuite_of(pg_catalog.uuid) is
  'The ciphersuite of a key; a row of nulls for no key: a dry run has none.';

revoke all on function permafrost.ciphersuite_of(uuid) from public, anon, authenticated, service_role;

-- function permafrost.ciphertext_digest(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ciphertext_digest(p_ciphertext text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN ('sha256:'::text || encode(sha256(convert_to(p_ciphertext, 'UTF8'::name)), 'hex'::text));

comment on function permafrost.ciphertext_digest(pg_catalog.text) is
  'What is kept of a ciphertext that nobody needs any more, so that an exact retry is known all the same.';

revoke all on function permafrost.ciphertext_digest(text) from public, anon, authenticated, service_role;

-- function permafrost.cleanup(text,integer) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup(p_kind text, p_retention_days integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_now constant bigint := permafrost.now_ms();
begin
  if p_retention_days is null or p_retention_days < 1 then
    perform permafrost.refuse('invalid_input', 'retention_days must be at least 1');
  end if;
  perform permafrost.sweep(p_kind, v_now + 2000);
  return permafrost.in_batches(v_kind, 'created_at', format('status >= %L and created_at < $1', v_kind.cleaned_from),
    'delete from %1$s where %2$I = any ($1)', v_now + 5000, v_now - 86400000 * p_retention_days::bigint);
end;
$function$;

comment on function permafrost.cleanup(pg_catalog.text,integer) is
  'Deletes what is finished and was created more than p_retention_days ago; returns how many. Events stay. Refuses invalid_input.';

revoke all on function permafrost.cleanup(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.cleanup_old_frost_signing_sessions(integer) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup_old_frost_signing_sessions(retention_days integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_deleted integer := permafrost.cleanup('session', retention_days);
begin
  delete from public.frost_nonce_pool where nonce_commitment in (
    select p.nonce_commitment from public.frost_nonce_pool as p
    where p.expires_at < permafrost.now_ms() - 604800000 - 86400000 * retention_days::bigint
    order by p.expires_at limit 10000 for update skip locked);
  return v_deleted;
end;
$function$;

revoke all on function permafrost.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_frost_signing_sessions(integer) to service_role;

-- function permafrost.cleanup_old_key_ceremonies(integer) -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup_old_key_ceremonies(retention_days integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.cleanup('ceremony'::text, retention_days);

revoke all on function permafrost.cleanup_old_key_ceremonies(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_key_ceremonies(integer) to service_role;

-- function permafrost.cleanup_old_sss_signing_requests(integer) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup_old_sss_signing_requests(retention_days integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.cleanup('recovery'::text, retention_days);

revoke all on function permafrost.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_sss_signing_requests(integer) to service_role;

-- function permafrost.close_quorum(public.frost_signing_sessions,integer) -------------------------
CREATE OR REPLACE FUNCTION permafrost.close_quorum(p_session public.frost_signing_sessions, p_quorum integer)
 RETURNS text[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_signers text[] := permafrost.committed_in_identifier_order(p_session, p_quorum);
begin
  if cardinality(v_signers) is distinct from p_session.threshold then
    perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
  end if;
  update public.frost_signing_quorums set status = 'signing', signers = v_signers
  where session_id = p_session.session_id and quorum = p_quorum;
  perform permafrost.log_event('session', p_session.session_id, p_session.family_id, 'round_one_closed', null,
    jsonb_build_object('quorum', p_quorum, 'signers', v_signers));
  return v_signers;
end;
$function$;

comment on function permafrost.close_quorum(public.frost_signing_sessions,integer) is
  'Freezes the signers of a quorum: these sign, and nobody else, whatever comes after. Refuses invalid_transition.';

revoke all on function permafrost.close_quorum(public.frost_signing_sessions,integer) from public, anon, authenticated, service_role;

-- function permafrost.collecting_quorum(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.collecting_quorum(p_session_id text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorum integer;
begin
  select quorum into v_quorum from public.frost_signing_quorums where session_id = p_session_id and status = 'collecting';
  if not found then
    insert into public.frost_signing_quorums (session_id, quorum)
    select p_session_id, 1 + coalesce(max(quorum), 0) from public.frost_signing_quorums where session_id = p_session_id
    returning quorum into v_quorum;
  end if;
  return v_quorum;
end;
$function$;

comment on function permafrost.collecting_quorum(pg_catalog.text) is
  'The quorum that takes commitments, opened if there is none. The session is locked.';

revoke all on function permafrost.collecting_quorum(text) from public, anon, authenticated, service_role;

-- function permafrost.commitment_answer(text,integer,boolean) -------------------------------------
CREATE OR REPLACE FUNCTION permafrost.commitment_answer(p_session_id text, p_quorum integer, p_is_first boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
    select jsonb_build_object('accepted', true, 'status', s.status, 'quorum', q.quorum, 'nonce_count', (
        select count(*) from public.frost_nonce_commitments as c where c.session_id = s.session_id and c.quorum = q.quorum),
      'threshold_met', q.signers is not null)
      || case when p_is_first and q.signers is not null and s.key_package_id is not null
        then jsonb_build_object('signing_package', permafrost.signing_package(s.session_id, q.quorum)) else '{}' end
    from public.frost_signing_sessions as s join public.frost_signing_quorums as q using (session_id)
    where s.session_id = p_session_id and q.quorum = p_quorum);
end;
$function$;

comment on function permafrost.commitment_answer(pg_catalog.text,integer,boolean) is
  'What is answered of a commitment that is recorded.';

revoke all on function permafrost.commitment_answer(text,integer,boolean) from public, anon, authenticated, service_role;

-- function permafrost.commitment_points(uuid,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.commitment_points(p_key_package_id uuid, p_nonce_commitment text)
 RETURNS bytea[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_element_bytes integer := (permafrost.ciphersuite_of(p_key_package_id)).element_bytes;
  v_points bytea;
begin
  if p_key_package_id is null then -- a dry run has no curve to measure by: any text will do
    if coalesce(octet_length(p_nonce_commitment), 0) not between 1 and 1024 then
      perform permafrost.refuse('commitment_invalid', 'nonce_commitment must be 1 to 1,024 bytes of text in a dry run');
    end if;
    return array[convert_to(p_nonce_commitment, 'UTF8')];
  end if;
  if not permafrost.is_hex(p_nonce_commitment) then
    perform permafrost.refuse('invalid_input', 'nonce_commitment must be lower-case hex');
  end if;
  v_points := decode(p_nonce_commitment, 'hex');
  if octet_length(v_points) <> 2 * v_element_bytes
    or substr(v_points, 1, v_element_bytes) = substr(v_points, 1 + v_element_bytes)
  then
    perform permafrost.refuse('commitment_invalid',
      format('nonce_commitment must be two different points of %s bytes, hiding and binding', v_element_bytes));
  end if;
  return array[substr(v_points, 1, v_element_bytes), substr(v_points, 1 + v_element_bytes)];
end;
$function$;

comment on function permafrost.commitment_points(pg_catalog.uuid,pg_catalog.text) is
  'The points of a commitment under a key, hiding and binding; in a dry run its text. Refuses invalid_input and commitment_invalid.';

revoke all on function permafrost.commitment_points(uuid,text) from public, anon, authenticated, service_role;

-- function permafrost.commitments_of(text,integer) ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.commitments_of(p_session_id text, p_quorum integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select coalesce(jsonb_object_agg(c.participant_id, c.nonce_commitment), '{}')
    from public.frost_nonce_commitments as c where c.session_id = p_session_id and c.quorum = p_quorum);
end;
$function$;

comment on function permafrost.commitments_of(pg_catalog.text,integer) is
  'The nonce commitments of a quorum, {participant: hex}.';

revoke all on function permafrost.commitments_of(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.committed_in_identifier_order(public.frost_signing_sessions,integer) --------
CREATE OR REPLACE FUNCTION permafrost.committed_in_identifier_order(p_session public.frost_signing_sessions, p_quorum integer)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select array_agg(c.participant_id order by array_position(
    coalesce(
      (select k.participants from public.frost_key_packages as k where k.key_package_id = p_session.key_package_id),
      p_session.participants),
    c.participant_id))
  from public.frost_nonce_commitments as c where c.session_id = p_session.session_id and c.quorum = p_quorum);
end;
$function$;

comment on function permafrost.committed_in_identifier_order(public.frost_signing_sessions,integer) is
  'The participants that have committed in a quorum, in FROST identifier order; null for none.';

revoke all on function permafrost.committed_in_identifier_order(public.frost_signing_sessions,integer) from public, anon, authenticated, service_role;

-- function permafrost.compact_json(text[]) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.compact_json(VARIADIC p_parts text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN (('['::text || array_to_string(p_parts, ','::text, 'null'::text)) || ']'::text);

comment on function permafrost.compact_json(pg_catalog.text[]) is
  'A JSON array of parts that are JSON, as JSON.stringify writes it; null is null.';

revoke all on function permafrost.compact_json(text[]) from public, anon, authenticated, service_role;

-- function permafrost.complete_if_confirmed(public.frost_key_ceremonies) --------------------------
CREATE OR REPLACE FUNCTION permafrost.complete_if_confirmed(p_ceremony public.frost_key_ceremonies)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_ceremony.status = 'confirming' and permafrost.missing_senders(p_ceremony, 3) = '{}' and permafrost.approvals_missing(p_ceremony) = 0 then
    update public.frost_key_ceremonies set status = 'completed' where ceremony_id = p_ceremony.ceremony_id;
  end if;
end;
$function$;

comment on function permafrost.complete_if_confirmed(public.frost_key_ceremonies) is
  'Completes a ceremony, which the caller has locked, once all have confirmed and enough have approved.';

revoke all on function permafrost.complete_if_confirmed(public.frost_key_ceremonies) from public, anon, authenticated, service_role;

-- function permafrost.complete_recovery_request(text,text,text) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.complete_recovery_request(p_request_id text, p_participant_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.lock_request(p_request_id);
begin
  if v_request.created_by is distinct from p_participant_id then
    perform permafrost.refuse('not_the_creator', 'Only its requester may complete a request');
  end if;
  if v_request.status in ('pending', 'partial') then
    perform permafrost.refuse('round_open', 'Too few shares are there to make a signature of');
  end if;
  if v_request.status <> 'completed' or v_request.final_signature is distinct from p_final_signature then
    update public.sss_signing_requests set status = 'completed', final_signature = p_final_signature
    where request_id = p_request_id
    returning * into v_request;
  end if;
  return jsonb_build_object('status', v_request.status, 'final_signature', v_request.final_signature,
    'completed_at', v_request.completed_at);
end;
$function$;

revoke all on function permafrost.complete_recovery_request(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.complete_recovery_request(text,text,text) to service_role;

-- function permafrost.complete_signing_session(text,text) -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.complete_signing_session(p_session_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(p_session_id);
begin
  if v_session.status <> 'completed' or v_session.final_signature is distinct from p_final_signature then
    update public.frost_signing_sessions set status = 'completed', final_signature = p_final_signature
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('status', v_session.status, 'final_signature', v_session.final_signature,
    'completed_at', v_session.completed_at);
end;
$function$;

revoke all on function permafrost.complete_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.complete_signing_session(text,text) to service_role;

-- function permafrost.count_usage(text,text,text,bigint,bigint) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.count_usage(p_limit_name text, p_family_id text, p_participant_id text, p_window_start bigint, p_amount bigint DEFAULT 1)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_used bigint;
begin
  insert into permafrost.usage as u (family_id, participant_id, limit_name, window_start, used)
  values (p_family_id, p_participant_id, p_limit_name, p_window_start, p_amount)
  on conflict (family_id, participant_id, limit_name, window_start) do update set used = u.used + excluded.used
  returning u.used into v_used;
  return v_used;
end;
$function$;

comment on function permafrost.count_usage(pg_catalog.text,pg_catalog.text,pg_catalog.text,bigint,bigint) is
  'Adds to what is used in a window, and returns the sum.';

revoke all on function permafrost.count_usage(text,text,text,bigint,bigint) from public, anon, authenticated, service_role;

-- function permafrost.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) ------
CREATE OR REPLACE FUNCTION permafrost.create_key_ceremony(p_family_id text, p_kind text, p_threshold integer, p_participants text[], p_protocol text, p_ciphersuite text, p_dealers text[], p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := case when not permafrost.is_operator() then permafrost.check_member_of(p_family_id) end;
  v_now bigint := permafrost.now_ms();
  v_ceremony public.frost_key_ceremonies;
begin
  -- The family's turn before the counts of its members, as where a host key is registered: two in another order would
  -- wait for each other.
  perform permafrost.check_identifier('family_id', p_family_id), permafrost.lock_family_key(p_family_id);
  insert into public.frost_key_ceremonies (family_id, kind, protocol, ciphersuite, threshold, participants, dealers,
    created_by, created_at, expires_at)
  values (p_family_id, p_kind, p_protocol, p_ciphersuite, p_threshold, p_participants, p_dealers,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds))
  returning * into v_ceremony;
  return permafrost.ceremony_answer(v_ceremony);
end;
$function$;

revoke all on function permafrost.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) to authenticated, service_role;

-- function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) 
CREATE OR REPLACE FUNCTION permafrost.create_recovery_request(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb, p_event_type text, p_use_case text, p_recipient_public_key text, p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_now bigint := permafrost.now_ms();
  v_request public.sss_signing_requests;
begin
  insert into public.sss_signing_requests (family_id, message_hash, participants, threshold,
    event_template, event_type, use_case, recipient_public_key, created_by, created_at, expires_at,
    key_package_id)
  values (p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds), null)
  returning * into v_request;
  return permafrost.request_answer(v_request);
end;
$function$;

revoke all on function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) to authenticated;

-- function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) ---------
CREATE OR REPLACE FUNCTION permafrost.create_signing_session(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb, p_event_type text, p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_now bigint := permafrost.now_ms();
  v_session public.frost_signing_sessions;
begin
  insert into public.frost_signing_sessions (family_id, message_hash, event_template, event_type,
    participants, threshold, created_by, created_at, expires_at)
  values (p_family_id, p_message_hash, p_event_template, p_event_type, p_participants, p_threshold,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds))
  returning * into v_session;
  return permafrost.session_answer(v_session, v_session.incarnation); -- it was made just now
end;
$function$;

revoke all on function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) to authenticated;

-- function permafrost.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) 
CREATE OR REPLACE FUNCTION permafrost.create_signing_sessions(p_family_id text, p_messages jsonb, p_participants text[], p_threshold integer, p_mode public.signing_mode, p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_now bigint := permafrost.now_ms();
  v_messages constant jsonb := case jsonb_typeof(p_messages) when 'object' then jsonb_build_array(p_messages) else p_messages end;
  v_batch_id text;
  v_package public.frost_key_packages;
  v_mode public.signing_mode := coalesce(p_mode, 'two_round');
  v_plan jsonb;
  v_signers text[];
  v_sessions text[];
begin
  if coalesce(case jsonb_typeof(v_messages) when 'array' then jsonb_array_length(v_messages) end, 0) not between 1 and 256
    or exists (select from jsonb_array_elements(v_messages) as m where jsonb_typeof(m) <> 'object')
  then
    perform permafrost.refuse('invalid_input', 'messages must be an object, or an array of 1 to 256 objects');
  end if;
  if v_mode = 'one_tap' then
    perform permafrost.check_participants(p_participants), permafrost.check_isolation(), permafrost.lock_family_key(p_family_id);
    v_package := permafrost.current_key_package(p_family_id);
    if v_package.key_package_id is not null and p_participants <@ v_package.participants
      and p_threshold between v_package.threshold and cardinality(p_participants)
    then
      v_plan := permafrost.one_tap_plan(v_package, p_participants, p_threshold, jsonb_array_length(v_messages));
      v_signers := (select array_agg(s order by n) from jsonb_array_elements_text(nullif(v_plan -> 'signers', 'null')) with ordinality as u (s, n));
      if v_signers is not null and not permafrost.may_bind(p_family_id, v_me, v_signers,
        jsonb_array_length(v_messages) * permafrost.binomial(cardinality(v_signers) - 1, p_threshold - 1))
      then
        v_signers := null;
      end if;
    end if;
    if v_signers is null then
      v_mode := 'robust';
    end if;
  end if;

  with made as (
    insert into public.frost_signing_sessions (session_id, family_id, message_hash, event_template, event_type, mode,
      participants, threshold, created_by, created_at, expires_at)
    select gen_random_uuid()::text, p_family_id, m ->> 'message_hash', nullif(m -> 'event_template', 'null'), m ->> 'event_type', v_mode,
      p_participants, p_threshold, v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds)
    from jsonb_array_elements(v_messages) with ordinality as u (m, n) order by n
    returning session_id)
  select array_agg(session_id) into v_sessions from made;
  if jsonb_typeof(p_messages) = 'array' then
    v_batch_id := gen_random_uuid()::text;
    insert into public.frost_signing_batches (batch_id, position, session_id)
    select v_batch_id, n, s from unnest(v_sessions) with ordinality as u (s, n);
  end if;
  if v_signers is not null then
    perform permafrost.bind_pool(v_package, v_sessions, v_signers, p_threshold);
  end if;
  return jsonb_build_object(
    'mode', v_mode,
    'batch_id', v_batch_id,
    'short', v_plan -> 'short',
    'quorums', permafrost.quorums_of(v_sessions[1]),
    'sessions', (select jsonb_agg(jsonb_build_object('session_id', s.session_id, 'status', s.status, 'expires_at', s.expires_at,
        'warning', permafrost.key_warning(s.key_package_id)) order by n)
      from unnest(v_sessions) with ordinality as u (id, n) join public.frost_signing_sessions as s on s.session_id = u.id));
end;
$function$;

revoke all on function permafrost.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) to authenticated;

-- function permafrost.current_key_package(text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.current_key_package(p_family_id text)
 RETURNS public.frost_key_packages
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages;
begin
  select * into v_package from public.frost_key_packages as k where k.family_id = p_family_id and k.retired_at is null;
  return v_package;
end;
$function$;

comment on function permafrost.current_key_package(pg_catalog.text) is
  'The family''s current key, or a row of nulls.';

revoke all on function permafrost.current_key_package(text) from public, anon, authenticated, service_role;

-- function permafrost.declare_restored(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.declare_restored(p_reason text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now permafrost.incarnations := permafrost.incarnation_now();
begin
  perform permafrost.check_reason(p_reason);
  if v_now.first_seen_at is not null then
    v_now.incarnation := v_now.incarnation + 1;
  end if;
  v_now.live_from := v_now.incarnation;
  v_now.reason := 'declared: ' || p_reason;
  v_now.first_seen_at := permafrost.now_ms();
  insert into permafrost.incarnations select v_now.*;
  return v_now.incarnation;
end;
$function$;

comment on function permafrost.declare_restored(pg_catalog.text) is
  'For operators, after a restore that the database cannot tell by itself (a disk snapshot, a data-only restore): fails whatever is open. Returns the new incarnation. Refuses invalid_input.';

revoke all on function permafrost.declare_restored(text) from public, anon, authenticated, service_role;

-- function permafrost.decline_signing_request(text,text) ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.decline_signing_request(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds;
  v_row jsonb;
  v_me text;
  v_decline permafrost.declines;
begin
  perform permafrost.check_reason(p_reason);
  v_kind := permafrost.visible_subject(p_session_id);
  v_row := permafrost.lock_subject(v_kind, p_session_id);
  v_me := permafrost.memberships() ->> (v_row ->> 'family_id');
  if not coalesce(v_row -> 'participants' ? v_me or v_row -> 'dealers' ? v_me, false) then
    perform permafrost.refuse('not_a_participant', format('The caller does not take part in this %s', v_kind.noun));
  end if;
  select * into v_decline from permafrost.declines
  where subject_id = p_session_id and kind = v_kind.kind and participant_id = v_me;
  if v_decline.reason is distinct from p_reason then -- else it is an exact retry
    if v_row ->> 'status' in ('completed', 'failed') then
      perform permafrost.refuse_finished(v_kind.noun, v_row ->> 'status', v_row ->> 'error_message');
    end if;
    if v_decline.reason is not null then
      perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
    end if;
    insert into permafrost.declines (kind, subject_id, participant_id, reason)
    values (v_kind.kind, p_session_id, v_me, p_reason);
  end if;
  execute format('select to_jsonb(status) from %s where %I = $1', v_kind.relation, v_kind.id_column) into v_row using p_session_id;
  return jsonb_build_object('method', v_kind.method, 'status', v_row);
end;
$function$;

revoke all on function permafrost.decline_signing_request(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.decline_signing_request(text,text) to authenticated;

-- function permafrost.declined(text,text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.declined(p_kind text, p_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select coalesce(jsonb_object_agg(d.participant_id, d.reason), '{}') from permafrost.declines as d
    where d.subject_id = p_id and d.kind = p_kind);
end;
$function$;

comment on function permafrost.declined(pg_catalog.text,pg_catalog.text) is
  'Who has declined, and why: {participant: reason}.';

revoke all on function permafrost.declined(text,text) from public, anon, authenticated, service_role;

-- function permafrost.digest_of(jsonb) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.digest_of(p_package jsonb)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return permafrost.key_package_digest((p_package ->> 'epoch')::integer, p_package ->> 'ciphersuite', (p_package ->> 'threshold')::integer,
    array(select jsonb_array_elements_text(p_package -> 'participants')), p_package ->> 'group_public_key',
    array(select jsonb_array_elements_text(p_package -> 'verifying_shares')));
end;
$function$;

comment on function permafrost.digest_of(pg_catalog.jsonb) is
  'The digest of a key package that is given as JSON; key_package_digest says of what.';

revoke all on function permafrost.digest_of(jsonb) from public, anon, authenticated, service_role;

-- function permafrost.each_item(jsonb,text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.each_item(p_items jsonb, p_statement text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_item record;
  v_answer jsonb;
  v_results jsonb := '{}';
  v_state text;
  v_code text;
  v_reason text;
begin
  if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and 256 then
    perform permafrost.refuse('invalid_input', 'items must be an array of 1 to 256 objects');
  end if;
  perform permafrost.check_isolation();
  perform from public.frost_signing_sessions as s
  where s.session_id in (select i ->> 'session_id' from jsonb_array_elements(p_items) as i) and s.status < 'completed'
  order by s.session_id for update;
  for v_item in select i, n from jsonb_array_elements(p_items) with ordinality as u (i, n) order by i ->> 'session_id', n loop
    begin
      execute p_statement into v_answer using v_item.i;
    exception when deadlock_detected or sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409'
      or sqlstate 'PT410' or sqlstate 'PT422' then
      get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
      if v_state = '40P01' then -- only a point that another call is inserting makes two such calls wait for each other
        v_code := 'nonce_reused';
        v_reason := 'A nonce point of this commitment was accepted before';
      end if;
      v_answer := jsonb_build_object('accepted', false, 'code', v_code, 'error', v_reason);
    end;
    v_results := v_results || jsonb_build_object(v_item.n::text, v_answer);
  end loop;
  -- Each answer has its own status.
  perform set_config('response.status', '200', true);
  return (select jsonb_agg(v_results -> n::text order by n) from generate_series(1, jsonb_array_length(p_items)) as n);
end;
$function$;

comment on function permafrost.each_item(pg_catalog.jsonb,pg_catalog.text) is
  'Runs a statement on each of 1 to 256 items ($1), in the order of their session_id, and returns the answers in the order given.';

revoke all on function permafrost.each_item(jsonb,text) from public, anon, authenticated, service_role;

-- function permafrost.ended_by(integer,integer,uuid,bigint) ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ended_by(p_incarnation integer, p_live_from integer, p_key_package_id uuid, p_expires_at bigint)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case when p_incarnation < p_live_from then 'restored'
    when exists (select from public.frost_key_packages as k
      where k.key_package_id = p_key_package_id and k.retired_at < p_expires_at) then 'key_retired' end;
end;
$function$;

comment on function permafrost.ended_by(integer,integer,pg_catalog.uuid,bigint) is
  'The error_message of what is open and has failed: restored (it is of another incarnation), key_retired; else null.';

revoke all on function permafrost.ended_by(integer,integer,uuid,bigint) from public, anon, authenticated, service_role;

-- function permafrost.ended_session(text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ended_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  update public.frost_signing_sessions as s set status = 'failed', error_message = e.ended_by
  from public.frost_signing_sessions as o
    cross join permafrost.ended_by(o.incarnation, permafrost.live_from(), o.key_package_id, o.expires_at) as e (ended_by)
  where s.session_id = p_session_id and s.status < 'completed' and o.session_id = s.session_id and e.ended_by is not null
  returning s.* into v_session;
  return v_session;
end;
$function$;

comment on function permafrost.ended_session(pg_catalog.text) is
  'Fails a session that was open before a restore, or whose key is retired, and returns it; else a row of nulls.';

revoke all on function permafrost.ended_session(text) from public, anon, authenticated, service_role;

-- function permafrost.enter_incarnation() ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.enter_incarnation()
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now permafrost.incarnations := permafrost.incarnation_now();
begin
  if v_now.first_seen_at is null then
    v_now.first_seen_at := permafrost.now_ms();
    -- Two that are first at once write the same.
    insert into permafrost.incarnations select v_now.* on conflict (incarnation) do nothing;
  end if;
  return v_now.incarnation;
end;
$function$;

comment on function permafrost.enter_incarnation() is
  'The incarnation of what is made now; written down if it is new.';

revoke all on function permafrost.enter_incarnation() from public, anon, authenticated, service_role;

-- function permafrost.event_digest(bytea,text[]) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.event_digest(p_before bytea, VARIADIC p_fields text[])
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_hashed bytea := p_before;
  v_field text;
begin
  foreach v_field in array p_fields loop
    v_hashed := v_hashed || coalesce(int4send(octet_length(v_field)) || convert_to(v_field, 'UTF8'), '\xffffffff');
  end loop;
  return sha256(v_hashed);
end;
$function$;

comment on function permafrost.event_digest(pg_catalog.bytea,pg_catalog.text[]) is
  'The digest of an event, from the digest before it and its fields.';

revoke all on function permafrost.event_digest(bytea,text[]) from public, anon, authenticated, service_role;

-- function permafrost.expire_old_frost_signing_sessions() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expire_old_frost_signing_sessions()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now constant bigint := permafrost.now_ms();
begin
  -- A member that keeps its transaction open does not hold up the sweep of everybody.
  delete from permafrost.usage where (family_id, participant_id, limit_name, window_start) in (
    select u.family_id, u.participant_id, u.limit_name, u.window_start from permafrost.usage as u
    where u.window_start between 1 and v_now - 120000 for update skip locked);
  return permafrost.sweep('session', v_now + 5000);
end;
$function$;

revoke all on function permafrost.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_frost_signing_sessions() to service_role;

-- function permafrost.sweep(text,bigint) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.sweep(p_kind text, p_until bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_live_from integer := permafrost.live_from();
  v_total integer := 0;
begin
  if v_live_from > 1 then
    v_total := permafrost.in_batches(v_kind, 'expires_at', 'status < ''completed'' and incarnation < $1',
      'update %1$s set status = ''failed'', error_message = ''restored'' where %2$I = any ($1)', p_until, v_live_from);
  end if;
  -- What ended with its key did so before it expired.
  v_total := v_total + permafrost.in_batches(v_kind, 'expires_at', format('status < ''completed'' and not (%s)',
      permafrost.is_live(v_kind.key_column, '$1')),
    'update %1$s set status = ''failed'', error_message = ''key_retired'' where %2$I = any ($1)', p_until, v_live_from);
  return v_total + permafrost.in_batches(v_kind, 'expires_at', 'status < ''completed'' and expires_at <= $1',
    'update %1$s set status = ''expired'' where %2$I = any ($1)', p_until, permafrost.now_ms());
end;
$function$;

comment on function permafrost.sweep(pg_catalog.text,bigint) is
  'Marks what is open and past its time as expired, and what is of before a restore or of a retired key as failed; returns how many.';

revoke all on function permafrost.sweep(text,bigint) from public, anon, authenticated, service_role;

-- function permafrost.expire_old_key_ceremonies() -------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expire_old_key_ceremonies()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.sweep('ceremony'::text, (permafrost.now_ms() + 5000));

revoke all on function permafrost.expire_old_key_ceremonies() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_key_ceremonies() to service_role;

-- function permafrost.expire_old_sss_signing_requests() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expire_old_sss_signing_requests()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.sweep('recovery'::text, (permafrost.now_ms() + 5000));

revoke all on function permafrost.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_sss_signing_requests() to service_role;

-- function permafrost.expires_at(bigint,integer) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expires_at(p_now bigint, p_expiration_seconds integer)
 RETURNS bigint
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'expiration_seconds must be from 1 to 604,800');
  end if;
  return p_now + 1000 * p_expiration_seconds::bigint;
end;
$function$;

comment on function permafrost.expires_at(bigint,integer) is
  'When a request ends, milliseconds since the epoch. Refuses invalid_input.';

revoke all on function permafrost.expires_at(bigint,integer) from public, anon, authenticated, service_role;

-- function permafrost.fail_declined(permafrost.declines) ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_declined(p_decline permafrost.declines)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.fail_subject(k, p_decline.subject_id,
    format('Too few are left: %s declined (%s)', p_decline.participant_id, p_decline.reason))
  from permafrost.kinds as k where k.kind = p_decline.kind;
end;
$function$;

comment on function permafrost.fail_declined(permafrost.declines) is
  'Fails what a participant declined, whom nobody can replace.';

revoke all on function permafrost.fail_declined(permafrost.declines) from public, anon, authenticated, service_role;

-- function permafrost.fail_if_stuck(public.frost_signing_sessions,text) ---------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_if_stuck(p_session public.frost_signing_sessions, p_reason text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_session.mode = 'two_round' or p_session.status >= 'completed' or exists (
    select from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and q.status = 'signing' and not exists (
      select from unnest(q.signers) as signer
      where (signer = any (q.refused) or permafrost.declined('session', p_session.session_id) ? signer)
        and not exists (select from public.frost_signature_shares as s
          where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = signer)))
  then
    return;
  end if;
  if p_session.threshold > (select count(*) from unnest(p_session.participants) as p
    where not permafrost.declined('session', p_session.session_id) ? p and not exists (
      select from public.frost_signing_quorums as q where q.session_id = p_session.session_id and p = any (q.refused)))
  then
    perform permafrost.fail_subject(k, p_session.session_id, p_reason) from permafrost.kinds as k where k.kind = 'session';
  end if;
end;
$function$;

comment on function permafrost.fail_if_stuck(public.frost_signing_sessions,pg_catalog.text) is
  'Fails a robust session, which the caller has locked, that nobody can finish any more.';

revoke all on function permafrost.fail_if_stuck(public.frost_signing_sessions,text) from public, anon, authenticated, service_role;

-- function permafrost.fail_key_ceremony(text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_key_ceremony(p_ceremony_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.visible_ceremony(p_ceremony_id);
begin
  -- A family has one open ceremony: who blocks it with one of its own is overruled by an operator.
  perform permafrost.fail_own('ceremony', p_ceremony_id, v_ceremony.family_id,
    case when not permafrost.is_operator() then v_ceremony.created_by end, p_reason);
  return permafrost.get_key_ceremony(p_ceremony_id);
end;
$function$;

revoke all on function permafrost.fail_key_ceremony(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_key_ceremony(text,text) to authenticated, service_role;

-- function permafrost.fail_own(text,text,text,text,text) ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_own(p_kind text, p_id text, p_family_id text, p_created_by text, p_reason text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_row jsonb;
begin
  if p_created_by is distinct from permafrost.memberships() ->> p_family_id then
    perform permafrost.refuse('not_the_creator', format('Only its creator may fail a %s', v_kind.noun));
  end if;
  perform permafrost.check_reason(p_reason);
  v_row := permafrost.lock_subject(v_kind, p_id);
  -- An exact retry is no second failure.
  if v_row ->> 'status' <> 'failed' or v_row ->> 'error_message' <> p_reason then
    perform permafrost.fail_subject(v_kind, p_id, p_reason);
  end if;
end;
$function$;

comment on function permafrost.fail_own(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Fails what the caller created. Refuses not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function permafrost.fail_own(text,text,text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.fail_recovery_request(text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_recovery_request(p_request_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  perform permafrost.fail_own('recovery', p_request_id, v_request.family_id, v_request.created_by, p_reason);
  return permafrost.get_recovery_request(p_request_id);
end;
$function$;

revoke all on function permafrost.fail_recovery_request(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_recovery_request(text,text) to authenticated;

-- function permafrost.fail_signing_session(text,text) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_signing_session(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
begin
  perform permafrost.fail_own('session', p_session_id, v_session.family_id, v_session.created_by, p_reason);
  return permafrost.get_signing_session(p_session_id);
end;
$function$;

revoke all on function permafrost.fail_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_signing_session(text,text) to authenticated;

-- function permafrost.fail_subject(permafrost.kinds,text,text) ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_subject(p_kind permafrost.kinds, p_id text, p_reason text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  execute format('update %s set status = ''failed'', error_message = $2 where %I = $1', p_kind.relation, p_kind.id_column)
  using p_id, left(p_reason, 1000);
end;
$function$;

comment on function permafrost.fail_subject(permafrost.kinds,pg_catalog.text,pg_catalog.text) is
  'Fails a row, which the caller has locked.';

revoke all on function permafrost.fail_subject(permafrost.kinds,text,text) from public, anon, authenticated, service_role;

-- function permafrost.full_quorum(text,integer) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.full_quorum(p_session_id text, p_threshold integer)
 RETURNS public.frost_signing_quorums
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorum public.frost_signing_quorums;
begin
  select q.* into v_quorum from public.frost_signing_quorums as q
  where q.session_id = p_session_id and q.status in ('signing', 'completed') and p_threshold = (
    select count(*) from public.frost_signature_shares as s where s.session_id = q.session_id and s.quorum = q.quorum)
  limit 1;
  return v_quorum;
end;
$function$;

comment on function permafrost.full_quorum(pg_catalog.text,integer) is
  'The one quorum that has all its shares, or a row of nulls.';

revoke all on function permafrost.full_quorum(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.visible_ceremony(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_ceremony(p_ceremony_id text)
 RETURNS public.frost_key_ceremonies
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies;
begin
  select * into v_ceremony from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  if not found or not permafrost.is_operator() and not permafrost.families() @> array[v_ceremony.family_id] then
    perform permafrost.refuse('session_not_found', 'There is no such ceremony, or the caller may not see it');
  end if;
  return v_ceremony;
end;
$function$;

comment on function permafrost.visible_ceremony(pg_catalog.text) is
  'A ceremony of a family of the caller''s: the guardians of its current key are asked whether the new one may take its place. Operators see all. Refuses session_not_found.';

revoke all on function permafrost.visible_ceremony(text) from public, anon, authenticated, service_role;

-- function permafrost.get_key_ceremony(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_key_ceremony(p_ceremony_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.ceremony_answer(permafrost.visible_ceremony(p_ceremony_id));

revoke all on function permafrost.get_key_ceremony(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_key_ceremony(text) to authenticated, service_role;

-- function permafrost.get_key_status(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_key_status(p_family_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now constant bigint := permafrost.now_ms();
  v_live_from constant integer := permafrost.live_from();
  v_package public.frost_key_packages;
  v_pool jsonb;
begin
  if not permafrost.is_operator() then
    perform permafrost.check_member_of(p_family_id);
  end if;
  v_package := permafrost.current_key_package(p_family_id);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  v_pool := permafrost.pool_left(v_package);
  return jsonb_build_object(
    'key_package', to_jsonb(v_package),
    'key_package_digest', permafrost.digest_of(to_jsonb(v_package)),
    'guardians', (select jsonb_agg(jsonb_build_object('participant_id', p, 'host_public_key', h.host_public_key,
        'last_proved_at', g.last_proved_at, 'pooled', coalesce((v_pool ->> p)::integer, 0)) order by n)
      from unnest(v_package.participants) with ordinality as u (p, n)
      left join permafrost.guardian_proofs as g on g.key_package_id = v_package.key_package_id and g.participant_id = p
      left join public.frost_host_keys as h on h.family_id = p_family_id and h.participant_id = p and h.retired_at is null),
    'proven', not exists (select from permafrost.guardian_proofs as g
      where g.key_package_id = v_package.key_package_id and g.last_proved_at is null),
    -- What ends with this key: to be asked for again under the next one.
    'open_sessions', (select count(*) from public.frost_signing_sessions as s where s.family_id = p_family_id
      and s.key_package_id = v_package.key_package_id and s.status < 'completed' and s.expires_at > v_now and s.incarnation >= v_live_from),
    'open_recoveries', (select count(*) from public.sss_signing_requests as r where r.family_id = p_family_id
      and r.key_package_id = v_package.key_package_id and r.status < 'completed' and r.expires_at > v_now and r.incarnation >= v_live_from),
    'pooled_commitments', (select coalesce(sum(value::integer), 0) from jsonb_each_text(v_pool)));
end;
$function$;

revoke all on function permafrost.get_key_status(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_key_status(text) to authenticated, service_role;

-- function permafrost.get_nonce_pool(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_nonce_pool(p_family_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := case when not permafrost.is_operator() then permafrost.check_member_of(p_family_id) end;
  v_package public.frost_key_packages := permafrost.current_key_package(p_family_id);
  v_live_from integer := permafrost.live_from();
begin
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  return jsonb_build_object(
    'family_id', p_family_id,
    'key_package_id', v_package.key_package_id,
    'guardians', permafrost.pool_left(v_package),
    'one_tap_sessions', permafrost.one_tap_sessions(v_package),
    'own', (select coalesce(jsonb_agg(p.nonce_commitment order by p.expires_at, p.nonce_commitment), '[]')
      from public.frost_nonce_pool as p
      where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is null and p.withdrawn_at is null
        and p.expires_at > permafrost.now_ms() and p.key_package_id = v_package.key_package_id and p.incarnation >= v_live_from));
end;
$function$;

revoke all on function permafrost.get_nonce_pool(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_nonce_pool(text) to authenticated, service_role;

-- function permafrost.get_recovery_data(uuid) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_recovery_data(p_key_package_id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_key_package_id;
  v_ceremony public.frost_key_ceremonies := c from public.frost_key_ceremonies as c where c.key_package_id = p_key_package_id;
begin
  if v_package.key_package_id is null or not permafrost.is_operator()
    and not coalesce(permafrost.memberships() ->> v_package.family_id = any (v_package.participants), false)
  then
    perform permafrost.refuse('session_not_found', 'There is no such key package, or the caller holds no share of it');
  end if;
  if v_ceremony.ceremony_id is null then
    perform permafrost.refuse('no_key_package', 'This key was not made in a ceremony: there is nothing to recover a share from');
  end if;
  return jsonb_build_object(
    'protocol', v_ceremony.protocol,
    'params', permafrost.ceremony_params(v_ceremony),
    'recovery_data', v_ceremony.recovery_data,
    'messages', (select jsonb_object_agg(r.round, r.payloads) from (
      select m.round, jsonb_object_agg(m.participant_id, m.payload) as payloads from public.frost_ceremony_messages as m
      where m.ceremony_id = v_ceremony.ceremony_id and (v_ceremony.protocol <> 'chilldkg' or m.round = 3) group by m.round) as r),
    'key_package', to_jsonb(v_package),
    'from_key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = v_ceremony.from_key_package_id));
end;
$function$;

revoke all on function permafrost.get_recovery_data(uuid) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_recovery_data(uuid) to authenticated, service_role;

-- function permafrost.request_answer(public.sss_signing_requests) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.request_answer(p_request public.sss_signing_requests)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_summary jsonb := permafrost.request_summary(p_request, permafrost.now_ms(), permafrost.live_from());
begin
  return v_summary || jsonb_build_object(
    'event_template', p_request.event_template,
    'key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = p_request.key_package_id),
    -- For the requester's device alone, and only while there is something to be done with them.
    'encrypted_shares', case when p_request.created_by = permafrost.memberships() ->> p_request.family_id
        and v_summary ->> 'status' in ('partial', 'ready')
      then (select coalesce(jsonb_object_agg(s.guardian_id, s.ciphertext), '{}') from public.sss_encrypted_shares as s
        where s.request_id = p_request.request_id and s.status = 'submitted')
      else '{}' end);
end;
$function$;

comment on function permafrost.request_answer(public.sss_signing_requests) is
  'A recovery request as clients see it, whole; ciphertexts for its requester only.';

revoke all on function permafrost.request_answer(public.sss_signing_requests) from public, anon, authenticated, service_role;

-- function permafrost.visible_request(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests;
begin
  select * into v_request from public.sss_signing_requests as r where r.request_id = p_request_id;
  if not found or not permafrost.may_see(v_request.family_id, v_request.created_by, v_request.participants) then
    perform permafrost.refuse('session_not_found', 'There is no such request, or the caller may not see it');
  end if;
  return v_request;
end;
$function$;

comment on function permafrost.visible_request(pg_catalog.text) is
  'A recovery request that the caller made or is a guardian of; operators see all. Refuses session_not_found.';

revoke all on function permafrost.visible_request(text) from public, anon, authenticated, service_role;

-- function permafrost.get_recovery_request(text) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_recovery_request(p_request_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.request_answer(permafrost.visible_request(p_request_id));

revoke all on function permafrost.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_recovery_request(text) to authenticated, service_role;

-- function permafrost.get_share_checks(jsonb,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_share_checks(p_items jsonb, p_participant_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_item jsonb;
  v_session public.frost_signing_sessions;
  v_check jsonb;
  v_code text;
  v_reason text;
  v_checks jsonb[] := '{}';
  v_packages uuid[] := '{}';
begin
  if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and 256 then
    perform permafrost.refuse('invalid_input', 'items must be an array of 1 to 256 objects');
  end if;
  for v_item in select i from jsonb_array_elements(p_items) with ordinality as u (i, n) order by n loop
    begin
      v_session := permafrost.visible_session(v_item ->> 'session_id');
      perform permafrost.check_claimed(permafrost.memberships() ->> v_session.family_id, p_participant_id);
      -- An exact retry is for the quorum that it was recorded for, whichever comes next by now.
      v_check := permafrost.get_share_verification(v_session.session_id, coalesce((v_item ->> 'quorum')::integer, (
        select s.quorum from public.frost_signature_shares as s
        where s.session_id = v_session.session_id and s.participant_id = permafrost.memberships() ->> v_session.family_id
          and s.signature_share = v_item ->> 'signature_share' order by s.quorum limit 1)));
      if v_session.status = 'completed' and v_check ->> 'signature_share' is null then
        perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
      end if;
      if jsonb_typeof(v_check -> 'signer') is distinct from 'object' then
        v_check := v_check || jsonb_build_object('key_package_id', v_session.key_package_id, 'signing_package',
          permafrost.signing_package(v_session.session_id, (v_check ->> 'quorum')::integer) - 'key_package');
        v_packages := v_packages || v_session.key_package_id;
      end if;
    exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT410' or sqlstate 'PT422' then
      get stacked diagnostics v_code = pg_exception_hint, v_reason = message_text;
      v_check := jsonb_strip_nulls(jsonb_build_object('code', v_code, 'error', v_reason,
        'final_signature', case when v_code = 'session_finished' then v_session.final_signature end));
    end;
    v_checks := v_checks || v_check;
  end loop;
  return jsonb_build_object('checks', to_jsonb(v_checks), 'key_packages', (
    select coalesce(jsonb_object_agg(k.key_package_id, to_jsonb(k)), '{}')
    from public.frost_key_packages as k where k.key_package_id = any (v_packages)));
end;
$function$;

revoke all on function permafrost.get_share_checks(jsonb,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_share_checks(jsonb,text) to authenticated;

-- function permafrost.get_share_verification(text,integer) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_share_verification(p_session_id text, p_quorum integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
  v_me text := permafrost.memberships() ->> v_session.family_id;
  v_quorum public.frost_signing_quorums := permafrost.asked_quorum(v_session, p_quorum, v_me);
  v_verification jsonb;
begin
  if v_me is null or v_me <> all (v_quorum.signers) then
    if v_session.mode <> 'two_round' and v_session.status in ('aggregating', 'completed') and p_quorum is null then
      perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
    end if;
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  select verification into v_verification from permafrost.share_verifications
  where session_id = p_session_id and quorum = v_quorum.quorum;
  return jsonb_build_object(
    'quorum', v_quorum.quorum,
    'participant', v_me,
    'threshold', v_session.threshold,
    'signature_shares', permafrost.shares_of(p_session_id, v_quorum.quorum),
    -- What is signed, under which key, is the session's to say: the finished signature is verified by it.
    'verification', (v_verification - 'signers') || (
      select jsonb_build_object('ciphersuite', k.ciphersuite, 'group_public_key', k.group_public_key,
        'message', v_session.message_hash)
      from public.frost_key_packages as k where k.key_package_id = v_session.key_package_id),
    'signer', jsonb_path_query_first(v_verification, '$.signers[*] ? (@.participant == $me)', jsonb_build_object('me', v_me)),
    'signature_share', (select signature_share from public.frost_signature_shares
      where session_id = p_session_id and quorum = v_quorum.quorum and participant_id = v_me));
end;
$function$;

revoke all on function permafrost.get_share_verification(text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_share_verification(text,integer) to authenticated;

-- function permafrost.get_signing_package(text,integer) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_package(p_session_id text, p_quorum integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
begin
  return permafrost.signing_package(p_session_id,
    (permafrost.asked_quorum(v_session, p_quorum, permafrost.memberships() ->> v_session.family_id)).quorum);
end;
$function$;

revoke all on function permafrost.get_signing_package(text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_package(text,integer) to authenticated, service_role;

-- function permafrost.session_answer(public.frost_signing_sessions,integer) -----------------------
CREATE OR REPLACE FUNCTION permafrost.session_answer(p_session public.frost_signing_sessions, p_live_from integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorums jsonb := permafrost.quorums_of(p_session.session_id);
  v_telling jsonb := jsonb_path_query_first(v_quorums, '$[*] ? (@.quorum == $quorum)',
    jsonb_build_object('quorum', permafrost.telling_quorum(p_session)));
begin
  return permafrost.session_summary(p_session, permafrost.now_ms(), p_live_from) || jsonb_build_object(
    'event_template', p_session.event_template,
    'quorums', v_quorums,
    'nonce_commitments', coalesce(v_telling -> 'commitments', '{}'),
    'signature_shares', coalesce(v_telling -> 'shares', '{}'));
end;
$function$;

comment on function permafrost.session_answer(public.frost_signing_sessions,integer) is
  'A session as clients see it, whole.';

revoke all on function permafrost.session_answer(public.frost_signing_sessions,integer) from public, anon, authenticated, service_role;

-- function permafrost.visible_session(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions as s where s.session_id = p_session_id;
  if not found or not permafrost.may_see(v_session.family_id, v_session.created_by, v_session.participants) then
    perform permafrost.refuse('session_not_found', 'There is no such session, or the caller may not see it');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.visible_session(pg_catalog.text) is
  'A session that the caller created or takes part in; operators see all. Refuses session_not_found.';

revoke all on function permafrost.visible_session(text) from public, anon, authenticated, service_role;

-- function permafrost.get_signing_session(text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_session(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.session_answer(permafrost.visible_session(p_session_id), permafrost.live_from());

revoke all on function permafrost.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_session(text) to authenticated, service_role;

-- function permafrost.get_signing_sessions(text[],text,integer) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_sessions(p_session_ids text[], p_batch_id text, p_after integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_most constant integer := 200000; -- bytes
  v_live_from integer := permafrost.live_from();
  v_ids text[] := coalesce(p_session_ids,
    array(select b.session_id from public.frost_signing_batches as b where b.batch_id = p_batch_id order by b.position));
  v_session public.frost_signing_sessions;
  v_item jsonb;
  v_size integer := 0;
  v_sessions jsonb[] := '{}';
begin
  if cardinality(v_ids) > 256 then
    perform permafrost.refuse('invalid_input', 'session_ids must be at most 256 ids');
  end if;
  for v_position in coalesce(p_after, 0) + 1 .. cardinality(v_ids) loop
    select * into v_session from public.frost_signing_sessions as s where s.session_id = v_ids[v_position];
    continue when not found or not permafrost.may_see(v_session.family_id, v_session.created_by, v_session.participants);
    v_item := permafrost.session_answer(v_session, v_live_from);
    v_size := v_size + octet_length(v_item::text);
    if v_sessions <> '{}' and v_size > v_most then
      return jsonb_build_object('sessions', to_jsonb(v_sessions), 'next', v_position - 1);
    end if;
    v_sessions := v_sessions || v_item;
  end loop;
  return jsonb_build_object('sessions', to_jsonb(v_sessions), 'next', null);
end;
$function$;

revoke all on function permafrost.get_signing_sessions(text[],text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_sessions(text[],text,integer) to authenticated;

-- function permafrost.get_signing_work(text,text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_work(p_session_id text, p_batch_id text, p_after text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_most constant integer := 200000; -- bytes, so that a page with its key packages is under 256 KiB
  v_memberships jsonb := permafrost.memberships();
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_session public.frost_signing_sessions;
  v_item jsonb;
  v_size integer := 0;
  v_work jsonb := '[]';
  v_packages uuid[] := '{}';
  v_next text;
begin
  for v_session in
    select s.* from public.frost_signing_sessions as s
    where s.status = 'signing' and s.expires_at > v_now and s.incarnation >= v_live_from
      and not exists (select from public.frost_key_packages as k where k.key_package_id = s.key_package_id and k.retired_at < s.expires_at)
      and s.participants && array(select value from jsonb_each_text(v_memberships))
      and v_memberships ->> s.family_id = any (s.participants)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_batch_id is null or exists (select from public.frost_signing_batches as b
        where b.batch_id = p_batch_id and b.session_id = s.session_id))
      and (p_after is null or s.session_id > p_after)
      and s.key_package_id is not null
      and exists (select from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
        where c.session_id = s.session_id and c.participant_id = v_memberships ->> s.family_id and not c.nonce_used and q.status = 'signing')
    order by s.session_id
  loop
    v_item := jsonb_build_object(
      'session_id', v_session.session_id, 'family_id', v_session.family_id, 'message', v_session.message_hash,
      'event_template', v_session.event_template, 'participants', v_session.participants, 'threshold', v_session.threshold,
      'expires_at', v_session.expires_at, 'key_package_id', v_session.key_package_id,
      'transcript_head', permafrost.transcript_head('session', v_session.session_id),
      'quorums', (select jsonb_agg(jsonb_build_object('quorum', q.quorum, 'signers', q.signers,
          'commitments', permafrost.commitments_of(q.session_id, q.quorum)) order by q.quorum)
        from public.frost_signing_quorums as q join public.frost_nonce_commitments as c using (session_id, quorum)
        where q.session_id = v_session.session_id and q.status = 'signing' and not c.nonce_used
          and c.participant_id = v_memberships ->> v_session.family_id));
    v_size := v_size + octet_length(v_item::text);
    if v_work <> '[]' and v_size > v_most then
      v_next := v_work -> -1 ->> 'session_id';
      exit;
    end if;
    v_work := v_work || v_item;
    v_packages := v_packages || v_session.key_package_id;
  end loop;
  return jsonb_build_object(
    'work', v_work,
    'key_packages', (select coalesce(jsonb_object_agg(k.key_package_id, to_jsonb(k)), '{}')
      from public.frost_key_packages as k where k.key_package_id = any (v_packages)),
    'next', v_next);
end;
$function$;

revoke all on function permafrost.get_signing_work(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_work(text,text,text) to authenticated;

-- function permafrost.get_transcript(text,text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_transcript(p_subject text, p_subject_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_family text := permafrost.check_transcript(p_subject, p_subject_id);
  v_events jsonb;
  v_key_package_id text;
begin
  select jsonb_agg(jsonb_build_object('seq', e.seq, 'subject', e.subject, 'subject_id', e.subject_id, 'family_id', e.family_id,
      'event', e.event, 'actor', e.actor, 'detail', e.detail::text, 'occurred_at', e.occurred_at,
      'digest', encode(e.digest, 'hex')) order by e.seq),
    (array_agg(e.detail ->> 'key_package_id' order by e.seq) filter (where e.detail ->> 'key_package_id' is not null))[1]
  into v_events, v_key_package_id
  from public.frost_events as e where e.subject = p_subject and e.subject_id = p_subject_id;
  return jsonb_build_object(
    'subject', p_subject,
    'subject_id', p_subject_id,
    'family_id', v_family,
    'transcript_head', v_events -> -1 ->> 'digest',
    'key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = v_key_package_id::uuid),
    'events', v_events);
end;
$function$;

revoke all on function permafrost.get_transcript(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_transcript(text,text) to authenticated, service_role;

-- function permafrost.http_status_of(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.http_status_of(p_code text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN CASE WHEN (p_code = 'invalid_input'::text) THEN 400 WHEN (p_code = ANY (ARRAY['not_in_family'::text, 'not_a_participant'::text, 'not_a_signer'::text, 'not_the_creator'::text])) THEN 403 WHEN (p_code = 'session_not_found'::text) THEN 404 WHEN (p_code = ANY (ARRAY['nonce_reused'::text, 'commitment_already_submitted'::text, 'share_already_submitted'::text, 'round_closed'::text, 'round_open'::text, 'invalid_transition'::text, 'session_finished'::text, 'share_owed'::text, 'key_retired'::text])) THEN 409 WHEN (p_code = 'session_expired'::text) THEN 410 WHEN (p_code = ANY (ARRAY['no_key_package'::text, 'message_hash_invalid'::text, 'participants_invalid'::text, 'threshold_invalid'::text, 'commitment_invalid'::text, 'share_invalid'::text, 'key_package_invalid'::text, 'event_mismatch'::text, 'host_key_invalid'::text, 'ceremony_message_invalid'::text])) THEN 422 WHEN (p_code = 'rate_limited'::text) THEN 429 ELSE NULL::integer END;

comment on function permafrost.http_status_of(pg_catalog.text) is
  'The HTTP status of an error code; null for an unknown one.';

revoke all on function permafrost.http_status_of(text) from public, anon, authenticated, service_role;

-- function permafrost.in_batches(permafrost.kinds,text,text,text,bigint,bigint) -------------------
CREATE OR REPLACE FUNCTION permafrost.in_batches(p_kind permafrost.kinds, p_order text, p_condition text, p_change text, p_until bigint, p_bound bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_batch constant integer := 1000;
  v_time bigint := 0;
  v_id text := '';
  v_ids text[];
  v_total integer := 0;
begin
  loop
    execute format('select array_agg(id), max(at), (array_agg(id order by at, id))[count(*)] from (
        select t.%2$I as id, t.%3$I as at from %1$s as t
        where %4$s and t.%3$I >= $2 and (t.%3$I, t.%2$I) > ($2, $3)
        order by t.%3$I, t.%2$I limit $4 for update skip locked) as batch',
      p_kind.relation, p_kind.id_column, p_order, p_condition)
    into v_ids, v_time, v_id using p_bound, v_time, v_id, v_batch;
    exit when v_ids is null;
    v_total := v_total + permafrost.apply_each(format(p_change, p_kind.relation, p_kind.id_column), v_ids);
    exit when cardinality(v_ids) < v_batch or permafrost.now_ms() > p_until;
  end loop;
  return v_total;
end;
$function$;

comment on function permafrost.in_batches(permafrost.kinds,pg_catalog.text,pg_catalog.text,pg_catalog.text,bigint,bigint) is
  'Changes the rows of a kind that meet a condition ($1 is p_bound), a batch at least, then until p_until (milliseconds); returns how many.';

revoke all on function permafrost.in_batches(permafrost.kinds,text,text,text,bigint,bigint) from public, anon, authenticated, service_role;

-- function permafrost.incarnation_now() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.incarnation_now()
 RETURNS permafrost.incarnations
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_newest permafrost.incarnations;
  v_now permafrost.incarnations;
begin
  select * into v_newest from permafrost.incarnations order by incarnation desc limit 1;
  if pg_is_in_recovery() -- a standby knows what its primary knew, and has no WAL of its own to compare
    or v_newest.timeline = left(pg_walfile_name(pg_current_wal_lsn()), 8)
      and v_newest.ledger_oid = to_regclass('permafrost.nonce_ledger')::oid
      -- where a table's files are: …/<database>/<file>; cheaper than a look into pg_database
      and v_newest.database_oid = split_part(pg_relation_filepath('permafrost.nonce_ledger'), '/', -2)::oid
      and v_newest.system_identifier = (pg_control_system()).system_identifier
  then
    return v_newest;
  end if;
  -- Not written down yet: nothing that is there was made in it.
  select coalesce(v_newest.incarnation, 0) + 1, c.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid,
    to_regclass('permafrost.nonce_ledger')::oid, coalesce(v_newest.incarnation, 0) + 1,
    case when v_newest.incarnation is null then 'created' else 'found' end
  into v_now from pg_control_system() as c, pg_database as d where d.datname = current_database();
  return v_now;
end;
$function$;

comment on function permafrost.incarnation_now() is
  'The incarnation of this database, by what it is now; first_seen_at is null while nothing was made in it.';

revoke all on function permafrost.incarnation_now() from public, anon, authenticated, service_role;

-- function permafrost.inventory_now() -------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.inventory_now()
 RETURNS TABLE(check_name text, object text, detail text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 WITH ours AS (
          SELECT c.oid,
             c.relkind,
             c.relrowsecurity,
             c.relacl,
             c.relowner
            FROM pg_class c
           WHERE ((c.relkind = ANY (ARRAY['r'::"char", 'v'::"char"])) AND ((c.relnamespace = ('permafrost'::regnamespace)::oid) OR ((c.relnamespace = ('public'::regnamespace)::oid) AND ((EXISTS ( SELECT
                    FROM (pg_trigger t
                      JOIN pg_proc p ON ((p.oid = t.tgfoid)))
                   WHERE ((t.tgrelid = c.oid) AND (p.pronamespace = ('permafrost'::regnamespace)::oid)))) OR (EXISTS ( SELECT
                    FROM (((pg_rewrite r
                      JOIN pg_depend d ON (((d.classid = ('pg_rewrite'::regclass)::oid) AND (d.objid = r.oid) AND (d.refclassid = ('pg_class'::regclass)::oid))))
                      JOIN pg_trigger t ON ((t.tgrelid = d.refobjid)))
                      JOIN pg_proc p ON (((p.oid = t.tgfoid) AND (p.pronamespace = ('permafrost'::regnamespace)::oid))))
                   WHERE ((r.ev_class = c.oid) AND (c.relkind = 'v'::"char")))) OR (c.oid = (to_regclass('public.frost_sessions_by_hour'::text))::oid) OR (c.oid = (to_regclass('public.frost_refusals'::text))::oid)))))
         ), functions AS (
          SELECT p.oid,
             p.prosrc,
             p.proconfig,
             p.proacl,
             p.proowner,
             p.prosecdef,
             p.prosqlbody
            FROM pg_proc p
           WHERE ((p.pronamespace = ('permafrost'::regnamespace)::oid) OR ((p.pronamespace = ('public'::regnamespace)::oid) AND (EXISTS ( SELECT
                    FROM (pg_depend d
                      JOIN pg_proc q ON (((q.oid = d.refobjid) AND (q.pronamespace = ('permafrost'::regnamespace)::oid))))
                   WHERE ((d.classid = ('pg_proc'::regclass)::oid) AND (d.objid = p.oid) AND (d.refclassid = ('pg_proc'::regclass)::oid))))))
         )
  SELECT 'tables'::text,
     ((o.oid)::regclass)::text AS oid,
         CASE
             WHEN o.relrowsecurity THEN 'with row level security'::text
             ELSE 'view'::text
         END AS "case"
    FROM ours o
 UNION ALL
  SELECT 'policies'::text,
     format('%s on %s'::text, y.polname, (y.polrelid)::regclass) AS format,
     concat_ws(' '::text, y.polcmd, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid)) AS concat_ws
    FROM (pg_policy y
      JOIN ours o ON ((o.oid = y.polrelid)))
 UNION ALL
  SELECT 'triggers'::text,
     format('%s on %s'::text, t.tgname, (t.tgrelid)::regclass) AS format,
     concat_ws(' '::text, t.tgenabled, pg_get_triggerdef(t.oid)) AS concat_ws
    FROM (pg_trigger t
      JOIN ours o ON ((o.oid = t.tgrelid)))
   WHERE (NOT t.tgisinternal)
 UNION ALL
  SELECT 'functions'::text,
     ((f.oid)::regprocedure)::text AS oid,
     (
         CASE
             WHEN f.prosecdef THEN 'definer '::text
             ELSE ''::text
         END || md5(COALESCE(pg_get_function_sqlbody(f.oid), f.prosrc)))
    FROM functions f
 UNION ALL
  SELECT 'search paths'::text,
     ((f.oid)::regprocedure)::text AS oid,
     COALESCE(array_to_string(f.proconfig, ', '::text), 'none'::text) AS "coalesce"
    FROM functions f
 UNION ALL
  SELECT 'rights'::text,
     r.object,
     format('%s to %s'::text, r.privilege_type,
         CASE
             WHEN (r.grantee = (0)::oid) THEN 'public'::text
             ELSE ((r.grantee)::regrole)::text
         END) AS format
    FROM ( SELECT ((o.oid)::regclass)::text AS object,
             a.grantee,
             a.privilege_type,
             o.relowner AS owner
            FROM (ours o
              CROSS JOIN LATERAL aclexplode(COALESCE(o.relacl, acldefault('r'::"char", o.relowner))) a(grantor, grantee, privilege_type, is_grantable))
         UNION ALL
          SELECT format('%s.%s'::text, (o.oid)::regclass, c.attname) AS format,
             a.grantee,
             a.privilege_type,
             o.relowner
            FROM ((ours o
              JOIN pg_attribute c ON ((c.attrelid = o.oid)))
              CROSS JOIN LATERAL aclexplode(c.attacl) a(grantor, grantee, privilege_type, is_grantable))
         UNION ALL
          SELECT ((f.oid)::regprocedure)::text AS oid,
             a.grantee,
             a.privilege_type,
             f.proowner
            FROM (functions f
              CROSS JOIN LATERAL aclexplode(COALESCE(f.proacl, acldefault('f'::"char", f.proowner))) a(grantor, grantee, privilege_type, is_grantable))
         UNION ALL
          SELECT 'schema permafrost'::text,
             a.grantee,
             a.privilege_type,
             n.nspowner
            FROM (pg_namespace n
              CROSS JOIN LATERAL aclexplode(n.nspacl) a(grantor, grantee, privilege_type, is_grantable))
           WHERE (n.nspname = 'permafrost'::name)) r
   WHERE (r.grantee <> r.owner);
END;

comment on function permafrost.inventory_now() is
  'What there is, in the form of permafrost.inventory.';

revoke all on function permafrost.inventory_now() from public, anon, authenticated, service_role;

-- function permafrost.is_awaited(public.frost_signing_sessions,text) ------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_awaited(p_session public.frost_signing_sessions, p_participant_id text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_part record;
begin
  select bool_or(q.status = 'signing' and s.participant_id is null) as owes,
    bool_or(q.status = 'collecting') as waits_to_fill,
    bool_or(q.status = 'signing' and q.bound and s.participant_id is not null) as has_answered_bound,
    bool_or(p_participant_id = any (q.refused)) as is_excluded
  into v_part
  from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
  left join public.frost_signature_shares as s using (session_id, quorum, participant_id)
  where c.session_id = p_session.session_id and c.participant_id = p_participant_id;
  if permafrost.declined('session', p_session.session_id) ? p_participant_id then
    return false;
  end if;
  return coalesce(v_part.owes, false)
    or not coalesce(v_part.waits_to_fill or v_part.has_answered_bound or v_part.is_excluded, false);
end;
$function$;

comment on function permafrost.is_awaited(public.frost_signing_sessions,pg_catalog.text) is
  'Whether a participant owes a share in a robust or one_tap session, or is idle and may fill its next quorum.';

revoke all on function permafrost.is_awaited(public.frost_signing_sessions,text) from public, anon, authenticated, service_role;

-- function permafrost.is_live(text,text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_live(p_key_column text, p_live_from text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN format('t.incarnation >= %s and not exists (select from public.frost_key_packages as k
  where k.key_package_id = t.%I and k.retired_at < t.expires_at)'::text, p_live_from, p_key_column);

comment on function permafrost.is_live(pg_catalog.text,pg_catalog.text) is
  'The condition, in SQL on t, that ended_by is null.';

revoke all on function permafrost.is_live(text,text) from public, anon, authenticated, service_role;

-- function permafrost.is_awaiting(permafrost.kinds,text,text,text) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_awaiting(p_kind permafrost.kinds, p_participant text, p_now text, p_live_from text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN format('t.status < ''completed'' and t.expires_at > %s and %s and %s @> array[%s] and %s'::text, p_now, permafrost.is_live((p_kind).key_column, p_live_from), (p_kind).taking_part, p_participant, format((p_kind).awaiting, p_participant));

comment on function permafrost.is_awaiting(permafrost.kinds,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'The condition, in SQL on t, that it is open and awaits a participant. The others are SQL, too.';

revoke all on function permafrost.is_awaiting(permafrost.kinds,text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.is_bound(public.frost_nonce_commitments) ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_bound(p_commitment public.frost_nonce_commitments)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return exists (select from public.frost_nonce_pool as p
    where p.nonce_commitment = p_commitment.nonce_commitment and p.session_id = p_commitment.session_id
      and p.quorum = p_commitment.quorum and p.participant_id = p_commitment.participant_id);
end;
$function$;

comment on function permafrost.is_bound(public.frost_nonce_commitments) is
  'Whether a commitment of a quorum is the pooled one that was bound to it.';

revoke all on function permafrost.is_bound(public.frost_nonce_commitments) from public, anon, authenticated, service_role;

-- function permafrost.is_hex(text) ----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_hex(p_value text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return coalesce(case when octet_length(p_value) <= 65536 then p_value ~ '^([0-9a-f]{2})+$' end, false);
end;
$function$;

comment on function permafrost.is_hex(pg_catalog.text) is
  'True for 1 to 32,768 bytes in lower-case hex.';

revoke all on function permafrost.is_hex(text) from public, anon, authenticated, service_role;

-- function permafrost.is_identifier(text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_identifier(p_value text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return coalesce(case when octet_length(p_value) <= 1020
    then char_length(p_value) between 1 and 255 and p_value !~ '[[:cntrl:]]' end, false);
end;
$function$;

comment on function permafrost.is_identifier(pg_catalog.text) is
  'True for 1 to 255 characters without control characters: families, participants and sessions.';

revoke all on function permafrost.is_identifier(text) from public, anon, authenticated, service_role;

-- function permafrost.is_monitor() ----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_monitor()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  return permafrost.is_operator()
    or coalesce('true' in (v_claims -> 'permafrost_operator', v_claims #> '{app_metadata,permafrost_operator}'), false);
end;
$function$;

comment on function permafrost.is_monitor() is
  'True for operators, and for a user whose token has the claim permafrost_operator: true, at the top level or in app_metadata.';

revoke all on function permafrost.is_monitor() from public, anon, authenticated, service_role;

-- function permafrost.is_operator() ---------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_operator()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', 'service_role') = 'service_role'
    and exists (
      select from pg_catalog.pg_roles as r
      where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user)
        and (r.rolsuper or r.rolbypassrls));
end;
$function$;

comment on function permafrost.is_operator() is
  'True for service_role and for direct connections that bypass RLS; false for the request of a user.';

revoke all on function permafrost.is_operator() from public, anon, authenticated, service_role;

-- function permafrost.sha256_hex(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.sha256_hex(p_text text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN encode(sha256(convert_to(p_text, 'UTF8'::name)), 'hex'::text);

comment on function permafrost.sha256_hex(pg_catalog.text) is
  'SHA-256 of the UTF-8, in lower-case hex.';

revoke all on function permafrost.sha256_hex(text) from public, anon, authenticated, service_role;

-- function permafrost.key_package_digest(integer,text,integer,text[],text,text[]) -----------------
CREATE OR REPLACE FUNCTION permafrost.key_package_digest(p_epoch integer, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.sha256_hex(permafrost.compact_json(VARIADIC ARRAY[(p_epoch)::text, (to_json(p_ciphersuite))::text, (p_threshold)::text, (array_to_json(p_participants))::text, (to_json(p_group_public_key))::text, (array_to_json(p_verifying_shares))::text]));

comment on function permafrost.key_package_digest(integer,pg_catalog.text,integer,pg_catalog.text[],pg_catalog.text,pg_catalog.text[]) is
  'SHA-256 of JSON.stringify([epoch, ciphersuite, threshold, participants, groupPublicKey, verifyingShares]), 64 hex characters.';

revoke all on function permafrost.key_package_digest(integer,text,integer,text[],text,text[]) from public, anon, authenticated, service_role;

-- function permafrost.key_warning(uuid) -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.key_warning(p_key_package_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select 'The secret of this key was put together in one place for a recovery; register a new key'
    from public.frost_key_packages as k
    where k.key_package_id = p_key_package_id and k.exposed_at is not null);
end;
$function$;

comment on function permafrost.key_warning(pg_catalog.uuid) is
  'What members must be told about a key; null for nothing.';

revoke all on function permafrost.key_warning(uuid) from public, anon, authenticated, service_role;

-- function permafrost.kind_of(text) ---------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.kind_of(p_id text)
 RETURNS permafrost.kinds
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT k.kind,
     k.relation,
     k.id_column,
     k.noun,
     k.method,
     k.key_column,
     k.taking_part,
     k.for_family,
     k.cleaned_from,
     k.awaiting,
     k.created_detail
    FROM (permafrost.event_heads h
      JOIN permafrost.kinds k ON ((k.kind = h.subject)))
   WHERE (h.subject_id = kind_of.p_id);
END;

comment on function permafrost.kind_of(pg_catalog.text) is
  'What an id is the id of: its kind, or a row of nulls.';

revoke all on function permafrost.kind_of(text) from public, anon, authenticated, service_role;

-- function permafrost.limit_of(text,text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.limit_of(p_limit_name text, p_family_id text)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select l.value from permafrost.limits as l
    where l.limit_name = p_limit_name and (l.family_id = p_family_id or l.family_id is null)
    order by l.family_id nulls last limit 1);
end;
$function$;

comment on function permafrost.limit_of(pg_catalog.text,pg_catalog.text) is
  'The value of a limit for a family; null where there is none.';

revoke all on function permafrost.limit_of(text,text) from public, anon, authenticated, service_role;

-- function permafrost.list_host_keys(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.list_host_keys(p_family_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if not permafrost.is_operator() then
    perform permafrost.check_member_of(p_family_id);
  end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('participant_id', h.participant_id, 'host_public_key', h.host_public_key,
      'registered_at', h.registered_at, 'retired_at', h.retired_at) order by h.participant_id, h.registered_at desc), '[]')
    from public.frost_host_keys as h where h.family_id = p_family_id);
end;
$function$;

revoke all on function permafrost.list_host_keys(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_host_keys(text) to authenticated, service_role;

-- function permafrost.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) 
CREATE OR REPLACE FUNCTION permafrost.list_key_ceremonies(p_family_id text, p_status public.key_ceremony_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
begin
  return (select coalesce(jsonb_agg(permafrost.ceremony_summary(c, v_now, v_live_from) order by page.n), '[]')
    from unnest(permafrost.page_of('ceremony', p_status::text, p_awaiting_me,
      p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
    join public.frost_key_ceremonies as c on c.ceremony_id = page.id);
end;
$function$;

revoke all on function permafrost.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) to authenticated, service_role;

-- function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) 
CREATE OR REPLACE FUNCTION permafrost.list_recovery_requests(p_status public.sss_request_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_requests jsonb;
begin
  select coalesce(jsonb_agg(permafrost.request_summary(r, v_now, v_live_from) order by page.n), '[]') into v_requests
  from unnest(permafrost.page_of('recovery', p_status::text, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
  join public.sss_signing_requests as r on r.request_id = page.id;
  return v_requests;
end;
$function$;

revoke all on function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) to authenticated, service_role;

-- function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) 
CREATE OR REPLACE FUNCTION permafrost.list_signing_sessions(p_status public.signing_session_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_sessions jsonb;
begin
  select coalesce(jsonb_agg(permafrost.session_summary(s, v_now, v_live_from) order by page.n), '[]') into v_sessions
  from unnest(permafrost.page_of('session', p_status::text, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
  join public.frost_signing_sessions as s on s.session_id = page.id;
  return v_sessions;
end;
$function$;

revoke all on function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) to authenticated, service_role;

-- function permafrost.lock_ceremony(text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_ceremony(p_ceremony_id text)
 RETURNS public.frost_key_ceremonies
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_row jsonb;
  v_ceremony public.frost_key_ceremonies;
begin
  v_row := permafrost.lock_subject(k, p_ceremony_id) from permafrost.kinds as k where k.kind = 'ceremony';
  select * into strict v_ceremony from public.frost_key_ceremonies where ceremony_id = p_ceremony_id;
  return v_ceremony;
end;
$function$;

comment on function permafrost.lock_ceremony(pg_catalog.text) is
  'The ceremony, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_ceremony(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_family_ceremony(text) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_family_ceremony(p_ceremony_id text)
 RETURNS public.frost_key_ceremonies
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.lock_family_key(c.family_id) from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  return permafrost.lock_ceremony(p_ceremony_id);
end;
$function$;

comment on function permafrost.lock_family_ceremony(pg_catalog.text) is
  'As lock_ceremony, with the turn at the family''s keys.';

revoke all on function permafrost.lock_family_ceremony(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_family_key(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_family_key(p_family_id text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  insert into permafrost.key_turns (family_id) values (p_family_id)
  on conflict (family_id) do update set family_id = excluded.family_id;
end;
$function$;

comment on function permafrost.lock_family_key(pg_catalog.text) is
  'Waits for the turn at a family''s key packages, and keeps it until the transaction ends.';

revoke all on function permafrost.lock_family_key(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_request(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_row jsonb;
  v_request public.sss_signing_requests;
begin
  v_row := permafrost.lock_subject(k, p_request_id) from permafrost.kinds as k where k.kind = 'recovery';
  select * into strict v_request from public.sss_signing_requests where request_id = p_request_id;
  return v_request;
end;
$function$;

comment on function permafrost.lock_request(pg_catalog.text) is
  'The request, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_request(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_session(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_now constant bigint := permafrost.now_ms();
begin
  perform permafrost.check_isolation();
  select * into v_session from public.frost_signing_sessions
  where session_id = p_session_id and (status >= 'completed' or expires_at > v_now) for update;
  if not found then
    select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  end if;
  if v_session.status = 'expired' or (v_session.expires_at > v_now) is not true then
    perform permafrost.check_turn('session', v_session.status::text, v_session.status < 'completed', v_session.expires_at);
  end if;
  if v_session.status < 'completed'
    and permafrost.ended_by(v_session.incarnation, permafrost.live_from(), v_session.key_package_id, v_session.expires_at) is not null
  then
    return permafrost.ended_session(p_session_id);
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.lock_session(pg_catalog.text) is
  'The session, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_session(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_subject(permafrost.kinds,text) -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_subject(p_kind permafrost.kinds, p_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_row jsonb;
  v_open boolean;
  v_ended_by text;
begin
  perform permafrost.check_isolation();
  execute format('select to_jsonb(t) from %s as t where %I = $1 and (status >= ''completed'' or expires_at > $2) for update',
    p_kind.relation, p_kind.id_column) into v_row using p_id, permafrost.now_ms();
  if v_row is null then
    execute format('select to_jsonb(t) from %s as t where %I = $1', p_kind.relation, p_kind.id_column) into v_row using p_id;
  end if;
  v_open := v_row ->> 'status' not in ('completed', 'failed', 'expired');
  perform permafrost.check_turn(p_kind.noun, v_row ->> 'status', v_open, (v_row ->> 'expires_at')::bigint);
  if v_open then
    v_ended_by := permafrost.ended_by((v_row ->> 'incarnation')::integer, permafrost.live_from(),
      (v_row ->> p_kind.key_column)::uuid, (v_row ->> 'expires_at')::bigint);
    if v_ended_by is not null then
      perform permafrost.fail_subject(p_kind, p_id, v_ended_by);
      return v_row || jsonb_build_object('status', 'failed', 'error_message', v_ended_by);
    end if;
  end if;
  return v_row;
end;
$function$;

comment on function permafrost.lock_subject(permafrost.kinds,pg_catalog.text) is
  'The row, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_subject(permafrost.kinds,text) from public, anon, authenticated, service_role;

-- function permafrost.log_event(text,text,text,text,text,jsonb) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.log_event(p_subject text, p_subject_id text, p_family_id text, p_event text, p_actor text, p_detail jsonb DEFAULT '{}'::jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_detail constant text := p_detail;
  v_now constant bigint := permafrost.now_ms();
  v_is_first boolean := p_event = 'created';
  v_event_id bigint;
begin
  loop
    if v_is_first then
      with head as (
        insert into permafrost.event_heads as h (subject_id, subject, seq, digest, occurred_at)
        values (p_subject_id, p_subject, 1, permafrost.event_digest('\x0000000000000000000000000000000000000000000000000000000000000000',
          '1', p_subject, p_subject_id, p_family_id, p_event, p_actor, v_detail, v_now::text), v_now)
        on conflict do nothing
        returning *)
      insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
      select subject, subject_id, seq, p_family_id, p_event, p_actor, p_detail, occurred_at, digest from head
      returning event_id into v_event_id;
    else
      with head as (
        update permafrost.event_heads as h set seq = h.seq + 1, occurred_at = greatest(h.occurred_at, v_now),
          digest = permafrost.event_digest(h.digest, (h.seq + 1)::text, p_subject, p_subject_id, p_family_id, p_event, p_actor,
            v_detail, greatest(h.occurred_at, v_now)::text)
        where h.subject_id = p_subject_id and h.subject = p_subject
        returning *)
      insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
      select subject, subject_id, seq, p_family_id, p_event, p_actor, p_detail, occurred_at, digest from head
      returning event_id into v_event_id;
    end if;
    exit when v_event_id is not null;
    v_is_first := not v_is_first;
  end loop;
  return v_event_id;
end;
$function$;

comment on function permafrost.log_event(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Appends an event to a subject''s chain and returns its id.';

revoke all on function permafrost.log_event(text,text,text,text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.log_refusal(text,text,text,text,text,jsonb) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.log_refusal(p_subject text, p_subject_id text, p_family_id text, p_event text, p_participant_id text, p_detail jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_window bigint := v_now - v_now % 60000;
begin
  if p_participant_id is not null and (
    permafrost.count_usage('recorded_refusals_per_minute', p_family_id, p_participant_id, v_window)
      > permafrost.limit_of('recorded_refusals_per_minute', p_family_id)
    or (select count(*) from public.frost_events as e where e.subject = p_subject and e.subject_id = p_subject_id
      and e.actor = p_participant_id and e.detail ->> 'code' = p_detail ->> 'code')
      >= permafrost.limit_of('recorded_refusals_per_session', p_family_id))
  then
    perform permafrost.count_usage('unrecorded_refusals', p_family_id, p_participant_id, v_window);
    return null;
  end if;
  return permafrost.log_event(p_subject, p_subject_id, p_family_id, p_event, p_participant_id, jsonb_strip_nulls(p_detail));
end;
$function$;

comment on function permafrost.log_refusal(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Records a refusal and returns its event_id; null past the limits of a member.';

revoke all on function permafrost.log_refusal(text,text,text,text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.mark_if_exposed(public.sss_signing_requests) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.mark_if_exposed(p_request public.sss_signing_requests)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages;
  v_shares integer;
begin
  -- The turn first: of two shares that are handed in at once the second counts the first.
  perform permafrost.lock_family_key(p_request.family_id);
  select * into strict v_package from public.frost_key_packages where key_package_id = p_request.key_package_id;
  if not exists (select from public.frost_key_packages
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null)
  then
    return;
  end if;
  -- Names of requesters and keys that are of one device, each joined by equality: a list that somebody made long costs
  -- its length, not its square.
  with recursive given as materialized (
    select distinct e.actor as guardian, e.detail ->> 'requester' as requester, e.detail ->> 'recipient_public_key' as recipient
    from public.frost_events as e
    where e.subject = 'recovery' and e.event = 'share_submitted' and e.family_id = p_request.family_id
      and e.detail ->> 'key_package_id' = p_request.key_package_id::text
  ), links (name, is_key, other) as materialized (
    select g.requester, false, g.recipient from given as g
    union
    select g.recipient, true, g.requester from given as g
  ), device (name, is_key) as (
    values (p_request.created_by, false), (p_request.recipient_public_key, true)
    union
    select l.other, not l.is_key from links as l join device as d using (name, is_key)
  )
  select count(*) into v_shares from (
    select g.guardian from given as g join device as d on d.name = g.requester and not d.is_key
    union
    select d.name from device as d where not d.is_key and d.name = any (v_package.participants)
  ) as holders;
  if v_shares >= v_package.threshold then
    update public.frost_key_packages set exposed_at = permafrost.now_ms()
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null;
  end if;
end;
$function$;

comment on function permafrost.mark_if_exposed(public.sss_signing_requests) is
  'Marks a key exposed once one device was given as many shares as its threshold, counted by requester and by recipient key.';

revoke all on function permafrost.mark_if_exposed(public.sss_signing_requests) from public, anon, authenticated, service_role;

-- function permafrost.mark_nonce_as_used(text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.mark_nonce_as_used(p_nonce_commitment text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_participant text;
begin
  -- The session's row first, as for every change.
  select s.* into v_session
  from public.frost_signing_sessions as s join public.frost_nonce_commitments as c using (session_id)
  where c.nonce_commitment = p_nonce_commitment
  for update of s;
  update public.frost_nonce_commitments set nonce_used = true
  where nonce_commitment = p_nonce_commitment and not nonce_used
  returning participant_id into v_participant;
  if not found then
    -- A pooled commitment that is not bound is taken out of its pool.
    update public.frost_nonce_pool as p set withdrawn_at = permafrost.now_ms()
    where p.nonce_commitment = p_nonce_commitment and p.bound_at is null and p.withdrawn_at is null;
    return found;
  end if;
  perform permafrost.log_event('session', v_session.session_id, v_session.family_id, 'nonce_marked', null,
    jsonb_build_object('participant', v_participant));
  return true;
end;
$function$;

revoke all on function permafrost.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.mark_nonce_as_used(text) to service_role;

-- function permafrost.may_bind(text,text,text[],bigint) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.may_bind(p_family_id text, p_creator text, p_signers text[], p_pairs bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return p_pairs + coalesce((
    select max(n) from (
      select count(*) as n from public.frost_signing_sessions as s
      join public.frost_nonce_commitments as c using (session_id)
      join public.frost_signing_quorums as q using (session_id, quorum)
      where s.family_id = p_family_id and s.created_by = p_creator and s.mode = 'one_tap'
        and s.status in ('signing', 'aggregating', 'failed', 'expired')
        and s.created_at > permafrost.now_ms() - 604800000 -- what was bound before that is dead by now
        and c.participant_id = any (p_signers) and not c.nonce_used and q.bound
      group by c.participant_id) as unanswered), 0) <= permafrost.limit_of('bound_unanswered', p_family_id);
end;
$function$;

comment on function permafrost.may_bind(pg_catalog.text,pg_catalog.text,pg_catalog.text[],bigint) is
  'Whether a creator may bind so many more pairs of each of these guardians: those of completed sessions do not count.';

revoke all on function permafrost.may_bind(text,text,text[],bigint) from public, anon, authenticated, service_role;

-- function permafrost.may_see(text,text,text[]) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.may_see(p_family_id text, p_created_by text, p_participants text[])
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.memberships() ->> p_family_id;
begin
  return coalesce(v_me = p_created_by or v_me = any (p_participants), false) or permafrost.is_operator();
end;
$function$;

comment on function permafrost.may_see(pg_catalog.text,pg_catalog.text,pg_catalog.text[]) is
  'Whether the caller may read what p_created_by made in this family for these participants: its creator, a participant, or an operator.';

revoke all on function permafrost.may_see(text,text,text[]) from public, anon, authenticated, service_role;

-- function permafrost.may_set(text,jsonb,jsonb) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.may_set(p_how text, p_old jsonb, p_new jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case p_how
    when 'grows' then jsonb_array_length(p_new) >= jsonb_array_length(p_old) and p_old = (
      select coalesce(jsonb_agg(e order by n), '[]') from jsonb_array_elements(p_new) with ordinality as u (e, n)
      where n <= jsonb_array_length(p_old))
    when 'redacts' then p_new = permafrost.redacted(p_old)
    else p_old = 'null' end;
end;
$function$;

comment on function permafrost.may_set(pg_catalog.text,pg_catalog.jsonb,pg_catalog.jsonb) is
  'Whether a settable column may go from one value to another.';

revoke all on function permafrost.may_set(text,jsonb,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.missing_senders(public.frost_key_ceremonies,integer) ------------------------
CREATE OR REPLACE FUNCTION permafrost.missing_senders(p_ceremony public.frost_key_ceremonies, p_round integer)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return array(select p from unnest(permafrost.senders(p_ceremony, p_round)) with ordinality as u (p, n)
    where not exists (select from public.frost_ceremony_messages as m
      where m.ceremony_id = p_ceremony.ceremony_id and m.round = p_round and m.participant_id = p)
    order by n);
end;
$function$;

comment on function permafrost.missing_senders(public.frost_key_ceremonies,integer) is
  'Who has not sent a message of a round yet, in order.';

revoke all on function permafrost.missing_senders(public.frost_key_ceremonies,integer) from public, anon, authenticated, service_role;

-- function permafrost.one_tap_plan(public.frost_key_packages,text[],integer,integer) --------------
CREATE OR REPLACE FUNCTION permafrost.one_tap_plan(p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_sessions integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_left jsonb := permafrost.pool_left(p_package);
  v_most integer := cardinality(p_participants);
  v_signers text[];
begin
  while v_most > p_threshold and permafrost.binomial(v_most, p_threshold) > 35 loop
    v_most := v_most - 1;
  end loop;
  for v_size in reverse cardinality(p_participants) .. p_threshold loop
    select array_agg(p order by at) into v_signers from (
      select p, array_position(p_package.participants, p) as at from unnest(p_participants) as p
      where (v_left ->> p)::bigint >= p_sessions * permafrost.binomial(v_size - 1, p_threshold - 1)
      order by (v_left ->> p)::bigint desc, at limit v_size) as enough;
    exit when cardinality(v_signers) = v_size;
    v_signers := null;
  end loop;
  if cardinality(v_signers) > v_most then -- the pools suffice for more subsets than a session takes
    v_signers := null;
  end if;
  return jsonb_build_object('signers', v_signers, 'short', (
    select coalesce(jsonb_object_agg(p, missing), '{}') from (
      select p, p_sessions * permafrost.binomial(v_most - 1, p_threshold - 1) - (v_left ->> p)::bigint as missing
      from unnest(p_participants) as p where v_signers is null or p <> all (v_signers)) as s
    where missing > 0));
end;
$function$;

comment on function permafrost.one_tap_plan(public.frost_key_packages,pg_catalog.text[],integer,integer) is
  'Among whom sessions can be one_tap now: signers, in identifier order (null: it cannot be), and short, whose pools lack how many.';

revoke all on function permafrost.one_tap_plan(public.frost_key_packages,text[],integer,integer) from public, anon, authenticated, service_role;

-- function permafrost.one_tap_sessions(public.frost_key_packages) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.one_tap_sessions(p_package public.frost_key_packages)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_left bigint[] := array(select value::bigint from jsonb_each_text(permafrost.pool_left(p_package)) order by value::bigint desc);
  v_sessions bigint := 0;
begin
  for v_size in p_package.threshold .. cardinality(v_left) loop
    if permafrost.binomial(v_size, p_package.threshold) <= 35 then
      v_sessions := greatest(v_sessions, v_left[v_size] / permafrost.binomial(v_size - 1, p_package.threshold - 1));
    elsif v_left[v_size] >= permafrost.binomial(v_size - 1, p_package.threshold - 1) then
      return 0; -- as one_tap_plan says
    end if;
  end loop;
  return v_sessions;
end;
$function$;

comment on function permafrost.one_tap_sessions(public.frost_key_packages) is
  'How many more sessions of a key would be one_tap now.';

revoke all on function permafrost.one_tap_sessions(public.frost_key_packages) from public, anon, authenticated, service_role;

-- function permafrost.own_request(text) -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.own_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  if v_request.created_by is distinct from permafrost.memberships() ->> v_request.family_id then
    perform permafrost.refuse('not_the_creator', 'Only its requester may do this with a request');
  end if;
  return permafrost.lock_request(p_request_id);
end;
$function$;

comment on function permafrost.own_request(pg_catalog.text) is
  'A request of the caller''s own making, locked. Refuses session_not_found, not_the_creator, session_expired.';

revoke all on function permafrost.own_request(text) from public, anon, authenticated, service_role;

-- function permafrost.page_of(text,text,boolean,integer,bigint,text,text) -------------------------
CREATE OR REPLACE FUNCTION permafrost.page_of(p_kind text, p_status text, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_memberships jsonb := permafrost.memberships();
  v_families text[] := array(select jsonb_object_keys(v_memberships));
  v_conditions text[] := '{}';
  v_is_live text := permafrost.is_live(v_kind.key_column, '$6');
  v_page text;
  v_ids text[];
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'limit must be from 1 to 500');
  end if;
  if p_before_id is not null and p_before is null then
    perform permafrost.refuse('invalid_input', 'before_id must come with before: they are the last row''s id and created_at');
  end if;
  if p_before is not null then
    v_conditions := v_conditions || case when p_before_id is null then 't.created_at < $3'
      else format('(t.created_at, t.%I) < ($3, $4)', v_kind.id_column) end;
  end if;
  if p_status is not null then
    v_conditions := v_conditions || format(
      case p_status
        when 'completed' then 't.status = %L'
        when 'failed' then '(t.status = %L or t.status < ''completed'' and not (%s))'
        when 'expired' then '(t.status = %L or t.status < ''completed'' and t.expires_at <= $5 and %s)'
        else 't.status = %L and t.expires_at > $5 and %s'
      end, p_status, v_is_live);
  end if;
  if p_awaiting_me then
    v_conditions := v_conditions || permafrost.is_awaiting(v_kind, '($1 ->> f)', '$5', '$6');
  end if;
  v_page := format('select t.%I as id, t.created_at from %s as t where %s order by t.created_at desc, t.%1$I desc limit $7',
    v_kind.id_column, v_kind.relation, '%s');

  if p_family_id is not null then
    v_families := array[p_family_id];
  end if;
  if permafrost.is_operator() then
    v_conditions := v_conditions || case when p_family_id is null then 'true' else 't.family_id = $2[1]' end;
    v_page := format(v_page, array_to_string(v_conditions, ' and '));
  else
    if p_family_id is not null then
      perform permafrost.check_member_of(p_family_id);
    end if;
    v_conditions := v_conditions || ('t.family_id = f' || case when v_kind.for_family then ''
      else format(' and $1 ->> f = any (%s || t.created_by)', v_kind.taking_part) end);
    v_page := format('select page.* from unnest($2) as f cross join lateral (%s) as page',
      format(v_page, array_to_string(v_conditions, ' and ')));
  end if;
  execute format('select array_agg(id order by created_at desc, id desc) from (
      select id, created_at from (%s) as pages order by created_at desc, id desc limit $7) as page', v_page)
  into v_ids using v_memberships, v_families, p_before, p_before_id, permafrost.now_ms(), permafrost.live_from(), p_limit;
  return coalesce(v_ids, '{}');
end;
$function$;

comment on function permafrost.page_of(pg_catalog.text,pg_catalog.text,boolean,integer,bigint,pg_catalog.text,pg_catalog.text) is
  'The ids of a page of a kind, newest first: of the caller''s families or one; of a status that is true now; those that await the caller. Refuses invalid_input, not_in_family.';

revoke all on function permafrost.page_of(text,text,boolean,integer,bigint,text,text) from public, anon, authenticated, service_role;

-- function permafrost.people_to_tell(bigint) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.people_to_tell(p_event_id bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_event public.frost_events := e from public.frost_events as e where e.event_id = p_event_id;
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = v_event.subject;
  v_news text;
  v_people text[];
  v_creator text;
  v_awaited text[];
  v_told text[];
begin
  -- A table that is copied elsewhere fires its triggers, and what is old is no news.
  if v_kind.kind is null or v_event.occurred_at < permafrost.now_ms() - 86400000 then
    return null;
  end if;
  v_news := case when v_event.event = 'completed' then 'done' when v_event.event in ('failed', 'expired') then 'withdrawn'
    else 'awaits_you' end;
  execute format('select array(select p from unnest(%s) with ordinality as u (p, n) group by p order by min(n)), t.created_by
    from %s as t where t.%I = $1', v_kind.taking_part, v_kind.relation, v_kind.id_column) into v_people, v_creator using v_event.subject_id;
  if v_news = 'done' then
    v_told := array(select p from unnest(v_people || case when v_creator <> all (v_people) then v_creator end) with ordinality as u (p, n)
      -- A recovery ends on the device of who asked for it.
      where p <> coalesce(case v_event.subject when 'recovery' then v_creator else permafrost.whose_act(v_event) end, '') order by n);
  else
    v_awaited := case when v_news = 'awaits_you' then permafrost.awaited(v_kind, v_event.subject_id) else v_people end;
    with asking as (
      select e.seq, e.event, a.asked, coalesce(permafrost.whose_act(e), '') as whose
      from public.frost_events as e cross join lateral permafrost.asked_by(e, v_people) as a (asked)
      where e.subject = v_event.subject and e.subject_id = v_event.subject_id and e.seq <= v_event.seq and a.asked is not null
    ), people as (
      -- A decline is an act, and so is failing it; a refusal is none.
      select u.p, u.n, coalesce(max(e.seq), 0) as acted
      from unnest(v_people) with ordinality as u (p, n) left join public.frost_events as e on e.subject = v_event.subject
        and e.subject_id = v_event.subject_id and e.actor = u.p and e.event not like '%\_refused'
      where u.p = any (v_awaited) group by 1, 2
    ), open as (
      -- The first time that each was asked since they acted last.
      select p.p, p.n, min(a.seq) as asked_at from people as p join asking as a on p.p = any (a.asked) and a.whose <> p.p and a.seq > p.acted
        -- What ended with the quorum that was lost asked nobody for another.
        and not (v_news = 'withdrawn' and a.event in ('share_refused', 'declined') and a.seq = v_event.seq - 1)
      group by 1, 2
    )
    select array_agg(o.p order by o.n) into v_told from open as o
    where v_news = 'withdrawn' or o.asked_at = v_event.seq;
  end if;
  return case when cardinality(v_told) > 0 then jsonb_build_object('kind', v_news, 'family_id', v_event.family_id, 'subject', v_event.subject,
    'id', v_event.subject_id, 'participants', v_told, 'digest', encode(v_event.digest, 'hex')) end;
end;
$function$;

revoke all on function permafrost.people_to_tell(bigint) from public, anon, authenticated, service_role;
grant execute on function permafrost.people_to_tell(bigint) to service_role;

-- function permafrost.pool_commitments(public.frost_key_packages,text,text[]) ---------------------
CREATE OR REPLACE FUNCTION permafrost.pool_commitments(p_package public.frost_key_packages, p_participant_id text, p_nonce_commitments text[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_incarnation integer := permafrost.enter_incarnation();
  v_new text[];
  v_left bigint;
begin
  if array_ndims(p_nonce_commitments) is distinct from 1 or cardinality(p_nonce_commitments) not between 1 and 256
    or cardinality(p_nonce_commitments) <> (select count(distinct c) from unnest(p_nonce_commitments) as c)
  then
    perform permafrost.refuse('invalid_input', 'nonce_commitments must be 1 to 256 different commitments');
  end if;
  if p_participant_id <> all (p_package.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller holds no share of the family''s key');
  end if;
  v_new := array(select c from unnest(p_nonce_commitments) as c where not exists (
    select from public.frost_nonce_pool as p where p.nonce_commitment = c and p.participant_id = p_participant_id
      and p.key_package_id = p_package.key_package_id));
  v_left := (permafrost.pool_left(p_package) ->> p_participant_id)::bigint;
  if v_left + cardinality(v_new) > permafrost.limit_of('pooled_commitments', p_package.family_id) then
    perform permafrost.refuse_rate(format('A guardian may have %s commitments in its pool', permafrost.limit_of('pooled_commitments', p_package.family_id)),
      (select min(p.expires_at) - v_now from public.frost_nonce_pool as p
        where p.family_id = p_package.family_id and p.participant_id = p_participant_id and p.bound_at is null and p.withdrawn_at is null and p.expires_at > v_now));
  end if;
  insert into permafrost.nonce_ledger (point_digest, family_id, participant_id)
  select sha256(point), p_package.family_id, p_participant_id
  from unnest(v_new) as c cross join unnest(permafrost.commitment_points(p_package.key_package_id, c)) as point
  order by 1;
  insert into public.frost_nonce_pool (nonce_commitment, family_id, key_package_id, participant_id, incarnation, published_at, expires_at)
  select c, p_package.family_id, p_package.key_package_id, p_participant_id, v_incarnation, v_now, v_now + 604800000 from unnest(v_new) as c;
  if v_new <> '{}' then
    perform permafrost.log_event('pool', permafrost.pool_id(p_package.family_id, p_participant_id), p_package.family_id,
      'commitment_accepted', p_participant_id, jsonb_build_object('nonce_commitments', v_new));
  end if;
  return v_left + cardinality(v_new);
end;
$function$;

comment on function permafrost.pool_commitments(public.frost_key_packages,pg_catalog.text,pg_catalog.text[]) is
  'Publishes those commitments that were not published before; returns how many the guardian has left.';

revoke all on function permafrost.pool_commitments(public.frost_key_packages,text,text[]) from public, anon, authenticated, service_role;

-- function permafrost.pool_id(text,text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.pool_id(p_family_id text, p_participant_id text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return format('[%s,%s]', to_json(p_family_id), to_json(p_participant_id));
end;
$function$;

comment on function permafrost.pool_id(pg_catalog.text,pg_catalog.text) is
  'What events call a guardian''s pool.';

revoke all on function permafrost.pool_id(text,text) from public, anon, authenticated, service_role;

-- function permafrost.pool_left(public.frost_key_packages) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.pool_left(p_package public.frost_key_packages)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_live_from integer := permafrost.live_from();
begin
  return (select jsonb_object_agg(g, (select count(*) from public.frost_nonce_pool as p
      where p.family_id = p_package.family_id and p.participant_id = g and p.bound_at is null and p.withdrawn_at is null
        and p.expires_at > permafrost.now_ms() and p.key_package_id = p_package.key_package_id and p.incarnation >= v_live_from))
    from unnest(p_package.participants) as g);
end;
$function$;

comment on function permafrost.pool_left(public.frost_key_packages) is
  'How many commitments each guardian of a key has left, {participant: number}.';

revoke all on function permafrost.pool_left(public.frost_key_packages) from public, anon, authenticated, service_role;

-- function permafrost.protect(regclass,text) ------------------------------------------------------
CREATE OR REPLACE PROCEDURE permafrost.protect(IN p_table regclass, IN p_commands text DEFAULT 'insert or update or delete'::text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $procedure$
declare
  v_name text := (select relname from pg_class where oid = p_table);
begin
  execute format('create or replace trigger tg_%1$s__05_no_members before %2$s on %3$s for each statement
    when (row_security_active(%3$L)) execute function permafrost.tg__05_no_members()', v_name, p_commands, p_table);
  execute format('create or replace trigger tg_%1$s__no_truncate before truncate on %2$s
    for each statement execute function permafrost.tg__no_truncate()', v_name, p_table);
end;
$procedure$;

comment on procedure permafrost.protect(pg_catalog.regclass,pg_catalog.text) is
  'Gives a table the two triggers that refuse p_commands of members, and TRUNCATE of everybody.';

revoke all on procedure permafrost.protect(regclass,text) from public, anon, authenticated, service_role;

-- function permafrost.publish_nonce_commitments(text,text,text[],text[]) --------------------------
CREATE OR REPLACE FUNCTION permafrost.publish_nonce_commitments(p_family_id text, p_participant_id text, p_nonce_commitments text[], p_valid_suites text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_package public.frost_key_packages;
  v_left integer;
begin
  perform permafrost.check_isolation(), permafrost.lock_family_key(p_family_id);
  v_package := permafrost.current_key_package(p_family_id);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  if v_package.ciphersuite <> all (p_valid_suites) then
    perform permafrost.refuse('commitment_invalid', format('Each nonce commitment must be two valid points of %s', v_package.ciphersuite));
  end if;
  begin
    v_left := permafrost.pool_commitments(v_package, p_participant_id, p_nonce_commitments);
  exception when unique_violation then
    perform permafrost.log_event('pool', permafrost.pool_id(p_family_id, p_participant_id), p_family_id, 'commitment_refused', p_participant_id,
      '{"code": "nonce_reused", "reason": "A nonce point of these commitments was accepted before"}');
    perform set_config('response.status', permafrost.http_status_of('nonce_reused')::text, true);
    return '{"accepted": false, "code": "nonce_reused", "error": "A nonce point of these commitments was accepted before"}';
  end;
  return jsonb_build_object('accepted', cardinality(p_nonce_commitments), 'available', v_left);
end;
$function$;

revoke all on function permafrost.publish_nonce_commitments(text,text,text[],text[]) from public, anon, authenticated, service_role;
grant execute on function permafrost.publish_nonce_commitments(text,text,text[],text[]) to service_role;

-- function permafrost.quorums_of(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.quorums_of(p_session_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('quorum', q.quorum, 'signers', q.signers, 'status', q.status,
      'commitments', permafrost.commitments_of(q.session_id, q.quorum), 'shares', permafrost.shares_of(q.session_id, q.quorum)) order by q.quorum), '[]')
    from public.frost_signing_quorums as q where q.session_id = p_session_id);
end;
$function$;

comment on function permafrost.quorums_of(pg_catalog.text) is
  'The quorums of a session: [{quorum, signers, status, commitments, shares}].';

revoke all on function permafrost.quorums_of(text) from public, anon, authenticated, service_role;

-- function permafrost.record_ceremony_message(text,text,integer,jsonb) ----------------------------
CREATE OR REPLACE FUNCTION permafrost.record_ceremony_message(p_ceremony_id text, p_participant_id text, p_round integer, p_payload jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_family_ceremony(p_ceremony_id);
begin
  -- An exact retry gets the answer that is true now.
  if not exists (select from public.frost_ceremony_messages as m where m.ceremony_id = p_ceremony_id and m.round = p_round
    and m.participant_id = p_participant_id and m.payload in (p_payload, permafrost.redacted_payload(p_round, p_payload)))
  then
    insert into public.frost_ceremony_messages (ceremony_id, round, participant_id, payload)
    values (p_ceremony_id, p_round, p_participant_id, p_payload);
  end if;
  perform permafrost.complete_if_confirmed(v_ceremony);
  return permafrost.ceremony_progress(p_ceremony_id);
end;
$function$;

revoke all on function permafrost.record_ceremony_message(text,text,integer,jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_ceremony_message(text,text,integer,jsonb) to service_role;

-- function permafrost.record_nonce_commitment(text,text,text) -------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_nonce_commitment(p_session_id text, p_participant_id text, p_nonce_commitment text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorum integer;
  v_state text;
  v_code text;
  v_reason text;
  v_table text;
begin
  begin
    insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
    values (p_session_id, p_participant_id, p_nonce_commitment)
    returning quorum into v_quorum;
    return permafrost.commitment_answer(p_session_id, v_quorum, true);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint,
      v_reason = message_text, v_table = table_name;
    if v_state = '23505' and v_table in ('nonce_ledger', 'frost_nonce_commitments') then
      v_code := 'nonce_reused';
      v_reason := 'A nonce point of this commitment was accepted before';
    elsif v_state not like 'PT4%' then
      raise;
    end if;
  end;
  -- What was found to be of before a restore was rolled back with the rest.
  perform permafrost.ended_session(p_session_id);
  select c.quorum into v_quorum from public.frost_nonce_commitments as c
  where c.session_id = p_session_id and c.participant_id = p_participant_id and c.nonce_commitment = p_nonce_commitment;
  if found and v_code <> 'session_expired' then
    return permafrost.commitment_answer(p_session_id, v_quorum, false); -- an exact retry
  end if;
  return permafrost.refusal_answer(p_session_id, p_participant_id, case when v_quorum is null then 'commitment_refused' end,
    v_code, v_reason, jsonb_build_object('nonce_commitment', left(p_nonce_commitment, 1024)));
end;
$function$;

revoke all on function permafrost.record_nonce_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_nonce_commitment(text,text,text) to service_role;

-- function permafrost.record_nonce_commitments(jsonb) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_nonce_commitments(p_items jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.each_item(p_items, 'select permafrost.record_nonce_commitment($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''nonce_commitment'')'::text);

revoke all on function permafrost.record_nonce_commitments(jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_nonce_commitments(jsonb) to service_role;

-- function permafrost.record_published_event(text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_published_event(p_session_id text, p_event_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := permafrost.visible_subject(p_session_id);
  v_row jsonb := permafrost.lock_subject(v_kind, p_session_id);
begin
  if p_event_id is null or length(p_event_id) <> 64 or not permafrost.is_hex(p_event_id) then
    perform permafrost.refuse('invalid_input', 'An event id must be 32 bytes of lower-case hex');
  end if;
  if v_row ->> 'status' <> 'completed' then
    perform permafrost.refuse('invalid_transition', 'Only an event that is signed can be published');
  end if;
  if v_row -> 'event_template' = 'null' or p_event_id <> v_row ->> 'message_hash' then
    perform permafrost.refuse('event_mismatch', 'This is not the event that was signed');
  end if;
  if v_row ->> 'final_event_id' <> p_event_id then
    perform permafrost.refuse('session_finished', 'Another event id was recorded before');
  end if;
  execute format('update %s set final_event_id = $2 where %I = $1 and final_event_id is null',
    v_kind.relation, v_kind.id_column) using p_session_id, p_event_id;
  return jsonb_build_object('final_event_id', p_event_id);
end;
$function$;

revoke all on function permafrost.record_published_event(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_published_event(text,text) to authenticated;

-- function permafrost.record_refused_ceremony_message(text,text,integer,text,jsonb) ---------------
CREATE OR REPLACE FUNCTION permafrost.record_refused_ceremony_message(p_ceremony_id text, p_participant_id text, p_round integer, p_reason text, p_payload jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ceremony public.frost_key_ceremonies := permafrost.lock_ceremony(p_ceremony_id);
  v_event_id bigint := permafrost.log_refusal('ceremony', p_ceremony_id, v_ceremony.family_id, 'message_refused', p_participant_id,
    jsonb_build_object('code', 'ceremony_message_invalid', 'round', p_round, 'reason', left(p_reason, 1000), 'payload', p_payload));
begin
  if p_payload is not null and p_participant_id <> all (v_ceremony.blamed) and v_ceremony.status < 'completed'
    and coalesce(p_participant_id = any (v_ceremony.participants || v_ceremony.dealers), false)
  then
    update public.frost_key_ceremonies set blamed = blamed || p_participant_id where ceremony_id = p_ceremony_id;
  end if;
  return jsonb_build_object('event_id', v_event_id);
end;
$function$;

revoke all on function permafrost.record_refused_ceremony_message(text,text,integer,text,jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_ceremony_message(text,text,integer,text,jsonb) to service_role;

-- function permafrost.record_refused_commitment(text,text,text,text) ------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text, p_nonce_commitment text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.accused_session(p_session_id, p_participant_id);
begin
  return jsonb_build_object('event_id', permafrost.log_refusal('session', p_session_id, v_session.family_id, 'commitment_refused', p_participant_id,
    jsonb_build_object('code', 'commitment_invalid', 'reason', left(p_reason, 1000), 'nonce_commitment', left(p_nonce_commitment, 1024))));
end;
$function$;

revoke all on function permafrost.record_refused_commitment(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_commitment(text,text,text,text) to service_role;

-- function permafrost.record_refused_share(text,text,text,integer,text) ---------------------------
CREATE OR REPLACE FUNCTION permafrost.record_refused_share(p_session_id text, p_participant_id text, p_reason text, p_quorum integer, p_signature_share text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.accused_session(p_session_id, p_participant_id);
  v_quorum integer := coalesce(p_quorum, 1);
  v_event_id bigint;
begin
  if v_quorum <> 1 and not exists (select from public.frost_signing_quorums where session_id = p_session_id and quorum = v_quorum) then
    perform permafrost.refuse('invalid_input', 'quorum must be one of this session''s');
  end if;
  if v_session.status = 'aggregating' or v_session.status = 'signing' and v_session.mode <> 'two_round' then
    v_session := permafrost.lock_session(p_session_id); -- before the event: heads are locked last
  end if;
  v_event_id := permafrost.log_refusal('session', p_session_id, v_session.family_id, 'share_refused', p_participant_id, jsonb_build_object(
    'code', 'share_invalid', 'reason', left(p_reason, 1000), 'quorum', v_quorum, 'signature_share', left(p_signature_share, 1024)));
  if v_session.status = 'signing' and v_session.mode <> 'two_round' then
    -- Out of this quorum until a share of its verifies, and so out of every other.
    update public.frost_signing_quorums as q set refused = q.refused || p_participant_id
    where q.session_id = p_session_id and q.quorum = v_quorum and q.status = 'signing' and p_participant_id = any (q.signers)
      and p_participant_id <> all (q.refused) and not exists (select from public.frost_signature_shares as s
        where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = p_participant_id);
    perform permafrost.fail_if_stuck(v_session, format('Too few are left: a signature share of %s does not verify', p_participant_id));
    select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
  elsif v_session.status = 'aggregating' and exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.quorum = v_quorum and s.participant_id = p_participant_id and s.signature_share = p_signature_share)
  then
    update public.frost_signing_sessions set status = 'failed',
      error_message = format('The recorded signature share of %s does not verify', p_participant_id)
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('event_id', v_event_id, 'status', v_session.status);
end;
$function$;

revoke all on function permafrost.record_refused_share(text,text,text,integer,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_share(text,text,text,integer,text) to service_role;

-- function permafrost.record_signature_share(text,text,text,integer,text) -------------------------
CREATE OR REPLACE FUNCTION permafrost.record_signature_share(p_session_id text, p_participant_id text, p_signature_share text, p_quorum integer, p_final_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_quorum integer;
  v_state text;
  v_code text;
  v_reason text;
  v_signature text;
begin
  begin
    insert into public.frost_signature_shares (session_id, quorum, participant_id, signature_share)
    values (p_session_id, p_quorum, p_participant_id, p_signature_share)
    returning quorum into v_quorum;
    return permafrost.share_answer(p_session_id, v_quorum, p_final_signature);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
    if v_state not like 'PT4%' then
      raise;
    end if;
  end;
  -- What was found to be of before a restore was rolled back with the rest.
  perform permafrost.ended_session(p_session_id);
  select s.quorum into v_quorum from public.frost_signature_shares as s
  where s.session_id = p_session_id and s.participant_id = p_participant_id and s.signature_share = p_signature_share
    and s.quorum = coalesce(p_quorum, s.quorum);
  if found and v_code <> 'session_expired' then
    return permafrost.share_answer(p_session_id, v_quorum, p_final_signature); -- an exact retry
  end if;
  -- A share that comes after another quorum has finished is told the signature: nothing is left to do.
  select s.final_signature into v_signature from public.frost_signing_sessions as s
  where s.session_id = p_session_id and v_code = 'session_finished';
  return permafrost.refusal_answer(p_session_id, p_participant_id, -- Nor is anybody accused who was slower than another quorum.
      case when v_quorum is null and v_code not in ('session_finished', 'key_retired') then 'share_refused' end,
      v_code, v_reason, jsonb_build_object('quorum', p_quorum, 'signature_share', left(p_signature_share, 1024)))
    || case when v_signature is null then '{}' else jsonb_build_object('final_signature', v_signature) end;
end;
$function$;

revoke all on function permafrost.record_signature_share(text,text,text,integer,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_signature_share(text,text,text,integer,text) to service_role;

-- function permafrost.record_signature_shares(jsonb) ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_signature_shares(p_items jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.each_item(p_items, 'select case when $1 ? ''reason''
    then permafrost.record_refused_share($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''reason'', ($1 ->> ''quorum'')::integer, $1 ->> ''signature_share'')
    else permafrost.record_signature_share($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''signature_share'', ($1 ->> ''quorum'')::integer, $1 ->> ''final_signature'') end'::text);

revoke all on function permafrost.record_signature_shares(jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_signature_shares(jsonb) to service_role;

-- function permafrost.redact_predecessors(text,text,text) -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.redact_predecessors(p_family_id text, p_group_public_key text, p_except text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ids text[] := array(select c.ceremony_id from public.frost_key_ceremonies as c join public.frost_key_packages as k
      -- What was dealt in a reshare that failed is the same key, too.
      on k.key_package_id = case when c.status = 'completed' then c.key_package_id when c.kind = 'reshare' then c.current_key_package_id end
    where c.family_id = p_family_id and k.group_public_key = p_group_public_key and c.ceremony_id <> p_except
    order by 1);
begin
  update public.frost_ceremony_messages as m set payload = permafrost.redacted_payload(m.round, m.payload)
  where m.ceremony_id = any (v_ids) and m.payload <> permafrost.redacted_payload(m.round, m.payload);
  update public.frost_key_ceremonies as c set recovery_data = permafrost.redacted(to_jsonb(c.recovery_data)) #>> '{}',
    coordinator_messages = array(select jsonb_array_elements_text(permafrost.redacted(to_jsonb(c.coordinator_messages))))
  where c.ceremony_id = any (v_ids) and c.recovery_data <> permafrost.redacted(to_jsonb(c.recovery_data)) #>> '{}';
end;
$function$;

comment on function permafrost.redact_predecessors(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Replaces the ciphertexts of all earlier ceremonies of a group key by their digests.';

revoke all on function permafrost.redact_predecessors(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.redacted(jsonb) -------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.redacted(p_value jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case jsonb_typeof(p_value)
    when 'array' then (select coalesce(jsonb_agg(permafrost.redacted(e) order by n), '[]') from jsonb_array_elements(p_value) with ordinality as u (e, n))
    when 'object' then (select coalesce(jsonb_object_agg(key, permafrost.redacted(value)), '{}') from jsonb_each(p_value))
    when 'string' then to_jsonb(case when p_value #>> '{}' ~ '^sha256:[0-9a-f]{64}$' then p_value #>> '{}'
      else 'sha256:' || encode(sha256(convert_to(p_value #>> '{}', 'UTF8')), 'hex') end)
    else p_value end;
end;
$function$;

comment on function permafrost.redacted(pg_catalog.jsonb) is
  'Each text in it replaced by "sha256:" and its SHA-256 in hex; what is redacted stays as it is.';

revoke all on function permafrost.redacted(jsonb) from public, anon, authenticated, service_role;

-- function permafrost.redacted_payload(integer,jsonb) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.redacted_payload(p_round integer, p_payload jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case when p_payload ? 'ciphertexts' then jsonb_set(p_payload, '{ciphertexts}', permafrost.redacted(p_payload -> 'ciphertexts'))
    when p_round = 1 and p_payload ? 'message' then jsonb_set(p_payload, '{message}', permafrost.redacted(p_payload -> 'message'))
    else p_payload end;
end;
$function$;

comment on function permafrost.redacted_payload(integer,pg_catalog.jsonb) is
  'A payload with the digests of its ciphertexts in their place.';

revoke all on function permafrost.redacted_payload(integer,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.refusal_answer(text,text,text,text,text,jsonb) ------------------------------
CREATE OR REPLACE FUNCTION permafrost.refusal_answer(p_session_id text, p_participant_id text, p_event text, p_code text, p_reason text, p_detail jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_session_id;
begin
  if v_session.session_id is not null and p_event is not null then
    perform permafrost.log_refusal('session', p_session_id, v_session.family_id, p_event, p_participant_id,
      p_detail || jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000)));
  end if;
  perform set_config('response.status', permafrost.http_status_of(p_code)::text, true);
  return jsonb_build_object('accepted', false, 'code', p_code, 'error', p_reason);
end;
$function$;

comment on function permafrost.refusal_answer(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Records a refusal as p_event (null: as none), sets response.status, and returns {accepted: false, code, error}.';

revoke all on function permafrost.refusal_answer(text,text,text,text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.refuse(text,text,text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.refuse(p_code text, p_message text, p_detail text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_detail is null then
    raise exception using errcode = 'PT' || permafrost.http_status_of(p_code), hint = p_code, message = p_message;
  end if;
  raise exception using errcode = 'PT' || permafrost.http_status_of(p_code), hint = p_code, message = p_message, detail = p_detail;
end;
$function$;

comment on function permafrost.refuse(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Raises the refusal p_code (SQLSTATE PT and its status, the code as hint). Never returns.';

revoke all on function permafrost.refuse(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.refuse_finished(text,text,text) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.refuse_finished(p_noun text, p_status text, p_error_message text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_error_message = 'key_retired' then
    perform permafrost.refuse('key_retired', format('The key of this %s is retired', p_noun));
  elsif p_error_message = 'restored' then
    perform permafrost.refuse('session_finished', format('The %s was open before this database was restored, and has failed', p_noun));
  end if;
  perform permafrost.refuse('session_finished', format('The %s is %s', p_noun, p_status));
end;
$function$;

comment on function permafrost.refuse_finished(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Refuses session_finished, or key_retired where that is why it failed.';

revoke all on function permafrost.refuse_finished(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.refuse_rate(text,bigint) ----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.refuse_rate(p_message text, p_retry_after_ms bigint)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform permafrost.refuse('rate_limited', p_message,
    jsonb_build_object('retry_after_ms', greatest(1, p_retry_after_ms))::text);
end;
$function$;

comment on function permafrost.refuse_rate(pg_catalog.text,bigint) is
  'Raises rate_limited; the detail of the error is {"retry_after_ms": …}.';

revoke all on function permafrost.refuse_rate(text,bigint) from public, anon, authenticated, service_role;

-- function permafrost.register_host_key(text,text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.register_host_key(p_family_id text, p_participant_id text, p_host_public_key text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_key public.frost_host_keys;
begin
  perform permafrost.check_identifier('family_id', p_family_id), permafrost.check_identifier('participant_id', p_participant_id);
  if not permafrost.is_hex(p_host_public_key) or length(p_host_public_key) <> 66 then
    perform permafrost.refuse('invalid_input', 'host_public_key must be 33 bytes in lower-case hex');
  end if;
  -- Ceremonies read these keys under the same turn.
  perform permafrost.lock_family_key(p_family_id);
  select * into v_key from public.frost_host_keys where family_id = p_family_id and host_public_key = p_host_public_key;
  if v_key.participant_id <> p_participant_id then
    perform permafrost.refuse('host_key_invalid', 'This host key is another guardian''s');
  elsif v_key.retired_at is not null then
    perform permafrost.refuse('host_key_invalid', 'This host key was retired: make a new one');
  elsif v_key.family_id is null then
    perform permafrost.check_rate('creations_per_minute', p_family_id, p_participant_id, permafrost.now_ms(),
      'Too many host keys were registered in this minute');
    update public.frost_host_keys set retired_at = permafrost.now_ms()
    where family_id = p_family_id and participant_id = p_participant_id and retired_at is null;
    insert into public.frost_host_keys (family_id, participant_id, host_public_key)
    values (p_family_id, p_participant_id, p_host_public_key)
    returning * into v_key;
  end if; -- else it is an exact retry
  return to_jsonb(v_key);
end;
$function$;

revoke all on function permafrost.register_host_key(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.register_host_key(text,text,text) to service_role;

-- function permafrost.register_key_package(text,text,integer,text[],text,text[],text[],text) ------
CREATE OR REPLACE FUNCTION permafrost.register_key_package(p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[], p_created_by text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_current public.frost_key_packages;
begin
  perform permafrost.check_identifier('family_id', p_family_id);
  perform permafrost.lock_family_key(p_family_id);
  select * into v_current from public.frost_key_packages
  where family_id = p_family_id and ciphersuite = p_ciphersuite and threshold = p_threshold
    and participants = p_participants and group_public_key = p_group_public_key
    and verifying_shares = p_verifying_shares and vss_commitment is not distinct from p_vss_commitment;
  -- An exact retry gets its answer again, and one that comes late does not undo a rotation.
  if v_current.retired_at is not null then
    perform permafrost.refuse('key_package_invalid',
      format('This package was registered before, as epoch %s, and is retired', v_current.epoch));
  elsif v_current.key_package_id is not null then
    return jsonb_build_object('key_package_id', v_current.key_package_id, 'epoch', v_current.epoch);
  end if;

  update public.frost_key_packages set retired_at = permafrost.now_ms()
  where family_id = p_family_id and retired_at is null;
  insert into public.frost_key_packages (family_id, epoch, ciphersuite, threshold, participants,
    group_public_key, verifying_shares, vss_commitment, created_by, exposed_at)
  values (p_family_id,
    1 + coalesce((select max(epoch) from public.frost_key_packages where family_id = p_family_id), 0),
    p_ciphersuite, p_threshold, p_participants,
    p_group_public_key, p_verifying_shares, p_vss_commitment, p_created_by,
    -- New shares of an exposed secret do not make it secret again.
    (select min(exposed_at) from public.frost_key_packages
      where family_id = p_family_id and group_public_key = p_group_public_key))
  returning * into v_current;
  return jsonb_build_object('key_package_id', v_current.key_package_id, 'epoch', v_current.epoch);
end;
$function$;

revoke all on function permafrost.register_key_package(text,text,integer,text[],text,text[],text[],text) from public, anon, authenticated, service_role;
grant execute on function permafrost.register_key_package(text,text,integer,text[],text,text[],text[],text) to service_role;

-- function permafrost.reject_recovery_share(text,text,text,text) ----------------------------------
CREATE OR REPLACE FUNCTION permafrost.reject_recovery_share(p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if v_request.status not in ('partial', 'ready') then
    if v_request.status = 'pending' then
      perform permafrost.refuse('round_open', 'No guardian has handed in a share yet');
    end if;
    perform permafrost.refuse_finished('request', v_request.status::text, v_request.error_message);
  end if;
  update public.sss_encrypted_shares set status = 'rejected'
  where request_id = p_request_id and guardian_id = p_guardian_id and status = 'submitted'
    and (p_ciphertext is null or ciphertext = p_ciphertext);
  if found then
    -- The event accuses: it names whose share it was and who says it is bad.
    perform permafrost.log_event('recovery', p_request_id, v_request.family_id, 'share_rejected', v_request.created_by,
      jsonb_build_object('guardian', p_guardian_id, 'reason', p_reason));
  elsif not exists (select from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = p_guardian_id) then
    perform permafrost.refuse('not_a_participant', 'This guardian has handed in no share');
  end if;
  return permafrost.request_progress(p_request_id);
end;
$function$;

revoke all on function permafrost.reject_recovery_share(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.reject_recovery_share(text,text,text,text) to authenticated;

-- function permafrost.request_progress(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.request_progress(p_request_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT jsonb_build_object('status', r.status, 'share_count', s.good, 'threshold_met', (s.good >= r.threshold)) AS jsonb_build_object
    FROM public.sss_signing_requests r,
     LATERAL ( SELECT count(*) AS good
            FROM public.sss_encrypted_shares
           WHERE ((sss_encrypted_shares.request_id = r.request_id) AND (sss_encrypted_shares.status = 'submitted'::text))) s
   WHERE (r.request_id = request_progress.p_request_id);
END;

comment on function permafrost.request_progress(pg_catalog.text) is
  'How far a request has come: status, share_count, threshold_met.';

revoke all on function permafrost.request_progress(text) from public, anon, authenticated, service_role;

-- function permafrost.request_summary(public.sss_signing_requests,bigint,integer) -----------------
CREATE OR REPLACE FUNCTION permafrost.request_summary(p_request public.sss_signing_requests, p_now bigint, p_live_from integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ended_by text := permafrost.ended_by(p_request.incarnation, p_live_from, p_request.key_package_id, p_request.expires_at);
  v_status public.sss_request_status := permafrost.status_now(p_request.status, p_request.expires_at, p_now, v_ended_by);
  v_declined jsonb := permafrost.declined('recovery', p_request.request_id);
  v_kind integer := (p_request.event_template ->> 'kind')::integer;
  v_submitted text[];
  v_rejected text[];
begin
  p_request.event_template := null;
  select coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'submitted'), '{}'),
    coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'rejected'), '{}')
  into v_submitted, v_rejected
  from public.sss_encrypted_shares as s where s.request_id = p_request.request_id;
  return (to_jsonb(p_request) - 'event_template') || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_request.error_message, v_ended_by) end,
    'event_kind', v_kind,
    'ciphersuite', (permafrost.ciphersuite_of(p_request.key_package_id)).ciphersuite,
    'warning', permafrost.key_warning(p_request.key_package_id),
    'submitted_guardians', v_submitted,
    'rejected_guardians', v_rejected,
    'missing_guardians', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_request.participants) with ordinality as u (p, n)
      where p <> all (v_submitted) and not v_declined ? p),
    'declined', v_declined,
    'is_expired', v_status = 'expired',
    'transcript_head', permafrost.transcript_head('recovery', p_request.request_id));
end;
$function$;

comment on function permafrost.request_summary(public.sss_signing_requests,bigint,integer) is
  'A recovery request as lists show it: its columns with the status that is true at p_now; of its template the kind alone.';

revoke all on function permafrost.request_summary(public.sss_signing_requests,bigint,integer) from public, anon, authenticated, service_role;

-- function permafrost.round_of(public.key_ceremony_status) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.round_of(p_status public.key_ceremony_status)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case p_status when 'round_one' then 1 when 'round_two' then 2 when 'confirming' then 3 end;
end;
$function$;

comment on function permafrost.round_of(public.key_ceremony_status) is
  'Which round is open; null for none.';

revoke all on function permafrost.round_of(public.key_ceremony_status) from public, anon, authenticated, service_role;

-- function permafrost.round_two_session(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.round_two_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
  v_ended_by text := permafrost.ended_by(v_session.incarnation, permafrost.live_from(), v_session.key_package_id, v_session.expires_at);
  v_status public.signing_session_status :=
    permafrost.status_now(v_session.status, v_session.expires_at, permafrost.now_ms(), v_ended_by);
  v_me text := permafrost.memberships() ->> v_session.family_id;
begin
  if not permafrost.is_operator() and v_me <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package',
      'This session was created without a key package: it is a dry run and is never signed');
  end if;
  if v_status = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  -- A signer whose share was recorded before the failure may read it back.
  if v_status = 'failed' and not exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.participant_id = v_me)
  then
    perform permafrost.refuse_finished('session', 'failed', coalesce(v_session.error_message, v_ended_by));
  end if;
  if v_session.status < 'signing' then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.round_two_session(pg_catalog.text) is
  'A session the caller takes part in, from signing on. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

revoke all on function permafrost.round_two_session(text) from public, anon, authenticated, service_role;

-- function permafrost.rule(text) ------------------------------------------------------------------
CREATE OR REPLACE PROCEDURE permafrost.rule(IN p_kind text)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $procedure$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_arguments text;
  v_trigger text;
begin
  -- What the triggers need of the kind's row is given to them, so that they need not look.
  v_arguments := format('%L, %L, %L, %L, %L, %L', v_kind.kind, v_kind.id_column, v_kind.noun, v_kind.method, v_kind.created_detail,
    v_kind.key_column);
  foreach v_trigger in array array['10_start before insert', '20_guard before update', '40_log after insert or update',
    '50_broadcast after insert or update', '90_forget after delete']
  loop
    execute format('create or replace trigger tg_%s__%s on %s for each row execute function permafrost.tg__%s(%s)',
      split_part(v_kind.relation, '.', 2), v_trigger, v_kind.relation, split_part(v_trigger, ' ', 1), v_arguments);
  end loop;

  -- One policy: several for one command are each evaluated on each row.
  drop policy if exists "Members read the events of what is theirs" on public.frost_events;
  execute format('create policy "Members read the events of what is theirs" on public.frost_events
    for select to authenticated
    using (family_id = any ((select permafrost.families())::text[]) and (
      actor = (select permafrost.memberships()) ->> family_id or subject = ''key'' or %s))',
    (select string_agg(format('subject = %L and exists (select from %s as t where t.%I = subject_id)',
      k.kind, k.relation, k.id_column), ' or ' order by k.kind) from permafrost.kinds as k
      where to_regclass(k.relation) is not null));
end;
$procedure$;

comment on procedure permafrost.rule(pg_catalog.text) is
  'Puts the table of a kind under the law (start, guard, log, broadcast, forget), and opens its events to whom it is open.';

revoke all on procedure permafrost.rule(text) from public, anon, authenticated, service_role;

-- function permafrost.self_check() ----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.self_check()
 RETURNS TABLE(check_name text, ok boolean, what_to_do text)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_sessions constant regclass := to_regclass('public.frost_signing_sessions');
  v_commitments constant regclass := to_regclass('public.frost_nonce_commitments');
  v_incarnation permafrost.incarnations := permafrost.incarnation_now();
  v_count bigint;
  v_realtime boolean := to_regclass('realtime.messages') is not null;
  v_cron boolean := exists (select from pg_extension where extname = 'pg_cron');
  v_jobs bigint;
begin
  -- Something that was made is gone or changed; of rights and policies, something may also have been added.
  return query
  with now as (select i.check_name, i.object, i.detail from permafrost.inventory_now() as i), made as (select i.* from permafrost.inventory as i),
  differences as (
    (select m.* from made as m except select n.* from now as n)
    union all
    (select n.* from now as n where n.check_name in ('rights', 'policies') except select m.* from made as m)
  )
  select c.name, count(d.object) = 0, case when count(d.object) > 0 then
    format(c.advice, (select string_agg(distinct x.object, ', ' order by x.object) from differences as x where x.check_name = c.name)) end
  from (values
    ('tables', 'These are missing, or without row level security; run the migrations again: %s'),
    ('policies', 'These are missing, changed or added; run the migrations again, and drop what is not theirs: %s'),
    ('triggers', 'These are missing, disabled or changed; enable them, or run the migrations again: %s'),
    ('functions', 'These are missing or changed; run the migrations again: %s'),
    ('search paths', 'These run with another search path than they were made with; run the migrations again: %s'),
    ('rights', 'These have other rights than the migrations gave; run the migrations again, and revoke what is not theirs: %s')
  ) as c (name, advice) left join differences as d on d.check_name = c.name
  group by c.name, c.advice;

  select count(*) into v_count from pg_index where indrelid in (v_sessions, v_commitments);
  return query select 'indexes', v_count = 10, case when v_count <> 10 then
    format('Sessions and commitments have %s indexes, not 10: run the migrations again, and drop what is not theirs', v_count) end;
  select count(*) into v_count from pg_policy where polrelid in (v_sessions, v_commitments);
  return query select 'session policies', v_count = 7, case when v_count <> 7 then
    format('Sessions and commitments have %s policies, not 7: run the migrations again, and drop what is not theirs', v_count) end;
  select count(*) into v_count from pg_proc where pronamespace = 'public'::regnamespace and proname like '%frost%';
  return query select 'routines', v_count = 3, case when v_count <> 3 then
    format('%s routines in public have frost in their name, not 3: drop what is not Permafrost''s', v_count) end;

  if v_cron then
    begin
      execute 'select count(*) from cron.job where jobname like ''permafrost_expire_%''' into v_jobs;
    exception when insufficient_privilege then
      v_jobs := null;
    end;
  end if;
  return query select 'cron', not v_cron or v_jobs = 3 is not false, case
    when not v_cron then 'Nothing to do. With the extension pg_cron, expired sessions would be marked every minute'
    when v_jobs is null then 'Nothing to do. This role may not see whether the jobs are there'
    when v_jobs <> 3 then 'Schedule the three jobs of the migration maintenance, as a role that may' end;
  v_count := (select count(*) from pg_policy where polrelid = to_regclass('realtime.messages') and polname like 'Members hear of their family%');
  return query select 'realtime', not v_realtime or v_count = 1, case
    when not v_realtime then 'Nothing to do. With Realtime, clients would hear of changes at once instead of asking'
    when v_count = 0 then 'Create the policy of the migration realtime, as the owner of realtime.messages' end;
  return query select 'incarnation', v_incarnation.incarnation = 1 or v_incarnation.reason = 'accepted'
      or v_incarnation.first_seen_at is not null and permafrost.now_ms() - v_incarnation.first_seen_at > 86400000,
    case when v_incarnation.incarnation > 1 and v_incarnation.reason <> 'accepted' then
      'This database was restored, moved or upgraded: what was open in it has failed. If it lost nothing, run select permafrost.accept_incarnation()' end;
end;
$function$;

comment on function permafrost.self_check() is
  'For operators: whether tables, indexes, policies, routines, rights, search paths, triggers, cron, realtime and incarnation are as they should be; each ok, or with what to do.';

revoke all on function permafrost.self_check() from public, anon, authenticated, service_role;

-- function permafrost.senders(public.frost_key_ceremonies,integer) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.senders(p_ceremony public.frost_key_ceremonies, p_round integer)
 RETURNS text[]
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case when p_ceremony.kind <> 'reshare' or p_round = 3 then p_ceremony.participants
    when p_round = 1 then p_ceremony.dealers else '{}' end;
end;
$function$;

comment on function permafrost.senders(public.frost_key_ceremonies,integer) is
  'Who sends a message in a round: dealers, or participants, or nobody.';

revoke all on function permafrost.senders(public.frost_key_ceremonies,integer) from public, anon, authenticated, service_role;

-- function permafrost.session_summary(public.frost_signing_sessions,bigint,integer) ---------------
CREATE OR REPLACE FUNCTION permafrost.session_summary(p_session public.frost_signing_sessions, p_now bigint, p_live_from integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_ended_by text := permafrost.ended_by(p_session.incarnation, p_live_from, p_session.key_package_id, p_session.expires_at);
  v_status public.signing_session_status := permafrost.status_now(p_session.status, p_session.expires_at, p_now, v_ended_by);
  v_kind integer := (p_session.event_template ->> 'kind')::integer;
  v_two_rounds boolean := p_session.mode = 'two_round';
  v_found record; -- in one statement, which a session of a list costs
begin
  p_session.event_template := null;
  select k.ciphersuite, permafrost.declined('session', p_session.session_id) as declined,
    case when k.exposed_at is not null then permafrost.key_warning(k.key_package_id) end as warning,
    permafrost.transcript_head('session', p_session.session_id) as head,
    array(select c.participant_id from public.frost_nonce_commitments as c
      where v_two_rounds and c.session_id = p_session.session_id) as committed,
    array(select s.participant_id from public.frost_signature_shares as s
      where v_two_rounds and s.session_id = p_session.session_id) as signed
  into v_found
  from (select) as one left join public.frost_key_packages as k on k.key_package_id = p_session.key_package_id;
  return (to_jsonb(p_session) - 'event_template') || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_session.error_message, v_ended_by) end,
    'event_kind', v_kind,
    'ciphersuite', v_found.ciphersuite,
    'warning', v_found.warning,
    -- Owed in the round that is open; once the signer set is frozen nobody owes a commitment.
    'missing_commitments', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_session.participants) with ordinality as u (p, n)
      where v_two_rounds and p_session.signers is null and p <> all (v_found.committed) and not v_found.declined ? p),
    'missing_signatures', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_session.signers) with ordinality as u (p, n) where v_two_rounds and p <> all (v_found.signed)),
    'declined', v_found.declined,
    'can_aggregate', v_status = 'aggregating',
    'is_expired', v_status = 'expired',
    'signable', p_session.key_package_id is not null,
    'signable_reason', case when p_session.key_package_id is null then 'no_key_package' end,
    'transcript_head', v_found.head);
end;
$function$;

comment on function permafrost.session_summary(public.frost_signing_sessions,bigint,integer) is
  'A session as lists show it: its columns with the status that is true at p_now, and what is missing to finish it; of its template the kind alone.';

revoke all on function permafrost.session_summary(public.frost_signing_sessions,bigint,integer) from public, anon, authenticated, service_role;

-- function permafrost.set_recovery_recipient(text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.set_recovery_recipient(p_request_id text, p_recipient_public_key text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  if p_recipient_public_key is null then
    perform permafrost.refuse('invalid_input', 'recipient_public_key must be 32 bytes of lower-case hex');
  end if;
  update public.sss_signing_requests set recipient_public_key = p_recipient_public_key
  where request_id = p_request_id
  returning * into v_request;
  return permafrost.request_answer(v_request);
end;
$function$;

revoke all on function permafrost.set_recovery_recipient(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.set_recovery_recipient(text,text) to authenticated;

-- function permafrost.share_answer(text,integer,text) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.share_answer(p_session_id text, p_quorum integer, p_final_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_shares jsonb;
  v_count integer;
begin
  select count(*), jsonb_object_agg(s.participant_id, s.signature_share) into v_count, v_shares
  from public.frost_signature_shares as s where s.session_id = p_session_id and s.quorum = p_quorum;
  select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
  if v_session.status = 'aggregating' and p_final_signature is not null and v_count = v_session.threshold then
    update public.frost_signing_sessions set status = 'completed', final_signature = p_final_signature
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'quorum', p_quorum,
    'signature_count', v_count,
    'threshold_met', v_count = v_session.threshold,
    'final_signature', v_session.final_signature
  ) || case when v_session.status = 'aggregating' and v_count = v_session.threshold
    then jsonb_build_object('signature_shares', v_shares) else '{}' end;
end;
$function$;

comment on function permafrost.share_answer(pg_catalog.text,integer,pg_catalog.text) is
  'What is answered of a share that is recorded; with the last one of a quorum its session completes.';

revoke all on function permafrost.share_answer(text,integer,text) from public, anon, authenticated, service_role;

-- function permafrost.share_quorum(public.frost_signing_sessions,text,text) -----------------------
CREATE OR REPLACE FUNCTION permafrost.share_quorum(p_session public.frost_signing_sessions, p_participant_id text, p_signature_share text)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_session.mode = 'two_round' then
    return 1;
  end if;
  return coalesce(
    (select min(s.quorum) from public.frost_signature_shares as s where s.session_id = p_session.session_id
      and s.participant_id = p_participant_id and s.signature_share = p_signature_share),
    (permafrost.asked_quorum(p_session, null, p_participant_id)).quorum);
end;
$function$;

comment on function permafrost.share_quorum(public.frost_signing_sessions,pg_catalog.text,pg_catalog.text) is
  'The quorum that a share is meant for: the participant''s first unanswered one. Refuses round_open.';

revoke all on function permafrost.share_quorum(public.frost_signing_sessions,text,text) from public, anon, authenticated, service_role;

-- function permafrost.shares_of(text,integer) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.shares_of(p_session_id text, p_quorum integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select coalesce(jsonb_object_agg(s.participant_id, s.signature_share), '{}')
    from public.frost_signature_shares as s where s.session_id = p_session_id and s.quorum = p_quorum);
end;
$function$;

comment on function permafrost.shares_of(pg_catalog.text,integer) is
  'The signature shares of a quorum, {participant: hex}.';

revoke all on function permafrost.shares_of(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.signing_metrics(interval,text,numeric,integer,integer,integer,integer) ------
CREATE OR REPLACE FUNCTION permafrost.signing_metrics(p_window interval, p_family_id text, p_failure_rate numeric, p_reuse_attempts integer, p_stuck_seconds integer, p_one_tap_sessions integer, p_proof_days integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_since bigint;
  v_statuses jsonb;
  v_by_hour jsonb;
  v_finished numeric;
  v_success_rate numeric;
  v_phases jsonb;
  v_reuse_attempts bigint;
  v_refused_shares jsonb;
  v_orphaned bigint;
  v_stuck bigint;
  v_ledger_size bigint;
  v_unrecorded bigint;
  v_restored integer;
  v_one_tap jsonb;
  v_unproven bigint;
begin
  if not permafrost.is_monitor() then
    raise insufficient_privilege using
      message = 'The metrics are for operators, and for users with the claim permafrost_operator: true';
  end if;
  if p_window is null or extract(epoch from p_window) not between 0.001 and 315576000
    or p_failure_rate is null or p_reuse_attempts is null or p_stuck_seconds is null
    or p_one_tap_sessions is null or p_proof_days is null
  then
    perform permafrost.refuse('invalid_input', 'A window is positive and at most 10 years, and thresholds are not null');
  end if;
  v_since := v_now - floor(1000 * extract(epoch from p_window))::bigint;

  with recent as (
    select s.status, s.created_at from public.frost_session_statuses as s
    where s.created_at >= v_since and (p_family_id is null or s.family_id = p_family_id)
  ), hours as (
    select date_trunc('hour', to_timestamp(created_at / 1000.0), 'UTC') as hour, status, count(*) as sessions
    from recent group by 1, 2
  )
  select
    (select jsonb_object_agg(status, sessions) from (
      select u.status, count(r.status) as sessions
      from unnest(enum_range(null::public.signing_session_status)) as u (status) left join recent as r using (status)
      group by 1) as counted),
    (select coalesce(jsonb_agg(jsonb_build_object('hour', hour, 'sessions', by_status) order by hour), '[]') from (
      select to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"') as hour, jsonb_object_agg(status, sessions) as by_status
      from hours group by 1) as counted)
  into v_statuses, v_by_hour;

  v_finished := (v_statuses ->> 'completed')::numeric + (v_statuses ->> 'failed')::numeric + (v_statuses ->> 'expired')::numeric;
  v_success_rate := round((v_statuses ->> 'completed')::numeric / nullif(v_finished, 0), 4);

  select jsonb_object_agg(phase, took) into v_phases from (
    select p.phase, jsonb_build_object(
      'median_ms', percentile_cont(0.5) within group (order by p.ms),
      'p95_ms', percentile_cont(0.95) within group (order by p.ms)) as took
    from public.frost_session_durations as d
    cross join lateral (values ('round_one', d.round_one_ms), ('round_two', d.round_two_ms),
      ('aggregation', d.aggregation_ms), ('total', d.total_ms)) as p (phase, ms)
    where d.created_at >= v_since and (p_family_id is null or d.family_id = p_family_id)
    group by p.phase) as phases;

  select count(*) into v_reuse_attempts from public.frost_refusals as r
  where r.event = 'commitment_refused' and r.code = 'nonce_reused' and r.occurred_at >= v_since and (p_family_id is null or r.family_id = p_family_id);
  select coalesce(jsonb_agg(to_jsonb(counted) order by counted.refused desc, counted.family_id, counted.participant_id), '[]')
  into v_refused_shares from (
    select r.family_id, r.participant_id, count(*) as refused from public.frost_refusals as r
    where r.event = 'share_refused' and r.occurred_at >= v_since and (p_family_id is null or r.family_id = p_family_id)
    group by 1, 2) as counted;

  select
    count(*) filter (where u.problem = 'orphaned'),
    count(*) filter (where u.problem = 'stuck' and u.for_ms > 1000 * p_stuck_seconds::bigint)
  into v_orphaned, v_stuck
  from public.frost_unhealthy_sessions as u
  where p_family_id is null or u.family_id = p_family_id;
  -- Past its limits a member's refusals are counted, but no longer recorded.
  select coalesce(sum(u.used), 0) into v_unrecorded from permafrost.usage as u
  where u.limit_name = 'unrecorded_refusals' and (p_family_id is null or u.family_id = p_family_id);
  -- Another database than the one before, which no operator has accepted: found in the window, or just now.
  select count(*) into v_restored
  from (select i.* from permafrost.incarnation_now() as i) as i
  where i.incarnation > 1 and i.reason <> 'accepted' and coalesce(i.first_seen_at, v_now) >= v_since;
  -- Of the families that use pools: how many more sessions would be one_tap now.
  select coalesce(jsonb_object_agg(k.family_id, permafrost.one_tap_sessions(k)), '{}') into v_one_tap
  from public.frost_key_packages as k
  where k.retired_at is null and (p_family_id is null or k.family_id = p_family_id)
    and exists (select from public.frost_nonce_pool as p where p.family_id = k.family_id and p.published_at >= v_since);
  -- Guardians who have not signed with their share for long, or never since it was dealt.
  select count(*) into v_unproven
  from permafrost.guardian_proofs as g join public.frost_key_packages as k using (key_package_id)
  where k.retired_at is null and (p_family_id is null or k.family_id = p_family_id)
    and coalesce(g.last_proved_at, k.created_at) < v_now - 86400000 * p_proof_days::bigint;
  select count(*) into v_ledger_size from permafrost.nonce_ledger as l
  where p_family_id is null or l.family_id = p_family_id;

  return jsonb_build_object(
    'since', v_since,
    'until', v_now,
    'family_id', p_family_id,
    'sessions', v_statuses,
    'sessions_by_hour', v_by_hour,
    'success_rate', v_success_rate,
    'failed', (v_statuses ->> 'failed')::bigint,
    'expired', (v_statuses ->> 'expired')::bigint,
    'phases', coalesce(v_phases, '{}'),
    'nonce_reuse_attempts', v_reuse_attempts,
    'refused_shares', v_refused_shares,
    'orphaned_sessions', v_orphaned,
    'stuck_sessions', v_stuck,
    'unrecorded_refusals', v_unrecorded,
    'ledger_size', v_ledger_size,
    'one_tap_sessions', v_one_tap,
    'unproven_guardians', v_unproven,
    'alerts', (select coalesce(jsonb_agg(jsonb_build_object('alert', a.alert, 'value', a.value, 'threshold', a.threshold)), '[]')
      from (values
        ('failure_rate', 1 - v_success_rate, p_failure_rate),
        ('nonce_reuse_attempts', v_reuse_attempts, p_reuse_attempts),
        -- Any session stuck longer than p_stuck_seconds is one too many.
        ('stuck_sessions', v_stuck, 1),
        ('restored, moved or upgraded', v_restored, 1),
        ('unproven_guardians', v_unproven, 1),
        -- The family with the emptiest pools.
        ('low_pools', (select min(value::bigint) from jsonb_each_text(v_one_tap)), p_one_tap_sessions)) as a (alert, value, threshold)
      where case when a.alert = 'low_pools' then a.value < a.threshold else a.value >= a.threshold end));
end;
$function$;

revoke all on function permafrost.signing_metrics(interval,text,numeric,integer,integer,integer,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.signing_metrics(interval,text,numeric,integer,integer,integer,integer) to authenticated, service_role;

-- function permafrost.signing_package(text,integer) -----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.signing_package(p_session_id text, p_quorum integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
    select jsonb_build_object(
      'session_id', s.session_id,
      'quorum', q.quorum,
      'family_id', s.family_id,
      'status', s.status,
      'ciphersuite', k.ciphersuite,
      'message', s.message_hash,
      'event_template', s.event_template,
      'event_type', s.event_type,
      'threshold', s.threshold,
      'expires_at', s.expires_at,
      'signers', q.signers,
      'commitments', permafrost.commitments_of(s.session_id, q.quorum),
      'transcript_head', permafrost.transcript_head('session', s.session_id),
      'key_package', to_jsonb(k))
    from public.frost_signing_sessions as s
    join public.frost_signing_quorums as q using (session_id)
    join public.frost_key_packages as k using (key_package_id)
    where s.session_id = p_session_id and q.quorum = p_quorum);
end;
$function$;

comment on function permafrost.signing_package(pg_catalog.text,integer) is
  'What a signer of a quorum needs for round two; null for a dry run.';

revoke all on function permafrost.signing_package(text,integer) from public, anon, authenticated, service_role;

-- function permafrost.status_now(anyenum,bigint,bigint,text) --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.status_now(p_status anyenum, p_expires_at bigint, p_now bigint, p_ended_by text)
 RETURNS anyenum
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case when p_status >= 'completed' then p_status
    when p_ended_by is not null then 'failed'
    when p_expires_at <= p_now then 'expired'
    else p_status end;
end;
$function$;

comment on function permafrost.status_now(pg_catalog.anyenum,bigint,bigint,pg_catalog.text) is
  'The status as it is true at p_now, whether or not a sweep has run.';

revoke all on function permafrost.status_now(anyenum,bigint,bigint,text) from public, anon, authenticated, service_role;

-- function permafrost.store_share_verification(text,jsonb,integer) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.store_share_verification(p_session_id text, p_verification jsonb, p_quorum integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  insert into permafrost.share_verifications (session_id, quorum, verification)
  select q.session_id, q.quorum, p_verification from public.frost_signing_quorums as q
  where q.session_id = p_session_id and q.quorum = p_quorum and q.signers is not null
  on conflict do nothing;
  return found;
end;
$function$;

revoke all on function permafrost.store_share_verification(text,jsonb,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.store_share_verification(text,jsonb,integer) to service_role;

-- function permafrost.submit_nonce_commitment(jsonb) ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.submit_nonce_commitment(p_item jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_item ->> 'session_id';
  v_suite record;
  v_reason text;
begin
  if v_session.session_id is null then
    perform permafrost.refuse('session_not_found', 'There is no such session, or the caller may not see it');
  end if;
  perform permafrost.check_claimed(p_item ->> 'participant_id', p_item ->> 'claimed');
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'This session was created without a key package: it is a dry run and is never signed');
  end if;
  v_suite := permafrost.ciphersuite_of(v_session.key_package_id);
  if not coalesce(p_item -> 'valid_suites' ? v_suite.ciphersuite, false) then
    v_reason := format('A nonce commitment must be two valid points of %s, hiding and binding, %s bytes of lower-case hex each',
      v_suite.ciphersuite, v_suite.element_bytes);
    perform permafrost.record_refused_commitment(v_session.session_id, p_item ->> 'participant_id', v_reason, p_item ->> 'nonce_commitment');
    return jsonb_build_object('accepted', false, 'code', 'commitment_invalid', 'error', v_reason);
  end if;
  return permafrost.record_nonce_commitment(v_session.session_id, p_item ->> 'participant_id', p_item ->> 'nonce_commitment');
end;
$function$;

comment on function permafrost.submit_nonce_commitment(pg_catalog.jsonb) is
  'record_nonce_commitment, with record_refused_commitment unless valid_suites has the session''s suite. Refuses session_not_found, not_a_participant, no_key_package.';

revoke all on function permafrost.submit_nonce_commitment(jsonb) from public, anon, authenticated, service_role;

-- function permafrost.submit_nonce_commitments(jsonb,jsonb,text) ----------------------------------
CREATE OR REPLACE FUNCTION permafrost.submit_nonce_commitments(p_memberships jsonb, p_items jsonb, p_participant_id text)
 RETURNS jsonb
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN permafrost.each_item((SELECT jsonb_agg(CASE WHEN (s.session_id IS NULL) THEN '{}'::jsonb ELSE (u.i || jsonb_build_object('participant_id', (submit_nonce_commitments.p_memberships ->> s.family_id), 'claimed', submit_nonce_commitments.p_participant_id)) END ORDER BY u.n) AS jsonb_agg FROM (jsonb_array_elements(submit_nonce_commitments.p_items) WITH ORDINALITY u(i, n) LEFT JOIN public.frost_signing_sessions s ON (((s.session_id = (u.i ->> 'session_id'::text)) AND (((submit_nonce_commitments.p_memberships ->> s.family_id) = s.created_by) OR ((submit_nonce_commitments.p_memberships ->> s.family_id) = ANY (s.participants))))))), 'select permafrost.submit_nonce_commitment($1)'::text);

revoke all on function permafrost.submit_nonce_commitments(jsonb,jsonb,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.submit_nonce_commitments(jsonb,jsonb,text) to service_role;

-- function permafrost.submit_recovery_share(text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.submit_recovery_share(p_request_id text, p_ciphertext text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
  v_me text := permafrost.memberships() ->> v_request.family_id;
  v_share public.sss_encrypted_shares;
  v_repeated boolean;
begin
  if v_me is null or v_me <> all (v_request.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  v_request := permafrost.lock_request(p_request_id);
  select * into v_share from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = v_me;
  v_repeated := coalesce(v_share.ciphertext in (p_ciphertext, permafrost.ciphertext_digest(p_ciphertext)), false);
  if v_share.status = 'submitted' and not v_repeated then
    perform permafrost.refuse('share_already_submitted', 'Another share was submitted before');
  end if;
  -- An exact retry gets the answer that is true now, and does not bring back what was rejected.
  if not v_repeated then
    -- Each leaves an event that every later one is counted with.
    perform permafrost.check_rate('recovery_shares_per_minute', v_request.family_id, v_me, permafrost.now_ms(),
      'Too many shares were handed in in this minute');
    insert into public.sss_encrypted_shares (request_id, guardian_id, ciphertext)
    values (p_request_id, v_me, p_ciphertext)
    -- After a rejection another may be handed in.
    on conflict (request_id, guardian_id) do update
      set ciphertext = excluded.ciphertext, status = 'submitted', created_at = excluded.created_at;
  end if;
  return permafrost.request_progress(p_request_id);
end;
$function$;

revoke all on function permafrost.submit_recovery_share(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.submit_recovery_share(text,text) to authenticated;

-- function permafrost.take_inventory() ------------------------------------------------------------
CREATE OR REPLACE PROCEDURE permafrost.take_inventory()
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 DELETE FROM permafrost.inventory;
 INSERT INTO permafrost.inventory (check_name, object, detail)  SELECT DISTINCT i.check_name,
             i.object,
             i.detail
            FROM permafrost.inventory_now() i(check_name, object, detail);
END;

comment on procedure permafrost.take_inventory() is
  'Writes down what there is. The last migration calls it.';

revoke all on procedure permafrost.take_inventory() from public, anon, authenticated, service_role;

-- function permafrost.telling_quorum(public.frost_signing_sessions) -------------------------------
CREATE OR REPLACE FUNCTION permafrost.telling_quorum(p_session public.frost_signing_sessions)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return case when p_session.mode = 'two_round' then 1
    when p_session.status in ('aggregating', 'completed') then (permafrost.full_quorum(p_session.session_id, p_session.threshold)).quorum end;
end;
$function$;

comment on function permafrost.telling_quorum(public.frost_signing_sessions) is
  'Whose commitments and shares a session''s answer shows; null while no quorum of several has finished.';

revoke all on function permafrost.telling_quorum(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- function permafrost.transcript_head(text,text) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.transcript_head(p_subject text, p_subject_id text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (select encode(h.digest, 'hex') from permafrost.event_heads as h
    where h.subject_id = p_subject_id and h.subject = p_subject);
end;
$function$;

comment on function permafrost.transcript_head(pg_catalog.text,pg_catalog.text) is
  'The digest of a subject''s last event, 64 hex characters.';

revoke all on function permafrost.transcript_head(text,text) from public, anon, authenticated, service_role;

-- function permafrost.visible_subject(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_subject(p_id text)
 RETURNS permafrost.kinds
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_kind permafrost.kinds := permafrost.kind_of(p_id);
  v_visible boolean := false;
begin
  if v_kind.kind is not null then
    execute format('select permafrost.may_see(t.family_id, t.created_by, %s) or $2 and permafrost.families() @> array[t.family_id]
      from %s as t where t.%I = $1', v_kind.taking_part, v_kind.relation, v_kind.id_column) into v_visible using p_id, v_kind.for_family;
  end if;
  if v_visible is not true then
    perform permafrost.refuse('session_not_found', 'There is no such session, request or ceremony, or the caller may not see it');
  end if;
  return v_kind;
end;
$function$;

comment on function permafrost.visible_subject(pg_catalog.text) is
  'The kind of something that the caller may see. Refuses session_not_found.';

revoke all on function permafrost.visible_subject(text) from public, anon, authenticated, service_role;

-- function permafrost.whose_act(public.frost_events) ----------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.whose_act(p_event public.frost_events)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return coalesce(p_event.actor, case when p_event.event not in ('failed', 'expired') then (
    select e.actor from public.frost_events as e
    where e.subject = p_event.subject and e.subject_id = p_event.subject_id and e.seq < p_event.seq and e.actor is not null
    order by e.seq desc limit 1) end);
end;
$function$;

comment on function permafrost.whose_act(public.frost_events) is
  'Who did it, or did what it followed from; null for nobody.';

revoke all on function permafrost.whose_act(public.frost_events) from public, anon, authenticated, service_role;

-- function permafrost.withdraw_nonce_commitments(text,text[]) -------------------------------------
CREATE OR REPLACE FUNCTION permafrost.withdraw_nonce_commitments(p_family_id text, p_nonce_commitments text[])
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_sessions text[];
  v_withdrawn integer;
  v_dead integer := 0;
begin
  perform permafrost.check_isolation(), permafrost.lock_family_key(p_family_id);
  select array_agg(distinct p.session_id order by p.session_id) into v_sessions
  from public.frost_nonce_pool as p join public.frost_nonce_commitments as c using (nonce_commitment)
  where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is not null and not c.nonce_used
    and (p_nonce_commitments is null or p.nonce_commitment = any (p_nonce_commitments));
  perform from public.frost_signing_sessions where session_id = any (v_sessions) order by session_id for update;
  with dead as (
    update public.frost_signing_quorums as q set status = 'abandoned'
    from public.frost_nonce_commitments as c
    where q.session_id = any (v_sessions) and q.bound and q.status = 'signing' and c.session_id = q.session_id and c.quorum = q.quorum
      and c.participant_id = v_me and not c.nonce_used
      and (p_nonce_commitments is null or c.nonce_commitment = any (p_nonce_commitments))
    returning 1)
  select count(*) into v_dead from dead;
  perform permafrost.fail_if_stuck(s, format('Too few are left: %s has lost its nonces', v_me))
  from public.frost_signing_sessions as s where s.session_id = any (v_sessions);
  update public.frost_nonce_pool as p set withdrawn_at = permafrost.now_ms()
  where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is null and p.withdrawn_at is null
    and (p_nonce_commitments is null or p.nonce_commitment = any (p_nonce_commitments));
  get diagnostics v_withdrawn = row_count;
  if v_withdrawn + v_dead > 0 then
    perform permafrost.log_event('pool', permafrost.pool_id(p_family_id, v_me), p_family_id, 'withdrawn', v_me,
      jsonb_build_object('withdrawn', v_withdrawn, 'dead', v_dead));
  end if;
  return jsonb_build_object('withdrawn', v_withdrawn, 'dead', v_dead);
end;
$function$;

revoke all on function permafrost.withdraw_nonce_commitments(text,text[]) from public, anon, authenticated, service_role;
grant execute on function permafrost.withdraw_nonce_commitments(text,text[]) to authenticated;

-- function public.advance_key_ceremony(text,integer,text,text,jsonb) ------------------------------
CREATE OR REPLACE FUNCTION public.advance_key_ceremony(p_ceremony_id text, p_round integer, p_coordinator_message text DEFAULT NULL::text, p_recovery_data text DEFAULT NULL::text, p_key_package jsonb DEFAULT NULL::jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.advance_key_ceremony(p_ceremony_id, p_round, p_coordinator_message, p_recovery_data, p_key_package) AS advance_key_ceremony;
END;

comment on function public.advance_key_ceremony(pg_catalog.text,integer,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Ends a round that has all its messages with what the caller computed from them: chilldkg''s message and recovery data; before confirming the key package ({group_public_key, verifying_shares, vss_commitment}). A round that has ended before is left alone. Returns as record_ceremony_message does. Refuses session_not_found, session_expired, round_open, invalid_transition, key_package_invalid.';

revoke all on function public.advance_key_ceremony(text,integer,text,text,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.advance_key_ceremony(text,integer,text,text,jsonb) to service_role;

-- function public.approve_key_package(text,text,text,text) ----------------------------------------
CREATE OR REPLACE FUNCTION public.approve_key_package(p_family_id text, p_key_package_digest text, p_participant_id text DEFAULT NULL::text, p_signature text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.approve_key_package(p_family_id, p_key_package_digest, p_participant_id, p_signature) AS approve_key_package;
END;

comment on function public.approve_key_package(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'A guardian of the current key, or without a participant an operator, lets the new key of a confirming dkg take its place; the caller has verified the signature. The same again changes nothing. Returns ceremony_id, status, received, missing, approvals_missing. Refuses session_not_found, session_expired, session_finished, key_retired, not_a_participant.';

revoke all on function public.approve_key_package(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.approve_key_package(text,text,text,text) to service_role;

-- function public.blame_in_ceremony(text,text,text,boolean,jsonb) ---------------------------------
CREATE OR REPLACE FUNCTION public.blame_in_ceremony(p_ceremony_id text, p_reporter text, p_against text, p_is_guilty boolean, p_evidence jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.blame_in_ceremony(p_ceremony_id, p_reporter, p_against, p_is_guilty, p_evidence) AS blame_in_ceremony;
END;

comment on function public.blame_in_ceremony(pg_catalog.text,pg_catalog.text,pg_catalog.text,boolean,pg_catalog.jsonb) is
  'Fails a ceremony by evidence that the caller has checked, and names who deviated: the accused, or a false accuser. Taken before the reporter''s confirmation. Returns the ceremony, with guilty. Refuses session_not_found, session_expired, session_finished, key_retired, not_a_participant, round_closed.';

revoke all on function public.blame_in_ceremony(text,text,text,boolean,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.blame_in_ceremony(text,text,text,boolean,jsonb) to service_role;

-- function public.cleanup_old_frost_signing_sessions(integer) -------------------------------------
CREATE OR REPLACE FUNCTION public.cleanup_old_frost_signing_sessions(retention_days integer DEFAULT 90)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.cleanup_old_frost_signing_sessions(retention_days) AS cleanup_old_frost_signing_sessions;
END;

comment on function public.cleanup_old_frost_signing_sessions(integer) is
  'Deletes finished sessions created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Pooled commitments go when what they could be bound to does. Events and the nonce ledger stay. Refuses invalid_input.';

revoke all on function public.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_frost_signing_sessions(integer) to service_role;

-- function public.cleanup_old_key_ceremonies(integer) ---------------------------------------------
CREATE OR REPLACE FUNCTION public.cleanup_old_key_ceremonies(retention_days integer DEFAULT 90)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.cleanup_old_key_ceremonies(retention_days) AS cleanup_old_key_ceremonies;
END;

comment on function public.cleanup_old_key_ceremonies(integer) is
  'As cleanup_old_frost_signing_sessions, for ceremonies that failed or expired; completed ones hold the recovery data of their key, and stay.';

revoke all on function public.cleanup_old_key_ceremonies(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_key_ceremonies(integer) to service_role;

-- function public.cleanup_old_sss_signing_requests(integer) ---------------------------------------
CREATE OR REPLACE FUNCTION public.cleanup_old_sss_signing_requests(retention_days integer DEFAULT 90)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.cleanup_old_sss_signing_requests(retention_days) AS cleanup_old_sss_signing_requests;
END;

comment on function public.cleanup_old_sss_signing_requests(integer) is
  'As cleanup_old_frost_signing_sessions, for recovery requests.';

revoke all on function public.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_sss_signing_requests(integer) to service_role;

-- function public.complete_recovery_request(text,text,text) ---------------------------------------
CREATE OR REPLACE FUNCTION public.complete_recovery_request(p_request_id text, p_participant_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.complete_recovery_request(p_request_id, p_participant_id, p_final_signature) AS complete_recovery_request;
END;

comment on function public.complete_recovery_request(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Completes a ready request, for its requester, with a signature the caller has verified under the group key; no ciphertext is kept. The same signature again gets the same answer. Refuses session_not_found, not_the_creator, round_open, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function public.complete_recovery_request(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.complete_recovery_request(text,text,text) to service_role;

-- function public.complete_signing_session(text,text) ---------------------------------------------
CREATE OR REPLACE FUNCTION public.complete_signing_session(p_session_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.complete_signing_session(p_session_id, p_final_signature) AS complete_signing_session;
END;

comment on function public.complete_signing_session(pg_catalog.text,pg_catalog.text) is
  'Completes an aggregating session with a signature the caller has verified under the group key; the same signature again gets the same answer. Refuses session_not_found, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function public.complete_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function public.complete_signing_session(text,text) to service_role;

-- function public.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) ----------
CREATE OR REPLACE FUNCTION public.create_key_ceremony(p_family_id text, p_kind text, p_threshold integer, p_participants text[], p_protocol text DEFAULT NULL::text, p_ciphersuite text DEFAULT NULL::text, p_dealers text[] DEFAULT NULL::text[], p_expiration_seconds integer DEFAULT 86400)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.create_key_ceremony(p_family_id, p_kind, p_threshold, p_participants, p_protocol, p_ciphersuite, p_dealers, p_expiration_seconds) AS create_key_ceremony;
END;

comment on function public.create_key_ceremony(pg_catalog.text,pg_catalog.text,integer,pg_catalog.text[],pg_catalog.text,pg_catalog.text,pg_catalog.text[],integer) is
  'Starts a ceremony, as a member or an operator: kind dkg or reshare. Returns it as get_key_ceremony does. Refuses not_in_family, invalid_input, invalid_transition (another one is open), participants_invalid, threshold_invalid, no_key_package, rate_limited.';

revoke all on function public.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) from public, anon, authenticated, service_role;
grant execute on function public.create_key_ceremony(text,text,integer,text[],text,text,text[],integer) to authenticated, service_role;

-- function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) --
CREATE OR REPLACE FUNCTION public.create_recovery_request(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb DEFAULT NULL::jsonb, p_event_type text DEFAULT NULL::text, p_use_case text DEFAULT NULL::text, p_recipient_public_key text DEFAULT NULL::text, p_expiration_seconds integer DEFAULT 86400)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.create_recovery_request(p_family_id, p_message_hash, p_participants, p_threshold, p_event_template, p_event_type, p_use_case, p_recipient_public_key, p_expiration_seconds) AS create_recovery_request;
END;

comment on function public.create_recovery_request(pg_catalog.text,pg_catalog.text,pg_catalog.text[],integer,pg_catalog.jsonb,pg_catalog.text,pg_catalog.text,pg_catalog.text,integer) is
  'Asks the guardians for their shares, to sign one message on the caller''s device. Returns the request as get_recovery_request does. Refuses not_in_family, no_key_package, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid, rate_limited.';

revoke all on function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) to authenticated;

-- function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) -------------
CREATE OR REPLACE FUNCTION public.create_signing_session(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb DEFAULT NULL::jsonb, p_event_type text DEFAULT NULL::text, p_expiration_seconds integer DEFAULT 300)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.create_signing_session(p_family_id, p_message_hash, p_participants, p_threshold, p_event_template, p_event_type, p_expiration_seconds) AS create_signing_session;
END;

comment on function public.create_signing_session(pg_catalog.text,pg_catalog.text,pg_catalog.text[],integer,pg_catalog.jsonb,pg_catalog.text,integer) is
  'Creates a session in a family of the caller''s, as the caller, and returns it as get_signing_session does. Refuses not_in_family, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid, rate_limited.';

revoke all on function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) to authenticated;

-- function public.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) --
CREATE OR REPLACE FUNCTION public.create_signing_sessions(p_family_id text, p_messages jsonb, p_participants text[], p_threshold integer, p_mode public.signing_mode DEFAULT 'two_round'::public.signing_mode, p_expiration_seconds integer DEFAULT 300)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.create_signing_sessions(p_family_id, p_messages, p_participants, p_threshold, p_mode, p_expiration_seconds) AS create_signing_sessions;
END;

comment on function public.create_signing_sessions(pg_catalog.text,pg_catalog.jsonb,pg_catalog.text[],integer,public.signing_mode,integer) is
  'Creates a session for each of 1 to 256 messages ([{message_hash, event_template?, event_type?}]; a single object is one session without a batch), all or none, in one mode: one_tap where the pools suffice, else robust. Returns mode, batch_id, short ({participant: commitments that its pool lacks}), quorums of the first, sessions ([{session_id, status, expires_at, warning}]). Refuses as create_signing_session.';

revoke all on function public.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) from public, anon, authenticated, service_role;
grant execute on function public.create_signing_sessions(text,jsonb,text[],integer,public.signing_mode,integer) to authenticated;

-- function public.decline_signing_request(text,text) ----------------------------------------------
CREATE OR REPLACE FUNCTION public.decline_signing_request(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.decline_signing_request(p_session_id, p_reason) AS decline_signing_request;
END;

comment on function public.decline_signing_request(pg_catalog.text,pg_catalog.text) is
  'Says no to a session, a recovery request or a ceremony; it fails at once when too few are left. Returns method and status. Refuses session_not_found, not_a_participant, invalid_input, session_expired, session_finished, share_already_submitted, round_closed, invalid_transition.';

revoke all on function public.decline_signing_request(text,text) from public, anon, authenticated, service_role;
grant execute on function public.decline_signing_request(text,text) to authenticated;

-- function public.expire_old_frost_signing_sessions() ---------------------------------------------
CREATE OR REPLACE FUNCTION public.expire_old_frost_signing_sessions()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.expire_old_frost_signing_sessions() AS expire_old_frost_signing_sessions;
END;

comment on function public.expire_old_frost_signing_sessions() is
  'Marks unfinished sessions past their time as expired, and those of before a restore as failed, for five seconds at most; returns how many. 0 when none is left. Warns of a row that it had to skip.';

revoke all on function public.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_frost_signing_sessions() to service_role;

-- function public.expire_old_key_ceremonies() -----------------------------------------------------
CREATE OR REPLACE FUNCTION public.expire_old_key_ceremonies()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.expire_old_key_ceremonies() AS expire_old_key_ceremonies;
END;

comment on function public.expire_old_key_ceremonies() is
  'As expire_old_frost_signing_sessions, for ceremonies.';

revoke all on function public.expire_old_key_ceremonies() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_key_ceremonies() to service_role;

-- function public.expire_old_sss_signing_requests() -----------------------------------------------
CREATE OR REPLACE FUNCTION public.expire_old_sss_signing_requests()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.expire_old_sss_signing_requests() AS expire_old_sss_signing_requests;
END;

comment on function public.expire_old_sss_signing_requests() is
  'As expire_old_frost_signing_sessions, for recovery requests.';

revoke all on function public.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_sss_signing_requests() to service_role;

-- function public.fail_key_ceremony(text,text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION public.fail_key_ceremony(p_ceremony_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.fail_key_ceremony(p_ceremony_id, p_reason) AS fail_key_ceremony;
END;

comment on function public.fail_key_ceremony(pg_catalog.text,pg_catalog.text) is
  'Fails an unfinished ceremony of the caller''s own making, or as an operator any, and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished, key_retired.';

revoke all on function public.fail_key_ceremony(text,text) from public, anon, authenticated, service_role;
grant execute on function public.fail_key_ceremony(text,text) to authenticated, service_role;

-- function public.fail_recovery_request(text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION public.fail_recovery_request(p_request_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.fail_recovery_request(p_request_id, p_reason) AS fail_recovery_request;
END;

comment on function public.fail_recovery_request(pg_catalog.text,pg_catalog.text) is
  'Fails an unfinished request of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function public.fail_recovery_request(text,text) from public, anon, authenticated, service_role;
grant execute on function public.fail_recovery_request(text,text) to authenticated;

-- function public.fail_signing_session(text,text) -------------------------------------------------
CREATE OR REPLACE FUNCTION public.fail_signing_session(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.fail_signing_session(p_session_id, p_reason) AS fail_signing_session;
END;

comment on function public.fail_signing_session(pg_catalog.text,pg_catalog.text) is
  'Fails an unfinished session of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function public.fail_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function public.fail_signing_session(text,text) to authenticated;

-- function public.frost_signing_metrics(interval,text,numeric,integer,integer,integer,integer) ----
CREATE OR REPLACE FUNCTION public.frost_signing_metrics(p_window interval DEFAULT '24:00:00'::interval, p_family_id text DEFAULT NULL::text, p_failure_rate numeric DEFAULT 0.25, p_reuse_attempts integer DEFAULT 1, p_stuck_seconds integer DEFAULT 60, p_one_tap_sessions integer DEFAULT 3, p_proof_days integer DEFAULT 90)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.signing_metrics(p_window, p_family_id, p_failure_rate, p_reuse_attempts, p_stuck_seconds, p_one_tap_sessions, p_proof_days) AS signing_metrics;
END;

comment on function public.frost_signing_metrics(interval,pg_catalog.text,numeric,integer,integer,integer,integer) is
  'Sessions created in the window by status and hour, success_rate (null without finished sessions), failed, expired, phases (median_ms, p95_ms), nonce_reuse_attempts, refused_shares by participant, orphaned_sessions, stuck_sessions, unrecorded_refusals (of the last two minutes), ledger_size, one_tap_sessions (how many more there could be now, by family), and alerts: failure rate, reuse attempts and sessions aggregating for longer than p_stuck_seconds, at or above their thresholds; fewer than p_one_tap_sessions left in a family that has pools; guardians of a current key who have not signed with it for p_proof_days (unproven_guardians); and that the database was restored, moved or upgraded. For operators and users with the claim permafrost_operator; 42501 for others. Refuses invalid_input.';

revoke all on function public.frost_signing_metrics(interval,text,numeric,integer,integer,integer,integer) from public, anon, authenticated, service_role;
grant execute on function public.frost_signing_metrics(interval,text,numeric,integer,integer,integer,integer) to authenticated, service_role;

-- function public.get_key_ceremony(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_key_ceremony(p_ceremony_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_key_ceremony(p_ceremony_id) AS get_key_ceremony;
END;

comment on function public.get_key_ceremony(pg_catalog.text) is
  'A ceremony of a family of the caller''s: all columns (coordinator_messages and recovery_data for those who take part), with round, received ({round: [participant]}), missing, declined, approvals_missing, params (of which params_id is the SHA-256), key_package with its epoch and key_package_digest from confirming on, from_key_package, is_expired, now (milliseconds), transcript_head. Refuses session_not_found.';

revoke all on function public.get_key_ceremony(text) from public, anon, authenticated, service_role;
grant execute on function public.get_key_ceremony(text) to authenticated, service_role;

-- function public.get_key_status(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_key_status(p_family_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_key_status(p_family_id) AS get_key_status;
END;

comment on function public.get_key_status(pg_catalog.text) is
  'The current key of a family of the caller''s: key_package and its key_package_digest; guardians ([{participant_id, host_public_key, last_proved_at, pooled}]); proven, whether each has signed with it; and what ends when it is retired: open_sessions, open_recoveries, pooled_commitments. Refuses not_in_family, no_key_package.';

revoke all on function public.get_key_status(text) from public, anon, authenticated, service_role;
grant execute on function public.get_key_status(text) to authenticated, service_role;

-- function public.get_nonce_pool(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_nonce_pool(p_family_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_nonce_pool(p_family_id) AS get_nonce_pool;
END;

comment on function public.get_nonce_pool(pg_catalog.text) is
  'The pools of a family of the caller''s: guardians (how many commitments each has left), one_tap_sessions (how many they would allow now), own (the caller''s that are left). Refuses not_in_family, no_key_package.';

revoke all on function public.get_nonce_pool(text) from public, anon, authenticated, service_role;
grant execute on function public.get_nonce_pool(text) to authenticated, service_role;

-- function public.get_recovery_data(uuid) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_recovery_data(p_key_package_id uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_recovery_data(p_key_package_id) AS get_recovery_data;
END;

comment on function public.get_recovery_data(pg_catalog.uuid) is
  'For a guardian of the key: what its share comes back from, with its host key: protocol, params (the JSON of which params_id is the SHA-256), recovery_data (chilldkg''s), messages ({round: {participant: payload}}; of chilldkg the confirmations), key_package, from_key_package. Not secret, and private to the guardians. Refuses session_not_found, no_key_package.';

revoke all on function public.get_recovery_data(uuid) from public, anon, authenticated, service_role;
grant execute on function public.get_recovery_data(uuid) to authenticated, service_role;

-- function public.get_recovery_request(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_recovery_request(p_request_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_recovery_request(p_request_id) AS get_recovery_request;
END;

comment on function public.get_recovery_request(pg_catalog.text) is
  'A recovery request the caller made or is a guardian of: all columns, with ciphersuite, key_package, submitted_guardians, rejected_guardians, missing_guardians, declined, is_expired, event_kind, warning, transcript_head, and encrypted_shares for its requester. Refuses session_not_found.';

revoke all on function public.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function public.get_recovery_request(text) to authenticated, service_role;

-- function public.get_share_checks(jsonb,text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_share_checks(p_items jsonb, p_participant_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_share_checks(p_items, p_participant_id) AS get_share_checks;
END;

comment on function public.get_share_checks(pg_catalog.jsonb,pg_catalog.text) is
  'get_share_verification for 1 to 256 items [{session_id, quorum?, signature_share?}], which without quorum are for the one that has recorded this very share, else for the first unanswered one (p_participant_id: who the client takes itself for): checks, in the order given, each judged alone ({code, error, final_signature?} where it is refused), with signing_package and key_package_id where the verification must be computed again; and key_packages by id.';

revoke all on function public.get_share_checks(jsonb,text) from public, anon, authenticated, service_role;
grant execute on function public.get_share_checks(jsonb,text) to authenticated;

-- function public.get_share_verification(text,integer) --------------------------------------------
CREATE OR REPLACE FUNCTION public.get_share_verification(p_session_id text, p_quorum integer DEFAULT NULL::integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_share_verification(p_session_id, p_quorum) AS get_share_verification;
END;

comment on function public.get_share_verification(pg_catalog.text,integer) is
  'For a signer of a quorum (null: the caller''s first unanswered one): quorum; verification and signer, what its share is checked with (null where they must be computed again); signature_share, what it has submitted; participant, who the caller is; threshold and signature_shares, what the quorum has. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open, not_a_signer.';

revoke all on function public.get_share_verification(text,integer) from public, anon, authenticated, service_role;
grant execute on function public.get_share_verification(text,integer) to authenticated;

-- function public.get_signing_package(text,integer) -----------------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_package(p_session_id text, p_quorum integer DEFAULT NULL::integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_signing_package(p_session_id, p_quorum) AS get_signing_package;
END;

comment on function public.get_signing_package(pg_catalog.text,integer) is
  'For participants, from signing on, everything round two takes, of one quorum (null: the caller''s first unanswered one): quorum, ciphersuite, message, event_template, threshold, signers, commitments, key_package, transcript_head. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

revoke all on function public.get_signing_package(text,integer) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_package(text,integer) to authenticated, service_role;

-- function public.get_signing_session(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_session(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_signing_session(p_session_id) AS get_signing_session;
END;

comment on function public.get_signing_session(pg_catalog.text) is
  'A session the caller created or takes part in: all columns, with quorums ([{quorum, signers, status, commitments, shares}]), nonce_commitments, signature_shares, missing_commitments, missing_signatures, declined, can_aggregate, is_expired, signable, signable_reason, event_kind, ciphersuite, warning, transcript_head. Refuses session_not_found.';

revoke all on function public.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_session(text) to authenticated, service_role;

-- function public.get_signing_sessions(text[],text,integer) ---------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_sessions(p_session_ids text[] DEFAULT NULL::text[], p_batch_id text DEFAULT NULL::text, p_after integer DEFAULT 0)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_signing_sessions(p_session_ids, p_batch_id, p_after) AS get_signing_sessions;
END;

comment on function public.get_signing_sessions(pg_catalog.text[],pg_catalog.text,integer) is
  'Several sessions as get_signing_session shows them, in pages under 256 KiB: those of up to 256 ids, or of a batch in the order of its messages, that the caller created or takes part in. Returns sessions, and next, the next page''s p_after, or null. Refuses invalid_input.';

revoke all on function public.get_signing_sessions(text[],text,integer) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_sessions(text[],text,integer) to authenticated;

-- function public.get_signing_work(text,text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_work(p_session_id text DEFAULT NULL::text, p_batch_id text DEFAULT NULL::text, p_after text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_signing_work(p_session_id, p_batch_id, p_after) AS get_signing_work;
END;

comment on function public.get_signing_work(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'What the caller may answer now, of one session, one batch, or all, in pages under 256 KiB: work ([{session_id, family_id, message, event_template, participants, threshold, expires_at, key_package_id, transcript_head, quorums: [{quorum, signers, commitments}]}]), key_packages by id, and next, the next page''s p_after, or null.';

revoke all on function public.get_signing_work(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_work(text,text,text) to authenticated;

-- function public.get_transcript(text,text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_transcript(p_subject text, p_subject_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.get_transcript(p_subject, p_subject_id) AS get_transcript;
END;

comment on function public.get_transcript(pg_catalog.text,pg_catalog.text) is
  'The events of a session, recovery or key in their order, with detail as the text that was hashed and digest as hex; transcript_head; and the key_package. What was refused, and from whom, is this server''s word. Refuses session_not_found.';

revoke all on function public.get_transcript(text,text) from public, anon, authenticated, service_role;
grant execute on function public.get_transcript(text,text) to authenticated, service_role;

-- function public.list_host_keys(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION public.list_host_keys(p_family_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.list_host_keys(p_family_id) AS list_host_keys;
END;

comment on function public.list_host_keys(pg_catalog.text) is
  'The host keys of a family''s guardians, by participant and newest first: [{participant_id, host_public_key, registered_at, retired_at}]. Refuses not_in_family.';

revoke all on function public.list_host_keys(text) from public, anon, authenticated, service_role;
grant execute on function public.list_host_keys(text) to authenticated, service_role;

-- function public.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) 
CREATE OR REPLACE FUNCTION public.list_key_ceremonies(p_family_id text DEFAULT NULL::text, p_status public.key_ceremony_status DEFAULT NULL::public.key_ceremony_status, p_awaiting_me boolean DEFAULT false, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL::bigint, p_before_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.list_key_ceremonies(p_family_id, p_status, p_awaiting_me, p_limit, p_before, p_before_id) AS list_key_ceremonies;
END;

comment on function public.list_key_ceremonies(pg_catalog.text,public.key_ceremony_status,boolean,integer,bigint,pg_catalog.text) is
  'An array of summaries of the ceremonies of the caller''s families, newest first, 1 to 500 of them; only those that wait for the caller''s message; the other parameters as of list_signing_sessions. Refuses invalid_input, not_in_family.';

revoke all on function public.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) from public, anon, authenticated, service_role;
grant execute on function public.list_key_ceremonies(text,public.key_ceremony_status,boolean,integer,bigint,text) to authenticated, service_role;

-- function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) 
CREATE OR REPLACE FUNCTION public.list_recovery_requests(p_status public.sss_request_status DEFAULT NULL::public.sss_request_status, p_awaiting_me boolean DEFAULT false, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL::bigint, p_before_id text DEFAULT NULL::text, p_family_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.list_recovery_requests(p_status, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id) AS list_recovery_requests;
END;

comment on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,pg_catalog.text,pg_catalog.text) is
  'An array of summaries of the caller''s recovery requests, newest first, 1 to 500 of them; parameters as of list_signing_sessions. Refuses invalid_input, not_in_family.';

revoke all on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) from public, anon, authenticated, service_role;
grant execute on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint,text,text) to authenticated, service_role;

-- function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) 
CREATE OR REPLACE FUNCTION public.list_signing_sessions(p_status public.signing_session_status DEFAULT NULL::public.signing_session_status, p_awaiting_me boolean DEFAULT false, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL::bigint, p_before_id text DEFAULT NULL::text, p_family_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.list_signing_sessions(p_status, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id) AS list_signing_sessions;
END;

comment on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,pg_catalog.text,pg_catalog.text) is
  'An array of summaries of the caller''s sessions, newest first, 1 to 500 of them: of one status; only those where the caller owes a commitment or a share, or can finish; before the last row''s created_at (milliseconds) and session_id; of one family. Refuses invalid_input, not_in_family.';

revoke all on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) from public, anon, authenticated, service_role;
grant execute on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint,text,text) to authenticated, service_role;

-- function public.mark_nonce_as_used(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION public.mark_nonce_as_used(p_nonce_commitment text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.mark_nonce_as_used(p_nonce_commitment) AS mark_nonce_as_used;
END;

comment on function public.mark_nonce_as_used(pg_catalog.text) is
  'Marks a commitment used; true for exactly one caller, false where it was used or is unknown.';

revoke all on function public.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function public.mark_nonce_as_used(text) to service_role;

-- function public.people_to_tell(bigint) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION public.people_to_tell(p_event_id bigint)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.people_to_tell(p_event_id) AS people_to_tell;
END;

comment on function public.people_to_tell(bigint) is
  'Whom an event is news for now: kind (awaits_you: it asks them, and they have not answered; done: to all but who finished it; withdrawn: it failed or expired, to those who were asked and had not answered), family_id, subject, id, participants, digest (of the event). Null where it is news for nobody: an event that is unknown, a day old, or overtaken.';

revoke all on function public.people_to_tell(bigint) from public, anon, authenticated, service_role;
grant execute on function public.people_to_tell(bigint) to service_role;

-- function public.publish_nonce_commitments(text,text,text[],text[]) ------------------------------
CREATE OR REPLACE FUNCTION public.publish_nonce_commitments(p_family_id text, p_participant_id text, p_nonce_commitments text[], p_valid_suites text[] DEFAULT NULL::text[])
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.publish_nonce_commitments(p_family_id, p_participant_id, p_nonce_commitments, p_valid_suites) AS publish_nonce_commitments;
END;

comment on function public.publish_nonce_commitments(pg_catalog.text,pg_catalog.text,pg_catalog.text[],pg_catalog.text[]) is
  'Puts 1 to 256 commitments, whose points the caller has found valid under p_valid_suites (null: under the family''s), into a guardian''s pool: accepted (exact repeats too), available; or accepted false, code, error. Refuses no_key_package, not_a_participant, invalid_input, commitment_invalid, rate_limited.';

revoke all on function public.publish_nonce_commitments(text,text,text[],text[]) from public, anon, authenticated, service_role;
grant execute on function public.publish_nonce_commitments(text,text,text[],text[]) to service_role;

-- function public.record_ceremony_message(text,text,integer,jsonb) --------------------------------
CREATE OR REPLACE FUNCTION public.record_ceremony_message(p_ceremony_id text, p_participant_id text, p_round integer, p_payload jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_ceremony_message(p_ceremony_id, p_participant_id, p_round, p_payload) AS record_ceremony_message;
END;

comment on function public.record_ceremony_message(pg_catalog.text,pg_catalog.text,integer,pg_catalog.jsonb) is
  'Records a message that the caller has verified; with the last confirmation the ceremony completes, and its key is the family''s current one. Returns status, received, missing, coordinator_message. Refuses session_not_found, not_a_participant, commitment_already_submitted, share_already_submitted, round_open, round_closed, session_finished, session_expired, key_retired, invalid_transition.';

revoke all on function public.record_ceremony_message(text,text,integer,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_ceremony_message(text,text,integer,jsonb) to service_role;

-- function public.record_nonce_commitment(text,text,text) -----------------------------------------
CREATE OR REPLACE FUNCTION public.record_nonce_commitment(p_session_id text, p_participant_id text, p_nonce_commitment text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_nonce_commitment(p_session_id, p_participant_id, p_nonce_commitment) AS record_nonce_commitment;
END;

comment on function public.record_nonce_commitment(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records a participant''s nonce commitment, whose points the caller has checked: accepted, status, quorum, nonce_count, threshold_met, and signing_package to the call that closed the quorum; or accepted false, code, error.';

revoke all on function public.record_nonce_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_nonce_commitment(text,text,text) to service_role;

-- function public.record_nonce_commitments(jsonb) -------------------------------------------------
CREATE OR REPLACE FUNCTION public.record_nonce_commitments(p_items jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_nonce_commitments(p_items) AS record_nonce_commitments;
END;

comment on function public.record_nonce_commitments(pg_catalog.jsonb) is
  'record_nonce_commitment for 1 to 256 items [{session_id, participant_id, nonce_commitment}], each judged alone: its answers in the order given.';

revoke all on function public.record_nonce_commitments(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_nonce_commitments(jsonb) to service_role;

-- function public.record_published_event(text,text) -----------------------------------------------
CREATE OR REPLACE FUNCTION public.record_published_event(p_session_id text, p_event_id text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_published_event(p_session_id, p_event_id) AS record_published_event;
END;

comment on function public.record_published_event(pg_catalog.text,pg_catalog.text) is
  'Records, once, under which id the event of a completed session or request was published; the same id again gets the same answer. Refuses session_not_found, session_expired, invalid_input, invalid_transition, event_mismatch, session_finished.';

revoke all on function public.record_published_event(text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_published_event(text,text) to authenticated;

-- function public.record_refused_ceremony_message(text,text,integer,text,jsonb) -------------------
CREATE OR REPLACE FUNCTION public.record_refused_ceremony_message(p_ceremony_id text, p_participant_id text, p_round integer, p_reason text, p_payload jsonb DEFAULT NULL::jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_refused_ceremony_message(p_ceremony_id, p_participant_id, p_round, p_reason, p_payload) AS record_refused_ceremony_message;
END;

comment on function public.record_refused_ceremony_message(pg_catalog.text,pg_catalog.text,integer,pg_catalog.text,pg_catalog.jsonb) is
  'Records that a participant''s message did not verify, and blames it where the message bears its host key''s signature: such a message is given, and kept as proof. Returns event_id, null past the limits of a member. Refuses session_not_found, session_expired.';

revoke all on function public.record_refused_ceremony_message(text,text,integer,text,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_ceremony_message(text,text,integer,text,jsonb) to service_role;

-- function public.record_refused_commitment(text,text,text,text) ----------------------------------
CREATE OR REPLACE FUNCTION public.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text, p_nonce_commitment text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_refused_commitment(p_session_id, p_participant_id, p_reason, p_nonce_commitment) AS record_refused_commitment;
END;

comment on function public.record_refused_commitment(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records the event that a participant''s nonce commitment is not two valid points, and returns its event_id (null past the limit). Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function public.record_refused_commitment(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_commitment(text,text,text,text) to service_role;

-- function public.record_refused_share(text,text,text,integer,text) -------------------------------
CREATE OR REPLACE FUNCTION public.record_refused_share(p_session_id text, p_participant_id text, p_reason text, p_quorum integer DEFAULT 1, p_signature_share text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_refused_share(p_session_id, p_participant_id, p_reason, p_quorum, p_signature_share) AS record_refused_share;
END;

comment on function public.record_refused_share(pg_catalog.text,pg_catalog.text,pg_catalog.text,integer,pg_catalog.text) is
  'Records the event that a participant''s share did not verify, with the share; fails an aggregating session in which that very share is recorded. Returns event_id (null past the limit) and status. Refuses session_not_found, not_a_participant, session_expired, invalid_input.';

revoke all on function public.record_refused_share(text,text,text,integer,text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_share(text,text,text,integer,text) to service_role;

-- function public.record_signature_share(text,text,text,integer,text) -----------------------------
CREATE OR REPLACE FUNCTION public.record_signature_share(p_session_id text, p_participant_id text, p_signature_share text, p_quorum integer DEFAULT NULL::integer, p_final_signature text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_signature_share(p_session_id, p_participant_id, p_signature_share, p_quorum, p_final_signature) AS record_signature_share;
END;

comment on function public.record_signature_share(pg_catalog.text,pg_catalog.text,pg_catalog.text,integer,pg_catalog.text) is
  'Records a signer''s share for a quorum (null: its first unanswered one), which the caller has verified, and with the last one completes the session with p_final_signature, which the caller has verified too: accepted, status, quorum, signature_count, threshold_met, final_signature, and signature_shares while aggregating; or accepted false, code, error.';

revoke all on function public.record_signature_share(text,text,text,integer,text) from public, anon, authenticated, service_role;
grant execute on function public.record_signature_share(text,text,text,integer,text) to service_role;

-- function public.record_signature_shares(jsonb) --------------------------------------------------
CREATE OR REPLACE FUNCTION public.record_signature_shares(p_items jsonb)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.record_signature_shares(p_items) AS record_signature_shares;
END;

comment on function public.record_signature_shares(pg_catalog.jsonb) is
  'record_signature_share for 1 to 256 items [{session_id, participant_id, signature_share, quorum?, final_signature?}], each judged alone: its answers in the order given. An item with a reason is one that did not verify: record_refused_share.';

revoke all on function public.record_signature_shares(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_signature_shares(jsonb) to service_role;

-- function public.register_host_key(text,text,text) -----------------------------------------------
CREATE OR REPLACE FUNCTION public.register_host_key(p_family_id text, p_participant_id text, p_host_public_key text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.register_host_key(p_family_id, p_participant_id, p_host_public_key) AS register_host_key;
END;

comment on function public.register_host_key(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Registers a guardian''s host key and retires the one before it; the caller has checked the proof. The same again gets the same answer. Refuses invalid_input, host_key_invalid, rate_limited.';

revoke all on function public.register_host_key(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.register_host_key(text,text,text) to service_role;

-- function public.register_key_package(text,text,integer,text[],text,text[],text[],text) ----------
CREATE OR REPLACE FUNCTION public.register_key_package(p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[] DEFAULT NULL::text[], p_created_by text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.register_key_package(p_family_id, p_ciphersuite, p_threshold, p_participants, p_group_public_key, p_verifying_shares, p_vss_commitment, p_created_by) AS register_key_package;
END;

comment on function public.register_key_package(pg_catalog.text,pg_catalog.text,integer,pg_catalog.text[],pg_catalog.text,pg_catalog.text[],pg_catalog.text[],pg_catalog.text) is
  'Registers a family''s key and retires the epoch before it, in one transaction. verifying_shares in the order of participants. The caller has checked the points. Refuses invalid_input, participants_invalid, threshold_invalid, key_package_invalid.';

revoke all on function public.register_key_package(text,text,integer,text[],text,text[],text[],text) from public, anon, authenticated, service_role;
grant execute on function public.register_key_package(text,text,integer,text[],text,text[],text[],text) to service_role;

-- function public.reject_recovery_share(text,text,text,text) --------------------------------------
CREATE OR REPLACE FUNCTION public.reject_recovery_share(p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.reject_recovery_share(p_request_id, p_guardian_id, p_reason, p_ciphertext) AS reject_recovery_share;
END;

comment on function public.reject_recovery_share(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'For the requester: a guardian''s share is bad; a ready request goes back to partial. With p_ciphertext only if that is the share, so that a retry that comes late does not reject the one after it. Returns status, share_count, threshold_met. Refuses session_not_found, not_the_creator, not_a_participant, round_open, session_finished, session_expired, invalid_input.';

revoke all on function public.reject_recovery_share(text,text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.reject_recovery_share(text,text,text,text) to authenticated;

-- function public.set_recovery_recipient(text,text) -----------------------------------------------
CREATE OR REPLACE FUNCTION public.set_recovery_recipient(p_request_id text, p_recipient_public_key text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.set_recovery_recipient(p_request_id, p_recipient_public_key) AS set_recovery_recipient;
END;

comment on function public.set_recovery_recipient(pg_catalog.text,pg_catalog.text) is
  'Sets, once, the one-time key that guardians encrypt to. Refuses session_not_found, not_the_creator, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function public.set_recovery_recipient(text,text) from public, anon, authenticated, service_role;
grant execute on function public.set_recovery_recipient(text,text) to authenticated;

-- function public.store_share_verification(text,jsonb,integer) ------------------------------------
CREATE OR REPLACE FUNCTION public.store_share_verification(p_session_id text, p_verification jsonb, p_quorum integer DEFAULT 1)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.store_share_verification(p_session_id, p_verification, p_quorum) AS store_share_verification;
END;

comment on function public.store_share_verification(pg_catalog.text,pg_catalog.jsonb,integer) is
  'Keeps what share checks of a quorum are made from; false where it was there already or round one is open.';

revoke all on function public.store_share_verification(text,jsonb,integer) from public, anon, authenticated, service_role;
grant execute on function public.store_share_verification(text,jsonb,integer) to service_role;

-- function public.submit_nonce_commitments(jsonb,jsonb,text) --------------------------------------
CREATE OR REPLACE FUNCTION public.submit_nonce_commitments(p_memberships jsonb, p_items jsonb, p_participant_id text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.submit_nonce_commitments(p_memberships, p_items, p_participant_id) AS submit_nonce_commitments;
END;

comment on function public.submit_nonce_commitments(pg_catalog.jsonb,pg_catalog.jsonb,pg_catalog.text) is
  'For a member whose token the caller has verified ({family: participant}; p_participant_id: who its client takes itself for): records 1 to 256 items [{session_id, nonce_commitment, valid_suites}], each judged alone: answers of record_nonce_commitment in the order given.';

revoke all on function public.submit_nonce_commitments(jsonb,jsonb,text) from public, anon, authenticated, service_role;
grant execute on function public.submit_nonce_commitments(jsonb,jsonb,text) to service_role;

-- function public.submit_recovery_share(text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION public.submit_recovery_share(p_request_id text, p_ciphertext text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.submit_recovery_share(p_request_id, p_ciphertext) AS submit_recovery_share;
END;

comment on function public.submit_recovery_share(pg_catalog.text,pg_catalog.text) is
  'For a guardian: its signing share, encrypted to the request''s key. Returns status, share_count, threshold_met. Refuses session_not_found, not_a_participant, session_expired, session_finished, round_open, round_closed, share_already_submitted, invalid_transition, invalid_input, rate_limited.';

revoke all on function public.submit_recovery_share(text,text) from public, anon, authenticated, service_role;
grant execute on function public.submit_recovery_share(text,text) to authenticated;

-- function public.withdraw_nonce_commitments(text,text[]) -----------------------------------------
CREATE OR REPLACE FUNCTION public.withdraw_nonce_commitments(p_family_id text, p_nonce_commitments text[] DEFAULT NULL::text[])
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
BEGIN ATOMIC
 SELECT permafrost.withdraw_nonce_commitments(p_family_id, p_nonce_commitments) AS withdraw_nonce_commitments;
END;

comment on function public.withdraw_nonce_commitments(pg_catalog.text,pg_catalog.text[]) is
  'Withdraws those of the caller''s pooled commitments that are not bound (null: all), and declares those that are bound and not answered dead: their quorums are abandoned. Returns withdrawn and dead. Refuses not_in_family.';

revoke all on function public.withdraw_nonce_commitments(text,text[]) from public, anon, authenticated, service_role;
grant execute on function public.withdraw_nonce_commitments(text,text[]) to authenticated;

-- view public.frost_refusals ----------------------------------------------------------------------
create view public.frost_refusals with (security_invoker=true) as
 SELECT event_id,
    family_id,
    subject_id AS session_id,
    actor AS participant_id,
    event,
    detail ->> 'code'::text AS code,
    occurred_at
   FROM public.frost_events e
  WHERE subject = 'session'::text AND (event = ANY (ARRAY['commitment_refused'::text, 'share_refused'::text]));

comment on view public.frost_refusals is
  'Commitments and shares that were refused, to whom and why.';

revoke all on table public.frost_refusals from public, anon, authenticated, service_role;
grant select on table public.frost_refusals to service_role;

-- view public.frost_session_durations -------------------------------------------------------------
create view public.frost_session_durations with (security_invoker=true) as
 SELECT session_id,
    family_id,
    created_at,
    signing_started_at - LEAST(created_at, signing_started_at) AS round_one_ms,
    aggregating_started_at - signing_started_at AS round_two_ms,
    completed_at - aggregating_started_at AS aggregation_ms,
    completed_at - LEAST(created_at, completed_at) AS total_ms
   FROM public.frost_signing_sessions s;

comment on view public.frost_session_durations is
  'How long each phase of a session took, in milliseconds; null for one not passed.';

revoke all on table public.frost_session_durations from public, anon, authenticated, service_role;
grant select on table public.frost_session_durations to service_role;

-- view public.frost_session_statuses --------------------------------------------------------------
create view public.frost_session_statuses with (security_invoker=true) as
 SELECT s.session_id,
    s.family_id,
    s.created_at,
        CASE
            WHEN s.status >= 'completed'::public.signing_session_status THEN s.status
            WHEN s.incarnation < (( SELECT permafrost.live_from() AS live_from)) OR k.retired_at < s.expires_at THEN 'failed'::public.signing_session_status
            WHEN s.expires_at <= (( SELECT permafrost.now_ms() AS now_ms)) THEN 'expired'::public.signing_session_status
            ELSE s.status
        END AS status
   FROM public.frost_signing_sessions s
     LEFT JOIN public.frost_key_packages k USING (key_package_id);

comment on view public.frost_session_statuses is
  'Each session with the status that is true now.';

revoke all on table public.frost_session_statuses from public, anon, authenticated, service_role;
grant select on table public.frost_session_statuses to service_role;

-- view public.frost_sessions_by_hour --------------------------------------------------------------
create view public.frost_sessions_by_hour with (security_invoker=true) as
 SELECT family_id,
    date_trunc('hour'::text, to_timestamp((created_at::numeric / 1000.0)::double precision)) AS hour,
    status,
    count(*) AS sessions
   FROM public.frost_session_statuses s
  GROUP BY family_id, (date_trunc('hour'::text, to_timestamp((created_at::numeric / 1000.0)::double precision))), status;

comment on view public.frost_sessions_by_hour is
  'Sessions created an hour, by family and the status that is true now.';

revoke all on table public.frost_sessions_by_hour from public, anon, authenticated, service_role;
grant select on table public.frost_sessions_by_hour to service_role;

-- view public.frost_unhealthy_sessions ------------------------------------------------------------
create view public.frost_unhealthy_sessions with (security_invoker=true) as
 SELECT s.session_id,
    s.family_id,
    s.created_at,
    'orphaned'::text AS problem,
    permafrost.now_ms() - s.expires_at AS for_ms
   FROM public.frost_signing_sessions s
  WHERE s.status < 'completed'::public.signing_session_status AND s.expires_at <= (( SELECT permafrost.now_ms() AS now_ms))
UNION ALL
 SELECT s.session_id,
    s.family_id,
    s.created_at,
    'stuck'::text AS problem,
    permafrost.now_ms() - s.aggregating_started_at AS for_ms
   FROM public.frost_signing_sessions s
  WHERE s.status = 'aggregating'::public.signing_session_status AND s.aggregating_started_at <= (( SELECT permafrost.now_ms() AS now_ms)) AND s.expires_at > (( SELECT permafrost.now_ms() AS now_ms));

comment on view public.frost_unhealthy_sessions is
  'orphaned: past its time, and no sweep has marked it. stuck: aggregating, its last caller gone perhaps; aggregate-signature finishes it.';

revoke all on table public.frost_unhealthy_sessions from public, anon, authenticated, service_role;
grant select on table public.frost_unhealthy_sessions to service_role;

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

alter table permafrost.ciphersuites enable row level security;

revoke all on table permafrost.ciphersuites from public, anon, authenticated, service_role;

-- function permafrost.now_ms() --------------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.now_ms()
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO ''
RETURN (floor((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric)))::bigint;

comment on function permafrost.now_ms() is
  'The time now in milliseconds since the Unix epoch.';

revoke all on function permafrost.now_ms() from public, anon, authenticated, service_role;
grant execute on function permafrost.now_ms() to authenticated, service_role;

-- function permafrost.tg__append_only() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__append_only()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  raise exception using errcode = 'PT409', hint = 'invalid_transition',
    message = format('%I.%I is append-only', tg_table_schema, tg_table_name);
end;
$function$;

revoke all on function permafrost.tg__append_only() from public, anon, authenticated, service_role;

-- table permafrost.nonce_ledger -------------------------------------------------------------------
create table permafrost.nonce_ledger (
  point_digest bytea not null,
  family_id text not null,
  session_id text not null,
  participant_id text not null,
  first_seen_at bigint default permafrost.now_ms() not null,
  constraint nonce_ledger_pkey PRIMARY KEY (point_digest),
  constraint nonce_ledger_point_digest_check CHECK (octet_length(point_digest) = 32)
);

comment on table permafrost.nonce_ledger is
  'SHA-256 of every nonce point ever accepted. Append-only; no foreign key, so that deleting a session does not free its nonces.';

alter table permafrost.nonce_ledger enable row level security;

revoke all on table permafrost.nonce_ledger from public, anon, authenticated, service_role;

CREATE TRIGGER tg_nonce_ledger__append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON permafrost.nonce_ledger FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__append_only();

-- function permafrost.current_family_id() ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.current_family_id()
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  return permafrost.claim('family_id');
end;
$function$;

comment on function permafrost.current_family_id() is
  'The family of the caller, or null.';

revoke all on function permafrost.current_family_id() from public, anon, authenticated, service_role;
grant execute on function permafrost.current_family_id() to authenticated;

-- function permafrost.tg_frost_key_packages__10_admit() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_suite permafrost.ciphersuites;
  v_point text;
begin
  select * into v_suite from permafrost.ciphersuites where ciphersuite = new.ciphersuite;
  if not found then
    perform permafrost.refuse('invalid_input', 'The ciphersuite is not one of those supported');
  end if;
  if not permafrost.is_identifier(new.family_id) then
    perform permafrost.refuse('invalid_input', 'The family id must be 1 to 255 characters, none of them control characters');
  end if;
  if not permafrost.is_participant_list(new.participants) then
    perform permafrost.refuse('participants_invalid', 'Participants must be 1 to 255 distinct identifiers');
  end if;
  if new.threshold is null or new.threshold < 2 or new.threshold > cardinality(new.participants) then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be from 2 to the number of participants');
  end if;
  if array_ndims(new.verifying_shares) is distinct from 1 or array_ndims(new.vss_commitment) <> 1
    or cardinality(new.verifying_shares) <> cardinality(new.participants)
    or cardinality(new.vss_commitment) <> new.threshold
  then
    perform permafrost.refuse('key_package_invalid',
      'There must be one verifying share a participant, and one VSS commitment a coefficient');
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

-- function permafrost.tg_frost_key_packages__freeze() ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_key_packages__freeze()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
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
  constraint frost_key_packages_ciphersuite_fkey FOREIGN KEY (ciphersuite) REFERENCES permafrost.ciphersuites(ciphersuite),
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
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)));

CREATE TRIGGER tg_frost_key_packages__10_admit BEFORE INSERT ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__10_admit();
CREATE TRIGGER tg_frost_key_packages__freeze BEFORE DELETE OR UPDATE ON public.frost_key_packages FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_key_packages__freeze();
CREATE TRIGGER tg_frost_key_packages__freeze_truncate BEFORE TRUNCATE ON public.frost_key_packages FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg_frost_key_packages__freeze();

-- function permafrost.current_participant_id() ----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.current_participant_id()
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  return coalesce(permafrost.claim('participant_id'),
    case when jsonb_typeof(permafrost.claims() -> 'sub') = 'string' then nullif(permafrost.claims() ->> 'sub', '') end);
end;
$function$;

comment on function permafrost.current_participant_id() is
  'The participant the caller is: the participant_id claim, else sub; null where there is neither.';

revoke all on function permafrost.current_participant_id() from public, anon, authenticated, service_role;
grant execute on function permafrost.current_participant_id() to authenticated;

-- function permafrost.tg__broadcast() -------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg__broadcast()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_row jsonb := to_jsonb(new);
begin
  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null
    or tg_op = 'UPDATE' and v_row ->> 'status' = to_jsonb(old) ->> 'status'
  then
    return null;
  end if;
  begin
    execute 'select realtime.send($1, $2, $3, $4)' using
      jsonb_build_object(
        'session_id', coalesce(v_row ->> 'session_id', v_row ->> 'request_id'),
        'method', tg_argv[0],
        'status', v_row ->> 'status'),
      'session_status', 'family:' || (v_row ->> 'family_id'), true;
  exception when others then
    raise warning 'The broadcast of a change of state failed: % %', sqlstate, sqlerrm;
  end;
  return null;
end;
$function$;

revoke all on function permafrost.tg__broadcast() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__10_admit() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_package public.frost_key_packages := permafrost.current_key_package(new.family_id);
begin
  if new.status <> 'pending' or num_nonnulls(new.final_signature, new.final_event_id, new.error_message,
    new.ready_at, new.completed_at, new.failed_at) > 0
  then
    perform permafrost.refuse('invalid_transition', 'A request starts pending, with nothing done yet');
  end if;
  if not (permafrost.is_identifier(new.request_id) and permafrost.is_identifier(new.family_id)
    and permafrost.is_identifier(new.created_by)) or char_length(new.use_case) > 255
  then
    perform permafrost.refuse('invalid_input', 'Identifiers and use cases must be 1 to 255 characters, none of them control characters');
  end if;
  perform permafrost.check_recipient(new.recipient_public_key);
  perform permafrost.check_request(new.required_guardians, new.threshold, new.message_hash,
    new.event_template, new.event_type);
  perform permafrost.check_times(new.created_at, new.expires_at);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  perform permafrost.check_against_key(v_package, new.required_guardians, new.threshold, new.message_hash);
  new.key_package_id := v_package.key_package_id;
  new.updated_at := new.created_at;
  return new;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__20_guard() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__20_guard()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_asked public.sss_signing_requests := new;
  v_shares bigint;
begin
  if new is not distinct from old then
    return old;
  end if;
  if old.status in ('completed', 'failed', 'expired') then
    -- A completed request may still learn, once, under which id its event was published.
    v_asked.final_event_id := old.final_event_id;
    if old.status = 'completed' and old.final_event_id is null and v_asked is not distinct from old then
      new.updated_at := v_now;
      return new;
    end if;
    perform permafrost.refuse('session_finished', format('The request is %s and does not change', old.status));
  end if;
  if new.status <> 'expired' and old.expires_at <= v_now then
    perform permafrost.refuse('session_expired', 'The request has expired');
  end if;
  if new.status = old.status then
    v_asked.recipient_public_key := null;
    if old.recipient_public_key is not null or v_asked is distinct from old then
      perform permafrost.refuse('invalid_transition', 'A request is fixed when it is created, its recipient once it is set');
    end if;
    perform permafrost.check_recipient(new.recipient_public_key);
    new.updated_at := v_now;
    return new;
  end if;

  v_asked.status := old.status;
  v_asked.final_signature := old.final_signature;
  v_asked.error_message := old.error_message;
  select count(*) into v_shares from public.sss_encrypted_shares
  where request_id = old.request_id and status = 'submitted';
  if v_asked is distinct from old
    or (new.status = 'completed') <> (new.final_signature is not null)
    or (new.status = 'failed') <> (coalesce(new.error_message, '') <> '')
    or not exists (select from permafrost.sss_request_transitions
      where from_status = old.status and to_status = new.status)
    or new.status = 'ready' and v_shares < old.threshold
    or new.status = 'partial' and (old.status = 'pending' and v_shares = 0 or old.status = 'ready' and v_shares >= old.threshold)
  then
    perform permafrost.refuse('invalid_transition', format('A request does not go from %s to %s so', old.status, new.status));
  end if;
  new.updated_at := v_now;
  case new.status
    when 'ready' then
      new.ready_at := coalesce(old.ready_at, v_now);
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
      new.completed_at := v_now;
    when 'failed' then
      new.failed_at := v_now;
    else
      null;
  end case;
  return new;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__20_guard() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__30_log() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__30_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if tg_op = 'INSERT' then
    perform permafrost.log_request_event(new, 'created', new.created_by);
  elsif new.status <> old.status then
    perform permafrost.log_request_event(new, new.status::text, null,
      case when new.status = 'failed' then jsonb_build_object('reason', new.error_message) else '{}' end);
  elsif new.final_event_id is distinct from old.final_event_id then
    perform permafrost.log_request_event(new, 'published', permafrost.current_participant_id(),
      jsonb_build_object('final_event_id', new.final_event_id));
  elsif new.recipient_public_key is distinct from old.recipient_public_key then
    perform permafrost.log_request_event(new, 'recipient_set', permafrost.current_participant_id());
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__30_log() from public, anon, authenticated, service_role;

-- function permafrost.tg_sss_signing_requests__50_forget() ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_signing_requests__50_forget()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  update public.sss_encrypted_shares set ciphertext = permafrost.ciphertext_digest(ciphertext)
  where request_id = new.request_id;
  return null;
end;
$function$;

revoke all on function permafrost.tg_sss_signing_requests__50_forget() from public, anon, authenticated, service_role;

-- table public.sss_signing_requests ---------------------------------------------------------------
create table public.sss_signing_requests (
  request_id text default gen_random_uuid()::text not null,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  use_case text,
  required_guardians text[] not null,
  threshold integer not null,
  recipient_public_key text,
  key_package_id uuid not null,
  created_by text not null,
  status public.sss_request_status default 'pending'::public.sss_request_status not null,
  final_signature text,
  final_event_id text,
  error_message text,
  created_at bigint default permafrost.now_ms() not null,
  updated_at bigint default permafrost.now_ms() not null,
  ready_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint default permafrost.now_ms() + 86400000 not null,
  constraint sss_signing_requests_pkey PRIMARY KEY (request_id),
  constraint sss_signing_requests_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id),
  constraint sss_signing_requests_completed_signed CHECK ((status = 'completed'::public.sss_request_status) = (final_signature IS NOT NULL)),
  constraint sss_signing_requests_failed_explained CHECK ((status = 'failed'::public.sss_request_status) = (error_message IS NOT NULL))
);

comment on table public.sss_signing_requests is
  'Requests to put the group secret together on the requester''s device and sign there. Times are milliseconds since the epoch.';
comment on column public.sss_signing_requests.message_hash is
  'What is signed, lower-case hex, as the ciphersuite takes it.';
comment on column public.sss_signing_requests.required_guardians is
  'Whose shares may be handed in.';
comment on column public.sss_signing_requests.threshold is
  'How many of them it takes: the key package''s threshold or more.';
comment on column public.sss_signing_requests.recipient_public_key is
  'The requester''s one-time key, x-only secp256k1, 32 bytes of lower-case hex. Set once. Guardians confirm it out of band.';
comment on column public.sss_signing_requests.ready_at is
  'When a threshold of shares was there first.';

CREATE INDEX sss_signing_requests_created_idx ON public.sss_signing_requests USING btree (created_at);
CREATE INDEX sss_signing_requests_family_idx ON public.sss_signing_requests USING btree (family_id, created_at DESC);
CREATE INDEX sss_signing_requests_open_idx ON public.sss_signing_requests USING btree (expires_at) WHERE (status = ANY (ARRAY['pending'::public.sss_request_status, 'partial'::public.sss_request_status, 'ready'::public.sss_request_status]));

alter table public.sss_signing_requests enable row level security;

revoke all on table public.sss_signing_requests from public, anon, authenticated, service_role;
grant select on table public.sss_signing_requests to authenticated, service_role;

create policy "Requesters and guardians read their requests" on public.sss_signing_requests
  for select to authenticated
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND (created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)) OR ((( SELECT permafrost.current_participant_id() AS current_participant_id)) = ANY (required_guardians))));

CREATE TRIGGER tg_sss_signing_requests__10_admit BEFORE INSERT ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_signing_requests__10_admit();
CREATE TRIGGER tg_sss_signing_requests__20_guard BEFORE UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_signing_requests__20_guard();
CREATE TRIGGER tg_sss_signing_requests__30_log AFTER INSERT OR UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_signing_requests__30_log();
CREATE TRIGGER tg_sss_signing_requests__40_broadcast AFTER INSERT OR UPDATE ON public.sss_signing_requests FOR EACH ROW EXECUTE FUNCTION permafrost.tg__broadcast('sss');
CREATE TRIGGER tg_sss_signing_requests__50_forget AFTER UPDATE ON public.sss_signing_requests FOR EACH ROW WHEN ((old.status = ANY (ARRAY['pending'::public.sss_request_status, 'partial'::public.sss_request_status, 'ready'::public.sss_request_status])) AND (new.status = ANY (ARRAY['completed'::public.sss_request_status, 'failed'::public.sss_request_status, 'expired'::public.sss_request_status]))) EXECUTE FUNCTION permafrost.tg_sss_signing_requests__50_forget();

-- table permafrost.request_declines ---------------------------------------------------------------
create table permafrost.request_declines (
  request_id text not null,
  participant_id text not null,
  reason text not null,
  declined_at bigint default permafrost.now_ms() not null,
  constraint request_declines_pkey PRIMARY KEY (request_id, participant_id),
  constraint request_declines_request_id_fkey FOREIGN KEY (request_id) REFERENCES public.sss_signing_requests(request_id) ON DELETE CASCADE
);

comment on table permafrost.request_declines is
  'Guardians who declined a recovery request. A decline is final.';

alter table permafrost.request_declines enable row level security;

revoke all on table permafrost.request_declines from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__10_admit() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_package public.frost_key_packages;
begin
  -- The policy says the same, after this trigger; but what is said below about a key is for its family alone.
  if not permafrost.is_operator() and (new.family_id, new.created_by) is distinct from
    (permafrost.current_family_id(), permafrost.current_participant_id())
  then
    raise insufficient_privilege using message = 'A session is created as oneself, in one''s own family';
  end if;
  if new.status <> 'pending' or num_nonnulls(new.signers, new.final_signature, new.final_event_id,
    new.error_message, new.nonce_collection_started_at, new.signing_started_at,
    new.aggregating_started_at, new.completed_at, new.failed_at) > 0
  then
    perform permafrost.refuse('invalid_transition', 'A session starts pending, with nothing done yet');
  end if;
  if not (permafrost.is_identifier(new.session_id) and permafrost.is_identifier(new.family_id)
    and permafrost.is_identifier(new.created_by))
  then
    perform permafrost.refuse('invalid_input', 'Identifiers must be 1 to 255 characters, none of them control characters');
  end if;
  -- One id is one thing: who declines or publishes does not say which kind it means.
  if permafrost.is_request(new.session_id) then
    perform permafrost.refuse('invalid_input', 'A recovery request has this id');
  end if;
  perform permafrost.check_request(new.participants, new.threshold, new.message_hash, new.event_template, new.event_type);
  perform permafrost.check_times(new.created_at, new.expires_at);
  v_package := permafrost.current_key_package(new.family_id);
  if v_package.key_package_id is not null then
    perform permafrost.check_against_key(v_package, new.participants, new.threshold, new.message_hash);
  elsif octet_length(new.message_hash) > 16384 then
    -- Without a key the session is a dry run, so that a new deployment can be smoke-tested: any text will do.
    perform permafrost.refuse('invalid_input', 'A message has 16,384 bytes at most');
  end if;
  new.key_package_id := v_package.key_package_id;
  new.updated_at := new.created_at;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__20_guard() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__20_guard()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_asked public.frost_signing_sessions := new;
begin
  if new is not distinct from old then
    return old;
  end if;
  if new.event_template = old.event_template then
    new.event_template := old.event_template; -- equal may still be spelled anew, as 1 and 1.0
  end if;
  if not permafrost.is_open(old.status) then
    -- A completed session may still learn, once, under which id its event was published.
    v_asked.final_event_id := old.final_event_id;
    if old.status = 'completed' and old.final_event_id is null and v_asked is not distinct from old then
      new.updated_at := v_now;
      return new;
    end if;
    perform permafrost.refuse('session_finished', format('The session is %s and does not change', old.status));
  end if;
  if not exists (select from permafrost.signing_session_transitions
    where from_status = old.status and to_status = new.status)
  then
    perform permafrost.refuse('invalid_transition', format('A session does not go from %s to %s', old.status, new.status));
  end if;

  if new.status <> 'expired' and old.expires_at <= v_now then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;

  -- An update may say where to, with what signature, and why it failed. All else stays as it was, or is
  -- filled in below.
  v_asked.status := old.status;
  v_asked.final_signature := old.final_signature;
  v_asked.error_message := old.error_message;
  v_asked.updated_at := old.updated_at;
  if v_asked is distinct from old then
    perform permafrost.refuse('invalid_transition', 'What is signed, by whom and until when is fixed when a session is created');
  end if;
  if (new.status = 'completed') <> (new.final_signature is not null)
    or (new.status = 'failed') <> (coalesce(new.error_message, '') <> '')
  then
    perform permafrost.refuse('invalid_transition', 'A session completes with a signature, and fails with a reason');
  end if;
  new.updated_at := v_now;
  case new.status
    when 'nonce_collection' then
      new.nonce_collection_started_at := v_now;
    when 'signing' then
      -- Round one closes: these sign, and nobody else, whatever comes after.
      new.signers := permafrost.committed_in_identifier_order(old);
      if cardinality(new.signers) is distinct from old.threshold then
        perform permafrost.refuse('invalid_transition', 'Round one closes with as many commitments as the threshold');
      end if;
      new.signing_started_at := v_now;
    when 'aggregating' then
      if (select count(*) from public.frost_signature_shares where session_id = old.session_id)
        <> cardinality(old.signers)
      then
        perform permafrost.refuse('invalid_transition', 'Aggregation starts with every signer''s share');
      end if;
      new.aggregating_started_at := v_now;
    when 'completed' then
      perform permafrost.check_final_signature(old.key_package_id, new.final_signature);
      new.completed_at := v_now;
    when 'failed' then
      new.failed_at := v_now;
    else
      null;
  end case;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__20_guard() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_signing_sessions__30_log() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signing_sessions__30_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if tg_op = 'INSERT' then
    -- The trail of a session that was cleaned up is not for whoever takes its id. Asked here, after any wait for
    -- the one that is just being cleaned up.
    if not permafrost.is_operator()
      and exists (select from public.frost_session_events where session_id = new.session_id)
    then
      perform permafrost.refuse('invalid_input', 'Another session had this id before');
    end if;
    perform permafrost.log_event(new, 'created', new.created_by,
      jsonb_build_object('signable', new.key_package_id is not null));
  elsif new.status <> old.status then
    case new.status
      when 'signing' then
        perform permafrost.log_event(new, 'round_one_closed', null, jsonb_build_object('signers', new.signers));
      when 'aggregating', 'completed', 'expired' then
        perform permafrost.log_event(new, new.status::text, null);
      when 'failed' then
        perform permafrost.log_event(new, 'failed', permafrost.current_participant_id(),
          jsonb_build_object('reason', new.error_message));
      else
        null;
    end case;
  elsif new.final_event_id is distinct from old.final_event_id then
    perform permafrost.log_event(new, 'published', permafrost.current_participant_id(),
      jsonb_build_object('final_event_id', new.final_event_id));
  end if;
  return null;
end;
$function$;

revoke all on function permafrost.tg_frost_signing_sessions__30_log() from public, anon, authenticated, service_role;

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
  status public.signing_session_status default 'pending'::public.signing_session_status not null,
  key_package_id uuid,
  signers text[],
  final_signature text,
  final_event_id text,
  error_message text,
  created_at bigint default permafrost.now_ms() not null,
  updated_at bigint default permafrost.now_ms() not null,
  nonce_collection_started_at bigint,
  signing_started_at bigint,
  aggregating_started_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint default permafrost.now_ms() + 300000 not null,
  constraint frost_signing_sessions_pkey PRIMARY KEY (session_id),
  constraint frost_signing_sessions_key_package_id_fkey FOREIGN KEY (key_package_id) REFERENCES public.frost_key_packages(key_package_id),
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
  'Who signs: those whose commitments closed round one, in FROST identifier order. Never changes.';
comment on column public.frost_signing_sessions.final_signature is
  'Lower-case hex, in the encoding the suite''s verifiers expect.';
comment on column public.frost_signing_sessions.final_event_id is
  'Id of the published event; set once, after completion.';

CREATE INDEX frost_signing_sessions_aggregating_idx ON public.frost_signing_sessions USING btree (aggregating_started_at) WHERE (status = 'aggregating'::public.signing_session_status);
CREATE INDEX frost_signing_sessions_awaiting_idx ON public.frost_signing_sessions USING gin (participants) WHERE (status = ANY (ARRAY['pending'::public.signing_session_status, 'nonce_collection'::public.signing_session_status, 'signing'::public.signing_session_status]));
CREATE INDEX frost_signing_sessions_created_idx ON public.frost_signing_sessions USING btree (created_at);
CREATE INDEX frost_signing_sessions_family_idx ON public.frost_signing_sessions USING btree (family_id, created_at DESC);
CREATE INDEX frost_signing_sessions_family_status_idx ON public.frost_signing_sessions USING btree (family_id, status, created_at DESC);
CREATE INDEX frost_signing_sessions_open_idx ON public.frost_signing_sessions USING btree (expires_at) WHERE (status = ANY (ARRAY['pending'::public.signing_session_status, 'nonce_collection'::public.signing_session_status, 'signing'::public.signing_session_status, 'aggregating'::public.signing_session_status]));

alter table public.frost_signing_sessions enable row level security;

revoke all on table public.frost_signing_sessions from public, anon, authenticated, service_role;
grant delete, insert, select, update on table public.frost_signing_sessions to service_role;
grant insert, select on table public.frost_signing_sessions to authenticated;

create policy "Creators and participants read their sessions" on public.frost_signing_sessions
  for select to authenticated
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND (created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)) OR ((( SELECT permafrost.current_participant_id() AS current_participant_id)) = ANY (participants))));
create policy "Creators update their sessions" on public.frost_signing_sessions
  for update to authenticated
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)))
  with check (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)));
create policy "Members create sessions as themselves" on public.frost_signing_sessions
  for insert to authenticated
  with check (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)));
create policy "The service manages all sessions" on public.frost_signing_sessions
  for all to service_role
  using (true)
  with check (true);

CREATE TRIGGER tg_frost_signing_sessions__10_admit BEFORE INSERT ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__10_admit();
CREATE TRIGGER tg_frost_signing_sessions__20_guard BEFORE UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__20_guard();
CREATE TRIGGER tg_frost_signing_sessions__30_log AFTER INSERT OR UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signing_sessions__30_log();
CREATE TRIGGER tg_frost_signing_sessions__40_broadcast AFTER INSERT OR UPDATE ON public.frost_signing_sessions FOR EACH ROW EXECUTE FUNCTION permafrost.tg__broadcast('frost');

-- table permafrost.session_declines ---------------------------------------------------------------
create table permafrost.session_declines (
  session_id text not null,
  participant_id text not null,
  reason text not null,
  declined_at bigint default permafrost.now_ms() not null,
  constraint session_declines_pkey PRIMARY KEY (session_id, participant_id),
  constraint session_declines_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE
);

comment on table permafrost.session_declines is
  'Participants who declined to sign a session. A decline is final.';

alter table permafrost.session_declines enable row level security;

revoke all on table permafrost.session_declines from public, anon, authenticated, service_role;

-- table permafrost.share_verifications ------------------------------------------------------------
create table permafrost.share_verifications (
  session_id text not null,
  verification jsonb not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint share_verifications_pkey PRIMARY KEY (session_id),
  constraint share_verifications_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE,
  constraint share_verifications_verification_check CHECK (COALESCE(jsonb_typeof(verification -> 'signers'::text), ''::text) = 'array'::text)
);

comment on table permafrost.share_verifications is
  'Per session, what every share check needs: group commitment, challenge, and each signer''s commitment share and interpolation coefficient. Public data; recomputed where it is missing.';

alter table permafrost.share_verifications enable row level security;

revoke all on table permafrost.share_verifications from public, anon, authenticated, service_role;

-- table permafrost.signing_session_transitions ----------------------------------------------------
create table permafrost.signing_session_transitions (
  from_status public.signing_session_status not null,
  to_status public.signing_session_status not null,
  constraint signing_session_transitions_pkey PRIMARY KEY (from_status, to_status)
);

comment on table permafrost.signing_session_transitions is
  'The legal edges of a signing session''s state.';

alter table permafrost.signing_session_transitions enable row level security;

revoke all on table permafrost.signing_session_transitions from public, anon, authenticated, service_role;

-- table permafrost.sss_request_transitions --------------------------------------------------------
create table permafrost.sss_request_transitions (
  from_status public.sss_request_status not null,
  to_status public.sss_request_status not null,
  constraint sss_request_transitions_pkey PRIMARY KEY (from_status, to_status)
);

comment on table permafrost.sss_request_transitions is
  'The legal edges of a recovery request''s state.';

alter table permafrost.sss_request_transitions enable row level security;

revoke all on table permafrost.sss_request_transitions from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_nonce_commitments__10_admit() --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_commitments__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(new.session_id);
  v_element_bytes integer;
  v_points bytea;
  v_half integer;
  v_hiding bytea;
  v_binding bytea;
begin
  if new.participant_id is null or new.participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if exists (select from public.frost_nonce_commitments
    where session_id = new.session_id and participant_id = new.participant_id)
  then
    perform permafrost.refuse('commitment_already_submitted', 'Another commitment was submitted before');
  end if;
  if not permafrost.is_open(v_session.status) then
    perform permafrost.refuse('session_finished', format('The session is %s', v_session.status));
  end if;
  -- The count looks past the status, for the rows of one statement that inserts several.
  if v_session.status not in ('pending', 'nonce_collection') or v_session.threshold <=
    (select count(*) from public.frost_nonce_commitments where session_id = new.session_id)
  then
    perform permafrost.refuse('round_closed', 'Round one is closed');
  end if;
  if exists (select from permafrost.session_declines
    where session_id = new.session_id and participant_id = new.participant_id)
  then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
  if not permafrost.is_hex(new.nonce_commitment) or new.nonce_used or new.used_at is not null then
    perform permafrost.refuse('invalid_input', 'A nonce commitment is lower-case hex, and starts unused');
  end if;

  v_points := decode(new.nonce_commitment, 'hex');
  v_half := octet_length(v_points) / 2;
  v_hiding := sha256(substr(v_points, 1, v_half));
  v_binding := sha256(substr(v_points, 1 + v_half));
  if v_session.key_package_id is not null then
    select c.element_bytes into strict v_element_bytes
    from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
    where k.key_package_id = v_session.key_package_id;
    if octet_length(v_points) <> 2 * v_element_bytes or v_hiding = v_binding then
      perform permafrost.refuse('commitment_invalid', 'A nonce commitment is two different points, hiding and binding');
    end if;
  elsif v_half not between 1 and 256 then -- a dry run has no curve to measure by: any two halves will do
    perform permafrost.refuse('commitment_invalid', 'A nonce commitment is two points, hiding and binding');
  end if;

  -- One statement, in digest order: two callers with the same points meet in the same order and queue,
  -- where opposite orders would deadlock.
  insert into permafrost.nonce_ledger (point_digest, family_id, session_id, participant_id)
  select distinct digest, v_session.family_id, new.session_id, new.participant_id
  from unnest(array[v_hiding, v_binding]) as digest
  order by digest;
  return new;
end;
$function$;

revoke all on function permafrost.tg_frost_nonce_commitments__10_admit() from public, anon, authenticated, service_role;

-- function permafrost.tg_frost_nonce_commitments__20_advance() ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_nonce_commitments__20_advance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.session_id;
  perform permafrost.log_event(v_session, 'commitment_accepted', new.participant_id);
  if v_session.status = 'pending' then
    update public.frost_signing_sessions set status = 'nonce_collection' where session_id = new.session_id;
  end if;
  if v_session.status in ('pending', 'nonce_collection') and v_session.threshold =
    (select count(*) from public.frost_nonce_commitments where session_id = new.session_id)
  then
    update public.frost_signing_sessions set status = 'signing' where session_id = new.session_id;
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
 SET search_path TO ''
AS $function$
begin
  if tg_op = 'DELETE' then
    -- The cascade deletes the session first; while the session stands, so do its commitments.
    if exists (select from public.frost_signing_sessions where session_id = old.session_id) then
      perform permafrost.refuse('invalid_transition', 'A commitment goes only with its session');
    end if;
    return old;
  end if;
  if to_jsonb(new) - '{nonce_used,used_at}'::text[] is distinct from to_jsonb(old) - '{nonce_used,used_at}'::text[]
    or old.nonce_used and not new.nonce_used
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
  participant_id text not null,
  nonce_commitment text not null,
  nonce_used boolean default false not null,
  created_at bigint default permafrost.now_ms() not null,
  used_at bigint,
  constraint frost_nonce_commitments_pkey PRIMARY KEY (session_id, participant_id),
  constraint unique_nonce_commitment UNIQUE (nonce_commitment),
  constraint frost_nonce_commitments_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.frost_signing_sessions(session_id) ON DELETE CASCADE,
  constraint frost_nonce_commitments_used_when_used CHECK (nonce_used = (used_at IS NOT NULL))
);

comment on table public.frost_nonce_commitments is
  'Round one of RFC 9591: one nonce commitment a participant and session. A plain insert drives the state machine as the RPC does.';
comment on column public.frost_nonce_commitments.nonce_commitment is
  'Hiding point, then binding point, lower-case hex: 132 characters on secp256k1.';
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
  WHERE s.session_id = frost_nonce_commitments.session_id AND s.family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND ((( SELECT permafrost.current_participant_id() AS current_participant_id)) = frost_nonce_commitments.participant_id OR (( SELECT permafrost.current_participant_id() AS current_participant_id)) = s.created_by))));
create policy "Participants commit for themselves" on public.frost_nonce_commitments
  for insert to authenticated
  with check (participant_id = (( SELECT permafrost.current_participant_id() AS current_participant_id)) AND (EXISTS ( SELECT
   FROM public.frost_signing_sessions s
  WHERE s.session_id = frost_nonce_commitments.session_id AND s.family_id = (( SELECT permafrost.current_family_id() AS current_family_id)))));
create policy "The service manages all commitments" on public.frost_nonce_commitments
  for all to service_role
  using (true)
  with check (true);

CREATE TRIGGER tg_frost_nonce_commitments__10_admit BEFORE INSERT ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__10_admit();
CREATE TRIGGER tg_frost_nonce_commitments__20_advance AFTER INSERT ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__20_advance();
CREATE TRIGGER tg_frost_nonce_commitments__freeze BEFORE DELETE OR UPDATE ON public.frost_nonce_commitments FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_nonce_commitments__freeze();

-- table public.frost_session_events ---------------------------------------------------------------
create table public.frost_session_events (
  event_id bigint generated always as identity not null,
  session_id text not null,
  family_id text not null,
  event text not null,
  actor text,
  detail jsonb default '{}'::jsonb not null,
  occurred_at bigint default permafrost.now_ms() not null,
  constraint frost_session_events_pkey PRIMARY KEY (event_id),
  constraint frost_session_events_event_check CHECK (event = ANY (ARRAY['created'::text, 'commitment_accepted'::text, 'commitment_refused'::text, 'round_one_closed'::text, 'share_accepted'::text, 'share_refused'::text, 'aggregating'::text, 'completed'::text, 'failed'::text, 'expired'::text, 'published'::text, 'declined'::text, 'nonce_marked'::text]))
);

comment on table public.frost_session_events is
  'Append-only record of what happened to sessions and of what was refused. Survives cleanup.';
comment on column public.frost_session_events.actor is
  'The participant who did it; null for the coordinator itself.';
comment on column public.frost_session_events.detail is
  'For a refusal: code and reason. Never a nonce, a share or a token.';
comment on column public.frost_session_events.occurred_at is
  'Milliseconds since the epoch.';

CREATE INDEX frost_session_events_event_idx ON public.frost_session_events USING btree (event, occurred_at);
CREATE INDEX frost_session_events_session_idx ON public.frost_session_events USING btree (session_id, event_id);

alter table public.frost_session_events enable row level security;

revoke all on sequence public.frost_session_events_event_id_seq from public, anon, authenticated, service_role;
revoke all on table public.frost_session_events from public, anon, authenticated, service_role;
grant select on table public.frost_session_events to authenticated, service_role;

create policy "Members read the events of their sessions" on public.frost_session_events
  for select to authenticated
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND (actor = (( SELECT permafrost.current_participant_id() AS current_participant_id)) OR (session_id IN ( SELECT s.session_id
   FROM public.frost_signing_sessions s))));

CREATE TRIGGER tg_frost_session_events__append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.frost_session_events FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__append_only();

-- function permafrost.tg_frost_signature_shares__10_admit() ---------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_frost_signature_shares__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(new.session_id);
  v_scalar_bytes integer;
begin
  if new.participant_id is null or new.participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if exists (select from public.frost_signature_shares
    where session_id = new.session_id and participant_id = new.participant_id)
  then
    perform permafrost.refuse('share_already_submitted', 'Another signature share was submitted before');
  end if;
  if not permafrost.is_open(v_session.status) then
    perform permafrost.refuse('session_finished', format('The session is %s', v_session.status));
  end if;
  if v_session.status in ('pending', 'nonce_collection') then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  if new.participant_id <> all (v_session.signers) then
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  if not exists (select from public.frost_nonce_commitments
    where session_id = new.session_id and participant_id = new.participant_id and not nonce_used)
  then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  if not permafrost.is_hex(new.signature_share) then
    perform permafrost.refuse('invalid_input', 'A signature share is lower-case hex');
  end if;
  select c.scalar_bytes into v_scalar_bytes
  from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
  where k.key_package_id = v_session.key_package_id;
  if length(new.signature_share) <> 2 * v_scalar_bytes then
    perform permafrost.refuse('share_invalid', format('A signature share has %s bytes', v_scalar_bytes));
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
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into strict v_session from public.frost_signing_sessions where session_id = new.session_id;
  -- Asked again here: an operator's mark may have been on its way when the share was admitted.
  update public.frost_nonce_commitments set nonce_used = true
  where session_id = new.session_id and participant_id = new.participant_id and not nonce_used;
  if not found then
    perform permafrost.refuse('nonce_reused', 'This commitment has been used');
  end if;
  perform permafrost.log_event(v_session, 'share_accepted', new.participant_id);
  if v_session.status = 'signing' and cardinality(v_session.signers) =
    (select count(*) from public.frost_signature_shares where session_id = new.session_id)
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
 SET search_path TO ''
AS $function$
begin
  -- The cascade deletes the commitment first; while the commitment stands, so does its share.
  if tg_op = 'DELETE' and not exists (select from public.frost_nonce_commitments
    where session_id = old.session_id and participant_id = old.participant_id)
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
  participant_id text not null,
  signature_share text not null,
  created_at bigint default permafrost.now_ms() not null,
  constraint frost_signature_shares_pkey PRIMARY KEY (session_id, participant_id),
  constraint frost_signature_shares_session_id_participant_id_fkey FOREIGN KEY (session_id, participant_id) REFERENCES public.frost_nonce_commitments(session_id, participant_id) ON DELETE CASCADE
);

comment on table public.frost_signature_shares is
  'Round two of RFC 9591: one verified signature share a signer. Written by record_signature_share only; never altered.';
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
  WHERE s.session_id = frost_signature_shares.session_id AND s.family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND ((( SELECT permafrost.current_participant_id() AS current_participant_id)) = frost_signature_shares.participant_id OR (( SELECT permafrost.current_participant_id() AS current_participant_id)) = s.created_by))));

CREATE TRIGGER tg_frost_signature_shares__10_admit BEFORE INSERT ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__10_admit();
CREATE TRIGGER tg_frost_signature_shares__20_advance AFTER INSERT ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__20_advance();
CREATE TRIGGER tg_frost_signature_shares__freeze BEFORE DELETE OR UPDATE ON public.frost_signature_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_frost_signature_shares__freeze();

-- function permafrost.tg_sss_encrypted_shares__10_admit() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.tg_sss_encrypted_shares__10_admit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests;
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'ciphertext' = to_jsonb(old) - 'ciphertext'
    and new.ciphertext in (old.ciphertext, permafrost.ciphertext_digest(old.ciphertext))
    and exists (select from public.sss_signing_requests
      where request_id = old.request_id and status in ('completed', 'failed', 'expired'))
  then
    return new;
  end if;
  v_request := permafrost.lock_request(new.request_id);
  if v_request.status in ('completed', 'failed') then
    perform permafrost.refuse('session_finished', format('The request is %s', v_request.status));
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
  if new.guardian_id <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if v_request.status = 'ready' then
    perform permafrost.refuse('round_closed', 'Enough shares are there already');
  end if;
  if v_request.recipient_public_key is null then
    perform permafrost.refuse('round_open', 'The requester has not set the key to encrypt to');
  end if;
  if exists (select from permafrost.request_declines where request_id = new.request_id and participant_id = new.guardian_id) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
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
 SET search_path TO ''
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
    perform permafrost.log_request_event(v_request, 'share_submitted', new.guardian_id, jsonb_build_object(
      'key_package_id', v_request.key_package_id, 'requester', v_request.created_by));
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
 SET search_path TO ''
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
  WHERE r.request_id = sss_encrypted_shares.request_id AND r.family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND r.created_by = (( SELECT permafrost.current_participant_id() AS current_participant_id)) AND (r.status = ANY (ARRAY['partial'::public.sss_request_status, 'ready'::public.sss_request_status])) AND r.expires_at > (( SELECT permafrost.now_ms() AS now_ms)))));

CREATE TRIGGER tg_sss_encrypted_shares__10_admit BEFORE INSERT OR UPDATE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__10_admit();
CREATE TRIGGER tg_sss_encrypted_shares__20_advance AFTER INSERT OR UPDATE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__20_advance();
CREATE TRIGGER tg_sss_encrypted_shares__freeze BEFORE DELETE ON public.sss_encrypted_shares FOR EACH ROW EXECUTE FUNCTION permafrost.tg_sss_encrypted_shares__freeze();

-- table public.sss_request_events -----------------------------------------------------------------
create table public.sss_request_events (
  event_id bigint generated always as identity not null,
  request_id text not null,
  family_id text not null,
  event text not null,
  actor text,
  detail jsonb default '{}'::jsonb not null,
  occurred_at bigint default permafrost.now_ms() not null,
  constraint sss_request_events_pkey PRIMARY KEY (event_id),
  constraint sss_request_events_event_check CHECK (event = ANY (ARRAY['created'::text, 'recipient_set'::text, 'share_submitted'::text, 'share_rejected'::text, 'declined'::text, 'partial'::text, 'ready'::text, 'completed'::text, 'failed'::text, 'expired'::text, 'published'::text]))
);

comment on table public.sss_request_events is
  'Append-only record of what happened to recovery requests. Survives cleanup.';
comment on column public.sss_request_events.actor is
  'The participant who did it; null for the coordinator itself.';

CREATE INDEX sss_request_events_request_idx ON public.sss_request_events USING btree (request_id, event_id);
CREATE INDEX sss_request_events_submitted_idx ON public.sss_request_events USING btree (family_id) WHERE (event = 'share_submitted'::text);

alter table public.sss_request_events enable row level security;

revoke all on sequence public.sss_request_events_event_id_seq from public, anon, authenticated, service_role;
revoke all on table public.sss_request_events from public, anon, authenticated, service_role;
grant select on table public.sss_request_events to authenticated, service_role;

create policy "Members read the events of their requests" on public.sss_request_events
  for select to authenticated
  using (family_id = (( SELECT permafrost.current_family_id() AS current_family_id)) AND (actor = (( SELECT permafrost.current_participant_id() AS current_participant_id)) OR (request_id IN ( SELECT r.request_id
   FROM public.sss_signing_requests r))));

CREATE TRIGGER tg_sss_request_events__append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.sss_request_events FOR EACH STATEMENT EXECUTE FUNCTION permafrost.tg__append_only();

-- function permafrost.check_against_key(public.frost_key_packages,text[],integer,text) ------------
CREATE OR REPLACE FUNCTION permafrost.check_against_key(p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_message_hash text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_suite permafrost.ciphersuites;
begin
  if not p_participants <@ p_package.participants then
    perform permafrost.refuse('participants_invalid', 'Every participant must hold a share of the family''s key');
  end if;
  if p_threshold < p_package.threshold then
    perform permafrost.refuse('threshold_invalid',
      format('The family''s key takes at least %s signers', p_package.threshold));
  end if;
  select * into strict v_suite from permafrost.ciphersuites where ciphersuite = p_package.ciphersuite;
  if not permafrost.is_hex(p_message_hash) or length(p_message_hash) / 2
    not between v_suite.message_bytes_min and v_suite.message_bytes_max
  then
    perform permafrost.refuse('message_hash_invalid',
      format('%s signs %s bytes, given in lower-case hex', v_suite.ciphersuite,
        concat_ws(' to ', v_suite.message_bytes_min, nullif(v_suite.message_bytes_max, v_suite.message_bytes_min))));
  end if;
end;
$function$;

comment on function permafrost.check_against_key(public.frost_key_packages,pg_catalog.text[],integer,pg_catalog.text) is
  'Refuses participants_invalid, threshold_invalid or message_hash_invalid for what this key does not sign.';

revoke all on function permafrost.check_against_key(public.frost_key_packages,text[],integer,text) from public, anon, authenticated, service_role;

-- function permafrost.check_final_signature(uuid,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_final_signature(p_key_package_id uuid, p_final_signature text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_signature_bytes integer; -- null in a dry run, which has no suite to say
begin
  select c.signature_bytes into v_signature_bytes
  from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
  where k.key_package_id = p_key_package_id;
  if not permafrost.is_hex(p_final_signature) or length(p_final_signature) <> 2 * v_signature_bytes then
    perform permafrost.refuse('invalid_input', 'A final signature has the ciphersuite''s length, in lower-case hex');
  end if;
end;
$function$;

comment on function permafrost.check_final_signature(pg_catalog.uuid,pg_catalog.text) is
  'Refuses invalid_input for what has not the form of a signature under this key.';

revoke all on function permafrost.check_final_signature(uuid,text) from public, anon, authenticated, service_role;

-- function permafrost.check_isolation() -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_isolation()
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise feature_not_supported using
      message = format('Sessions are not changed under isolation level %s', current_setting('transaction_isolation')),
      detail = 'Use read committed, the default';
  end if;
end;
$function$;

comment on function permafrost.check_isolation() is
  'Raises 0A000 in a transaction whose snapshot is too old to take turns.';

revoke all on function permafrost.check_isolation() from public, anon, authenticated, service_role;

-- function permafrost.check_member_of(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_member_of(p_family_id text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  if permafrost.current_participant_id() is null
    or permafrost.current_family_id() is null or p_family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_in_family', 'The caller is not a member of this family');
  end if;
end;
$function$;

comment on function permafrost.check_member_of(pg_catalog.text) is
  'Refuses not_in_family for a caller of another family, or of none.';

revoke all on function permafrost.check_member_of(text) from public, anon, authenticated, service_role;

-- function permafrost.check_published(text,jsonb,text,text,text) ----------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_published(p_status text, p_event_template jsonb, p_message_hash text, p_final_event_id text, p_event_id text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if p_event_id is null or p_event_id !~ '^[0-9a-f]{64}$' then
    perform permafrost.refuse('invalid_input', 'An event id is 32 bytes of lower-case hex');
  end if;
  if p_status <> 'completed' then
    perform permafrost.refuse('invalid_transition', 'What is not signed cannot be published');
  end if;
  if p_event_template is null or p_event_id <> p_message_hash then
    perform permafrost.refuse('event_mismatch', 'This is not the event that was signed');
  end if;
  if p_final_event_id <> p_event_id then
    perform permafrost.refuse('session_finished', 'Another event id was recorded before');
  end if;
end;
$function$;

comment on function permafrost.check_published(pg_catalog.text,pg_catalog.jsonb,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Refuses invalid_input, invalid_transition, event_mismatch or session_finished for an event id that cannot be recorded.';

revoke all on function permafrost.check_published(text,jsonb,text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.check_reason(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_reason(p_reason text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if p_reason is null or char_length(p_reason) > 1000 or p_reason !~ '[^[:space:]]' then
    perform permafrost.refuse('invalid_input', 'A reason has 1 to 1,000 characters');
  end if;
end;
$function$;

comment on function permafrost.check_reason(pg_catalog.text) is
  'Refuses invalid_input for what is no reason.';

revoke all on function permafrost.check_reason(text) from public, anon, authenticated, service_role;

-- function permafrost.check_recipient(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_recipient(p_public_key text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if p_public_key !~ '^[0-9a-f]{64}$' then
    perform permafrost.refuse('invalid_input', 'A recipient''s public key is 32 bytes of lower-case hex');
  end if;
end;
$function$;

comment on function permafrost.check_recipient(pg_catalog.text) is
  'Refuses invalid_input for what is no key to encrypt to; null is none yet.';

revoke all on function permafrost.check_recipient(text) from public, anon, authenticated, service_role;

-- function permafrost.check_request(text[],integer,text,jsonb,text) -------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_request(p_participants text[], p_threshold integer, p_message_hash text, p_event_template jsonb, p_event_type text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO ''
AS $function$
begin
  if not permafrost.is_participant_list(p_participants) then
    perform permafrost.refuse('participants_invalid', 'Participants must be 1 to 255 distinct identifiers');
  end if;
  if p_threshold is null or p_threshold < 1 or p_threshold > cardinality(p_participants) then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be from 1 to the number of participants');
  end if;
  if coalesce(p_message_hash, '') = ''
    or jsonb_typeof(p_event_template) <> 'object' or octet_length(p_event_template::text) > 65536
    or char_length(p_event_type) > 255
  then
    perform permafrost.refuse('invalid_input', 'The message is missing, or the event template is malformed or too large');
  end if;
end;
$function$;

comment on function permafrost.check_request(pg_catalog.text[],integer,pg_catalog.text,pg_catalog.jsonb,pg_catalog.text) is
  'Refuses participants_invalid, threshold_invalid or invalid_input for what no key could sign.';

revoke all on function permafrost.check_request(text[],integer,text,jsonb,text) from public, anon, authenticated, service_role;

-- function permafrost.check_times(bigint,bigint) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.check_times(p_created_at bigint, p_expires_at bigint)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  if p_expires_at is null or p_created_at is null or p_expires_at <= p_created_at then
    perform permafrost.refuse('invalid_input', 'A request must expire after it is created');
  end if;
  if p_created_at not between 0 and permafrost.now_ms() + 300000
    or not permafrost.is_operator() and (p_created_at < permafrost.now_ms() - 300000
      or p_expires_at > p_created_at + 604800000)
  then
    perform permafrost.refuse('invalid_input',
      'Times must be milliseconds since the epoch, created_at now and expires_at within 604,800 s of it');
  end if;
end;
$function$;

comment on function permafrost.check_times(bigint,bigint) is
  'Refuses invalid_input for times a request cannot have.';

revoke all on function permafrost.check_times(bigint,bigint) from public, anon, authenticated, service_role;

-- function permafrost.ciphertext_digest(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.ciphertext_digest(p_ciphertext text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN ('sha256:'::text || encode(sha256(convert_to(p_ciphertext, 'UTF8'::name)), 'hex'::text));

comment on function permafrost.ciphertext_digest(pg_catalog.text) is
  'What is kept of a ciphertext that nobody needs any more, so that an exact retry is known all the same.';

revoke all on function permafrost.ciphertext_digest(text) from public, anon, authenticated, service_role;

-- function permafrost.claim(text) -----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.claim(p_name text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_claims jsonb := permafrost.claims();
begin
  return coalesce(
    case when jsonb_typeof(v_claims -> p_name) = 'string' then nullif(v_claims ->> p_name, '') end,
    case when jsonb_typeof(v_claims -> 'app_metadata' -> p_name) = 'string'
      then nullif(v_claims -> 'app_metadata' ->> p_name, '') end);
end;
$function$;

comment on function permafrost.claim(pg_catalog.text) is
  'A string claim, from the top level of the JWT, else from app_metadata; null where there is none.';

revoke all on function permafrost.claim(text) from public, anon, authenticated, service_role;

-- function permafrost.claims() --------------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.claims()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  return coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb, '{}'::jsonb);
end;
$function$;

comment on function permafrost.claims() is
  'The verified JWT claims of this request, or an empty object.';

revoke all on function permafrost.claims() from public, anon, authenticated, service_role;

-- function permafrost.cleanup_old_frost_signing_sessions(integer) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup_old_frost_signing_sessions(retention_days integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms();
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  if retention_days is null or retention_days < 1 then
    perform permafrost.refuse('invalid_input', 'Sessions are kept for at least one day');
  end if;
  perform permafrost.sweep_sessions(v_now + 2000);
  loop
    with deleted as (
      delete from public.frost_signing_sessions
      where session_id in (
        select s.session_id from public.frost_signing_sessions as s
        where s.created_at >= v_from and s.created_at < v_now - 86400000 * retention_days::bigint
          and s.status in ('completed', 'failed', 'expired')
        order by s.created_at
        limit v_batch
        for update skip locked)
      returning created_at)
    select count(*), max(created_at) into v_rows, v_from from deleted;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > v_now + 5000;
  end loop;
  return v_total;
end;
$function$;

revoke all on function permafrost.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_frost_signing_sessions(integer) to service_role;

-- function permafrost.cleanup_old_sss_signing_requests(integer) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.cleanup_old_sss_signing_requests(retention_days integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms();
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  if retention_days is null or retention_days < 1 then
    perform permafrost.refuse('invalid_input', 'Requests are kept for at least one day');
  end if;
  perform permafrost.sweep_requests(v_now + 2000);
  loop
    with deleted as (
      delete from public.sss_signing_requests
      where request_id in (
        select r.request_id from public.sss_signing_requests as r
        where r.created_at >= v_from and r.created_at < v_now - 86400000 * retention_days::bigint
          and r.status in ('completed', 'failed', 'expired')
        order by r.created_at
        limit v_batch
        for update skip locked)
      returning created_at)
    select count(*), max(created_at) into v_rows, v_from from deleted;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > v_now + 5000;
  end loop;
  return v_total;
end;
$function$;

revoke all on function permafrost.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_sss_signing_requests(integer) to service_role;

-- function permafrost.committed_in_identifier_order(public.frost_signing_sessions) ----------------
CREATE OR REPLACE FUNCTION permafrost.committed_in_identifier_order(p_session public.frost_signing_sessions)
 RETURNS text[]
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT array_agg(c.participant_id ORDER BY (array_position(COALESCE(( SELECT k.participants
            FROM public.frost_key_packages k
           WHERE (k.key_package_id = (committed_in_identifier_order.p_session).key_package_id)), (committed_in_identifier_order.p_session).participants), c.participant_id))) AS array_agg
    FROM public.frost_nonce_commitments c
   WHERE (c.session_id = (committed_in_identifier_order.p_session).session_id);
END;

comment on function permafrost.committed_in_identifier_order(public.frost_signing_sessions) is
  'Who has committed in a session, in FROST identifier order; null for nobody.';

revoke all on function permafrost.committed_in_identifier_order(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- function permafrost.complete_recovery_request(text,text,text) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.complete_recovery_request(p_request_id text, p_participant_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
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
 SET search_path TO ''
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

-- function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) 
CREATE OR REPLACE FUNCTION permafrost.create_recovery_request(p_family_id text, p_message_hash text, p_required_guardians text[], p_threshold integer, p_event_template jsonb, p_event_type text, p_use_case text, p_recipient_public_key text, p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests;
  v_now bigint := permafrost.now_ms();
begin
  perform permafrost.check_member_of(p_family_id);
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'A request lasts 1 to 604,800 seconds');
  end if;
  insert into public.sss_signing_requests (family_id, message_hash, required_guardians, threshold,
    event_template, event_type, use_case, recipient_public_key, created_by, created_at, expires_at,
    key_package_id)
  values (p_family_id, p_message_hash, p_required_guardians, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key,
    permafrost.current_participant_id(), v_now, v_now + 1000 * p_expiration_seconds::bigint, null)
  returning * into v_request;
  return permafrost.request_json(v_request);
end;
$function$;

revoke all on function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) to authenticated;

-- function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) ---------
CREATE OR REPLACE FUNCTION permafrost.create_signing_session(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb, p_event_type text, p_expiration_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_now bigint := permafrost.now_ms();
begin
  perform permafrost.check_member_of(p_family_id);
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'A session lasts 1 to 604,800 seconds');
  end if;
  insert into public.frost_signing_sessions (family_id, message_hash, event_template, event_type,
    participants, threshold, created_by, created_at, expires_at)
  values (p_family_id, p_message_hash, p_event_template, p_event_type, p_participants, p_threshold,
    permafrost.current_participant_id(), v_now, v_now + 1000 * p_expiration_seconds::bigint)
  returning * into v_session;
  return permafrost.session_json(v_session);
end;
$function$;

revoke all on function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_session(text,text,text[],integer,jsonb,text,integer) to authenticated;

-- function permafrost.current_key_package(text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.current_key_package(p_family_id text)
 RETURNS public.frost_key_packages
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT k.key_package_id,
     k.family_id,
     k.epoch,
     k.ciphersuite,
     k.threshold,
     k.participants,
     k.group_public_key,
     k.verifying_shares,
     k.vss_commitment,
     k.created_by,
     k.created_at,
     k.retired_at,
     k.exposed_at
    FROM public.frost_key_packages k
   WHERE ((k.family_id = current_key_package.p_family_id) AND (k.retired_at IS NULL));
END;

comment on function permafrost.current_key_package(pg_catalog.text) is
  'The family''s current key, or a row of nulls.';

revoke all on function permafrost.current_key_package(text) from public, anon, authenticated, service_role;

-- function permafrost.decline_request(public.sss_signing_requests,text) ---------------------------
CREATE OR REPLACE FUNCTION permafrost.decline_request(p_request public.sss_signing_requests, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_me text := permafrost.current_participant_id();
  v_request public.sss_signing_requests := permafrost.lock_request(p_request.request_id);
begin
  if v_me is null or v_me <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if exists (select from permafrost.request_declines
    where request_id = v_request.request_id and participant_id = v_me and reason = p_reason)
  then
    return jsonb_build_object('method', 'sss', 'status', v_request.status);
  end if;
  if v_request.status in ('completed', 'failed') then
    perform permafrost.refuse('session_finished', format('The request is %s', v_request.status));
  end if;
  if exists (select from public.sss_encrypted_shares
    where request_id = v_request.request_id and guardian_id = v_me and status = 'submitted')
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has handed in its share already');
  end if;
  if exists (select from permafrost.request_declines where request_id = v_request.request_id and participant_id = v_me) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
  end if;

  insert into permafrost.request_declines (request_id, participant_id, reason) values (v_request.request_id, v_me, p_reason);
  perform permafrost.log_request_event(v_request, 'declined', v_me, jsonb_build_object('reason', p_reason));
  if cardinality(v_request.required_guardians) - v_request.threshold <
    (select count(*) from permafrost.request_declines where request_id = v_request.request_id)
  then
    update public.sss_signing_requests
    set status = 'failed', error_message = left(format('Too few are left to help: %s declined (%s)', v_me, p_reason), 1000)
    where request_id = v_request.request_id
    returning * into v_request;
  end if;
  return jsonb_build_object('method', 'sss', 'status', v_request.status);
end;
$function$;

comment on function permafrost.decline_request(public.sss_signing_requests,pg_catalog.text) is
  'Declines a recovery request, for the caller.';

revoke all on function permafrost.decline_request(public.sss_signing_requests,text) from public, anon, authenticated, service_role;

-- function permafrost.decline_session(public.frost_signing_sessions,text) -------------------------
CREATE OR REPLACE FUNCTION permafrost.decline_session(p_session public.frost_signing_sessions, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_me text := permafrost.current_participant_id();
  v_session public.frost_signing_sessions := permafrost.lock_session(p_session.session_id);
begin
  if v_me is null or v_me <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if exists (select from permafrost.session_declines
    where session_id = v_session.session_id and participant_id = v_me and reason = p_reason)
  then
    return jsonb_build_object('method', 'frost', 'status', v_session.status);
  end if;
  if not permafrost.is_open(v_session.status) then
    perform permafrost.refuse('session_finished', format('The session is %s', v_session.status));
  end if;
  if exists (select from public.frost_signature_shares
    where session_id = v_session.session_id and participant_id = v_me)
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has signed already');
  end if;
  if v_session.signers is not null and v_me <> all (v_session.signers) then
    perform permafrost.refuse('round_closed', 'Others sign this session: there is nothing to decline');
  end if;
  if exists (select from permafrost.session_declines where session_id = v_session.session_id and participant_id = v_me) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
  end if;

  insert into permafrost.session_declines (session_id, participant_id, reason) values (v_session.session_id, v_me, p_reason);
  perform permafrost.log_event(v_session, 'declined', v_me, jsonb_build_object('reason', p_reason));
  if exists (select from public.frost_nonce_commitments
      where session_id = v_session.session_id and participant_id = v_me)
    or cardinality(v_session.participants) - v_session.threshold <
      (select count(*) from permafrost.session_declines where session_id = v_session.session_id)
  then
    update public.frost_signing_sessions
    set status = 'failed', error_message = left(format('Too few are left to sign: %s declined (%s)', v_me, p_reason), 1000)
    where session_id = v_session.session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('method', 'frost', 'status', v_session.status);
end;
$function$;

comment on function permafrost.decline_session(public.frost_signing_sessions,pg_catalog.text) is
  'Declines a session, for the caller.';

revoke all on function permafrost.decline_session(public.frost_signing_sessions,text) from public, anon, authenticated, service_role;

-- function permafrost.decline_signing_request(text,text) ------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.decline_signing_request(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  perform permafrost.check_reason(p_reason);
  if permafrost.is_request(p_session_id) then
    return permafrost.decline_request(permafrost.visible_request(p_session_id), p_reason);
  end if;
  return permafrost.decline_session(permafrost.visible_session(p_session_id), p_reason);
end;
$function$;

revoke all on function permafrost.decline_signing_request(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.decline_signing_request(text,text) to authenticated;

-- function permafrost.effective_request_status(public.sss_request_status,bigint,bigint) -----------
CREATE OR REPLACE FUNCTION permafrost.effective_request_status(p_status public.sss_request_status, p_expires_at bigint, p_now bigint)
 RETURNS public.sss_request_status
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN CASE WHEN ((p_status = ANY (ARRAY['pending'::public.sss_request_status, 'partial'::public.sss_request_status, 'ready'::public.sss_request_status])) AND (p_expires_at <= p_now)) THEN 'expired'::public.sss_request_status ELSE p_status END;

comment on function permafrost.effective_request_status(public.sss_request_status,bigint,bigint) is
  'The status as it is true at p_now (milliseconds), whether or not a sweep has run.';

revoke all on function permafrost.effective_request_status(public.sss_request_status,bigint,bigint) from public, anon, authenticated, service_role;

-- function permafrost.is_open(public.signing_session_status) --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_open(p_status public.signing_session_status)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN (p_status = ANY (ARRAY['pending'::public.signing_session_status, 'nonce_collection'::public.signing_session_status, 'signing'::public.signing_session_status, 'aggregating'::public.signing_session_status]));

comment on function permafrost.is_open(public.signing_session_status) is
  'True while a session is not completed, failed or expired.';

revoke all on function permafrost.is_open(public.signing_session_status) from public, anon, authenticated, service_role;
grant execute on function permafrost.is_open(public.signing_session_status) to service_role;

-- function permafrost.effective_status(public.signing_session_status,bigint,bigint) ---------------
CREATE OR REPLACE FUNCTION permafrost.effective_status(p_status public.signing_session_status, p_expires_at bigint, p_now bigint)
 RETURNS public.signing_session_status
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN CASE WHEN (permafrost.is_open(p_status) AND (p_expires_at <= p_now)) THEN 'expired'::public.signing_session_status ELSE p_status END;

comment on function permafrost.effective_status(public.signing_session_status,bigint,bigint) is
  'The status as it is true at p_now (milliseconds), whether or not a sweep has run.';

revoke all on function permafrost.effective_status(public.signing_session_status,bigint,bigint) from public, anon, authenticated, service_role;
grant execute on function permafrost.effective_status(public.signing_session_status,bigint,bigint) to service_role;

-- function permafrost.sweep_sessions(bigint) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.sweep_sessions(p_until bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms(); -- one value, which an index can be searched by
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  loop
    with swept as (
      update public.frost_signing_sessions set status = 'expired'
      where session_id in (
        select s.session_id from public.frost_signing_sessions as s
        where s.status in ('pending', 'nonce_collection', 'signing', 'aggregating')
          and s.expires_at between v_from and v_now
        order by s.expires_at
        limit v_batch
        for update skip locked)
      returning expires_at)
    select count(*), max(expires_at) into v_rows, v_from from swept;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > p_until;
  end loop;
  return v_total;
end;
$function$;

comment on function permafrost.sweep_sessions(bigint) is
  'Marks sessions past their time as expired, a batch at least, then until p_until (milliseconds); returns how many.';

revoke all on function permafrost.sweep_sessions(bigint) from public, anon, authenticated, service_role;

-- function permafrost.expire_old_frost_signing_sessions() -----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expire_old_frost_signing_sessions()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.sweep_sessions((permafrost.now_ms() + 5000));

revoke all on function permafrost.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_frost_signing_sessions() to service_role;

-- function permafrost.sweep_requests(bigint) ------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.sweep_requests(p_until bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms(); -- one value, which an index can be searched by
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  loop
    with swept as (
      update public.sss_signing_requests set status = 'expired'
      where request_id in (
        select r.request_id from public.sss_signing_requests as r
        where r.status in ('pending', 'partial', 'ready')
          and r.expires_at between v_from and v_now
        order by r.expires_at
        limit v_batch
        for update skip locked)
      returning expires_at)
    select count(*), max(expires_at) into v_rows, v_from from swept;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > p_until;
  end loop;
  return v_total;
end;
$function$;

comment on function permafrost.sweep_requests(bigint) is
  'As sweep_sessions, of recovery requests.';

revoke all on function permafrost.sweep_requests(bigint) from public, anon, authenticated, service_role;

-- function permafrost.expire_old_sss_signing_requests() -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.expire_old_sss_signing_requests()
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.sweep_requests((permafrost.now_ms() + 5000));

revoke all on function permafrost.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_sss_signing_requests() to service_role;

-- function permafrost.fail_recovery_request(text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_recovery_request(p_request_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if not (v_request.status = 'failed' and v_request.error_message = p_reason) then
    update public.sss_signing_requests set status = 'failed', error_message = p_reason
    where request_id = p_request_id
    returning * into v_request;
  end if;
  return permafrost.request_json(v_request);
end;
$function$;

revoke all on function permafrost.fail_recovery_request(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_recovery_request(text,text) to authenticated;

-- function permafrost.fail_signing_session(text,text) ---------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.fail_signing_session(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
begin
  if v_session.created_by is distinct from permafrost.current_participant_id()
    or v_session.family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_the_creator', 'Only its creator may fail a session');
  end if;
  perform permafrost.check_reason(p_reason);
  v_session := permafrost.lock_session(p_session_id);
  if v_session.status = 'failed' and v_session.error_message = p_reason then
    return permafrost.session_json(v_session);
  end if;
  update public.frost_signing_sessions set status = 'failed', error_message = p_reason
  where session_id = p_session_id
  returning * into v_session;
  return permafrost.session_json(v_session);
end;
$function$;

revoke all on function permafrost.fail_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_signing_session(text,text) to authenticated;

-- function permafrost.key_warning(uuid) -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.key_warning(p_key_package_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT 'The secret of this key was put together in one place for a recovery; register a new key'::text
    FROM public.frost_key_packages k
   WHERE ((k.key_package_id = key_warning.p_key_package_id) AND (k.exposed_at IS NOT NULL));
END;

comment on function permafrost.key_warning(pg_catalog.uuid) is
  'What members must be told about a key; null for nothing.';

revoke all on function permafrost.key_warning(uuid) from public, anon, authenticated, service_role;

-- function permafrost.request_json(public.sss_signing_requests) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.request_json(p_request public.sss_signing_requests)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 WITH shares AS (
          SELECT COALESCE(array_agg(s_1.guardian_id ORDER BY s_1.created_at) FILTER (WHERE (s_1.status = 'submitted'::text)), '{}'::text[]) AS submitted,
             COALESCE(array_agg(s_1.guardian_id ORDER BY s_1.created_at) FILTER (WHERE (s_1.status = 'rejected'::text)), '{}'::text[]) AS rejected,
             jsonb_object_agg(s_1.guardian_id, s_1.ciphertext) FILTER (WHERE (s_1.status = 'submitted'::text)) AS ciphertexts
            FROM public.sss_encrypted_shares s_1
           WHERE (s_1.request_id = (request_json.p_request).request_id)
         ), facts AS (
          SELECT permafrost.effective_request_status((request_json.p_request).status, (request_json.p_request).expires_at, permafrost.now_ms()) AS status,
             ( SELECT COALESCE(jsonb_object_agg(d.participant_id, d.reason), '{}'::jsonb) AS "coalesce"
                    FROM permafrost.request_declines d
                   WHERE (d.request_id = (request_json.p_request).request_id)) AS declined
         )
  SELECT (to_jsonb(request_json.p_request) || jsonb_build_object('status', f.status, 'ciphersuite', k.ciphersuite, 'key_package', to_jsonb(k.*), 'warning', permafrost.key_warning((request_json.p_request).key_package_id), 'submitted_guardians', s.submitted, 'rejected_guardians', s.rejected, 'missing_guardians', ( SELECT COALESCE(jsonb_agg(u.g ORDER BY u.ord), '[]'::jsonb) AS "coalesce"
            FROM unnest((request_json.p_request).required_guardians) WITH ORDINALITY u(g, ord)
           WHERE ((u.g <> ALL (s.submitted)) AND (NOT (f.declined ? u.g)))), 'declined', f.declined, 'is_expired', (f.status = 'expired'::public.sss_request_status), 'encrypted_shares',
         CASE
             WHEN (((request_json.p_request).created_by = permafrost.current_participant_id()) AND ((request_json.p_request).family_id = permafrost.current_family_id()) AND (f.status = ANY (ARRAY['partial'::public.sss_request_status, 'ready'::public.sss_request_status]))) THEN COALESCE(s.ciphertexts, '{}'::jsonb)
             ELSE '{}'::jsonb
         END))
    FROM shares s,
     facts f,
     public.frost_key_packages k
   WHERE (k.key_package_id = (request_json.p_request).key_package_id);
END;

comment on function permafrost.request_json(public.sss_signing_requests) is
  'A recovery request as clients see it; ciphertexts for its requester only.';

revoke all on function permafrost.request_json(public.sss_signing_requests) from public, anon, authenticated, service_role;

-- function permafrost.visible_request(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests;
begin
  select * into v_request from public.sss_signing_requests as r
  where r.request_id = p_request_id and (permafrost.is_operator()
    or r.family_id = permafrost.current_family_id()
      and permafrost.current_participant_id() = any (array_append(r.required_guardians, r.created_by)));
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such request, or it is not the caller''s to see');
  end if;
  return v_request;
end;
$function$;

comment on function permafrost.visible_request(pg_catalog.text) is
  'A recovery request the caller made or is a guardian of; operators see all. Refuses session_not_found.';

revoke all on function permafrost.visible_request(text) from public, anon, authenticated, service_role;

-- function permafrost.get_recovery_request(text) --------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_recovery_request(p_request_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.request_json(permafrost.visible_request(p_request_id));

revoke all on function permafrost.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_recovery_request(text) to authenticated, service_role;

-- function permafrost.get_share_verification(text) ------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_share_verification(p_session_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
  v_me text := permafrost.current_participant_id();
  v_verification jsonb;
begin
  if v_me is null or v_me <> all (v_session.signers) then
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  select verification into v_verification from permafrost.share_verifications where session_id = p_session_id;
  return jsonb_build_object(
    -- What is signed, under which key, is the session's to say: the finished signature is verified by it.
    'verification', (v_verification - 'signers') || (
      select jsonb_build_object('ciphersuite', k.ciphersuite, 'group_public_key', k.group_public_key,
        'message', v_session.message_hash)
      from public.frost_key_packages as k where k.key_package_id = v_session.key_package_id),
    'signer', jsonb_path_query_first(v_verification, '$.signers[*] ? (@.participant == $me)', jsonb_build_object('me', v_me)),
    'signature_share', (select signature_share from public.frost_signature_shares
      where session_id = p_session_id and participant_id = v_me));
end;
$function$;

revoke all on function permafrost.get_share_verification(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_share_verification(text) to authenticated;

-- function permafrost.package_json(public.frost_signing_sessions) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.package_json(p_session public.frost_signing_sessions)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT jsonb_build_object('session_id', (package_json.p_session).session_id, 'family_id', (package_json.p_session).family_id, 'status', (package_json.p_session).status, 'ciphersuite', k.ciphersuite, 'message', (package_json.p_session).message_hash, 'event_template', (package_json.p_session).event_template, 'event_type', (package_json.p_session).event_type, 'threshold', (package_json.p_session).threshold, 'expires_at', (package_json.p_session).expires_at, 'signers', (package_json.p_session).signers, 'commitments', ( SELECT jsonb_object_agg(c.participant_id, c.nonce_commitment) AS jsonb_object_agg
            FROM public.frost_nonce_commitments c
           WHERE ((c.session_id = (package_json.p_session).session_id) AND (c.participant_id = ANY ((package_json.p_session).signers)))), 'key_package', to_jsonb(k.*)) AS jsonb_build_object
    FROM public.frost_key_packages k
   WHERE (k.key_package_id = (package_json.p_session).key_package_id);
END;

comment on function permafrost.package_json(public.frost_signing_sessions) is
  'What a signer needs for round two.';

revoke all on function permafrost.package_json(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- function permafrost.round_two_session(text) -----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.round_two_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
  v_status public.signing_session_status :=
    permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms());
begin
  if not permafrost.is_operator() and permafrost.current_participant_id() <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package: this session is a dry run');
  end if;
  if v_status = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  -- Who has answered before it failed may hear so again.
  if v_status = 'failed' and not exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.participant_id = permafrost.current_participant_id())
  then
    perform permafrost.refuse('session_finished', 'The session is failed');
  end if;
  if v_session.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.round_two_session(pg_catalog.text) is
  'A session the caller takes part in, from signing on. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

revoke all on function permafrost.round_two_session(text) from public, anon, authenticated, service_role;

-- function permafrost.get_signing_package(text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_package(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.package_json(permafrost.round_two_session(p_session_id));

revoke all on function permafrost.get_signing_package(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_package(text) to authenticated, service_role;

-- function permafrost.session_json(public.frost_signing_sessions) ---------------------------------
CREATE OR REPLACE FUNCTION permafrost.session_json(p_session public.frost_signing_sessions)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 WITH facts AS (
          SELECT permafrost.effective_status((session_json.p_session).status, (session_json.p_session).expires_at, permafrost.now_ms()) AS status,
             ( SELECT COALESCE(jsonb_object_agg(c.participant_id, c.nonce_commitment), '{}'::jsonb) AS "coalesce"
                    FROM public.frost_nonce_commitments c
                   WHERE (c.session_id = (session_json.p_session).session_id)) AS commitments,
             ( SELECT COALESCE(jsonb_object_agg(s.participant_id, s.signature_share), '{}'::jsonb) AS "coalesce"
                    FROM public.frost_signature_shares s
                   WHERE (s.session_id = (session_json.p_session).session_id)) AS shares,
             ( SELECT COALESCE(jsonb_object_agg(d.participant_id, d.reason), '{}'::jsonb) AS "coalesce"
                    FROM permafrost.session_declines d
                   WHERE (d.session_id = (session_json.p_session).session_id)) AS declined
         )
  SELECT (to_jsonb(session_json.p_session) || jsonb_build_object('status', f.status, 'ciphersuite', ( SELECT k.ciphersuite
            FROM public.frost_key_packages k
           WHERE (k.key_package_id = (session_json.p_session).key_package_id)), 'warning', permafrost.key_warning((session_json.p_session).key_package_id), 'nonce_commitments', f.commitments, 'signature_shares', f.shares, 'missing_commitments', ( SELECT COALESCE(jsonb_agg(u.p ORDER BY u.ord), '[]'::jsonb) AS "coalesce"
            FROM unnest((session_json.p_session).participants) WITH ORDINALITY u(p, ord)
           WHERE (((session_json.p_session).signers IS NULL) AND (NOT (f.commitments ? u.p)) AND (NOT (f.declined ? u.p)))), 'missing_signatures', ( SELECT COALESCE(jsonb_agg(u.p ORDER BY u.ord), '[]'::jsonb) AS "coalesce"
            FROM unnest((session_json.p_session).signers) WITH ORDINALITY u(p, ord)
           WHERE (NOT (f.shares ? u.p))), 'declined', f.declined, 'can_aggregate', (f.status = 'aggregating'::public.signing_session_status), 'is_expired', (f.status = 'expired'::public.signing_session_status), 'signable', ((session_json.p_session).key_package_id IS NOT NULL), 'signable_reason',
         CASE
             WHEN ((session_json.p_session).key_package_id IS NULL) THEN 'no_key_package'::text
             ELSE NULL::text
         END))
    FROM facts f;
END;

comment on function permafrost.session_json(public.frost_signing_sessions) is
  'A session as clients see it: its columns with the status that is true now, and what is missing to finish it.';

revoke all on function permafrost.session_json(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- function permafrost.visible_session(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.visible_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions as s
  where s.session_id = p_session_id and (permafrost.is_operator()
    or s.family_id = permafrost.current_family_id()
      and permafrost.current_participant_id() = any (array_append(s.participants, s.created_by)));
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such session, or it is not the caller''s to see');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.visible_session(pg_catalog.text) is
  'A session the caller created or takes part in, in the caller''s family; operators see all. Refuses session_not_found.';

revoke all on function permafrost.visible_session(text) from public, anon, authenticated, service_role;

-- function permafrost.get_signing_session(text) ---------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.get_signing_session(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.session_json(permafrost.visible_session(p_session_id));

revoke all on function permafrost.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_session(text) to authenticated, service_role;

-- function permafrost.is_hex(text) ----------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_hex(p_value text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN COALESCE((p_value ~ '^([0-9a-f]{2})+$'::text), false);

comment on function permafrost.is_hex(pg_catalog.text) is
  'True for one or more bytes in lower-case hex.';

revoke all on function permafrost.is_hex(text) from public, anon, authenticated, service_role;

-- function permafrost.is_identifier(text) ---------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_identifier(p_value text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN COALESCE((((char_length(p_value) >= 1) AND (char_length(p_value) <= 255)) AND (p_value !~ '[[:cntrl:]]'::text)), false);

comment on function permafrost.is_identifier(pg_catalog.text) is
  'True for 1 to 255 characters without control characters: families, participants and sessions.';

revoke all on function permafrost.is_identifier(text) from public, anon, authenticated, service_role;

-- function permafrost.is_operator() ---------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_operator()
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  return coalesce(permafrost.claims() ->> 'role', 'service_role') = 'service_role' and exists (
    select from pg_catalog.pg_roles as r
    where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user)
      and (r.rolsuper or r.rolbypassrls));
end;
$function$;

comment on function permafrost.is_operator() is
  'True for service_role and for direct sessions that bypass RLS; false for anything that is a user''s request.';

revoke all on function permafrost.is_operator() from public, anon, authenticated, service_role;

-- function permafrost.is_participant_list(text[]) -------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_participant_list(p_value text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN COALESCE(((array_ndims(p_value) = 1) AND (array_lower(p_value, 1) = 1) AND (cardinality(p_value) <= 255) AND (SELECT (bool_and(permafrost.is_identifier(p.p)) AND (count(DISTINCT p.p) = count(*))) FROM unnest(is_participant_list.p_value) p(p))), false);

comment on function permafrost.is_participant_list(pg_catalog.text[]) is
  'True for 1 to 255 distinct identifiers: RFC 9591 identifiers are positions in such a list, from 1.';

revoke all on function permafrost.is_participant_list(text[]) from public, anon, authenticated, service_role;

-- function permafrost.is_recorded_commitment(text,text,text) --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_recorded_commitment(p_session_id text, p_participant_id text, p_nonce_commitment text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO ''
RETURN (EXISTS (SELECT FROM public.frost_nonce_commitments c WHERE ((c.session_id = is_recorded_commitment.p_session_id) AND (c.participant_id = is_recorded_commitment.p_participant_id) AND (c.nonce_commitment = is_recorded_commitment.p_nonce_commitment))));

comment on function permafrost.is_recorded_commitment(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Whether a commitment is one that was accepted already: an exact retry, which is nobody''s attack.';

revoke all on function permafrost.is_recorded_commitment(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.is_recorded_share(text,text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_recorded_share(p_session_id text, p_participant_id text, p_signature_share text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO ''
RETURN (EXISTS (SELECT FROM public.frost_signature_shares s WHERE ((s.session_id = is_recorded_share.p_session_id) AND (s.participant_id = is_recorded_share.p_participant_id) AND (s.signature_share = is_recorded_share.p_signature_share))));

comment on function permafrost.is_recorded_share(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'As is_recorded_commitment, of a signature share.';

revoke all on function permafrost.is_recorded_share(text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.is_request(text) ------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.is_request(p_id text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO ''
RETURN (EXISTS (SELECT FROM public.sss_signing_requests r WHERE (r.request_id = is_request.p_id)));

comment on function permafrost.is_request(pg_catalog.text) is
  'Whether an id is a recovery request''s; else it is a session''s, if anything.';

revoke all on function permafrost.is_request(text) from public, anon, authenticated, service_role;

-- function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) ----
CREATE OR REPLACE FUNCTION permafrost.list_recovery_requests(p_status public.sss_request_status, p_awaiting_me boolean, p_limit integer, p_before bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_me text := permafrost.current_participant_id();
  v_family text := permafrost.current_family_id();
  v_operator boolean := permafrost.is_operator();
  v_requests jsonb;
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'A page has 1 to 500 requests');
  end if;
  select coalesce(jsonb_agg(permafrost.request_json(page) order by page.created_at desc, page.request_id), '[]')
  into v_requests
  from (
    select r.* from public.sss_signing_requests as r
    where (v_operator or r.family_id = v_family and v_me = any (array_append(r.required_guardians, r.created_by)))
      and (p_before is null or r.created_at < p_before)
      and (p_status is null or permafrost.effective_request_status(r.status, r.expires_at, v_now) = p_status)
      and (not coalesce(p_awaiting_me, false)
        or r.status in ('pending', 'partial') and r.expires_at > v_now and v_me = any (r.required_guardians)
          and not exists (select from public.sss_encrypted_shares as s
            where s.request_id = r.request_id and s.guardian_id = v_me and s.status = 'submitted')
          and not exists (select from permafrost.request_declines as d
            where d.request_id = r.request_id and d.participant_id = v_me))
    order by r.created_at desc, r.request_id
    limit p_limit
  ) as page;
  return v_requests;
end;
$function$;

revoke all on function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) to authenticated, service_role;

-- function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) -
CREATE OR REPLACE FUNCTION permafrost.list_signing_sessions(p_status public.signing_session_status, p_awaiting_me boolean, p_limit integer, p_before bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_now bigint := permafrost.now_ms();
  v_me text := permafrost.current_participant_id();
  v_family text := permafrost.current_family_id();
  v_operator boolean := permafrost.is_operator();
  v_sessions jsonb;
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'A page has 1 to 500 sessions');
  end if;
  select coalesce(jsonb_agg(permafrost.session_json(page) order by page.created_at desc, page.session_id), '[]')
  into v_sessions
  from (
    select s.* from public.frost_signing_sessions as s
    where (v_operator or s.family_id = v_family and v_me = any (array_append(s.participants, s.created_by)))
      and (p_before is null or s.created_at < p_before)
      -- effective_status, spelled out so that the index on status serves.
      and (p_status is null or case
        when p_status = 'expired' then s.status = 'expired'
          or s.status in ('pending', 'nonce_collection', 'signing', 'aggregating') and s.expires_at <= v_now
        when p_status in ('completed', 'failed') then s.status = p_status
        else s.status = p_status and s.expires_at > v_now end)
      and (not coalesce(p_awaiting_me, false)
        or s.status in ('pending', 'nonce_collection', 'signing') and s.expires_at > v_now
          and s.participants @> array[v_me]
          and case when s.signers is null
            then not exists (select from public.frost_nonce_commitments as c
              where c.session_id = s.session_id and c.participant_id = v_me)
              and not exists (select from permafrost.session_declines as d
                where d.session_id = s.session_id and d.participant_id = v_me)
            -- Used is answered, or marked so that it is not to be.
            else v_me = any (s.signers) and exists (select from public.frost_nonce_commitments as c
              where c.session_id = s.session_id and c.participant_id = v_me and not c.nonce_used)
          end)
    order by s.created_at desc, s.session_id
    limit p_limit
  ) as page;
  return v_sessions;
end;
$function$;

revoke all on function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) from public, anon, authenticated, service_role;
grant execute on function permafrost.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) to authenticated, service_role;

-- function permafrost.lock_family_key(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_family_key(p_family_id text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
RETURN pg_advisory_xact_lock(hashtextextended(('permafrost.key_package:'::text || p_family_id), (0)::bigint));

comment on function permafrost.lock_family_key(pg_catalog.text) is
  'Waits for the turn at a family''s key packages, and keeps it until the transaction ends.';

revoke all on function permafrost.lock_family_key(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_request(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests;
begin
  perform permafrost.check_isolation();
  select * into v_request from public.sss_signing_requests where request_id = p_request_id;
  if found and permafrost.effective_request_status(v_request.status, v_request.expires_at, permafrost.now_ms()) <> 'expired' then
    select * into v_request from public.sss_signing_requests where request_id = p_request_id for update;
  end if;
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such request');
  end if;
  if permafrost.effective_request_status(v_request.status, v_request.expires_at, permafrost.now_ms()) = 'expired' then
    perform permafrost.refuse('session_expired', 'The request has expired');
  end if;
  return v_request;
end;
$function$;

comment on function permafrost.lock_request(pg_catalog.text) is
  'The request, locked for update, as it is at the caller''s turn; as lock_session. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_request(text) from public, anon, authenticated, service_role;

-- function permafrost.lock_session(text) ----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.lock_session(p_session_id text)
 RETURNS public.frost_signing_sessions
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  perform permafrost.check_isolation();
  select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  if found and permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms()) <> 'expired' then
    select * into v_session from public.frost_signing_sessions where session_id = p_session_id for update;
  end if;
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such session');
  end if;
  if permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms()) = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  return v_session;
end;
$function$;

comment on function permafrost.lock_session(pg_catalog.text) is
  'The session, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

revoke all on function permafrost.lock_session(text) from public, anon, authenticated, service_role;

-- function permafrost.log_event(public.frost_signing_sessions,text,text,jsonb) --------------------
CREATE OR REPLACE FUNCTION permafrost.log_event(p_session public.frost_signing_sessions, p_event text, p_actor text, p_detail jsonb DEFAULT '{}'::jsonb)
 RETURNS bigint
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 INSERT INTO public.frost_session_events (session_id, family_id, event, actor, detail)
   VALUES ((log_event.p_session).session_id, (log_event.p_session).family_id, log_event.p_event, log_event.p_actor, log_event.p_detail)
   RETURNING frost_session_events.event_id;
END;

comment on function permafrost.log_event(public.frost_signing_sessions,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Appends an event of a session and returns its id.';

revoke all on function permafrost.log_event(public.frost_signing_sessions,text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.log_request_event(public.sss_signing_requests,text,text,jsonb) --------------
CREATE OR REPLACE FUNCTION permafrost.log_request_event(p_request public.sss_signing_requests, p_event text, p_actor text, p_detail jsonb DEFAULT '{}'::jsonb)
 RETURNS void
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 INSERT INTO public.sss_request_events (request_id, family_id, event, actor, detail)
   VALUES ((log_request_event.p_request).request_id, (log_request_event.p_request).family_id, log_request_event.p_event, log_request_event.p_actor, log_request_event.p_detail);
END;

comment on function permafrost.log_request_event(public.sss_signing_requests,pg_catalog.text,pg_catalog.text,pg_catalog.jsonb) is
  'Appends an event of a recovery request.';

revoke all on function permafrost.log_request_event(public.sss_signing_requests,text,text,jsonb) from public, anon, authenticated, service_role;

-- function permafrost.mark_if_exposed(public.sss_signing_requests) --------------------------------
CREATE OR REPLACE FUNCTION permafrost.mark_if_exposed(p_request public.sss_signing_requests)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_package public.frost_key_packages;
  v_shares integer;
begin
  -- The turn first: of two shares that are handed in at once the second counts the first.
  perform permafrost.lock_family_key(p_request.family_id);
  select * into strict v_package from public.frost_key_packages where key_package_id = p_request.key_package_id;
  select count(*) into v_shares from (
    select e.actor from public.sss_request_events as e
    where e.event = 'share_submitted' and e.family_id = p_request.family_id
      and e.detail ->> 'key_package_id' = p_request.key_package_id::text
      and e.detail ->> 'requester' = p_request.created_by
    union
    select p_request.created_by where p_request.created_by = any (v_package.participants)
  ) as holders;
  if v_shares >= v_package.threshold then
    update public.frost_key_packages set exposed_at = permafrost.now_ms()
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null;
  end if;
end;
$function$;

comment on function permafrost.mark_if_exposed(public.sss_signing_requests) is
  'Marks a key exposed once a requester was given as many shares as its threshold.';

revoke all on function permafrost.mark_if_exposed(public.sss_signing_requests) from public, anon, authenticated, service_role;

-- function permafrost.mark_nonce_as_used(text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.mark_nonce_as_used(p_nonce_commitment text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
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
    return false;
  end if;
  perform permafrost.log_event(v_session, 'nonce_marked', null, jsonb_build_object('participant', v_participant));
  return true;
end;
$function$;

revoke all on function permafrost.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.mark_nonce_as_used(text) to service_role;

-- function permafrost.own_request(text) -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.own_request(p_request_id text)
 RETURNS public.sss_signing_requests
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  if v_request.created_by is distinct from permafrost.current_participant_id()
    or v_request.family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_the_creator', 'Only its requester may do this with a request');
  end if;
  return permafrost.lock_request(p_request_id);
end;
$function$;

comment on function permafrost.own_request(pg_catalog.text) is
  'A request of the caller''s own making, locked. Refuses session_not_found, not_the_creator, session_expired.';

revoke all on function permafrost.own_request(text) from public, anon, authenticated, service_role;

-- function permafrost.record_found_bad(text,text,text,text,text) ----------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_found_bad(p_session_id text, p_participant_id text, p_event text, p_code text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such session');
  end if;
  if p_participant_id is null or p_participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'Nobody of that name takes part in this session');
  end if;
  if permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms()) = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  return jsonb_build_object('event_id', permafrost.log_event(v_session, p_event, p_participant_id,
    jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000))));
end;
$function$;

comment on function permafrost.record_found_bad(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Appends the refusal p_event, which names a participant; returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function permafrost.record_found_bad(text,text,text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.record_nonce_commitment(text,text,text) -------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_nonce_commitment(p_session_id text, p_participant_id text, p_nonce_commitment text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_closed_now boolean := false;
  v_state text;
  v_code text;
  v_reason text;
  v_table text;
begin
  begin
    v_session := permafrost.lock_session(p_session_id);
    if not permafrost.is_recorded_commitment(p_session_id, p_participant_id, p_nonce_commitment) then
      insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
      values (p_session_id, p_participant_id, p_nonce_commitment);
      select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
      v_closed_now := v_session.status = 'signing';
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint,
      v_reason = message_text, v_table = table_name;
    if v_state = '23505' and v_table in ('nonce_ledger', 'frost_nonce_commitments') then
      v_code := 'nonce_reused';
      v_reason := 'A nonce point of this commitment was accepted before';
    elsif v_state not like 'PT4%' then
      raise;
    end if;
    return permafrost.record_refusal(p_session_id,
      case when not permafrost.is_recorded_commitment(p_session_id, p_participant_id, p_nonce_commitment)
        then 'commitment_refused' end,
      p_participant_id, v_code, v_reason);
  end;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'nonce_count', (select count(*) from public.frost_nonce_commitments where session_id = p_session_id),
    'threshold_met', v_session.signers is not null
  ) || case when v_closed_now and v_session.key_package_id is not null
    -- To the one call that closed round one: what share verification is prepared from.
    then jsonb_build_object('signing_package', permafrost.package_json(v_session)) else '{}' end;
end;
$function$;

revoke all on function permafrost.record_nonce_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_nonce_commitment(text,text,text) to service_role;

-- function permafrost.record_published_event(text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_published_event(p_session_id text, p_event_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_request public.sss_signing_requests;
begin
  if permafrost.is_request(p_session_id) then
    perform permafrost.visible_request(p_session_id);
    v_request := permafrost.lock_request(p_session_id);
    perform permafrost.check_published(v_request.status::text, v_request.event_template,
      v_request.message_hash, v_request.final_event_id, p_event_id);
    update public.sss_signing_requests set final_event_id = p_event_id
    where request_id = p_session_id and final_event_id is null;
  else
    perform permafrost.visible_session(p_session_id);
    v_session := permafrost.lock_session(p_session_id);
    perform permafrost.check_published(v_session.status::text, v_session.event_template,
      v_session.message_hash, v_session.final_event_id, p_event_id);
    update public.frost_signing_sessions set final_event_id = p_event_id
    where session_id = p_session_id and final_event_id is null;
  end if;
  return jsonb_build_object('final_event_id', p_event_id);
end;
$function$;

revoke all on function permafrost.record_published_event(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_published_event(text,text) to authenticated;

-- function permafrost.record_refusal(text,text,text,text,text) ------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_refusal(p_session_id text, p_event text, p_participant_id text, p_code text, p_reason text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  if found and p_event is not null then
    perform permafrost.log_event(v_session, p_event, p_participant_id,
      jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000)));
  end if;
  perform set_config('response.status', permafrost.status_of(p_code)::text, true);
  return jsonb_build_object('accepted', false, 'code', p_code, 'error', p_reason);
end;
$function$;

comment on function permafrost.record_refusal(pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records a refusal as p_event (null: as none), sets response.status, and returns {accepted: false, code, error}.';

revoke all on function permafrost.record_refusal(text,text,text,text,text) from public, anon, authenticated, service_role;

-- function permafrost.record_refused_commitment(text,text,text) -----------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.record_found_bad(p_session_id, p_participant_id, 'commitment_refused'::text, 'commitment_invalid'::text, p_reason);

revoke all on function permafrost.record_refused_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_commitment(text,text,text) to service_role;

-- function permafrost.record_refused_share(text,text,text) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_refused_share(p_session_id text, p_participant_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO ''
RETURN permafrost.record_found_bad(p_session_id, p_participant_id, 'share_refused'::text, 'share_invalid'::text, p_reason);

revoke all on function permafrost.record_refused_share(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_share(text,text,text) to service_role;

-- function permafrost.record_signature_share(text,text,text) --------------------------------------
CREATE OR REPLACE FUNCTION permafrost.record_signature_share(p_session_id text, p_participant_id text, p_signature_share text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_session public.frost_signing_sessions;
  v_shares jsonb;
  v_state text;
  v_code text;
  v_reason text;
begin
  begin
    v_session := permafrost.lock_session(p_session_id);
    if not permafrost.is_recorded_share(p_session_id, p_participant_id, p_signature_share) then
      insert into public.frost_signature_shares (session_id, participant_id, signature_share)
      values (p_session_id, p_participant_id, p_signature_share);
      select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
    if v_state not like 'PT4%' then
      raise;
    end if;
    return permafrost.record_refusal(p_session_id,
      case when not permafrost.is_recorded_share(p_session_id, p_participant_id, p_signature_share)
        then 'share_refused' end,
      p_participant_id, v_code, v_reason);
  end;
  select jsonb_object_agg(participant_id, signature_share) into v_shares
  from public.frost_signature_shares where session_id = p_session_id;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'signature_count', (select count(*) from jsonb_object_keys(v_shares)),
    'threshold_met', v_session.status in ('aggregating', 'completed'),
    'final_signature', v_session.final_signature
  ) || case when v_session.status = 'aggregating'
    then jsonb_build_object('signature_shares', v_shares) else '{}' end;
end;
$function$;

revoke all on function permafrost.record_signature_share(text,text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_signature_share(text,text,text) to service_role;

-- function permafrost.refuse(text,text) -----------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.refuse(p_code text, p_message text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
begin
  raise exception using
    errcode = 'PT' || permafrost.status_of(p_code), hint = p_code, message = p_message;
end;
$function$;

comment on function permafrost.refuse(pg_catalog.text,pg_catalog.text) is
  'Raises the refusal p_code (SQLSTATE PT and its status, the code as hint). Never returns.';

revoke all on function permafrost.refuse(text,text) from public, anon, authenticated, service_role;

-- function permafrost.register_key_package(text,text,integer,text[],text,text[],text[],text) ------
CREATE OR REPLACE FUNCTION permafrost.register_key_package(p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[], p_created_by text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_current public.frost_key_packages;
begin
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
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if v_request.status not in ('partial', 'ready') then
    perform permafrost.refuse(
      case when v_request.status = 'pending' then 'round_open' else 'session_finished' end,
      format('The request is %s', v_request.status));
  end if;
  update public.sss_encrypted_shares set status = 'rejected'
  where request_id = p_request_id and guardian_id = p_guardian_id and status = 'submitted'
    and (p_ciphertext is null or ciphertext = p_ciphertext);
  if found then
    -- The event accuses: it names whose share it was and who says it is bad.
    perform permafrost.log_request_event(v_request, 'share_rejected', permafrost.current_participant_id(),
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
 SET search_path TO ''
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

-- function permafrost.set_recovery_recipient(text,text) -------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.set_recovery_recipient(p_request_id text, p_recipient_public_key text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  if p_recipient_public_key is null then
    perform permafrost.refuse('invalid_input', 'A recipient''s public key is 32 bytes of lower-case hex');
  end if;
  update public.sss_signing_requests set recipient_public_key = p_recipient_public_key
  where request_id = p_request_id
  returning * into v_request;
  return permafrost.request_json(v_request);
end;
$function$;

revoke all on function permafrost.set_recovery_recipient(text,text) from public, anon, authenticated, service_role;
grant execute on function permafrost.set_recovery_recipient(text,text) to authenticated;

-- function permafrost.signing_metrics(interval,text,numeric,integer,integer) ----------------------
CREATE OR REPLACE FUNCTION permafrost.signing_metrics(p_window interval, p_family_id text, p_failure_rate numeric, p_reuse_attempts integer, p_stuck_seconds integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO ''
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
begin
  if p_window is null or extract(epoch from p_window) not between 0.001 and 315576000
    or p_failure_rate is null or p_reuse_attempts is null or p_stuck_seconds is null
  then
    perform permafrost.refuse('invalid_input', 'A window is positive and at most 10 years, and thresholds are not null');
  end if;
  v_since := v_now - floor(1000 * extract(epoch from p_window))::bigint;

  with recent as (
    select permafrost.effective_status(s.status, s.expires_at, v_now) as status, s.created_at
    from public.frost_signing_sessions as s
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
    'ledger_size', v_ledger_size,
    'alerts', (select coalesce(jsonb_agg(jsonb_build_object('alert', a.alert, 'value', a.value, 'threshold', a.threshold)), '[]')
      from (values
        ('failure_rate', 1 - v_success_rate, p_failure_rate),
        ('nonce_reuse_attempts', v_reuse_attempts, p_reuse_attempts),
        -- Any session stuck longer than p_stuck_seconds is one too many.
        ('stuck_sessions', v_stuck, 1)) as a (alert, value, threshold)
      where a.value >= a.threshold));
end;
$function$;

revoke all on function permafrost.signing_metrics(interval,text,numeric,integer,integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.signing_metrics(interval,text,numeric,integer,integer) to service_role;

-- function permafrost.status_of(text) -------------------------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.status_of(p_code text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO ''
RETURN CASE WHEN (p_code = 'invalid_input'::text) THEN 400 WHEN (p_code = ANY (ARRAY['not_in_family'::text, 'not_a_participant'::text, 'not_a_signer'::text, 'not_the_creator'::text])) THEN 403 WHEN (p_code = 'session_not_found'::text) THEN 404 WHEN (p_code = ANY (ARRAY['nonce_reused'::text, 'commitment_already_submitted'::text, 'share_already_submitted'::text, 'round_closed'::text, 'round_open'::text, 'invalid_transition'::text, 'session_finished'::text])) THEN 409 WHEN (p_code = 'session_expired'::text) THEN 410 WHEN (p_code = ANY (ARRAY['no_key_package'::text, 'message_hash_invalid'::text, 'participants_invalid'::text, 'threshold_invalid'::text, 'commitment_invalid'::text, 'share_invalid'::text, 'key_package_invalid'::text, 'event_mismatch'::text])) THEN 422 ELSE NULL::integer END;

comment on function permafrost.status_of(pg_catalog.text) is
  'HTTP status of an error code; null for an unknown one.';

revoke all on function permafrost.status_of(text) from public, anon, authenticated, service_role;

-- function permafrost.store_share_verification(text,jsonb) ----------------------------------------
CREATE OR REPLACE FUNCTION permafrost.store_share_verification(p_session_id text, p_verification jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  insert into permafrost.share_verifications (session_id, verification)
  select s.session_id, p_verification from public.frost_signing_sessions as s
  where s.session_id = p_session_id and s.signers is not null
  on conflict do nothing;
  return found;
end;
$function$;

revoke all on function permafrost.store_share_verification(text,jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.store_share_verification(text,jsonb) to service_role;

-- function permafrost.submit_recovery_share(text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION permafrost.submit_recovery_share(p_request_id text, p_ciphertext text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  v_me text := permafrost.current_participant_id();
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
  v_share public.sss_encrypted_shares;
  v_repeated boolean;
begin
  if v_me is null or v_me <> all (v_request.required_guardians) then
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

-- function public.cleanup_old_frost_signing_sessions(integer) -------------------------------------
CREATE OR REPLACE FUNCTION public.cleanup_old_frost_signing_sessions(retention_days integer DEFAULT 90)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.cleanup_old_frost_signing_sessions(retention_days) AS cleanup_old_frost_signing_sessions;
END;

comment on function public.cleanup_old_frost_signing_sessions(integer) is
  'Deletes finished sessions created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Events and the nonce ledger stay. Refuses invalid_input.';

revoke all on function public.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_frost_signing_sessions(integer) to service_role;

-- function public.cleanup_old_sss_signing_requests(integer) ---------------------------------------
CREATE OR REPLACE FUNCTION public.cleanup_old_sss_signing_requests(retention_days integer DEFAULT 90)
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.cleanup_old_sss_signing_requests(retention_days) AS cleanup_old_sss_signing_requests;
END;

comment on function public.cleanup_old_sss_signing_requests(integer) is
  'Deletes finished recovery requests created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Events stay. Refuses invalid_input.';

revoke all on function public.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_sss_signing_requests(integer) to service_role;

-- function public.complete_recovery_request(text,text,text) ---------------------------------------
CREATE OR REPLACE FUNCTION public.complete_recovery_request(p_request_id text, p_participant_id text, p_final_signature text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
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
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.complete_signing_session(p_session_id, p_final_signature) AS complete_signing_session;
END;

comment on function public.complete_signing_session(pg_catalog.text,pg_catalog.text) is
  'Completes an aggregating session with a signature the caller has verified under the group key; the same signature again gets the same answer. Refuses session_not_found, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function public.complete_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function public.complete_signing_session(text,text) to service_role;

-- function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) --
CREATE OR REPLACE FUNCTION public.create_recovery_request(p_family_id text, p_message_hash text, p_required_guardians text[], p_threshold integer, p_event_template jsonb DEFAULT NULL::jsonb, p_event_type text DEFAULT NULL::text, p_use_case text DEFAULT NULL::text, p_recipient_public_key text DEFAULT NULL::text, p_expiration_seconds integer DEFAULT 86400)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.create_recovery_request(p_family_id, p_message_hash, p_required_guardians, p_threshold, p_event_template, p_event_type, p_use_case, p_recipient_public_key, p_expiration_seconds) AS create_recovery_request;
END;

comment on function public.create_recovery_request(pg_catalog.text,pg_catalog.text,pg_catalog.text[],integer,pg_catalog.jsonb,pg_catalog.text,pg_catalog.text,pg_catalog.text,integer) is
  'Asks the guardians for their shares, to sign one message on the caller''s device. Returns the request as get_recovery_request does. Refuses as create_signing_session, and no_key_package.';

revoke all on function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.create_recovery_request(text,text,text[],integer,jsonb,text,text,text,integer) to authenticated;

-- function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) -------------
CREATE OR REPLACE FUNCTION public.create_signing_session(p_family_id text, p_message_hash text, p_participants text[], p_threshold integer, p_event_template jsonb DEFAULT NULL::jsonb, p_event_type text DEFAULT NULL::text, p_expiration_seconds integer DEFAULT 300)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.create_signing_session(p_family_id, p_message_hash, p_participants, p_threshold, p_event_template, p_event_type, p_expiration_seconds) AS create_signing_session;
END;

comment on function public.create_signing_session(pg_catalog.text,pg_catalog.text,pg_catalog.text[],integer,pg_catalog.jsonb,pg_catalog.text,integer) is
  'Creates a session in the caller''s family, as the caller, and returns it as get_signing_session does. Refuses not_in_family, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid.';

revoke all on function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.create_signing_session(text,text,text[],integer,jsonb,text,integer) to authenticated;

-- function public.decline_signing_request(text,text) ----------------------------------------------
CREATE OR REPLACE FUNCTION public.decline_signing_request(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.decline_signing_request(p_session_id, p_reason) AS decline_signing_request;
END;

comment on function public.decline_signing_request(pg_catalog.text,pg_catalog.text) is
  'Says no to a session or a recovery request; it fails at once when too few are left. Returns method and status. Refuses session_not_found, not_a_participant, invalid_input, session_expired, session_finished, share_already_submitted, round_closed, invalid_transition.';

revoke all on function public.decline_signing_request(text,text) from public, anon, authenticated, service_role;
grant execute on function public.decline_signing_request(text,text) to authenticated;

-- function public.expire_old_frost_signing_sessions() ---------------------------------------------
CREATE OR REPLACE FUNCTION public.expire_old_frost_signing_sessions()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.expire_old_frost_signing_sessions() AS expire_old_frost_signing_sessions;
END;

comment on function public.expire_old_frost_signing_sessions() is
  'Marks unfinished sessions past their time as expired, for five seconds at most; returns how many. 0 when none is left.';

revoke all on function public.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_frost_signing_sessions() to service_role;

-- function public.expire_old_sss_signing_requests() -----------------------------------------------
CREATE OR REPLACE FUNCTION public.expire_old_sss_signing_requests()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.expire_old_sss_signing_requests() AS expire_old_sss_signing_requests;
END;

comment on function public.expire_old_sss_signing_requests() is
  'Marks unfinished recovery requests past their time as expired, for five seconds at most; returns how many. 0 when none is left.';

revoke all on function public.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_sss_signing_requests() to service_role;

-- function public.fail_recovery_request(text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION public.fail_recovery_request(p_request_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.fail_recovery_request(p_request_id, p_reason) AS fail_recovery_request;
END;

comment on function public.fail_recovery_request(pg_catalog.text,pg_catalog.text) is
  'Fails an unfinished request of the caller''s own making. Refuses as fail_signing_session.';

revoke all on function public.fail_recovery_request(text,text) from public, anon, authenticated, service_role;
grant execute on function public.fail_recovery_request(text,text) to authenticated;

-- function public.fail_signing_session(text,text) -------------------------------------------------
CREATE OR REPLACE FUNCTION public.fail_signing_session(p_session_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.fail_signing_session(p_session_id, p_reason) AS fail_signing_session;
END;

comment on function public.fail_signing_session(pg_catalog.text,pg_catalog.text) is
  'Fails an unfinished session of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function public.fail_signing_session(text,text) from public, anon, authenticated, service_role;
grant execute on function public.fail_signing_session(text,text) to authenticated;

-- function public.frost_signing_metrics(interval,text,numeric,integer,integer) --------------------
CREATE OR REPLACE FUNCTION public.frost_signing_metrics(p_window interval DEFAULT '24:00:00'::interval, p_family_id text DEFAULT NULL::text, p_failure_rate numeric DEFAULT 0.25, p_reuse_attempts integer DEFAULT 1, p_stuck_seconds integer DEFAULT 60)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.signing_metrics(p_window, p_family_id, p_failure_rate, p_reuse_attempts, p_stuck_seconds) AS signing_metrics;
END;

comment on function public.frost_signing_metrics(interval,pg_catalog.text,numeric,integer,integer) is
  'Sessions created in the window by status and hour, success_rate (null without finished sessions), failed, expired, phases (median_ms, p95_ms), nonce_reuse_attempts, refused_shares by participant, orphaned_sessions, stuck_sessions, ledger_size, and alerts: failure rate, reuse attempts and sessions aggregating for longer than p_stuck_seconds, at or above their thresholds. Refuses invalid_input.';

revoke all on function public.frost_signing_metrics(interval,text,numeric,integer,integer) from public, anon, authenticated, service_role;
grant execute on function public.frost_signing_metrics(interval,text,numeric,integer,integer) to service_role;

-- function public.get_recovery_request(text) ------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_recovery_request(p_request_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.get_recovery_request(p_request_id) AS get_recovery_request;
END;

comment on function public.get_recovery_request(pg_catalog.text) is
  'A recovery request the caller made or is a guardian of: all columns, with ciphersuite, key_package, submitted_guardians, rejected_guardians, missing_guardians, declined, is_expired, warning, and encrypted_shares for its requester. Refuses session_not_found.';

revoke all on function public.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function public.get_recovery_request(text) to authenticated, service_role;

-- function public.get_share_verification(text) ----------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_share_verification(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.get_share_verification(p_session_id) AS get_share_verification;
END;

comment on function public.get_share_verification(pg_catalog.text) is
  'For a signer: verification and signer, what its share is checked with (null where they must be computed again), and signature_share, what it has submitted. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open, not_a_signer.';

revoke all on function public.get_share_verification(text) from public, anon, authenticated, service_role;
grant execute on function public.get_share_verification(text) to authenticated;

-- function public.get_signing_package(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_package(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.get_signing_package(p_session_id) AS get_signing_package;
END;

comment on function public.get_signing_package(pg_catalog.text) is
  'For participants, from signing on, everything round two takes: ciphersuite, message, event_template, threshold, signers, commitments, key_package. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

revoke all on function public.get_signing_package(text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_package(text) to authenticated, service_role;

-- function public.get_signing_session(text) -------------------------------------------------------
CREATE OR REPLACE FUNCTION public.get_signing_session(p_session_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.get_signing_session(p_session_id) AS get_signing_session;
END;

comment on function public.get_signing_session(pg_catalog.text) is
  'A session the caller created or takes part in: all columns, with nonce_commitments, signature_shares, missing_commitments, missing_signatures, can_aggregate, is_expired, signable, signable_reason. Refuses session_not_found.';

revoke all on function public.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_session(text) to authenticated, service_role;

-- function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) --------
CREATE OR REPLACE FUNCTION public.list_recovery_requests(p_status public.sss_request_status DEFAULT NULL::public.sss_request_status, p_awaiting_me boolean DEFAULT false, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL::bigint)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.list_recovery_requests(p_status, p_awaiting_me, p_limit, p_before) AS list_recovery_requests;
END;

comment on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) is
  'An array of the caller''s recovery requests, newest first, 1 to 500 of them; as list_signing_sessions. Refuses invalid_input.';

revoke all on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) from public, anon, authenticated, service_role;
grant execute on function public.list_recovery_requests(public.sss_request_status,boolean,integer,bigint) to authenticated, service_role;

-- function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) -----
CREATE OR REPLACE FUNCTION public.list_signing_sessions(p_status public.signing_session_status DEFAULT NULL::public.signing_session_status, p_awaiting_me boolean DEFAULT false, p_limit integer DEFAULT 50, p_before bigint DEFAULT NULL::bigint)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.list_signing_sessions(p_status, p_awaiting_me, p_limit, p_before) AS list_signing_sessions;
END;

comment on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) is
  'An array of the caller''s sessions, newest first, 1 to 500 of them: of one status; only those where the caller owes a commitment or a share; created before p_before (milliseconds). Refuses invalid_input.';

revoke all on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) from public, anon, authenticated, service_role;
grant execute on function public.list_signing_sessions(public.signing_session_status,boolean,integer,bigint) to authenticated, service_role;

-- function public.mark_nonce_as_used(text) --------------------------------------------------------
CREATE OR REPLACE FUNCTION public.mark_nonce_as_used(p_nonce_commitment text)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.mark_nonce_as_used(p_nonce_commitment) AS mark_nonce_as_used;
END;

comment on function public.mark_nonce_as_used(pg_catalog.text) is
  'Marks a commitment used; true for exactly one caller, false where it was used or is unknown.';

revoke all on function public.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function public.mark_nonce_as_used(text) to service_role;

-- function public.record_nonce_commitment(text,text,text) -----------------------------------------
CREATE OR REPLACE FUNCTION public.record_nonce_commitment(p_session_id text, p_participant_id text, p_nonce_commitment text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.record_nonce_commitment(p_session_id, p_participant_id, p_nonce_commitment) AS record_nonce_commitment;
END;

comment on function public.record_nonce_commitment(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records a participant''s nonce commitment, whose points the caller has checked: accepted, status, nonce_count, threshold_met, and signing_package to the call that closed round one; or accepted false, code, error.';

revoke all on function public.record_nonce_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_nonce_commitment(text,text,text) to service_role;

-- function public.record_published_event(text,text) -----------------------------------------------
CREATE OR REPLACE FUNCTION public.record_published_event(p_session_id text, p_event_id text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.record_published_event(p_session_id, p_event_id) AS record_published_event;
END;

comment on function public.record_published_event(pg_catalog.text,pg_catalog.text) is
  'Records, once, under which id the event of a completed session or request was published; the same id again is fine. Refuses session_not_found, session_expired, invalid_input, invalid_transition, event_mismatch, session_finished.';

revoke all on function public.record_published_event(text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_published_event(text,text) to authenticated;

-- function public.record_refused_commitment(text,text,text) ---------------------------------------
CREATE OR REPLACE FUNCTION public.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.record_refused_commitment(p_session_id, p_participant_id, p_reason) AS record_refused_commitment;
END;

comment on function public.record_refused_commitment(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records the event that a participant''s nonce commitment is not two valid points, and returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function public.record_refused_commitment(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_commitment(text,text,text) to service_role;

-- function public.record_refused_share(text,text,text) --------------------------------------------
CREATE OR REPLACE FUNCTION public.record_refused_share(p_session_id text, p_participant_id text, p_reason text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.record_refused_share(p_session_id, p_participant_id, p_reason) AS record_refused_share;
END;

comment on function public.record_refused_share(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records the event that a participant''s share did not verify, and returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function public.record_refused_share(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_share(text,text,text) to service_role;

-- function public.record_signature_share(text,text,text) ------------------------------------------
CREATE OR REPLACE FUNCTION public.record_signature_share(p_session_id text, p_participant_id text, p_signature_share text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.record_signature_share(p_session_id, p_participant_id, p_signature_share) AS record_signature_share;
END;

comment on function public.record_signature_share(pg_catalog.text,pg_catalog.text,pg_catalog.text) is
  'Records a signer''s share, which the caller has verified: accepted, status, signature_count, threshold_met, final_signature, and signature_shares while aggregating; or accepted false, code, error.';

revoke all on function public.record_signature_share(text,text,text) from public, anon, authenticated, service_role;
grant execute on function public.record_signature_share(text,text,text) to service_role;

-- function public.register_key_package(text,text,integer,text[],text,text[],text[],text) ----------
CREATE OR REPLACE FUNCTION public.register_key_package(p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[] DEFAULT NULL::text[], p_created_by text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
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
 SET search_path TO ''
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
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.set_recovery_recipient(p_request_id, p_recipient_public_key) AS set_recovery_recipient;
END;

comment on function public.set_recovery_recipient(pg_catalog.text,pg_catalog.text) is
  'Sets, once, the one-time key that guardians encrypt to. Refuses session_not_found, not_the_creator, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function public.set_recovery_recipient(text,text) from public, anon, authenticated, service_role;
grant execute on function public.set_recovery_recipient(text,text) to authenticated;

-- function public.store_share_verification(text,jsonb) --------------------------------------------
CREATE OR REPLACE FUNCTION public.store_share_verification(p_session_id text, p_verification jsonb)
 RETURNS boolean
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.store_share_verification(p_session_id, p_verification) AS store_share_verification;
END;

comment on function public.store_share_verification(pg_catalog.text,pg_catalog.jsonb) is
  'Keeps what share checks of a session are made from; false where it was there already or round one is open.';

revoke all on function public.store_share_verification(text,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.store_share_verification(text,jsonb) to service_role;

-- function public.submit_recovery_share(text,text) ------------------------------------------------
CREATE OR REPLACE FUNCTION public.submit_recovery_share(p_request_id text, p_ciphertext text)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO ''
BEGIN ATOMIC
 SELECT permafrost.submit_recovery_share(p_request_id, p_ciphertext) AS submit_recovery_share;
END;

comment on function public.submit_recovery_share(pg_catalog.text,pg_catalog.text) is
  'For a guardian: its signing share, encrypted to the request''s key. Returns status, share_count, threshold_met. Refuses session_not_found, not_a_participant, session_expired, session_finished, round_open, round_closed, share_already_submitted, invalid_transition, invalid_input.';

revoke all on function public.submit_recovery_share(text,text) from public, anon, authenticated, service_role;
grant execute on function public.submit_recovery_share(text,text) to authenticated;

-- view public.frost_refusals ----------------------------------------------------------------------
create view public.frost_refusals with (security_invoker=true) as
 SELECT event_id,
    family_id,
    session_id,
    actor AS participant_id,
    event,
    detail ->> 'code'::text AS code,
    occurred_at
   FROM public.frost_session_events e
  WHERE event = ANY (ARRAY['commitment_refused'::text, 'share_refused'::text]);

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

-- view public.frost_sessions_by_hour --------------------------------------------------------------
create view public.frost_sessions_by_hour with (security_invoker=true) as
 SELECT family_id,
    date_trunc('hour'::text, to_timestamp((created_at::numeric / 1000.0)::double precision)) AS hour,
    permafrost.effective_status(status, expires_at, permafrost.now_ms()) AS status,
    count(*) AS sessions
   FROM public.frost_signing_sessions s
  GROUP BY family_id, (date_trunc('hour'::text, to_timestamp((created_at::numeric / 1000.0)::double precision))), (permafrost.effective_status(status, expires_at, permafrost.now_ms()));

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
  WHERE (s.status = ANY (ARRAY['pending'::public.signing_session_status, 'nonce_collection'::public.signing_session_status, 'signing'::public.signing_session_status, 'aggregating'::public.signing_session_status])) AND s.expires_at <= (( SELECT permafrost.now_ms() AS now_ms))
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

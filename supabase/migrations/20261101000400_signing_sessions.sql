-- A signing session: one message, one signer set, one signature. What is signed and by whom is fixed when
-- the row is inserted; how far it has come is moved by the state machine (next file) alone.

do $$
begin
  create type public.signing_session_status as enum
    ('pending', 'nonce_collection', 'signing', 'aggregating', 'completed', 'failed', 'expired');
exception when duplicate_object then null;
end
$$;
comment on type public.signing_session_status is
  'pending, nonce_collection (round one), signing (round two), aggregating; then completed, failed or expired.';

create table if not exists public.frost_signing_sessions (
  session_id text primary key default gen_random_uuid()::text,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  participants text[] not null,
  threshold integer not null,
  created_by text not null,
  status public.signing_session_status not null default 'pending',
  key_package_id uuid references public.frost_key_packages (key_package_id),
  signers text[],
  final_signature text,
  final_event_id text,
  error_message text,
  created_at bigint not null default permafrost.now_ms(),
  updated_at bigint not null default permafrost.now_ms(),
  nonce_collection_started_at bigint,
  signing_started_at bigint,
  aggregating_started_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint not null default permafrost.now_ms() + 300000,
  constraint frost_signing_sessions_completed_signed check ((status = 'completed') = (final_signature is not null)),
  constraint frost_signing_sessions_failed_explained check ((status = 'failed') = (error_message is not null))
);

comment on table public.frost_signing_sessions is
  'FROST signing sessions. Times are milliseconds since the epoch. Past expires_at an unfinished session is expired, whatever status says; the RPCs show it so.';
comment on column public.frost_signing_sessions.message_hash is
  'What is signed, lower-case hex: exactly 32 bytes for the TR suite, 1 to 8,192 for the others. Any text in a dry run.';
comment on column public.frost_signing_sessions.event_template is 'The Nostr event (NIP-01) whose id message_hash is; guardians hash it again.';
comment on column public.frost_signing_sessions.participants is 'Who may take part.';
comment on column public.frost_signing_sessions.threshold is 'How many signers this session takes: the key package''s threshold or more.';
comment on column public.frost_signing_sessions.key_package_id is
  'The family''s key when the session was made; null for a dry run, which no function will sign.';
comment on column public.frost_signing_sessions.signers is
  'Who signs: those whose commitments closed round one, in FROST identifier order. Never changes.';
comment on column public.frost_signing_sessions.final_signature is 'Lower-case hex, in the encoding the suite''s verifiers expect.';
comment on column public.frost_signing_sessions.final_event_id is 'Id of the published event; set once, after completion.';

-- Seven indexes, the primary key among them; the query each one serves is named.
-- list_signing_sessions: a family's sessions, newest first
create index if not exists frost_signing_sessions_family_idx
  on public.frost_signing_sessions (family_id, created_at desc);
-- list_signing_sessions(p_status)
create index if not exists frost_signing_sessions_family_status_idx
  on public.frost_signing_sessions (family_id, status, created_at desc);
-- list_signing_sessions(p_awaiting_me)
create index if not exists frost_signing_sessions_awaiting_idx
  on public.frost_signing_sessions using gin (participants)
  where status in ('pending', 'nonce_collection', 'signing');
-- expire_old_frost_signing_sessions
create index if not exists frost_signing_sessions_open_idx
  on public.frost_signing_sessions (expires_at)
  where status in ('pending', 'nonce_collection', 'signing', 'aggregating');
-- cleanup_old_frost_signing_sessions, and monitoring by time window
create index if not exists frost_signing_sessions_created_idx
  on public.frost_signing_sessions (created_at);
-- monitoring: sessions whose last caller died before completing them
create index if not exists frost_signing_sessions_aggregating_idx
  on public.frost_signing_sessions (aggregating_started_at) where status = 'aggregating';

-- Rights: grants are the first lock, policies the second ------------------------------------------------

alter table public.frost_signing_sessions enable row level security;
revoke all on table public.frost_signing_sessions from public, anon, authenticated, service_role;
grant select, insert on table public.frost_signing_sessions to authenticated;
-- No update or delete for authenticated: a session changes through RPCs alone.
grant select, insert, update, delete on table public.frost_signing_sessions to service_role;

drop policy if exists "Creators and participants read their sessions" on public.frost_signing_sessions;
create policy "Creators and participants read their sessions" on public.frost_signing_sessions
  for select to authenticated
  using (
    family_id = (select permafrost.current_family_id())
    and (created_by = (select permafrost.current_participant_id())
      or (select permafrost.current_participant_id()) = any (participants))
  );

drop policy if exists "Members create sessions as themselves" on public.frost_signing_sessions;
create policy "Members create sessions as themselves" on public.frost_signing_sessions
  for insert to authenticated
  with check (
    family_id = (select permafrost.current_family_id())
    and created_by = (select permafrost.current_participant_id())
  );

drop policy if exists "Creators update their sessions" on public.frost_signing_sessions;
create policy "Creators update their sessions" on public.frost_signing_sessions
  for update to authenticated
  using (
    family_id = (select permafrost.current_family_id())
    and created_by = (select permafrost.current_participant_id())
  )
  with check (
    family_id = (select permafrost.current_family_id())
    and created_by = (select permafrost.current_participant_id())
  );

drop policy if exists "The service manages all sessions" on public.frost_signing_sessions;
create policy "The service manages all sessions" on public.frost_signing_sessions
  for all to service_role using (true) with check (true);

-- Expiry is a fact, not a job ----------------------------------------------------------------------------

create or replace function permafrost.is_open(p_status public.signing_session_status) returns boolean
language sql immutable set search_path = ''
return p_status in ('pending', 'nonce_collection', 'signing', 'aggregating');
comment on function permafrost.is_open(public.signing_session_status) is 'True while a session is not completed, failed or expired.';
revoke all on function permafrost.is_open(public.signing_session_status) from public, anon, authenticated, service_role;

create or replace function permafrost.effective_status(
  p_status public.signing_session_status, p_expires_at bigint, p_now bigint
) returns public.signing_session_status
language sql immutable set search_path = ''
return case when permafrost.is_open(p_status) and p_expires_at <= p_now
  then 'expired'::public.signing_session_status else p_status end;
comment on function permafrost.effective_status(public.signing_session_status, bigint, bigint) is
  'The status as it is true at p_now (milliseconds), whether or not a sweep has run.';
revoke all on function permafrost.effective_status(public.signing_session_status, bigint, bigint)
  from public, anon, authenticated, service_role;

-- Admission ------------------------------------------------------------------------------------------------

-- What a request for a signature must look like, by whatever method it is made.
create or replace function permafrost.check_request(
  p_participants text[], p_threshold integer, p_message_hash text, p_event_template jsonb, p_event_type text
) returns void
language plpgsql immutable set search_path = ''
as $$
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
$$;
comment on function permafrost.check_request(text[], integer, text, jsonb, text) is
  'Refuses participants_invalid, threshold_invalid or invalid_input for what no key could sign.';
revoke all on function permafrost.check_request(text[], integer, text, jsonb, text)
  from public, anon, authenticated, service_role;

-- What the family's key asks of it on top.
create or replace function permafrost.check_against_key(
  p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_message_hash text
) returns void
language plpgsql stable set search_path = ''
as $$
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
$$;
comment on function permafrost.check_against_key(public.frost_key_packages, text[], integer, text) is
  'Refuses participants_invalid, threshold_invalid or message_hash_invalid for what this key does not sign.';
revoke all on function permafrost.check_against_key(public.frost_key_packages, text[], integer, text)
  from public, anon, authenticated, service_role;

-- An operator may backdate a row, to test expiry or to restore it; a member may not.
create or replace function permafrost.check_times(p_created_at bigint, p_expires_at bigint) returns void
language plpgsql stable set search_path = ''
as $$
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
$$;
comment on function permafrost.check_times(bigint, bigint) is 'Refuses invalid_input for times a request cannot have.';
revoke all on function permafrost.check_times(bigint, bigint) from public, anon, authenticated, service_role;

create or replace function permafrost.current_key_package(p_family_id text) returns public.frost_key_packages
language sql stable set search_path = ''
begin atomic
  select k.* from public.frost_key_packages as k where k.family_id = p_family_id and k.retired_at is null;
end;
comment on function permafrost.current_key_package(text) is 'The family''s current key, or a row of nulls.';
revoke all on function permafrost.current_key_package(text) from public, anon, authenticated, service_role;

-- Security definer: it reads key packages and suites for inserters who may see neither.
create or replace function permafrost.tg_frost_signing_sessions__10_admit() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_frost_signing_sessions__10_admit() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_signing_sessions__10_admit
  before insert on public.frost_signing_sessions
  for each row execute function permafrost.tg_frost_signing_sessions__10_admit();

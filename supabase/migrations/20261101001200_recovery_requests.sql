-- The emergency path. FROST signing shares are Shamir shares of the group secret, so a threshold of
-- guardians can hand theirs to one device that puts the secret together and signs alone. The server keeps
-- ciphertext for that device, counts, enforces and expires; it never holds a share in the clear.
--
--   pending -> partial <-> ready -> completed
--      \__________\__________\----> failed | expired

do $$
begin
  create type public.sss_request_status as enum ('pending', 'partial', 'ready', 'completed', 'failed', 'expired');
exception when duplicate_object then null;
end
$$;
comment on type public.sss_request_status is
  'pending (no share), partial (some), ready (a threshold of them); then completed, failed or expired.';

create table if not exists public.sss_signing_requests (
  request_id text primary key default gen_random_uuid()::text,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  use_case text,
  required_guardians text[] not null,
  threshold integer not null,
  recipient_public_key text,
  key_package_id uuid not null references public.frost_key_packages (key_package_id),
  created_by text not null,
  status public.sss_request_status not null default 'pending',
  final_signature text,
  final_event_id text,
  error_message text,
  created_at bigint not null default permafrost.now_ms(),
  updated_at bigint not null default permafrost.now_ms(),
  ready_at bigint,
  completed_at bigint,
  failed_at bigint,
  expires_at bigint not null default permafrost.now_ms() + 86400000,
  constraint sss_signing_requests_completed_signed check ((status = 'completed') = (final_signature is not null)),
  constraint sss_signing_requests_failed_explained check ((status = 'failed') = (error_message is not null))
);
-- list_recovery_requests
create index if not exists sss_signing_requests_family_idx on public.sss_signing_requests (family_id, created_at desc);
-- expire_old_sss_signing_requests
create index if not exists sss_signing_requests_open_idx on public.sss_signing_requests (expires_at)
  where status in ('pending', 'partial', 'ready');
-- cleanup_old_sss_signing_requests
create index if not exists sss_signing_requests_created_idx on public.sss_signing_requests (created_at);

comment on table public.sss_signing_requests is
  'Requests to put the group secret together on the requester''s device and sign there. Times are milliseconds since the epoch.';
comment on column public.sss_signing_requests.message_hash is 'What is signed, lower-case hex, as the ciphersuite takes it.';
comment on column public.sss_signing_requests.required_guardians is 'Whose shares may be handed in.';
comment on column public.sss_signing_requests.threshold is 'How many of them it takes: the key package''s threshold or more.';
comment on column public.sss_signing_requests.recipient_public_key is
  'The requester''s one-time key, x-only secp256k1, 32 bytes of lower-case hex. Set once. Guardians confirm it out of band.';
comment on column public.sss_signing_requests.ready_at is 'When a threshold of shares was there first.';

alter table public.sss_signing_requests enable row level security;
revoke all on table public.sss_signing_requests from public, anon, authenticated, service_role;
grant select on table public.sss_signing_requests to authenticated, service_role;
-- No insert, update or delete for anybody: RPCs are the only way in.

drop policy if exists "Requesters and guardians read their requests" on public.sss_signing_requests;
create policy "Requesters and guardians read their requests" on public.sss_signing_requests
  for select to authenticated
  using (
    family_id = (select permafrost.current_family_id())
    and (created_by = (select permafrost.current_participant_id())
      or (select permafrost.current_participant_id()) = any (required_guardians))
  );

-- The record of it all ----------------------------------------------------------------------------------

create table if not exists public.sss_request_events (
  event_id bigint generated always as identity primary key,
  request_id text not null,
  family_id text not null,
  event text not null check (event in ('created', 'recipient_set', 'share_submitted', 'share_rejected',
    'declined', 'partial', 'ready', 'completed', 'failed', 'expired', 'published')),
  actor text,
  detail jsonb not null default '{}'::jsonb,
  occurred_at bigint not null default permafrost.now_ms()
);
-- The trail of one request; mark_if_exposed.
create index if not exists sss_request_events_request_idx on public.sss_request_events (request_id, event_id);
create index if not exists sss_request_events_submitted_idx on public.sss_request_events (family_id)
  where event = 'share_submitted';
comment on table public.sss_request_events is 'Append-only record of what happened to recovery requests. Survives cleanup.';
comment on column public.sss_request_events.actor is 'The participant who did it; null for the coordinator itself.';

alter table public.sss_request_events enable row level security;
revoke all on table public.sss_request_events from public, anon, authenticated, service_role;
revoke all on sequence public.sss_request_events_event_id_seq from public, anon, authenticated, service_role;
grant select on table public.sss_request_events to authenticated, service_role;

drop policy if exists "Members read the events of their requests" on public.sss_request_events;
create policy "Members read the events of their requests" on public.sss_request_events
  for select to authenticated
  using (
    family_id = (select permafrost.current_family_id())
    and (actor = (select permafrost.current_participant_id())
      or request_id in (select r.request_id from public.sss_signing_requests as r))
  );

create or replace trigger tg_sss_request_events__append_only
  before update or delete or truncate on public.sss_request_events
  for each statement execute function permafrost.tg__append_only();

create or replace function permafrost.log_request_event(
  p_request public.sss_signing_requests, p_event text, p_actor text, p_detail jsonb default '{}'
) returns void
language sql volatile set search_path = ''
begin atomic
  insert into public.sss_request_events (request_id, family_id, event, actor, detail)
  values (p_request.request_id, p_request.family_id, p_event, p_actor, p_detail);
end;
comment on function permafrost.log_request_event(public.sss_signing_requests, text, text, jsonb) is
  'Appends an event of a recovery request.';
revoke all on function permafrost.log_request_event(public.sss_signing_requests, text, text, jsonb)
  from public, anon, authenticated, service_role;

-- The state machine ---------------------------------------------------------------------------------------

create table if not exists permafrost.sss_request_transitions (
  from_status public.sss_request_status not null,
  to_status public.sss_request_status not null,
  primary key (from_status, to_status)
);
alter table permafrost.sss_request_transitions enable row level security;
revoke all on table permafrost.sss_request_transitions from public, anon, authenticated, service_role;
comment on table permafrost.sss_request_transitions is 'The legal edges of a recovery request''s state.';

insert into permafrost.sss_request_transitions (from_status, to_status) values
  ('pending', 'partial'),
  ('partial', 'ready'),
  ('ready', 'partial'), -- a share turned out bad
  ('ready', 'completed'),
  ('pending', 'failed'), ('partial', 'failed'), ('ready', 'failed'),
  ('pending', 'expired'), ('partial', 'expired'), ('ready', 'expired')
on conflict do nothing;

create or replace function permafrost.effective_request_status(
  p_status public.sss_request_status, p_expires_at bigint, p_now bigint
) returns public.sss_request_status
language sql immutable set search_path = ''
return case when p_status in ('pending', 'partial', 'ready') and p_expires_at <= p_now
  then 'expired'::public.sss_request_status else p_status end;
comment on function permafrost.effective_request_status(public.sss_request_status, bigint, bigint) is
  'The status as it is true at p_now (milliseconds), whether or not a sweep has run.';
revoke all on function permafrost.effective_request_status(public.sss_request_status, bigint, bigint)
  from public, anon, authenticated, service_role;

create or replace function permafrost.check_recipient(p_public_key text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if p_public_key !~ '^[0-9a-f]{64}$' then
    perform permafrost.refuse('invalid_input', 'A recipient''s public key is 32 bytes of lower-case hex');
  end if;
end;
$$;
comment on function permafrost.check_recipient(text) is 'Refuses invalid_input for what is no key to encrypt to; null is none yet.';
revoke all on function permafrost.check_recipient(text) from public, anon, authenticated, service_role;

-- Security definer: it reads key packages and suites.
create or replace function permafrost.tg_sss_signing_requests__10_admit() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_sss_signing_requests__10_admit() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_signing_requests__10_admit
  before insert on public.sss_signing_requests
  for each row execute function permafrost.tg_sss_signing_requests__10_admit();

-- Security definer: it reads the transitions, which no role may.
create or replace function permafrost.tg_sss_signing_requests__20_guard() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_sss_signing_requests__20_guard() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_signing_requests__20_guard
  before update on public.sss_signing_requests
  for each row execute function permafrost.tg_sss_signing_requests__20_guard();

-- Security definer: events are written by nobody else.
create or replace function permafrost.tg_sss_signing_requests__30_log() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_sss_signing_requests__30_log() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_signing_requests__30_log
  after insert or update on public.sss_signing_requests
  for each row execute function permafrost.tg_sss_signing_requests__30_log();

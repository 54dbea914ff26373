-- A signing session: one message, one signer set, one signature. What is signed and by whom is fixed when the
-- row is inserted; how far it has come is moved under the law alone.
--
--   pending -> nonce_collection -> signing -> aggregating -> completed
--      \______________\_______________\____________\_______-> failed | expired

do $$
begin
  create type public.signing_session_status as enum
    ('pending', 'nonce_collection', 'signing', 'aggregating', 'completed', 'failed', 'expired');
exception when duplicate_object then null;
end
$$;
comment on type public.signing_session_status is
  'pending, nonce_collection (round one), signing (round two), aggregating; then completed, failed or expired.';

do $$
begin
  create type public.signing_mode as enum ('two_round', 'robust', 'one_tap');
exception when duplicate_object then null;
end
$$;
comment on type public.signing_mode is
  'two_round: one signer set. robust: the next one where one stalls. one_tap: signer sets of pooled commitments from the start, then as robust.';

create table if not exists public.frost_signing_sessions (
  session_id text primary key default gen_random_uuid()::text,
  family_id text not null,
  message_hash text not null,
  event_template jsonb,
  event_type text,
  participants text[] not null,
  threshold integer not null,
  created_by text not null,
  mode public.signing_mode not null default 'two_round',
  status public.signing_session_status not null default 'pending',
  key_package_id uuid references public.frost_key_packages (key_package_id) on delete restrict,
  signers text[],
  final_signature text,
  final_event_id text,
  error_message text,
  incarnation integer not null,
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
  'Who signs, in FROST identifier order: those whose commitments closed round one; in the other modes the signers of the quorum that finished. Never changes.';
comment on column public.frost_signing_sessions.final_signature is 'Lower-case hex, in the encoding the suite''s verifiers expect.';
comment on column public.frost_signing_sessions.final_event_id is 'Id of the published event; set once, after completion.';
comment on column public.frost_signing_sessions.incarnation is 'The database it was made in (permafrost.incarnations). In another one it has failed.';

-- Seven indexes, the primary key among them; the query that each serves is named.
-- list_signing_sessions: a family's sessions, newest first
create index if not exists frost_signing_sessions_family_idx
  on public.frost_signing_sessions (family_id, created_at desc);
-- list_signing_sessions(p_status)
create index if not exists frost_signing_sessions_family_status_idx
  on public.frost_signing_sessions (family_id, status, created_at desc);
-- list_signing_sessions(p_awaiting_me)
create index if not exists frost_signing_sessions_awaiting_idx
  on public.frost_signing_sessions using gin (participants) where status < 'completed';
-- expire_old_frost_signing_sessions
create index if not exists frost_signing_sessions_open_idx
  on public.frost_signing_sessions (expires_at) where status < 'completed';
-- cleanup_old_frost_signing_sessions, and monitoring by time window
create index if not exists frost_signing_sessions_created_idx
  on public.frost_signing_sessions (created_at);
-- monitoring: sessions whose last caller died before completing them
create index if not exists frost_signing_sessions_aggregating_idx
  on public.frost_signing_sessions (aggregating_started_at) where status = 'aggregating';

-- Rights: grants are the first lock, policies the second, triggers the third --------------------------------

alter table public.frost_signing_sessions enable row level security;
revoke all on table public.frost_signing_sessions from public, anon, authenticated, service_role;
grant select on table public.frost_signing_sessions to authenticated;
-- A member says what is signed and by whom. Ids, times and state are the server's, so that no id can be probed or
-- taken, and no time chosen. No update or delete: a session changes through RPCs alone.
grant insert (family_id, message_hash, event_template, event_type, participants, threshold, created_by)
  on table public.frost_signing_sessions to authenticated;
grant select, insert, update, delete on table public.frost_signing_sessions to service_role;

drop policy if exists "Creators and participants read their sessions" on public.frost_signing_sessions;
create policy "Creators and participants read their sessions" on public.frost_signing_sessions
  for select to authenticated
  using (
    family_id = any ((select permafrost.families())::text[])
    and (select permafrost.memberships()) ->> family_id = any (participants || created_by)
  );

drop policy if exists "Members create sessions as themselves" on public.frost_signing_sessions;
create policy "Members create sessions as themselves" on public.frost_signing_sessions
  for insert to authenticated
  with check (created_by = (select permafrost.memberships()) ->> family_id);

drop policy if exists "Creators update their sessions" on public.frost_signing_sessions;
create policy "Creators update their sessions" on public.frost_signing_sessions
  for update to authenticated
  using (
    family_id = any ((select permafrost.families())::text[])
    and created_by = (select permafrost.memberships()) ->> family_id
  )
  with check (created_by = (select permafrost.memberships()) ->> family_id);

drop policy if exists "The service manages all sessions" on public.frost_signing_sessions;
create policy "The service manages all sessions" on public.frost_signing_sessions
  for all to service_role using (true) with check (true);

call permafrost.protect('public.frost_signing_sessions', 'update or delete');

-- Under wider grants too, what a member's own insert says of ids, times and state does not count. An RPC inserts as
-- the owner, whom no policy binds, and says when its session ends.
-- Security definer only so that it may be fired by every role.
create or replace function permafrost.tg_frost_signing_sessions__06_own() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace trigger tg_frost_signing_sessions__06_own
  before insert on public.frost_signing_sessions
  for each row when (row_security_active('public.frost_signing_sessions'))
  execute function permafrost.tg_frost_signing_sessions__06_own();

-- Admission ------------------------------------------------------------------------------------------------

-- Security definer: it reads key packages and suites for inserters who may see neither.
create or replace function permafrost.tg_frost_signing_sessions__15_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace trigger tg_frost_signing_sessions__15_admit
  before insert on public.frost_signing_sessions
  for each row execute function permafrost.tg_frost_signing_sessions__15_admit();

revoke all on function permafrost.tg_frost_signing_sessions__06_own(), permafrost.tg_frost_signing_sessions__15_admit()
  from public, anon, authenticated, service_role;

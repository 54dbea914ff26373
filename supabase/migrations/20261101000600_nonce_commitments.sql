-- Round one, and the law of the house: a nonce point is accepted once, ever. A guardian who answers twice
-- for one nonce gives its share of the key away (two equations, one unknown), so points go into a ledger
-- that no cleanup touches, hiding and binding separately, and a repeat is a unique violation.

create table if not exists permafrost.nonce_ledger (
  point_digest bytea primary key check (octet_length(point_digest) = 32),
  family_id text not null,
  session_id text not null,
  participant_id text not null,
  first_seen_at bigint not null default permafrost.now_ms()
);
alter table permafrost.nonce_ledger enable row level security;
revoke all on table permafrost.nonce_ledger from public, anon, authenticated, service_role;
comment on table permafrost.nonce_ledger is
  'SHA-256 of every nonce point ever accepted. Append-only; no foreign key, so that deleting a session does not free its nonces.';

create or replace trigger tg_nonce_ledger__append_only
  before update or delete or truncate on permafrost.nonce_ledger
  for each statement execute function permafrost.tg__append_only();

create table if not exists public.frost_nonce_commitments (
  session_id text not null references public.frost_signing_sessions (session_id) on delete cascade,
  participant_id text not null,
  nonce_commitment text not null,
  nonce_used boolean not null default false,
  created_at bigint not null default permafrost.now_ms(),
  used_at bigint,
  primary key (session_id, participant_id),
  constraint unique_nonce_commitment unique (nonce_commitment),
  constraint frost_nonce_commitments_used_when_used check (nonce_used = (used_at is not null))
);
-- docs/operations.md: what a lost device may still answer for
create index if not exists frost_nonce_commitments_unused_idx
  on public.frost_nonce_commitments (participant_id) where not nonce_used;

comment on table public.frost_nonce_commitments is
  'Round one of RFC 9591: one nonce commitment a participant and session. A plain insert drives the state machine as the RPC does.';
comment on column public.frost_nonce_commitments.nonce_commitment is
  'Hiding point, then binding point, lower-case hex: 132 characters on secp256k1.';
comment on column public.frost_nonce_commitments.nonce_used is
  'True from the moment this commitment''s one signature share is recorded. Never false again.';
comment on column public.frost_nonce_commitments.used_at is 'Milliseconds since the epoch; set exactly when used.';

alter table public.frost_nonce_commitments enable row level security;
revoke all on table public.frost_nonce_commitments from public, anon, authenticated, service_role;
grant select on table public.frost_nonce_commitments to authenticated;
-- No insert for authenticated: the function submit-nonce-commitment checks the curve points first.
grant select, insert, update, delete on table public.frost_nonce_commitments to service_role;

drop policy if exists "Participants and creators read commitments" on public.frost_nonce_commitments;
create policy "Participants and creators read commitments" on public.frost_nonce_commitments
  for select to authenticated
  using (exists (
    select from public.frost_signing_sessions as s
    where s.session_id = frost_nonce_commitments.session_id
      and s.family_id = (select permafrost.current_family_id())
      and (select permafrost.current_participant_id()) in (frost_nonce_commitments.participant_id, s.created_by)
  ));

drop policy if exists "Participants commit for themselves" on public.frost_nonce_commitments;
create policy "Participants commit for themselves" on public.frost_nonce_commitments
  for insert to authenticated
  with check (
    participant_id = (select permafrost.current_participant_id())
    and exists (
      select from public.frost_signing_sessions as s
      where s.session_id = frost_nonce_commitments.session_id
        and s.family_id = (select permafrost.current_family_id())
    )
  );

drop policy if exists "The service manages all commitments" on public.frost_nonce_commitments;
create policy "The service manages all commitments" on public.frost_nonce_commitments
  for all to service_role using (true) with check (true);

-- The turn at a session ----------------------------------------------------------------------------------

-- Who waited for its turn must see what was done meanwhile. A transaction that keeps its first snapshot would
-- not, and could leave a session half moved.
create or replace function permafrost.check_isolation() returns void
language plpgsql stable set search_path = ''
as $$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise feature_not_supported using
      message = format('Sessions are not changed under isolation level %s', current_setting('transaction_isolation')),
      detail = 'Use read committed, the default';
  end if;
end;
$$;
comment on function permafrost.check_isolation() is 'Raises 0A000 in a transaction whose snapshot is too old to take turns.';
revoke all on function permafrost.check_isolation() from public, anon, authenticated, service_role;

-- Every change takes its turn here. A session past its time is refused before the lock too, so that
-- nobody waits for a sweep only to hear it: expires_at never changes, so it is past it after the wait as well.
create or replace function permafrost.lock_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql set search_path = ''
as $$
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
$$;
comment on function permafrost.lock_session(text) is
  'The session, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';
revoke all on function permafrost.lock_session(text) from public, anon, authenticated, service_role;

-- Admission ------------------------------------------------------------------------------------------------

-- Security definer: inserters have no way to the ledger.
create or replace function permafrost.tg_frost_nonce_commitments__10_admit() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_frost_nonce_commitments__10_admit() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_nonce_commitments__10_admit
  before insert on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__10_admit();

-- Security definer: it moves the session, which the inserter may not.
create or replace function permafrost.tg_frost_nonce_commitments__20_advance() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_frost_nonce_commitments__20_advance() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_nonce_commitments__20_advance
  after insert on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__20_advance();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_nonce_commitments__freeze() returns trigger
language plpgsql security definer set search_path = ''
as $$
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
$$;
revoke all on function permafrost.tg_frost_nonce_commitments__freeze() from public, anon, authenticated, service_role;

create or replace trigger tg_frost_nonce_commitments__freeze
  before update or delete on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__freeze();

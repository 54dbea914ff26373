-- Round one, and the law of the house: a nonce point is accepted once, ever. A guardian who answers twice
-- for one nonce gives its share of the key away (two equations, one unknown), so points go into a ledger
-- that no cleanup touches, hiding and binding separately, and a repeat is a unique violation.

create table if not exists permafrost.nonce_ledger (
  point_digest bytea primary key check (octet_length(point_digest) = 32),
  family_id text not null,
  session_id text, -- null for a pooled commitment
  participant_id text not null,
  first_seen_at bigint not null default permafrost.now_ms()
);
alter table permafrost.nonce_ledger enable row level security;
revoke all on table permafrost.nonce_ledger from public, anon, authenticated, service_role;
comment on table permafrost.nonce_ledger is
  'SHA-256 of every nonce point ever accepted; of a dry run, of the text. Append-only; no foreign key, so that deleting a session does not free its nonces.';

create or replace trigger tg_nonce_ledger__append_only
  before update or delete or truncate on permafrost.nonce_ledger
  for each statement execute function permafrost.tg__append_only();

create table if not exists public.frost_nonce_commitments (
  session_id text not null references public.frost_signing_sessions (session_id) on delete cascade,
  quorum integer not null default 1,
  participant_id text not null,
  nonce_commitment text not null,
  nonce_used boolean not null default false,
  created_at bigint not null default permafrost.now_ms(),
  used_at bigint,
  primary key (session_id, quorum, participant_id),
  constraint unique_nonce_commitment unique (nonce_commitment),
  constraint frost_nonce_commitments_used_when_used check (nonce_used = (used_at is not null))
);
-- docs/operations.md: what a lost device may still answer for
create index if not exists frost_nonce_commitments_unused_idx
  on public.frost_nonce_commitments (participant_id) where not nonce_used;

comment on table public.frost_nonce_commitments is
  'Round one of RFC 9591: one nonce commitment a participant and quorum. A plain insert drives the state machine as the RPC does.';
comment on column public.frost_nonce_commitments.nonce_commitment is
  'Hiding point, then binding point, lower-case hex: 132 characters on secp256k1. Any text in a dry run.';
comment on column public.frost_nonce_commitments.nonce_used is
  'True from the moment this commitment''s one signature share is recorded. Never false again.';
comment on column public.frost_nonce_commitments.used_at is 'Milliseconds since the epoch; set exactly when used.';

alter table public.frost_nonce_commitments enable row level security;
revoke all on table public.frost_nonce_commitments from public, anon, authenticated, service_role;
grant select on table public.frost_nonce_commitments to authenticated;
-- No insert for authenticated: the function submit-nonce-commitment checks the curve points first.
grant select, insert, update, delete on table public.frost_nonce_commitments to service_role;
call permafrost.protect('public.frost_nonce_commitments');

drop policy if exists "Participants and creators read commitments" on public.frost_nonce_commitments;
create policy "Participants and creators read commitments" on public.frost_nonce_commitments
  for select to authenticated
  using (exists (
    select from public.frost_signing_sessions as s
    where s.session_id = frost_nonce_commitments.session_id
      and (select permafrost.memberships()) ->> s.family_id in (frost_nonce_commitments.participant_id, s.created_by)
  ));

drop policy if exists "Participants commit for themselves" on public.frost_nonce_commitments;
create policy "Participants commit for themselves" on public.frost_nonce_commitments
  for insert to authenticated
  with check (exists (
    select from public.frost_signing_sessions as s
    where s.session_id = frost_nonce_commitments.session_id
      and participant_id = (select permafrost.memberships()) ->> s.family_id
  ));

drop policy if exists "The service manages all commitments" on public.frost_nonce_commitments;
create policy "The service manages all commitments" on public.frost_nonce_commitments
  for all to service_role using (true) with check (true);

-- The turn at a session ----------------------------------------------------------------------------------

create or replace function permafrost.ended_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.ended_session(text) is
  'Fails a session that was open before a restore, or whose key is retired, and returns it; else a row of nulls.';

-- The same turn as lock_subject's, with a plan that is kept.
create or replace function permafrost.lock_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.lock_session(text) is
  'The session, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

-- Admission ------------------------------------------------------------------------------------------------

create or replace function permafrost.commitment_points(p_key_package_id uuid, p_nonce_commitment text) returns bytea[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.commitment_points(uuid, text) is
  'The points of a commitment under a key, hiding and binding; in a dry run its text. Refuses invalid_input and commitment_invalid.';

-- Who may enter the next quorum of a robust session: who owes nothing (ROAST). Quorums of pooled commitments do not
-- count: their guardians have promised nothing yet.
create or replace function permafrost.check_idle(p_session_id text, p_participant_id text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.check_idle(text, text) is
  'Refuses commitment_already_submitted or share_owed to a participant who may not enter another quorum.';

create or replace function permafrost.collecting_quorum(p_session_id text) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.collecting_quorum(text) is 'The quorum that takes commitments, opened if there is none. The session is locked.';

-- Security definer: inserters have no way to the ledger.
create or replace function permafrost.tg_frost_nonce_commitments__10_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace trigger tg_frost_nonce_commitments__10_admit
  before insert on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__10_admit();

-- Security definer: it moves the session, which the inserter may not. Of bound quorums the creating call tells.
create or replace function permafrost.tg_frost_nonce_commitments__20_advance() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace trigger tg_frost_nonce_commitments__20_advance
  after insert on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__20_advance();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_nonce_commitments__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace trigger tg_frost_nonce_commitments__freeze
  before update or delete on public.frost_nonce_commitments
  for each row execute function permafrost.tg_frost_nonce_commitments__freeze();

revoke all on function permafrost.check_idle(text, text), permafrost.collecting_quorum(text), permafrost.ended_session(text), permafrost.lock_session(text), permafrost.commitment_points(uuid, text),
  permafrost.tg_frost_nonce_commitments__10_admit(), permafrost.tg_frost_nonce_commitments__20_advance(),
  permafrost.tg_frost_nonce_commitments__freeze() from public, anon, authenticated, service_role;

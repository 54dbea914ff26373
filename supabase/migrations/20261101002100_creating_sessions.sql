-- What members do with sessions of their own making.

-- Security definer: so that what it returns does not depend on what RLS lets the creator read back, and so that the
-- session ends when the creator says.
create or replace function permafrost.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb, p_event_type text, p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace function public.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb default null, p_event_type text default null,
  p_expiration_seconds integer default 300
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.create_signing_session(p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_expiration_seconds);
end;
comment on function public.create_signing_session(text, text, text[], integer, jsonb, text, integer) is
  'Creates a session in a family of the caller''s, as the caller, and returns it as get_signing_session does. Refuses not_in_family, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid, rate_limited.';

-- Batches and other modes ---------------------------------------------------------------------------------------------

create table if not exists public.frost_signing_batches (
  batch_id text not null,
  position integer not null check (position between 1 and 256),
  session_id text not null references public.frost_signing_sessions (session_id) on delete cascade,
  primary key (batch_id, position),
  constraint frost_signing_batches_session_key unique (session_id)
);
comment on table public.frost_signing_batches is 'Sessions that were asked for together, in the order of their messages.';
alter table public.frost_signing_batches enable row level security;
revoke all on table public.frost_signing_batches from public, anon, authenticated, service_role;
grant select on table public.frost_signing_batches to authenticated, service_role;
call permafrost.protect('public.frost_signing_batches');
drop policy if exists "Creators and participants read their batches" on public.frost_signing_batches;
create policy "Creators and participants read their batches" on public.frost_signing_batches
  for select to authenticated
  using (exists (select from public.frost_signing_sessions as s where s.session_id = frost_signing_batches.session_id));

-- A flood of sessions drains the pools of others: past its limit a creator's sessions are robust.
create or replace function permafrost.may_bind(
  p_family_id text, p_creator text, p_signers text[], p_pairs bigint
) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.may_bind(text, text, text[], bigint) is
  'Whether a creator may bind so many more pairs of each of these guardians: those of completed sessions do not count.';

-- One quorum for every subset of p_threshold signers, in lexicographic order. The pool is locked with the family.
create or replace function permafrost.bind_pool(
  p_package public.frost_key_packages, p_sessions text[], p_signers text[], p_threshold integer
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.bind_pool(public.frost_key_packages, text[], text[], integer) is
  'Binds pooled commitments to every quorum of these signers, in each of these sessions.';

-- Security definer: as create_signing_session.
create or replace function permafrost.create_signing_sessions(
  p_family_id text, p_messages jsonb, p_participants text[], p_threshold integer, p_mode public.signing_mode, p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

create or replace function public.create_signing_sessions(
  p_family_id text, p_messages jsonb, p_participants text[], p_threshold integer,
  p_mode public.signing_mode default 'two_round', p_expiration_seconds integer default 300
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.create_signing_sessions(p_family_id, p_messages, p_participants, p_threshold, p_mode, p_expiration_seconds);
end;
comment on function public.create_signing_sessions(text, jsonb, text[], integer, public.signing_mode, integer) is
  'Creates a session for each of 1 to 256 messages ([{message_hash, event_template?, event_type?}]; a single object is one session without a batch), all or none, in one mode: one_tap where the pools suffice, else robust. Returns mode, batch_id, short ({participant: commitments that its pool lacks}), quorums of the first, sessions ([{session_id, status, expires_at, warning}]). Refuses as create_signing_session.';

create or replace function permafrost.fail_own(p_kind text, p_id text, p_family_id text, p_created_by text, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.fail_own(text, text, text, text, text) is
  'Fails what the caller created. Refuses not_the_creator, invalid_input, session_expired, session_finished.';

-- Security definer: authenticated may not update sessions.
create or replace function permafrost.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
begin
  perform permafrost.fail_own('session', p_session_id, v_session.family_id, v_session.created_by, p_reason);
  return permafrost.get_signing_session(p_session_id);
end;
$$;

create or replace function public.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.fail_signing_session(p_session_id, p_reason); end;
comment on function public.fail_signing_session(text, text) is
  'Fails an unfinished session of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function permafrost.fail_own(text, text, text, text, text), permafrost.may_bind(text, text, text[], bigint),
  permafrost.bind_pool(public.frost_key_packages, text[], text[], integer),
  permafrost.create_signing_sessions(text, jsonb, text[], integer, public.signing_mode, integer),
  public.create_signing_sessions(text, jsonb, text[], integer, public.signing_mode, integer),
  permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  public.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  permafrost.fail_signing_session(text, text), public.fail_signing_session(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_sessions(text, jsonb, text[], integer, public.signing_mode, integer),
  public.create_signing_sessions(text, jsonb, text[], integer, public.signing_mode, integer),
  permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  public.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  permafrost.fail_signing_session(text, text), public.fail_signing_session(text, text) to authenticated;

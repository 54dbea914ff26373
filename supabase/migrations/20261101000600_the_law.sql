-- One law for everything that has a state: signing sessions, recovery requests, and what comes. A further kind
-- adds its table, a row here, its edges, and what must hold to enter a state; then `permafrost.rule('<kind>')`
-- puts its table under this law. It copies nothing.
--
-- Every kind's table has family_id, created_by, participants, threshold, status, error_message, incarnation,
-- created_at, updated_at, completed_at, failed_at, expires_at. Its status is an enum that ends with completed,
-- failed, expired: open is what stands before completed.

create table if not exists permafrost.kinds (
  kind text primary key,
  relation text not null,
  id_column text not null,
  noun text not null,
  method text,
  created_detail text[] not null
);
comment on table permafrost.kinds is 'What has a state.';
comment on column permafrost.kinds.relation is 'Its table, with its schema.';
comment on column permafrost.kinds.noun is 'What a refusal calls it.';
comment on column permafrost.kinds.method is 'What clients call its way of signing: frost or sss.';
comment on column permafrost.kinds.created_detail is 'The columns that its event created tells.';

create table if not exists permafrost.transitions (
  kind text not null references permafrost.kinds (kind) on delete cascade,
  from_status text not null,
  to_status text not null,
  event text,
  detail text[] not null default '{}',
  primary key (kind, from_status, to_status)
);
comment on table permafrost.transitions is 'The legal edges, by kind.';
comment on column permafrost.transitions.event is 'The event that the edge writes; null for none.';
comment on column permafrost.transitions.detail is 'The columns that the event tells.';

create table if not exists permafrost.settable (
  kind text not null references permafrost.kinds (kind) on delete cascade,
  column_name text not null,
  while_open boolean not null,
  event text,
  primary key (kind, column_name)
);
comment on table permafrost.settable is
  'The columns that an update may set, from null and once: while open, or else once completed. With an event: also without an edge.';

alter table permafrost.kinds enable row level security;
alter table permafrost.transitions enable row level security;
alter table permafrost.settable enable row level security;
revoke all on table permafrost.kinds, permafrost.transitions, permafrost.settable from public, anon, authenticated, service_role;

-- The status that is true now, whether or not a sweep has run.
create or replace function permafrost.status_now(
  p_status anyenum, p_expires_at bigint, p_incarnation integer, p_now bigint, p_live_from integer
) returns anyenum
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_status >= 'completed' then p_status
    when p_incarnation < p_live_from then 'failed'
    when p_expires_at <= p_now then 'expired'
    else p_status end;
end;
$$;
comment on function permafrost.status_now(anyenum, bigint, integer, bigint, integer) is
  'The status as it is true at p_now: what is open has failed in another incarnation, and expired past its time.';

-- Before insert -------------------------------------------------------------------------------------------

-- Security definer: it reads what members may not.
create or replace function permafrost.tg__10_start() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
    permafrost.check_identifier('created_by', new.created_by);
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
$$;

create or replace function permafrost.check_creation(p_family_id text, p_participant_id text, p_now bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.check_creation(text, text, bigint) is
  'Counts a creation by a member. Refuses rate_limited past creations_per_minute and open_sessions.';

-- Before update -------------------------------------------------------------------------------------------

-- Security definer: it reads the edges, which no role may.
create or replace function permafrost.tg__20_guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind constant text := tg_argv[0];
  v_noun constant text := tg_argv[2];
  v_now constant bigint := permafrost.now_ms();
  v_moves constant boolean := new.status is distinct from old.status;
  v_asked record := new; -- what is left of it must be as it was
  v_old jsonb;
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
    and (new.status <> 'failed' or new.error_message is distinct from 'restored')
  then
    -- What another trigger moves was judged there, at its turn.
    if pg_trigger_depth() = 1 and old.incarnation < permafrost.live_from() then
      perform permafrost.refuse('session_finished', 'It was open before this database was restored, and has failed');
    end if;
    if old.expires_at <= v_now then
      perform permafrost.refuse('session_expired', format('The %s has expired', v_noun));
    end if;
  end if;

  if not v_asked *= old then -- in any byte
    v_old := to_jsonb(old);
    select coalesce(array_agg(s.column_name), '{}') into v_free
    from permafrost.settable as s
    where s.kind = v_kind and v_old -> s.column_name = 'null' and v_moves = (s.event is null)
      and case when s.while_open then old.status < 'completed' else old.status = 'completed' and not v_moves end;
    if (to_jsonb(v_asked) - v_free)::text <> (v_old - v_free)::text then
      if old.status < 'completed' then
        perform permafrost.refuse('invalid_transition', 'What is signed, by whom and until when is fixed from the start');
      end if;
      perform permafrost.refuse('session_finished', format('The %s is %s and does not change', v_noun, old.status));
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
$$;

-- After insert or update ----------------------------------------------------------------------------------

-- Security definer: events are written by nobody else.
create or replace function permafrost.tg__40_log() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

revoke all on function permafrost.status_now(anyenum, bigint, integer, bigint, integer), permafrost.tg__10_start(),
  permafrost.check_creation(text, text, bigint), permafrost.tg__20_guard(), permafrost.tg__40_log()
  from public, anon, authenticated, service_role;

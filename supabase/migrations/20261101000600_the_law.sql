-- One law for everything that has a state: signing sessions, recovery requests, and what comes. A further kind
-- adds its table, a row here, its edges, and what must hold to enter a state; then `permafrost.rule('<kind>')`
-- puts its table under this law. It copies nothing.
--
-- Every kind's table has family_id, created_by, participants, threshold, status, error_message, incarnation,
-- created_at, updated_at, completed_at, failed_at, expires_at. Its status is an enum that ends with completed,
-- failed, expired: open is what stands before completed. created_by is null where an operator made it.

create table if not exists permafrost.kinds (
  kind text primary key,
  relation text not null,
  id_column text not null,
  noun text not null,
  method text,
  key_column text not null,
  taking_part text not null default 't.participants',
  for_family boolean not null default false,
  cleaned_from text not null default 'completed',
  awaiting text not null default 'false',
  created_detail text[] not null
);
comment on table permafrost.kinds is 'What has a state.';
comment on column permafrost.kinds.relation is 'Its table, with its schema.';
comment on column permafrost.kinds.noun is 'What a refusal calls it.';
comment on column permafrost.kinds.method is 'What clients call its way of signing: frost or sss.';
comment on column permafrost.kinds.key_column is 'Which column has the key package it lives under: with that it ends.';
comment on column permafrost.kinds.taking_part is 'Who takes part, in SQL on t: a text[].';
comment on column permafrost.kinds.for_family is 'Whether the whole family may see that it is there and how far it has come, or only its creator and who takes part.';
comment on column permafrost.kinds.cleaned_from is 'Cleanup deletes rows of this status and of those after it.';
comment on column permafrost.kinds.awaiting is
  'Who is awaited while it is open, in SQL on t: whether it awaits %1$s, who takes part.';
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
  how text not null default 'once' check (how in ('once', 'grows', 'redacts')),
  primary key (kind, column_name, while_open)
);
comment on table permafrost.settable is
  'The columns that an update may set: while open, or else once completed. With an event: also without an edge.';
comment on column permafrost.settable.how is
  'once: from null. grows: a list gets more at its end. redacts: from what it was to permafrost.redacted of that.';

alter table permafrost.kinds enable row level security;
alter table permafrost.transitions enable row level security;
alter table permafrost.settable enable row level security;
revoke all on table permafrost.kinds, permafrost.transitions, permafrost.settable from public, anon, authenticated, service_role;

-- Why what is open has failed by now, whether or not anybody has touched it. A key that was retired after a row had
-- expired has not ended it.
create or replace function permafrost.ended_by(
  p_incarnation integer, p_live_from integer, p_key_package_id uuid, p_expires_at bigint
) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_incarnation < p_live_from then 'restored'
    when exists (select from public.frost_key_packages as k
      where k.key_package_id = p_key_package_id and k.retired_at < p_expires_at) then 'key_retired' end;
end;
$$;
comment on function permafrost.ended_by(integer, integer, uuid, bigint) is
  'The error_message of what is open and has failed: restored (it is of another incarnation), key_retired; else null.';

create or replace function permafrost.status_now(
  p_status anyenum, p_expires_at bigint, p_now bigint, p_ended_by text
) returns anyenum
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_status >= 'completed' then p_status
    when p_ended_by is not null then 'failed'
    when p_expires_at <= p_now then 'expired'
    else p_status end;
end;
$$;
comment on function permafrost.status_now(anyenum, bigint, bigint, text) is
  'The status as it is true at p_now, whether or not a sweep has run.';

-- The same rule for queries over many rows, where a call a row would take a hundred times as long.
create or replace function permafrost.is_live(p_key_column text, p_live_from text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return format('t.incarnation >= %s and not exists (select from public.frost_key_packages as k
  where k.key_package_id = t.%I and k.retired_at < t.expires_at)', p_live_from, p_key_column);
comment on function permafrost.is_live(text, text) is 'The condition, in SQL on t, that ended_by is null.';

-- One rule for lists, each for its caller, and for who is told that something awaits them.
create or replace function permafrost.is_awaiting(
  p_kind permafrost.kinds, p_participant text, p_now text, p_live_from text
) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return format('t.status < ''completed'' and t.expires_at > %s and %s and %s @> array[%s] and %s', p_now,
  permafrost.is_live((p_kind).key_column, p_live_from), (p_kind).taking_part, p_participant, format((p_kind).awaiting, p_participant));
comment on function permafrost.is_awaiting(permafrost.kinds, text, text, text) is
  'The condition, in SQL on t, that it is open and awaits a participant. The others are SQL, too.';

create or replace function permafrost.refuse_finished(p_noun text, p_status text, p_error_message text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_error_message = 'key_retired' then
    perform permafrost.refuse('key_retired', format('The key of this %s is retired', p_noun));
  elsif p_error_message = 'restored' then
    perform permafrost.refuse('session_finished', format('The %s was open before this database was restored, and has failed', p_noun));
  end if;
  perform permafrost.refuse('session_finished', format('The %s is %s', p_noun, p_status));
end;
$$;
comment on function permafrost.refuse_finished(text, text, text) is 'Refuses session_finished, or key_retired where that is why it failed.';

create or replace function permafrost.redacted(p_value jsonb) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case jsonb_typeof(p_value)
    when 'array' then (select coalesce(jsonb_agg(permafrost.redacted(e) order by n), '[]') from jsonb_array_elements(p_value) with ordinality as u (e, n))
    when 'object' then (select coalesce(jsonb_object_agg(key, permafrost.redacted(value)), '{}') from jsonb_each(p_value))
    when 'string' then to_jsonb(case when p_value #>> '{}' ~ '^sha256:[0-9a-f]{64}$' then p_value #>> '{}'
      else 'sha256:' || encode(sha256(convert_to(p_value #>> '{}', 'UTF8')), 'hex') end)
    else p_value end;
end;
$$;
comment on function permafrost.redacted(jsonb) is
  'Each text in it replaced by "sha256:" and its SHA-256 in hex; what is redacted stays as it is.';

create or replace function permafrost.may_set(p_how text, p_old jsonb, p_new jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_how
    when 'grows' then jsonb_array_length(p_new) >= jsonb_array_length(p_old) and p_old = (
      select coalesce(jsonb_agg(e order by n), '[]') from jsonb_array_elements(p_new) with ordinality as u (e, n)
      where n <= jsonb_array_length(p_old))
    when 'redacts' then p_new = permafrost.redacted(p_old)
    else p_old = 'null' end;
end;
$$;
comment on function permafrost.may_set(text, jsonb, jsonb) is 'Whether a settable column may go from one value to another.';

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

revoke all on function permafrost.ended_by(integer, integer, uuid, bigint), permafrost.status_now(anyenum, bigint, bigint, text),
  permafrost.is_live(text, text), permafrost.is_awaiting(permafrost.kinds, text, text, text), permafrost.redacted(jsonb), permafrost.may_set(text, jsonb, jsonb), permafrost.refuse_finished(text, text, text), permafrost.tg__10_start(),
  permafrost.check_creation(text, text, bigint), permafrost.tg__20_guard(), permafrost.tg__40_log()
  from public, anon, authenticated, service_role;

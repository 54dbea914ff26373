-- The other half of the law: whose turn it is, what falls away with a row, what a sweep marks, what a cleanup
-- deletes; and the procedure that puts a kind's table under it all.

-- Turns -------------------------------------------------------------------------------------------------------

create or replace function permafrost.check_turn(
  p_noun text, p_status text, p_open boolean, p_expires_at bigint
) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_status is null then
    perform permafrost.refuse('session_not_found', format('There is no such %s', p_noun));
  end if;
  if p_status = 'expired' or p_open and p_expires_at <= permafrost.now_ms() then
    perform permafrost.refuse('session_expired', format('The %s has expired', p_noun));
  end if;
end;
$$;
comment on function permafrost.check_turn(text, text, boolean, bigint) is
  'Judges a row at its caller''s turn. Refuses session_not_found (status null) and session_expired.';

-- For calls that are rare, of every kind; the calls of every signature have their kind's own, with a plan that
-- is kept. A row past its time is not locked: nobody waits for a sweep only to hear that it has expired.
create or replace function permafrost.lock_subject(p_kind permafrost.kinds, p_id text) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.lock_subject(permafrost.kinds, text) is
  'The row, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

create or replace function permafrost.fail_subject(p_kind permafrost.kinds, p_id text, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('update %s set status = ''failed'', error_message = $2 where %I = $1', p_kind.relation, p_kind.id_column)
  using p_id, left(p_reason, 1000);
end;
$$;
comment on function permafrost.fail_subject(permafrost.kinds, text, text) is 'Fails a row, which the caller has locked.';

create or replace function permafrost.kind_of(p_id text) returns permafrost.kinds
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select k.* from permafrost.event_heads as h join permafrost.kinds as k on k.kind = h.subject where h.subject_id = p_id;
end;
comment on function permafrost.kind_of(text) is 'What an id is the id of: its kind, or a row of nulls.';

-- Saying no -----------------------------------------------------------------------------------------------------

create table if not exists permafrost.declines (
  kind text not null references permafrost.kinds (kind) on delete cascade,
  subject_id text not null,
  participant_id text not null,
  reason text not null,
  declined_at bigint not null default permafrost.now_ms(),
  primary key (subject_id, kind, participant_id)
);
alter table permafrost.declines enable row level security;
revoke all on table permafrost.declines from public, anon, authenticated, service_role;
comment on table permafrost.declines is
  'Participants who declined, and why. A decline is final. What a kind asks of one who declines is a trigger here.';

create or replace function permafrost.declined(p_kind text, p_id text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select coalesce(jsonb_object_agg(d.participant_id, d.reason), '{}') from permafrost.declines as d
    where d.subject_id = p_id and d.kind = p_kind);
end;
$$;
comment on function permafrost.declined(text, text) is 'Who has declined, and why: {participant: reason}.';

-- A participant who said no is done with it.
create or replace function permafrost.check_not_declined(p_kind text, p_id text, p_participant_id text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from permafrost.declines as d
    where d.subject_id = p_id and d.kind = p_kind and d.participant_id = p_participant_id)
  then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
end;
$$;
comment on function permafrost.check_not_declined(text, text, text) is 'Refuses invalid_transition to a participant who has declined.';

create or replace function permafrost.fail_declined(p_decline permafrost.declines) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform permafrost.fail_subject(k, p_decline.subject_id,
    format('Too few are left: %s declined (%s)', p_decline.participant_id, p_decline.reason))
  from permafrost.kinds as k where k.kind = p_decline.kind;
end;
$$;
comment on function permafrost.fail_declined(permafrost.declines) is 'Fails what a participant declined, whom nobody can replace.';

-- Sweeping and cleaning up ----------------------------------------------------------------------------------

-- One statement for a batch. Where a row makes it fail, its rows are taken one by one: a bad row is skipped and
-- reported, and holds up nobody's else.
create or replace function permafrost.apply_each(p_statement text, p_ids text[]) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.apply_each(text, text[]) is
  'Runs a statement on ids ($1), together or else one by one; warns of those it fails on, and returns how many rows it took.';

-- Batches bound what one statement holds; skip locked leaves a row whose caller is at work to the next sweep. A
-- call through the API is cut off after eight seconds, and would have done nothing: so callers give an end.
create or replace function permafrost.in_batches(
  p_kind permafrost.kinds, p_order text, p_condition text, p_change text, p_until bigint, p_bound bigint
) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.in_batches(permafrost.kinds, text, text, text, bigint, bigint) is
  'Changes the rows of a kind that meet a condition ($1 is p_bound), a batch at least, then until p_until (milliseconds); returns how many.';

create or replace function permafrost.sweep(p_kind text, p_until bigint) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.sweep(text, bigint) is
  'Marks what is open and past its time as expired, and what is of before a restore or of a retired key as failed; returns how many.';

create or replace function permafrost.cleanup(p_kind text, p_retention_days integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function permafrost.cleanup(text, integer) is
  'Deletes what is finished and was created more than p_retention_days ago; returns how many. Events stay. Refuses invalid_input.';

-- Security definer: nobody else may delete declines.
create or replace function permafrost.tg__90_forget() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from permafrost.declines as d
  where d.kind = tg_argv[0] and d.subject_id = to_jsonb(old) ->> tg_argv[1];
  return null;
end;
$$;

-- Under the law -----------------------------------------------------------------------------------------------

create or replace procedure permafrost.rule(p_kind text)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on procedure permafrost.rule(text) is
  'Puts the table of a kind under the law (start, guard, log, broadcast, forget), and opens its events to whom it is open.';

revoke all on function permafrost.check_turn(text, text, boolean, bigint), permafrost.lock_subject(permafrost.kinds, text),
  permafrost.fail_subject(permafrost.kinds, text, text), permafrost.kind_of(text), permafrost.declined(text, text),
  permafrost.check_not_declined(text, text, text), permafrost.fail_declined(permafrost.declines), permafrost.apply_each(text, text[]),
  permafrost.in_batches(permafrost.kinds, text, text, text, bigint, bigint), permafrost.sweep(text, bigint),
  permafrost.cleanup(text, integer), permafrost.tg__90_forget() from public, anon, authenticated, service_role;
revoke all on procedure permafrost.rule(text) from public, anon, authenticated, service_role;

-- One law for everything that has a state: the same assertions over every kind there is. What a kind adds of its own
-- is in stories of its own.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
-- What a ceremony asks of its own to be admitted is in a story of its own.
alter table frost_key_ceremonies disable trigger tg_frost_key_ceremonies__15_admit;
create temp table kinds as select k.*, enum_range(null::signing_session_status)::text[] as statuses, 'message_hash' as hash_column,
  'message_hash' as columns, format('%L', repeat('ab', 32)) as values from permafrost.kinds as k where kind = 'session'
union all select k.*, enum_range(null::sss_request_status)::text[], 'message_hash',
  'message_hash', format('%L', repeat('ab', 32)) from permafrost.kinds as k where kind = 'recovery'
union all select k.*, enum_range(null::key_ceremony_status)::text[], 'params_id',
  'params_id, kind, protocol, ciphersuite, host_public_keys, current_key_package_id',
  format('%L, %L, %L, %L, %L, %L', repeat('ab', 32), 'dkg', 'pedersen', 'FROST-secp256k1-SHA256-v1', '{02,03,04}', (select key_package_id from frost_key_packages where family_id = 'fam'))
  from permafrost.kinds as k where kind = 'ceremony';
select set_eq('select kind from permafrost.kinds', 'select kind from kinds', 'every kind is in this story');

create function pg_temp.create_of(k kinds, p_id text, p_lives_for bigint default 300000, p_more text default null, p_value text default null)
returns text language sql
return pg_temp.refusal(format('insert into %s (%I, family_id, %s, participants, threshold, created_by, created_at, expires_at%s)
  values (%L, %L, %s, %L, 2, %L, %s, %s%s)', k.relation, k.id_column, k.columns, ', ' || p_more, k.kind || p_id, 'fam', k.values, '{g1,g2,g3}', 'g1',
  permafrost.now_ms() - greatest(0, 1 - p_lives_for), permafrost.now_ms() + p_lives_for, ', ' || p_value));
create function pg_temp.change(k kinds, p_id text, p_change text) returns text language sql
return pg_temp.refusal(format('update %s set %s where %I = %L', k.relation, p_change, k.id_column, k.kind || p_id));
create function pg_temp.stored(k kinds, p_id text) returns jsonb language plpgsql as $$
declare
  v_row jsonb;
begin
  execute format('select to_jsonb(t) from %s as t where %I = %L', k.relation, k.id_column, k.kind || p_id) into v_row;
  return v_row;
end
$$;
create function pg_temp.read(k kinds, p_id text) returns jsonb language sql
return case k.kind when 'session' then get_signing_session(k.kind || p_id) when 'recovery' then get_recovery_request(k.kind || p_id)
  else get_key_ceremony(k.kind || p_id) end;
create function pg_temp.failing(p_kind text, p_id text) returns text language sql
return format('select %s(%L, %L)', case p_kind when 'session' then 'fail_signing_session' when 'recovery' then 'fail_recovery_request' else 'fail_key_ceremony' end,
  p_kind || p_id, 'why');
create function pg_temp.listed(k kinds, p_status text) returns jsonb language sql
return jsonb_path_query_array(case k.kind when 'session' then list_signing_sessions(p_status::signing_session_status)
  when 'recovery' then list_recovery_requests(p_status::sss_request_status) else list_key_ceremonies(p_status => p_status::key_ceremony_status) end, format('$[*].%I', k.id_column)::jsonpath);

-- What every kind has.
select set_has(format('select column_name::text from information_schema.columns where table_schema || ''.'' || table_name = %L', relation),
  $$select unnest('{family_id,created_by,participants,threshold,status,error_message,incarnation,created_at,updated_at,completed_at,failed_at,expires_at}'::text[])$$,
  kind || ' has the columns of the law') from kinds;
select is(statuses[cardinality(statuses) - 2:], '{completed,failed,expired}', kind || ' ends completed, failed or expired') from kinds;
select set_eq(format('select from_status from permafrost.transitions where kind = %L and to_status = %L', kind, t), statuses[:cardinality(statuses) - 3],
  format('%s: every open state may become %s', kind, t)) from kinds, unnest('{failed,expired}'::text[]) as t;

-- Start.
select is(pg_temp.create_of(k, 'a'), 'accepted', k.kind || ' starts') from kinds as k;
select is(pg_temp.create_of(k, 'b', p_more => c, p_value => v), expected, format('%s does not start with %s', k.kind, c)) from kinds as k,
  (values ('status', $$'failed'$$, 'PT409 invalid_transition'), ('error_message', $$'x'$$, 'PT409 invalid_transition'), ('completed_at', '1', 'PT409 invalid_transition'),
    ('incarnation', '1', 'PT409 invalid_transition'), ('final_signature', $$'ab'$$, 'PT409 invalid_transition')) as v (c, v, expected)
where pg_temp.stored(k, 'a') ? c;
select is(pg_temp.refusal(format('insert into %s (%I, family_id, %s, participants, threshold, created_by) values (%L, %L, %s, %L, 2, %L)',
  k.relation, k.id_column, k.columns, o.kind || 'a', 'fam', k.values, '{g1,g2,g3}', 'g1')), case when k.kind = o.kind then '23505' else 'PT400 invalid_input' end,
  format('the id of a %s is no id of a %s', o.kind, k.kind)) from kinds as k, kinds as o;
select is(jsonb_build_array(e.seq, e.actor, e.detail ->> kinds.hash_column), jsonb_build_array(1, 'g1', repeat('ab', 32)), kind || ' begins its record')
from kinds, frost_events as e where e.subject = kind and e.subject_id = kind || 'a';

-- Edges, from the first state; and every column that is there stays.
select is(pg_temp.change(k, 'a', format('status = %L', s)), 'PT409 invalid_transition', format('%s does not go from %s to %s', k.kind, k.statuses[1], s))
from kinds as k, unnest(k.statuses) as s
where s not in (k.statuses[1], 'failed') and not exists (select from permafrost.transitions as t where t.kind = k.kind and t.from_status = k.statuses[1] and t.to_status = s);
create function pg_temp.other_value(c information_schema.columns) returns text language sql
return case when c.data_type = 'jsonb' then $$'{"kind": 9}'$$ when c.data_type = 'ARRAY' then $$'{z}'$$ when c.data_type in ('bigint', 'integer') then '7'
  when c.data_type = 'uuid' then $$'00000000-0000-0000-0000-000000000000'$$ when c.udt_name = 'signing_mode' then $$'robust'$$ else $$'z'$$ end;
select is(pg_temp.change(k, 'a', format('%I = %s', c.column_name, pg_temp.other_value(c))), 'PT409 invalid_transition', format('%s keeps its %s', k.kind, c.column_name))
from kinds as k join information_schema.columns as c on c.table_schema || '.' || c.table_name = k.relation
where c.column_name <> 'status' and not exists (select from permafrost.settable as s where s.kind = k.kind and s.column_name = c.column_name and s.event is not null and s.while_open);
select is(pg_temp.change(k, 'a', 'status = null'), 'PT409 invalid_transition', k.kind || ' is never in no state') from kinds as k;
select is(pg_temp.change(k, 'a', $$status = 'failed'$$), 'PT409 invalid_transition', k.kind || ' does not fail without a reason') from kinds as k;
select is(pg_temp.change(k, 'a', $$status = 'failed', error_message = 'why', threshold = 1$$), 'PT409 invalid_transition', k.kind || ' carries nothing along') from kinds as k;
select is(pg_temp.refusal_as('g2', 'fam', pg_temp.failing(kind, 'a')),
  'PT403 not_the_creator', kind || ': only its creator fails it') from kinds;
select pg_temp.as_member('g1', 'fam', pg_temp.failing(kind, 'a')) from kinds;
select is(jsonb_build_array(e.actor, e.detail), '["g1", {"reason": "why"}]', kind || ': who failed it, and why, is on record')
from kinds, frost_events as e where e.subject = kind and e.event = 'failed' and e.subject_id = kind || 'a';
select is(pg_temp.stored(k, 'a') ->> 'failed_at', pg_temp.stored(k, 'a') ->> 'updated_at', k.kind || ': and when') from kinds as k;
select is(pg_temp.change(k, 'a', c), 'PT409 session_finished', format('%s is finished, and keeps: %s', k.kind, c))
from kinds as k, unnest(array[$$status = 'expired'$$, $$error_message = 'x'$$, 'expires_at = 1', $$final_event_id = 'x'$$, 'updated_at = 1']) as c
where pg_temp.stored(k, 'a') ? split_part(c, ' ', 1);
select is(pg_temp.refusal('truncate ' || relation || ' cascade'), 'PT409 invalid_transition', kind || ' is not truncated') from kinds;

-- Saying no.
select pg_temp.create_of(k, 'd') from kinds as k;
create function pg_temp.declining(k kinds, p_who text, p_why text) returns text language sql
return pg_temp.refusal_as(p_who, 'fam', format('select decline_signing_request(%L, %L)', k.kind || 'd', p_why));
-- A ceremony needs all: the first decline ends it.
select is(pg_temp.declining(k, who, why), case when k.kind = 'ceremony' and n in (3, 6) then 'PT409 session_finished'
    when k.for_family and n = 4 then 'PT403 not_a_participant' else expected end,
  format('%s: %s declines: %s', k.kind, who, expected)) from kinds as k,
  (values (1, 'g2', 'no', 'accepted'), (2, 'g2', 'no', 'accepted'), (3, 'g2', 'never', 'PT409 invalid_transition'), (4, 'g4', 'no', 'PT404 session_not_found'),
    (5, 'g3', ' ', 'PT400 invalid_input'), (6, 'g3', 'nor I', 'accepted'), (7, 'g1', 'no', 'PT409 session_finished')) as v (n, who, why, expected) order by k.kind, n;
select is(pg_temp.read(k, 'd') -> 'declined', case k.kind when 'ceremony' then '{"g2": "no"}'::jsonb else '{"g2": "no", "g3": "nor I"}' end,
  k.kind || ' tells who declined, and why') from kinds as k;
select is(pg_temp.read(k, 'd') ->> 'error_message', 'Too few are left: ' || case k.kind when 'ceremony' then 'g2 declined (no)' else 'g3 declined (nor I)' end,
  k.kind || ' fails when too few are left') from kinds as k;

-- Expiry, whether or not a sweep has run; and a sweep and a cleanup that pass over a bad row.
select pg_temp.create_of(k, 'late' || n, -1000 * n) from kinds as k, generate_series(1, 3) as n;
select is(pg_temp.read(k, 'late1') ->> 'status', 'expired', k.kind || ' is read as expired') from kinds as k;
select is(pg_temp.listed(k, 'expired'), jsonb_build_array(kind || 'late1', kind || 'late2', kind || 'late3'), k.kind || ' is listed so') from kinds as k;
select is(pg_temp.change(k, 'late1', $$status = 'failed', error_message = 'x'$$), 'PT410 session_expired', k.kind || ' does nothing else') from kinds as k;
select is(pg_temp.refusal_as('g1', 'fam', format('select decline_signing_request(%L, %L)', kind || 'late1', 'x')), 'PT410 session_expired', kind || ': nobody declines it') from kinds;
create function pg_temp.bad_row() returns trigger language plpgsql as $$
begin
  if to_jsonb(old) ->> tg_argv[0] like '%late2' then raise sqlstate '54001' using message = 'stack depth limit exceeded'; end if;
  return coalesce(new, old);
end
$$;
create trigger tg_bad before update or delete on frost_signing_sessions for each row execute function pg_temp.bad_row('session_id');
create trigger tg_bad before update or delete on sss_signing_requests for each row execute function pg_temp.bad_row('request_id');
create trigger tg_bad before update or delete on frost_key_ceremonies for each row execute function pg_temp.bad_row('ceremony_id');
select is(permafrost.sweep(kind, 9223372036854775807), 2, kind || ': impossible 13: a sweep passes over a bad row') from kinds;
select is(permafrost.sweep(kind, 9223372036854775807), 0, kind || ': and is done with the others') from kinds;
select results_eq(format('select event, actor from frost_events where subject_id = %L order by seq', kind || 'late3'),
  $$values ('created', 'g1'), ('expired', null)$$, kind || ': expiry is on record') from kinds;
select throws_ok(format('select permafrost.cleanup(%L, %s)', kind, days), 'PT400', null, format('%s: cleanup refuses an age of %s', kind, days))
from kinds, unnest('{0,-1,"null"}'::text[]) as days;
select is(permafrost.cleanup(kind, 1), 0, kind || ': cleanup leaves what is young') from kinds;
select pg_temp.create_of(k, 'old' || s, -172800000) from kinds as k, unnest('{1,late2}'::text[]) as s;
alter table frost_signing_sessions disable trigger tg_bad;
alter table sss_signing_requests disable trigger tg_bad;
alter table frost_key_ceremonies disable trigger tg_bad;
select permafrost.sweep(kind, 9223372036854775807) from kinds;
alter table frost_signing_sessions enable trigger tg_bad;
alter table sss_signing_requests enable trigger tg_bad;
alter table frost_key_ceremonies enable trigger tg_bad;
select is(permafrost.cleanup(kind, 1), 1, kind || ': impossible 13: a cleanup passes over a bad row too') from kinds;
select is(pg_temp.stored(k, 'old1'), null, k.kind || ': the other is gone') from kinds as k;
select isnt_empty(format('select from frost_events where subject = %L and subject_id = %L', kind, kind || 'old1'), kind || ': its record is not') from kinds;
drop trigger tg_bad on frost_signing_sessions;
drop trigger tg_bad on sss_signing_requests;
drop trigger tg_bad on frost_key_ceremonies;
delete from frost_signing_sessions where session_id = 'sessiond';
delete from sss_signing_requests where request_id = 'recoveryd';
delete from frost_key_ceremonies where ceremony_id = 'ceremonyd';
select is_empty('select from permafrost.declines', 'what goes takes its declines along');

-- impossible 15: what was open before a restore has failed, and says so.
select pg_temp.create_of(k, 'r' || n) from kinds as k, generate_series(1, 3) as n;
select ok(permafrost.declare_restored('a disk snapshot') > 1, 'an operator declares a restore');
select pg_temp.create_of(k, 'after') from kinds as k;
select is(jsonb_build_array(r ->> 'status', r ->> 'error_message'), '["failed", "restored"]', kind || ': impossible 15: it reads as failed')
from (select kind, pg_temp.read(k, 'r1') as r from kinds as k) as reads;
select ok(pg_temp.listed(k, 'failed') ? (kind || 'r1') and not pg_temp.listed(k, statuses[1]) ? (kind || 'r1'), kind || ': impossible 15: it is listed so') from kinds as k;
select is(pg_temp.change(k, 'r1', format('status = %L', statuses[2])), 'PT409 session_finished', kind || ': impossible 15: it does not go on') from kinds as k;
select is(pg_temp.refusal_as('g1', 'fam', format('select decline_signing_request(%L, %L)', kind || 'r1', 'x')), 'PT409 session_finished', kind || ': impossible 15: a decline comes too late') from kinds;
select is(permafrost.sweep(kind, 9223372036854775807), 3, kind || ': impossible 15: a sweep makes it so') from kinds;
select is(pg_temp.stored(k, 'r2') ->> 'error_message', 'restored', k.kind || ': for good') from kinds as k;
select is(pg_temp.read(k, 'after') ->> 'status', statuses[1], kind || ': what was made after it goes on') from kinds as k;
select permafrost.declare_restored('a planned move, declared by mistake'), permafrost.accept_incarnation();
select is(pg_temp.read(k, 'after') ->> 'status', statuses[1], kind || ': and after a move that lost nothing, once an operator accepts it') from kinds as k;

-- impossible 18: what was open under a key that is retired has failed, and says so.
select pg_temp.create_of(k, 'k' || n) from kinds as k, generate_series(1, 2) as n;
select pg_temp.create_of(k, 'before', -1000) from kinds as k;
update frost_key_packages set retired_at = permafrost.now_ms() where family_id = 'fam';
select is(jsonb_build_array(r ->> 'status', r ->> 'error_message'), '["failed", "key_retired"]', kind || ': impossible 18: it reads as failed')
from (select kind, pg_temp.read(k, 'k1') as r from kinds as k) as reads;
select is(pg_temp.read(k, 'before') ->> 'status', 'expired', kind || ': what had expired before has expired') from kinds as k;
select ok(pg_temp.listed(k, 'failed') ? (kind || 'k1') and not pg_temp.listed(k, statuses[1]) ? (kind || 'k1'), kind || ': impossible 18: it is listed so') from kinds as k;
select is(pg_temp.change(k, 'k1', format('status = %L', statuses[2])), 'PT409 key_retired', kind || ': impossible 18: it does not go on') from kinds as k;
select is(pg_temp.refusal_as('g1', 'fam', format('select decline_signing_request(%L, %L)', kind || 'k1', 'x')), 'PT409 key_retired', kind || ': impossible 18: a decline comes too late') from kinds;
select is(permafrost.sweep(kind, 9223372036854775807), 4, kind || ': impossible 18: a sweep makes it so') from kinds;
select is(pg_temp.stored(k, 'k2') ->> 'error_message', 'key_retired', k.kind || ': for good') from kinds as k;
select is(pg_temp.stored(k, 'before') ->> 'status', 'expired', k.kind || ': and nothing else') from kinds as k;
select is(pg_temp.change(k, 'k2', 'expires_at = 1'), 'PT409 key_retired', kind || ': what comes after is told why') from kinds as k;

select * from finish();
rollback;

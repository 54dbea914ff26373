-- Any quorum finishes a session. Robust ones open the next where one stalls; one_tap ones are bound from pools when the
-- session is made. Who may enter, who is excluded, what is abandoned, and that nothing pooled is bound twice.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('big', 3, '{a,b,c,d,e}');
create function pg_temp.create_in(p_mode text, p_family text default 'fam', p_messages integer default 1, p_threshold integer default 2,
  p_participants text[] default '{g1,g2,g3}', p_who text default null) returns jsonb language sql
return pg_temp.as_member(coalesce(p_who, p_participants[1]), p_family, format(
  'select create_signing_sessions(%L, (select jsonb_agg(jsonb_build_object(%L, repeat(%L, 32))) from generate_series(1, %s)), %L, %s, %L)',
  p_family, 'message_hash', 'ab', p_messages, p_participants, p_threshold, p_mode))::jsonb;
create function pg_temp.id(p_created jsonb) returns text language sql return p_created #>> '{sessions,0,session_id}';
create function pg_temp.commits(p_session text, p_who text, p_seed text default null) returns text language sql
return (select coalesce(a ->> 'code', format('%s in %s', a ->> 'status', a ->> 'quorum'))
  from record_nonce_commitment(p_session, p_who, pg_temp.commitment(coalesce(p_seed, p_session || p_who || gen_random_uuid()))) as a);
create function pg_temp.shares(p_session text, p_who text, p_quorum integer default null, p_seed text default null) returns text language sql
return (select coalesce(a ->> 'code', format('%s in %s', a ->> 'status', a ->> 'quorum'))
  from record_signature_share(p_session, p_who, pg_temp.share(coalesce(p_seed, p_session || p_who || coalesce(p_quorum, 0))), p_quorum) as a);
create function pg_temp.quorums(p_session text) returns jsonb language sql
return (select jsonb_agg(jsonb_build_array(q -> 'quorum', q -> 'signers', q -> 'status')) from jsonb_array_elements(get_signing_session(p_session) -> 'quorums') as q);
create function pg_temp.awaited(p_session text, p_who text, p_family text default 'fam') returns boolean language sql
return (pg_temp.as_member(p_who, p_family, $$select jsonb_path_query_array(list_signing_sessions(p_awaiting_me => true, p_limit => 500), '$[*].session_id')$$))::jsonb ? p_session;

-- Robust ------------------------------------------------------------------------------------------------------------

create temp table r as select pg_temp.id(pg_temp.create_in('robust')) as id;
create function pg_temp.r() returns text language sql return (select id from r);
select is(get_signing_session(pg_temp.r()) ->> 'mode', 'robust', 'a session tells its mode');
select is(pg_temp.commits(pg_temp.r(), 'g1', 'r1'), 'nonce_collection in 1', 'the first quorum takes commitments');
select is(pg_temp.commits(pg_temp.r(), 'g1', 'r1'), 'nonce_collection in 1', 'an exact retry gets its answer again');
select is(pg_temp.commits(pg_temp.r(), 'g1'), 'commitment_already_submitted', 'but nobody commits twice to it');
select is(pg_temp.awaited(pg_temp.r(), 'g1'), false, 'who waits for others is not awaited');
select is(pg_temp.commits(pg_temp.r(), 'g3', 'r3'), 'signing in 1', 'with the threshold-th it signs');
select is(pg_temp.commits(pg_temp.r(), 'g1'), 'share_owed', 'who owes a share enters no other quorum');
select is(pg_temp.commits(pg_temp.r(), 'g1', 'r1'), 'signing in 1', 'and still retries its commitment');
select is(pg_temp.commits(pg_temp.r(), 'g2', 'r2'), 'signing in 2', 'who owes none fills the next');
select is(pg_temp.quorums(pg_temp.r()), '[[1, ["g1", "g3"], "signing"], [2, null, "collecting"]]', 'there are two');
select is(get_signing_session(pg_temp.r()) -> 'nonce_commitments', '{}', 'none of them is the session''s yet');
select is(pg_temp.shares(pg_temp.r(), 'g2'), 'round_open', 'a quorum that collects takes no share');
select is(pg_temp.shares(pg_temp.r(), 'g2', 1), 'not_a_signer', 'nor does one take a share of somebody else');
select is(record_refused_share(pg_temp.r(), 'g3', 'bad', 1, pg_temp.share('bad')) ->> 'status', 'signing', 'a share that does not verify');
select is(pg_temp.commits(pg_temp.r(), 'g3'), 'share_owed', 'excludes its signer');
select is(pg_temp.awaited(pg_temp.r(), 'g3'), true, 'who still owes a good one');
select is(pg_temp.shares(pg_temp.r(), 'g1'), 'signing in 1', 'another signer''s share stands');
select is(pg_temp.awaited(pg_temp.r(), 'g1'), true, 'and frees it for the next quorum');
select is(pg_temp.commits(pg_temp.r(), 'g1', 'r1b'), 'signing in 2', 'which it fills');
select is(pg_temp.quorums(pg_temp.r()) -> 1, '[2, ["g1", "g2"], "signing"]', 'and closes, in identifier order');
select is(pg_temp.shares(pg_temp.r(), 'g2', 2), 'signing in 2', 'one share');
select is(pg_temp.shares(pg_temp.r(), 'g1', 2), 'aggregating in 2', 'and with the other it is the first to have all');
select is(pg_temp.quorums(pg_temp.r()), '[[1, ["g1", "g3"], "abandoned"], [2, ["g1", "g2"], "signing"]]', 'the others are abandoned');
select is(pg_temp.shares(pg_temp.r(), 'g3', 1), 'session_finished', 'a late share of another is told so');
select is(complete_signing_session(pg_temp.r(), repeat('cd', 64)) ->> 'status', 'completed', 'it completes');
select is(record_signature_share(pg_temp.r(), 'g3', pg_temp.share('late'), 1) ->> 'final_signature', repeat('cd', 64), 'and a late share is told the signature');
select is(get_signing_session(pg_temp.r()) -> 'signers', '["g1", "g2"]', 'its signers are the finishing quorum''s');
select is(get_signing_session(pg_temp.r()) -> 'signature_shares' ?& array['g1', 'g2'], true, 'and so are its shares');
select is((select status::text from frost_signing_quorums where session_id = pg_temp.r() and quorum = 2), 'completed', 'the quorum says so');

-- A share that verifies after all lifts an exclusion.
create temp table l as select pg_temp.id(pg_temp.create_in('robust')) as id;
select pg_temp.commits(id, 'g1'), pg_temp.commits(id, 'g2'), record_refused_share(id, 'g1', 'bad') from l;
select is(pg_temp.commits(id, 'g1'), 'share_owed', 'excluded') from l;
select is(pg_temp.shares(id, 'g1'), 'signing in 1', 'a good share comes after all') from l;
select is(pg_temp.commits(id, 'g1'), 'signing in 2', 'and lifts it') from l;

-- It fails at once when nobody can finish it.
create temp table f as select pg_temp.id(pg_temp.create_in('robust')) as id;
select pg_temp.commits(id, 'g1'), pg_temp.commits(id, 'g2') from f;
select is(record_refused_share(id, 'g1', 'bad') ->> 'status', 'signing', 'one of three excluded: two are left') from f;
select pg_temp.as_member('g3', 'fam', format('select decline_signing_request(%L, %L)', id, 'no')) from f;
select is(get_signing_session(id) ->> 'error_message', 'Too few are left: g3 declined (no)', 'another declines: too few are left') from f;
create temp table d as select pg_temp.id(pg_temp.create_in('robust')) as id;
select pg_temp.commits(id, 'g1'), pg_temp.commits(id, 'g2'), pg_temp.as_member('g1', 'fam', format('select decline_signing_request(%L, %L)', id, 'no')) from d;
select is(pg_temp.quorums(id), '[[1, ["g1", "g2"], "abandoned"]]', 'a quorum that waits for a decliner is abandoned') from d;
select is(pg_temp.commits(id, 'g2'), 'signing in 2', 'its others are free') from d;
select is(pg_temp.shares(id, 'g2', 1), 'round_closed', 'and answer it no more') from d;

-- Pools -----------------------------------------------------------------------------------------------------------

create function pg_temp.publish(p_family text, p_who text, p_count integer, p_seed text default 'p') returns text language sql
return (select coalesce(a ->> 'code', a ->> 'available') from publish_nonce_commitments(p_family, p_who,
  array(select pg_temp.commitment(p_family || p_who || p_seed || n) from generate_series(1, p_count) as n)) as a);
select is(pg_temp.publish('fam', 'g1', 4), '4', 'a guardian publishes');
select is(pg_temp.publish('fam', 'g1', 4), '4', 'an exact repeat is no error');
select is(publish_nonce_commitments('fam', 'g2', array[pg_temp.commitment('famg1p1')]) ->> 'code', 'nonce_reused', 'but nobody publishes another''s');
select is(pg_temp.commits(id, 'g3', 'famg1p2'), 'nonce_reused', 'nor commits it') from d;
select is(pg_temp.refusal(format('select publish_nonce_commitments(%L, %L, %L)', family, who, list)), expected, format('%s of %s: %s', who, family, expected))
from (values ('none', 'g1', array[pg_temp.commitment('x')], 'PT422 no_key_package'), ('fam', 'g9', array[pg_temp.commitment('x')], 'PT403 not_a_participant'),
  ('fam', 'g1', '{}'::text[], 'PT400 invalid_input'), ('fam', 'g1', '{XY}', 'PT400 invalid_input'), ('fam', 'g1', '{abcd}', 'PT422 commitment_invalid')) as v (family, who, list, expected);
select is(pg_temp.publish('fam', 'g2', 4), '4', 'a second') as two, is(pg_temp.publish('fam', 'g3', 1), '1', 'a third one only') as one;
select is(pg_temp.as_member('g1', 'fam', $$select get_nonce_pool('fam') -> 'guardians'$$)::jsonb, '{"g1": 4, "g2": 4, "g3": 1}', 'everybody sees what is left');
select is(pg_temp.as_member('g1', 'fam', $$select get_nonce_pool('fam') ->> 'one_tap_sessions'$$), '4', 'and how many sessions that is: any pair that has one each');
select is(pg_temp.as_member('g3', 'fam', $$select jsonb_array_length(get_nonce_pool('fam') -> 'own')$$), '1', 'and which are its own');
select is(pg_temp.refusal_as('g1', 'big', $$select get_nonce_pool('fam')$$), 'PT403 not_in_family', 'in its own family');

select is(frost_signing_metrics(p_family_id => 'fam') -> 'one_tap_sessions', '{"fam": 4}', 'operators see it, too');
select is(jsonb_path_query_array(frost_signing_metrics(p_family_id => 'fam', p_one_tap_sessions => n), '$.alerts[*].alert') ? 'low_pools', expected, format('fewer than %s left is an alert: %s', n, expected))
from (values (4, false), (5, true)) as v (n, expected);

-- Binding: one quorum for every pair of those whose pools suffice.
create temp table t as select pg_temp.create_in('one_tap') as made;
select is(made ->> 'mode', 'one_tap', 'two of three have enough') from t;
select is(made -> 'short', '{"g3": 1}', 'and whose pool fell short is told, by how many') from t;
select is(made #>> '{sessions,0,status}', 'signing', 'it passes the first states as it is made') from t;
select is(pg_temp.quorums(pg_temp.id(made)), '[[1, ["g1", "g2"], "signing"]]', 'one pair, one quorum') from t;
select pg_temp.publish('fam', 'g3', 6, 'more');
create temp table o as select pg_temp.create_in('one_tap') as made;
select is(pg_temp.quorums(pg_temp.id(made)), '[[1, ["g1", "g2"], "signing"], [2, ["g1", "g3"], "signing"], [3, ["g2", "g3"], "signing"]]', 'with three, every pair') from o;
select is(pg_temp.as_member('g1', 'fam', $$select get_nonce_pool('fam') -> 'guardians'$$)::jsonb, '{"g1": 1, "g2": 1, "g3": 5}', 'two commitments of each are bound');
select is((select count(*) from frost_nonce_pool where bound_at is not null and session_id = pg_temp.id(made)), 6::bigint, 'six in all') from o;
select is(jsonb_array_length(w #> '{work,0,quorums}'), 2, 'a guardian finds its two quorums as work') from o, lateral (select (pg_temp.as_member('g2', 'fam', format('select get_signing_work(%L)', pg_temp.id(made))))::jsonb as w) as w;
select is(w -> 'key_packages' ? (w #>> '{work,0,key_package_id}'), true, 'with the key, once') from o, lateral (select (pg_temp.as_member('g2', 'fam', 'select get_signing_work()'))::jsonb as w) as w;
-- Each answers all of its quorums, whenever it suits: any two finish.
select is(record_signature_shares(jsonb_build_array(
    jsonb_build_object('session_id', pg_temp.id(made), 'participant_id', 'g3', 'quorum', 2, 'signature_share', pg_temp.share('o32')),
    jsonb_build_object('session_id', pg_temp.id(made), 'participant_id', 'g3', 'quorum', 3, 'signature_share', pg_temp.share('o33')))) #>> '{1,status}', 'signing', 'one taps') from o;
select is(pg_temp.awaited(pg_temp.id(made), 'g3'), false, 'and is done') from o;
select is(pg_temp.awaited(pg_temp.id(made), 'g2'), true, 'another is not') from o;
select is(pg_temp.shares(pg_temp.id(made), 'g2', 3), 'aggregating in 3', 'a second taps, and that is a signature') from o;
select is(pg_temp.shares(pg_temp.id(made), 'g2', 1), 'session_finished', 'its other quorum has nothing left to do') from o;
select complete_signing_session(pg_temp.id(made), repeat('cd', 64)) from o;
select is(pg_temp.refusal($$update frost_nonce_pool set session_id = null, quorum = null, bound_at = null where bound_at is not null$$), 'PT409 invalid_transition', 'impossible 16: what was bound is never free again');
select pg_temp.as_member('g1', 'fam', format('select fail_signing_session(%L, %L)', pg_temp.id(made), 'enough')) from t;
select is((select count(*) from frost_nonce_pool where session_id = pg_temp.id(made) and bound_at is not null), 2::bigint, 'impossible 16: whatever becomes of its session') from t;
select is((pg_temp.create_in('one_tap') ->> 'mode'), 'one_tap', 'one more') where (select count(*) from frost_nonce_pool where participant_id = 'g1' and bound_at is null) = 1;
select is(jsonb_build_array(c -> 'mode', c -> 'short'), '["one_tap", {"g1": 2}]', 'among those that have one left') from (select pg_temp.create_in('one_tap') as c) as c;
select is(jsonb_build_array(c -> 'mode', c -> 'short'), '["robust", {"g1": 2, "g2": 2}]', 'where it cannot be, it is robust, and the answer says so') from (select pg_temp.create_in('one_tap') as c) as c;
select is(count(distinct (session_id, quorum)), count(*), 'impossible 16: no guardian has two commitments in one quorum, and none is in two') from frost_nonce_pool where bound_at is not null and participant_id = 'g1';

-- Withdrawing; what hung on it goes on as robust.
select pg_temp.publish('fam', g, 10, 'w') from unnest('{g1,g2,g3}'::text[]) as g;
create temp table w as select pg_temp.id(pg_temp.create_in('one_tap')) as id;
select is(pg_temp.as_member('g2', 'fam', $$select withdraw_nonce_commitments('fam')$$)::jsonb, '{"withdrawn": 8, "dead": 3}', 'a guardian that lost its nonces withdraws them all');
select is(pg_temp.quorums(id), '[[1, ["g1", "g2"], "abandoned"], [2, ["g1", "g3"], "signing"], [3, ["g2", "g3"], "abandoned"]]', 'what hangs on them is abandoned') from w;
select is(pg_temp.commits(id, 'g2'), 'signing in 4', 'and it commits anew, as in a robust session') from w;
select is(pg_temp.as_member('g2', 'fam', $$select get_nonce_pool('fam') -> 'guardians' ->> 'g2'$$), '0', 'nothing of it is left');
select is((select mark_nonce_as_used(nonce_commitment) from frost_nonce_pool where participant_id = 'g1' and bound_at is null and withdrawn_at is null limit 1), true, 'an operator takes one out by hand');

-- A pool ends with its key, its incarnation and its time.
update permafrost.limits set value = 4 where limit_name = 'pooled_commitments';
select is(pg_temp.refusal($$select pg_temp.publish('big', 'a', 5)$$), 'PT429 rate_limited', 'a pool has a limit');
update permafrost.limits set value = 1000 where limit_name = 'pooled_commitments';
select pg_temp.publish('big', g, 30) from unnest('{a,b,c,d,e}'::text[]) as g;
create temp table b as select pg_temp.create_in('one_tap', 'big', 2, 3, '{e,d,c,b,a}') as made;
select is(jsonb_array_length(made -> 'quorums'), 10, '3 of 5: every triple') from b;
select is(jsonb_array_length(made -> 'sessions'), 2, 'for each message of a batch') from b;
select is(array(select s.value ->> 'session_id' from jsonb_array_elements(made -> 'sessions') as s), array(select session_id from frost_signing_batches where batch_id = made ->> 'batch_id' order by position), 'in the order given') from b;
select is((select count(*) from frost_nonce_pool where family_id = 'big' and bound_at is not null and participant_id = 'a'), 12::bigint, 'six of each for each');
select is(jsonb_array_length(w -> 'work'), 2, 'the batch is one page of work') from b, lateral (select pg_temp.as_member('c', 'big', format('select get_signing_work(p_batch_id => %L)', made ->> 'batch_id'))::jsonb as w) as w;
select is(pg_temp.as_member('c', 'big', format('select get_signing_sessions(p_batch_id => %L)', made ->> 'batch_id'))::jsonb #>> '{sessions,1}',
  pg_temp.as_member('c', 'big', format('select get_signing_session(%L)', made #>> '{sessions,1,session_id}')), 'its sessions are read at once, in order') from b;
select is(pg_temp.as_member('g1', 'fam', format('select get_signing_sessions(p_batch_id => %L)', made ->> 'batch_id'))::jsonb, '{"next": null, "sessions": []}', 'by those whom they are for') from b;
select is(array(select s ->> 'session_id' from jsonb_array_elements(pg_temp.as_member('c', 'big', format('select get_signing_sessions(array[%L, ''none'', %L], p_after => 1)',
  made #>> '{sessions,0,session_id}', made #>> '{sessions,1,session_id}'))::jsonb -> 'sessions') as s), array[made #>> '{sessions,1,session_id}'], 'and by ids') from b;
update permafrost.limits set value = 12 where limit_name = 'bound_unanswered';
select is(pg_temp.create_in('one_tap', 'big', 1, 3, '{a,b,c,d,e}', 'e') ->> 'mode', 'robust', 'one creator does not drain the pools of others');
select is(pg_temp.create_in('one_tap', 'big', 1, 3, '{a,b,c,d,e}', 'd') ->> 'mode', 'one_tap', 'which is nothing to another creator');
select permafrost.declare_restored('x');
select is(pg_temp.create_in('one_tap', 'big', 1, 3, '{a,b,c,d,e}', 'd') ->> 'mode', 'robust', 'impossible 16: nothing of before a restore is bound');
select is(pg_temp.publish('fam', 'g1', 2, 'k'), '2', 'a fresh pool');
select pg_temp.publish('fam', 'g2', 2, 'k'), public.register_key_package('fam', 'FROST-secp256k1-SHA256-TR-v1', 2, '{g1,g2,g3}', '02' || pg_temp.share('next'),
  array['02' || pg_temp.share('n1'), '02' || pg_temp.share('n2'), '02' || pg_temp.share('n3')]);
select is(pg_temp.create_in('one_tap') ->> 'mode', 'robust', 'nor of another key');

-- More subsets than 35 are too many.
select pg_temp.key('wide', 3, '{a,b,c,d,e,f,g,h}');
insert into permafrost.limits values ('bound_unanswered', 'wide', 100);
select public.publish_nonce_commitments('wide', p, array(select pg_temp.commitment('wide' || p || i) from generate_series(1, 21) as i))
from unnest('{a,b,c,d,e,f,g,h}'::text[]) as p;
select is(pg_temp.create_in('one_tap', 'wide', 1, 3, '{a,b,c,d,e,f,g,h}', 'a') - '{quorums,sessions,batch_id}'::text[], '{"mode": "robust", "short": {}}', '56 triples of 8');
select is(get_nonce_pool('wide') -> 'one_tap_sessions', '0', 'so there could be no one_tap session among all');
select is(jsonb_array_length(pg_temp.create_in('one_tap', 'wide', 1, 3, '{a,b,c,d,e,f,g}', 'a') -> 'quorums'), 35, '35 triples of 7');

-- Items: each is judged alone, and its answer stands where it was asked.
create temp table i as select pg_temp.create_in('two_round', 'fam', 3) as made;
select is((select jsonb_agg(coalesce(a ->> 'code', a ->> 'status')) from jsonb_array_elements(record_nonce_commitments((
    select jsonb_agg(jsonb_build_object('session_id', id, 'participant_id', who, 'nonce_commitment', c) order by n)
    from (values (1, made #>> '{sessions,2,session_id}', 'g1', pg_temp.commitment('i1')), (2, 'none', 'g1', pg_temp.commitment('i2')),
      (3, made #>> '{sessions,0,session_id}', 'g1', pg_temp.commitment('i1')), (4, made #>> '{sessions,1,session_id}', 'g9', pg_temp.commitment('i4')),
      (5, made #>> '{sessions,1,session_id}', 'g1', pg_temp.commitment('i5'))) as v (n, id, who, c)))) as a)
  in ('["nonce_collection", "session_not_found", "nonce_reused", "not_a_participant", "nonce_collection"]', '["nonce_reused", "session_not_found", "nonce_collection", "not_a_participant", "nonce_collection"]'), true,
  'one bad item costs the others nothing') from i;
select is(pg_temp.refusal(format('select record_nonce_commitments(%L)', items)), 'PT400 invalid_input', 'no items: ' || coalesce(left(items, 20), 'null'))
from unnest(array['[]', '{}', null, (select jsonb_agg('{}'::jsonb) from generate_series(1, 257))::text]) as items;

-- What is expired leaves the pool with the sessions of its time, and not before.
insert into frost_nonce_pool (nonce_commitment, family_id, key_package_id, participant_id, incarnation, published_at, expires_at, session_id, quorum, bound_at)
select d || ' days', 'fam', (select key_package_id from frost_key_packages where family_id = 'fam' limit 1), 'g1', 1, t, t + 1, s, q, b
from (values (7, null, null, null), (9, null, null, null), (10, 'gone', 1, 1)) as v (d, s, q, b), lateral (select permafrost.now_ms() - 86400000 * d::bigint as t) as t;
select cleanup_old_frost_signing_sessions(1);
select is(array(select nonce_commitment from frost_nonce_pool where nonce_commitment like '%days'), '{7 days}'::text[], 'pooled commitments are cleaned up, bound or not');
select throws_ok($$delete from frost_nonce_pool where participant_id = 'd'$$, 'PT409', null, 'none before it has expired');

select * from finish();
rollback;

-- Key packages are written once, and their epochs follow one another; events are only ever added to.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select is(pg_temp.key('fam', 2, '{g1,g2,g3}') ->> 'epoch', '1', 'the first key is epoch 1');
select is(pg_temp.key('fam', 2, '{g1,g2,g3}') ->> 'epoch', '1', 'an exact retry gets the same answer');
select is(pg_temp.key('fam', 3, '{g1,g2,g3}') ->> 'epoch', '2', 'another key is the next epoch');
select is(pg_temp.key('fam', 2, '{g3,g2,g1}') ->> 'epoch', '3', 'and so on');
select is(pg_temp.refusal($$select pg_temp.key('fam', 3, '{g1,g2,g3}')$$), 'PT422 key_package_invalid', 'a retry that comes late does not undo a rotation');
select results_eq($$select epoch, retired_at is null from frost_key_packages where family_id = 'fam' order by epoch$$,
  $$values (1, false), (2, false), (3, true)$$, 'the epoch before is retired with it');
select throws_ok($$insert into frost_key_packages (family_id, epoch, ciphersuite, threshold, participants, group_public_key, verifying_shares)
  select 'fam', 4, ciphersuite, threshold, participants, group_public_key, verifying_shares from frost_key_packages where epoch = 3$$, '23505', null, 'two packages of a family are never current');
select is(pg_temp.refusal('update frost_key_packages set ' || change), 'PT409 invalid_transition', 'a package does not change: ' || change)
from unnest(array['threshold = 1', $$group_public_key = 'ab'$$, $$participants = '{a}'$$, 'epoch = 9', 'created_at = 1']) as change;
select is(pg_temp.refusal('update frost_key_packages set retired_at = null where epoch = 1'), 'PT409 invalid_transition', 'nor is it taken back into use');
select is(pg_temp.refusal(gone), 'PT409 invalid_transition', 'nor deleted: ' || gone)
from unnest(array['delete from frost_key_packages', 'truncate frost_key_packages cascade']) as gone;
select is(pg_temp.refusal(format($$insert into frost_key_packages (family_id, epoch, ciphersuite, threshold, participants, group_public_key, verifying_shares)
  select %s from frost_key_packages where epoch = 3$$, columns)), expected, 'plain SQL is held to the same: ' || columns)
from (values ($$'new', 1, 'FROST-none', threshold, participants, group_public_key, verifying_shares$$, 'PT400 invalid_input'),
  ($$E'f\n', 1, ciphersuite, threshold, participants, group_public_key, verifying_shares$$, 'PT400 invalid_input'),
  ($$'new', 1, ciphersuite, 9, participants, group_public_key, verifying_shares$$, 'PT422 threshold_invalid'),
  ($$'new', 1, ciphersuite, 2, '{a,a}', group_public_key, verifying_shares$$, 'PT422 participants_invalid'),
  ($$'new', 1, ciphersuite, 2, participants, upper(group_public_key || 'ab'), verifying_shares$$, 'PT400 invalid_input'),
  ($$'new', 1, ciphersuite, 2, participants, group_public_key || 'ab', verifying_shares$$, 'PT422 key_package_invalid'),
  ($$'new', 1, ciphersuite, 2, participants, group_public_key, '{}'$$, 'PT422 key_package_invalid')) as v (columns, expected);

-- A session stays with the key it was made under, and ends with it.
select pg_temp.session(id, 'fam', '{g1,g2}', 2) from unnest('{o,p}'::text[]) as id;
select record_nonce_commitment('p', g, pg_temp.commitment('p' || g)) from unnest('{g2,g1}'::text[]) as g;
select is((select signers from frost_signing_sessions where session_id = 'p'), '{g2,g1}', 'signers are in the order of the key''s identifiers');
select pg_temp.key('fam', 2, '{g1,g2}');
select is((select array_agg(k.epoch) from frost_signing_sessions join frost_key_packages as k using (key_package_id)), '{3,3}', 'a session keeps its epoch');
select is(record_nonce_commitment('o', 'g1', pg_temp.commitment('o')) ->> 'code', 'key_retired', 'impossible 18: no commitment under a retired key is accepted');
select is(record_signature_share('p', 'g1', pg_temp.share('p')) ->> 'code', 'key_retired', 'impossible 18: nor a share');
select is(pg_temp.refusal($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('o', 'g2', pg_temp.commitment('o2'))$$), 'PT409 key_retired', 'impossible 18: nor by plain SQL');
select results_eq($$select session_id, status::text, error_message from frost_signing_sessions order by 1$$,
  $$values ('o', 'failed', 'key_retired'), ('p', 'failed', 'key_retired')$$, 'and what was touched has failed for good');

-- Whatever comes for what lives under a key, once that is retired; and what reads it. Each asks before anything was swept.
create temp table ended as select 'ended' || n as family, call from unnest(array[
  $$complete_signing_session('%1$s', repeat('cd', 64))$$,
  $$pg_temp.as_member('g1', '%1$s', $q$select get_signing_package('%1$s')$q$)$$, $$pg_temp.as_member('g1', '%1$s', $q$select fail_signing_session('%1$s', 'x')$q$)$$,
  $$pg_temp.as_member('g2', '%1$s', $q$select decline_signing_request('%1$s', 'x')$q$)$$,
  $$pg_temp.as_member('g1', '%1$s', $q$select set_recovery_recipient('r%1$s', repeat('ab', 32))$q$)$$, $$pg_temp.as_member('g2', '%1$s', $q$select submit_recovery_share('r%1$s', 'c')$q$)$$,
  $$pg_temp.as_member('g1', '%1$s', $q$select reject_recovery_share('r%1$s', 'g2', 'x')$q$)$$, $$complete_recovery_request('r%1$s', 'g1', repeat('cd', 64))$$,
  $$pg_temp.as_member('g1', '%1$s', $q$select fail_recovery_request('r%1$s', 'x')$q$)$$, $$pg_temp.as_member('g3', '%1$s', $q$select decline_signing_request('r%1$s', 'x')$q$)$$]) with ordinality as u (call, n);
select pg_temp.key(family, 2, '{g1,g2,g3}'), pg_temp.session(family, family, '{g1,g2}', 2), pg_temp.session('over' || family, family, '{g1,g2}', 2, 0),
  record_nonce_commitment(family, 'g1', pg_temp.commitment(family)), record_nonce_commitment(family, 'g2', pg_temp.commitment(family || '2')) from ended;
insert into sss_signing_requests (request_id, family_id, message_hash, participants, threshold, created_by) select 'r' || family, family, repeat('ab', 32), '{g1,g2,g3}', 2, 'g1' from ended;
select pg_temp.as_member('g1', 'ended1', $$select set_recovery_recipient('rended1', repeat('ab', 32))$$), pg_temp.as_member('g2', 'ended1', $$select submit_recovery_share('rended1', 'c')$$);
create function pg_temp.open_to_g1() returns jsonb language sql
return jsonb_build_array(jsonb_array_length(pg_temp.as_member('g1', 'ended1', 'select get_signing_work()')::jsonb -> 'work'), pg_temp.as_member('g1', 'ended1', 'select count(*) from sss_encrypted_shares'));
select is(pg_temp.open_to_g1(), '[1, "1"]', 'a guardian has work, and a requester reads the shares it was sent');
select pg_temp.key(family, 3, '{g1,g2,g3}') from ended;
select is(jsonb_build_array(s -> 'status', s -> 'error_message', r -> 'status', r -> 'error_message', o -> 'status'), '["failed", "key_retired", "failed", "key_retired", "expired"]',
  'impossible 18: without a sweep they read as failed, and what had expired before as expired') from get_signing_session('ended1') as s, get_recovery_request('rended1') as r, get_signing_session('overended1') as o;
select is(pg_temp.open_to_g1(), '[0, "0"]', 'impossible 18: there is no work in them, and no share to be read');
select is(pg_temp.refusal('select ' || format(call, family)), 'PT409 key_retired', 'impossible 18: ' || format(call, family)) from ended;

-- An exposed secret stays exposed under new shares of it.
update frost_key_packages set exposed_at = 1 where epoch = 4;
select is(get_signing_session('o') ->> 'warning', null, 'a session of another key is not warned of');
select public.register_key_package('fam', 'FROST-secp256k1-SHA256-TR-v1', 2, '{g1,g2}', group_public_key,
  array['03' || repeat('11', 32), '03' || repeat('22', 32)]) from frost_key_packages where epoch = 4;
select is((select exposed_at from frost_key_packages where epoch = 5), 1::bigint, 'new shares of an exposed secret are exposed');
select pg_temp.session('w', 'fam', '{g1,g2}', 2);
select isnt(get_signing_session('w') ->> 'warning', null, 'and sessions of it carry a warning');

-- Events.
select pg_temp.session('s', 'fam', '{g1,g2}', 2);
select record_nonce_commitment('s', p, pg_temp.commitment(p)) from unnest('{g2,g1}'::text[]) as p;
select record_signature_share('s', p, pg_temp.share(p)) from unnest('{g1,g2,g1,zz}'::text[]) as p;
select record_refused_share('s', 'g1', 'does not verify');
select complete_signing_session('s', repeat('cd', 64));
select pg_temp.session('f', 'fam', '{g1,g2}', 2), pg_temp.as_member('g1', 'fam', $$select fail_signing_session('f', 'why')$$);
select pg_temp.session('e', 'fam', '{g1,g2}', 2, 0), pg_temp.session('d', 'fam', '{g1,g2}', 2), expire_old_frost_signing_sessions();
select pg_temp.as_member('g1', 'fam', $$select decline_signing_request('d', 'no')$$);
select record_nonce_commitment('w', 'zz', 'ab'), record_nonce_commitment('w', 'g1', pg_temp.commitment('w')), mark_nonce_as_used(pg_temp.commitment('w'));
select record_refused_commitment('w', 'g2', 'no point');
select is((select detail from frost_events where event = 'commitment_refused' and actor = 'g2'), '{"code": "commitment_invalid", "reason": "no point"}', 'impossible 7: and a bad commitment on its');
select is(pg_temp.refusal(format('select record_refused_%s(%L, %L, %L)', what, s, p, 'bad')), expected, 'but on nobody else: ' || what)
from unnest('{commitment,share}'::text[]) as what, (values ('none', 'g1', 'PT404 session_not_found'), ('w', 'g3', 'PT403 not_a_participant'), ('w', null, 'PT403 not_a_participant'), ('e', 'g1', 'PT410 session_expired')) as v (s, p, expected);
update frost_signing_sessions set final_event_id = repeat('ab', 32) where session_id = 's';
select set_eq($$select distinct event from frost_events where subject = 'session'$$, array['created', 'commitment_accepted', 'commitment_refused',
  'round_one_closed', 'share_accepted', 'share_refused', 'aggregating', 'completed', 'failed', 'expired', 'published', 'declined', 'nonce_marked'],
  'every kind of event is recorded');
select results_eq($$select event from frost_events where subject_id = 's' and actor is null order by event_id$$,
  array['round_one_closed', 'aggregating', 'completed', 'published'], 'in the order they happened');
select is((select actor from frost_events where event = 'share_refused' and detail ->> 'code' = 'share_invalid'), 'g1', 'impossible 7: a bad share is blamed on its sender');
select throws_ok(format('%s frost_events %s', verb, what), 'PT409', null, 'events are append-only: ' || verb)
from (values ('delete from', ''), ('update', 'set actor = null'), ('truncate', '')) as v (verb, what);
select is(pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', 'service_role', '{"role": "service_role"}', 'delete from public.frost_events returning 1')),
  '42501', 'service_role has no way to try');
delete from frost_signing_sessions where session_id = 's';
select isnt_empty($$select from frost_events where subject_id = 's'$$, 'they survive their session');
-- Who may read them is told by the first of them, so the id is never that of a session of others.
select is(pg_temp.refusal(format('select pg_temp.session(%L, %L, %L, 2)', 's', family, members)), expected, format('a session of %s %s under the same id: %s', family, members, expected))
from (values ('stranger', '{g1,g2}', 'PT400 invalid_input'), ('fam', '{g1,g3}', 'PT400 invalid_input'), ('fam', '{g2,g1}', 'PT400 invalid_input'),
  ('fam', '{g1,g2}', 'accepted')) as v (family, members, expected);

-- The two lists of codes are held together by a test of the functions; here, what is unknown has no status.
select is(permafrost.http_status_of('nonsense'), null, 'an unknown code has no status');

select * from finish();
rollback;

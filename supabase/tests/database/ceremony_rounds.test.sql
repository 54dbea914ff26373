-- A ceremony from its start to its last round: what is hashed, who may send what and when, how a round ends, and how a
-- ceremony ends before it has made a key.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql
\ir ceremonies.psql

-- What devices hash. The digests were computed by JavaScript, of names as people have them.
create temp table odd as select $$fäm "\ 😀$$ as family, array['1', $$a"\b$$, 'Zoë 😀'] as names,
  array['03aed316469060698d774150efd7f8f406a2bab516dd7d22cb258323c59c6417f3', '03aeb5ae20783d4858f6767747963f144c7db8aba328625cc8a87f7676d8cdeee7',
    '021a48bbccac751ae9ec1ea7a7f8d421d5fd60aab44e6d2f37b31873098a77b7a3'] as host_keys;
select register_host_key(family, w, k) from odd, unnest(names, host_keys) as u (w, k);
select is(pg_temp.put('c "1"', family, 'dkg', names), 'accepted', 'a dkg of odd names') from odd;
select is((select params_id from frost_key_ceremonies where ceremony_id = 'c "1"'), '6541da7cee1efc1f0284c44cf57b6add1aa2495a016da61e9e7eb2d05fdd39b9', 'params_id of a chilldkg is what JavaScript computes');
update frost_key_ceremonies set status = 'failed', error_message = 'x';
select register_key_package(family, 'FROST-secp256k1-SHA256-TR-v1', 2, names, '02' || repeat('aa', 32), array['02' || repeat('11', 32), '02' || repeat('22', 32), '02' || repeat('33', 32)]) from odd;
select is(get_key_status(family) ->> 'key_package_digest', '2db71999ec733a62fa161a9987246512cab5f597a00903bcccdb9e8099e1591d', 'a key package''s digest is what JavaScript computes') from odd;
select is(pg_temp.put('c€/2', family, 'reshare', array[names[3], names[1]], array[names[2], names[3]]), 'accepted', 'a reshare of odd names') from odd;
select is((select params_id from frost_key_ceremonies where ceremony_id = 'c€/2'), '0d22424d1bb1fb2cb24106d76f0b539bd61b00ef1c843e7f201fa3facdfed9ee', 'params_id of a reshare is over the dealers and the old package too');
select is(permafrost.sha256_hex(get_key_ceremony(id) ->> 'params'), get_key_ceremony(id) ->> 'params_id', 'and its JSON is shown: ' || id) from unnest(array['c "1"', 'c€/2']) as id;
select is(permafrost.chilldkg_params_hash(t, host_keys), hash, format('the draft''s params_hash of %s of 3', t)) from odd, (values
  (1, '3a0ac9644496d6a5723772ec7cf81462095519d107c3d4c6e6b0dd66951fadeb'), (2, '6a03d4e831dbf10f71c2c47f8f31fa5bcedbc266b336deba7e11607697ceeb7c'),
  (3, 'cae987a3d2b2acd32feace9ceae231026c03ae26228ea026bce82a08a5bf77e2')) as v (t, hash);
update frost_key_ceremonies set status = 'failed', error_message = 'x' where status < 'completed';

-- Admission, by plain SQL as by RPC.
select pg_temp.admit('fam', 'g1', 'g2', 'g3'), pg_temp.admit('keyed', 'g1', 'g2', 'g4'), pg_temp.key('keyed', 2, '{g1,g2,g3}');
select is(pg_temp.put('x', f, k, p, d, protocol), expected, format('%s of %s in %s, dealt by %s: %s', k, p, f, d, expected)) from (values
  ('fam', null, '{g1,g2}'::text[], null::text[], null, 'PT400 invalid_input'), ('fam', 'dkg', null, null, null, 'PT422 participants_invalid'),
  ('fam', 'dkg', '{{g1,g2},{g2,g3}}', null, null, 'PT422 participants_invalid'), ('fam', 'dkg', '{g1,null}', null, null, 'PT422 participants_invalid'),
  ('fam', 'dkg', '{g1,g2}', '{}', null, 'PT400 invalid_input'), ('keyed', 'reshare', '{g1,g2}', null, null, 'PT422 participants_invalid'),
  ('keyed', 'reshare', '{g1,g2}', '{g1}', null, 'PT422 participants_invalid'), ('keyed', 'reshare', '{g1,g2}', '{{g1,g2}}', null, 'PT422 participants_invalid'),
  ('keyed', 'reshare', '{g1,g2}', '{g1,null}', null, 'PT422 participants_invalid'), ('keyed', 'reshare', '{g1,g2}', '{g1,g3}', null, 'PT422 participants_invalid'),
  ('keyed', 'reshare', '{g1,g2}', '{g1,g2}', 'pedersen', 'PT400 invalid_input')) as v (f, k, p, d, protocol, expected);
select is(pg_temp.refusal(format($$insert into frost_key_ceremonies (family_id, kind, threshold, participants, %s) values ('fam', 'dkg', 2, '{g1,g2}', %L)$$, c, v)),
  'PT409 invalid_transition', 'none starts with its ' || c) from (values ('recovery_data', 'ab'), ('key_package', '{}'), ('coordinator_messages', '{ab}'), ('blamed', '{g1}'),
  ('key_package_id', '00000000-0000-0000-0000-000000000000')) as v (c, v);
select is(pg_temp.refusal_as('g1', 'other', $$select create_key_ceremony('fam', 'dkg', 2, '{g1,g2}')$$), 'PT403 not_in_family', 'nobody starts one for another family');
select is(pg_temp.put('gone', 'fam', 'dkg', '{g1,g2}', p_lives_for => -1), 'accepted', 'one that has expired');
select is(pg_temp.refusal($$insert into frost_key_ceremonies (ceremony_id, family_id, kind, threshold, participants, host_public_keys, params_id, current_key_package_id)
  select 'open', 'fam', 'dkg', 2, '{g1,g2}', '{02,03}', 'mine', key_package_id from frost_key_packages where family_id = 'keyed'$$), 'accepted', 'keeps no other from starting');
select is((select jsonb_build_array(host_public_keys, params_id = 'mine', current_key_package_id) from frost_key_ceremonies where ceremony_id = 'open'),
  jsonb_build_array(array[pg_temp.host_key('fam', 'g1'), pg_temp.host_key('fam', 'g2')], false, null), 'whose keys and hash are the server''s');
select is(pg_temp.put('second', 'fam', 'dkg', '{g1,g2}'), 'PT409 invalid_transition', 'but one that is open does, by plain SQL too');
select register_host_key('fam', 'g1', pg_temp.host_key('fam', 'new'));
select is((select host_public_keys[1] from frost_key_ceremonies where ceremony_id = 'open'), pg_temp.host_key('fam', 'g1'), 'a ceremony keeps the host keys it began with');
insert into permafrost.limits values ('first_key_by_members', 'keyed', 0);
select is(pg_temp.starting('keyed', 'dkg', 2, '{g1,g2}', p_by => 'g9'), 'accepted', 'where operators start a first key, a member may still start a later one, without a part in it');
select pg_temp.as_member('g9', 'keyed', format('select fail_key_ceremony(%L, %L)', ceremony_id, 'x')) from frost_key_ceremonies where family_id = 'keyed';

-- Messages: who, what, when. g1 of 'open' has sent round one.
select is(pg_temp.say(id, w, r), expected, format('%s in round %s of %s: %s', w, r, id, expected)) from (values
  (1, 'open', 'g1', 1, 'accepted'), (2, 'open', 'g3', 1, 'PT403 not_a_participant'), (3, 'open', null, 1, 'PT403 not_a_participant'), (4, 'open', 'g1', 2, 'PT409 round_open'),
  (5, 'open', 'g1', 3, 'PT409 round_open'), (6, 'gone', 'g1', 1, 'PT410 session_expired'), (7, 'none', 'g1', 1, 'PT404 session_not_found')) as v (n, id, w, r, expected) order by n;
select is(pg_temp.refusal(format($$insert into frost_ceremony_messages values ('open', %s, 'g2', %L)$$, r, payload)), expected, 'plain SQL is held to the same: ' || expected)
from (values (2, '{}', 'PT409 round_open'), (4, '{}', 'PT409 round_open'), (1, to_jsonb(repeat('a', 524288))::text, '23514')) as v (r, payload, expected);
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 1, %L)', 'open', 'cmsg1')), 'PT409 round_open', 'a round does not end before its last message');
select is(record_ceremony_message('open', 'g2', 1, '{"message": "m"}') - 'coordinator_message', '{"status": "round_one", "received": 2, "missing": []}', 'the last message');
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 1, %s)', 'open', arguments)), 'PT409 invalid_transition', 'round one of chilldkg does not end with: ' || arguments)
from unnest(array['null', $$'cmsg1', 'recovery'$$, $$'cmsg1', null, pg_temp.package('fam', '{g1,g2}')$$]) as arguments;
select is(advance_key_ceremony('open', r, c, null, p), '{"status": "round_two", "received": 0, "missing": ["g1", "g2"], "coordinator_message": "cmsg1"}', what) from (values
  (1, 1, 'cmsg1', null::jsonb, 'round one ends with the coordinator''s message'), (2, 1, 'other', null, 'the same again changes nothing'), (3, 3, 'x', null, 'nor does a round that is not open')) as v (n, r, c, p, what) order by n;
select is(pg_temp.say('open', 'g1', 1), 'accepted', 'an exact retry of round one is answered in round two');
select is(pg_temp.say('open', 'g2', 1), 'PT409 commitment_already_submitted', 'another message is not');
select is(jsonb_path_query_array(pg_temp.as_member(w, f, $$select list_key_ceremonies(p_awaiting_me => true)$$)::jsonb, '$[*].ceremony_id'), expected, format('%s of %s is awaited in %s', w, f, expected))
from (values ('g1', 'fam', '["open"]'::jsonb), ('g3', 'fam', '[]'), ('g1', 'keyed', '[]')) as v (w, f, expected);
select pg_temp.say('open', w, 2) from unnest('{g1,g2}'::text[]) as w;
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 2, %s)', 'open', arguments)), expected, format('nor does round two with %s: %s', arguments, expected)) from (values
  ($$null, 'recovery', pg_temp.package('fam', '{g1,g2}')$$, 'PT409 invalid_transition'), ($$'cmsg2', null, pg_temp.package('fam', '{g1,g2}')$$, 'PT409 invalid_transition'),
  ($$'cmsg2', 'recovery'$$, 'PT409 invalid_transition'), ($$'cmsg2', 'recovery', '{}'$$, 'PT422 key_package_invalid')) as v (arguments, expected);
select is(advance_key_ceremony('open', 2, 'cmsg2', 'recovery', pg_temp.package('fam', '{g1,g2}')) ->> 'status', 'confirming', 'round two ends with message, recovery data and package');
select is(get_key_ceremony('open') -> 'key_package' -> 'epoch', '1', 'whose epoch is known before all confirm');
select is(pg_temp.say('open', 'g2', 2), 'accepted', 'a retry is answered still');
select pg_temp.confirm('open', 'g1');

-- No message changes or goes, whoever tries; nobody writes past the RPCs. Impossible 14: under wider grants neither.
create temp table tries (command text);
insert into tries values ($$insert into public.frost_ceremony_messages values ('open', 3, 'g2', '{}') returning 1$$), ($$update public.frost_ceremony_messages set payload = '{}' returning 1$$),
  ($$update public.frost_ceremony_messages set created_at = 1 returning 1$$), ('delete from public.frost_ceremony_messages returning 1'), ('delete from public.frost_key_ceremonies returning 1'),
  ($$update public.frost_key_ceremonies set threshold = 1 where ceremony_id = 'open' returning 1$$), ($$delete from public.frost_host_keys returning 1$$);
create function pg_temp.trying(p_role text, p_command text) returns text language sql
return pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', p_role, case p_role when 'service_role' then '{"role": "service_role"}' else pg_temp.member('g2', 'fam') end, p_command));
select is(pg_temp.trying(r, command), '42501', format('%s does not: %s', r, command)) from tries, unnest('{authenticated,service_role}'::text[]) as r;
savepoint narrow;
grant all on frost_key_ceremonies, frost_ceremony_messages, frost_host_keys to authenticated, service_role;
select is(pg_temp.trying('authenticated', command), '42501', 'impossible 14: no member does: ' || command) from tries;
select is(pg_temp.trying('service_role', command), 'PT409 invalid_transition', 'nor the service: ' || command) from tries where command !~ 'insert|delete from public.frost_key_cer';
rollback to narrow;
select is(pg_temp.refusal(command), 'PT409 invalid_transition', 'nor the owner: ' || command) from tries where command !~ 'insert|delete from public.frost_key_cer';
select is(pg_temp.refusal('truncate frost_host_keys, frost_ceremony_messages cascade'), 'PT409 invalid_transition', 'nor all at once');

-- Visibility: ciphertexts are for those who take part.
select is(jsonb_build_array(r -> 'coordinator_messages', r -> 'recovery_data'), expected, what) from (values
  ('g1', '[["cmsg1", "cmsg2"], "recovery"]'::jsonb, 'who takes part reads what holds ciphertext'), ('g3', '[[], null]', 'the rest of the family does not')) as v (w, expected, what),
  cast(pg_temp.as_member(w, 'fam', $$select get_key_ceremony('open')$$) as jsonb) as r;
select is(pg_temp.as_member(w, 'fam', format('select count(*) from %s', t)), n, format('%s reads %s rows of %s', w, n, t)) from (values
  ('g1', 'frost_key_ceremonies', '2'), ('g1', 'frost_ceremony_messages', '5'), ('g3', 'frost_key_ceremonies', '0'), ('g3', 'frost_ceremony_messages', '0')) as v (w, t, n);
select unalike(pg_temp.as_member('g3', 'fam', $$select get_transcript('ceremony', 'open')$$), t, 'the record that the family reads holds no ' || t) from unnest('{%cmsg%,%recovery%,%ciphertexts%}'::text[]) as t;
select is(pg_temp.refusal_as('g1', 'keyed', request), 'PT404 session_not_found', 'another family: ' || request) from unnest(array[$$select get_transcript('ceremony', 'open')$$,
  $$select get_key_ceremony('open')$$, $$select fail_key_ceremony('open', 'x')$$, $$select decline_signing_request('open', 'x')$$]) as request;
select is(pg_temp.as_member('g1', 'keyed', $$select count(*) from frost_events where subject_id = 'open' or subject_id ~ '"fam"'$$), '0', 'nor does it read any event of it or of host keys');

-- Blame: by who gets a share, before its own confirmation, once.
select is(pg_temp.refusal(format('select blame_in_ceremony(%L, %L, %L, %L, %L)', 'open', w, against, guilty, '{}')), expected, format('%s blames %s: %s', w, against, expected)) from (values
  ('g1', 'g2', true, 'PT409 round_closed'), ('g3', 'g1', true, 'PT403 not_a_participant'), ('g3', 'g1', false, 'PT403 not_a_participant'), ('g2', 'g3', true, 'PT403 not_a_participant'),
  (null, 'g1', true, 'PT403 not_a_participant'), ('g2', null, true, 'PT403 not_a_participant')) as v (w, against, guilty, expected);
select record_refused_ceremony_message('open', w, 3, 'bad', payload) from (values ('g1', '{"confirmation": "x"}'::jsonb), ('g1', '{"confirmation": "y"}'), ('g3', '{}'), ('g2', null)) as v (w, payload);
select is((select blamed from frost_key_ceremonies where ceremony_id = 'open'), '{g1}', 'whoever signed what does not verify is blamed once; no stranger, and nobody without proof');
select results_eq($$select actor, count(*) from frost_events where subject_id = 'open' and event = 'message_refused' group by 1 order by 1$$, $$values ('g1', 2::bigint), ('g2', 1), ('g3', 1)$$, 'each refusal is on record');
select is(blame_in_ceremony('open', 'g2', 'g1', true, '{"point": "p"}') - '{status,guilty,blamed,error_message}'::text[] ? 'params', true, 'a fault is answered with the ceremony');
select is((select jsonb_build_array(status, blamed, error_message) from frost_key_ceremonies where ceremony_id = 'open'), '["failed", ["g1"], "g1 sent a share to g2 that does not fit"]', 'which has failed by it');
select is((select jsonb_build_array(actor, detail) from frost_events where event = 'fault_reported'), '["g2", {"against": "g1", "guilty": "g1", "evidence": {"point": "p"}}]', 'and its evidence is on record');
select is(pg_temp.say('open', 'g1', 3), 'accepted', 'who had confirmed before may hear so again');
select is(pg_temp.say('open', 'g2', 3), 'PT409 session_finished', 'nobody else confirms what has failed');
select is(advance_key_ceremony('open', 2) ->> 'status', 'failed', 'nor brings it on');

-- Declines: all are needed, though fewer would sign, also who only deals, also who has confirmed.
select pg_temp.admit('keyed', 'g3');
select is(pg_temp.put('deal' || n, 'keyed', 'reshare', '{g1,g3,g4}', '{g1,g2}') || pg_temp.bring_on('deal' || n) || pg_temp.confirm('deal' || n, 'g1')
    || pg_temp.refusal_as(w, 'keyed', format('select decline_signing_request(%L, %L)', 'deal' || n, 'no')) || pg_temp.status('deal' || n), 'acceptedconfirmingaccepted' || expected, format('%s declines: %s', w, expected))
from (values (1, 'g2', 'acceptedfailed'), (2, 'g1', 'acceptedfailed'), (3, 'g9', 'PT403 not_a_participantconfirming')) as v (n, w, expected) order by n;
select is(pg_temp.confirm('deal1', 'g4'), 'PT409 session_finished', 'after a decline nobody confirms');
select is((select epoch from frost_key_packages where family_id = 'keyed' and retired_at is null), 1, 'and the key is what it was');
select is(pg_temp.refusal(format('select blame_in_ceremony(%L, %L, %L, true, %L)', 'deal3', 'g2', 'g1', '{}')), 'PT403 not_a_participant', 'a dealer without a share reports none');
select is(blame_in_ceremony('deal3', 'g4', 'g2', true, '{}') ->> 'guilty', 'g2', 'a dealer is blamed as anybody');

-- Past its time: nothing but that.
select is(pg_temp.put('late', 'keyed', 'dkg', '{g1,g4}', p_lives_for => 5000), 'accepted', 'one that will expire') ;
select pg_temp.say('late', 'g1', 1);
alter table frost_key_ceremonies disable trigger tg_frost_key_ceremonies__20_guard;
update frost_key_ceremonies set created_at = created_at - 172800000, expires_at = created_at - 172700000 where ceremony_id in ('late', 'open', 'gone');
alter table frost_key_ceremonies enable trigger tg_frost_key_ceremonies__20_guard;
select is(pg_temp.refusal(request), 'PT410 session_expired', 'past its time: ' || request) from unnest(array[$$select record_ceremony_message('late', 'g4', 1, '{}')$$, $$select record_ceremony_message('late', 'g1', 1, '{}')$$,
  $$select advance_key_ceremony('late', 1)$$, $$select blame_in_ceremony('late', 'g1', 'g4', true, '{}')$$, $$select record_refused_ceremony_message('late', 'g1', 1, 'bad')$$]) as request;
select is(get_key_ceremony('late') ->> 'status', 'expired', 'which is read so');
select is(expire_old_key_ceremonies(), 2, 'and swept: the one that never began, and this one');
select is(cleanup_old_key_ceremonies(1), 3, 'cleanup takes what failed or expired');
select is_empty($$select from frost_ceremony_messages where ceremony_id in ('late', 'open')$$, 'with its messages');
select isnt_empty($$select from frost_events where subject_id = 'late' and event = 'expired'$$, 'its record stays');

select * from finish();
rollback;

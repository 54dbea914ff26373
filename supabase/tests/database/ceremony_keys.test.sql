-- How a ceremony's key becomes the family's current one, impossible 17; and what is left of the epoch before it.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql
\ir ceremonies.psql

create function pg_temp.epoch(p_family text) returns integer language sql
return (select epoch from frost_key_packages where family_id = p_family and retired_at is null);
create function pg_temp.completing(p_id text, p_more text default '') returns text language sql
return pg_temp.refusal(format('update frost_key_ceremonies set status = %L%s where ceremony_id = %L', 'completed', p_more, p_id));
select pg_temp.admit(f, 'g1', 'g2', 'g3', 'g4') from unnest('{first,meanwhile,keyed,less,chill}'::text[]) as f;

-- A first key: in no state does an update make it current, nor does anything carry one in.
select is(pg_temp.put('first', 'first', 'dkg', '{g1,g2,g3}', p_protocol => 'pedersen', p_by => 'g1'), 'accepted', 'a first key');
select is(pg_temp.completing('first'), 'PT409 invalid_transition', 'impossible 17: from round one nothing completes');
select is(pg_temp.bring_on('first'), 'confirming', 'all have sent both rounds');
create temp table changes (change text, expected text);
insert into changes values ($$key_package = key_package || '{"group_public_key": "ff"}'$$, 'PT409 invalid_transition'), ('key_package_id = gen_random_uuid()', 'PT409 invalid_transition'),
  ($$recovery_data = 'ab'$$, 'PT409 invalid_transition'), ($$coordinator_messages = '{ab}'$$, 'PT409 invalid_transition'), ($$participants = '{g1,g2}'$$, 'PT409 invalid_transition'),
  ($$current_key_package_id = gen_random_uuid()$$, 'PT409 invalid_transition'), ($$params_id = 'x'$$, 'PT409 invalid_transition'), ($$created_by = null$$, 'PT409 invalid_transition');
select is(pg_temp.refusal(format('update frost_key_ceremonies set %s where ceremony_id = %L', change, 'first')), expected, 'a confirming ceremony keeps: ' || change) from changes;
select is(pg_temp.refusal(format('update frost_key_ceremonies set %s where ceremony_id = %L', change, 'first')), 'PT409 invalid_transition', 'whom it blames grows, and is not rewritten: ' || change)
from unnest(array[$$blamed = '{g1}', error_message = 'x'$$, $$status = 'round_one'$$, $$status = 'round_two'$$]) as change;
select is(pg_temp.completing('first'), 'PT409 round_open', 'impossible 17: without confirmations it does not complete');
select is(pg_temp.confirm('first', 'g1', 'g2'), 'accepted, accepted', 'two of three confirm');
select is(pg_temp.completing('first'), 'PT409 round_open', 'impossible 17: nor with one less than all');
select is(pg_temp.epoch('first'), null, 'and there is no key');
-- The last one by plain SQL, so that what an update needs is seen: then it completes, and registers.
insert into frost_ceremony_messages values ('first', 3, 'g3', '{"confirmation": "ab"}');
select is(pg_temp.completing('first', ', ' || change), expected, 'completing does not carry along: ' || change) from changes where change !~ 'recovery_data|coordinator';
select is(pg_temp.status('first') || coalesce(pg_temp.epoch('first'), 0), 'confirming0', 'until all is as it should be');
select is(pg_temp.completing('first'), 'accepted', 'with all, by plain SQL too, it completes');
select is((select jsonb_build_array(k.epoch, k.threshold, k.participants, k.group_public_key, k.verifying_shares, k.vss_commitment, k.created_by) from frost_key_ceremonies join frost_key_packages as k using (key_package_id) where ceremony_id = 'first'),
  (select jsonb_build_array(1, 2, array['g1', 'g2', 'g3'], p -> 'group_public_key', p -> 'verifying_shares', p -> 'vss_commitment', 'g1') from pg_temp.package('first', '{g1,g2,g3}') as p), 'in that moment its package is the family''s current one');
select is((select count(*) from frost_events where subject_id = 'first' and event = 'completed'), 1::bigint, 'which is on record');
select is(get_key_status('first') ->> 'key_package_digest', (select permafrost.digest_of(key_package) from frost_key_ceremonies where ceremony_id = 'first'), 'with the digest that all confirmed');
select is(record_ceremony_message('first', 'g3', 3, '{"confirmation": "ab"}') - 'coordinator_message', '{"status": "completed", "received": 3, "missing": []}', 'two last confirmations: the second hears of it');
select is((select count(*) from frost_key_packages where family_id = 'first'), 1::bigint, 'and one key was registered');
select is(pg_temp.refusal(request), 'PT409 session_finished', 'what is completed does not fail: ' || request) from unnest(array[$$select blame_in_ceremony('first', 'g1', 'g2', true, '{}')$$,
  $$select pg_temp.as_member('g1', 'first', $q$select fail_key_ceremony('first', 'x')$q$)$$, $$select pg_temp.as_member('g2', 'first', $q$select decline_signing_request('first', 'x')$q$)$$,
  $$update frost_key_ceremonies set status = 'failed', error_message = 'x', key_package_id = null where ceremony_id = 'first'$$]) as request;

-- A candidate that leaves something out is none, by plain SQL either.
select pg_temp.put('less', 'less', 'dkg', '{g1,g2}', p_protocol => 'pedersen');
select pg_temp.say('less', w, 1) from unnest('{g1,g2}'::text[]) as w;
select advance_key_ceremony('less', 1), pg_temp.say('less', 'g1', 2), pg_temp.say('less', 'g2', 2);
select is(pg_temp.refusal(format('update frost_key_ceremonies set status = %L, key_package = %L where ceremony_id = %L', 'confirming', p, 'less')), 'PT422 key_package_invalid', 'no candidate: ' || what)
from (values ('without a threshold', '{"ciphersuite": "FROST-secp256k1-SHA256-TR-v1", "participants": ["g1", "g2"]}'::jsonb), ('of another', '{"threshold": 1, "ciphersuite": "FROST-secp256k1-SHA256-TR-v1", "participants": ["g1", "g2"]}'),
  ('without a suite', '{"threshold": 2, "participants": ["g1", "g2"]}'), ('without participants', '{"threshold": 2, "ciphersuite": "FROST-secp256k1-SHA256-TR-v1"}'),
  ('in another order', '{"threshold": 2, "ciphersuite": "FROST-secp256k1-SHA256-TR-v1", "participants": ["g2", "g1"]}')) as v (what, more), cast(pg_temp.package('less', '{g1,g2}') || more as jsonb) as p;
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 2, p_key_package => %L)', 'less', pg_temp.package('less', '{g1,g2}') - k)), 'PT422 key_package_invalid', 'nor without ' || k)
from unnest('{group_public_key,verifying_shares,vss_commitment}'::text[]) as k;
-- Without an epoch it is confirmed of no epoch, and registered as none.
update frost_key_ceremonies set status = 'confirming', key_package = pg_temp.package('less', '{g1,g2}')
  || '{"threshold": 2, "ciphersuite": "FROST-secp256k1-SHA256-TR-v1", "participants": ["g1", "g2"]}' where ceremony_id = 'less';
select is(pg_temp.confirm('less', 'g1', 'g2'), 'accepted, PT409 key_retired', 'a candidate of no epoch does not become current');

-- The family's key changed meanwhile: what was to follow the one before does not take this one's place.
select pg_temp.put('meanwhile', 'meanwhile', 'dkg', '{g1,g2}', p_protocol => 'pedersen'), pg_temp.bring_on('meanwhile', '02' || pg_temp.share('other')), pg_temp.confirm('meanwhile', 'g1');
select pg_temp.key('meanwhile', 2, '{g1,g2,g3}');
select is(pg_temp.say('meanwhile', 'g2', 3), 'PT409 key_retired', 'a first key that comes second');
select is(pg_temp.epoch('meanwhile'), 1, 'and the key that came first stays');
update frost_key_ceremonies set status = 'failed', error_message = 'x' where ceremony_id = 'meanwhile';
select is(pg_temp.put('m2', 'meanwhile', 'reshare', '{g1,g4}', '{g2,g3}') || pg_temp.bring_on('m2') || pg_temp.confirm('m2', 'g1'), 'acceptedconfirmingaccepted', 'a reshare nearly done');
select pg_temp.key('meanwhile', 3, '{g1,g2,g3}');
select is(pg_temp.completing('m2'), 'PT409 key_retired', 'impossible 18: it does not complete under the key after');
select is(pg_temp.refusal(request), 'PT409 key_retired', 'impossible 18: ' || request) from unnest(array[$$select record_ceremony_message('m2', 'g4', 3, '{}')$$,
  $$select blame_in_ceremony('m2', 'g4', 'g2', true, '{}')$$, $$select pg_temp.as_member('g4', 'meanwhile', $q$select decline_signing_request('m2', 'x')$q$)$$,
  $$select approve_key_package('meanwhile', permafrost.digest_of(key_package)) from frost_key_ceremonies where ceremony_id = 'm2'$$]) as request;
select is(jsonb_build_array(r -> 'status', r -> 'error_message', r -> 'round', r -> 'missing'), '["failed", "key_retired", null, []]', 'impossible 18: it reads as failed') from get_key_ceremony('m2') as r;
select is(advance_key_ceremony('m2', 3) ->> 'status', 'failed', 'and is so for good once it is touched');
select is(pg_temp.epoch('meanwhile'), 2, 'the key stays');

-- Who lets a dkg take the place of a key: its guardians, as many as sign, or an operator. A reshare's dealers are that many.
select pg_temp.key('keyed', 2, '{g1,g2,g3}'), pg_temp.session('s', 'keyed', '{g1,g2}', 2);
create function pg_temp.approving(p_id text, p_who text) returns text language sql
return (select pg_temp.refusal(format('select approve_key_package(family_id, permafrost.digest_of(key_package), %L, %L) from frost_key_ceremonies where ceremony_id = %L', p_who, 'ab', p_id)));
select is(pg_temp.put('rival', 'keyed', 'dkg', '{g3,g4}', p_protocol => 'pedersen', p_by => 'g4') || pg_temp.bring_on('rival', '02' || pg_temp.share('rival')), 'acceptedconfirming', 'two make a key of their own');
select is(get_key_ceremony('rival') ->> 'approvals_missing', '2', 'as many approvals are missing as sign');
select is(pg_temp.approving('rival', w), expected, format('approval by %s: %s', w, expected)) from (values ('g4', 'PT403 not_a_participant'), ('', 'PT403 not_a_participant'), ('g1', 'accepted'), ('g3', 'accepted')) as v (w, expected);
select is(pg_temp.status('rival'), 'confirming', 'impossible 17: approvals are no confirmations');
select is(pg_temp.completing('rival'), 'PT409 round_open', 'impossible 17: by no role');
select is(pg_temp.confirm('rival', 'g3', 'g4') || pg_temp.status('rival'), 'accepted, acceptedcompleted', 'the last of both completes it');
select is(jsonb_build_array(r -> 'status', r -> 'error_message'), '["failed", "key_retired"]', 'impossible 18: with the old key its sessions have ended') from get_signing_session('s') as r;
select is(pg_temp.approving('rival', 'g1'), 'accepted', 'a late retry is answered');
select is(pg_temp.put('stolen', 'keyed', 'dkg', '{g1,g2}', p_protocol => 'pedersen', p_by => 'g1') || pg_temp.bring_on('stolen', '02' || pg_temp.share('stolen')) || pg_temp.confirm('stolen', 'g1', 'g2'), 'acceptedconfirmingaccepted, accepted', 'the guardians of before try the same');
select is(pg_temp.approving('stolen', w), 'PT403 not_a_participant', 'of the retired key they are no guardians any more: ' || w) from unnest('{g1,g2}'::text[]) as w;
insert into permafrost.key_approvals (ceremony_id, participant_id, signature) select 'stolen', w, 'ab' from unnest('{g1,g2}'::text[]) as w;
select is(get_key_ceremony('stolen') ->> 'approvals_missing', '2', 'nor counted, however they got there');
select is(pg_temp.completing('stolen'), 'PT409 round_open', 'impossible 17: and nothing completes');
select is(pg_temp.refusal(format('select approve_key_package(%L, permafrost.digest_of(key_package), %L) from frost_key_ceremonies where ceremony_id = %L', 'first', 'g1', 'stolen')), 'PT404 session_not_found', 'another family approves nothing here');
select is(pg_temp.approving('stolen', null) || pg_temp.status('stolen'), 'acceptedcompleted', 'an operator''s one approval is enough');
select is((select jsonb_build_array(actor, detail) from frost_events where subject_id = 'stolen' and event = 'approved'), '[null, {"signature": "ab"}]', 'and on record as no guardian''s');
select is(pg_temp.put('operator', 'keyed', 'dkg', '{g1,g2,g3}', p_protocol => 'pedersen') || pg_temp.bring_on('operator', '02' || pg_temp.share('operator')) || pg_temp.confirm('operator', 'g1', 'g2', 'g3') || pg_temp.status('operator'),
  'acceptedconfirmingaccepted, accepted, acceptedcompleted', 'an operator''s own ceremony waits for nobody''s approval');
select is(pg_temp.put('member', 'keyed', 'reshare', '{g3,g4}', '{g1,g2}', p_by => 'g4') || pg_temp.bring_on('member', '02' || pg_temp.share('operator')) || pg_temp.confirm('member', 'g3', 'g4') || pg_temp.status('member'),
  'acceptedconfirmingaccepted, acceptedcompleted', 'nor does a member''s reshare');
select results_eq($$select epoch, retired_at is null from frost_key_packages where family_id = 'keyed' order by 1$$, $$values (1, false), (2, false), (3, false), (4, false), (5, true)$$, 'one epoch follows the other');

-- Redaction: a key that was dealt anew is recovered from its living epoch alone.
select is(pg_temp.put('c1', 'chill', 'dkg', '{g1,g2,g3}') || pg_temp.bring_on('c1') || pg_temp.confirm('c1', 'g1', 'g2', 'g3') || pg_temp.status('c1'), 'acceptedconfirmingaccepted, accepted, acceptedcompleted', 'a key by chilldkg');
update frost_key_packages set exposed_at = 1 where family_id = 'chill';
create function pg_temp.digest(p_text text) returns text language sql return 'sha256:' || encode(sha256(convert_to(p_text, 'UTF8')), 'hex');
create function pg_temp.recovery(p_id text, p_who text) returns jsonb language sql
return pg_temp.as_member(p_who, 'chill', format('select get_recovery_data(%L)', (select key_package_id from frost_key_ceremonies where ceremony_id = p_id)))::jsonb;
select is(r ->> 'recovery_data', 'recovery', 'its guardians read what their shares come back from') from pg_temp.recovery('c1', 'g2') as r;
select is(r -> 'messages' -> '1', null, 'of chilldkg without the rounds, which it holds') from pg_temp.recovery('c1', 'g2') as r;
-- Before the key is dealt anew, and after: nothing but the digests of what is there goes in its place.
create temp table forgeries (change text);
insert into forgeries values ($$frost_key_ceremonies set recovery_data = null$$), ($$frost_key_ceremonies set recovery_data = 'ab'$$), ($$frost_key_ceremonies set coordinator_messages = '{}'$$),
  ($$frost_key_ceremonies set recovery_data = 'sha256:' || repeat('ab', 32)$$), ($$frost_key_ceremonies set coordinator_messages = coordinator_messages || array['x']$$), ($$frost_key_ceremonies set blamed = '{g1}'$$),
  ($$frost_key_ceremonies set key_package = null$$), ($$frost_ceremony_messages set payload = payload || '{"ciphertexts": {"g1": "x"}}'$$), ($$frost_ceremony_messages set payload = payload - 'ciphertexts'$$),
  ($$frost_ceremony_messages set payload = payload || '{"signature": "x"}'$$), ($$frost_ceremony_messages set participant_id = 'g4'$$);
create function pg_temp.forging(p_change text) returns text language sql
return pg_temp.refusal(format('update %s where ceremony_id = %L', p_change, 'c1'));
select matches(pg_temp.forging(change), '^PT409 (session_finished|invalid_transition)$', 'what made a living key stays: ' || change) from forgeries;
create function pg_temp.dealt(p_id text, p_participants text[], p_dealers text[]) returns text language sql
return pg_temp.put(p_id, 'chill', 'reshare', p_participants, p_dealers) || pg_temp.bring_on(p_id) || pg_temp.confirm(p_id, variadic p_participants) || pg_temp.status(p_id);
select is(pg_temp.dealt('c2', '{g1,g4}', '{g2,g3}'), 'acceptedconfirmingaccepted, acceptedcompleted', 'it is dealt anew');
select is((select exposed_at from frost_key_packages where family_id = 'chill' and retired_at is null), 1::bigint, 'an exposed secret stays exposed');
select is((select jsonb_build_array(recovery_data, coordinator_messages) from frost_key_ceremonies where ceremony_id = 'c1'),
  jsonb_build_array(pg_temp.digest('recovery'), array[pg_temp.digest('cmsg1'), pg_temp.digest('cmsg2')]), 'of its predecessor digests are left');
select is((select payload -> 'ciphertexts' from frost_ceremony_messages where ceremony_id = 'c1' and round = 1 and participant_id = 'g1'), jsonb_build_object('g1', pg_temp.digest('ab')), 'in messages too');
select is(permafrost.redacted_payload(r, p), expected, format('of round %s: %s', r, p)) from (values
  (1, '{"message": "m", "signature": "s"}'::jsonb, jsonb_build_object('message', pg_temp.digest('m'), 'signature', 's')), (2, '{"message": "m", "signature": "s"}', '{"message": "m", "signature": "s"}'),
  (3, '{"confirmation": "c", "signature": "s"}', '{"confirmation": "c", "signature": "s"}'),
  (1, '{"commitment": ["c"], "ciphertexts": {"g\"1": "x"}, "signature": "s"}', jsonb_build_object('commitment', array['c'], 'ciphertexts', jsonb_build_object('g"1', pg_temp.digest('x')), 'signature', 's'))) as v (r, p, expected);
select is(permafrost.redacted_payload(r, permafrost.redacted_payload(r, p)), permafrost.redacted_payload(r, p), 'again it is the same')
from (values (1, '{"message": "m"}'::jsonb), (2, '{"ciphertexts": {"g1": "x"}}')) as v (r, p);
select is(r ->> 'recovery_data', pg_temp.digest('recovery'), 'whoever left reads no more than that') from pg_temp.recovery('c1', 'g2') as r;
select is(pg_temp.say('c1', 'g1', 1), 'accepted', 'a late retry of what is redacted now is still the same message');
select is(pg_temp.say('c1', 'g1', 1, 'cd'), 'PT409 commitment_already_submitted', 'and another one is not');
select matches(pg_temp.forging(change), '^PT409 (session_finished|invalid_transition)$', 'nor do digests change: ' || change) from forgeries;
select is((select count(*) from frost_events where subject_id = 'c1' and event = 'redacted'), 1::bigint, 'that it was redacted is on record');
select is(pg_temp.put('lost', 'chill', 'reshare', '{g1,g2}', '{g1,g4}', p_by => 'g3') || pg_temp.bring_on('lost'), 'acceptedconfirming', 'who got no share asks for one, and holds the others up');
select is(pg_temp.refusal_as('g1', 'chill', $$select fail_key_ceremony('lost', 'x')$$), 'PT403 not_the_creator', 'no other member ends it');
select is((fail_key_ceremony('lost', 'The guardians want another') ->> 'status'), 'failed', 'an operator does');
select is(pg_temp.dealt('c3', '{g1,g2}', '{g1,g4}'), 'acceptedconfirmingaccepted, acceptedcompleted', 'it is dealt anew once more');
select is((select count(*) from frost_events where subject_id = 'c1' and event = 'redacted'), 1::bigint, 'what is redacted is left alone');
select is((select jsonb_agg(distinct payload -> 'ciphertexts' -> 'g1') from frost_ceremony_messages where ceremony_id = id and round = 1), jsonb_build_array(expected), 'ciphertexts of ' || id)
from (values ('c1', pg_temp.digest('ab')), ('c2', pg_temp.digest('ab')), ('lost', pg_temp.digest('ab')), ('c3', 'ab')) as v (id, expected);
select is((select count(*) from frost_ceremony_messages where ceremony_id = 'first' and payload -> 'ciphertexts' ->> 'g1' = 'ab'), 8::bigint, 'another key''s are untouched');
select is_empty($$select from frost_events where subject = 'ceremony' and detail::text ~ 'cmsg|recovery"|ciphertext'$$, 'and no event ever held any');

-- What a key comes back from is not deleted.
select is(pg_temp.refusal(gone), 'PT409 invalid_transition', gone) from unnest(array[$$delete from frost_key_ceremonies where ceremony_id = 'c3'$$, $$delete from frost_ceremony_messages where ceremony_id = 'c3'$$]) as gone;
select is(cleanup_old_key_ceremonies(1), 0, 'nor cleaned up');
select is(pg_temp.refusal($$delete from frost_key_ceremonies where ceremony_id = 'm2'$$), 'accepted', 'what made no key may go, with its messages');

-- An update of nothing is no event of a host key's.
update frost_host_keys set retired_at = retired_at where family_id = 'first' and participant_id = 'g1';
select is_empty($$select from frost_events where subject_id = '["first","g1"]' and event = 'host_key_retired'$$, 'a host key is retired once it is');

select * from finish();
rollback;

-- Ceremonies and host keys, but for what every kind has: that is the law's.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql
\ir ceremonies.psql

-- Host keys.
select pg_temp.admit('fam', 'g1', 'g2', 'g3');
select is(pg_temp.refusal(format('select register_host_key(%L, %L, %L)', f, w, k)), expected, what) from (values
  (1, 'fam', 'g1', pg_temp.host_key('fam', 'g1'), 'accepted', 'an exact retry'),
  (2, 'fam', 'g1', pg_temp.host_key('fam', 'g2'), 'PT422 host_key_invalid', 'another guardian''s key'),
  (3, 'other', 'g1', pg_temp.host_key('fam', 'g1'), 'accepted', 'the same key in another family'),
  (4, 'fam', 'g1', upper(pg_temp.host_key('fam', 'x')), 'PT400 invalid_input', 'upper case'),
  (5, 'fam', 'g1', 'ab', 'PT400 invalid_input', 'another length'),
  (6, 'fam', 'g1', pg_temp.host_key('fam', 'new'), 'accepted', 'a new device'),
  (7, 'fam', 'g1', pg_temp.host_key('fam', 'g1'), 'PT422 host_key_invalid', 'a retired key is not taken up again'),
  (8, 'fam', 'g2', pg_temp.host_key('fam', 'g1'), 'PT422 host_key_invalid', 'nor by another guardian')) as v (n, f, w, k, expected, what) order by n;
select results_eq($$select participant_id, host_public_key from frost_host_keys where family_id = 'fam' and retired_at is null order by 1$$,
  $$values ('g1', pg_temp.host_key('fam', 'new')), ('g2', pg_temp.host_key('fam', 'g2')), ('g3', pg_temp.host_key('fam', 'g3'))$$, 'one active key a guardian');
select results_eq($$select event, actor from frost_events where subject = 'key' and subject_id = '["fam","g1"]' order by seq$$,
  $$values ('host_key_registered', 'g1'), ('host_key_retired', 'g1'), ('host_key_registered', 'g1')$$, 'a guardian''s keys are one chain of events');
select is(pg_temp.refusal(change), 'PT409 invalid_transition', change) from unnest(array['delete from frost_host_keys',
  $$update frost_host_keys set participant_id = 'g9' where participant_id = 'g2'$$, 'update frost_host_keys set retired_at = null', 'truncate frost_host_keys']) as change;
select is(pg_temp.as_member('g1', 'fam', 'select count(*) from frost_host_keys'), '4', 'a family sees its own');
select is(pg_temp.as_member('g1', 'other', 'select count(*) from frost_host_keys'), '1', 'and no other''s');
select is(pg_temp.refusal_as('g1', 'other', $$select list_host_keys('fam')$$), 'PT403 not_in_family', 'nor by the RPC');
select is(jsonb_array_length(pg_temp.as_member('g2', 'fam', $$select list_host_keys('fam')$$)::jsonb), 4, 'which shows retired ones too');

-- Admission.
select pg_temp.admit('keyed', 'g1', 'g2', 'g3', 'g4'), pg_temp.key('keyed', 2, '{g1,g2,g3}');
select is(pg_temp.starting(f, k, t, p, more), expected, format('%s %s of %s%s: %s', k, t, p, more, expected)) from (values
  ('fam', 'dkg', 1, '{g1,g2}'::text[], '', 'PT422 threshold_invalid'), ('fam', 'dkg', 3, '{g1,g2}', '', 'PT422 threshold_invalid'),
  ('fam', 'dkg', 2, '{g1}', '', 'PT422 threshold_invalid'), ('fam', 'dkg', 2, '{g1,g1}', '', 'PT422 participants_invalid'),
  ('fam', 'dkg', 2, '{g1,g9}', '', 'PT422 participants_invalid'), ('fam', 'dkg', 2, array(select 'g' || n from generate_series(1, 68) as n), '', 'PT422 participants_invalid'),
  ('fam', 'deal', 2, '{g1,g2}', '', 'PT400 invalid_input'), ('fam', 'dkg', 2, '{g1,g2}', $$, 'reshare'$$, 'PT400 invalid_input'),
  ('fam', 'dkg', 2, '{g1,g2}', $$, 'chilldkg', 'FROST-P256-SHA256-v1'$$, 'PT400 invalid_input'), ('fam', 'dkg', 2, '{g1,g2}', $$, null, 'FROST-none'$$, 'PT400 invalid_input'),
  ('fam', 'dkg', 2, '{g1,g2}', $$, p_dealers => '{g1,g2}'$$, 'PT400 invalid_input'), ('fam', 'dkg', 2, '{g1,g2}', ', p_expiration_seconds => 0', 'PT400 invalid_input'),
  ('fam', 'reshare', 2, '{g1,g2}', $$, p_dealers => '{g1,g2}'$$, 'PT422 no_key_package'),
  ('keyed', 'reshare', 2, '{g1,g4}', '', 'PT422 participants_invalid'), ('keyed', 'reshare', 2, '{g1,g4}', $$, p_dealers => '{g1,g2,g3}'$$, 'PT422 participants_invalid'),
  ('keyed', 'reshare', 2, '{g1,g4}', $$, p_dealers => '{g1,g4}'$$, 'PT422 participants_invalid'), ('keyed', 'reshare', 2, '{g1,g4}', $$, p_dealers => '{g1,g1}'$$, 'PT422 participants_invalid'),
  ('keyed', 'reshare', 2, '{g1,g4}', $$, null, 'FROST-P256-SHA256-v1', '{g1,g2}'$$, 'PT400 invalid_input')) as v (f, k, t, p, more, expected);
insert into permafrost.limits values ('first_key_by_members', 'other', 0);
select pg_temp.admit('other', 'g2');
select is(pg_temp.starting('other', 'dkg', 2, '{g1,g2}'), 'PT429 rate_limited', 'where operators start a first key, no member does');
select is(create_key_ceremony('other', 'dkg', 2, '{g1,g2}') ->> 'created_by', null, 'an operator does');
select is(pg_temp.starting('fam', 'dkg', 2, '{g1,g2,g3}'), 'accepted', 'a ceremony starts');
select is(pg_temp.starting('fam', 'dkg', 2, '{g1,g2}'), 'PT409 invalid_transition', 'a family has one open ceremony');
select pg_temp.as_member('g1', 'fam', format('select fail_key_ceremony(%L, %L)', ceremony_id, 'another day')) from frost_key_ceremonies where family_id = 'fam';
select results_eq($$select protocol, ciphersuite, host_public_keys from frost_key_ceremonies where family_id = 'fam'$$,
  $$values ('chilldkg', 'FROST-secp256k1-SHA256-TR-v1', array[pg_temp.host_key('fam', 'new'), pg_temp.host_key('fam', 'g2'), pg_temp.host_key('fam', 'g3')])$$, 'with the defaults, and the host keys of now');

-- What devices hash: these were computed by JavaScript.
select is((select permafrost.sha256_hex(permafrost.ceremony_params(jsonb_populate_record(null::frost_key_ceremonies, jsonb_build_object('ceremony_id', 'c"1',
    'family_id', 'fäm \ 😀', 'kind', 'dkg', 'protocol', 'pedersen', 'ciphersuite', 'FROST-ED25519-SHA512-v1', 'threshold', 2, 'participants', array['1', 'a"b', 'zö'],
    'host_public_keys', array['02' || repeat('11', 32), '02' || repeat('22', 32), '02' || repeat('33', 32)]))))),
  'f1646bdeb955676f20eb29cb92d38aa09306eee359dae9750e094549d02d558b', 'params_id is over the JSON that JavaScript writes');
select is(permafrost.key_package_digest(1, 'FROST-ED25519-SHA512-v1', 2, array['1', 'a"b'], 'ab', array['cd', 'ef']),
  '813a50373723d954883702a944f73dfd9df58d5d9d5e072bbd4e00323071d722', 'and so is a package''s digest');
select is(permafrost.chilldkg_params_hash(2, array['03aed316469060698d774150efd7f8f406a2bab516dd7d22cb258323c59c6417f3',
    '03aeb5ae20783d4858f6767747963f144c7db8aba328625cc8a87f7676d8cdeee7', '021a48bbccac751ae9ec1ea7a7f8d421d5fd60aab44e6d2f37b31873098a77b7a3']),
  '6a03d4e831dbf10f71c2c47f8f31fa5bcedbc266b336deba7e11607697ceeb7c', 'ChillDKG''s params_hash is the draft''s');

-- A reshare, message by message. g1 and g2 deal; g1, g4 and g3 get shares.
insert into ids values ('id', pg_temp.start('keyed', 'reshare', '{g1,g4,g3}', $$, p_dealers => '{g1,g2}'$$)) on conflict (name) do update set id = excluded.id;
select is(pg_temp.say(pg_temp.id('id'), w, r), expected, what) from (values
  (1, 'g9', 1, 'PT403 not_a_participant', 'a stranger'), (2, 'g4', 1, 'PT403 not_a_participant', 'who deals nothing sends nothing in round one'),
  (3, 'g1', 3, 'PT409 round_open', 'too early'), (4, 'g1', 2, 'PT403 not_a_participant', 'a reshare has no round two'),
  (5, 'g1', 1, 'accepted', 'a dealer'), (6, 'g1', 1, 'accepted', 'the same again')) as v (n, w, r, expected, what) order by n;
select is(pg_temp.say(pg_temp.id('id'), 'g1', 1, 'cd'), 'PT409 commitment_already_submitted', 'another message of the same round');
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 1, p_key_package => %L)', pg_temp.id('id'), pg_temp.package('keyed', '{g1,g4,g3}'))), 'PT409 round_open', 'a round ends with all its messages');
select is(pg_temp.say(pg_temp.id('id'), 'g2', 1), 'accepted', 'the last dealer');
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 1)', pg_temp.id('id'))), 'PT409 invalid_transition', 'a reshare does not go to round two');
select is(pg_temp.refusal(format('select advance_key_ceremony(%L, 1, p_key_package => %L)', pg_temp.id('id'), p)), 'PT422 key_package_invalid', 'another key, or for others') from unnest(array[
  pg_temp.package('keyed', '{g1,g4,g3}', '02' || pg_temp.share('another')), pg_temp.package('keyed', '{g1,g4}'), pg_temp.package('keyed', '{g1,g4,g3}') - 'vss_commitment']) as p;
select is(advance_key_ceremony(pg_temp.id('id'), 1, p_key_package => pg_temp.package('keyed', '{g1,g4,g3}')) ->> 'status', 'confirming', 'all confirm');
select is(advance_key_ceremony(pg_temp.id('id'), 1, p_key_package => pg_temp.package('keyed', '{g1,g4,g3}', 'ff')) ->> 'status', 'confirming', 'and what comes after changes nothing');
select is((select key_package ->> 'group_public_key' from frost_key_ceremonies where ceremony_id = pg_temp.id('id')), '02' || pg_temp.share('group of keyed'), 'as it stood');
select is(pg_temp.say(pg_temp.id('id'), 'g2', 1), 'accepted', 'a retry of what was sent is answered');
select is(pg_temp.say(pg_temp.id('id'), 'g2', 3), 'PT403 not_a_participant', 'a dealer who gets no share confirms nothing');
select is(pg_temp.refusal(format($$update frost_key_ceremonies set status = 'completed' where ceremony_id = %L$$, pg_temp.id('id'))), 'PT409 round_open', 'impossible 17: nobody completes it before all have confirmed');
select pg_temp.say(pg_temp.id('id'), w, 3) from unnest('{g1,g4}'::text[]) as w;
select is((select epoch from frost_key_packages where family_id = 'keyed' and retired_at is null), 1, 'impossible 17: not with one confirmation less');
select is(pg_temp.refusal(format($$update frost_key_ceremonies set status = 'completed' where ceremony_id = %L$$, pg_temp.id('id'))), 'PT409 round_open', 'impossible 17: by no role');
select is(get_key_ceremony(pg_temp.id('id')) -> 'missing', '["g3"]', 'who is waited for is said');
select is(record_ceremony_message(pg_temp.id('id'), 'g3', 3, '{"confirmation": "ab", "signature": "ab"}') ->> 'status', 'completed', 'the last confirmation completes it');
select results_eq($$select epoch, participants, retired_at is null from frost_key_packages where family_id = 'keyed' order by 1$$,
  $$values (1, '{g1,g2,g3}'::text[], false), (2, '{g1,g4,g3}', true)$$, 'and makes its key the current one');
select is(record_ceremony_message(pg_temp.id('id'), 'g3', 3, '{"confirmation": "ab", "signature": "ab"}') ->> 'status', 'completed', 'a retry learns of it');
select is(pg_temp.say(pg_temp.id('id'), 'g3', 3, 'cd'), 'PT409 share_already_submitted', 'another confirmation is refused');
select is(pg_temp.refusal(change), expected, change) from (values ('delete from frost_key_packages', 'PT409 invalid_transition'),
  ($$update frost_ceremony_messages set payload = '{}'$$, 'PT409 invalid_transition'), ($$update frost_ceremony_messages set round = 2$$, 'PT409 invalid_transition'),
  ($$update frost_key_ceremonies set blamed = '{g1}' where status = 'completed'$$, 'PT409 session_finished'), ('truncate frost_ceremony_messages', 'PT409 invalid_transition')) as v (change, expected);

-- Visibility and recovery data.
select is(jsonb_typeof(pg_temp.as_member(w, 'keyed', format('select get_recovery_data(%L)', key_package_id))::jsonb -> 'messages'), 'object', w || ' gets the recovery data of its key')
from unnest('{g1,g4,g3}'::text[]) as w, frost_key_packages where family_id = 'keyed' and epoch = 2;
select is(pg_temp.refusal_as(w, f, format('select get_recovery_data(%L)', key_package_id)), 'PT404 session_not_found', format('%s of %s does not', w, f))
from (values ('g2', 'keyed'), ('g1', 'fam')) as v (w, f), frost_key_packages where family_id = 'keyed' and epoch = 2;
select is(pg_temp.refusal_as('g1', 'keyed', format('select get_recovery_data(%L)', key_package_id)), 'PT422 no_key_package', 'a dealt key has none')
from frost_key_packages where family_id = 'keyed' and epoch = 1;
select is(pg_temp.as_member(w, f, 'select count(*) from frost_ceremony_messages'), n, format('%s of %s sees %s messages', w, f, n))
from (values ('g2', 'keyed', '5'), ('g4', 'keyed', '5'), ('g9', 'keyed', '0'), ('g1', 'fam', '0')) as v (w, f, n);
select is(pg_temp.as_member('g9', 'keyed', format('select get_key_ceremony(%L) ->> %L', pg_temp.id('id'), 'status')), 'completed', 'the family sees how far it has come');
select is(pg_temp.refusal_as('g1', 'fam', format('select get_key_ceremony(%L)', pg_temp.id('id'))), 'PT404 session_not_found', 'another family does not');

-- Dealt anew once more: what the epoch before could be recovered from is gone.
insert into ids values ('again', pg_temp.start('keyed', 'reshare', '{g1,g4}', $$, p_dealers => '{g4,g3}'$$)) on conflict (name) do update set id = excluded.id;
select pg_temp.say(pg_temp.id('again'), w, 1) from unnest('{g4,g3}'::text[]) as w;
select advance_key_ceremony(pg_temp.id('again'), 1, p_key_package => pg_temp.package('keyed', '{g1,g4}'));
select is((select payload -> 'ciphertexts' ->> 'g1' from frost_ceremony_messages where ceremony_id = pg_temp.id('id') and round = 1 limit 1), 'ab', 'until it is, it is there');
select pg_temp.say(pg_temp.id('again'), w, 3) from unnest('{g1,g4}'::text[]) as w;
select is(pg_temp.status(pg_temp.id('again')), 'completed', 'a second reshare');
select is_empty(format($$select from frost_ceremony_messages where ceremony_id = %L and payload::text like '%%"ciphertexts": {"g1": "ab"}%%'$$, pg_temp.id('id')), 'the ciphertexts of the epoch before are digests');
select is((select payload -> 'ciphertexts' ->> 'g1' from frost_ceremony_messages where ceremony_id = pg_temp.id('again') and round = 1 limit 1), 'ab', 'those of the living one are not');
select is_empty($$select from frost_events where subject = 'ceremony' and detail::text like '%ciphertexts%'$$, 'and no event has any');
select is(cleanup_old_key_ceremonies(1), 0, 'cleanup leaves completed ceremonies');

-- A dkg in a family that has a key, blame, and the end of a key.
insert into ids values ('dkg', pg_temp.start('keyed', 'dkg', '{g2,g3}', $$, 'pedersen'$$)) on conflict (name) do update set id = excluded.id;
select pg_temp.say(pg_temp.id('dkg'), w, 1) from unnest('{g2,g3}'::text[]) as w;
select is(advance_key_ceremony(pg_temp.id('dkg'), 1) ->> 'status', 'round_two', 'a dkg has a second round');
select pg_temp.say(pg_temp.id('dkg'), w, 2) from unnest('{g2,g3}'::text[]) as w;
select advance_key_ceremony(pg_temp.id('dkg'), 2, p_key_package => pg_temp.package('rival', '{g2,g3}'));
select pg_temp.say(pg_temp.id('dkg'), w, 3) from unnest('{g2,g3}'::text[]) as w;
select is(pg_temp.status(pg_temp.id('dkg')), 'confirming', 'two who make a key of their own wait for the guardians of the current one');
select is(pg_temp.refusal(format($$update frost_key_ceremonies set status = 'completed' where ceremony_id = %L$$, pg_temp.id('dkg'))), 'PT409 round_open', 'by no role does it go without');
create function pg_temp.approve(p_who text) returns text language sql
return (select pg_temp.refusal(format('select approve_key_package(%L, %L, %L, %L)', 'keyed', permafrost.digest_of(key_package), p_who, 'ab'))
  from frost_key_ceremonies where status = 'confirming');
select is(pg_temp.approve(w), expected, 'approval by ' || coalesce(w, 'an operator')) from (values (1, 'g3', 'PT403 not_a_participant'), (2, 'g1', 'accepted'), (3, 'g1', 'accepted')) as v (n, w, expected) order by n;
select is((get_key_ceremony(pg_temp.id('dkg')) ->> 'approvals_missing')::integer, 1, 'one guardian counts once');
select is(pg_temp.refusal($$select approve_key_package('keyed', repeat('ab', 32), 'g4', 'ab')$$), 'PT404 session_not_found', 'of another package there is nothing to approve');
select is(pg_temp.approve('g4'), 'accepted', 'the threshold of them');
select is(pg_temp.status(pg_temp.id('dkg')), 'completed', 'lets it take the old one''s place');

select pg_temp.admit('blame', 'g1', 'g2', 'g3');
insert into ids values ('id', pg_temp.start('blame', 'dkg', '{g1,g2,g3}')) on conflict (name) do update set id = excluded.id;
select record_refused_ceremony_message(pg_temp.id('id'), 'g2', 1, 'it does not verify'), record_refused_ceremony_message(pg_temp.id('id'), 'g3', 1, 'it is signed', '{"message": "ab"}');
select is((select blamed from frost_key_ceremonies where ceremony_id = pg_temp.id('id')), '{g3}', 'who signed what does not verify is blamed, and nobody else');
select is((select detail -> 'payload' ->> 'message' from frost_events where event = 'message_refused' and actor = 'g3'), 'ab', 'and what proves it is on record');
select is(blame_in_ceremony(pg_temp.id('id'), 'g1', 'g2', true, '{}') ->> 'guilty', 'g2', 'evidence names who sent a bad share');
select is(blame_in_ceremony(pg_temp.id('id'), 'g1', 'g2', true, '{}') ->> 'guilty', 'g2', 'a retry is answered the same');
select results_eq(format('select status::text, blamed from frost_key_ceremonies where ceremony_id = %L', pg_temp.id('id')), $$values ('failed', '{g3,g2}'::text[])$$, 'and ends the ceremony');
select is(pg_temp.refusal(format('select blame_in_ceremony(%L, %L, %L, false, %L)', pg_temp.id('id'), 'g1', 'g3', '{}')), 'PT409 session_finished', 'once');
insert into ids values ('id', pg_temp.start('blame', 'dkg', '{g1,g2,g3}')) on conflict (name) do update set id = excluded.id;
select is(blame_in_ceremony(pg_temp.id('id'), 'g1', 'g2', false, '{}') ->> 'guilty', 'g1', 'who complains of a share that fits is named');

insert into ids values ('id', pg_temp.start('blame', 'dkg', '{g1,g2}', ', p_expiration_seconds => 1')) on conflict (name) do update set id = excluded.id;
select pg_temp.key('blame', 2, '{g1,g2,g3}');
select is(pg_temp.say(pg_temp.id('id'), 'g1', 1), 'accepted', 'without a key before it, a ceremony does not end with one');
select is(pg_temp.starting('blame', 'dkg', 2, '{g1,g2}'), 'PT409 invalid_transition', 'it is open');
select pg_temp.as_member('g2', 'blame', format('select decline_signing_request(%L, %L)', pg_temp.id('id'), 'I do not know g1'));
select is(pg_temp.say(pg_temp.id('id'), 'g2', 1), 'PT409 session_finished', 'one who declines ends it');
insert into ids values ('id', pg_temp.start('blame', 'dkg', '{g1,g2}')) on conflict (name) do update set id = excluded.id;
select pg_temp.key('blame', 3, '{g1,g2,g3}');
select is(pg_temp.say(pg_temp.id('id'), 'g1', 1), 'PT409 key_retired', 'one that was to replace a key ends with it');
select is(pg_temp.starting('blame', 'dkg', 2, '{g1,g2}'), 'accepted', 'and does not keep the next from starting');

-- Who has proved able to sign.
select pg_temp.key('proof', 2, '{g1,g2,g3}'), pg_temp.session('p', 'proof', '{g1,g2,g3}', 2);
select is(get_key_status('proof') -> 'proven', 'false', 'a new key is not proven');
select is(jsonb_build_array(get_key_status('proof') -> 'open_sessions', get_key_status('proof') -> 'pooled_commitments'), '[1, 0]', 'what would end with it is counted');
select record_nonce_commitment('p', p, pg_temp.commitment('p' || p)) from unnest('{g1,g3}'::text[]) as p;
select record_signature_share('p', p, pg_temp.share(p)) from unnest('{g1,g3}'::text[]) as p;
select complete_signing_session('p', repeat('cd', 64));
select is(jsonb_path_query_array(get_key_status('proof'), '$.guardians[*] ? (@.last_proved_at != null).participant_id'), '["g1", "g3"]', 'who signed has proved it');
select is(pg_temp.refusal_as('g1', 'fam', $$select get_key_status('proof')$$), 'PT403 not_in_family', 'another family is told nothing');
update permafrost.guardian_proofs set last_proved_at = 1 where participant_id = 'g1';
select is(frost_signing_metrics(p_family_id => 'proof') ->> 'unproven_guardians', '1', 'who has not for long is counted');
select is(jsonb_path_query_array(frost_signing_metrics(p_family_id => 'proof'), '$.alerts[*].alert'), '["unproven_guardians"]', 'and an alert is on');

select * from finish();
rollback;

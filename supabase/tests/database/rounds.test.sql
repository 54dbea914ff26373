-- Both rounds, by RPC and by plain SQL: who is admitted, when a round closes, and what a retry gets.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3,g4}');
-- Session order is not key order: identifiers are positions in the key.
select pg_temp.session('s', 'fam', '{g4,g2,g1}', 2);

select is(record_nonce_commitment('s', 'g4', pg_temp.commitment('s4')),
  '{"accepted": true, "quorum": 1, "status": "nonce_collection", "nonce_count": 1, "threshold_met": false}', 'the first commitment opens round one');
select is(record_nonce_commitment('s', 'g4', pg_temp.commitment('s4')),
  '{"accepted": true, "quorum": 1, "status": "nonce_collection", "nonce_count": 1, "threshold_met": false}', 'an exact retry gets the first answer again');
select is(record_nonce_commitment('s', 'g4', pg_temp.commitment('another')) ->> 'code', 'commitment_already_submitted', 'other bytes do not');
select is(record_signature_share('s', 'g4', pg_temp.share('x')) ->> 'code', 'round_open', 'no share before the signer set is known');
select is(record_nonce_commitment('s', 'g3', pg_temp.commitment('s3')) ->> 'code', 'not_a_participant', 'a guardian who was not asked is not admitted');
select is(current_setting('response.status'), '403', 'the refusal sets the status of the answer');
select is(record_nonce_commitment('s', 'g1', pg_temp.commitment('s1')) - 'signing_package',
  '{"accepted": true, "quorum": 1, "status": "signing", "nonce_count": 2, "threshold_met": true}', 'the threshold-th commitment closes round one');
select is((select signers from frost_signing_sessions where session_id = 's'), '{g1,g4}', 'signers are in identifier order');
select is(record_nonce_commitment('s', 'g2', pg_temp.commitment('s2')) ->> 'code', 'round_closed', 'a later commitment is too late');
select is(record_nonce_commitment('s', 'g4', pg_temp.commitment('s4')) ->> 'accepted', 'true', 'a retry after the round closed is answered');
select is((get_signing_package('s') -> 'commitments'),
  jsonb_build_object('g1', pg_temp.commitment('s1'), 'g4', pg_temp.commitment('s4')), 'the package has the signers'' commitments');

select is(record_signature_share('s', 'g2', pg_temp.share('x')) ->> 'code', 'not_a_signer', 'a participant outside the signer set signs nothing');
select is(record_signature_share('s', 'g1', 'ab') ->> 'code', 'share_invalid', 'a share has the suite''s length');
select is(record_signature_share('s', 'g1', upper(pg_temp.share('x'))) ->> 'code', 'invalid_input', 'and one spelling');
select is(record_signature_share('s', 'g1', pg_temp.share('z1')) ->> 'signature_count', '1', 'a share is recorded');
select is((select nonce_used and used_at is not null from frost_nonce_commitments where session_id = 's' and participant_id = 'g1'), true,
  'and its commitment used in the same transaction');
select is(record_signature_share('s', 'g1', pg_temp.share('z1')) ->> 'signature_count', '1', 'an exact retry gets the answer again');
select is(record_signature_share('s', 'g1', pg_temp.share('other')) ->> 'code', 'share_already_submitted', 'one share a commitment, ever');
select is(record_signature_share('s', 'g4', pg_temp.share('z4')) ->> 'status', 'aggregating', 'the last share moves the session to aggregating');
select is(pg_temp.refusal($$select complete_signing_session('s', 'ab')$$), 'PT400 invalid_input', 'a signature has the suite''s length');
select is(complete_signing_session('s', repeat('cd', 64)) ->> 'status', 'completed', 'and completes it');
select is(complete_signing_session('s', repeat('cd', 64)) ->> 'status', 'completed', 'the same again is fine');
select is(pg_temp.refusal($$select complete_signing_session('s', repeat('ce', 64))$$), 'PT409 session_finished', 'another is not');
select is(record_nonce_commitment('s', 'g2', pg_temp.commitment('s2')) ->> 'code', 'session_finished', 'nothing is added to a finished session');

-- Plain SQL drives the same machine.
select pg_temp.session('sql', 'fam', '{g1,g2,g3}', 3);
select is(pg_temp.refusal($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
  values ('sql', 'g3', pg_temp.commitment('q3')), ('sql', 'g1', pg_temp.commitment('q1')), ('sql', 'g2', pg_temp.commitment('q2'))$$),
  'accepted', 'one statement may insert several commitments');
select is((select row(status, signers)::text from frost_signing_sessions where session_id = 'sql'), '(signing,"{g1,g2,g3}")', 'and moves the session as far');
select pg_temp.session('many', 'fam', '{g1,g2,g3}', 2);
select is(pg_temp.refusal($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
  values ('many', 'g3', pg_temp.commitment('m3')), ('many', 'g1', pg_temp.commitment('m1')), ('many', 'g2', pg_temp.commitment('m2'))$$),
  'PT409 round_closed', 'but not past the threshold');
select is((select status from frost_signing_sessions where session_id = 'many'), 'pending', 'and then none of them is');
select is(pg_temp.refusal($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
  values ('sql', 'g1', pg_temp.commitment('new')) on conflict (session_id, quorum, participant_id) do update set nonce_commitment = excluded.nonce_commitment$$),
  'PT409 commitment_already_submitted', 'an upsert does not replace a commitment');
select is(pg_temp.refusal($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment, nonce_used)
  values ('many', 'g1', pg_temp.commitment('used'), true)$$), 'PT400 invalid_input', 'a commitment starts unused');

-- A dry run of one: pending to signing in one statement.
select pg_temp.session('one', 'nokey', '{a}', 1);
select is(record_nonce_commitment('one', 'a', pg_temp.commitment('one')) ->> 'status', 'signing', 'a threshold of one is met at once');
select is(get_signing_session('one') ->> 'signable', 'false', 'a dry run is not signable');
select is(get_signing_session('one') ->> 'signable_reason', 'no_key_package', 'and says why');

-- The guide's smoke test: in a dry run any text is a message and a commitment; the same text twice is reuse.
insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment) select 'text', p, 'test-nonce-' || p
from (select pg_temp.session('text', 'nokey', '{a,b}', 2)) as made, unnest('{a}'::text[]) as p;
select throws_ok($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('text', 'b', 'test-nonce-a')$$, '23505', null, 'a text of a dry run is accepted once');
select is((select count(*) from permafrost.nonce_ledger where point_digest = sha256('test-nonce-a')), 1::bigint, 'by its digest in the ledger');
select is(record_nonce_commitment('text', 'b', t) ->> 'code', 'commitment_invalid', 'but no text of ' || coalesce(octet_length(t), 0) || ' bytes')
from unnest(array['', null, repeat('x', 1025)]) as t;

-- A share that was recorded past the functions: who finds it ends the session, with the name.
select pg_temp.session('made up', 'fam', '{g1,g2}', 2);
select record_nonce_commitment('made up', p, pg_temp.commitment('made' || p)), record_signature_share('made up', p, pg_temp.share('made' || p)) from unnest('{g1,g2}'::text[]) as p;
select record_signature_share('made up', p, pg_temp.share('made' || p)) from unnest('{g1,g2}'::text[]) as p;
select is(record_refused_share('made up', 'g2', 'does not verify', 1, pg_temp.share('other')) ->> 'status', 'aggregating', 'a share that is not the recorded one ends nothing');
select is(record_refused_share('made up', 'g2', 'does not verify', 1, pg_temp.share('madeg2')) ->> 'status', 'failed', 'the recorded one does');
select is(get_signing_session('made up') ->> 'error_message', 'The recorded signature share of g2 does not verify', 'with the name');
select is(record_refused_share('made up', 'g2', 'does not verify', 1, pg_temp.share('madeg2')) ->> 'status', 'failed', 'once is enough');
select is(pg_temp.refusal($$select record_refused_share('made up', 'g2', 'x', 2)$$), 'PT400 invalid_input', 'there is no second quorum');

-- An operator's mark uses a commitment up.
select is(mark_nonce_as_used(pg_temp.commitment('q1')), true, 'a commitment is marked by hand');
select is(mark_nonce_as_used(pg_temp.commitment('q1')), false, 'once');
select is(mark_nonce_as_used('00'), false, 'an unknown one is not');
select is((select detail ->> 'participant' from frost_events where event = 'nonce_marked'), 'g1', 'on the record');
select is(pg_temp.as_member('g1', 'fam', $$select list_signing_sessions(p_awaiting_me => true) @? '$[*] ? (@.session_id == "sql")'$$), 'false', 'a marked commitment is not to be answered');
select is(record_signature_share('sql', 'g1', pg_temp.share('x')) ->> 'code', 'nonce_reused', 'and takes no share');
select is(frost_signing_metrics() ->> 'nonce_reuse_attempts', '0', 'which is nobody''s attempt at reuse');

-- Declines.
select pg_temp.session('d', 'fam', '{g1,g2,g3}', 2);
select is(pg_temp.as_member('g2', 'fam', $$select decline_signing_request('d', 'not today') ->> 'status'$$), 'pending', 'with enough left, a decline is noted');
select is(record_nonce_commitment('d', 'g2', pg_temp.commitment('d2')) ->> 'code', 'invalid_transition', 'who declined does not commit');
select is(pg_temp.as_member('g3', 'fam', $$select decline_signing_request('d', 'nor me') ->> 'status'$$), 'failed', 'with too few left it fails at once');

select * from finish();
rollback;

-- What must be impossible, by its number in the design: as far as one connection can show it, where the story that is
-- named after the matter does not. What takes several connections is in races, what takes the curve in functions.
begin;
set local search_path = public, extensions;
select plan(50);
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('other', 2, '{g1,g2,g3}');
create function pg_temp.signed(p_session text, p_participants text[]) returns void language sql as $$
  select record_nonce_commitment(p_session, p, pg_temp.commitment(p_session || p)) from unnest(p_participants) as p;
  select record_signature_share(p_session, p, pg_temp.share(p_session || p)) from unnest(p_participants) as p;
$$;

-- 1. One point has one spelling: no text but the one that was stored makes the same bytes.
select pg_temp.session('one', 'fam', '{g1,g2,g3}', 2);
select record_nonce_commitment('one', 'g1', pg_temp.commitment('p'));
select is(record_nonce_commitment('one', 'g2', spelling) ->> 'code', 'invalid_input', 'impossible 1: ' || what)
from (values (upper(pg_temp.commitment('p')), 'not in upper case'), (upper(left(pg_temp.commitment('p'), 66)) || substr(pg_temp.commitment('p'), 67), 'nor in mixed case'),
  (E'\\x' || pg_temp.commitment('p'), 'nor as bytea'), ('0x' || pg_temp.commitment('p'), 'nor as 0x'),
  (' ' || pg_temp.commitment('p'), 'nor after a space'), (pg_temp.commitment('p') || ' ', 'nor before one'),
  (encode(decode(pg_temp.commitment('p'), 'hex'), 'base64'), 'nor in base64')) as v (spelling, what);
select is((select count(*) from permafrost.nonce_ledger), 2::bigint, 'impossible 1: one commitment, two points in the ledger');
select set_eq('select point_digest from permafrost.nonce_ledger',
  $$select sha256(decode(substr(pg_temp.commitment('p'), 1 + 66 * i, 66), 'hex')) from generate_series(0, 1) as i$$,
  'impossible 1: which it holds by the digest of their bytes');

-- 2. Cleaning up does not make a nonce usable: by cleanup, by delete, by a new session of the same id.
insert into frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
values ('old', 'fam', repeat('ab', 32), '{g1,g2}', 2, 'g1', permafrost.now_ms() - 172800000, permafrost.now_ms() + 60000);
select record_nonce_commitment('old', 'g1', pg_temp.commitment('old'));
select is(cleanup_old_frost_signing_sessions(1), 0, 'impossible 2: cleanup leaves an old session that is not finished');
select pg_temp.as_member('g1', 'fam', $$select fail_signing_session('old', 'enough')$$);
select is(cleanup_old_frost_signing_sessions(1), 1, 'impossible 2: a session is cleaned up');
select is((select count(*) from frost_nonce_commitments where session_id = 'old'), 0::bigint, 'impossible 2: with its commitment');
select pg_temp.session('old', 'fam', '{g1,g2}', 2);
select is(record_nonce_commitment('old', 'g1', pg_temp.commitment('old')) ->> 'code', 'nonce_reused', 'impossible 2: which stays used, even under the same id');
select is(pg_temp.refusal(format('truncate %s cascade', t)), 'PT409 invalid_transition', 'impossible 2: not even its owner empties ' || t)
from unnest('{frost_key_packages,frost_signing_sessions,frost_nonce_commitments,frost_signature_shares,frost_events,sss_signing_requests,sss_encrypted_shares}'::text[]) as t;

-- 3. One caller marks a nonce, one share moves a session.
select pg_temp.session('three', 'fam', '{g1,g2}', 2), record_nonce_commitment('three', 'g1', pg_temp.commitment('three'));
select is(array(select mark_nonce_as_used(pg_temp.commitment('three')) from generate_series(1, 3)), '{t,f,f}', 'impossible 3: one of three marks a nonce');
select pg_temp.session('moved', 'fam', '{g1,g2}', 2), pg_temp.signed('moved', '{g1,g2}');
select record_signature_share('moved', p, pg_temp.share('moved' || p)) from unnest('{g1,g2,g1}'::text[]) as p;
select is((select count(*) from frost_events where subject_id = 'moved' and event = 'aggregating'), 1::bigint,
  'impossible 3: a session moves to aggregating once, however often shares are sent again');

-- 4. A commitment is stored with its session's change, or not at all.
select pg_temp.session('four', 'fam', '{g1,g2}', 2);
create function pg_temp.fail_the_change() returns trigger language plpgsql as $$begin raise 'the disk is full'; end$$;
create trigger tg_frost_signing_sessions__99_test before update on frost_signing_sessions for each row execute function pg_temp.fail_the_change();
select throws_ok($$select record_nonce_commitment('four', 'g1', pg_temp.commitment('four'))$$, 'P0001', 'the disk is full', 'impossible 4: what goes wrong inside is no refusal');
drop trigger tg_frost_signing_sessions__99_test on frost_signing_sessions;
select is((select count(*) from frost_nonce_commitments where session_id = 'four'), 0::bigint, 'impossible 4: and leaves no commitment');
select is(record_nonce_commitment('four', 'g1', pg_temp.commitment('four')) ->> 'status', 'nonce_collection', 'impossible 4: so that a retry is taken, as the first');

-- 5. Nobody changes another's part: the tables are closed, and the RPCs take the caller from the claims.
select is(pg_temp.refusal_as('g2', 'fam', request), '42501', 'impossible 5: no member calls: ' || request)
from unnest(array[$$select record_nonce_commitment('four', 'g1', 'ab')$$, $$select record_signature_share('four', 'g1', 'ab')$$,
  $$select record_refused_share('four', 'g1', 'bad')$$, $$select complete_signing_session('four', 'ab')$$,
  $$select store_share_verification('four', '{"signers": []}')$$, $$select mark_nonce_as_used('ab')$$,
  $$select register_key_package('fam', 'FROST-secp256k1-SHA256-v1', 2, '{g1,g2}', 'ab', '{ab,ab}')$$]) as request;
select is(pg_temp.refusal(format('select record_nonce_commitment(%L, %L, %L)', 'four', 'g1', pg_temp.commitment('else'))), 'accepted', 'impossible 5: by the service another commitment is refused, not raised');
select is((select nonce_commitment from frost_nonce_commitments where session_id = 'four'), pg_temp.commitment('four'), 'impossible 5: and the first stays');

-- 6. Milliseconds everywhere: a session that would be over in seconds is not, one that would never be over is.
select ok(expires_at - created_at = 300000 and created_at between 1700000000000 and 4000000000000, 'impossible 6: 300 s are 300,000 in the column')
from (select (pg_temp.as_member('g1', 'fam', $$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2)$$))::jsonb as s) as made,
  jsonb_to_record(s) as r (created_at bigint, expires_at bigint);
select is(pg_temp.refusal(format($$insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
  values ('fam', repeat('ab', 32), '{g1,g2}', 2, 'g1', %s, %s)$$, n, n + 300)), 'PT400 invalid_input', 'impossible 6: microseconds are refused')
from (values (permafrost.now_ms() * 1000)) as v (n);

-- 7. A bad share is blamed on its sender, and nothing of it is stored. Whether it is bad, the functions know.
select is(jsonb_typeof(record_refused_share('moved', 'g2', 'does not verify') -> 'event_id'), 'number', 'impossible 7: a bad share makes an event');
select results_eq($$select actor, detail from frost_events where subject_id = 'moved' and event = 'share_refused'$$,
  $$values ('g2', '{"code": "share_invalid", "reason": "does not verify", "quorum": 1}'::jsonb)$$, 'impossible 7: that names who sent it');
select is(pg_temp.refusal($$select record_refused_share('moved', 'g3', 'x')$$), 'PT403 not_a_participant', 'impossible 7: and nobody who could not have');
select is(pg_temp.refusal($$update frost_signing_sessions set status = 'completed' where session_id = 'moved'$$), 'PT409 invalid_transition', 'impossible 7: nothing completes unsigned');

-- 9. A completed session does not fail, and what is not there is not a success.
select complete_signing_session('moved', repeat('cd', 64));
select is(pg_temp.refusal_as('g1', 'fam', $$select fail_signing_session('moved', 'no')$$), 'PT409 session_finished', 'impossible 9: by its creator');
select is(pg_temp.refusal($$update frost_signing_sessions set status = 'failed', error_message = 'x', final_signature = null where session_id = 'moved'$$), 'PT409 session_finished', 'impossible 9: nor by its owner');
select is(pg_temp.refusal(request), 'PT404 session_not_found', 'impossible 9: no success: ' || request)
from unnest(array[$$select complete_signing_session('none', repeat('cd', 64))$$, $$select get_signing_session('none')$$,
  $$select get_signing_package('none')$$, $$select record_refused_share('none', 'g1', 'x')$$]) as request;
select is(record_signature_share('none', 'g1', pg_temp.share('x')) - 'error', '{"accepted": false, "code": "session_not_found"}', 'impossible 9: nor is a share of no session');
select is(store_share_verification('none', '{"signers": []}'), false, 'impossible 9: nor is a verification of one kept');

-- 10. A metric that cannot be read is an error, and a rate of nothing is no zero.
select is(frost_signing_metrics(p_family_id => 'nobody') -> 'success_rate', 'null', 'impossible 10: without finished sessions there is no rate of success');
create or replace function permafrost.incarnation_now() returns permafrost.incarnations
language plpgsql stable set search_path = pg_catalog, pg_temp as $$begin raise 'broken'; end$$;
select is(pg_temp.refusal('select frost_signing_metrics()'), 'P0001', 'impossible 10: metrics that fail, fail');

select * from finish();
rollback;

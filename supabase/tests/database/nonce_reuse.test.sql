-- Impossible 1, 2 and 4: a nonce point is accepted once, ever, however it is spelled, paired or cleaned up after.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('other', 2, '{g1,g2,g3}');
select pg_temp.session(s, f, '{g1,g2,g3}', 2) from (values ('a', 'fam'), ('b', 'fam'), ('c', 'other')) as v (s, f);
select is(record_nonce_commitment('a', 'g1', pg_temp.commitment('n')) ->> 'accepted', 'true', 'a fresh commitment is accepted');

create function pg_temp.half(p_seed text, p_part integer) returns text language sql
return substr(pg_temp.commitment(p_seed), 1 + 66 * (p_part - 1), 66);

select is(record_nonce_commitment(s, p, c) ->> 'code', 'nonce_reused', what)
from (values
  ('a', 'g2', pg_temp.commitment('n'), 'by another participant of the session'),
  ('b', 'g1', pg_temp.commitment('n'), 'by the same participant elsewhere'),
  ('c', 'g1', pg_temp.commitment('n'), 'in another family'),
  ('b', 'g1', pg_temp.half('n', 1) || pg_temp.half('m', 2), 'its hiding point alone'),
  ('b', 'g1', pg_temp.half('m', 1) || pg_temp.half('n', 2), 'its binding point alone'),
  ('b', 'g1', pg_temp.half('n', 2) || pg_temp.half('n', 1), 'both, the other way round'),
  ('b', 'g1', pg_temp.half('m', 1) || pg_temp.half('n', 1), 'hiding as binding')) as v (s, p, c, what);
select is(record_nonce_commitment('b', 'g1', upper(pg_temp.commitment('n'))) ->> 'code', 'invalid_input', 'impossible 1: upper case is no second spelling');
select is(record_nonce_commitment('b', 'g1', pg_temp.commitment('n') || '00') ->> 'code', 'commitment_invalid', 'impossible 1: nor is another length');
select is(record_nonce_commitment('b', 'g1', pg_temp.half('e', 1) || pg_temp.half('e', 1)) ->> 'code', 'commitment_invalid', 'hiding and binding differ');
select throws_ok($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
  values ('b', 'g1', pg_temp.commitment('n'))$$, '23505', null, 'by plain SQL it is a unique violation');

-- impossible 4: what was refused left nothing behind but the record of it.
select is((select status from frost_signing_sessions where session_id = 'b'), 'pending', 'impossible 4: the session has not moved');
select is((select count(*) from frost_nonce_commitments where session_id in ('b', 'c')), 0::bigint, 'impossible 4: nothing is stored');
select is((select count(*) from frost_events where event = 'commitment_refused' and detail ->> 'code' = 'nonce_reused'),
  7::bigint, 'each attempt is recorded');
select is(record_nonce_commitment('b', 'g1', pg_temp.half('m', 1) || pg_temp.half('m', 2)) ->> 'accepted', 'true',
  'impossible 4: and a point that was refused with another is not used up by it');

-- impossible 2: cleaning up frees nothing.
delete from frost_signing_sessions where session_id = 'a';
select is((select count(*) from frost_nonce_commitments where session_id = 'a'), 0::bigint, 'a session goes with its commitments');
select is(record_nonce_commitment('c', 'g1', pg_temp.commitment('n')) ->> 'code', 'nonce_reused', 'impossible 2: their points stay used');
select throws_ok(format('%s permafrost.nonce_ledger %s', verb, what), 'PT409', null, 'the ledger is append-only: ' || verb)
from (values ('delete from', ''), ('update', 'set family_id = family_id'), ('truncate', '')) as v (verb, what);

select * from finish();
rollback;

-- Impossible 6 and 8: expiry is a fact in milliseconds, whether or not anybody has swept; and cleanup keeps to its bounds.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
select pg_temp.session('late', 'fam', '{g1,g2,g3}', 2, 0);
select pg_temp.session('soon', 'fam', '{g1,g2,g3}', 2, 5000);
select is(get_signing_session('soon') ->> 'is_expired', 'false', 'impossible 6: five seconds are not over: times are milliseconds');
select is(get_signing_session('late') ->> 'status', 'expired', 'a read shows it without a sweep');
select is((select status from frost_signing_sessions where session_id = 'late'), 'pending', 'though no sweep has run');

select pg_temp.session('over', 'fam', '{g1,g2,g3}', 2);
select record_nonce_commitment('over', 'g1', pg_temp.commitment('o1')), record_nonce_commitment('over', 'g2', pg_temp.commitment('o2')),
  record_signature_share('over', 'g1', pg_temp.share('o1'));
alter table frost_signing_sessions disable trigger tg_frost_signing_sessions__20_guard;
update frost_signing_sessions set expires_at = permafrost.now_ms() - 1 where session_id = 'over';
alter table frost_signing_sessions enable trigger tg_frost_signing_sessions__20_guard;
select is(record_nonce_commitment('over', 'g1', pg_temp.commitment('o1')) ->> 'code', 'session_expired', 'an exact retry is too late as well');
select is(record_signature_share('over', 'g1', pg_temp.share('o1')) ->> 'code', 'session_expired', 'of a share too');
select is_empty($$select from frost_events where subject_id = 'over' and event ~ 'refused'$$, 'and is held against nobody');
select record_nonce_commitment('over', 'g1', pg_temp.commitment('o3')), record_signature_share('over', 'g1', pg_temp.share('o3'));
select is((select count(*) from frost_events where subject_id = 'over' and event ~ 'refused'), 2::bigint, 'where other bytes are');
delete from frost_signing_sessions where session_id = 'over';

select is(record_nonce_commitment('late', 'g1', pg_temp.commitment('l')) ->> 'code', 'session_expired', 'no commitment');
select is(current_setting('response.status'), '410', 'and the status says so');
select is(record_signature_share('late', 'g1', pg_temp.share('l')) ->> 'code', 'session_expired', 'no share');
select is(pg_temp.refusal($$select complete_signing_session('late', repeat('cd', 64))$$), 'PT410 session_expired', 'no completion');
select is(pg_temp.refusal_as('g1', 'fam', $$select fail_signing_session('late', 'no')$$), 'PT410 session_expired', 'no failure');
select is(pg_temp.refusal_as('g1', 'fam', $$select get_signing_package('late')$$), 'PT410 session_expired', 'no package');
select is(pg_temp.refusal_as('g1', 'fam', $$select decline_signing_request('late', 'no')$$), 'PT410 session_expired', 'no decline');
select throws_ok($$insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
  values ('late', 'g1', pg_temp.commitment('l'))$$, 'PT410', null, 'nor by plain SQL');
select is(pg_temp.as_member('g1', 'fam', $$select jsonb_path_query_array(list_signing_sessions('expired'), '$[*].session_id')$$), '["late"]', 'a list of expired ones has it');
select is(pg_temp.as_member('g1', 'fam', $$select jsonb_path_query_array(list_signing_sessions('pending'), '$[*].session_id')$$), '["soon"]', 'a list of pending ones has not');
select is(pg_temp.as_member('g1', 'fam', $$select jsonb_path_query_array(list_signing_sessions(p_awaiting_me => true), '$[*].session_id')$$), '["soon"]', 'nobody is awaited there');

select is(expire_old_frost_signing_sessions(), 1, 'a sweep marks it');
select is(expire_old_frost_signing_sessions(), 0, 'once');
select is((select count(*) from frost_events where subject_id = 'late' and event = 'expired'), 1::bigint, 'and records it');

select throws_ok(format('select cleanup_old_frost_signing_sessions(%s)', days), 'PT400', null, 'impossible 8: cleanup refuses an age of ' || days)
from unnest(array['0', '-1', 'null', '-2147483648']) as days;
select pg_temp.session('old', 'fam', '{g1,g2}', 2);
select record_nonce_commitment('old', 'g1', pg_temp.commitment('old'));
insert into frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
values ('ancient', 'fam', repeat('ab', 32), '{g1,g2}', 2, 'g1', permafrost.now_ms() - 8640000000, permafrost.now_ms() - 8639000000);
select is(cleanup_old_frost_signing_sessions(), 1, 'cleanup deletes what is finished and older than 90 days');
insert into frost_signing_sessions (family_id, message_hash, participants, threshold, created_by, created_at, expires_at)
select 'dry', 'm', '{g1}', 1, 'g1', 1000, 2000 from generate_series(1, 2500);
create function pg_temp.cleaned() returns integer language plpgsql as $$
declare
  v_total integer := 0;
  v_deleted integer;
begin
  loop -- a call that comes to its five seconds leaves the rest to the next one
    v_deleted := cleanup_old_frost_signing_sessions();
    v_total := v_total + v_deleted;
    exit when v_deleted = 0 and not exists (select from frost_signing_sessions where created_at = 1000);
  end loop;
  return v_total;
end
$$;
select is(pg_temp.cleaned(), 2500, 'batch by batch');
select is(cleanup_old_frost_signing_sessions(2147483647), 0, 'and bears the greatest age');
select set_eq('select session_id from frost_signing_sessions', array['late', 'soon', 'old'], 'and nothing else');
select isnt_empty($$select from frost_events where subject_id = 'ancient'$$, 'its events stay');
select isnt_empty($$select from permafrost.nonce_ledger$$, 'and so does the ledger');

select * from finish();
rollback;

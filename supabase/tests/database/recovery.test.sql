-- The emergency path: its states, its rights, and who may do what to a request.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
create function pg_temp.request(p_creator text, p_recipient text default repeat('ab', 32)) returns text language sql
return (pg_temp.as_member(p_creator, 'fam', format(
  $$select create_recovery_request('fam', repeat('ab', 32), '{g1,g2,g3}', 2, p_recipient_public_key => %L)$$, p_recipient))::jsonb) ->> 'request_id';
create temp table r as select pg_temp.request('g1') as id, pg_temp.request('g1', null) as without_key, pg_temp.request('g2') as other;
create function pg_temp.act(p_who text, p_call text) returns jsonb language sql
return pg_temp.as_member(p_who, 'fam', format(p_call, (select id from r)))::jsonb;
create function pg_temp.refused(p_who text, p_call text, p_id text default null) returns text language sql
return pg_temp.refusal_as(p_who, 'fam', format(p_call, coalesce(p_id, (select id from r))));

select is(pg_temp.refused('g2', $$select submit_recovery_share(%L, 'cipher')$$, (select without_key from r)), 'PT409 round_open', 'no share before there is a key to encrypt to');
select is(pg_temp.refused('g2', $$select set_recovery_recipient(%L, repeat('cd', 32))$$, (select without_key from r)), 'PT403 not_the_creator', 'the requester sets it');
select is(pg_temp.refused('g1', $$select set_recovery_recipient(%L, repeat('cd', 32))$$, (select without_key from r)), 'accepted', 'once');
select is(pg_temp.refused('g1', $$select set_recovery_recipient(%L, repeat('ce', 32))$$, (select without_key from r)), 'PT409 invalid_transition', 'and never again');
select is(pg_temp.refused('g1', $$select set_recovery_recipient(%L, 'CE')$$, (select pg_temp.request('g1', null))), 'PT400 invalid_input', 'as 32 bytes of lower-case hex');

select is(pg_temp.act('g2', $$select submit_recovery_share(%L, 'c2')$$), '{"status": "partial", "share_count": 1, "threshold_met": false}', 'the first share makes it partial');
select is(pg_temp.act('g2', $$select submit_recovery_share(%L, 'c2')$$), '{"status": "partial", "share_count": 1, "threshold_met": false}', 'an exact retry gets the same answer');
select is(pg_temp.refused('g3', $$select submit_recovery_share(%L, 'é')$$), 'PT400 invalid_input', 'a share that the function would not reject is not taken');
select is(pg_temp.refused('g2', $$select submit_recovery_share(%L, null)$$), 'PT409 share_already_submitted', 'nor none');
select is(pg_temp.refused('g2', $$select submit_recovery_share(%L, 'other')$$), 'PT409 share_already_submitted', 'another share does not replace it');
select isnt((select exposed_at from frost_key_packages), null, 'with its own share the requester could put the secret together: the key counts as exposed');
select is(pg_temp.act('g3', $$select submit_recovery_share(%L, 'c3')$$) ->> 'status', 'ready', 'the threshold-th makes it ready');
select is(pg_temp.refused('g1', $$select submit_recovery_share(%L, 'c1')$$), 'PT409 round_closed', 'more are not taken');

select is(pg_temp.act('g1', $$select get_recovery_request(%L)$$) -> 'encrypted_shares', '{"g2": "c2", "g3": "c3"}', 'the requester reads the ciphertexts');
select is(pg_temp.act('g2', $$select get_recovery_request(%L)$$) -> 'encrypted_shares', '{}', 'a guardian does not');
select is(pg_temp.as_member('g2', 'fam', 'select count(*) from sss_encrypted_shares'), '0', 'by no route');
select is(get_recovery_request((select id from r)) -> 'encrypted_shares', '{}', 'nor an operator by RPC');
select is(pg_temp.refused('g2', $$select reject_recovery_share(%L, 'g3', 'no')$$), 'PT403 not_the_creator', 'only the requester rejects');
select is(pg_temp.act('g1', $$select reject_recovery_share(%L, 'g3', 'not on the polynomial')$$), '{"status": "partial", "share_count": 1, "threshold_met": false}', 'a rejection takes it back to partial');
select is((select detail ->> 'guardian' from frost_events where event = 'share_rejected'), 'g3', 'and names the guardian');
select is(pg_temp.refusal(format($$select complete_recovery_request(%L, 'g1', repeat('cd', 64))$$, (select id from r))), 'PT409 round_open', 'which is too few to complete');
select is(pg_temp.act('g3', $$select submit_recovery_share(%L, 'better')$$) ->> 'status', 'ready', 'another may be handed in after a rejection');
select is(pg_temp.refusal(format($$select complete_recovery_request(%L, 'g2', repeat('cd', 64))$$, (select id from r))), 'PT403 not_the_creator', 'a guardian does not complete it');
select is(complete_recovery_request((select id from r), 'g1', repeat('cd', 64)) ->> 'status', 'completed', 'the requester does');
select is(complete_recovery_request((select id from r), 'g1', repeat('cd', 64)) ->> 'status', 'completed', 'and may say so again');
select is(pg_temp.refusal(format($$select complete_recovery_request(%L, 'g1', repeat('ce', 64))$$, (select id from r))), 'PT409 session_finished', 'but not otherwise');
select set_eq(format('select guardian_id, ciphertext from sss_encrypted_shares where request_id = %L', (select id from r)),
  $$values ('g2', 'sha256:' || encode(sha256('c2'), 'hex')), ('g3', 'sha256:' || encode(sha256('better'), 'hex'))$$, 'the ciphertexts are gone');
select is(pg_temp.act('g2', $$select submit_recovery_share(%L, 'c2')$$), '{"status": "completed", "share_count": 2, "threshold_met": true}', 'an exact retry is answered all the same');
select is(pg_temp.refused('g2', $$select submit_recovery_share(%L, 'c1')$$), 'PT409 share_already_submitted', 'and another share is not');
select is(pg_temp.refused('g1', $$select submit_recovery_share(%L, 'c1')$$), 'PT409 session_finished', 'nor one that comes late');
select is(pg_temp.act('g1', $$select get_recovery_request(%L)$$) -> 'submitted_guardians', '["g2", "g3"]', 'who handed in is told of for good');
select is(pg_temp.refused('g1', $$select fail_recovery_request(%L, 'no')$$), 'PT409 session_finished', 'what is completed does not fail');

select is(pg_temp.refused('g1', $$select decline_signing_request(%L, 'no')$$, (select other from r)), 'accepted', 'a guardian declines');
select is((select status from sss_signing_requests where request_id = (select other from r)), 'pending', 'enough are left');
select is(pg_temp.refused('g1', $$select submit_recovery_share(%L, 'c1')$$, (select other from r)), 'PT409 invalid_transition', 'a decline is final');
select is(pg_temp.refused('g3', $$select decline_signing_request(%L, 'no')$$, (select other from r)), 'accepted', 'another declines');
select is((select status from sss_signing_requests where request_id = (select other from r)), 'failed', 'and too few are left');

-- One id is one thing, for operators too, who may choose it.
select is(pg_temp.refusal(format($$select pg_temp.session(%L, 'fam', '{g1,g2}', 2)$$, (select without_key from r))),
  'PT400 invalid_input', 'a request''s id is taken');

-- Late retries: what was rejected stays so, and a rejection is of the share it was made for.
create temp table late as select pg_temp.request('g1') as id;
create function pg_temp.late(p_who text, p_call text) returns jsonb language sql
return pg_temp.as_member(p_who, 'fam', format(p_call, (select id from late)))::jsonb;
select pg_temp.late('g2', $$select submit_recovery_share(%L, 'bad')$$), pg_temp.late('g1', $$select reject_recovery_share(%L, 'g2', 'bad', 'bad')$$);
select is(pg_temp.late('g2', $$select submit_recovery_share(%L, 'bad')$$) ->> 'share_count', '0', 'a share that was rejected is not brought back by a retry');
select is(pg_temp.late('g2', $$select submit_recovery_share(%L, 'good')$$) ->> 'share_count', '1', 'another one counts');
select is(pg_temp.late('g1', $$select reject_recovery_share(%L, 'g2', 'bad', 'bad')$$) ->> 'share_count', '1', 'and a late retry of the rejection leaves it alone');
select is(pg_temp.late('g1', $$select reject_recovery_share(%L, 'g2', 'bad')$$) ->> 'share_count', '0', 'where a rejection of whatever is there does not');
select is(pg_temp.late('g1', $$select fail_recovery_request(%L, 'found the key')$$) ->> 'status', 'failed', 'a request fails');
select is((select ciphertext from sss_encrypted_shares where request_id = (select id from late)), 'sha256:' || encode(sha256('good'), 'hex'), 'and keeps no ciphertext');

-- Expiry and cleanup, as for sessions.
alter table sss_signing_requests disable trigger tg_sss_signing_requests__20_guard;
update sss_signing_requests set created_at = created_at - 8640000000, expires_at = created_at - 8639000000;
alter table sss_signing_requests enable trigger tg_sss_signing_requests__20_guard;
select is(pg_temp.refused('g3', $$select submit_recovery_share(%L, 'c')$$, (select without_key from r)), 'PT410 session_expired', 'past its time nothing is taken');
select is(expire_old_sss_signing_requests(), 2, 'a sweep marks the unfinished');
select throws_ok('select cleanup_old_sss_signing_requests(0)', 'PT400', null, 'cleanup refuses an age of 0');
select is(cleanup_old_sss_signing_requests(), 5, 'cleanup deletes the finished');
select isnt_empty($$select from frost_events where subject = 'recovery'$$, 'their events stay');

-- One device that asks under two names, or one name with two devices, is given shares for both.
create function pg_temp.collected(p_family text, p_asks text[][]) returns boolean language plpgsql as $$
declare
  v_ask text[];
  v_id text;
begin
  perform pg_temp.key(p_family, 3, '{g1,g2,g3,g4,g5}');
  foreach v_ask slice 1 in array p_asks loop -- requester, recipient key, guardian
    v_id := (pg_temp.as_member(v_ask[1], p_family, format('select create_recovery_request(%L, repeat(%L, 32), %L, 3, p_recipient_public_key => repeat(%L, 32))',
      p_family, 'ab', '{g1,g2,g3,g4,g5}', v_ask[2]))::jsonb) ->> 'request_id';
    perform pg_temp.as_member(v_ask[3], p_family, format('select submit_recovery_share(%L, %L)', v_id, 'c'));
  end loop;
  return (select exposed_at is not null from frost_key_packages where family_id = p_family);
end
$$;
select is(pg_temp.collected('device ' || n, asks), exposed, what) from (values
  (1, '{{x,aa,g1},{y,bb,g2},{z,cc,g3}}'::text[], false, 'three devices with a share each expose nothing'),
  (2, '{{x,aa,g1},{y,aa,g2},{z,aa,g3}}', true, 'one device key, used by three requesters, collects a threshold'),
  (3, '{{x,aa,g1},{x,bb,g2},{x,cc,g3}}', true, 'and so does one requester with three keys'),
  (4, '{{x,aa,g1},{x,bb,g2},{y,bb,g3}}', true, 'or both, one after the other'),
  (5, '{{x,aa,g1},{g5,aa,g2}}', true, 'with the share of a requester who is a guardian'),
  (6, '{{x,aa,g1},{y,aa,g1},{x,bb,g1},{g1,aa,g1}}', false, 'one share many times is one share')) as v (n, asks, exposed, what);

-- A guardian that asked with many keys, one of them another's, costs the others the length of its list, not the square.
select pg_temp.key('many', 3, '{g1,g2,g3}');
select count(permafrost.log_event('recovery', 'many ' || n, 'many', 'share_submitted', 'g1', jsonb_build_object(
  'key_package_id', (select key_package_id from frost_key_packages where family_id = 'many'),
  'requester', 'g1', 'recipient_public_key', case n when 1 then repeat('ab', 32) else encode(sha256(int8send(n)), 'hex') end)))
from generate_series(1, 4000) as n;
select pg_temp.as_member('x', 'many', $$select create_recovery_request('many', repeat('ab', 32), '{g1,g2,g3}', 3, p_recipient_public_key => repeat('ab', 32))$$);
set local statement_timeout = '4s';
select is(pg_temp.refusal_as('g2', 'many', format('select submit_recovery_share(%L, %L)', (select request_id from sss_signing_requests where family_id = 'many'), 'c')),
  'accepted', 'a share is handed in at once after 4,000 others');
reset statement_timeout;

select * from finish();
rollback;

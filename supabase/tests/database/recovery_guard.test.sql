-- What plain SQL may not do to a recovery, tried by its owner: the same law as for sessions.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
create function pg_temp.asking(p_columns text default '', p_values text default '') returns text language sql
return format($$insert into sss_signing_requests (request_id, family_id, message_hash, participants, threshold, created_by, recipient_public_key%s)
  values ('r', 'fam', repeat('ab', 32), '{g1,g2,g3}', 2, 'g1', repeat('ab', 32)%s)$$, p_columns, p_values);
create function pg_temp.changing(p_change text) returns text language sql
return pg_temp.refusal(format('update sss_signing_requests set %s where request_id = %L', p_change, 'r'));
create function pg_temp.giving(p_guardian text, p_ciphertext text default 'c', p_status text default 'submitted') returns text language sql
return pg_temp.refusal(format('insert into sss_encrypted_shares (request_id, guardian_id, ciphertext, status) values (%L, %L, %L, %L)',
  'r', p_guardian, p_ciphertext, p_status));

select is(pg_temp.refusal(pg_temp.asking(c, v)), 'PT409 invalid_transition', 'a request starts with nothing done:' || c)
from (values (', status, final_signature', $$, 'completed', 'ab'$$), (', status', $$, 'ready'$$), (', final_event_id', $$, 'e'$$),
  (', completed_at', ', 5'), (', ready_at', ', 5')) as v (c, v);
select is(pg_temp.refusal(replace(pg_temp.asking(), $$'g1', repeat$$, $$E'g\n1', repeat$$)), 'PT400 invalid_input', 'its creator is an identifier');
select is(pg_temp.refusal(pg_temp.asking(', use_case', $$, repeat('x', 256)$$)), 'PT400 invalid_input', 'and its use case short');
select is(pg_temp.refusal(pg_temp.asking()), 'accepted', 'a plain request is accepted');

select is(pg_temp.giving('nobody'), 'PT403 not_a_participant', 'nobody but a guardian gives a share');
select is(pg_temp.giving('g2', 'a b'), 'PT400 invalid_input', 'which is printable');
select is(pg_temp.giving('g2', 'c', 'rejected'), 'PT400 invalid_input', 'and not rejected from the start');
select is(pg_temp.changing(c), 'PT409 invalid_transition', 'without shares it does not become: ' || c)
from unnest(array[$$status = 'partial'$$, $$status = 'ready'$$, $$status = 'completed', final_signature = repeat('ab', 64)$$]) as c;
select is(pg_temp.giving('g2'), 'accepted', 'a share by plain SQL counts');
select is((select status from sss_signing_requests), 'partial', 'and moves the request, as by RPC');
select isnt_empty($$select from frost_events where event = 'share_submitted' and actor = 'g2'$$, 'with its event');
select isnt((select exposed_at from frost_key_packages), null, 'and marks the key');
select is(pg_temp.changing($$status = 'ready'$$), 'PT409 invalid_transition', 'one share of two does not make it ready');
select is(pg_temp.refusal($$update sss_encrypted_shares set ciphertext = 'other'$$), 'PT409 invalid_transition', 'a share is not altered');
select is(pg_temp.refusal($$update sss_encrypted_shares set status = 'rejected', ciphertext = 'other'$$), 'PT409 invalid_transition', 'not while it is rejected');
select is(pg_temp.refusal($$update sss_encrypted_shares set guardian_id = 'g3', status = 'rejected'$$), 'PT409 invalid_transition', 'nor given to another');
select is(pg_temp.refusal($$delete from sss_encrypted_shares$$), 'PT409 invalid_transition', 'nor taken away');
select is(pg_temp.giving('g3'), 'accepted', 'the second share');
select is((select status from sss_signing_requests), 'ready', 'makes it ready');
select is(pg_temp.giving('g1'), 'PT409 round_closed', 'and no third is taken');
select is(pg_temp.changing($$status = 'partial'$$), 'PT409 invalid_transition', 'with its shares there it does not go back');
select is(pg_temp.changing($$status = 'failed', error_message = ''$$), 'PT409 invalid_transition', 'an empty reason is none');
select is(pg_temp.changing(format($$status = 'completed', final_signature = %L$$, s)), 'PT400 invalid_input', 'no signature: ' || s)
from unnest(array['zz', 'ab', upper(repeat('ab', 64)), repeat('ab', 65)]) as s;
select is(pg_temp.changing($$status = 'completed', final_signature = repeat('ab', 64), threshold = 3$$), 'PT409 invalid_transition', 'completing carries nothing along');
select is(pg_temp.changing($$status = 'completed', final_signature = repeat('ab', 64)$$), 'accepted', 'it completes with a signature of its length');
select set_eq('select ciphertext from sss_encrypted_shares', $$values ('sha256:' || encode(sha256('c'), 'hex'))$$, 'and keeps no ciphertext');
select is(pg_temp.refusal(attempt), expected, 'what is left of it stays: ' || attempt)
from (values ('delete from sss_encrypted_shares', 'PT409 invalid_transition'), ($$update sss_encrypted_shares set ciphertext = 'c'$$, 'PT409 session_finished'),
  ($$update sss_encrypted_shares set status = 'rejected'$$, 'PT409 session_finished')) as v (attempt, expected);

-- Past its time.
update sss_signing_requests set final_event_id = 'e';
select is(pg_temp.refusal($$update sss_signing_requests set final_event_id = 'f'$$), 'PT409 session_finished', 'an event id is recorded once');
select is(pg_temp.refusal(replace(pg_temp.asking(', created_at, expires_at', ', 1000, 2000'), $$'r'$$, $$'late'$$)), 'accepted', 'an operator may backdate a request');
select is(pg_temp.refusal(format($$update sss_signing_requests set %s where request_id = 'late'$$, c)), 'PT410 session_expired', 'which then does not take: ' || c)
from unnest(array[$$status = 'partial'$$, $$status = 'failed', error_message = 'x'$$, $$recipient_public_key = repeat('cd', 32)$$]) as c;
select is(pg_temp.refusal($$insert into sss_encrypted_shares (request_id, guardian_id, ciphertext) values ('late', 'g2', 'c')$$), 'PT410 session_expired', 'nor shares');
select is(pg_temp.refusal($$update sss_signing_requests set status = 'expired' where request_id = 'late'$$), 'accepted', 'but that it is expired');

select is(pg_temp.refusal($$select decline_signing_request('late', 'x')$$), 'PT410 session_expired', 'nor that anybody declines');
select is(pg_temp.refusal(replace(pg_temp.asking(), $$'r'$$, $$'s'$$)), 'accepted', 'another request');
select is(pg_temp.refusal($$select decline_signing_request('s', 'x')$$), 'PT403 not_a_participant', 'an operator is no guardian');

select * from finish();
rollback;

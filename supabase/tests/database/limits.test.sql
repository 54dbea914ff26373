-- What a member may use up, and that an operator has no limits.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select results_eq('select limit_name, value from permafrost.limits where family_id is null order by 1',
  $$values ('bound_unanswered', 100::bigint), ('creations_per_minute', 600), ('first_key_by_members', 1), ('open_sessions', 1000), ('pooled_commitments', 1000),
    ('recorded_refusals_per_minute', 60), ('recorded_refusals_per_session', 100), ('recovery_shares_per_minute', 60)$$, 'the limits are the design''s');
select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('other', 2, '{g1,g2,g3}');
insert into permafrost.limits values ('open_sessions', 'fam', 3), ('creations_per_minute', 'other', 2), ('recorded_refusals_per_minute', 'fam', 2);

create function pg_temp.creating(p_who text, p_family text default 'fam', p_seconds integer default 60) returns text language sql
return pg_temp.refusal_as(p_who, p_family, format('select create_signing_session(%L, repeat(%L, 32), %L, 2, p_expiration_seconds => %s)', p_family, 'ab', '{g1,g2,g3}', p_seconds));
create function pg_temp.inserting(p_who text) returns text language sql
return pg_temp.refusal_as(p_who, 'fam', format($$insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by)
  values ('fam', repeat('ab', 32), '{g1,g2}', 2, %L) returning 1$$, p_who));
create function pg_temp.asking(p_who text) returns text language sql
return pg_temp.refusal_as(p_who, 'fam', $$select create_recovery_request('fam', repeat('ab', 32), '{g1,g2,g3}', 2)$$);

-- Open ones, by whichever way they are made.
select is(pg_temp.creating('g1'), 'accepted', 'one');
select is(pg_temp.inserting('g1'), 'accepted', 'two, by plain SQL');
select is(pg_temp.asking('g1'), 'accepted', 'three, a recovery');
select is(pg_temp.creating('g1'), 'PT429 rate_limited', 'a fourth is too many');
select is(pg_temp.inserting('g1'), 'PT429 rate_limited', 'by plain SQL too');
select is(pg_temp.asking('g1'), 'PT429 rate_limited', 'and a recovery');
select is(pg_temp.creating('g2'), 'accepted', 'which is nothing to another member');
do $$
declare
  v_detail text;
begin
  perform pg_temp.as_member('g1', 'fam', $sql$select create_signing_session('fam', repeat('ab', 32), '{g1,g2,g3}', 2)$sql$);
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  perform set_config('test.detail', v_detail, true);
end
$$;
select set_config('role', 'none', true);
select ok((current_setting('test.detail')::jsonb ->> 'retry_after_ms')::integer between 1 and 60000, 'and says when to try again: when the first of them ends');
select pg_temp.as_member('g1', 'fam', format('select fail_signing_session(%L, %L)', session_id, 'enough')) from frost_signing_sessions where created_by = 'g1' limit 1;
select is(pg_temp.creating('g1'), 'accepted', 'a finished one makes room');
select is(pg_temp.creating('g1'), 'PT429 rate_limited', 'for one');
select is(pg_temp.refusal(format('select pg_temp.session(%L, %L, %L, 2)', n, 'fam', '{g1,g2}')), 'accepted', 'an operator has no limit') from generate_series(1, 5) as n;

-- How fast.
select is(pg_temp.creating('g1', 'other'), expected, format('creation %s in a minute: %s', n, expected))
from (values (1, 'accepted'), (2, 'accepted'), (3, 'PT429 rate_limited')) as v (n, expected) order by n;
update permafrost.usage set window_start = window_start - 60000 where family_id = 'other' and window_start > 0;
select is(pg_temp.creating('g1', 'other'), 'accepted', 'the next minute is another');

-- Refusals: answered and counted, but no longer a row each.
select pg_temp.session('r', 'fam', '{g1,g2,g3}', 2);
select is(record_nonce_commitment('r', 'g1', 'XY') ->> 'code', 'invalid_input', 'refusal ' || n) from generate_series(1, 4) as n;
select is((select count(*) from frost_events where subject_id = 'r' and event = 'commitment_refused'), 2::bigint, 'two are recorded');
select is(record_refused_share('r', 'g1', 'bad') ->> 'event_id', null, 'and no further one, of whichever kind');
select is(record_refused_share('r', 'g2', 'bad') ->> 'event_id' is not null, true, 'but another member''s');
select is(frost_signing_metrics(p_family_id => 'fam') ->> 'unrecorded_refusals', '3', 'monitoring tells how many are not');
-- Minute after minute, the record of one session does not grow without end: it could not be read any more.
insert into permafrost.limits values ('recorded_refusals_per_session', 'fam', 3);
update permafrost.usage set window_start = window_start - 60000 where window_start > 0;
select record_nonce_commitment('r', 'g1', 'XY') from generate_series(1, 2);
select is((select count(*) from frost_events where subject_id = 'r' and event = 'commitment_refused'), 3::bigint, 'a third in the next minute, and no fourth');
select is(frost_signing_metrics(p_family_id => 'fam') ->> 'unrecorded_refusals', '4', 'monitoring tells of it too');
update permafrost.usage set window_start = window_start - 60000 where window_start > 0;
select isnt(record_refused_share('r', 'g1', 'bad') ->> 'event_id', null, 'but a refusal of another kind is recorded');
select isnt(record_refused_share('r', 'g2', 'bad') ->> 'event_id', null, 'and another member''s');

-- Shares for a recovery, which a requester and a guardian, who may be one, could hand in and reject for ever.
insert into permafrost.limits values ('recovery_shares_per_minute', 'other', 2);
select pg_temp.as_member('g2', 'other', $$select create_recovery_request('other', repeat('ab', 32), '{g1,g2}', 2, p_recipient_public_key => repeat('ab', 32))$$);
create function pg_temp.handing_in(p_ciphertext text) returns text language sql
return pg_temp.refusal_as('g2', 'other', format('select submit_recovery_share(%L, %L), reject_recovery_share(%1$L, %3$L, %4$L)',
  (select request_id from sss_signing_requests where family_id = 'other'), p_ciphertext, 'g2', 'again'));
select is(pg_temp.handing_in('c' || n), expected, format('share %s in a minute: %s', n, expected))
from (values (1, 'accepted'), (2, 'accepted'), (3, 'PT429 rate_limited')) as v (n, expected) order by n;
update permafrost.usage set window_start = window_start - 600000 where window_start > 0;
select expire_old_frost_signing_sessions();
select is_empty('select from permafrost.usage where window_start > 0', 'a sweep forgets the windows that are over');

select * from finish();
rollback;

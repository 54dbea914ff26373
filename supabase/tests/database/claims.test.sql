-- Whose request it is, and who is an operator.
begin;
set local search_path = public, extensions;
select plan(33);
\ir fixtures.psql

-- Who a caller is in which family is held by one table of cases for functions and database (functions/callers); here,
-- claims that no token can carry.
create function pg_temp.caller(p_claims text) returns text language plpgsql as $$
begin
  perform set_config('request.jwt.claims', p_claims, true);
  return permafrost.memberships();
end
$$;
select is(pg_temp.caller(claims), '{}', 'nobody: ' || claims) from unnest(array['', 'null', '[]', '"f"', '7']) as claims;
select throws_ok($$select pg_temp.caller('{"family_id": ')$$, '22P02', null, 'claims that are no JSON stop the request');
select throws_ok($$select pg_temp.caller('{"family_id": "f\u0000"}')$$, '22P05', null, 'and so does a NUL in them');

-- An operator is who is named as one, by role and by claim; a request that names another role is a member's.
create function pg_temp.sees_all(p_role text, p_claims text) returns text language sql
return pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', p_role, p_claims, $$select public.get_signing_session('s')$$));
select pg_temp.session('s', 'fam', '{g1,g2}', 2);
select is(pg_temp.sees_all('service_role', '{"role": "service_role"}'), 'accepted', 'the service sees every session');
select is(pg_temp.sees_all('authenticated', '{"role": "authenticated"}'), 'PT404 session_not_found', 'a member does not');
select is(pg_temp.sees_all('authenticated', '{"role": "service_role"}'), 'PT404 session_not_found', 'by its role, whatever its claims say');
select is(pg_temp.sees_all('service_role', '{"role": "authenticated"}'), 'PT404 session_not_found', 'by its claims, whatever its role says');
select is(pg_temp.sees_all('authenticated', '{}'), 'PT404 session_not_found', 'nor one without claims');
select is(pg_temp.sees_all('anon', '{"role": "anon"}'), '42501', 'anon does not get so far');

-- Where a project gives members a role of its own, members they stay: set, or logged in with (races/isolation).
set local role postgres;
create role permafrost_test_member nologin inherit;
grant authenticated to permafrost_test_member;
grant permafrost_test_member to postgres;
select is(pg_temp.sees_all('permafrost_test_member', '{"role": "permafrost_test_member", "sub": "g1", "family_id": "other"}'),
  'PT404 session_not_found', 'a custom role is no operator');
select is(pg_temp.sees_all('permafrost_test_member', '{"role": "permafrost_test_member", "sub": "g1", "family_id": "fam"}'),
  'accepted', 'and sees what a member sees');
select is(pg_temp.run_as('permafrost_test_member', '{"role": "permafrost_test_member"}',
  'select jsonb_array_length(public.list_signing_sessions())'), '0', 'a custom role without claims lists nothing');
select is(pg_temp.run_as('service_role', '{"role": "service_role"}',
  'select jsonb_array_length(public.list_signing_sessions())'), '1', 'while the service lists all');

-- Who looks at the metrics with a user's token: by the claim, which is JSON's true in a place that its owner cannot write.
create function pg_temp.monitors(p_role text, p_claims jsonb, p_call text default 'select frost_signing_metrics()') returns text
language sql return pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', p_role,
  '{"role": "authenticated", "sub": "g1", "family_id": "fam"}' || p_claims, p_call));
select is(pg_temp.monitors('authenticated', '{"permafrost_operator": true}'), 'accepted', 'a monitor by the top level');
select is(pg_temp.monitors('authenticated', '{"app_metadata": {"permafrost_operator": true}}'), 'accepted', 'or by app_metadata');
select is(pg_temp.monitors('authenticated', claims), '42501', 'no monitor: ' || claims::text)
from unnest(array['{}', '{"permafrost_operator": "true"}', '{"permafrost_operator": 1}', '{"permafrost_operator": false}', '{"permafrost_operator": null}',
  '{"permafrost_operator": [true]}', '{"app_metadata": {"permafrost_operator": "true"}}', '{"app_metadata": [true]}',
  '{"user_metadata": {"permafrost_operator": true}}']::jsonb[]) as claims;
select is(pg_temp.monitors('anon', '{"role": "anon", "permafrost_operator": true}'), '42501', 'anon does not get so far with it');
select is(pg_temp.monitors('authenticated', '{"family_id": "other", "permafrost_operator": true}', $$select get_signing_session('s')$$),
  'PT404 session_not_found', 'and the claim opens nothing else');

-- What is passed in never says who calls.
select is(pg_temp.refusal_as('g1', 'other', $$select create_signing_session('fam', 'm', '{g1}', 1)$$), 'PT403 not_in_family',
  'a family that is passed in is held against the claim');
select is(pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', 'authenticated', '{"sub": "g1"}',
  $$select create_signing_session('fam', 'm', '{g1}', 1)$$)), 'PT403 not_in_family', 'and without one there is none to pass');
select is(pg_temp.as_member('g2', 'fam', $$select create_signing_session('fam', 'm', '{g1}', 1) ->> 'created_by'$$), 'g2',
  'the creator is the caller');

select * from finish();
rollback;

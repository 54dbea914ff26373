-- Whose request it is: a claim is a non-empty string at the top level, else in app_metadata. What a user can write
-- (user_metadata) is never read, and what is no string is no claim. caller.ts follows the same rule.
begin;
set local search_path = public, extensions;
select plan(47);
\ir fixtures.psql

-- `>` is who the database says is calling: family / participant.
create function pg_temp.caller(p_claims text) returns text language plpgsql as $$
begin
  perform set_config('request.jwt.claims', p_claims, true);
  return coalesce(permafrost.current_family_id(), '-') || ' / ' || coalesce(permafrost.current_participant_id(), '-');
end
$$;

select is(pg_temp.caller(claims), expected, format('%s > %s', claims, expected))
from (values
  -- where a claim is read from
  ('{"family_id": "f", "participant_id": "p"}', 'f / p'),
  ('{"app_metadata": {"family_id": "f", "participant_id": "p"}}', 'f / p'),
  ('{"family_id": "f", "app_metadata": {"family_id": "g", "participant_id": "p"}}', 'f / p'),
  ('{"user_metadata": {"family_id": "f", "participant_id": "p"}}', '- / -'),
  ('{"sub": "s", "user_metadata": {"family_id": "f", "participant_id": "p"}}', '- / s'),
  ('{"raw_app_meta_data": {"family_id": "f"}, "app_metadata": {"nested": {"family_id": "f"}}}', '- / -'),
  -- sub stands in for a participant, never for a family
  ('{"sub": "s"}', '- / s'),
  ('{"sub": "s", "participant_id": "p"}', '- / p'),
  ('{"sub": "s", "app_metadata": {"participant_id": "p"}}', '- / p'),
  ('{"sub": ""}', '- / -'),
  ('{"app_metadata": {"sub": "s"}}', '- / -'),
  -- an empty string is no claim, and hides none
  ('{"family_id": "", "participant_id": "", "sub": "s"}', '- / s'),
  ('{"family_id": "", "app_metadata": {"family_id": "f"}}', 'f / -'),
  ('{"family_id": "f", "app_metadata": {"family_id": ""}}', 'f / -'),
  ('{"app_metadata": {"family_id": "", "participant_id": ""}}', '- / -'),
  -- what is no string is no claim, and hides none
  ('{"family_id": 7, "participant_id": true}', '- / -'),
  ('{"family_id": null, "app_metadata": {"family_id": "f"}}', 'f / -'),
  ('{"family_id": ["f"], "participant_id": {"p": "p"}, "sub": "s"}', '- / s'),
  ('{"family_id": 7, "app_metadata": {"family_id": "f"}}', 'f / -'),
  ('{"app_metadata": "f"}', '- / -'),
  ('{"app_metadata": ["family_id", "f"]}', '- / -'),
  ('{"app_metadata": null, "sub": null}', '- / -'),
  -- names are taken as they are
  ('{"family_id": " f ", "participant_id": "F"}', ' f  / F'),
  ('{"family_id": "__proto__", "participant_id": "constructor"}', '__proto__ / constructor'),
  ('{"FAMILY_ID": "f", "Participant_Id": "p"}', '- / -'),
  ('{"family_id": "f", "family_id": "g"}', 'g / -'),
  -- claims that are no object, or none at all
  ('{}', '- / -'), ('', '- / -'), ('null', '- / -'), ('[]', '- / -'), ('"f"', '- / -'), ('7', '- / -')
) as v (claims, expected);
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

-- What is passed in never says who calls.
select is(pg_temp.refusal_as('g1', 'other', $$select create_signing_session('fam', 'm', '{g1}', 1)$$), 'PT403 not_in_family',
  'a family that is passed in is held against the claim');
select is(pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', 'authenticated', '{"sub": "g1"}',
  $$select create_signing_session('fam', 'm', '{g1}', 1)$$)), 'PT403 not_in_family', 'and without one there is none to pass');
select is(pg_temp.as_member('g2', 'fam', $$select create_signing_session('fam', 'm', '{g1}', 1) ->> 'created_by'$$), 'g2',
  'the creator is the caller');

select * from finish();
rollback;

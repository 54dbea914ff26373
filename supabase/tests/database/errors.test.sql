-- Every code the database refuses with, its status, and the request that gets it.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
select pg_temp.session('s', 'fam', '{g1,g2}', 2);
create function pg_temp.create_with(p_family text, p_message text, p_participants text, p_threshold text, p_seconds text default '300')
returns text language sql
return format('select create_signing_session(%L, %L, %L, %s, p_expiration_seconds => %s)', p_family, p_message, p_participants, p_threshold, p_seconds);

select is(pg_temp.refusal_as('g1', 'fam', request), 'PT' || permafrost.http_status_of(code) || ' ' || code, code || ': ' || request)
from (values
  ('not_in_family', pg_temp.create_with('other', repeat('ab', 32), '{g1,g2}', '2')),
  ('invalid_input', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', '2', '0')),
  ('invalid_input', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', '2', '604801')),
  ('invalid_input', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', '2', 'null')),
  ('message_hash_invalid', pg_temp.create_with('fam', repeat('ab', 31), '{g1,g2}', '2')),
  ('message_hash_invalid', pg_temp.create_with('fam', repeat('AB', 32), '{g1,g2}', '2')),
  ('participants_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g1}', '2')),
  ('participants_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,x}', '2')),
  ('participants_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{{g1,g2}}', '2')),
  ('participants_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,NULL}', '2')),
  ('participants_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{}', '2')),
  ('threshold_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', '1')),
  ('threshold_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', '3')),
  ('threshold_invalid', pg_temp.create_with('fam', repeat('ab', 32), '{g1,g2}', 'null')),
  ('session_not_found', $$select get_signing_session('none')$$),
  ('round_open', $$select get_signing_package('s')$$),
  ('invalid_input', $$select fail_signing_session('s', ' ')$$),
  ('invalid_input', $$select fail_signing_session('s', E'\n\t')$$),
  ('invalid_input', $$select fail_signing_session('s', 'x' || repeat(' ', 1000))$$),
  ('invalid_input', $$select fail_signing_session('s', null)$$),
  ('invalid_input', $$select list_signing_sessions(p_limit => 0)$$),
  ('invalid_input', $$select record_published_event('s', 'x')$$),
  ('invalid_transition', $$select record_published_event('s', repeat('ab', 32))$$)) as v (code, request);
select is(pg_temp.refusal_as('g2', 'fam', $$select fail_signing_session('s', 'no')$$), 'PT403 not_the_creator', 'only its creator fails a session');
select is(pg_temp.refusal_as('g3', 'fam', $$select get_signing_session('s')$$), 'PT404 session_not_found', 'who may not see it does not find it');
select is(pg_temp.refusal_as('g1', 'other', $$select fail_signing_session('s', 'no')$$), 'PT404 session_not_found', 'nor does a namesake in another family');
select pg_temp.session('dry', 'nokey', '{g1,g2}', 2);
select is(pg_temp.refusal_as('g1', 'nokey', $$select get_signing_package('dry')$$), 'PT422 no_key_package', 'a dry run has no package');
select is(pg_temp.refusal(format('select register_key_package(%L, %L, %s, %L, %L, %L)', 'f', suite, threshold, participants, key, shares)), expected, expected)
from (values
  ('FROST-nothing', '2', '{a,b}', '02' || repeat('ab', 32), '{}', 'PT400 invalid_input'),
  ('FROST-secp256k1-SHA256-v1', '1', '{a,b}', '02' || repeat('ab', 32), '{}', 'PT422 threshold_invalid'),
  ('FROST-secp256k1-SHA256-v1', '2', '{a,a}', '02' || repeat('ab', 32), '{}', 'PT422 participants_invalid'),
  ('FROST-secp256k1-SHA256-v1', '2', '{a,b}', '02' || repeat('ab', 32), '{}', 'PT422 key_package_invalid'),
  ('FROST-secp256k1-SHA256-v1', '2', '{a,b}', repeat('ab', 32), '{ab,cd}', 'PT422 key_package_invalid'),
  ('FROST-secp256k1-SHA256-v1', '2', '{a,b}', 'XY', '{ab,cd}', 'PT422 key_package_invalid')) as v (suite, threshold, participants, key, shares, expected);

select * from finish();
rollback;

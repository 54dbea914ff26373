-- What an attacker sends: names that mean something to another language, bytes spelled strangely, arrays of strange
-- shapes, numbers at the edge of their type. Each is refused by a code, or is harmless.
begin;
set local search_path = public, extensions;
select plan(110);
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
create function pg_temp.creating(p_family text, p_participants text[], p_message text default repeat('ab', 32),
  p_template text default null, p_type text default null) returns text language sql
return pg_temp.refusal_as('g1', p_family, format('select create_signing_session(%L, %L, %L, %s, %L, %L)',
  p_family, p_message, p_participants, least(2, cardinality(p_participants)), p_template, p_type));

-- Names ------------------------------------------------------------------------------------------------------------

select is(pg_temp.creating('dry', array[name, 'g2']), 'accepted', 'a name like any other: ' || quote_literal(name))
from unnest(array['__proto__', 'constructor', 'toString', ' ', '''; drop table x --', '%', '{', '"', '\', 'null', 'ünï 守護者', repeat('é', 255)]) as name;
select is(pg_temp.creating('dry', array[name, 'g2']), 'PT422 participants_invalid', 'no name: ' || quote_literal(left(name, 20)))
from unnest(array['', E'a\n', E'\t', E'a\x01', E'\x7f', repeat('a', 256), null]) as name;
select is(pg_temp.creating(name, '{g1,g2}'), case when name = '' then 'PT403 not_in_family' else 'PT400 invalid_input' end,
  'no family: ' || quote_literal(left(name, 20)))
from unnest(array['', E'a\n', repeat('a', 256)]) as name;
select is(pg_temp.refusal(format($$insert into public.frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by)
  values (%L, 'fam', repeat('ab', 32), '{g1,g2}', 2, 'g1')$$, id)), 'PT400 invalid_input', 'no session id: ' || quote_literal(left(id, 20)))
from unnest(array['', E'a\nb', repeat('a', 256)]) as id;

-- A name that a script would trip over goes through both rounds as itself.
select pg_temp.session('proto', 'dry', '{__proto__,constructor}', 2);
select is(record_nonce_commitment('proto', p, pg_temp.commitment(p)) ->> 'accepted', 'true', p || ' commits')
from unnest('{__proto__,constructor}'::text[]) as p;
select is(get_signing_session('proto') -> 'nonce_commitments',
  jsonb_build_object('__proto__', pg_temp.commitment('__proto__'), 'constructor', pg_temp.commitment('constructor')),
  'and is told apart from what an object is made of');

-- Lists ------------------------------------------------------------------------------------------------------------

select is(pg_temp.creating('dry', list::text[]), 'PT422 participants_invalid', 'no list of participants: ' || coalesce(list, 'null'))
from unnest(array['{}', '{{g1,g2}}', '{{g1},{g2}}', '{g1,g1}', '{g1,NULL}', '{NULL}', null]) as list;
select is(pg_temp.creating('dry', (select array_agg('g' || n) from generate_series(1, 255) as n)), 'accepted', '255 participants are the most');
select is(pg_temp.creating('dry', (select array_agg('g' || n) from generate_series(1, 256) as n)), 'PT422 participants_invalid', '256 are too many');
select is(pg_temp.creating('dry', (select array_agg(left('g' || n, 10)) from generate_series(1, 100000) as n)), 'PT422 participants_invalid', 'and so are 100,000');
-- impossible 13: 500 sessions of the longest names would be a list of 264 MB for whoever they name.
select is(pg_temp.creating('dry', (select array_agg(lpad(n::text, bytes, '0')) from generate_series(1, 128) as n)), expected, '128 names of ' || bytes || ' bytes: ' || expected)
from (values (128, 'accepted'), (129, 'PT422 participants_invalid')) as v (bytes, expected);

-- Bytes --------------------------------------------------------------------------------------------------------------

select is(pg_temp.creating('fam', '{g1,g2}', message), 'PT422 message_hash_invalid', 'no 32 bytes: ' || quote_literal(left(message, 70)))
from unnest(array[repeat('ab', 33), repeat('AB', 32), repeat('ab', 31) || 'aB', repeat('ab', 31) || 'g0', '0x' || repeat('ab', 31),
  repeat('ab', 31) || E'a\n', repeat('ab', 32) || E'\n', ' ' || repeat('ab', 31) || 'a', repeat('à', 64), repeat('ab', 31) || '٣٣',
  repeat('ab', 8193), repeat('ab', 500000)]) as message;
select is(pg_temp.creating('dry', '{g1,g2}', message), expected, 'a message of ' || octet_length(message) || ' bytes: ' || expected)
from (values (repeat('a', 16384), 'accepted'), (repeat('a', 16385), 'PT400 invalid_input'), (repeat('é', 8193), 'PT400 invalid_input'),
  (repeat('a', 1000000), 'PT400 invalid_input'), ('', 'PT400 invalid_input')) as v (message, expected);
select pg_temp.session('bytes', 'fam', '{g1,g2}', 2);
select is(record_nonce_commitment('bytes', 'g1', bytes) ->> 'code', expected, 'no commitment: ' || coalesce(quote_literal(left(bytes, 20)), 'null'))
from (values ('', 'invalid_input'), (null, 'invalid_input'), ('0x' || repeat('ab', 65), 'invalid_input'),
  (pg_temp.commitment('x') || E'\n', 'invalid_input'), (E'\\x' || pg_temp.commitment('x'), 'invalid_input'), ('abc', 'invalid_input'),
  ('ab', 'commitment_invalid'), (repeat('ab', 65), 'commitment_invalid'), (repeat('ab', 67), 'commitment_invalid'),
  (repeat('ab', 66), 'commitment_invalid'), (repeat('ab', 500000), 'invalid_input')) as v (bytes, expected);
select is(record_nonce_commitment(s, p, pg_temp.commitment('x')) ->> 'code', expected, format('no commitment of %s in %s', coalesce(p, 'null'), coalesce(s, 'null')))
from (values ('bytes', null, 'not_a_participant'), ('bytes', '', 'not_a_participant'), ('bytes', 'G1', 'not_a_participant'),
  ('bytes', 'g1 ', 'not_a_participant'), (null, 'g1', 'session_not_found'), ('', 'g1', 'session_not_found')) as v (s, p, expected);
select is((select status from frost_signing_sessions where session_id = 'bytes'), 'pending', 'and none of it moved the session');

-- Templates and texts -----------------------------------------------------------------------------------------------

-- NIP-01 and nothing else: nothing that nests deeper, or is written in two ways, goes in.
create function pg_temp.template(p_change jsonb) returns text language sql
return jsonb_strip_nulls('{"kind": 1, "created_at": 5, "content": "hi", "tags": [["e", "x"], []]}'::jsonb || p_change)::text;
select is(pg_temp.creating('dry', '{g1,g2}', 'm', template), expected, format('a template %s: %s', left(template, 70), expected))
from (values (pg_temp.template('{}'), 'accepted'), (pg_temp.template(jsonb_build_object('pubkey', repeat('ab', 32))), 'accepted'),
  (pg_temp.template('{"kind": 65535, "tags": []}'), 'accepted'), ('{}', 'PT400 invalid_input'), ('[]', 'PT400 invalid_input'),
  ('"x"', 'PT400 invalid_input'), ('null', 'PT400 invalid_input'), (pg_temp.template('{"kind": 1.0}'), 'PT400 invalid_input'),
  (pg_temp.template('{"kind": "1"}'), 'PT400 invalid_input'), (pg_temp.template('{"kind": 65536}'), 'PT400 invalid_input'),
  (pg_temp.template('{"kind": null}'), 'PT400 invalid_input'), (pg_temp.template('{"created_at": -1}'), 'PT400 invalid_input'),
  (pg_temp.template('{"created_at": 1e30}'), 'PT400 invalid_input'), (pg_temp.template('{"content": 5}'), 'PT400 invalid_input'),
  (pg_temp.template('{"tags": [[["e"]]]}'), 'PT400 invalid_input'), (pg_temp.template('{"tags": ["e"]}'), 'PT400 invalid_input'),
  (pg_temp.template('{"tags": {}}'), 'PT400 invalid_input'), (pg_temp.template('{"tags": [[5]]}'), 'PT400 invalid_input'),
  (pg_temp.template('{"sig": "x"}'), 'PT400 invalid_input'), (pg_temp.template('{"pubkey": "AB"}'), 'PT400 invalid_input'),
  (pg_temp.template(format('{"tags": [%s%s]}', repeat('[', 5000), repeat(']', 5000))::jsonb), 'PT400 invalid_input'),
  ('{"a": "\u0000"}', '22P05'), (pg_temp.template(jsonb_build_object('content', repeat('a', 65536))), 'PT400 invalid_input')) as v (template, expected);
select is(pg_temp.creating('dry', '{g1,g2}', 'm', null, type), expected, format('a type of event %s: %s', quote_literal(left(type, 20)), expected))
from (values ('', 'PT400 invalid_input'), (E'a\nb', 'PT400 invalid_input'), (repeat('a', 255), 'accepted')) as v (type, expected);
select is(pg_temp.creating('dry', '{g1,g2}', 'm', null, repeat('a', 256)), 'PT400 invalid_input', 'a type of event has 255 characters at most');

-- Numbers ------------------------------------------------------------------------------------------------------------

select is(pg_temp.refusal_as('g1', 'fam', request), expected, request || ': ' || expected)
from (values
  ($$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2147483647)$$, 'PT422 threshold_invalid'),
  ($$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', -2147483648)$$, 'PT422 threshold_invalid'),
  ($$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2, p_expiration_seconds => 2147483647)$$, 'PT400 invalid_input'),
  ($$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2, p_expiration_seconds => -1)$$, 'PT400 invalid_input'),
  ($$select create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2, p_expiration_seconds => 604800)$$, 'accepted'),
  ($$select list_signing_sessions(p_limit => 501)$$, 'PT400 invalid_input'),
  ($$select list_signing_sessions(p_limit => null)$$, 'PT400 invalid_input'),
  ($$select list_signing_sessions(p_before => -9223372036854775808)$$, 'accepted')
) as v (request, expected);

select * from finish();
rollback;

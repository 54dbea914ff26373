-- Each code has one status, written out here: the other stories ask permafrost.http_status_of for it, and so could not tell
-- if it were wrong. And what the database refuses with, anywhere, is a code of this list.
begin;
set local search_path = public, extensions;
select plan(34);
\ir fixtures.psql

create temp table catalogue (code text primary key, status integer not null);
insert into catalogue values ('invalid_input', 400), ('not_in_family', 403), ('not_a_participant', 403), ('not_a_signer', 403),
  ('not_the_creator', 403), ('session_not_found', 404), ('nonce_reused', 409), ('commitment_already_submitted', 409),
  ('share_already_submitted', 409), ('round_closed', 409), ('round_open', 409), ('invalid_transition', 409),
  ('session_finished', 409), ('share_owed', 409), ('key_retired', 409), ('session_expired', 410), ('no_key_package', 422), ('message_hash_invalid', 422),
  ('participants_invalid', 422), ('threshold_invalid', 422), ('commitment_invalid', 422), ('share_invalid', 422),
  ('key_package_invalid', 422), ('event_mismatch', 422), ('host_key_invalid', 422), ('ceremony_message_invalid', 422), ('rate_limited', 429);

select is(pg_temp.refusal(format('select permafrost.refuse(%L, %L)', code, 'why')), format('PT%s %s', status, code),
  format('%s is answered with %s', code, status))
from catalogue;
select throws_ok($$select permafrost.refuse('round_open', 'a sentence for people')$$, 'PT409', 'a sentence for people', 'the message is for people');
select is(permafrost.http_status_of(code), null, 'no status: ' || coalesce(code, 'null'))
from unnest(array['Round_Open', 'internal', '', null]) as code;
select isnt(pg_temp.refusal($$select permafrost.refuse('round_opened', 'x')$$), 'accepted', 'a code that is misspelled stops the request too');

-- What the functions say, read from their source.
select is_empty(
  $$select proname, code[1] from pg_proc, regexp_matches(prosrc, 'refuse\(\s*''(\w+)''', 'g') as code
    where pronamespace = 'permafrost'::regnamespace and code[1] not in (select c.code from catalogue as c)$$,
  'no function refuses with a code that is not in the list');

select * from finish();
rollback;

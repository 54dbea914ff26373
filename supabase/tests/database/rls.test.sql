-- What members see and may insert: in their own family, what they made or take part in. And whose claims count.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}'), pg_temp.key('other', 2, '{g1,g2,g3}');
select pg_temp.session('s', 'fam', '{g1,g2}', 2), pg_temp.session('o', 'other', '{g1,g2}', 2);
select record_nonce_commitment(s, p, pg_temp.commitment(s || p)), record_signature_share(s, p, pg_temp.share(s || p))
from (values ('s', 'g1'), ('s', 'g2'), ('o', 'g1')) as v (s, p);
select record_signature_share('s', p, pg_temp.share(p)) from unnest('{g1,g2}'::text[]) as p;

create function pg_temp.counts(p_claims jsonb) returns text language sql
return pg_temp.run_as('authenticated', p_claims, $$select concat_ws(' ',
  (select count(*) from frost_signing_sessions), (select count(*) from frost_nonce_commitments),
  (select count(*) from frost_signature_shares), (select count(*) from frost_key_packages),
  (select count(*) from frost_events where subject = 'session') > 0)$$);

-- Sessions, commitments, shares, keys, any events.
select is(pg_temp.counts(pg_temp.member('g1', 'fam')), '1 2 2 1 t', 'the creator sees the session and all in it');
select is(pg_temp.counts(pg_temp.member('g2', 'fam')), '1 1 1 1 t', 'a participant sees its own commitment and share');
select is(pg_temp.counts(pg_temp.member('g3', 'fam')), '0 0 0 1 f', 'another member sees the key alone');
select is(pg_temp.counts(pg_temp.member('g2', 'other')), '1 0 0 1 t', 'a namesake in another family sees that family''s');
select is(pg_temp.counts(pg_temp.member('g1', 'nobody')), '0 0 0 0 f', 'a member of nothing sees nothing');
select is(pg_temp.counts(claims::jsonb), '0 0 0 0 f', 'claims that count for nothing: ' || claims)
from unnest(array['{}', '{"role": "authenticated"}', '{"sub": "g1", "family_id": ""}', '{"sub": "g1", "family_id": 7}',
  '{"sub": "g1", "user_metadata": {"family_id": "fam"}}', '{"sub": "g1", "app_metadata": ["fam"]}',
  '{"sub": "g1", "app_metadata": {"family_id": ["fam"]}}', '{"family_id": "fam2", "app_metadata": {"family_id": "fam"}}']) as claims;
select is(pg_temp.counts(claims::jsonb), '1 2 2 1 t', 'claims that count: ' || claims)
from unnest(array['{"sub": "g1", "family_id": "fam"}', '{"sub": "x", "participant_id": "g1", "family_id": "fam"}',
  '{"sub": "g1", "family_id": "", "app_metadata": {"family_id": "fam", "participant_id": ""}}',
  '{"sub": "g1", "family_id": "fam", "app_metadata": {"family_id": "other"}}']) as claims;

-- One user in several families is somebody in each.
select is(pg_temp.counts('{"sub": "u", "families": {"fam": "g2", "other": "g1"}}'), '2 2 1 2 t', 'a user of two families sees what it takes part in, in both');
select is(pg_temp.counts('{"sub": "g1", "families": {"fam": "g3", "other": "nobody"}}'), '0 0 0 2 f', 'as who it is there');

-- Inserting is for oneself, in one's own family; id, times and state are the server's.
create function pg_temp.inserting(p_family text, p_creator text, p_column text default null, p_value text default null) returns text language sql
return format($$insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by%s)
  values (%L, repeat('ab', 32), '{g1,g2}', 2, %L%s) returning 1$$, ', ' || p_column, p_family, p_creator, ', ' || p_value);
select is(pg_temp.refusal_as('g1', 'fam', pg_temp.inserting('fam', 'g1')), 'accepted', 'a member inserts a session as itself');
select is(pg_temp.refusal_as('g1', 'fam', pg_temp.inserting('fam', 'g2')), '42501', 'not as another');
select is(pg_temp.refusal_as('g1', 'fam', pg_temp.inserting('other', 'g1')), '42501', 'not in another family');
-- What would be wrong with a session of another family's key is not told: its guardians, its threshold, its suite.
select is(pg_temp.refusal_as('g1', 'fam', replace(replace(replace(pg_temp.inserting('other', 'g1'), '{g1,g2}', participants), ', 2, ', threshold), '32)', bytes)),
  '42501', 'whatever is wrong with it: ' || participants || threshold || bytes)
from unnest(array['{g1,g2}', '{g1,x}']) as participants, unnest(array[', 2, ', ', 1, ']) as threshold, unnest(array['32)', '3)']) as bytes;
create temp table chosen (chosen_column text, chosen_value text);
insert into chosen values ('session_id', $$'mine'$$), ('created_at', '1'), ('expires_at', '9000000000000'), ('status', $$'completed'$$), ('final_signature', $$'ab'$$),
  ('signers', $$'{g1}'$$), ('error_message', $$'x'$$), ('incarnation', '7'), ('final_event_id', $$'x'$$), ('key_package_id', 'null'), ('updated_at', '1');
select is(pg_temp.refusal_as('g1', 'fam', pg_temp.inserting('fam', 'g1', chosen_column, chosen_value)), '42501', 'no member chooses ' || chosen_column) from chosen;

-- impossible 14: the same where grants are wider than the migrations made them.
savepoint narrow;
grant all on all tables in schema public to authenticated;
select is(pg_temp.refusal_as('g1', 'fam', pg_temp.inserting('fam', 'g1', chosen_column, chosen_value)), 'accepted', 'impossible 14: under wider grants it may say ' || chosen_column) from chosen;
select is((select count(*) from frost_signing_sessions where family_id = 'fam' and (session_id = 'mine' or created_at < 1000000 or status <> 'pending' and session_id <> 's'
  or expires_at > permafrost.now_ms() + 300000 or final_event_id is not null or key_package_id is null)), 0::bigint, 'impossible 14: and none of it counts');
select is(pg_temp.refusal_as('g1', 'fam', attempt || ' returning 1'), '42501', 'impossible 14: under wider grants: ' || attempt)
from unnest(array[
  $$update public.frost_signing_sessions set status = 'completed', final_signature = repeat('ab', 64) where session_id = 's'$$,
  $$update public.frost_signing_sessions set status = 'failed', error_message = 'x'$$,
  $$delete from public.frost_signing_sessions$$,
  $$insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('s', 'g1', 'ab')$$,
  $$update public.frost_nonce_commitments set nonce_used = true$$,
  $$insert into public.frost_signature_shares (session_id, participant_id, signature_share) values ('s', 'g1', 'ab')$$,
  $$update public.frost_key_packages set exposed_at = 1$$,
  $$insert into public.frost_events (subject, subject_id, seq, family_id, event, occurred_at, digest) values ('session', 's', 99, 'fam', 'x', 1, sha256(''))$$,
  $$insert into public.sss_signing_requests (family_id, message_hash, participants, threshold, created_by) values ('fam', repeat('ab', 32), '{g1,g2}', 2, 'g1')$$,
  $$insert into public.sss_encrypted_shares (request_id, guardian_id, ciphertext) values ('r', 'g1', 'x')$$]) as attempt;
rollback to narrow;

-- The trail of a session that was cleaned up is not for who takes its id: no member can.
select is(pg_temp.as_member('g1', 'fam', $$select count(*) from frost_events where subject_id = 'o'$$), '0', 'and nobody reads the events of another family');

-- impossible 5: no other way in.
select is(pg_temp.refusal_as('g1', 'fam', attempt || ' returning 1'), '42501', 'impossible 5: ' || attempt)
from unnest(array[
  $$update public.frost_signing_sessions set threshold = 1$$,
  $$delete from public.frost_signing_sessions$$,
  $$insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment) values ('s', 'g1', 'ab')$$,
  $$update public.frost_nonce_commitments set nonce_used = false$$,
  $$insert into public.frost_signature_shares (session_id, participant_id, signature_share) values ('s', 'g1', 'ab')$$,
  $$update public.frost_signature_shares set signature_share = 'ab'$$,
  $$update public.frost_key_packages set threshold = 1$$,
  $$insert into public.frost_events (subject, subject_id, family_id, event) values ('session', 's', 'fam', 'completed')$$,
  $$delete from permafrost.nonce_ledger$$]) as attempt;
select is(pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', 'anon', '{}', 'select 1 from public.' || t)), '42501', 'anon does not read ' || t)
from unnest(array['frost_signing_sessions', 'frost_nonce_commitments', 'frost_key_packages', 'frost_events']) as t;

-- impossible 8: no helper is for members.
select is(pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', r, pg_temp.member('g1', 'fam'), call)), '42501', format('impossible 8: %s: %s', r, call))
from unnest(array['anon', 'authenticated']) as r, unnest(array['select expire_old_frost_signing_sessions()',
  'select cleanup_old_frost_signing_sessions()', $$select mark_nonce_as_used('ab')$$,
  $$select record_nonce_commitment('s', 'g1', 'ab')$$, $$select complete_signing_session('s', 'ab')$$]) as call;

select * from finish();
rollback;

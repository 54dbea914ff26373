-- Impossible 12: code of the caller's own run as the owner. A member with SQL and the right to temporary objects makes
-- types, tables, functions and operators of the names that every function uses, and then calls every function.
begin;
set local search_path = public, extensions;
select no_plan();
\ir fixtures.psql

select pg_temp.key('fam', 2, '{g1,g2,g3}');
do $$ begin execute format('grant temporary on database %I to authenticated, service_role', current_database()); end $$;
create temp table seen (who text);
grant insert on seen to public;

-- What the trap says: who runs it. The owner is postgres.
set local role authenticated;
create function pg_temp.evil(anyelement) returns boolean language plpgsql as $$
begin
  if current_user not in ('authenticated', 'service_role', 'anon') and current_user <> session_user
    or current_user = 'postgres' and current_setting('role') in ('authenticated', 'service_role')
  then
    insert into pg_temp.seen values (current_user);
  end if;
  return true;
end
$$;
-- Every type of pg_catalog that a function could name, and the types of our own.
create function pg_temp.lay_traps() returns void language plpgsql as $$
declare
  v_name text;
begin
  foreach v_name in array array['text', 'jsonb', 'bytea', 'uuid', 'oid', 'name', 'int4', 'int8', 'bool', 'json', 'regclass', 'signing_session_status', 'sss_request_status', 'key_ceremony_status'] loop
    execute format('create domain pg_temp.%I as %s check (pg_temp.evil(value))', v_name, case v_name
      when 'signing_session_status' then 'public.signing_session_status' when 'sss_request_status' then 'public.sss_request_status' when 'key_ceremony_status' then 'public.key_ceremony_status' else 'pg_catalog.' || v_name end);
  end loop;
  foreach v_name in array array['frost_signing_sessions', 'frost_nonce_commitments', 'frost_signature_shares', 'frost_key_packages', 'frost_host_keys', 'frost_key_ceremonies', 'frost_ceremony_messages', 'key_approvals', 'guardian_proofs', 'frost_events',
    'nonce_ledger', 'event_heads', 'kinds', 'transitions', 'limits', 'usage', 'declines', 'incarnations', 'ciphersuites', 'pg_roles', 'pg_database', 'pg_class'] loop
    execute format('create temp table %I (a integer default (pg_temp.evil(1))::pg_catalog.int4)', v_name);
  end loop;
  foreach v_name in array array['now_ms', 'memberships', 'sha256', 'unnest', 'jsonb_build_object', 'to_jsonb', 'format', 'coalesce_', 'cardinality', 'set_config'] loop
    execute format('create function pg_temp.%I(variadic anyarray) returns pg_catalog.text language sql as $f$select pg_temp.evil(1)::pg_catalog.text$f$', v_name);
  end loop;
  create function pg_temp.evil_equals(pg_catalog.text, pg_catalog.text) returns boolean language sql as 'select pg_temp.evil(1)';
  create operator pg_temp.= (function = pg_temp.evil_equals, leftarg = pg_catalog.text, rightarg = pg_catalog.text);
  create function pg_temp.evil_minus(pg_catalog.jsonb, pg_catalog.text[]) returns pg_catalog.jsonb language sql as 'select ''{}''::pg_catalog.jsonb where pg_temp.evil(1)';
  create operator pg_temp.- (function = pg_temp.evil_minus, leftarg = pg_catalog.jsonb, rightarg = pg_catalog.text[]);
end
$$;
select pg_temp.lay_traps();
reset role;

-- Every function of public, called as each role that may, with arguments that go as deep as they can.
create temp table calls (n integer generated always as identity, role pg_catalog.text, call pg_catalog.text, function_name pg_catalog.text generated always as (substring(call from '(\w+)\(')) stored);
insert into calls (role, call) values
  ('authenticated', $$create_signing_session('fam', repeat('ab', 32), '{g1,g2}', 2, '{"kind": 1, "created_at": 1, "content": "", "tags": [["e"]]}', 'x')$$),
  ('service_role', $$record_nonce_commitment('s', 'g1', '02' || repeat('ab', 32) || '02' || repeat('ac', 32))$$),
  ('service_role', $$record_nonce_commitment('s', 'g1', 'XY')$$),
  ('service_role', $$record_nonce_commitment('s', 'g2', '02' || repeat('ad', 32) || '02' || repeat('ae', 32))$$),
  ('service_role', $$record_refused_commitment('s', 'g1', 'bad')$$), ('service_role', $$record_refused_share('s', 'g1', 'bad')$$),
  ('service_role', $$store_share_verification('s', '{"signers": []}')$$), ('authenticated', $$get_share_verification('s')$$),
  ('authenticated', $$get_signing_package('s')$$), ('service_role', $$record_signature_share('s', 'g1', repeat('ab', 32))$$),
  ('service_role', $$record_signature_share('s', 'g2', repeat('ac', 32))$$), ('service_role', $$complete_signing_session('s', repeat('cd', 64))$$),
  ('authenticated', $$get_signing_session('s')$$), ('authenticated', $$list_signing_sessions('completed')$$), ('authenticated', $$list_signing_sessions(p_awaiting_me => true)$$),
  ('authenticated', $$get_transcript('session', 's')$$), ('authenticated', $$record_published_event('s', repeat('ab', 32))$$),
  ('authenticated', $$fail_signing_session('f', 'why')$$), ('authenticated', $$decline_signing_request('d', 'no')$$),
  ('authenticated', $$create_recovery_request('fam', repeat('ab', 32), '{g1,g2,g3}', 2, p_use_case => 'x')$$),
  ('authenticated', $$set_recovery_recipient('r', repeat('ab', 32))$$), ('authenticated', $$submit_recovery_share('r', 'c')$$),
  ('authenticated', $$reject_recovery_share('r', 'g1', 'bad')$$), ('authenticated', $$get_recovery_request('r')$$), ('authenticated', $$list_recovery_requests()$$),
  ('authenticated', $$fail_recovery_request('r', 'why')$$), ('service_role', $$complete_recovery_request('q', 'g1', repeat('cd', 64))$$),
  ('service_role', $$register_key_package('new', 'FROST-secp256k1-SHA256-v1', 2, '{a,b}', '02' || repeat('ab', 32), array['02' || repeat('ac', 32), '02' || repeat('ad', 32)])$$),
  ('service_role', $$publish_nonce_commitments('fam', 'g1', array['02' || repeat('ba', 32) || '02' || repeat('bc', 32)])$$), ('authenticated', $$get_nonce_pool('fam')$$),
  ('authenticated', $$create_signing_sessions('fam', jsonb_build_array(jsonb_build_object('message_hash', repeat('ab', 32))), '{g1,g2}', 2, 'one_tap')$$),
  ('authenticated', $$get_signing_work()$$), ('authenticated', $$get_signing_sessions('{s,f}')$$), ('authenticated', $$withdraw_nonce_commitments('fam')$$),
  ('service_role', $$record_nonce_commitments('[{"session_id": "f", "participant_id": "g1", "nonce_commitment": "XY"}]')$$),
  ('service_role', $$submit_nonce_commitments('{"fam": "g1"}', '[{"session_id": "f", "nonce_commitment": "XY"}]')$$),
  ('authenticated', $$get_share_checks('[{"session_id": "s"}]')$$),
  ('service_role', $$record_signature_shares('[{"session_id": "f", "participant_id": "g1", "signature_share": "ab"}]')$$),
  ('service_role', $$mark_nonce_as_used('ab')$$), ('service_role', $$expire_old_frost_signing_sessions()$$), ('service_role', $$cleanup_old_frost_signing_sessions()$$),
  ('service_role', $$expire_old_sss_signing_requests()$$), ('service_role', $$cleanup_old_sss_signing_requests()$$), ('service_role', $$frost_signing_metrics()$$),
  ('service_role', $$register_host_key('fam', 'g1', '02' || repeat('aa', 32))$$), ('service_role', $$register_host_key('fam', 'g2', '02' || repeat('ab', 32))$$),
  ('authenticated', $$list_host_keys('fam')$$), ('authenticated', $$get_key_status('fam')$$), ('authenticated', $$list_key_ceremonies('fam', p_awaiting_me => true)$$),
  ('authenticated', $$create_key_ceremony('fam', 'reshare', 2, '{g1,g2}', p_dealers => '{g1,g2}')$$), ('authenticated', $$get_key_ceremony('c')$$),
  ('service_role', $$record_ceremony_message('c', 'g1', 1, '{"message": "aa"}')$$), ('service_role', $$record_ceremony_message('c', 'g2', 1, '{"message": "ab"}')$$),
  ('service_role', $$record_refused_ceremony_message('c', 'g1', 2, 'bad', '{}')$$), ('service_role', $$advance_key_ceremony('c', 1, 'ab')$$),
  ('service_role', $$approve_key_package('fam', repeat('ab', 32))$$), ('service_role', $$blame_in_ceremony('c', 'g1', 'g2', true, '{}')$$),
  ('authenticated', $$fail_key_ceremony('c', 'why')$$), ('authenticated', $$get_recovery_data(gen_random_uuid())$$),
  ('service_role', $$people_to_tell(event_id) from public.frost_events where subject_id = 'd' and event = 'declined'$$),
  ('service_role', $$expire_old_key_ceremonies()$$), ('service_role', $$cleanup_old_key_ceremonies()$$);
select pg_temp.session(id, 'fam', '{g1,g2}', 2) from unnest('{s,f,d}'::pg_catalog.text[]) as id;
insert into public.sss_signing_requests (request_id, family_id, message_hash, participants, threshold, created_by)
select id, 'fam', repeat('ab', 32), '{g1,g2,g3}', 2, 'g1' from unnest('{r,q}'::pg_catalog.text[]) as id;
select public.register_host_key('fam', p, '03' || repeat(h, 32)) from (values ('g1', 'aa'), ('g2', 'bb'), ('g3', 'cc')) as v (p, h);
insert into public.frost_key_ceremonies (ceremony_id, family_id, kind, threshold, participants, created_by) values ('c', 'fam', 'dkg', 2, '{g1,g2}', 'g1');
select is_empty($$select proname from pg_proc where pronamespace = 'public'::regnamespace and proname::text not in (select function_name from calls)$$, 'every function is called');

create function pg_temp.attempt(p_role pg_catalog.text, p_call pg_catalog.text) returns pg_catalog.text language sql
return pg_temp.refusal(format('select pg_temp.run_as(%L, %L, %L)', p_role,
  case p_role when 'service_role' then '{"role": "service_role"}'::pg_catalog.jsonb else pg_temp.member('g1', 'fam') end, 'select public.' || p_call));
select matches(pg_temp.attempt(role, call), 'accepted|^PT4', left(call, 60)) from calls order by n;
-- And plain SQL, whose defaults, policies and triggers run too.
select is(pg_temp.attempt('authenticated', $$get_signing_session('s') from public.frost_signing_sessions, public.frost_events limit 1$$), 'accepted', 'policies');
select is(pg_temp.refusal_as('g1', 'fam', $$insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold, created_by)
  values ('fam', repeat('ab', 32), '{g1,g2}', 2, 'g1') returning 1$$), 'accepted', 'defaults and triggers');
select is_empty('select * from pg_temp.seen', 'impossible 12: nothing of the caller''s ran as the owner');

select * from finish();
rollback;

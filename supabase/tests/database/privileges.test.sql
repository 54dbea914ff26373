-- Every function × every role, and every table × every role × every command, against what is meant. A function or
-- a table that nobody listed here fails: who adds one says for whom it is.
begin;
set local search_path = public, extensions;
select no_plan();

create temp table expected_functions (function_name text primary key, roles text[] not null);
insert into expected_functions
select f, '{authenticated,service_role}'::text[] from unnest('{get_signing_session,get_signing_package,
  list_signing_sessions,get_recovery_request,list_recovery_requests,get_transcript,get_nonce_pool,
  list_host_keys,create_key_ceremony,fail_key_ceremony,get_key_ceremony,list_key_ceremonies,get_recovery_data,get_key_status,frost_signing_metrics}'::text[]) as f
union all
select f, '{authenticated}'::text[] from unnest('{create_signing_session,create_signing_sessions,get_signing_work,get_signing_sessions,get_share_checks,
  withdraw_nonce_commitments,fail_signing_session,
  get_share_verification,create_recovery_request,
  set_recovery_recipient,submit_recovery_share,reject_recovery_share,fail_recovery_request,
  decline_signing_request,record_published_event}'::text[]) as f
union all
select f, '{service_role}'::text[] from unnest('{register_key_package,record_nonce_commitment,record_signature_share,
  record_nonce_commitments,record_signature_shares,submit_nonce_commitments,publish_nonce_commitments,
  record_refused_commitment,record_refused_share,complete_signing_session,store_share_verification,complete_recovery_request,
  expire_old_frost_signing_sessions,cleanup_old_frost_signing_sessions,mark_nonce_as_used,
  expire_old_sss_signing_requests,cleanup_old_sss_signing_requests,
  register_host_key,record_ceremony_message,record_refused_ceremony_message,advance_key_ceremony,blame_in_ceremony,approve_key_package,
  expire_old_key_ceremonies,cleanup_old_key_ceremonies,people_to_tell}'::text[]) as f;

create temp table roles as select unnest(array['anon', 'authenticated', 'service_role']) as role;

select is(has_function_privilege(r.role, p.oid, 'execute'), r.role = any (e.roles),
  format('%s: %s', r.role, p.oid::regprocedure))
from pg_proc as p left join expected_functions as e on e.function_name = p.proname cross join roles as r
where p.pronamespace = 'public'::regnamespace
order by 1;
select is((select count(*) from expected_functions),
  (select count(*) from pg_proc where pronamespace = 'public'::regnamespace), 'every public function is listed');

-- In permafrost a role may execute the twins of what it may call, and the few helpers named here.
select is(has_function_privilege(r.role, p.oid, 'execute'),
  coalesce(r.role = any (e.roles), false)
    or (p.proname = 'signing_metrics' and r.role <> 'anon')
    or (p.proname in ('memberships', 'families') and r.role = 'authenticated')
    or (p.proname in ('now_ms', 'live_from') and r.role <> 'anon'),
  format('%s: %s', r.role, p.oid::regprocedure))
from pg_proc as p left join expected_functions as e on e.function_name = p.proname cross join roles as r
where p.pronamespace = 'permafrost'::regnamespace;
select is_empty(
  $$select p.oid::regprocedure from pg_proc as p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where p.pronamespace in ('public'::regnamespace, 'permafrost'::regnamespace) and a.grantee = 0$$,
  'PUBLIC executes nothing');

create temp table expected_tables (table_name text, role text, commands text[] not null, primary key (table_name, role));
insert into expected_tables values
  ('frost_key_packages', 'authenticated', '{SELECT}'), ('frost_key_packages', 'service_role', '{SELECT}'),
  ('frost_signing_sessions', 'authenticated', '{SELECT}'), -- and to insert, by columns: hidden_rights
  ('frost_signing_sessions', 'service_role', '{SELECT,INSERT,UPDATE,DELETE}'),
  ('frost_signing_quorums', 'authenticated', '{SELECT}'), ('frost_signing_quorums', 'service_role', '{SELECT}'),
  ('frost_signing_batches', 'authenticated', '{SELECT}'), ('frost_signing_batches', 'service_role', '{SELECT}'),
  ('frost_nonce_pool', 'authenticated', '{SELECT}'), ('frost_nonce_pool', 'service_role', '{SELECT}'),
  ('frost_nonce_commitments', 'authenticated', '{SELECT}'),
  ('frost_nonce_commitments', 'service_role', '{SELECT,INSERT,UPDATE,DELETE}'),
  ('frost_signature_shares', 'authenticated', '{SELECT}'), ('frost_signature_shares', 'service_role', '{SELECT}'),
  ('frost_events', 'authenticated', '{SELECT}'), ('frost_events', 'service_role', '{SELECT}'),
  ('sss_signing_requests', 'authenticated', '{SELECT}'), ('sss_signing_requests', 'service_role', '{SELECT}'),
  ('sss_encrypted_shares', 'authenticated', '{SELECT}'),
  ('frost_host_keys', 'authenticated', '{SELECT}'), ('frost_host_keys', 'service_role', '{SELECT}'),
  ('frost_key_ceremonies', 'authenticated', '{SELECT}'), ('frost_key_ceremonies', 'service_role', '{SELECT}'),
  ('frost_ceremony_messages', 'authenticated', '{SELECT}'), ('frost_ceremony_messages', 'service_role', '{SELECT}'),
  ('frost_session_statuses', 'service_role', '{SELECT}'), ('frost_sessions_by_hour', 'service_role', '{SELECT}'), ('frost_session_durations', 'service_role', '{SELECT}'),
  ('frost_refusals', 'service_role', '{SELECT}'), ('frost_unhealthy_sessions', 'service_role', '{SELECT}');

select is(has_table_privilege(r.role, c.oid, command), coalesce(command = any (e.commands), false),
  format('%s: %s %s', r.role, lower(command), c.oid::regclass))
from pg_class as c cross join roles as r
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as command
left join expected_tables as e
  on c.relnamespace = 'public'::regnamespace and e.table_name = c.relname and e.role = r.role
where c.relkind in ('r', 'v') and c.relnamespace in ('public'::regnamespace, 'permafrost'::regnamespace);
select is_empty(
  $$select c.oid::regclass, role, privilege from pg_class as c, roles, unnest(array['USAGE', 'SELECT', 'UPDATE']) as privilege
    where relkind = 'S' and relnamespace in ('public'::regnamespace, 'permafrost'::regnamespace)
      and has_sequence_privilege(role, c.oid, privilege)$$, 'no role has a sequence');
select is_empty(
  $$select role from roles where has_schema_privilege(role, 'permafrost', 'usage')$$, 'no role may use the schema permafrost');

select * from finish();
rollback;

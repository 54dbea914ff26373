-- Takes Permafrost out of a database: everything its migrations made and nothing else, in one statement. If
-- something of yours depends on it, the drop fails, and nothing is changed. Where there is no Permafrost, it
-- does nothing. Run it as the role that applied the migrations (postgres):
--
--   psql "$DB_URL" -v ON_ERROR_STOP=1 -f supabase/rollback.sql
--
-- The nonce ledger is what keeps a nonce from being accepted twice. Dropping one that has entries is safe
-- only if no key that was used with it is used again, so it has to be asked for, in the same session:
--
--   set permafrost.drop_ledger = 'yes';

do $rollback$
declare
  v_entries bigint;
  v_functions text;
  v_tables text;
begin
  if to_regnamespace('permafrost') is null then
    raise notice 'Permafrost is not installed';
    return;
  end if;
  lock table permafrost.nonce_ledger in access exclusive mode;
  select count(*) into v_entries from permafrost.nonce_ledger;
  if v_entries > 0 and current_setting('permafrost.drop_ledger', true) is distinct from 'yes' then
    raise exception using
      errcode = 'object_in_use',
      message = format('The nonce ledger is not empty (entries: %s)', v_entries),
      hint = 'Back it up, retire the keys that were used with it, and say: set permafrost.drop_ledger = ''yes'';';
  end if;

  -- What the product left in other schemas.
  if to_regclass('realtime.messages') is not null then
    drop policy if exists "Members hear of their family's signing" on realtime.messages;
  end if;
  if to_regclass('cron.job') is not null then
    perform cron.unschedule(jobname) from cron.job
    where jobname in ('permafrost_expire_sessions', 'permafrost_expire_recovery_requests', 'permafrost_expire_ceremonies');
  end if;
  -- So that a later push applies the migrations again.
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations
    where version between '20261101000100' and '20261101004100'
      and name in ('claims', 'refusals', 'incarnations', 'events', 'limits', 'the_law', 'turns_and_sweeps', 'realtime',
        'ciphersuites', 'key_packages', 'requests', 'signing_sessions', 'quorums', 'nonce_commitments', 'signature_shares', 'nonce_pools',
        'session_states', 'publishing_nonces', 'reading_sessions', 'listing', 'creating_sessions', 'recording_round_one', 'recording_round_two', 'signing_work', 'signing_over_http',
        'recovery_requests', 'recovery_shares', 'reading_recoveries', 'recovery_calls', 'host_keys', 'key_ceremonies',
        'ceremony_states', 'reading_ceremonies', 'ceremony_calls', 'key_status', 'declining_and_publishing',
        'maintenance', 'transcripts', 'monitoring', 'telling', 'self_check');
  end if;

  drop view if exists public.frost_session_statuses, public.frost_sessions_by_hour, public.frost_session_durations,
    public.frost_refusals, public.frost_unhealthy_sessions;

  -- Functions take rows of the tables, and the tables' defaults, policies and triggers call functions: so the
  -- functions that no table calls go first, then the tables, then the rest. In public, ours are those that call
  -- permafrost: a function of yours may have the name of one of them.
  select string_agg(p.oid::regprocedure::text, ', ') into v_functions
  from pg_proc as p
  where p.pronamespace = to_regnamespace('public') and exists (
      select from pg_depend as d join pg_proc as q on q.oid = d.refobjid and q.pronamespace = to_regnamespace('permafrost')
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass)
    or p.pronamespace = to_regnamespace('permafrost') and p.prorettype <> 'trigger'::regtype
      and p.proname not in ('now_ms', 'memberships', 'families', 'live_from');
  execute 'drop routine ' || v_functions;

  -- In one statement, since they refer to one another.
  select string_agg(c.oid::regclass::text, ', ') into v_tables
  from pg_class as c where c.relkind = 'r' and (c.relnamespace = to_regnamespace('permafrost')
    or c.relnamespace = to_regnamespace('public') and c.relname in ('frost_signature_shares', 'frost_nonce_commitments',
      'frost_signing_sessions', 'frost_signing_quorums', 'frost_signing_batches', 'frost_nonce_pool', 'frost_key_packages',
      'frost_host_keys', 'frost_key_ceremonies', 'frost_ceremony_messages', 'frost_events', 'sss_encrypted_shares', 'sss_signing_requests'));
  execute 'drop table ' || v_tables;

  select string_agg(p.oid::regprocedure::text, ', ') into v_functions
  from pg_proc as p where p.pronamespace = to_regnamespace('permafrost');
  execute 'drop routine ' || v_functions;

  drop schema permafrost;
  drop type if exists public.signing_session_status, public.signing_mode, public.signing_quorum_status;
  drop type if exists public.sss_request_status, public.key_ceremony_status;
end
$rollback$;

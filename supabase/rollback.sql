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
      message = format('The nonce ledger has %s entries', v_entries),
      hint = 'Back it up, retire the keys that were used with it, and say: set permafrost.drop_ledger = ''yes'';';
  end if;

  -- What the product left in other schemas.
  if to_regclass('realtime.messages') is not null then
    drop policy if exists "Members hear of their family's signing" on realtime.messages;
  end if;
  if to_regclass('cron.job') is not null then
    perform cron.unschedule(jobname) from cron.job
    where jobname in ('permafrost_expire_sessions', 'permafrost_expire_recovery_requests');
  end if;
  -- So that a later push applies the migrations again.
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations
    where version between '20261101000100' and '20261101001800'
      and name in ('identity_and_refusals', 'ciphersuites', 'key_packages', 'signing_sessions',
        'session_events', 'nonce_commitments', 'signature_shares', 'state_machine', 'declines',
        'reading_sessions', 'creating_and_failing', 'recording_round_one', 'recording_round_two',
        'maintenance', 'recovery_requests', 'recovery_shares', 'recovery_rpcs', 'recovery_round',
        'declines_and_publishing', 'realtime', 'monitoring');
  end if;

  drop view public.frost_sessions_by_hour, public.frost_session_durations, public.frost_refusals,
    public.frost_unhealthy_sessions;

  -- With their arguments: a function of yours may have the name of one of these.
  drop function
    public.cleanup_old_frost_signing_sessions(integer),
    public.cleanup_old_sss_signing_requests(integer),
    public.complete_recovery_request(text, text, text),
    public.complete_signing_session(text, text),
    public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer),
    public.create_signing_session(text, text, text[], integer, jsonb, text, integer),
    public.decline_signing_request(text, text),
    public.expire_old_frost_signing_sessions(),
    public.expire_old_sss_signing_requests(),
    public.fail_recovery_request(text, text),
    public.fail_signing_session(text, text),
    public.frost_signing_metrics(interval, text, numeric, integer, integer),
    public.get_recovery_request(text),
    public.get_share_verification(text),
    public.get_signing_package(text),
    public.get_signing_session(text),
    public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint),
    public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint),
    public.mark_nonce_as_used(text),
    public.record_nonce_commitment(text, text, text),
    public.record_published_event(text, text),
    public.record_refused_commitment(text, text, text),
    public.record_refused_share(text, text, text),
    public.record_signature_share(text, text, text),
    public.register_key_package(text, text, integer, text[], text, text[], text[], text),
    public.reject_recovery_share(text, text, text, text),
    public.set_recovery_recipient(text, text),
    public.store_share_verification(text, jsonb),
    public.submit_recovery_share(text, text);

  -- Functions take rows of the tables, and the tables' defaults, policies and triggers call functions: so the
  -- functions that no table calls go first, then the tables, then the rest.
  select string_agg(p.oid::regprocedure::text, ', ') into v_functions
  from pg_proc as p
  where p.pronamespace = to_regnamespace('permafrost') and p.prorettype <> 'trigger'::regtype
    and p.proname not in ('now_ms', 'claims', 'claim', 'current_family_id', 'current_participant_id');
  execute 'drop function ' || v_functions;

  drop table
    public.frost_signature_shares,
    public.frost_nonce_commitments,
    public.frost_session_events,
    public.frost_signing_sessions,
    public.sss_encrypted_shares,
    public.sss_request_events,
    public.sss_signing_requests,
    public.frost_key_packages,
    permafrost.share_verifications,
    permafrost.session_declines,
    permafrost.request_declines,
    permafrost.signing_session_transitions,
    permafrost.sss_request_transitions,
    permafrost.ciphersuites,
    permafrost.nonce_ledger;

  select string_agg(p.oid::regprocedure::text, ', ') into v_functions
  from pg_proc as p where p.pronamespace = to_regnamespace('permafrost');
  execute 'drop function ' || v_functions;

  drop schema permafrost;
  drop type public.signing_session_status;
  drop type public.sss_request_status;
end
$rollback$;

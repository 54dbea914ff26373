-- Operators' helpers: sweep what has expired, delete what is old, mark a nonce by hand. Nothing depends on them:
-- a session past its time is expired whether or not anybody has swept.

-- Security definer: it moves sessions. Each sweep also forgets the windows of limits that are over.
create or replace function permafrost.expire_old_frost_signing_sessions() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant bigint := permafrost.now_ms();
begin
  -- A member that keeps its transaction open does not hold up the sweep of everybody.
  delete from permafrost.usage where (family_id, participant_id, limit_name, window_start) in (
    select u.family_id, u.participant_id, u.limit_name, u.window_start from permafrost.usage as u
    where u.window_start between 1 and v_now - 120000 for update skip locked);
  return permafrost.sweep('session', v_now + 5000);
end;
$$;

create or replace function public.expire_old_frost_signing_sessions() returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.expire_old_frost_signing_sessions(); end;
comment on function public.expire_old_frost_signing_sessions() is
  'Marks unfinished sessions past their time as expired, and those of before a restore as failed, for five seconds at most; returns how many. 0 when none is left. Warns of a row that it had to skip.';

-- Security definer: nobody has update.
create or replace function permafrost.expire_old_sss_signing_requests() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.sweep('recovery', permafrost.now_ms() + 5000);

create or replace function public.expire_old_sss_signing_requests() returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.expire_old_sss_signing_requests(); end;
comment on function public.expire_old_sss_signing_requests() is
  'As expire_old_frost_signing_sessions, for recovery requests.';

-- Security definer: nobody has update.
create or replace function permafrost.expire_old_key_ceremonies() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.sweep('ceremony', permafrost.now_ms() + 5000);

create or replace function public.expire_old_key_ceremonies() returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.expire_old_key_ceremonies(); end;
comment on function public.expire_old_key_ceremonies() is 'As expire_old_frost_signing_sessions, for ceremonies.';

-- Security definer: it deletes sessions. Their events and their nonces' ledger entries stay. A pooled commitment goes
-- once a session that it was bound to at its last moment has been kept as long.
create or replace function permafrost.cleanup_old_frost_signing_sessions(retention_days integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_deleted integer := permafrost.cleanup('session', retention_days);
begin
  delete from public.frost_nonce_pool where nonce_commitment in (
    select p.nonce_commitment from public.frost_nonce_pool as p
    where p.expires_at < permafrost.now_ms() - 604800000 - 86400000 * retention_days::bigint
    order by p.expires_at limit 10000 for update skip locked);
  return v_deleted;
end;
$$;

create or replace function public.cleanup_old_frost_signing_sessions(retention_days integer default 90) returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.cleanup_old_frost_signing_sessions(retention_days); end;
comment on function public.cleanup_old_frost_signing_sessions(integer) is
  'Deletes finished sessions created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Pooled commitments go when what they could be bound to does. Events and the nonce ledger stay. Refuses invalid_input.';

-- Security definer: nobody has delete.
create or replace function permafrost.cleanup_old_sss_signing_requests(retention_days integer) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.cleanup('recovery', retention_days);

create or replace function public.cleanup_old_sss_signing_requests(retention_days integer default 90) returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.cleanup_old_sss_signing_requests(retention_days); end;
comment on function public.cleanup_old_sss_signing_requests(integer) is
  'As cleanup_old_frost_signing_sessions, for recovery requests.';

-- Security definer: nobody has delete.
create or replace function permafrost.cleanup_old_key_ceremonies(retention_days integer) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.cleanup('ceremony', retention_days);

create or replace function public.cleanup_old_key_ceremonies(retention_days integer default 90) returns integer
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.cleanup_old_key_ceremonies(retention_days); end;
comment on function public.cleanup_old_key_ceremonies(integer) is
  'As cleanup_old_frost_signing_sessions, for ceremonies that failed or expired; completed ones hold the recovery data of their key, and stay.';

-- Security definer: as its siblings. A commitment marked by hand takes no share any more.
create or replace function permafrost.mark_nonce_as_used(p_nonce_commitment text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
  v_participant text;
begin
  -- The session's row first, as for every change.
  select s.* into v_session
  from public.frost_signing_sessions as s join public.frost_nonce_commitments as c using (session_id)
  where c.nonce_commitment = p_nonce_commitment
  for update of s;
  update public.frost_nonce_commitments set nonce_used = true
  where nonce_commitment = p_nonce_commitment and not nonce_used
  returning participant_id into v_participant;
  if not found then
    -- A pooled commitment that is not bound is taken out of its pool.
    update public.frost_nonce_pool as p set withdrawn_at = permafrost.now_ms()
    where p.nonce_commitment = p_nonce_commitment and p.bound_at is null and p.withdrawn_at is null;
    return found;
  end if;
  perform permafrost.log_event('session', v_session.session_id, v_session.family_id, 'nonce_marked', null,
    jsonb_build_object('participant', v_participant));
  return true;
end;
$$;

create or replace function public.mark_nonce_as_used(p_nonce_commitment text) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.mark_nonce_as_used(p_nonce_commitment); end;
comment on function public.mark_nonce_as_used(text) is
  'Marks a commitment used; true for exactly one caller, false where it was used or is unknown.';

revoke all on function permafrost.expire_old_frost_signing_sessions(), public.expire_old_frost_signing_sessions(),
  permafrost.expire_old_key_ceremonies(), public.expire_old_key_ceremonies(),
  permafrost.cleanup_old_key_ceremonies(integer), public.cleanup_old_key_ceremonies(integer),
  permafrost.expire_old_sss_signing_requests(), public.expire_old_sss_signing_requests(),
  permafrost.cleanup_old_frost_signing_sessions(integer), public.cleanup_old_frost_signing_sessions(integer),
  permafrost.cleanup_old_sss_signing_requests(integer), public.cleanup_old_sss_signing_requests(integer),
  permafrost.mark_nonce_as_used(text), public.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_frost_signing_sessions(), public.expire_old_frost_signing_sessions(),
  permafrost.expire_old_key_ceremonies(), public.expire_old_key_ceremonies(),
  permafrost.cleanup_old_key_ceremonies(integer), public.cleanup_old_key_ceremonies(integer),
  permafrost.expire_old_sss_signing_requests(), public.expire_old_sss_signing_requests(),
  permafrost.cleanup_old_frost_signing_sessions(integer), public.cleanup_old_frost_signing_sessions(integer),
  permafrost.cleanup_old_sss_signing_requests(integer), public.cleanup_old_sss_signing_requests(integer),
  permafrost.mark_nonce_as_used(text), public.mark_nonce_as_used(text) to service_role;

-- Where the project has pg_cron, it sweeps every minute. cron.schedule replaces a job of the same name. Some
-- projects keep cron to another role: then the installation goes on without.
do $$
declare
  v_schedule constant text := $sql$select cron.schedule('permafrost_expire_sessions', '* * * * *', 'select public.expire_old_frost_signing_sessions()'),
  cron.schedule('permafrost_expire_recovery_requests', '* * * * *', 'select public.expire_old_sss_signing_requests()'),
  cron.schedule('permafrost_expire_ceremonies', '* * * * *', 'select public.expire_old_key_ceremonies()')$sql$;
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    execute v_schedule;
  end if;
exception when insufficient_privilege then
  raise warning E'Nothing sweeps by itself: this role may not schedule jobs. A role that may can run:\n%;', v_schedule;
end
$$;

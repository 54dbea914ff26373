-- Operators' helpers: sweep what has expired, delete what is old, mark a nonce by hand. Nothing depends on
-- them: a session past its time is expired whether or not anybody has swept.

-- Batches bound what one statement holds; skip locked leaves a session whose caller is at work to the next
-- sweep instead of waiting for it. A call through the API is cut off after eight seconds, and would have done
-- nothing: so each stops after five seconds, and the next call goes on.
create or replace function permafrost.sweep_sessions(p_until bigint) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms(); -- one value, which an index can be searched by
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  loop
    with swept as (
      update public.frost_signing_sessions set status = 'expired'
      where session_id in (
        select s.session_id from public.frost_signing_sessions as s
        where s.status in ('pending', 'nonce_collection', 'signing', 'aggregating')
          and s.expires_at between v_from and v_now
        order by s.expires_at
        limit v_batch
        for update skip locked)
      returning expires_at)
    select count(*), max(expires_at) into v_rows, v_from from swept;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > p_until;
  end loop;
  return v_total;
end;
$$;
comment on function permafrost.sweep_sessions(bigint) is
  'Marks sessions past their time as expired, a batch at least, then until p_until (milliseconds); returns how many.';
revoke all on function permafrost.sweep_sessions(bigint) from public, anon, authenticated, service_role;

-- Security definer: it moves sessions.
create or replace function permafrost.expire_old_frost_signing_sessions() returns integer
language sql volatile security definer set search_path = ''
return permafrost.sweep_sessions(permafrost.now_ms() + 5000);
revoke all on function permafrost.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_frost_signing_sessions() to service_role;

create or replace function public.expire_old_frost_signing_sessions() returns integer
language sql volatile set search_path = ''
begin atomic select permafrost.expire_old_frost_signing_sessions(); end;
comment on function public.expire_old_frost_signing_sessions() is
  'Marks unfinished sessions past their time as expired, for five seconds at most; returns how many. 0 when none is left.';
revoke all on function public.expire_old_frost_signing_sessions() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_frost_signing_sessions() to service_role;

-- Security definer: it deletes sessions. Their events and their nonces' ledger entries stay.
create or replace function permafrost.cleanup_old_frost_signing_sessions(retention_days integer) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_batch constant integer := 1000;
  v_now constant bigint := permafrost.now_ms();
  v_from bigint := 0;
  v_rows integer;
  v_total integer := 0;
begin
  if retention_days is null or retention_days < 1 then
    perform permafrost.refuse('invalid_input', 'Sessions are kept for at least one day');
  end if;
  perform permafrost.sweep_sessions(v_now + 2000);
  loop
    with deleted as (
      delete from public.frost_signing_sessions
      where session_id in (
        select s.session_id from public.frost_signing_sessions as s
        where s.created_at >= v_from and s.created_at < v_now - 86400000 * retention_days::bigint
          and s.status in ('completed', 'failed', 'expired')
        order by s.created_at
        limit v_batch
        for update skip locked)
      returning created_at)
    select count(*), max(created_at) into v_rows, v_from from deleted;
    v_total := v_total + v_rows;
    exit when v_rows < v_batch or permafrost.now_ms() > v_now + 5000;
  end loop;
  return v_total;
end;
$$;
revoke all on function permafrost.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_frost_signing_sessions(integer) to service_role;

create or replace function public.cleanup_old_frost_signing_sessions(retention_days integer default 90) returns integer
language sql volatile set search_path = ''
begin atomic select permafrost.cleanup_old_frost_signing_sessions(retention_days); end;
comment on function public.cleanup_old_frost_signing_sessions(integer) is
  'Deletes finished sessions created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Events and the nonce ledger stay. Refuses invalid_input.';
revoke all on function public.cleanup_old_frost_signing_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_frost_signing_sessions(integer) to service_role;

-- Security definer: as its siblings. A commitment marked by hand takes no share any more.
create or replace function permafrost.mark_nonce_as_used(p_nonce_commitment text) returns boolean
language plpgsql volatile security definer set search_path = ''
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
    return false;
  end if;
  perform permafrost.log_event(v_session, 'nonce_marked', null, jsonb_build_object('participant', v_participant));
  return true;
end;
$$;
revoke all on function permafrost.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.mark_nonce_as_used(text) to service_role;

create or replace function public.mark_nonce_as_used(p_nonce_commitment text) returns boolean
language sql volatile set search_path = ''
begin atomic select permafrost.mark_nonce_as_used(p_nonce_commitment); end;
comment on function public.mark_nonce_as_used(text) is
  'Marks a commitment used; true for exactly one caller, false where it was used or is unknown.';
revoke all on function public.mark_nonce_as_used(text) from public, anon, authenticated, service_role;
grant execute on function public.mark_nonce_as_used(text) to service_role;

-- Where the project has pg_cron, it sweeps every minute. cron.schedule replaces a job of the same name.
do $$
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    perform cron.schedule('permafrost_expire_sessions', '* * * * *',
      'select public.expire_old_frost_signing_sessions()');
  end if;
end
$$;

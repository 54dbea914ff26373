-- Handing in shares, and finishing: the two steps that make a recovery a signature.

-- Security definer: members have no insert.
create or replace function permafrost.submit_recovery_share(p_request_id text, p_ciphertext text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_me text := permafrost.current_participant_id();
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
  v_share public.sss_encrypted_shares;
  v_repeated boolean;
begin
  if v_me is null or v_me <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  v_request := permafrost.lock_request(p_request_id);
  select * into v_share from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = v_me;
  v_repeated := coalesce(v_share.ciphertext in (p_ciphertext, permafrost.ciphertext_digest(p_ciphertext)), false);
  if v_share.status = 'submitted' and not v_repeated then
    perform permafrost.refuse('share_already_submitted', 'Another share was submitted before');
  end if;
  -- An exact retry gets the answer that is true now, and does not bring back what was rejected.
  if not v_repeated then
    insert into public.sss_encrypted_shares (request_id, guardian_id, ciphertext)
    values (p_request_id, v_me, p_ciphertext)
    -- After a rejection another may be handed in.
    on conflict (request_id, guardian_id) do update
      set ciphertext = excluded.ciphertext, status = 'submitted', created_at = excluded.created_at;
  end if;
  return permafrost.request_progress(p_request_id);
end;
$$;
revoke all on function permafrost.submit_recovery_share(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.submit_recovery_share(text, text) to authenticated;

create or replace function public.submit_recovery_share(p_request_id text, p_ciphertext text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.submit_recovery_share(p_request_id, p_ciphertext); end;
comment on function public.submit_recovery_share(text, text) is
  'For a guardian: its signing share, encrypted to the request''s key. Returns status, share_count, threshold_met. Refuses session_not_found, not_a_participant, session_expired, session_finished, round_open, round_closed, share_already_submitted, invalid_transition, invalid_input.';
revoke all on function public.submit_recovery_share(text, text) from public, anon, authenticated, service_role;
grant execute on function public.submit_recovery_share(text, text) to authenticated;

-- Security definer: nobody has update. The function complete-recovery has verified the signature.
create or replace function permafrost.complete_recovery_request(
  p_request_id text, p_participant_id text, p_final_signature text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests := permafrost.lock_request(p_request_id);
begin
  if v_request.created_by is distinct from p_participant_id then
    perform permafrost.refuse('not_the_creator', 'Only its requester may complete a request');
  end if;
  if v_request.status in ('pending', 'partial') then
    perform permafrost.refuse('round_open', 'Too few shares are there to make a signature of');
  end if;
  if v_request.status <> 'completed' or v_request.final_signature is distinct from p_final_signature then
    update public.sss_signing_requests set status = 'completed', final_signature = p_final_signature
    where request_id = p_request_id
    returning * into v_request;
  end if;
  return jsonb_build_object('status', v_request.status, 'final_signature', v_request.final_signature,
    'completed_at', v_request.completed_at);
end;
$$;
revoke all on function permafrost.complete_recovery_request(text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.complete_recovery_request(text, text, text) to service_role;

create or replace function public.complete_recovery_request(
  p_request_id text, p_participant_id text, p_final_signature text
) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.complete_recovery_request(p_request_id, p_participant_id, p_final_signature); end;
comment on function public.complete_recovery_request(text, text, text) is
  'Completes a ready request, for its requester, with a signature the caller has verified under the group key; no ciphertext is kept. The same signature again gets the same answer. Refuses session_not_found, not_the_creator, round_open, session_expired, session_finished, invalid_transition, invalid_input.';
revoke all on function public.complete_recovery_request(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.complete_recovery_request(text, text, text) to service_role;

-- Maintenance, as for sessions ------------------------------------------------------------------------------

create or replace function permafrost.sweep_requests(p_until bigint) returns integer
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
      update public.sss_signing_requests set status = 'expired'
      where request_id in (
        select r.request_id from public.sss_signing_requests as r
        where r.status in ('pending', 'partial', 'ready')
          and r.expires_at between v_from and v_now
        order by r.expires_at
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
comment on function permafrost.sweep_requests(bigint) is 'As sweep_sessions, of recovery requests.';
revoke all on function permafrost.sweep_requests(bigint) from public, anon, authenticated, service_role;

-- Security definer: nobody has update.
create or replace function permafrost.expire_old_sss_signing_requests() returns integer
language sql volatile security definer set search_path = ''
return permafrost.sweep_requests(permafrost.now_ms() + 5000);
revoke all on function permafrost.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function permafrost.expire_old_sss_signing_requests() to service_role;

create or replace function public.expire_old_sss_signing_requests() returns integer
language sql volatile set search_path = ''
begin atomic select permafrost.expire_old_sss_signing_requests(); end;
comment on function public.expire_old_sss_signing_requests() is
  'Marks unfinished recovery requests past their time as expired, for five seconds at most; returns how many. 0 when none is left.';
revoke all on function public.expire_old_sss_signing_requests() from public, anon, authenticated, service_role;
grant execute on function public.expire_old_sss_signing_requests() to service_role;

-- Security definer: nobody has delete.
create or replace function permafrost.cleanup_old_sss_signing_requests(retention_days integer) returns integer
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
    perform permafrost.refuse('invalid_input', 'Requests are kept for at least one day');
  end if;
  perform permafrost.sweep_requests(v_now + 2000);
  loop
    with deleted as (
      delete from public.sss_signing_requests
      where request_id in (
        select r.request_id from public.sss_signing_requests as r
        where r.created_at >= v_from and r.created_at < v_now - 86400000 * retention_days::bigint
          and r.status in ('completed', 'failed', 'expired')
        order by r.created_at
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
revoke all on function permafrost.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_sss_signing_requests(integer) to service_role;

create or replace function public.cleanup_old_sss_signing_requests(retention_days integer default 90) returns integer
language sql volatile set search_path = ''
begin atomic select permafrost.cleanup_old_sss_signing_requests(retention_days); end;
comment on function public.cleanup_old_sss_signing_requests(integer) is
  'Deletes finished recovery requests created more than retention_days ago (at least 1), for five seconds at most; returns how many. 0 when none is left. Events stay. Refuses invalid_input.';
revoke all on function public.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_old_sss_signing_requests(integer) to service_role;

-- Where the project has pg_cron, it sweeps every minute.
do $$
begin
  if exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    perform cron.schedule('permafrost_expire_recovery_requests', '* * * * *',
      'select public.expire_old_sss_signing_requests()');
  end if;
end
$$;

-- Handing in shares, and finishing: the two steps that make a recovery a signature.

-- Rejected or not, from one request or from several: a requester's device that was given as many shares as
-- the key's threshold, its own included, could have put the secret together.
create or replace function permafrost.mark_if_exposed(p_request public.sss_signing_requests) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_package public.frost_key_packages;
  v_shares integer;
begin
  -- The turn first: of two shares that are handed in at once the second counts the first.
  perform permafrost.lock_family_key(p_request.family_id);
  select * into strict v_package from public.frost_key_packages where key_package_id = p_request.key_package_id;
  select count(*) into v_shares from (
    select e.actor from public.sss_request_events as e
    where e.event = 'share_submitted' and e.family_id = p_request.family_id
      and e.detail ->> 'key_package_id' = p_request.key_package_id::text
      and e.detail ->> 'requester' = p_request.created_by
    union
    select p_request.created_by where p_request.created_by = any (v_package.participants)
  ) as holders;
  if v_shares >= v_package.threshold then
    update public.frost_key_packages set exposed_at = permafrost.now_ms()
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null;
  end if;
end;
$$;
comment on function permafrost.mark_if_exposed(public.sss_signing_requests) is
  'Marks a key exposed once a requester was given as many shares as its threshold.';
revoke all on function permafrost.mark_if_exposed(public.sss_signing_requests)
  from public, anon, authenticated, service_role;

-- Security definer: members have no insert.
create or replace function permafrost.submit_recovery_share(p_request_id text, p_ciphertext text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_me text := permafrost.current_participant_id();
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
  v_share public.sss_encrypted_shares;
begin
  if v_me is null or v_me <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  v_request := permafrost.lock_request(p_request_id);
  select * into v_share from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = v_me;
  if v_share.status = 'submitted' then
    -- An exact retry gets its answer again.
    if v_share.ciphertext is distinct from p_ciphertext then
      perform permafrost.refuse('share_already_submitted', 'Another share was submitted before');
    end if;
    return permafrost.count_request_shares(v_request);
  end if;
  if v_request.status in ('completed', 'failed') then
    perform permafrost.refuse('session_finished', format('The request is %s', v_request.status));
  end if;
  if v_request.status = 'ready' then
    perform permafrost.refuse('round_closed', 'Enough shares are there already');
  end if;
  if v_request.recipient_public_key is null then
    perform permafrost.refuse('round_open', 'The requester has not set the key to encrypt to');
  end if;
  if exists (select from permafrost.request_declines where request_id = p_request_id and participant_id = v_me) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
  if coalesce(char_length(p_ciphertext), 0) not between 1 and 8192 or p_ciphertext !~ '^[[:graph:]]+$' then
    perform permafrost.refuse('invalid_input', 'A ciphertext has 1 to 8,192 printable characters');
  end if;
  insert into public.sss_encrypted_shares (request_id, guardian_id, ciphertext)
  values (p_request_id, v_me, p_ciphertext)
  -- After a rejection another may be handed in.
  on conflict (request_id, guardian_id) do update
    set ciphertext = excluded.ciphertext, status = 'submitted', created_at = excluded.created_at;
  -- In the event too, which outlives the request: what a device has been given it does not give back.
  perform permafrost.log_request_event(v_request, 'share_submitted', v_me, jsonb_build_object(
    'key_package_id', v_request.key_package_id, 'requester', v_request.created_by));
  perform permafrost.mark_if_exposed(v_request);
  return permafrost.count_request_shares(v_request);
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
  if not permafrost.is_hex(p_final_signature) then
    perform permafrost.refuse('invalid_input', 'A final signature is lower-case hex');
  end if;
  if not (v_request.status = 'completed' and v_request.final_signature = p_final_signature) then
    update public.sss_signing_requests set status = 'completed', final_signature = p_final_signature
    where request_id = p_request_id
    returning * into v_request;
    -- They have served; the request keeps no more than it must.
    delete from public.sss_encrypted_shares where request_id = p_request_id;
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
  'Completes a ready request, for its requester, with a signature the caller has verified under the group key; the ciphertexts are deleted. The same signature again gets the same answer.';
revoke all on function public.complete_recovery_request(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.complete_recovery_request(text, text, text) to service_role;

-- Maintenance, as for sessions ------------------------------------------------------------------------------

-- Security definer: nobody has update.
create or replace function permafrost.expire_old_sss_signing_requests() returns integer
language plpgsql volatile security definer set search_path = ''
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
    -- A call through the API is cut off after eight seconds, and would have done nothing.
    exit when v_rows < v_batch or permafrost.now_ms() > v_now + 5000;
  end loop;
  return v_total;
end;
$$;
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
  v_now constant bigint := permafrost.now_ms();
  v_rows integer;
begin
  if retention_days is null or retention_days < 1 then
    perform permafrost.refuse('invalid_input', 'Requests are kept for at least one day');
  end if;
  perform permafrost.expire_old_sss_signing_requests();
  delete from public.sss_signing_requests
  where request_id in (
    select r.request_id from public.sss_signing_requests as r
    where r.created_at < v_now - 86400000 * retention_days::bigint
      and r.status in ('completed', 'failed', 'expired')
    for update skip locked);
  get diagnostics v_rows = row_count;
  return v_rows;
end;
$$;
revoke all on function permafrost.cleanup_old_sss_signing_requests(integer) from public, anon, authenticated, service_role;
grant execute on function permafrost.cleanup_old_sss_signing_requests(integer) to service_role;

create or replace function public.cleanup_old_sss_signing_requests(retention_days integer default 90) returns integer
language sql volatile set search_path = ''
begin atomic select permafrost.cleanup_old_sss_signing_requests(retention_days); end;
comment on function public.cleanup_old_sss_signing_requests(integer) is
  'Deletes finished recovery requests created more than retention_days ago (at least 1), with their ciphertexts; returns how many. Events stay.';
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

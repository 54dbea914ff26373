-- What members ask of recovery requests. As for sessions: a line in public over a twin in permafrost.

-- Security definer: members have no insert.
create or replace function permafrost.create_recovery_request(
  p_family_id text, p_message_hash text, p_required_guardians text[], p_threshold integer,
  p_event_template jsonb, p_event_type text, p_use_case text, p_recipient_public_key text,
  p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests;
  v_now bigint := permafrost.now_ms();
begin
  perform permafrost.check_member_of(p_family_id);
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'A request lasts 1 to 604,800 seconds');
  end if;
  insert into public.sss_signing_requests (family_id, message_hash, required_guardians, threshold,
    event_template, event_type, use_case, recipient_public_key, created_by, created_at, expires_at,
    key_package_id)
  values (p_family_id, p_message_hash, p_required_guardians, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key,
    permafrost.current_participant_id(), v_now, v_now + 1000 * p_expiration_seconds::bigint, null)
  returning * into v_request;
  return permafrost.request_json(v_request);
end;
$$;
revoke all on function permafrost.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer)
  to authenticated;

create or replace function public.create_recovery_request(
  p_family_id text, p_message_hash text, p_required_guardians text[], p_threshold integer,
  p_event_template jsonb default null, p_event_type text default null, p_use_case text default null,
  p_recipient_public_key text default null, p_expiration_seconds integer default 86400
) returns jsonb
language sql volatile set search_path = ''
begin atomic
  select permafrost.create_recovery_request(p_family_id, p_message_hash, p_required_guardians, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key, p_expiration_seconds);
end;
comment on function public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer) is
  'Asks the guardians for their shares, to sign one message on the caller''s device. Returns the request as get_recovery_request does. Refuses as create_signing_session, and no_key_package.';
revoke all on function public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer)
  to authenticated;

-- Security definer: it reads requests for the caller by visible_request's rule.
create or replace function permafrost.get_recovery_request(p_request_id text) returns jsonb
language sql stable security definer set search_path = ''
return permafrost.request_json(permafrost.visible_request(p_request_id));
revoke all on function permafrost.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_recovery_request(text) to authenticated, service_role;

create or replace function public.get_recovery_request(p_request_id text) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.get_recovery_request(p_request_id); end;
comment on function public.get_recovery_request(text) is
  'A recovery request the caller made or is a guardian of: all columns, with ciphersuite, key_package, submitted_guardians, rejected_guardians, missing_guardians, declined, is_expired, warning, and encrypted_shares for its requester. Refuses session_not_found.';
revoke all on function public.get_recovery_request(text) from public, anon, authenticated, service_role;
grant execute on function public.get_recovery_request(text) to authenticated, service_role;

-- Security definer: as get_recovery_request, for many; planned anew each time, as list_signing_sessions.
create or replace function permafrost.list_recovery_requests(
  p_status public.sss_request_status, p_awaiting_me boolean, p_limit integer, p_before bigint
) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_me text := permafrost.current_participant_id();
  v_family text := permafrost.current_family_id();
  v_operator boolean := permafrost.is_operator();
  v_requests jsonb;
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'A page has 1 to 500 requests');
  end if;
  select coalesce(jsonb_agg(permafrost.request_json(page) order by page.created_at desc, page.request_id), '[]')
  into v_requests
  from (
    select r.* from public.sss_signing_requests as r
    where (v_operator or r.family_id = v_family and v_me = any (array_append(r.required_guardians, r.created_by)))
      and (p_before is null or r.created_at < p_before)
      and (p_status is null or permafrost.effective_request_status(r.status, r.expires_at, v_now) = p_status)
      and (not coalesce(p_awaiting_me, false)
        or r.status in ('pending', 'partial') and r.expires_at > v_now and v_me = any (r.required_guardians)
          and not exists (select from public.sss_encrypted_shares as s
            where s.request_id = r.request_id and s.guardian_id = v_me and s.status = 'submitted')
          and not exists (select from permafrost.request_declines as d
            where d.request_id = r.request_id and d.participant_id = v_me))
    order by r.created_at desc, r.request_id
    limit p_limit
  ) as page;
  return v_requests;
end;
$$;
revoke all on function permafrost.list_recovery_requests(public.sss_request_status, boolean, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.list_recovery_requests(public.sss_request_status, boolean, integer, bigint)
  to authenticated, service_role;

create or replace function public.list_recovery_requests(
  p_status public.sss_request_status default null, p_awaiting_me boolean default false,
  p_limit integer default 50, p_before bigint default null
) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.list_recovery_requests(p_status, p_awaiting_me, p_limit, p_before); end;
comment on function public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint) is
  'An array of the caller''s recovery requests, newest first, 1 to 500 of them; as list_signing_sessions. Refuses invalid_input.';
revoke all on function public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint)
  to authenticated, service_role;

-- The requester's part ------------------------------------------------------------------------------------

create or replace function permafrost.own_request(p_request_id text) returns public.sss_signing_requests
language plpgsql volatile set search_path = ''
as $$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  if v_request.created_by is distinct from permafrost.current_participant_id()
    or v_request.family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_the_creator', 'Only its requester may do this with a request');
  end if;
  return permafrost.lock_request(p_request_id);
end;
$$;
comment on function permafrost.own_request(text) is
  'A request of the caller''s own making, locked. Refuses session_not_found, not_the_creator, session_expired.';
revoke all on function permafrost.own_request(text) from public, anon, authenticated, service_role;

-- Security definer: members have no update.
create or replace function permafrost.set_recovery_recipient(p_request_id text, p_recipient_public_key text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  if p_recipient_public_key is null then
    perform permafrost.refuse('invalid_input', 'A recipient''s public key is 32 bytes of lower-case hex');
  end if;
  update public.sss_signing_requests set recipient_public_key = p_recipient_public_key
  where request_id = p_request_id
  returning * into v_request;
  return permafrost.request_json(v_request);
end;
$$;
revoke all on function permafrost.set_recovery_recipient(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.set_recovery_recipient(text, text) to authenticated;

create or replace function public.set_recovery_recipient(p_request_id text, p_recipient_public_key text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.set_recovery_recipient(p_request_id, p_recipient_public_key); end;
comment on function public.set_recovery_recipient(text, text) is
  'Sets, once, the one-time key that guardians encrypt to. Refuses session_not_found, not_the_creator, session_expired, session_finished, invalid_transition, invalid_input.';
revoke all on function public.set_recovery_recipient(text, text) from public, anon, authenticated, service_role;
grant execute on function public.set_recovery_recipient(text, text) to authenticated;

-- Security definer: members have no update.
create or replace function permafrost.reject_recovery_share(
  p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if v_request.status not in ('partial', 'ready') then
    perform permafrost.refuse(
      case when v_request.status = 'pending' then 'round_open' else 'session_finished' end,
      format('The request is %s', v_request.status));
  end if;
  update public.sss_encrypted_shares set status = 'rejected'
  where request_id = p_request_id and guardian_id = p_guardian_id and status = 'submitted'
    and (p_ciphertext is null or ciphertext = p_ciphertext);
  if found then
    -- The event accuses: it names whose share it was and who says it is bad.
    perform permafrost.log_request_event(v_request, 'share_rejected', permafrost.current_participant_id(),
      jsonb_build_object('guardian', p_guardian_id, 'reason', p_reason));
  elsif not exists (select from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = p_guardian_id) then
    perform permafrost.refuse('not_a_participant', 'This guardian has handed in no share');
  end if;
  return permafrost.request_progress(p_request_id);
end;
$$;
revoke all on function permafrost.reject_recovery_share(text, text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.reject_recovery_share(text, text, text, text) to authenticated;

create or replace function public.reject_recovery_share(
  p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text default null
) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.reject_recovery_share(p_request_id, p_guardian_id, p_reason, p_ciphertext); end;
comment on function public.reject_recovery_share(text, text, text, text) is
  'For the requester: a guardian''s share is bad; a ready request goes back to partial. With p_ciphertext only if that is the share, so that a retry that comes late does not reject the one after it. Returns status, share_count, threshold_met. Refuses session_not_found, not_the_creator, not_a_participant, round_open, session_finished, session_expired, invalid_input.';
revoke all on function public.reject_recovery_share(text, text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.reject_recovery_share(text, text, text, text) to authenticated;

-- Security definer: members have no update.
create or replace function permafrost.fail_recovery_request(p_request_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if not (v_request.status = 'failed' and v_request.error_message = p_reason) then
    update public.sss_signing_requests set status = 'failed', error_message = p_reason
    where request_id = p_request_id
    returning * into v_request;
  end if;
  return permafrost.request_json(v_request);
end;
$$;
revoke all on function permafrost.fail_recovery_request(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_recovery_request(text, text) to authenticated;

create or replace function public.fail_recovery_request(p_request_id text, p_reason text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.fail_recovery_request(p_request_id, p_reason); end;
comment on function public.fail_recovery_request(text, text) is
  'Fails an unfinished request of the caller''s own making. Refuses as fail_signing_session.';
revoke all on function public.fail_recovery_request(text, text) from public, anon, authenticated, service_role;
grant execute on function public.fail_recovery_request(text, text) to authenticated;

-- What members do with recovery requests: asking, handing in shares, rejecting, finishing.

create or replace function permafrost.request_progress(p_request_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select jsonb_build_object('status', r.status, 'share_count', s.good, 'threshold_met', s.good >= r.threshold)
  from public.sss_signing_requests as r, lateral (
    select count(*) as good from public.sss_encrypted_shares
    where request_id = r.request_id and status = 'submitted') as s
  where r.request_id = p_request_id;
end;
comment on function permafrost.request_progress(text) is 'How far a request has come: status, share_count, threshold_met.';

-- Security definer: members have no insert.
create or replace function permafrost.create_recovery_request(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb, p_event_type text, p_use_case text, p_recipient_public_key text,
  p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_now bigint := permafrost.now_ms();
  v_request public.sss_signing_requests;
begin
  insert into public.sss_signing_requests (family_id, message_hash, participants, threshold,
    event_template, event_type, use_case, recipient_public_key, created_by, created_at, expires_at,
    key_package_id)
  values (p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds), null)
  returning * into v_request;
  return permafrost.request_answer(v_request);
end;
$$;

create or replace function public.create_recovery_request(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb default null, p_event_type text default null, p_use_case text default null,
  p_recipient_public_key text default null, p_expiration_seconds integer default 86400
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.create_recovery_request(p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_use_case, p_recipient_public_key, p_expiration_seconds);
end;
comment on function public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer) is
  'Asks the guardians for their shares, to sign one message on the caller''s device. Returns the request as get_recovery_request does. Refuses not_in_family, no_key_package, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid, rate_limited.';

-- The guardian's part ----------------------------------------------------------------------------------------

-- Security definer: members have no insert.
create or replace function permafrost.submit_recovery_share(p_request_id text, p_ciphertext text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
  v_me text := permafrost.memberships() ->> v_request.family_id;
  v_share public.sss_encrypted_shares;
  v_repeated boolean;
begin
  if v_me is null or v_me <> all (v_request.participants) then
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
    -- Each leaves an event that every later one is counted with.
    perform permafrost.check_rate('recovery_shares_per_minute', v_request.family_id, v_me, permafrost.now_ms(),
      'Too many shares were handed in in this minute');
    insert into public.sss_encrypted_shares (request_id, guardian_id, ciphertext)
    values (p_request_id, v_me, p_ciphertext)
    -- After a rejection another may be handed in.
    on conflict (request_id, guardian_id) do update
      set ciphertext = excluded.ciphertext, status = 'submitted', created_at = excluded.created_at;
  end if;
  return permafrost.request_progress(p_request_id);
end;
$$;

create or replace function public.submit_recovery_share(p_request_id text, p_ciphertext text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.submit_recovery_share(p_request_id, p_ciphertext); end;
comment on function public.submit_recovery_share(text, text) is
  'For a guardian: its signing share, encrypted to the request''s key. Returns status, share_count, threshold_met. Refuses session_not_found, not_a_participant, session_expired, session_finished, round_open, round_closed, share_already_submitted, invalid_transition, invalid_input, rate_limited.';

-- Security definer: nobody has update. The function complete-recovery has verified the signature.
create or replace function permafrost.complete_recovery_request(
  p_request_id text, p_participant_id text, p_final_signature text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
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

create or replace function public.complete_recovery_request(
  p_request_id text, p_participant_id text, p_final_signature text
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.complete_recovery_request(p_request_id, p_participant_id, p_final_signature); end;
comment on function public.complete_recovery_request(text, text, text) is
  'Completes a ready request, for its requester, with a signature the caller has verified under the group key; no ciphertext is kept. The same signature again gets the same answer. Refuses session_not_found, not_the_creator, round_open, session_expired, session_finished, invalid_transition, invalid_input.';

-- The requester's part ------------------------------------------------------------------------------------

create or replace function permafrost.own_request(p_request_id text) returns public.sss_signing_requests
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  if v_request.created_by is distinct from permafrost.memberships() ->> v_request.family_id then
    perform permafrost.refuse('not_the_creator', 'Only its requester may do this with a request');
  end if;
  return permafrost.lock_request(p_request_id);
end;
$$;
comment on function permafrost.own_request(text) is
  'A request of the caller''s own making, locked. Refuses session_not_found, not_the_creator, session_expired.';

-- Security definer: members have no update.
create or replace function permafrost.set_recovery_recipient(p_request_id text, p_recipient_public_key text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  if p_recipient_public_key is null then
    perform permafrost.refuse('invalid_input', 'recipient_public_key must be 32 bytes of lower-case hex');
  end if;
  update public.sss_signing_requests set recipient_public_key = p_recipient_public_key
  where request_id = p_request_id
  returning * into v_request;
  return permafrost.request_answer(v_request);
end;
$$;

create or replace function public.set_recovery_recipient(p_request_id text, p_recipient_public_key text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.set_recovery_recipient(p_request_id, p_recipient_public_key); end;
comment on function public.set_recovery_recipient(text, text) is
  'Sets, once, the one-time key that guardians encrypt to. Refuses session_not_found, not_the_creator, session_expired, session_finished, invalid_transition, invalid_input.';

-- Security definer: members have no update.
create or replace function permafrost.reject_recovery_share(
  p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests := permafrost.own_request(p_request_id);
begin
  perform permafrost.check_reason(p_reason);
  if v_request.status not in ('partial', 'ready') then
    if v_request.status = 'pending' then
      perform permafrost.refuse('round_open', 'No guardian has handed in a share yet');
    end if;
    perform permafrost.refuse_finished('request', v_request.status::text, v_request.error_message);
  end if;
  update public.sss_encrypted_shares set status = 'rejected'
  where request_id = p_request_id and guardian_id = p_guardian_id and status = 'submitted'
    and (p_ciphertext is null or ciphertext = p_ciphertext);
  if found then
    -- The event accuses: it names whose share it was and who says it is bad.
    perform permafrost.log_event('recovery', p_request_id, v_request.family_id, 'share_rejected', v_request.created_by,
      jsonb_build_object('guardian', p_guardian_id, 'reason', p_reason));
  elsif not exists (select from public.sss_encrypted_shares where request_id = p_request_id and guardian_id = p_guardian_id) then
    perform permafrost.refuse('not_a_participant', 'This guardian has handed in no share');
  end if;
  return permafrost.request_progress(p_request_id);
end;
$$;

create or replace function public.reject_recovery_share(
  p_request_id text, p_guardian_id text, p_reason text, p_ciphertext text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.reject_recovery_share(p_request_id, p_guardian_id, p_reason, p_ciphertext); end;
comment on function public.reject_recovery_share(text, text, text, text) is
  'For the requester: a guardian''s share is bad; a ready request goes back to partial. With p_ciphertext only if that is the share, so that a retry that comes late does not reject the one after it. Returns status, share_count, threshold_met. Refuses session_not_found, not_the_creator, not_a_participant, round_open, session_finished, session_expired, invalid_input.';

-- Security definer: members have no update.
create or replace function permafrost.fail_recovery_request(p_request_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests := permafrost.visible_request(p_request_id);
begin
  perform permafrost.fail_own('recovery', p_request_id, v_request.family_id, v_request.created_by, p_reason);
  return permafrost.get_recovery_request(p_request_id);
end;
$$;

create or replace function public.fail_recovery_request(p_request_id text, p_reason text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.fail_recovery_request(p_request_id, p_reason); end;
comment on function public.fail_recovery_request(text, text) is
  'Fails an unfinished request of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function permafrost.request_progress(text), permafrost.own_request(text),
  permafrost.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer), public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer),
  permafrost.submit_recovery_share(text, text), public.submit_recovery_share(text, text),
  permafrost.set_recovery_recipient(text, text), public.set_recovery_recipient(text, text),
  permafrost.reject_recovery_share(text, text, text, text), public.reject_recovery_share(text, text, text, text),
  permafrost.fail_recovery_request(text, text), public.fail_recovery_request(text, text),
  permafrost.complete_recovery_request(text, text, text), public.complete_recovery_request(text, text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer), public.create_recovery_request(text, text, text[], integer, jsonb, text, text, text, integer),
  permafrost.submit_recovery_share(text, text), public.submit_recovery_share(text, text),
  permafrost.set_recovery_recipient(text, text), public.set_recovery_recipient(text, text),
  permafrost.reject_recovery_share(text, text, text, text), public.reject_recovery_share(text, text, text, text),
  permafrost.fail_recovery_request(text, text), public.fail_recovery_request(text, text) to authenticated;
grant execute on function permafrost.complete_recovery_request(text, text, text), public.complete_recovery_request(text, text, text) to service_role;

-- What concerns requests of both kinds: a guardian who says no, and the event that came of a signature.

-- A commitment binds its participant to the signer set, so a participant who has committed cannot be
-- replaced, and its decline fails the session; before that, the others are counted.
-- Security definer: members have no update.
create or replace function permafrost.decline_session(
  p_session public.frost_signing_sessions, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_me text := permafrost.current_participant_id();
  v_session public.frost_signing_sessions := permafrost.lock_session(p_session.session_id);
begin
  if v_me is null or v_me <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if exists (select from permafrost.session_declines
    where session_id = v_session.session_id and participant_id = v_me and reason = p_reason)
  then
    return jsonb_build_object('method', 'frost', 'status', v_session.status);
  end if;
  if not permafrost.is_open(v_session.status) then
    perform permafrost.refuse('session_finished', format('The session is %s', v_session.status));
  end if;
  if exists (select from public.frost_signature_shares
    where session_id = v_session.session_id and participant_id = v_me)
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has signed already');
  end if;
  if v_session.signers is not null and v_me <> all (v_session.signers) then
    perform permafrost.refuse('round_closed', 'Others sign this session: there is nothing to decline');
  end if;
  if exists (select from permafrost.session_declines where session_id = v_session.session_id and participant_id = v_me) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
  end if;

  insert into permafrost.session_declines (session_id, participant_id, reason) values (v_session.session_id, v_me, p_reason);
  perform permafrost.log_event(v_session, 'declined', v_me, jsonb_build_object('reason', p_reason));
  if exists (select from public.frost_nonce_commitments
      where session_id = v_session.session_id and participant_id = v_me)
    or cardinality(v_session.participants) - v_session.threshold <
      (select count(*) from permafrost.session_declines where session_id = v_session.session_id)
  then
    update public.frost_signing_sessions
    set status = 'failed', error_message = left(format('Too few are left to sign: %s declined (%s)', v_me, p_reason), 1000)
    where session_id = v_session.session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('method', 'frost', 'status', v_session.status);
end;
$$;
comment on function permafrost.decline_session(public.frost_signing_sessions, text) is 'Declines a session, for the caller.';
revoke all on function permafrost.decline_session(public.frost_signing_sessions, text)
  from public, anon, authenticated, service_role;

-- Security definer: members have no update.
create or replace function permafrost.decline_request(
  p_request public.sss_signing_requests, p_reason text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_me text := permafrost.current_participant_id();
  v_request public.sss_signing_requests := permafrost.lock_request(p_request.request_id);
begin
  if v_me is null or v_me <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if exists (select from permafrost.request_declines
    where request_id = v_request.request_id and participant_id = v_me and reason = p_reason)
  then
    return jsonb_build_object('method', 'sss', 'status', v_request.status);
  end if;
  if v_request.status in ('completed', 'failed') then
    perform permafrost.refuse('session_finished', format('The request is %s', v_request.status));
  end if;
  if exists (select from public.sss_encrypted_shares
    where request_id = v_request.request_id and guardian_id = v_me and status = 'submitted')
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has handed in its share already');
  end if;
  if exists (select from permafrost.request_declines where request_id = v_request.request_id and participant_id = v_me) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
  end if;

  insert into permafrost.request_declines (request_id, participant_id, reason) values (v_request.request_id, v_me, p_reason);
  perform permafrost.log_request_event(v_request, 'declined', v_me, jsonb_build_object('reason', p_reason));
  if cardinality(v_request.required_guardians) - v_request.threshold <
    (select count(*) from permafrost.request_declines where request_id = v_request.request_id)
  then
    update public.sss_signing_requests
    set status = 'failed', error_message = left(format('Too few are left to help: %s declined (%s)', v_me, p_reason), 1000)
    where request_id = v_request.request_id
    returning * into v_request;
  end if;
  return jsonb_build_object('method', 'sss', 'status', v_request.status);
end;
$$;
comment on function permafrost.decline_request(public.sss_signing_requests, text) is 'Declines a recovery request, for the caller.';
revoke all on function permafrost.decline_request(public.sss_signing_requests, text)
  from public, anon, authenticated, service_role;

-- The id of a request is made here, that of a session may be chosen by a member: so it is the session that
-- is refused where a request has the id.
create or replace function permafrost.is_request(p_id text) returns boolean
language sql stable set search_path = ''
return exists (select from public.sss_signing_requests as r where r.request_id = p_id);
comment on function permafrost.is_request(text) is 'Whether an id is a recovery request''s; else it is a session''s, if anything.';
revoke all on function permafrost.is_request(text) from public, anon, authenticated, service_role;

-- Security definer: it reads requests of both kinds by their visibility rules.
create or replace function permafrost.decline_signing_request(p_session_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  perform permafrost.check_reason(p_reason);
  if permafrost.is_request(p_session_id) then
    return permafrost.decline_request(permafrost.visible_request(p_session_id), p_reason);
  end if;
  return permafrost.decline_session(permafrost.visible_session(p_session_id), p_reason);
end;
$$;
revoke all on function permafrost.decline_signing_request(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.decline_signing_request(text, text) to authenticated;

create or replace function public.decline_signing_request(p_session_id text, p_reason text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.decline_signing_request(p_session_id, p_reason); end;
comment on function public.decline_signing_request(text, text) is
  'Says no to a session or a recovery request; it fails at once when too few are left. Returns method and status. Refuses session_not_found, not_a_participant, invalid_input, session_expired, session_finished, share_already_submitted, round_closed, invalid_transition.';
revoke all on function public.decline_signing_request(text, text) from public, anon, authenticated, service_role;
grant execute on function public.decline_signing_request(text, text) to authenticated;

-- Publishing --------------------------------------------------------------------------------------------------

-- A published event has the id that was signed, so the database can tell a wrong one.
create or replace function permafrost.check_published(
  p_status text, p_event_template jsonb, p_message_hash text, p_final_event_id text, p_event_id text
) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if p_event_id is null or p_event_id !~ '^[0-9a-f]{64}$' then
    perform permafrost.refuse('invalid_input', 'An event id is 32 bytes of lower-case hex');
  end if;
  if p_status <> 'completed' then
    perform permafrost.refuse('invalid_transition', 'What is not signed cannot be published');
  end if;
  if p_event_template is null or p_event_id <> p_message_hash then
    perform permafrost.refuse('event_mismatch', 'This is not the event that was signed');
  end if;
  if p_final_event_id <> p_event_id then
    perform permafrost.refuse('session_finished', 'Another event id was recorded before');
  end if;
end;
$$;
comment on function permafrost.check_published(text, jsonb, text, text, text) is
  'Refuses invalid_input, invalid_transition, event_mismatch or session_finished for an event id that cannot be recorded.';
revoke all on function permafrost.check_published(text, jsonb, text, text, text) from public, anon, authenticated, service_role;

-- Security definer: members have no update.
create or replace function permafrost.record_published_event(p_session_id text, p_event_id text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
  v_request public.sss_signing_requests;
begin
  if permafrost.is_request(p_session_id) then
    perform permafrost.visible_request(p_session_id);
    v_request := permafrost.lock_request(p_session_id);
    perform permafrost.check_published(v_request.status::text, v_request.event_template,
      v_request.message_hash, v_request.final_event_id, p_event_id);
    update public.sss_signing_requests set final_event_id = p_event_id
    where request_id = p_session_id and final_event_id is null;
  else
    perform permafrost.visible_session(p_session_id);
    v_session := permafrost.lock_session(p_session_id);
    perform permafrost.check_published(v_session.status::text, v_session.event_template,
      v_session.message_hash, v_session.final_event_id, p_event_id);
    update public.frost_signing_sessions set final_event_id = p_event_id
    where session_id = p_session_id and final_event_id is null;
  end if;
  return jsonb_build_object('final_event_id', p_event_id);
end;
$$;
revoke all on function permafrost.record_published_event(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_published_event(text, text) to authenticated;

create or replace function public.record_published_event(p_session_id text, p_event_id text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.record_published_event(p_session_id, p_event_id); end;
comment on function public.record_published_event(text, text) is
  'Records, once, under which id the event of a completed session or request was published; the same id again is fine. Refuses session_not_found, session_expired, invalid_input, invalid_transition, event_mismatch, session_finished.';
revoke all on function public.record_published_event(text, text) from public, anon, authenticated, service_role;
grant execute on function public.record_published_event(text, text) to authenticated;

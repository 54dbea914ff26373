-- What the edge functions record, after they have done the arithmetic. A refusal here is returned, not
-- raised, with its status in response.status: a raise would roll back the event that records it.

create or replace function permafrost.record_refusal(
  p_session_id text, p_event text, p_participant_id text, p_code text, p_reason text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  if found and p_event is not null then
    perform permafrost.log_event(v_session, p_event, p_participant_id,
      jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000)));
  end if;
  perform set_config('response.status', permafrost.status_of(p_code)::text, true);
  return jsonb_build_object('accepted', false, 'code', p_code, 'error', p_reason);
end;
$$;
comment on function permafrost.record_refusal(text, text, text, text, text) is
  'Records a refusal as p_event (null: as none), sets response.status, and returns {accepted: false, code, error}.';
revoke all on function permafrost.record_refusal(text, text, text, text, text) from public, anon, authenticated, service_role;

-- What the functions found bad by their arithmetic is evidence against the one who sent it.
create or replace function permafrost.record_found_bad(
  p_session_id text, p_participant_id text, p_event text, p_code text, p_reason text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions where session_id = p_session_id;
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such session');
  end if;
  if p_participant_id is null or p_participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'Nobody of that name takes part in this session');
  end if;
  if permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms()) = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  return jsonb_build_object('event_id', permafrost.log_event(v_session, p_event, p_participant_id,
    jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000))));
end;
$$;
comment on function permafrost.record_found_bad(text, text, text, text, text) is
  'Appends the refusal p_event, which names a participant; returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';
revoke all on function permafrost.record_found_bad(text, text, text, text, text) from public, anon, authenticated, service_role;

create or replace function permafrost.is_recorded_commitment(
  p_session_id text, p_participant_id text, p_nonce_commitment text
) returns boolean
language sql stable set search_path = ''
return exists (select from public.frost_nonce_commitments as c where c.session_id = p_session_id
  and c.participant_id = p_participant_id and c.nonce_commitment = p_nonce_commitment);
comment on function permafrost.is_recorded_commitment(text, text, text) is
  'Whether a commitment is one that was accepted already: an exact retry, which is nobody''s attack.';
revoke all on function permafrost.is_recorded_commitment(text, text, text) from public, anon, authenticated, service_role;

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_nonce_commitment(
  p_session_id text, p_participant_id text, p_nonce_commitment text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
  v_closed_now boolean := false;
  v_state text;
  v_code text;
  v_reason text;
  v_table text;
begin
  begin
    v_session := permafrost.lock_session(p_session_id);
    if not permafrost.is_recorded_commitment(p_session_id, p_participant_id, p_nonce_commitment) then
      insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
      values (p_session_id, p_participant_id, p_nonce_commitment);
      select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
      v_closed_now := v_session.status = 'signing';
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint,
      v_reason = message_text, v_table = table_name;
    if v_state = '23505' and v_table in ('nonce_ledger', 'frost_nonce_commitments') then
      v_code := 'nonce_reused';
      v_reason := 'A nonce point of this commitment was accepted before';
    elsif v_state not like 'PT4%' then
      raise;
    end if;
    return permafrost.record_refusal(p_session_id,
      case when not permafrost.is_recorded_commitment(p_session_id, p_participant_id, p_nonce_commitment)
        then 'commitment_refused' end,
      p_participant_id, v_code, v_reason);
  end;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'nonce_count', (select count(*) from public.frost_nonce_commitments where session_id = p_session_id),
    'threshold_met', v_session.signers is not null
  ) || case when v_closed_now and v_session.key_package_id is not null
    -- To the one call that closed round one: what share verification is prepared from.
    then jsonb_build_object('signing_package', permafrost.package_json(v_session)) else '{}' end;
end;
$$;
revoke all on function permafrost.record_nonce_commitment(text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_nonce_commitment(text, text, text) to service_role;

create or replace function public.record_nonce_commitment(
  p_session_id text, p_participant_id text, p_nonce_commitment text
) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.record_nonce_commitment(p_session_id, p_participant_id, p_nonce_commitment); end;
comment on function public.record_nonce_commitment(text, text, text) is
  'Records a participant''s nonce commitment, whose points the caller has checked: accepted, status, nonce_count, threshold_met, and signing_package to the call that closed round one; or accepted false, code, error.';
revoke all on function public.record_nonce_commitment(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.record_nonce_commitment(text, text, text) to service_role;

-- Security definer: it writes the event.
create or replace function permafrost.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text)
returns jsonb
language sql volatile security definer set search_path = ''
return permafrost.record_found_bad(p_session_id, p_participant_id, 'commitment_refused', 'commitment_invalid', p_reason);
revoke all on function permafrost.record_refused_commitment(text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_commitment(text, text, text) to service_role;

create or replace function public.record_refused_commitment(p_session_id text, p_participant_id text, p_reason text)
returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.record_refused_commitment(p_session_id, p_participant_id, p_reason); end;
comment on function public.record_refused_commitment(text, text, text) is
  'Records the event that a participant''s nonce commitment is not two valid points, and returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';
revoke all on function public.record_refused_commitment(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_commitment(text, text, text) to service_role;

-- What the edge functions record, after they have done the arithmetic. A refusal here is returned, not
-- raised, with its status in response.status: a raise would roll back the event that records it.

-- Past recorded_refusals_per_minute and recorded_refusals_per_session a refusal is still answered, and counted, but it
-- writes no row: who sends rubbish in a loop does not fill the record, nor make a transcript too long to be read. By
-- code, so that nobody hides one kind of attempt behind many of another.
create or replace function permafrost.log_refusal(
  p_subject text, p_subject_id text, p_family_id text, p_event text, p_participant_id text, p_detail jsonb
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_window bigint := v_now - v_now % 60000;
begin
  if p_participant_id is not null and (
    permafrost.count_usage('recorded_refusals_per_minute', p_family_id, p_participant_id, v_window)
      > permafrost.limit_of('recorded_refusals_per_minute', p_family_id)
    or (select count(*) from public.frost_events as e where e.subject = p_subject and e.subject_id = p_subject_id
      and e.actor = p_participant_id and e.detail ->> 'code' = p_detail ->> 'code')
      >= permafrost.limit_of('recorded_refusals_per_session', p_family_id))
  then
    perform permafrost.count_usage('unrecorded_refusals', p_family_id, p_participant_id, v_window);
    return null;
  end if;
  return permafrost.log_event(p_subject, p_subject_id, p_family_id, p_event, p_participant_id, jsonb_strip_nulls(p_detail));
end;
$$;
comment on function permafrost.log_refusal(text, text, text, text, text, jsonb) is
  'Records a refusal and returns its event_id; null past the limits of a member.';

-- What the database refused: by its rules, and of an exact retry nobody is accused.
create or replace function permafrost.refusal_answer(
  p_session_id text, p_participant_id text, p_event text, p_code text, p_reason text, p_detail jsonb
) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_session_id;
begin
  if v_session.session_id is not null and p_event is not null then
    perform permafrost.log_refusal('session', p_session_id, v_session.family_id, p_event, p_participant_id,
      p_detail || jsonb_build_object('code', p_code, 'reason', left(p_reason, 1000)));
  end if;
  perform set_config('response.status', permafrost.http_status_of(p_code)::text, true);
  return jsonb_build_object('accepted', false, 'code', p_code, 'error', p_reason);
end;
$$;
comment on function permafrost.refusal_answer(text, text, text, text, text, jsonb) is
  'Records a refusal as p_event (null: as none), sets response.status, and returns {accepted: false, code, error}.';

-- What the functions refused, by their arithmetic: evidence against the participant who sent it.
create or replace function permafrost.accused_session(p_session_id text, p_participant_id text) returns public.frost_signing_sessions
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_session_id;
begin
  perform permafrost.check_turn('session', v_session.status::text, v_session.status < 'completed', v_session.expires_at);
  if p_participant_id is null or p_participant_id <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'Nobody of that name takes part in this session');
  end if;
  return v_session;
end;
$$;
comment on function permafrost.accused_session(text, text) is
  'The session in which a participant is accused. Refuses session_not_found, not_a_participant, session_expired.';

-- The call that closed a quorum is told what share verification is prepared from.
create or replace function permafrost.commitment_answer(p_session_id text, p_quorum integer, p_is_first boolean) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select jsonb_build_object('accepted', true, 'status', s.status, 'quorum', q.quorum, 'nonce_count', (
        select count(*) from public.frost_nonce_commitments as c where c.session_id = s.session_id and c.quorum = q.quorum),
      'threshold_met', q.signers is not null)
      || case when p_is_first and q.signers is not null and s.key_package_id is not null
        then jsonb_build_object('signing_package', permafrost.signing_package(s.session_id, q.quorum)) else '{}' end
    from public.frost_signing_sessions as s join public.frost_signing_quorums as q using (session_id)
    where s.session_id = p_session_id and q.quorum = p_quorum);
end;
$$;
comment on function permafrost.commitment_answer(text, integer, boolean) is 'What is answered of a commitment that is recorded.';

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_nonce_commitment(
  p_session_id text, p_participant_id text, p_nonce_commitment text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_quorum integer;
  v_state text;
  v_code text;
  v_reason text;
  v_table text;
begin
  begin
    insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
    values (p_session_id, p_participant_id, p_nonce_commitment)
    returning quorum into v_quorum;
    return permafrost.commitment_answer(p_session_id, v_quorum, true);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint,
      v_reason = message_text, v_table = table_name;
    if v_state = '23505' and v_table in ('nonce_ledger', 'frost_nonce_commitments') then
      v_code := 'nonce_reused';
      v_reason := 'A nonce point of this commitment was accepted before';
    elsif v_state not like 'PT4%' then
      raise;
    end if;
  end;
  -- What was found to be of before a restore was rolled back with the rest.
  perform permafrost.ended_session(p_session_id);
  select c.quorum into v_quorum from public.frost_nonce_commitments as c
  where c.session_id = p_session_id and c.participant_id = p_participant_id and c.nonce_commitment = p_nonce_commitment;
  if found and v_code <> 'session_expired' then
    return permafrost.commitment_answer(p_session_id, v_quorum, false); -- an exact retry
  end if;
  return permafrost.refusal_answer(p_session_id, p_participant_id, case when v_quorum is null then 'commitment_refused' end,
    v_code, v_reason, jsonb_build_object('nonce_commitment', left(p_nonce_commitment, 1024)));
end;
$$;

create or replace function public.record_nonce_commitment(
  p_session_id text, p_participant_id text, p_nonce_commitment text
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_nonce_commitment(p_session_id, p_participant_id, p_nonce_commitment); end;
comment on function public.record_nonce_commitment(text, text, text) is
  'Records a participant''s nonce commitment, whose points the caller has checked: accepted, status, quorum, nonce_count, threshold_met, and signing_package to the call that closed the quorum; or accepted false, code, error.';

-- Security definer: it writes the event.
create or replace function permafrost.record_refused_commitment(
  p_session_id text, p_participant_id text, p_reason text, p_nonce_commitment text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.accused_session(p_session_id, p_participant_id);
begin
  return jsonb_build_object('event_id', permafrost.log_refusal('session', p_session_id, v_session.family_id, 'commitment_refused', p_participant_id,
    jsonb_build_object('code', 'commitment_invalid', 'reason', left(p_reason, 1000), 'nonce_commitment', left(p_nonce_commitment, 1024))));
end;
$$;

create or replace function public.record_refused_commitment(
  p_session_id text, p_participant_id text, p_reason text, p_nonce_commitment text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_refused_commitment(p_session_id, p_participant_id, p_reason, p_nonce_commitment); end;
comment on function public.record_refused_commitment(text, text, text, text) is
  'Records the event that a participant''s nonce commitment is not two valid points, and returns its event_id (null past the limit). Refuses session_not_found, not_a_participant, session_expired.';

revoke all on function permafrost.log_refusal(text, text, text, text, text, jsonb),
  permafrost.refusal_answer(text, text, text, text, text, jsonb), permafrost.accused_session(text, text),
  permafrost.commitment_answer(text, integer, boolean), permafrost.record_nonce_commitment(text, text, text),
  public.record_nonce_commitment(text, text, text), permafrost.record_refused_commitment(text, text, text, text),
  public.record_refused_commitment(text, text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_nonce_commitment(text, text, text), public.record_nonce_commitment(text, text, text),
  permafrost.record_refused_commitment(text, text, text, text), public.record_refused_commitment(text, text, text, text)
  to service_role;

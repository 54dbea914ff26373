-- What members read of sessions. Each RPC in public is one line over its twin in permafrost, where the caller is
-- known by the claims of the request and by nothing that was passed in.

-- A session that the caller may not see is not found: its existence is not told either.
create or replace function permafrost.visible_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions as s where s.session_id = p_session_id;
  if not found or not permafrost.may_see(v_session.family_id, v_session.created_by, v_session.participants) then
    perform permafrost.refuse('session_not_found', 'There is no such session, or the caller may not see it');
  end if;
  return v_session;
end;
$$;
comment on function permafrost.visible_session(text) is
  'A session that the caller created or takes part in; operators see all. Refuses session_not_found.';

-- What is true of a session now, without what can be large.
create or replace function permafrost.session_summary(
  p_session public.frost_signing_sessions, p_now bigint, p_live_from integer
) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended_by text := permafrost.ended_by(p_session.incarnation, p_live_from, p_session.key_package_id, p_session.expires_at);
  v_status public.signing_session_status := permafrost.status_now(p_session.status, p_session.expires_at, p_now, v_ended_by);
  v_kind integer := (p_session.event_template ->> 'kind')::integer;
  v_two_rounds boolean := p_session.mode = 'two_round';
  v_found record; -- in one statement, which a session of a list costs
begin
  p_session.event_template := null;
  select k.ciphersuite, permafrost.declined('session', p_session.session_id) as declined,
    case when k.exposed_at is not null then permafrost.key_warning(k.key_package_id) end as warning,
    permafrost.transcript_head('session', p_session.session_id) as head,
    array(select c.participant_id from public.frost_nonce_commitments as c
      where v_two_rounds and c.session_id = p_session.session_id) as committed,
    array(select s.participant_id from public.frost_signature_shares as s
      where v_two_rounds and s.session_id = p_session.session_id) as signed
  into v_found
  from (select) as one left join public.frost_key_packages as k on k.key_package_id = p_session.key_package_id;
  return (to_jsonb(p_session) - 'event_template') || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_session.error_message, v_ended_by) end,
    'event_kind', v_kind,
    'ciphersuite', v_found.ciphersuite,
    'warning', v_found.warning,
    -- Owed in the round that is open; once the signer set is frozen nobody owes a commitment.
    'missing_commitments', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_session.participants) with ordinality as u (p, n)
      where v_two_rounds and p_session.signers is null and p <> all (v_found.committed) and not v_found.declined ? p),
    'missing_signatures', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_session.signers) with ordinality as u (p, n) where v_two_rounds and p <> all (v_found.signed)),
    'declined', v_found.declined,
    'can_aggregate', v_status = 'aggregating',
    'is_expired', v_status = 'expired',
    'signable', p_session.key_package_id is not null,
    'signable_reason', case when p_session.key_package_id is null then 'no_key_package' end,
    'transcript_head', v_found.head);
end;
$$;
comment on function permafrost.session_summary(public.frost_signing_sessions, bigint, integer) is
  'A session as lists show it: its columns with the status that is true at p_now, and what is missing to finish it; of its template the kind alone.';

create or replace function permafrost.commitments_of(p_session_id text, p_quorum integer) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select coalesce(jsonb_object_agg(c.participant_id, c.nonce_commitment), '{}')
    from public.frost_nonce_commitments as c where c.session_id = p_session_id and c.quorum = p_quorum);
end;
$$;
comment on function permafrost.commitments_of(text, integer) is 'The nonce commitments of a quorum, {participant: hex}.';

create or replace function permafrost.shares_of(p_session_id text, p_quorum integer) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select coalesce(jsonb_object_agg(s.participant_id, s.signature_share), '{}')
    from public.frost_signature_shares as s where s.session_id = p_session_id and s.quorum = p_quorum);
end;
$$;
comment on function permafrost.shares_of(text, integer) is 'The signature shares of a quorum, {participant: hex}.';

create or replace function permafrost.quorums_of(p_session_id text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('quorum', q.quorum, 'signers', q.signers, 'status', q.status,
      'commitments', permafrost.commitments_of(q.session_id, q.quorum), 'shares', permafrost.shares_of(q.session_id, q.quorum)) order by q.quorum), '[]')
    from public.frost_signing_quorums as q where q.session_id = p_session_id);
end;
$$;
comment on function permafrost.quorums_of(text) is 'The quorums of a session: [{quorum, signers, status, commitments, shares}].';

-- The one quorum of two rounds; in the other modes the one that finishes, if there is one yet.
create or replace function permafrost.telling_quorum(p_session public.frost_signing_sessions) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_session.mode = 'two_round' then 1
    when p_session.status in ('aggregating', 'completed') then (permafrost.full_quorum(p_session.session_id, p_session.threshold)).quorum end;
end;
$$;
comment on function permafrost.telling_quorum(public.frost_signing_sessions) is
  'Whose commitments and shares a session''s answer shows; null while no quorum of several has finished.';

create or replace function permafrost.session_answer(p_session public.frost_signing_sessions, p_live_from integer) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_quorums jsonb := permafrost.quorums_of(p_session.session_id);
  v_telling jsonb := jsonb_path_query_first(v_quorums, '$[*] ? (@.quorum == $quorum)',
    jsonb_build_object('quorum', permafrost.telling_quorum(p_session)));
begin
  return permafrost.session_summary(p_session, permafrost.now_ms(), p_live_from) || jsonb_build_object(
    'event_template', p_session.event_template,
    'quorums', v_quorums,
    'nonce_commitments', coalesce(v_telling -> 'commitments', '{}'),
    'signature_shares', coalesce(v_telling -> 'shares', '{}'));
end;
$$;
comment on function permafrost.session_answer(public.frost_signing_sessions, integer) is 'A session as clients see it, whole.';

-- Security definer: it reads sessions for the caller by visible_session's rule.
create or replace function permafrost.get_signing_session(p_session_id text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
return permafrost.session_answer(permafrost.visible_session(p_session_id), permafrost.live_from());

create or replace function public.get_signing_session(p_session_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_signing_session(p_session_id); end;
comment on function public.get_signing_session(text) is
  'A session the caller created or takes part in: all columns, with quorums ([{quorum, signers, status, commitments, shares}]), nonce_commitments, signature_shares, missing_commitments, missing_signatures, declined, can_aggregate, is_expired, signable, signable_reason, event_kind, ciphersuite, warning, transcript_head. Refuses session_not_found.';

-- Round two is for those who may answer it: participants, and the service that verifies their answers.
create or replace function permafrost.round_two_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
  v_ended_by text := permafrost.ended_by(v_session.incarnation, permafrost.live_from(), v_session.key_package_id, v_session.expires_at);
  v_status public.signing_session_status :=
    permafrost.status_now(v_session.status, v_session.expires_at, permafrost.now_ms(), v_ended_by);
  v_me text := permafrost.memberships() ->> v_session.family_id;
begin
  if not permafrost.is_operator() and v_me <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package',
      'This session was created without a key package: it is a dry run and is never signed');
  end if;
  if v_status = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  -- A signer whose share was recorded before the failure may read it back.
  if v_status = 'failed' and not exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.participant_id = v_me)
  then
    perform permafrost.refuse_finished('session', 'failed', coalesce(v_session.error_message, v_ended_by));
  end if;
  if v_session.status < 'signing' then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_session;
end;
$$;
comment on function permafrost.round_two_session(text) is
  'A session the caller takes part in, from signing on. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

-- The quorum that a call about shares means: the one it names; else in two rounds the only one, and in the other modes
-- the first that the participant has not answered.
create or replace function permafrost.asked_quorum(
  p_session public.frost_signing_sessions, p_quorum integer, p_participant_id text
) returns public.frost_signing_quorums
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_quorum public.frost_signing_quorums;
begin
  if p_quorum is null and p_session.mode <> 'two_round' then
    select q.* into v_quorum from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and p_participant_id = any (q.signers) and (q.status = 'completed' or q.status = 'signing'
      and not exists (select from public.frost_signature_shares as s
        where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = p_participant_id))
    order by q.status, q.quorum limit 1;
    if not found and not exists (select from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
      where c.session_id = p_session.session_id and c.participant_id = p_participant_id and q.status = 'collecting')
    then
      select q.* into v_quorum from public.frost_signing_quorums as q
      where q.session_id = p_session.session_id and q.status in ('signing', 'completed') order by q.status desc, q.quorum limit 1;
    end if;
  else
    select q.* into v_quorum from public.frost_signing_quorums as q
    where q.session_id = p_session.session_id and q.quorum = coalesce(p_quorum, 1);
  end if;
  if v_quorum.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_quorum;
end;
$$;
comment on function permafrost.asked_quorum(public.frost_signing_sessions, integer, text) is
  'A quorum with its signers: p_quorum, or (null) the participant''s first unanswered one. Refuses round_open.';

create or replace function permafrost.signing_package(p_session_id text, p_quorum integer) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select jsonb_build_object(
      'session_id', s.session_id,
      'quorum', q.quorum,
      'family_id', s.family_id,
      'status', s.status,
      'ciphersuite', k.ciphersuite,
      'message', s.message_hash,
      'event_template', s.event_template,
      'event_type', s.event_type,
      'threshold', s.threshold,
      'expires_at', s.expires_at,
      'signers', q.signers,
      'commitments', permafrost.commitments_of(s.session_id, q.quorum),
      'transcript_head', permafrost.transcript_head('session', s.session_id),
      'key_package', to_jsonb(k))
    from public.frost_signing_sessions as s
    join public.frost_signing_quorums as q using (session_id)
    join public.frost_key_packages as k using (key_package_id)
    where s.session_id = p_session_id and q.quorum = p_quorum);
end;
$$;
comment on function permafrost.signing_package(text, integer) is 'What a signer of a quorum needs for round two; null for a dry run.';

-- Security definer: it reads all signers' commitments, where RLS shows a caller its own.
create or replace function permafrost.get_signing_package(p_session_id text, p_quorum integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
begin
  return permafrost.signing_package(p_session_id,
    (permafrost.asked_quorum(v_session, p_quorum, permafrost.memberships() ->> v_session.family_id)).quorum);
end;
$$;

create or replace function public.get_signing_package(p_session_id text, p_quorum integer default null) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_signing_package(p_session_id, p_quorum); end;
comment on function public.get_signing_package(text, integer) is
  'For participants, from signing on, everything round two takes, of one quorum (null: the caller''s first unanswered one): quorum, ciphersuite, message, event_template, threshold, signers, commitments, key_package, transcript_head. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';

revoke all on function permafrost.visible_session(text), permafrost.session_summary(public.frost_signing_sessions, bigint, integer),
  permafrost.commitments_of(text, integer), permafrost.shares_of(text, integer), permafrost.quorums_of(text),
  permafrost.telling_quorum(public.frost_signing_sessions), permafrost.asked_quorum(public.frost_signing_sessions, integer, text), permafrost.session_answer(public.frost_signing_sessions, integer),
  permafrost.get_signing_session(text), public.get_signing_session(text), permafrost.round_two_session(text),
  permafrost.signing_package(text, integer),
  permafrost.get_signing_package(text, integer), public.get_signing_package(text, integer)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_session(text), public.get_signing_session(text),
  permafrost.get_signing_package(text, integer), public.get_signing_package(text, integer) to authenticated, service_role;

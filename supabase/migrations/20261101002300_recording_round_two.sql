-- Signature shares: what they are checked with, computed by the functions when the signer set freezes; and the
-- recording of those that were found good, up to the signature.

create table if not exists permafrost.share_verifications (
  session_id text not null,
  quorum integer not null,
  verification jsonb not null check (coalesce(jsonb_typeof(verification -> 'signers'), '') = 'array'),
  created_at bigint not null default permafrost.now_ms(),
  primary key (session_id, quorum),
  foreign key (session_id, quorum) references public.frost_signing_quorums (session_id, quorum) on delete cascade
);
alter table permafrost.share_verifications enable row level security;
revoke all on table permafrost.share_verifications from public, anon, authenticated, service_role;
comment on table permafrost.share_verifications is
  'Per quorum, what every share check needs: group commitment, challenge, and each signer''s commitment share and interpolation coefficient. Public data; recomputed where it is missing.';

-- Security definer: it alone may write there. The first to store wins: all compute the same.
create or replace function permafrost.store_share_verification(p_session_id text, p_verification jsonb, p_quorum integer)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into permafrost.share_verifications (session_id, quorum, verification)
  select q.session_id, q.quorum, p_verification from public.frost_signing_quorums as q
  where q.session_id = p_session_id and q.quorum = p_quorum and q.signers is not null
  on conflict do nothing;
  return found;
end;
$$;

create or replace function public.store_share_verification(p_session_id text, p_verification jsonb, p_quorum integer default 1) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.store_share_verification(p_session_id, p_verification, p_quorum); end;
comment on function public.store_share_verification(text, jsonb, integer) is
  'Keeps what share checks of a quorum are made from; false where it was there already or round one is open.';

-- Security definer: it reads share_verifications, for a signer its own entry.
create or replace function permafrost.get_share_verification(p_session_id text, p_quorum integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
  v_me text := permafrost.memberships() ->> v_session.family_id;
  v_quorum public.frost_signing_quorums := permafrost.asked_quorum(v_session, p_quorum, v_me);
  v_verification jsonb;
begin
  if v_me is null or v_me <> all (v_quorum.signers) then
    if v_session.mode <> 'two_round' and v_session.status in ('aggregating', 'completed') and p_quorum is null then
      perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
    end if;
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  select verification into v_verification from permafrost.share_verifications
  where session_id = p_session_id and quorum = v_quorum.quorum;
  return jsonb_build_object(
    'quorum', v_quorum.quorum,
    'participant', v_me,
    'threshold', v_session.threshold,
    'signature_shares', permafrost.shares_of(p_session_id, v_quorum.quorum),
    -- What is signed, under which key, is the session's to say: the finished signature is verified by it.
    'verification', (v_verification - 'signers') || (
      select jsonb_build_object('ciphersuite', k.ciphersuite, 'group_public_key', k.group_public_key,
        'message', v_session.message_hash)
      from public.frost_key_packages as k where k.key_package_id = v_session.key_package_id),
    'signer', jsonb_path_query_first(v_verification, '$.signers[*] ? (@.participant == $me)', jsonb_build_object('me', v_me)),
    'signature_share', (select signature_share from public.frost_signature_shares
      where session_id = p_session_id and quorum = v_quorum.quorum and participant_id = v_me));
end;
$$;

create or replace function public.get_share_verification(p_session_id text, p_quorum integer default null) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_share_verification(p_session_id, p_quorum); end;
comment on function public.get_share_verification(text, integer) is
  'For a signer of a quorum (null: the caller''s first unanswered one): quorum; verification and signer, what its share is checked with (null where they must be computed again); signature_share, what it has submitted; participant, who the caller is; threshold and signature_shares, what the quorum has. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open, not_a_signer.';

-- Recording ---------------------------------------------------------------------------------------------

-- The caller may hold the signature that the last share makes; who does not is given the shares to make it of.
create or replace function permafrost.share_answer(p_session_id text, p_quorum integer, p_final_signature text) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions;
  v_shares jsonb;
  v_count integer;
begin
  select count(*), jsonb_object_agg(s.participant_id, s.signature_share) into v_count, v_shares
  from public.frost_signature_shares as s where s.session_id = p_session_id and s.quorum = p_quorum;
  select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
  if v_session.status = 'aggregating' and p_final_signature is not null and v_count = v_session.threshold then
    update public.frost_signing_sessions set status = 'completed', final_signature = p_final_signature
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'quorum', p_quorum,
    'signature_count', v_count,
    'threshold_met', v_count = v_session.threshold,
    'final_signature', v_session.final_signature
  ) || case when v_session.status = 'aggregating' and v_count = v_session.threshold
    then jsonb_build_object('signature_shares', v_shares) else '{}' end;
end;
$$;
comment on function permafrost.share_answer(text, integer, text) is
  'What is answered of a share that is recorded; with the last one of a quorum its session completes.';

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_signature_share(
  p_session_id text, p_participant_id text, p_signature_share text, p_quorum integer, p_final_signature text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_quorum integer;
  v_state text;
  v_code text;
  v_reason text;
  v_signature text;
begin
  begin
    insert into public.frost_signature_shares (session_id, quorum, participant_id, signature_share)
    values (p_session_id, p_quorum, p_participant_id, p_signature_share)
    returning quorum into v_quorum;
    return permafrost.share_answer(p_session_id, v_quorum, p_final_signature);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
    if v_state not like 'PT4%' then
      raise;
    end if;
  end;
  -- What was found to be of before a restore was rolled back with the rest.
  perform permafrost.ended_session(p_session_id);
  select s.quorum into v_quorum from public.frost_signature_shares as s
  where s.session_id = p_session_id and s.participant_id = p_participant_id and s.signature_share = p_signature_share
    and s.quorum = coalesce(p_quorum, s.quorum);
  if found and v_code <> 'session_expired' then
    return permafrost.share_answer(p_session_id, v_quorum, p_final_signature); -- an exact retry
  end if;
  -- A share that comes after another quorum has finished is told the signature: nothing is left to do.
  select s.final_signature into v_signature from public.frost_signing_sessions as s
  where s.session_id = p_session_id and v_code = 'session_finished';
  return permafrost.refusal_answer(p_session_id, p_participant_id, -- Nor is anybody accused who was slower than another quorum.
      case when v_quorum is null and v_code not in ('session_finished', 'key_retired') then 'share_refused' end,
      v_code, v_reason, jsonb_build_object('quorum', p_quorum, 'signature_share', left(p_signature_share, 1024)))
    || case when v_signature is null then '{}' else jsonb_build_object('final_signature', v_signature) end;
end;
$$;

create or replace function public.record_signature_share(
  p_session_id text, p_participant_id text, p_signature_share text, p_quorum integer default null,
  p_final_signature text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_signature_share(p_session_id, p_participant_id, p_signature_share, p_quorum, p_final_signature); end;
comment on function public.record_signature_share(text, text, text, integer, text) is
  'Records a signer''s share for a quorum (null: its first unanswered one), which the caller has verified, and with the last one completes the session with p_final_signature, which the caller has verified too: accepted, status, quorum, signature_count, threshold_met, final_signature, and signature_shares while aggregating; or accepted false, code, error.';

-- A share that was recorded and does not verify was recorded past the functions. Its session can never finish: it
-- fails, with the name.
-- Security definer: it writes the event and moves the session.
create or replace function permafrost.record_refused_share(
  p_session_id text, p_participant_id text, p_reason text, p_quorum integer, p_signature_share text
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.accused_session(p_session_id, p_participant_id);
  v_quorum integer := coalesce(p_quorum, 1);
  v_event_id bigint;
begin
  if v_quorum <> 1 and not exists (select from public.frost_signing_quorums where session_id = p_session_id and quorum = v_quorum) then
    perform permafrost.refuse('invalid_input', 'quorum must be one of this session''s');
  end if;
  if v_session.status = 'aggregating' or v_session.status = 'signing' and v_session.mode <> 'two_round' then
    v_session := permafrost.lock_session(p_session_id); -- before the event: heads are locked last
  end if;
  v_event_id := permafrost.log_refusal('session', p_session_id, v_session.family_id, 'share_refused', p_participant_id, jsonb_build_object(
    'code', 'share_invalid', 'reason', left(p_reason, 1000), 'quorum', v_quorum, 'signature_share', left(p_signature_share, 1024)));
  if v_session.status = 'signing' and v_session.mode <> 'two_round' then
    -- Out of this quorum until a share of its verifies, and so out of every other.
    update public.frost_signing_quorums as q set refused = q.refused || p_participant_id
    where q.session_id = p_session_id and q.quorum = v_quorum and q.status = 'signing' and p_participant_id = any (q.signers)
      and p_participant_id <> all (q.refused) and not exists (select from public.frost_signature_shares as s
        where s.session_id = q.session_id and s.quorum = q.quorum and s.participant_id = p_participant_id);
    perform permafrost.fail_if_stuck(v_session, format('Too few are left: a signature share of %s does not verify', p_participant_id));
    select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
  elsif v_session.status = 'aggregating' and exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.quorum = v_quorum and s.participant_id = p_participant_id and s.signature_share = p_signature_share)
  then
    update public.frost_signing_sessions set status = 'failed',
      error_message = format('The recorded signature share of %s does not verify', p_participant_id)
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('event_id', v_event_id, 'status', v_session.status);
end;
$$;

create or replace function public.record_refused_share(
  p_session_id text, p_participant_id text, p_reason text, p_quorum integer default 1, p_signature_share text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_refused_share(p_session_id, p_participant_id, p_reason, p_quorum, p_signature_share); end;
comment on function public.record_refused_share(text, text, text, integer, text) is
  'Records the event that a participant''s share did not verify, with the share; fails an aggregating session in which that very share is recorded. Returns event_id (null past the limit) and status. Refuses session_not_found, not_a_participant, session_expired, invalid_input.';

-- Security definer: it moves the session.
create or replace function permafrost.complete_signing_session(p_session_id text, p_final_signature text)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.lock_session(p_session_id);
begin
  if v_session.status <> 'completed' or v_session.final_signature is distinct from p_final_signature then
    update public.frost_signing_sessions set status = 'completed', final_signature = p_final_signature
    where session_id = p_session_id
    returning * into v_session;
  end if;
  return jsonb_build_object('status', v_session.status, 'final_signature', v_session.final_signature,
    'completed_at', v_session.completed_at);
end;
$$;

create or replace function public.complete_signing_session(p_session_id text, p_final_signature text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.complete_signing_session(p_session_id, p_final_signature); end;
comment on function public.complete_signing_session(text, text) is
  'Completes an aggregating session with a signature the caller has verified under the group key; the same signature again gets the same answer. Refuses session_not_found, session_expired, session_finished, invalid_transition, invalid_input.';

revoke all on function permafrost.store_share_verification(text, jsonb, integer), public.store_share_verification(text, jsonb, integer),
  permafrost.get_share_verification(text, integer), public.get_share_verification(text, integer), permafrost.share_answer(text, integer, text),
  permafrost.record_signature_share(text, text, text, integer, text), public.record_signature_share(text, text, text, integer, text),
  permafrost.record_refused_share(text, text, text, integer, text), public.record_refused_share(text, text, text, integer, text),
  permafrost.complete_signing_session(text, text), public.complete_signing_session(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.get_share_verification(text, integer), public.get_share_verification(text, integer) to authenticated;
grant execute on function permafrost.store_share_verification(text, jsonb, integer), public.store_share_verification(text, jsonb, integer),
  permafrost.record_signature_share(text, text, text, integer, text), public.record_signature_share(text, text, text, integer, text),
  permafrost.record_refused_share(text, text, text, integer, text), public.record_refused_share(text, text, text, integer, text),
  permafrost.complete_signing_session(text, text), public.complete_signing_session(text, text) to service_role;

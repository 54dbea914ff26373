-- Shares: what they are checked with, computed by the functions when the signer set freezes; and the recording
-- of those that were found good, up to the signature.

create table if not exists permafrost.share_verifications (
  session_id text primary key references public.frost_signing_sessions (session_id) on delete cascade,
  verification jsonb not null check (coalesce(jsonb_typeof(verification -> 'signers'), '') = 'array'),
  created_at bigint not null default permafrost.now_ms()
);
alter table permafrost.share_verifications enable row level security;
revoke all on table permafrost.share_verifications from public, anon, authenticated, service_role;
comment on table permafrost.share_verifications is
  'Per session, what every share check needs: group commitment, challenge, and each signer''s commitment share and interpolation coefficient. Public data; recomputed where it is missing.';

-- Security definer: it alone may write there. The first to store wins: all compute the same.
create or replace function permafrost.store_share_verification(p_session_id text, p_verification jsonb)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into permafrost.share_verifications (session_id, verification)
  select s.session_id, p_verification from public.frost_signing_sessions as s
  where s.session_id = p_session_id and s.signers is not null
  on conflict do nothing;
  return found;
end;
$$;
revoke all on function permafrost.store_share_verification(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.store_share_verification(text, jsonb) to service_role;

create or replace function public.store_share_verification(p_session_id text, p_verification jsonb) returns boolean
language sql volatile set search_path = ''
begin atomic select permafrost.store_share_verification(p_session_id, p_verification); end;
comment on function public.store_share_verification(text, jsonb) is
  'Keeps what share checks of a session are made from; false where it was there already or round one is open.';
revoke all on function public.store_share_verification(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.store_share_verification(text, jsonb) to service_role;

-- Security definer: it reads share_verifications, for a signer its own entry.
create or replace function permafrost.get_share_verification(p_session_id text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions := permafrost.round_two_session(p_session_id);
  v_me text := permafrost.current_participant_id();
  v_verification jsonb;
begin
  if v_me is null or v_me <> all (v_session.signers) then
    perform permafrost.refuse('not_a_signer', 'The caller is not among this session''s signers');
  end if;
  select verification into v_verification from permafrost.share_verifications where session_id = p_session_id;
  return jsonb_build_object(
    -- What is signed, under which key, is the session's to say: the finished signature is verified by it.
    'verification', (v_verification - 'signers') || (
      select jsonb_build_object('ciphersuite', k.ciphersuite, 'group_public_key', k.group_public_key,
        'message', v_session.message_hash)
      from public.frost_key_packages as k where k.key_package_id = v_session.key_package_id),
    'signer', jsonb_path_query_first(v_verification, '$.signers[*] ? (@.participant == $me)', jsonb_build_object('me', v_me)),
    'signature_share', (select signature_share from public.frost_signature_shares
      where session_id = p_session_id and participant_id = v_me));
end;
$$;
revoke all on function permafrost.get_share_verification(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_share_verification(text) to authenticated;

create or replace function public.get_share_verification(p_session_id text) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.get_share_verification(p_session_id); end;
comment on function public.get_share_verification(text) is
  'For a signer: verification and signer, what its share is checked with (null where they must be computed again), and signature_share, what it has submitted. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open, not_a_signer.';
revoke all on function public.get_share_verification(text) from public, anon, authenticated, service_role;
grant execute on function public.get_share_verification(text) to authenticated;

-- Recording ---------------------------------------------------------------------------------------------

create or replace function permafrost.is_recorded_share(
  p_session_id text, p_participant_id text, p_signature_share text
) returns boolean
language sql stable set search_path = ''
return exists (select from public.frost_signature_shares as s where s.session_id = p_session_id
  and s.participant_id = p_participant_id and s.signature_share = p_signature_share);
comment on function permafrost.is_recorded_share(text, text, text) is 'As is_recorded_commitment, of a signature share.';
revoke all on function permafrost.is_recorded_share(text, text, text) from public, anon, authenticated, service_role;

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_signature_share(
  p_session_id text, p_participant_id text, p_signature_share text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
  v_shares jsonb;
  v_state text;
  v_code text;
  v_reason text;
begin
  begin
    v_session := permafrost.lock_session(p_session_id);
    if not permafrost.is_recorded_share(p_session_id, p_participant_id, p_signature_share) then
      insert into public.frost_signature_shares (session_id, participant_id, signature_share)
      values (p_session_id, p_participant_id, p_signature_share);
      select * into strict v_session from public.frost_signing_sessions where session_id = p_session_id;
    end if;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
    if v_state not like 'PT4%' then
      raise;
    end if;
    return permafrost.record_refusal(p_session_id,
      case when not permafrost.is_recorded_share(p_session_id, p_participant_id, p_signature_share)
        then 'share_refused' end,
      p_participant_id, v_code, v_reason);
  end;
  select jsonb_object_agg(participant_id, signature_share) into v_shares
  from public.frost_signature_shares where session_id = p_session_id;
  return jsonb_build_object(
    'accepted', true,
    'status', v_session.status,
    'signature_count', (select count(*) from jsonb_object_keys(v_shares)),
    'threshold_met', v_session.status in ('aggregating', 'completed'),
    'final_signature', v_session.final_signature
  ) || case when v_session.status = 'aggregating'
    then jsonb_build_object('signature_shares', v_shares) else '{}' end;
end;
$$;
revoke all on function permafrost.record_signature_share(text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_signature_share(text, text, text) to service_role;

create or replace function public.record_signature_share(
  p_session_id text, p_participant_id text, p_signature_share text
) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.record_signature_share(p_session_id, p_participant_id, p_signature_share); end;
comment on function public.record_signature_share(text, text, text) is
  'Records a signer''s share, which the caller has verified: accepted, status, signature_count, threshold_met, final_signature, and signature_shares while aggregating; or accepted false, code, error.';
revoke all on function public.record_signature_share(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.record_signature_share(text, text, text) to service_role;

-- Security definer: it writes the event.
create or replace function permafrost.record_refused_share(p_session_id text, p_participant_id text, p_reason text)
returns jsonb
language sql volatile security definer set search_path = ''
return permafrost.record_found_bad(p_session_id, p_participant_id, 'share_refused', 'share_invalid', p_reason);
revoke all on function permafrost.record_refused_share(text, text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.record_refused_share(text, text, text) to service_role;

create or replace function public.record_refused_share(p_session_id text, p_participant_id text, p_reason text)
returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.record_refused_share(p_session_id, p_participant_id, p_reason); end;
comment on function public.record_refused_share(text, text, text) is
  'Records the event that a participant''s share did not verify, and returns its event_id. Refuses session_not_found, not_a_participant, session_expired.';
revoke all on function public.record_refused_share(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.record_refused_share(text, text, text) to service_role;

-- Security definer: it moves the session.
create or replace function permafrost.complete_signing_session(p_session_id text, p_final_signature text)
returns jsonb
language plpgsql volatile security definer set search_path = ''
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
revoke all on function permafrost.complete_signing_session(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.complete_signing_session(text, text) to service_role;

create or replace function public.complete_signing_session(p_session_id text, p_final_signature text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.complete_signing_session(p_session_id, p_final_signature); end;
comment on function public.complete_signing_session(text, text) is
  'Completes an aggregating session with a signature the caller has verified under the group key; the same signature again gets the same answer. Refuses session_not_found, session_expired, session_finished, invalid_transition, invalid_input.';
revoke all on function public.complete_signing_session(text, text) from public, anon, authenticated, service_role;
grant execute on function public.complete_signing_session(text, text) to service_role;

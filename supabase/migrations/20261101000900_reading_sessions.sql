-- What members read of sessions. Each RPC in public is one line over its twin in permafrost, where the
-- caller is known by the claims of the request and by nothing that was passed in.

-- A session that the caller may not see is not found: its existence is not told either.
create or replace function permafrost.visible_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql stable set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
begin
  select * into v_session from public.frost_signing_sessions as s
  where s.session_id = p_session_id and (permafrost.is_operator()
    or s.family_id = permafrost.current_family_id()
      and permafrost.current_participant_id() = any (array_append(s.participants, s.created_by)));
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such session, or it is not the caller''s to see');
  end if;
  return v_session;
end;
$$;
comment on function permafrost.visible_session(text) is
  'A session the caller created or takes part in, in the caller''s family; operators see all. Refuses session_not_found.';
revoke all on function permafrost.visible_session(text) from public, anon, authenticated, service_role;

create or replace function permafrost.key_warning(p_key_package_id uuid) returns text
language sql stable set search_path = ''
begin atomic
  select 'The secret of this key was put together in one place for a recovery; register a new key'
  from public.frost_key_packages as k
  where k.key_package_id = p_key_package_id and k.exposed_at is not null;
end;
comment on function permafrost.key_warning(uuid) is 'What members must be told about a key; null for nothing.';
revoke all on function permafrost.key_warning(uuid) from public, anon, authenticated, service_role;

create or replace function permafrost.session_json(p_session public.frost_signing_sessions) returns jsonb
language sql stable set search_path = ''
begin atomic
  with facts as (
    select
      permafrost.effective_status(p_session.status, p_session.expires_at, permafrost.now_ms()) as status,
      (select coalesce(jsonb_object_agg(c.participant_id, c.nonce_commitment), '{}')
        from public.frost_nonce_commitments as c where c.session_id = p_session.session_id) as commitments,
      (select coalesce(jsonb_object_agg(s.participant_id, s.signature_share), '{}')
        from public.frost_signature_shares as s where s.session_id = p_session.session_id) as shares,
      (select coalesce(jsonb_object_agg(d.participant_id, d.reason), '{}')
        from permafrost.session_declines as d where d.session_id = p_session.session_id) as declined
  )
  select to_jsonb(p_session) || jsonb_build_object(
    'status', f.status,
    'ciphersuite', (select k.ciphersuite from public.frost_key_packages as k
      where k.key_package_id = p_session.key_package_id),
    'warning', permafrost.key_warning(p_session.key_package_id),
    'nonce_commitments', f.commitments,
    'signature_shares', f.shares,
    -- Owed in the round that is open; once the signer set is frozen nobody owes a commitment.
    'missing_commitments', (select coalesce(jsonb_agg(p order by ord), '[]')
      from unnest(p_session.participants) with ordinality as u (p, ord)
      where p_session.signers is null and not f.commitments ? p and not f.declined ? p),
    'missing_signatures', (select coalesce(jsonb_agg(p order by ord), '[]')
      from unnest(p_session.signers) with ordinality as u (p, ord) where not f.shares ? p),
    'declined', f.declined,
    'can_aggregate', f.status = 'aggregating',
    'is_expired', f.status = 'expired',
    'signable', p_session.key_package_id is not null,
    'signable_reason', case when p_session.key_package_id is null then 'no_key_package' end
  )
  from facts as f;
end;
comment on function permafrost.session_json(public.frost_signing_sessions) is
  'A session as clients see it: its columns with the status that is true now, and what is missing to finish it.';
revoke all on function permafrost.session_json(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- Security definer: it reads sessions for the caller by visible_session's rule.
create or replace function permafrost.get_signing_session(p_session_id text) returns jsonb
language sql stable security definer set search_path = ''
return permafrost.session_json(permafrost.visible_session(p_session_id));
revoke all on function permafrost.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_session(text) to authenticated, service_role;

create or replace function public.get_signing_session(p_session_id text) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.get_signing_session(p_session_id); end;
comment on function public.get_signing_session(text) is
  'A session the caller created or takes part in: all columns, with nonce_commitments, signature_shares, missing_commitments, missing_signatures, can_aggregate, is_expired, signable, signable_reason. Refuses session_not_found.';
revoke all on function public.get_signing_session(text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_session(text) to authenticated, service_role;

-- Round two is for those who may answer it: participants, and the service that verifies their answers.
create or replace function permafrost.round_two_session(p_session_id text) returns public.frost_signing_sessions
language plpgsql stable set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
  v_status public.signing_session_status :=
    permafrost.effective_status(v_session.status, v_session.expires_at, permafrost.now_ms());
begin
  if not permafrost.is_operator() and permafrost.current_participant_id() <> all (v_session.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller does not take part in this session');
  end if;
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package: this session is a dry run');
  end if;
  if v_status = 'expired' then
    perform permafrost.refuse('session_expired', 'The session has expired');
  end if;
  -- Who has answered before it failed may hear so again.
  if v_status = 'failed' and not exists (select from public.frost_signature_shares as s
    where s.session_id = p_session_id and s.participant_id = permafrost.current_participant_id())
  then
    perform permafrost.refuse('session_finished', 'The session is failed');
  end if;
  if v_session.signers is null then
    perform permafrost.refuse('round_open', 'Round one is still open: the signer set is not known yet');
  end if;
  return v_session;
end;
$$;
comment on function permafrost.round_two_session(text) is
  'A session the caller takes part in, from signing on. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';
revoke all on function permafrost.round_two_session(text) from public, anon, authenticated, service_role;

create or replace function permafrost.package_json(p_session public.frost_signing_sessions) returns jsonb
language sql stable set search_path = ''
begin atomic
  select jsonb_build_object(
    'session_id', p_session.session_id,
    'family_id', p_session.family_id,
    'status', p_session.status,
    'ciphersuite', k.ciphersuite,
    'message', p_session.message_hash,
    'event_template', p_session.event_template,
    'event_type', p_session.event_type,
    'threshold', p_session.threshold,
    'expires_at', p_session.expires_at,
    'signers', p_session.signers,
    'commitments', (select jsonb_object_agg(c.participant_id, c.nonce_commitment)
      from public.frost_nonce_commitments as c
      where c.session_id = p_session.session_id and c.participant_id = any (p_session.signers)),
    'key_package', to_jsonb(k))
  from public.frost_key_packages as k where k.key_package_id = p_session.key_package_id;
end;
comment on function permafrost.package_json(public.frost_signing_sessions) is 'What a signer needs for round two.';
revoke all on function permafrost.package_json(public.frost_signing_sessions) from public, anon, authenticated, service_role;

-- Security definer: it reads all signers' commitments, where RLS shows a caller its own.
create or replace function permafrost.get_signing_package(p_session_id text) returns jsonb
language sql stable security definer set search_path = ''
return permafrost.package_json(permafrost.round_two_session(p_session_id));
revoke all on function permafrost.get_signing_package(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_package(text) to authenticated, service_role;

create or replace function public.get_signing_package(p_session_id text) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.get_signing_package(p_session_id); end;
comment on function public.get_signing_package(text) is
  'For participants, from signing on, everything round two takes: ciphersuite, message, event_template, threshold, signers, commitments, key_package. Refuses session_not_found, not_a_participant, no_key_package, session_expired, session_finished, round_open.';
revoke all on function public.get_signing_package(text) from public, anon, authenticated, service_role;
grant execute on function public.get_signing_package(text) to authenticated, service_role;

-- Security definer: as get_signing_session, for many. Planned anew each time, so that each filter finds the
-- index that was made for it.
create or replace function permafrost.list_signing_sessions(
  p_status public.signing_session_status, p_awaiting_me boolean, p_limit integer, p_before bigint
) returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_me text := permafrost.current_participant_id();
  v_family text := permafrost.current_family_id();
  v_operator boolean := permafrost.is_operator();
  v_sessions jsonb;
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'A page has 1 to 500 sessions');
  end if;
  select coalesce(jsonb_agg(permafrost.session_json(page) order by page.created_at desc, page.session_id), '[]')
  into v_sessions
  from (
    select s.* from public.frost_signing_sessions as s
    where (v_operator or s.family_id = v_family and v_me = any (array_append(s.participants, s.created_by)))
      and (p_before is null or s.created_at < p_before)
      -- effective_status, spelled out so that the index on status serves.
      and (p_status is null or case
        when p_status = 'expired' then s.status = 'expired'
          or s.status in ('pending', 'nonce_collection', 'signing', 'aggregating') and s.expires_at <= v_now
        when p_status in ('completed', 'failed') then s.status = p_status
        else s.status = p_status and s.expires_at > v_now end)
      and (not coalesce(p_awaiting_me, false)
        or s.status in ('pending', 'nonce_collection', 'signing') and s.expires_at > v_now
          and s.participants @> array[v_me]
          and case when s.signers is null
            then not exists (select from public.frost_nonce_commitments as c
              where c.session_id = s.session_id and c.participant_id = v_me)
              and not exists (select from permafrost.session_declines as d
                where d.session_id = s.session_id and d.participant_id = v_me)
            -- Used is answered, or marked so that it is not to be.
            else v_me = any (s.signers) and exists (select from public.frost_nonce_commitments as c
              where c.session_id = s.session_id and c.participant_id = v_me and not c.nonce_used)
          end)
    order by s.created_at desc, s.session_id
    limit p_limit
  ) as page;
  return v_sessions;
end;
$$;
revoke all on function permafrost.list_signing_sessions(public.signing_session_status, boolean, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.list_signing_sessions(public.signing_session_status, boolean, integer, bigint)
  to authenticated, service_role;

create or replace function public.list_signing_sessions(
  p_status public.signing_session_status default null, p_awaiting_me boolean default false,
  p_limit integer default 50, p_before bigint default null
) returns jsonb
language sql stable set search_path = ''
begin atomic select permafrost.list_signing_sessions(p_status, p_awaiting_me, p_limit, p_before); end;
comment on function public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint) is
  'An array of the caller''s sessions, newest first, 1 to 500 of them: of one status; only those where the caller owes a commitment or a share; created before p_before (milliseconds). Refuses invalid_input.';
revoke all on function public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint)
  to authenticated, service_role;

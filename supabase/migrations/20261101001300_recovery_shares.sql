-- The shares guardians hand in for a recovery: ciphertext that only the requester's device can open.

create table if not exists public.sss_encrypted_shares (
  request_id text not null references public.sss_signing_requests (request_id) on delete cascade,
  guardian_id text not null,
  ciphertext text not null,
  status text not null default 'submitted' check (status in ('submitted', 'rejected')),
  created_at bigint not null default permafrost.now_ms(),
  primary key (request_id, guardian_id)
);
comment on table public.sss_encrypted_shares is
  'Signing shares encrypted by guardians'' devices to a request''s one-time key. Read by the requester alone.';
comment on column public.sss_encrypted_shares.ciphertext is 'NIP-44 v2, with the request''s id bound in; opaque to the server.';
comment on column public.sss_encrypted_shares.status is
  'rejected when the requester''s device found it bad; the guardian may then hand in another.';

alter table public.sss_encrypted_shares enable row level security;
revoke all on table public.sss_encrypted_shares from public, anon, authenticated, service_role;
grant select on table public.sss_encrypted_shares to authenticated;
-- No insert for anybody: submit_recovery_share is the only way in. No select for service_role: an operator
-- has no business with ciphertext of shares.

drop policy if exists "Requesters read the shares of their requests" on public.sss_encrypted_shares;
create policy "Requesters read the shares of their requests" on public.sss_encrypted_shares
  for select to authenticated
  using (exists (
    select from public.sss_signing_requests as r
    where r.request_id = sss_encrypted_shares.request_id
      and r.family_id = (select permafrost.current_family_id())
      and r.created_by = (select permafrost.current_participant_id())
  ));

-- Guardians who said no ------------------------------------------------------------------------------------

create table if not exists permafrost.request_declines (
  request_id text not null references public.sss_signing_requests (request_id) on delete cascade,
  participant_id text not null,
  reason text not null,
  declined_at bigint not null default permafrost.now_ms(),
  primary key (request_id, participant_id)
);
alter table permafrost.request_declines enable row level security;
revoke all on table permafrost.request_declines from public, anon, authenticated, service_role;
comment on table permafrost.request_declines is 'Guardians who declined a recovery request. A decline is final.';

-- Turns, as at a session --------------------------------------------------------------------------------

create or replace function permafrost.visible_request(p_request_id text) returns public.sss_signing_requests
language plpgsql stable set search_path = ''
as $$
declare
  v_request public.sss_signing_requests;
begin
  select * into v_request from public.sss_signing_requests as r
  where r.request_id = p_request_id and (permafrost.is_operator()
    or r.family_id = permafrost.current_family_id()
      and permafrost.current_participant_id() = any (array_append(r.required_guardians, r.created_by)));
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such request, or it is not the caller''s to see');
  end if;
  return v_request;
end;
$$;
comment on function permafrost.visible_request(text) is
  'A recovery request the caller made or is a guardian of; operators see all. Refuses session_not_found.';
revoke all on function permafrost.visible_request(text) from public, anon, authenticated, service_role;

create or replace function permafrost.lock_request(p_request_id text) returns public.sss_signing_requests
language plpgsql set search_path = ''
as $$
declare
  v_request public.sss_signing_requests;
begin
  select * into v_request from public.sss_signing_requests where request_id = p_request_id for update;
  if not found then
    perform permafrost.refuse('session_not_found', 'There is no such request');
  end if;
  if permafrost.effective_request_status(v_request.status, v_request.expires_at, permafrost.now_ms()) = 'expired' then
    perform permafrost.refuse('session_expired', 'The request has expired');
  end if;
  return v_request;
end;
$$;
comment on function permafrost.lock_request(text) is
  'The request, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';
revoke all on function permafrost.lock_request(text) from public, anon, authenticated, service_role;

create or replace function permafrost.request_json(p_request public.sss_signing_requests) returns jsonb
language sql stable set search_path = ''
begin atomic
  with shares as (
    select
      coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'submitted'), '{}') as submitted,
      coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'rejected'), '{}') as rejected,
      jsonb_object_agg(s.guardian_id, s.ciphertext) filter (where s.status = 'submitted') as ciphertexts
    from public.sss_encrypted_shares as s where s.request_id = p_request.request_id
  ), facts as (
    select
      permafrost.effective_request_status(p_request.status, p_request.expires_at, permafrost.now_ms()) as status,
      (select coalesce(jsonb_object_agg(d.participant_id, d.reason), '{}')
        from permafrost.request_declines as d where d.request_id = p_request.request_id) as declined
  )
  select to_jsonb(p_request) || jsonb_build_object(
    'status', f.status,
    'ciphersuite', k.ciphersuite,
    'key_package', to_jsonb(k),
    'warning', permafrost.key_warning(p_request.key_package_id),
    'submitted_guardians', s.submitted,
    'rejected_guardians', s.rejected,
    'missing_guardians', (select coalesce(jsonb_agg(g order by ord), '[]')
      from unnest(p_request.required_guardians) with ordinality as u (g, ord)
      where g <> all (s.submitted) and not f.declined ? g),
    'declined', f.declined,
    'is_expired', f.status = 'expired',
    -- For the requester's device alone, and only while there is something to be done with them.
    'encrypted_shares', case when p_request.created_by = permafrost.current_participant_id()
        and p_request.family_id = permafrost.current_family_id()
        and f.status in ('partial', 'ready')
      then coalesce(s.ciphertexts, '{}') else '{}' end)
  from shares as s, facts as f, public.frost_key_packages as k
  where k.key_package_id = p_request.key_package_id;
end;
comment on function permafrost.request_json(public.sss_signing_requests) is
  'A recovery request as clients see it; ciphertexts for its requester only.';
revoke all on function permafrost.request_json(public.sss_signing_requests) from public, anon, authenticated, service_role;

-- How many good shares there are decides the state.
create or replace function permafrost.count_request_shares(p_request public.sss_signing_requests) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_count integer := (select count(*) from public.sss_encrypted_shares
    where request_id = p_request.request_id and status = 'submitted');
  v_status public.sss_request_status := p_request.status;
begin
  if v_status = 'pending' and v_count > 0 then
    v_status := 'partial';
    update public.sss_signing_requests set status = v_status where request_id = p_request.request_id;
  end if;
  if v_status = 'partial' and v_count >= p_request.threshold then
    v_status := 'ready';
    update public.sss_signing_requests set status = v_status where request_id = p_request.request_id;
  elsif v_status = 'ready' and v_count < p_request.threshold then
    v_status := 'partial';
    update public.sss_signing_requests set status = v_status where request_id = p_request.request_id;
  end if;
  return jsonb_build_object('status', v_status, 'share_count', v_count, 'threshold_met', v_count >= p_request.threshold);
end;
$$;
comment on function permafrost.count_request_shares(public.sss_signing_requests) is
  'Moves a locked request to where its shares put it; returns status, share_count, threshold_met.';
revoke all on function permafrost.count_request_shares(public.sss_signing_requests) from public, anon, authenticated, service_role;

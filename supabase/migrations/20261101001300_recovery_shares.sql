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
comment on column public.sss_encrypted_shares.ciphertext is
  'NIP-44 v2, with the request''s id bound in; opaque to the server. Of a finished request, its SHA-256 alone.';
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
      and r.status in ('partial', 'ready') and r.expires_at > (select permafrost.now_ms())
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
  perform permafrost.check_isolation();
  select * into v_request from public.sss_signing_requests where request_id = p_request_id;
  if found and permafrost.effective_request_status(v_request.status, v_request.expires_at, permafrost.now_ms()) <> 'expired' then
    select * into v_request from public.sss_signing_requests where request_id = p_request_id for update;
  end if;
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
  'The request, locked for update, as it is at the caller''s turn; as lock_session. Refuses session_not_found and session_expired.';
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

create or replace function permafrost.request_progress(p_request_id text) returns jsonb
language sql stable set search_path = ''
begin atomic
  select jsonb_build_object('status', r.status, 'share_count', s.good, 'threshold_met', s.good >= r.threshold)
  from public.sss_signing_requests as r, lateral (
    select count(*) as good from public.sss_encrypted_shares
    where request_id = r.request_id and status = 'submitted') as s
  where r.request_id = p_request_id;
end;
comment on function permafrost.request_progress(text) is 'How far a request has come: status, share_count, threshold_met.';
revoke all on function permafrost.request_progress(text) from public, anon, authenticated, service_role;

-- What a device was given ------------------------------------------------------------------------------------

-- Rejected or not, from one request or from several: a requester's device that was given as many shares as
-- the key's threshold, its own included, could have put the secret together.
create or replace function permafrost.mark_if_exposed(p_request public.sss_signing_requests) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_package public.frost_key_packages;
  v_shares integer;
begin
  -- The turn first: of two shares that are handed in at once the second counts the first.
  perform permafrost.lock_family_key(p_request.family_id);
  select * into strict v_package from public.frost_key_packages where key_package_id = p_request.key_package_id;
  select count(*) into v_shares from (
    select e.actor from public.sss_request_events as e
    where e.event = 'share_submitted' and e.family_id = p_request.family_id
      and e.detail ->> 'key_package_id' = p_request.key_package_id::text
      and e.detail ->> 'requester' = p_request.created_by
    union
    select p_request.created_by where p_request.created_by = any (v_package.participants)
  ) as holders;
  if v_shares >= v_package.threshold then
    update public.frost_key_packages set exposed_at = permafrost.now_ms()
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null;
  end if;
end;
$$;
comment on function permafrost.mark_if_exposed(public.sss_signing_requests) is
  'Marks a key exposed once a requester was given as many shares as its threshold.';
revoke all on function permafrost.mark_if_exposed(public.sss_signing_requests)
  from public, anon, authenticated, service_role;

-- The law of shares --------------------------------------------------------------------------------------------

create or replace function permafrost.ciphertext_digest(p_ciphertext text) returns text
language sql immutable set search_path = ''
return 'sha256:' || encode(sha256(convert_to(p_ciphertext, 'UTF8')), 'hex');
comment on function permafrost.ciphertext_digest(text) is
  'What is kept of a ciphertext that nobody needs any more, so that an exact retry is known all the same.';
revoke all on function permafrost.ciphertext_digest(text) from public, anon, authenticated, service_role;

-- Security definer: it locks the request.
create or replace function permafrost.tg_sss_encrypted_shares__10_admit() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests;
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'ciphertext' = to_jsonb(old) - 'ciphertext'
    and new.ciphertext in (old.ciphertext, permafrost.ciphertext_digest(old.ciphertext))
    and exists (select from public.sss_signing_requests
      where request_id = old.request_id and status in ('completed', 'failed', 'expired'))
  then
    return new;
  end if;
  v_request := permafrost.lock_request(new.request_id);
  if v_request.status in ('completed', 'failed') then
    perform permafrost.refuse('session_finished', format('The request is %s', v_request.status));
  end if;
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - '{status,ciphertext,created_at}'::text[] is distinct from to_jsonb(old) - '{status,ciphertext,created_at}'::text[]
      or old.status = new.status or new.status = 'rejected' and new.ciphertext <> old.ciphertext
    then
      perform permafrost.refuse('invalid_transition', 'A share is immutable, but for being rejected and replaced');
    end if;
    if new.status = 'rejected' then
      return new;
    end if;
  end if;
  if new.guardian_id <> all (v_request.required_guardians) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if v_request.status = 'ready' then
    perform permafrost.refuse('round_closed', 'Enough shares are there already');
  end if;
  if v_request.recipient_public_key is null then
    perform permafrost.refuse('round_open', 'The requester has not set the key to encrypt to');
  end if;
  if exists (select from permafrost.request_declines where request_id = new.request_id and participant_id = new.guardian_id) then
    perform permafrost.refuse('invalid_transition', 'The caller has declined');
  end if;
  -- As many bytes as characters: ASCII, as the functions have it.
  if coalesce(octet_length(new.ciphertext), 0) not between 1 and 8192 or new.ciphertext !~ '^[[:graph:]]+$'
    or octet_length(new.ciphertext) <> char_length(new.ciphertext) or new.status <> 'submitted'
  then
    perform permafrost.refuse('invalid_input', 'A ciphertext has 1 to 8,192 printable characters of ASCII');
  end if;
  return new;
end;
$$;
revoke all on function permafrost.tg_sss_encrypted_shares__10_admit() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_encrypted_shares__10_admit
  before insert or update on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__10_admit();

-- Security definer: it moves the request. How many good shares there are decides where to.
create or replace function permafrost.tg_sss_encrypted_shares__20_advance() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_request public.sss_signing_requests;
  v_good bigint;
begin
  if tg_op = 'UPDATE' and new.status = old.status then
    return null;
  end if;
  select * into strict v_request from public.sss_signing_requests where request_id = new.request_id;
  select count(*) into v_good from public.sss_encrypted_shares where request_id = new.request_id and status = 'submitted';
  if new.status = 'submitted' then
    -- In the event too, which outlives the request: what a device has been given it does not give back.
    perform permafrost.log_request_event(v_request, 'share_submitted', new.guardian_id, jsonb_build_object(
      'key_package_id', v_request.key_package_id, 'requester', v_request.created_by));
    perform permafrost.mark_if_exposed(v_request);
    if v_request.status = 'pending' then
      update public.sss_signing_requests set status = 'partial' where request_id = new.request_id;
    end if;
    if v_request.status in ('pending', 'partial') and v_good >= v_request.threshold then
      update public.sss_signing_requests set status = 'ready' where request_id = new.request_id;
    end if;
  elsif v_request.status = 'ready' and v_good < v_request.threshold then
    update public.sss_signing_requests set status = 'partial' where request_id = new.request_id;
  end if;
  return null;
end;
$$;
revoke all on function permafrost.tg_sss_encrypted_shares__20_advance() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_encrypted_shares__20_advance
  after insert or update on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__20_advance();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_sss_encrypted_shares__freeze() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- The cascade deletes the request first; while it stands, so do its shares.
  if exists (select from public.sss_signing_requests where request_id = old.request_id) then
    perform permafrost.refuse('invalid_transition', 'A share goes only with its request');
  end if;
  return old;
end;
$$;
revoke all on function permafrost.tg_sss_encrypted_shares__freeze() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_encrypted_shares__freeze
  before delete on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__freeze();

-- A finished request keeps no ciphertext: they have served, or nobody is to have them any more.
-- Security definer: nobody has update.
create or replace function permafrost.tg_sss_signing_requests__50_forget() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.sss_encrypted_shares set ciphertext = permafrost.ciphertext_digest(ciphertext)
  where request_id = new.request_id;
  return null;
end;
$$;
revoke all on function permafrost.tg_sss_signing_requests__50_forget() from public, anon, authenticated, service_role;

create or replace trigger tg_sss_signing_requests__50_forget
  after update on public.sss_signing_requests
  for each row when (old.status in ('pending', 'partial', 'ready') and new.status in ('completed', 'failed', 'expired'))
  execute function permafrost.tg_sss_signing_requests__50_forget();

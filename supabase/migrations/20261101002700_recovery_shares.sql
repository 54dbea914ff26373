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
call permafrost.protect('public.sss_encrypted_shares');

drop policy if exists "Requesters read the shares of their requests" on public.sss_encrypted_shares;
create policy "Requesters read the shares of their requests" on public.sss_encrypted_shares
  for select to authenticated
  using (exists (
    select from public.sss_signing_requests as r
    where r.request_id = sss_encrypted_shares.request_id
      and r.created_by = (select permafrost.memberships()) ->> r.family_id
      and r.status in ('partial', 'ready') and r.expires_at > (select permafrost.now_ms())
      and r.incarnation >= (select permafrost.live_from())
      and not exists (select from public.frost_key_packages as k where k.key_package_id = r.key_package_id and k.retired_at < r.expires_at)
  ));

-- What a device was given ------------------------------------------------------------------------------------

create index if not exists frost_events_share_submitted_idx on public.frost_events (family_id) where event = 'share_submitted';

-- Rejected or not, from one request or from several: a device that was given as many shares as the key's
-- threshold, its own included, could have put the secret together. Two requests are of one device if they have one
-- requester or one recipient key; one device after another, whoever asks with its key.
create or replace function permafrost.mark_if_exposed(p_request public.sss_signing_requests) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_package public.frost_key_packages;
  v_shares integer;
begin
  -- The turn first: of two shares that are handed in at once the second counts the first.
  perform permafrost.lock_family_key(p_request.family_id);
  select * into strict v_package from public.frost_key_packages where key_package_id = p_request.key_package_id;
  if not exists (select from public.frost_key_packages
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null)
  then
    return;
  end if;
  -- Names of requesters and keys that are of one device, each joined by equality: a list that somebody made long costs
  -- its length, not its square.
  with recursive given as materialized (
    select distinct e.actor as guardian, e.detail ->> 'requester' as requester, e.detail ->> 'recipient_public_key' as recipient
    from public.frost_events as e
    where e.subject = 'recovery' and e.event = 'share_submitted' and e.family_id = p_request.family_id
      and e.detail ->> 'key_package_id' = p_request.key_package_id::text
  ), links (name, is_key, other) as materialized (
    select g.requester, false, g.recipient from given as g
    union
    select g.recipient, true, g.requester from given as g
  ), device (name, is_key) as (
    values (p_request.created_by, false), (p_request.recipient_public_key, true)
    union
    select l.other, not l.is_key from links as l join device as d using (name, is_key)
  )
  select count(*) into v_shares from (
    select g.guardian from given as g join device as d on d.name = g.requester and not d.is_key
    union
    select d.name from device as d where not d.is_key and d.name = any (v_package.participants)
  ) as holders;
  if v_shares >= v_package.threshold then
    update public.frost_key_packages set exposed_at = permafrost.now_ms()
    where family_id = p_request.family_id and group_public_key = v_package.group_public_key and exposed_at is null;
  end if;
end;
$$;
comment on function permafrost.mark_if_exposed(public.sss_signing_requests) is
  'Marks a key exposed once one device was given as many shares as its threshold, counted by requester and by recipient key.';

-- Turns --------------------------------------------------------------------------------------------------------

create or replace function permafrost.lock_request(p_request_id text) returns public.sss_signing_requests
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
  v_request public.sss_signing_requests;
begin
  v_row := permafrost.lock_subject(k, p_request_id) from permafrost.kinds as k where k.kind = 'recovery';
  select * into strict v_request from public.sss_signing_requests where request_id = p_request_id;
  return v_request;
end;
$$;
comment on function permafrost.lock_request(text) is
  'The request, locked for update, as it is at the caller''s turn. Refuses session_not_found and session_expired.';

-- The law of shares --------------------------------------------------------------------------------------------

create or replace function permafrost.ciphertext_digest(p_ciphertext text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return 'sha256:' || encode(sha256(convert_to(p_ciphertext, 'UTF8')), 'hex');
comment on function permafrost.ciphertext_digest(text) is
  'What is kept of a ciphertext that nobody needs any more, so that an exact retry is known all the same.';

-- Security definer: it locks the request.
create or replace function permafrost.tg_sss_encrypted_shares__10_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests;
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'ciphertext' = to_jsonb(old) - 'ciphertext'
    and new.ciphertext in (old.ciphertext, permafrost.ciphertext_digest(old.ciphertext))
    and exists (select from public.sss_signing_requests
      where request_id = old.request_id and status >= 'completed')
  then
    return new;
  end if;
  v_request := permafrost.lock_request(new.request_id);
  if v_request.status >= 'completed' then
    perform permafrost.refuse_finished('request', v_request.status::text, v_request.error_message);
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
  if new.guardian_id <> all (v_request.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller is not among this request''s guardians');
  end if;
  if v_request.status = 'ready' then
    perform permafrost.refuse('round_closed', 'Enough shares are there already');
  end if;
  if v_request.recipient_public_key is null then
    perform permafrost.refuse('round_open', 'The requester has not set the key to encrypt to');
  end if;
  perform permafrost.check_not_declined('recovery', new.request_id, new.guardian_id);
  -- As many bytes as characters: ASCII, as the functions have it.
  if coalesce(octet_length(new.ciphertext), 0) not between 1 and 8192 or new.ciphertext !~ '^[[:graph:]]+$'
    or octet_length(new.ciphertext) <> char_length(new.ciphertext) or new.status <> 'submitted'
  then
    perform permafrost.refuse('invalid_input', 'A ciphertext has 1 to 8,192 printable characters of ASCII');
  end if;
  return new;
end;
$$;

create or replace trigger tg_sss_encrypted_shares__10_admit
  before insert or update on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__10_admit();

-- Security definer: it moves the request. How many good shares there are decides where to.
create or replace function permafrost.tg_sss_encrypted_shares__20_advance() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
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
    perform permafrost.log_event('recovery', v_request.request_id, v_request.family_id, 'share_submitted', new.guardian_id,
      jsonb_build_object('key_package_id', v_request.key_package_id, 'requester', v_request.created_by,
        'recipient_public_key', v_request.recipient_public_key));
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

create or replace trigger tg_sss_encrypted_shares__20_advance
  after insert or update on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__20_advance();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_sss_encrypted_shares__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- The cascade deletes the request first; while it stands, so do its shares.
  if exists (select from public.sss_signing_requests where request_id = old.request_id) then
    perform permafrost.refuse('invalid_transition', 'A share goes only with its request');
  end if;
  return old;
end;
$$;

create or replace trigger tg_sss_encrypted_shares__freeze
  before delete on public.sss_encrypted_shares
  for each row execute function permafrost.tg_sss_encrypted_shares__freeze();

-- A finished request keeps no ciphertext: they have served, or nobody is to have them any more.
-- Security definer: nobody has update.
create or replace function permafrost.tg_sss_signing_requests__60_forget() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update public.sss_encrypted_shares set ciphertext = permafrost.ciphertext_digest(ciphertext)
  where request_id = new.request_id;
  return null;
end;
$$;

create or replace trigger tg_sss_signing_requests__60_forget
  after update on public.sss_signing_requests
  for each row when (old.status < 'completed' and new.status >= 'completed')
  execute function permafrost.tg_sss_signing_requests__60_forget();

-- A guardian whose share is there has answered.
-- Security definer: it reads shares for a member.
create or replace function permafrost.tg_declines__recovery() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from public.sss_encrypted_shares
    where request_id = new.subject_id and guardian_id = new.participant_id and status = 'submitted')
  then
    perform permafrost.refuse('share_already_submitted', 'The caller has handed in its share already');
  end if;
  return new;
end;
$$;

create or replace trigger tg_declines__10_recovery_answered
  before insert on permafrost.declines
  for each row when (new.kind = 'recovery') execute function permafrost.tg_declines__recovery();

revoke all on function permafrost.mark_if_exposed(public.sss_signing_requests), permafrost.lock_request(text),
  permafrost.ciphertext_digest(text), permafrost.tg_sss_encrypted_shares__10_admit(), permafrost.tg_sss_encrypted_shares__20_advance(),
  permafrost.tg_sss_encrypted_shares__freeze(), permafrost.tg_sss_signing_requests__60_forget(), permafrost.tg_declines__recovery()
  from public, anon, authenticated, service_role;

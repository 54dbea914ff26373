-- Who a guardian's device is: one long-term secp256k1 key, the entropy of the guardian's 24 words. Ceremonies encrypt to
-- it and are signed by it. The server shows these keys and is believed in none: guardians compare their fingerprints
-- out of band.

create table if not exists public.frost_host_keys (
  family_id text not null,
  participant_id text not null,
  host_public_key text not null,
  registered_at bigint not null default permafrost.now_ms(),
  retired_at bigint,
  -- A key is never taken up again, nor by another.
  primary key (family_id, host_public_key)
);
-- One active key a guardian; also finds it.
create unique index if not exists frost_host_keys_active_idx
  on public.frost_host_keys (family_id, participant_id) where retired_at is null;

comment on table public.frost_host_keys is
  'The public half of each guardian''s device key. Immutable but for retired_at, set once. Written by register_host_key only.';
comment on column public.frost_host_keys.host_public_key is 'Compressed secp256k1 point, 33 bytes of lower-case hex.';
comment on column public.frost_host_keys.registered_at is 'Milliseconds since the epoch.';
comment on column public.frost_host_keys.retired_at is 'Milliseconds since the epoch; set when the guardian registers another.';

alter table public.frost_host_keys enable row level security;
revoke all on table public.frost_host_keys from public, anon, authenticated, service_role;
grant select on table public.frost_host_keys to authenticated, service_role;
-- No insert, update or delete for anybody: register_host_key is the only way in.
call permafrost.protect('public.frost_host_keys');

drop policy if exists "Members read their family's host keys" on public.frost_host_keys;
create policy "Members read their family's host keys" on public.frost_host_keys
  for select to authenticated
  using (family_id = any ((select permafrost.families())::text[]));

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_host_keys__20_guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' or to_jsonb(new) - 'retired_at' <> to_jsonb(old) - 'retired_at' or old.retired_at is not null then
    perform permafrost.refuse('invalid_transition', 'A host key is immutable, but for being retired once');
  end if;
  return new;
end;
$$;
create or replace trigger tg_frost_host_keys__20_guard
  before update or delete on public.frost_host_keys
  for each row execute function permafrost.tg_frost_host_keys__20_guard();

-- The record of a guardian's keys is one chain, which the whole family reads; and who is connected is told at once: a
-- key that changed without its guardian is an attack.
-- Security definer: events are written by nobody else.
create or replace function permafrost.tg_frost_host_keys__40_log() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and new.retired_at is null then
    return null; -- nothing was changed
  end if;
  perform permafrost.log_event('key', permafrost.compact_json(variadic array[to_json(new.family_id)::text, to_json(new.participant_id)::text]),
    new.family_id, case when tg_op = 'INSERT' then 'host_key_registered' else 'host_key_retired' end, new.participant_id,
    jsonb_build_object('host_public_key', new.host_public_key));
  if tg_op = 'INSERT' then
    perform permafrost.broadcast(new.family_id, 'host_key_registered',
      jsonb_build_object('participant_id', new.participant_id, 'host_public_key', new.host_public_key));
  end if;
  return null;
end;
$$;
create or replace trigger tg_frost_host_keys__40_log
  after insert or update on public.frost_host_keys
  for each row execute function permafrost.tg_frost_host_keys__40_log();

-- What devices hash is the JSON that JSON.stringify writes: without spaces.
create or replace function permafrost.compact_json(variadic p_parts text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return '[' || array_to_string(p_parts, ',', 'null') || ']';
comment on function permafrost.compact_json(text[]) is 'A JSON array of parts that are JSON, as JSON.stringify writes it; null is null.';

create or replace function permafrost.sha256_hex(p_text text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return encode(sha256(convert_to(p_text, 'UTF8')), 'hex');
comment on function permafrost.sha256_hex(text) is 'SHA-256 of the UTF-8, in lower-case hex.';

-- Security definer: nobody else may insert host keys. Whether the key is a point and the proof is its own, the function
-- register-host-key has checked.
create or replace function permafrost.register_host_key(p_family_id text, p_participant_id text, p_host_public_key text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_key public.frost_host_keys;
begin
  perform permafrost.check_identifier('family_id', p_family_id), permafrost.check_identifier('participant_id', p_participant_id);
  if not permafrost.is_hex(p_host_public_key) or length(p_host_public_key) <> 66 then
    perform permafrost.refuse('invalid_input', 'host_public_key must be 33 bytes in lower-case hex');
  end if;
  -- Ceremonies read these keys under the same turn.
  perform permafrost.lock_family_key(p_family_id);
  select * into v_key from public.frost_host_keys where family_id = p_family_id and host_public_key = p_host_public_key;
  if v_key.participant_id <> p_participant_id then
    perform permafrost.refuse('host_key_invalid', 'This host key is another guardian''s');
  elsif v_key.retired_at is not null then
    perform permafrost.refuse('host_key_invalid', 'This host key was retired: make a new one');
  elsif v_key.family_id is null then
    perform permafrost.check_rate('creations_per_minute', p_family_id, p_participant_id, permafrost.now_ms(),
      'Too many host keys were registered in this minute');
    update public.frost_host_keys set retired_at = permafrost.now_ms()
    where family_id = p_family_id and participant_id = p_participant_id and retired_at is null;
    insert into public.frost_host_keys (family_id, participant_id, host_public_key)
    values (p_family_id, p_participant_id, p_host_public_key)
    returning * into v_key;
  end if; -- else it is an exact retry
  return to_jsonb(v_key);
end;
$$;

create or replace function public.register_host_key(p_family_id text, p_participant_id text, p_host_public_key text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.register_host_key(p_family_id, p_participant_id, p_host_public_key); end;
comment on function public.register_host_key(text, text, text) is
  'Registers a guardian''s host key and retires the one before it; the caller has checked the proof. The same again gets the same answer. Refuses invalid_input, host_key_invalid, rate_limited.';

-- Security definer: it reads host keys for the caller's family, or for an operator.
create or replace function permafrost.list_host_keys(p_family_id text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not permafrost.is_operator() then
    perform permafrost.check_member_of(p_family_id);
  end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('participant_id', h.participant_id, 'host_public_key', h.host_public_key,
      'registered_at', h.registered_at, 'retired_at', h.retired_at) order by h.participant_id, h.registered_at desc), '[]')
    from public.frost_host_keys as h where h.family_id = p_family_id);
end;
$$;

create or replace function public.list_host_keys(p_family_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.list_host_keys(p_family_id); end;
comment on function public.list_host_keys(text) is
  'The host keys of a family''s guardians, by participant and newest first: [{participant_id, host_public_key, registered_at, retired_at}]. Refuses not_in_family.';

revoke all on function permafrost.tg_frost_host_keys__20_guard(), permafrost.tg_frost_host_keys__40_log(), permafrost.compact_json(text[]),
  permafrost.sha256_hex(text), permafrost.register_host_key(text, text, text), public.register_host_key(text, text, text),
  permafrost.list_host_keys(text), public.list_host_keys(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.register_host_key(text, text, text), public.register_host_key(text, text, text) to service_role;
grant execute on function permafrost.list_host_keys(text), public.list_host_keys(text) to authenticated, service_role;

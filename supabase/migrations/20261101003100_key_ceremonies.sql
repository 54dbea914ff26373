-- A key that is born in shares, or dealt anew to other guardians: what a ceremony is for, and by whom it is held. Its
-- guardians' devices believe none of this: each compares params_id with what it has pinned, before it sends anything.
--
--   round_one ─→ round_two ─→ confirming ─→ completed
--       │└──(reshare)──────────↗    │
--       └───────────┴───────────────┴──────→ failed | expired

do $$
begin
  create type public.key_ceremony_status as enum ('round_one', 'round_two', 'confirming', 'completed', 'failed', 'expired');
exception when duplicate_object then null;
end
$$;
comment on type public.key_ceremony_status is
  'round_one, round_two (messages are collected), confirming (all sign the same transcript); then completed, failed or expired.';

create table if not exists public.frost_key_ceremonies (
  ceremony_id text primary key default gen_random_uuid()::text,
  family_id text not null,
  kind text not null,
  protocol text not null,
  ciphersuite text not null references permafrost.ciphersuites (ciphersuite) on delete restrict,
  threshold integer not null,
  participants text[] not null,
  host_public_keys text[] not null,
  dealers text[],
  dealer_host_public_keys text[],
  from_key_package_id uuid references public.frost_key_packages (key_package_id) on delete restrict,
  current_key_package_id uuid references public.frost_key_packages (key_package_id) on delete restrict,
  status public.key_ceremony_status not null default 'round_one',
  params_id text not null,
  coordinator_messages text[] not null default '{}',
  recovery_data text,
  key_package jsonb,
  blamed text[] not null default '{}',
  key_package_id uuid references public.frost_key_packages (key_package_id) on delete restrict,
  created_by text,
  error_message text,
  incarnation integer not null,
  created_at bigint not null default permafrost.now_ms(),
  updated_at bigint not null default permafrost.now_ms(),
  completed_at bigint,
  failed_at bigint,
  expires_at bigint not null default permafrost.now_ms() + 86400000,
  constraint frost_key_ceremonies_completed_registered check ((status = 'completed') = (key_package_id is not null)),
  constraint frost_key_ceremonies_failed_explained check ((status = 'failed') = (error_message is not null))
);
-- list_key_ceremonies; the one open ceremony of a family
create index if not exists frost_key_ceremonies_family_idx on public.frost_key_ceremonies (family_id, created_at desc);
-- expire_old_key_ceremonies
create index if not exists frost_key_ceremonies_open_idx on public.frost_key_ceremonies (expires_at) where status < 'completed';
-- get_recovery_data
create unique index if not exists frost_key_ceremonies_key_package_idx on public.frost_key_ceremonies (key_package_id);

comment on table public.frost_key_ceremonies is
  'Ceremonies in which guardians make a key, or deal it anew. Times are milliseconds since the epoch.';
comment on column public.frost_key_ceremonies.kind is 'dkg: a new key. reshare: the same group public key in new shares.';
comment on column public.frost_key_ceremonies.protocol is 'chilldkg or pedersen for a dkg; reshare.';
comment on column public.frost_key_ceremonies.participants is 'Who gets a share; a position in this list, from 1, is the FROST identifier.';
comment on column public.frost_key_ceremonies.host_public_keys is 'The participants'' host keys as they were at creation, in their order.';
comment on column public.frost_key_ceremonies.dealers is 'Of a reshare: exactly as many signers of the old package as its threshold.';
comment on column public.frost_key_ceremonies.current_key_package_id is
  'The family''s key at creation: with it the ceremony ends, and only in its place a new one becomes current.';
comment on column public.frost_key_ceremonies.params_id is
  'SHA-256 of the JSON of all of this, 64 hex characters: what guardians compare before round one.';
comment on column public.frost_key_ceremonies.coordinator_messages is 'Of chilldkg: cmsg1, then cmsg2, lower-case hex.';
comment on column public.frost_key_ceremonies.recovery_data is 'Of chilldkg: the draft''s recovery data, lower-case hex, from confirming on.';
comment on column public.frost_key_ceremonies.key_package is 'The package that would be registered, its epoch too; from confirming on.';
comment on column public.frost_key_ceremonies.blamed is 'Who deviated, as this coordinator received it.';

alter table public.frost_key_ceremonies enable row level security;
revoke all on table public.frost_key_ceremonies from public, anon, authenticated, service_role;
grant select on table public.frost_key_ceremonies to authenticated, service_role;
-- No insert, update or delete for anybody: RPCs are the only way in.
call permafrost.protect('public.frost_key_ceremonies');

drop policy if exists "Participants and dealers read their ceremonies" on public.frost_key_ceremonies;
create policy "Participants and dealers read their ceremonies" on public.frost_key_ceremonies
  for select to authenticated
  using (
    family_id = any ((select permafrost.families())::text[])
    and (select permafrost.memberships()) ->> family_id = any (participants || dealers)
  );

-- What devices hash ------------------------------------------------------------------------------------------------

create or replace function permafrost.key_package_digest(
  p_epoch integer, p_ciphersuite text, p_threshold integer, p_participants text[], p_group_public_key text, p_verifying_shares text[]
) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return permafrost.sha256_hex(permafrost.compact_json(p_epoch::text, to_json(p_ciphersuite)::text, p_threshold::text,
  array_to_json(p_participants)::text, to_json(p_group_public_key)::text, array_to_json(p_verifying_shares)::text));
comment on function permafrost.key_package_digest(integer, text, integer, text[], text, text[]) is
  'SHA-256 of JSON.stringify([epoch, ciphersuite, threshold, participants, groupPublicKey, verifyingShares]), 64 hex characters.';

-- https://github.com/BlockstreamResearch/bip-frost-dkg: a BIP-340 tagged hash over t (4 bytes) and all host keys.
create or replace function permafrost.chilldkg_params_hash(p_threshold integer, p_host_public_keys text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
return encode(sha256(sha256('BIP DKG/params_hash') || sha256('BIP DKG/params_hash') || int4send(p_threshold)
  || decode(array_to_string(p_host_public_keys, ''), 'hex')), 'hex');
comment on function permafrost.chilldkg_params_hash(integer, text[]) is 'The ChillDKG draft''s params_hash, 64 hex characters.';

create or replace function permafrost.ceremony_params(p_ceremony public.frost_key_ceremonies) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_from public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id;
begin
  return permafrost.compact_json('"permafrost/ceremony"', to_json(p_ceremony.ceremony_id)::text, to_json(p_ceremony.family_id)::text,
    to_json(p_ceremony.kind)::text, to_json(p_ceremony.protocol)::text, to_json(p_ceremony.ciphersuite)::text, p_ceremony.threshold::text,
    array_to_json(p_ceremony.participants)::text, array_to_json(p_ceremony.host_public_keys)::text,
    array_to_json(p_ceremony.dealers)::text, array_to_json(p_ceremony.dealer_host_public_keys)::text,
    case when v_from.key_package_id is not null then to_json(permafrost.key_package_digest(v_from.epoch, v_from.ciphersuite,
      v_from.threshold, v_from.participants, v_from.group_public_key, v_from.verifying_shares))::text end,
    case when p_ceremony.protocol = 'chilldkg'
      then to_json(permafrost.chilldkg_params_hash(p_ceremony.threshold, p_ceremony.host_public_keys))::text end);
end;
$$;
comment on function permafrost.ceremony_params(public.frost_key_ceremonies) is 'The JSON of which params_id is the SHA-256.';

-- Admission --------------------------------------------------------------------------------------------------------

create or replace function permafrost.active_host_keys(p_family_id text, p_participants text[]) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_missing text;
  v_keys text[];
begin
  select array_agg(h.host_public_key order by n), min(p) filter (where h.host_public_key is null) into v_keys, v_missing
  from unnest(p_participants) with ordinality as u (p, n)
  left join public.frost_host_keys as h on h.family_id = p_family_id and h.participant_id = p and h.retired_at is null;
  if v_missing is not null then
    perform permafrost.refuse('participants_invalid', format('%s has registered no host key yet', v_missing));
  end if;
  return v_keys;
end;
$$;
comment on function permafrost.active_host_keys(text, text[]) is
  'The participants'' host keys in their order. Refuses participants_invalid where one has none.';

-- Security definer: it reads key packages, suites and host keys.
create or replace function permafrost.tg_frost_key_ceremonies__15_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_suite permafrost.ciphersuites;
  v_current public.frost_key_packages;
begin
  if num_nonnulls(new.recovery_data, new.key_package, new.key_package_id) > 0 or new.coordinator_messages <> '{}' or new.blamed <> '{}' then
    perform permafrost.refuse('invalid_transition', 'A ceremony starts in round one, with nothing done yet');
  end if;
  -- The turn first: of two that are created at once one is the family's open ceremony.
  perform permafrost.lock_family_key(new.family_id);
  if exists (select from public.frost_key_ceremonies as c
    where c.family_id = new.family_id and permafrost.status_now(c.status, c.expires_at, permafrost.now_ms(),
      permafrost.ended_by(c.incarnation, permafrost.live_from(), c.current_key_package_id, c.expires_at)) < 'completed')
  then
    perform permafrost.refuse('invalid_transition', 'The family has an open ceremony: finish it, or let its creator fail it');
  end if;
  v_current := permafrost.current_key_package(new.family_id);
  new.current_key_package_id := v_current.key_package_id;
  if new.kind = 'reshare' then
    if v_current.key_package_id is null then
      perform permafrost.refuse('no_key_package', 'The family has no key to deal anew');
    end if;
    new.from_key_package_id := v_current.key_package_id;
    new.ciphersuite := coalesce(new.ciphersuite, v_current.ciphersuite);
    new.protocol := coalesce(new.protocol, 'reshare');
    if new.ciphersuite <> v_current.ciphersuite or new.protocol <> 'reshare' then
      perform permafrost.refuse('invalid_input', format('A reshare keeps the key''s ciphersuite, %s, and has the protocol reshare', v_current.ciphersuite));
    end if;
    if new.dealers is null or not new.dealers <@ v_current.participants or cardinality(new.dealers) <> v_current.threshold then
      perform permafrost.refuse('participants_invalid',
        format('The dealers must be exactly %s guardians of the current key', v_current.threshold));
    end if;
    perform permafrost.check_participants(new.dealers);
    new.dealer_host_public_keys := permafrost.active_host_keys(new.family_id, new.dealers);
  elsif new.kind = 'dkg' then
    new.ciphersuite := coalesce(new.ciphersuite, 'FROST-secp256k1-SHA256-TR-v1');
    new.protocol := coalesce(new.protocol, case when new.ciphersuite = 'FROST-secp256k1-SHA256-TR-v1' then 'chilldkg' else 'pedersen' end);
    if new.protocol not in ('chilldkg', 'pedersen') or new.protocol = 'chilldkg' and new.ciphersuite <> 'FROST-secp256k1-SHA256-TR-v1' then
      perform permafrost.refuse('invalid_input', 'A dkg has the protocol pedersen, or under FROST-secp256k1-SHA256-TR-v1 chilldkg');
    end if;
    if num_nonnulls(new.dealers, new.dealer_host_public_keys, new.from_key_package_id) > 0 then
      perform permafrost.refuse('invalid_input', 'Only a reshare has dealers');
    end if;
    if new.created_by is not null and v_current.key_package_id is null and permafrost.limit_of('first_key_by_members', new.family_id) = 0 then
      perform permafrost.refuse_rate('Only an operator starts the first ceremony of this family', 86400000);
    end if;
  else
    perform permafrost.refuse('invalid_input', 'kind must be dkg or reshare');
  end if;
  select * into v_suite from permafrost.ciphersuites where ciphersuite = new.ciphersuite;
  if not found then
    perform permafrost.refuse('invalid_input', 'The ciphersuite is not one of those supported');
  end if;
  if cardinality(new.participants) not between 2 and v_suite.ceremony_max then
    perform permafrost.refuse('participants_invalid', format('A ceremony under %s has 2 to %s participants', new.ciphersuite, v_suite.ceremony_max));
  end if;
  if new.threshold < 2 then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be 2 at least: with 1 every guardian would hold the whole key');
  end if;
  new.host_public_keys := permafrost.active_host_keys(new.family_id, new.participants);
  new.params_id := permafrost.sha256_hex(permafrost.ceremony_params(new));
  return new;
end;
$$;
create or replace trigger tg_frost_key_ceremonies__15_admit
  before insert on public.frost_key_ceremonies
  for each row execute function permafrost.tg_frost_key_ceremonies__15_admit();

-- Messages ---------------------------------------------------------------------------------------------------------

create table if not exists public.frost_ceremony_messages (
  ceremony_id text not null references public.frost_key_ceremonies (ceremony_id) on delete cascade,
  round integer not null check (round between 1 and 3),
  participant_id text not null,
  payload jsonb not null check (octet_length(payload::text) <= 524288),
  created_at bigint not null default permafrost.now_ms(),
  primary key (ceremony_id, round, participant_id)
);
comment on table public.frost_ceremony_messages is
  'What guardians'' devices send in a ceremony, signed by their host keys; each verified before it is here. Written once; the ciphertexts of a key that was dealt anew are replaced by their digests.';
comment on column public.frost_ceremony_messages.round is '1 and 2; 3 is the confirmation.';
comment on column public.frost_ceremony_messages.created_at is 'Milliseconds since the epoch.';

alter table public.frost_ceremony_messages enable row level security;
revoke all on table public.frost_ceremony_messages from public, anon, authenticated, service_role;
grant select on table public.frost_ceremony_messages to authenticated, service_role;
call permafrost.protect('public.frost_ceremony_messages');

drop policy if exists "Participants and dealers read the messages of their ceremonies" on public.frost_ceremony_messages;
create policy "Participants and dealers read the messages of their ceremonies" on public.frost_ceremony_messages
  for select to authenticated
  using (exists (select from public.frost_key_ceremonies as c where c.ceremony_id = frost_ceremony_messages.ceremony_id));

-- Who approves -----------------------------------------------------------------------------------------------------

create table if not exists permafrost.key_approvals (
  ceremony_id text not null references public.frost_key_ceremonies (ceremony_id) on delete cascade,
  participant_id text not null,
  signature text not null,
  approved_at bigint not null default permafrost.now_ms(),
  primary key (ceremony_id, participant_id)
);
alter table permafrost.key_approvals enable row level security;
revoke all on table permafrost.key_approvals from public, anon, authenticated, service_role;
comment on table permafrost.key_approvals is
  'Guardians of the current key, or '''' for an operator, who let the new key of a ceremony take its place; signature by the host key over the package''s digest.';

revoke all on function permafrost.key_package_digest(integer, text, integer, text[], text, text[]),
  permafrost.chilldkg_params_hash(integer, text[]), permafrost.ceremony_params(public.frost_key_ceremonies),
  permafrost.active_host_keys(text, text[]), permafrost.tg_frost_key_ceremonies__15_admit()
  from public, anon, authenticated, service_role;

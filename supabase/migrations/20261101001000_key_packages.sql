-- The public half of a family's key. A package is written once and never altered: guardians hold shares
-- of exactly this polynomial, so a changed package is a different key. Rotation is a new epoch.

create table if not exists public.frost_key_packages (
  key_package_id uuid primary key default gen_random_uuid(),
  family_id text not null,
  epoch integer not null check (epoch >= 1),
  ciphersuite text not null references permafrost.ciphersuites (ciphersuite) on delete restrict,
  threshold integer not null check (threshold >= 2),
  participants text[] not null,
  group_public_key text not null,
  verifying_shares text[] not null,
  vss_commitment text[],
  created_by text,
  created_at bigint not null default permafrost.now_ms(),
  retired_at bigint,
  exposed_at bigint,
  constraint frost_key_packages_family_epoch_key unique (family_id, epoch)
);
-- At most one package of a family is current; also finds it.
create unique index if not exists frost_key_packages_current_idx
  on public.frost_key_packages (family_id) where retired_at is null;

comment on table public.frost_key_packages is
  'The public half of a family''s signing key, one row an epoch. Immutable but for retired_at and exposed_at, each set once. Written by register_key_package only.';
comment on column public.frost_key_packages.epoch is 'Counts a family''s keys from 1.';
comment on column public.frost_key_packages.threshold is 'MIN_PARTICIPANTS of RFC 9591: how many signers a signature takes at least.';
comment on column public.frost_key_packages.participants is 'The guardians; a position in this list, from 1, is the FROST identifier.';
comment on column public.frost_key_packages.group_public_key is 'Encoded point, lower-case hex; compressed SEC1 on secp256k1 and P-256.';
comment on column public.frost_key_packages.verifying_shares is 'Encoded points, lower-case hex, in the order of participants.';
comment on column public.frost_key_packages.vss_commitment is 'Commitment to the dealer''s polynomial, threshold points, if there was one.';
comment on column public.frost_key_packages.created_at is 'Milliseconds since the epoch.';
comment on column public.frost_key_packages.retired_at is 'Milliseconds since the epoch; set once, when the next epoch is registered.';
comment on column public.frost_key_packages.exposed_at is
  'Milliseconds since the epoch; set once, when a recovery requester''s device could have put the secret key together.';

alter table public.frost_key_packages enable row level security;
revoke all on table public.frost_key_packages from public, anon, authenticated, service_role;
grant select on table public.frost_key_packages to authenticated, service_role;
-- No insert, update or delete for anybody: register_key_package is the only way in.

drop policy if exists "Members read their family's key packages" on public.frost_key_packages;
create policy "Members read their family's key packages" on public.frost_key_packages
  for select to authenticated
  using (family_id = any ((select permafrost.families())::text[]));

-- Security definer: it reads the suites, which no role may. Whether the points are points, on one polynomial,
-- is checked by the function register-key-package.
create or replace function permafrost.tg_frost_key_packages__10_admit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_suite permafrost.ciphersuites;
  v_point text;
begin
  select * into v_suite from permafrost.ciphersuites where ciphersuite = new.ciphersuite;
  if not found then
    perform permafrost.refuse('invalid_input', 'The ciphersuite is not one of those supported');
  end if;
  perform permafrost.check_identifier('family_id', new.family_id), permafrost.check_participants(new.participants);
  if new.threshold is null or new.threshold not between 2 and cardinality(new.participants) then
    perform permafrost.refuse('threshold_invalid', 'The threshold must be from 2 to the number of participants');
  end if;
  if new.threshold > v_suite.signers_max then
    perform permafrost.refuse('threshold_invalid', format('The threshold under %s must be at most %s', new.ciphersuite, v_suite.signers_max));
  end if;
  if array_ndims(new.verifying_shares) is distinct from 1 or array_ndims(new.vss_commitment) <> 1
    or cardinality(new.verifying_shares) <> cardinality(new.participants)
    or cardinality(new.vss_commitment) <> new.threshold
  then
    perform permafrost.refuse('key_package_invalid',
      'There must be one verifying share for each participant, and one point of the VSS commitment for each coefficient');
  end if;
  foreach v_point in array new.verifying_shares || new.vss_commitment || new.group_public_key loop
    if not permafrost.is_hex(v_point) then
      perform permafrost.refuse('invalid_input', 'Points must be lower-case hex');
    elsif length(v_point) <> 2 * v_suite.element_bytes then
      perform permafrost.refuse('key_package_invalid',
        format('A point of %s has %s bytes', new.ciphersuite, v_suite.element_bytes));
    end if;
  end loop;
  return new;
end;
$$;

create or replace trigger tg_frost_key_packages__10_admit
  before insert on public.frost_key_packages
  for each row execute function permafrost.tg_frost_key_packages__10_admit();

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_key_packages__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform permafrost.refuse('invalid_transition', 'A key package is never deleted');
  end if;
  if to_jsonb(new) - '{retired_at,exposed_at}'::text[] is distinct from to_jsonb(old) - '{retired_at,exposed_at}'::text[]
    or old.retired_at is not null and new.retired_at is distinct from old.retired_at
    or old.exposed_at is not null and new.exposed_at is distinct from old.exposed_at
  then
    perform permafrost.refuse('invalid_transition',
      'A key package is immutable, but for being retired once and marked exposed once');
  end if;
  return new;
end;
$$;

create or replace trigger tg_frost_key_packages__freeze
  before update or delete on public.frost_key_packages
  for each row execute function permafrost.tg_frost_key_packages__freeze();

call permafrost.protect('public.frost_key_packages');

-- Security definer: events are written by nobody else.
create or replace function permafrost.tg_frost_key_packages__40_log() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'created', new.created_by,
      to_jsonb(new) - '{created_by,created_at,retired_at,exposed_at}'::text[]);
  end if;
  if new.retired_at is not null and (tg_op = 'INSERT' or old.retired_at is null) then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'retired', null);
  end if;
  if new.exposed_at is not null and (tg_op = 'INSERT' or old.exposed_at is null) then
    perform permafrost.log_event('key', new.key_package_id::text, new.family_id, 'exposed', null);
  end if;
  return null;
end;
$$;

create or replace trigger tg_frost_key_packages__40_log
  after insert or update on public.frost_key_packages
  for each row execute function permafrost.tg_frost_key_packages__40_log();

create table if not exists permafrost.key_turns (
  family_id text primary key
);
alter table permafrost.key_turns enable row level security;
revoke all on table permafrost.key_turns from public, anon, authenticated, service_role;
comment on table permafrost.key_turns is 'A row for each family, locked by whoever has the turn at its key packages.';

-- A change of a family's packages takes this turn, so that nobody is asked to retry, and nobody misses what
-- another call has just done. A row, not an advisory lock: that, any role could take and keep.
create or replace function permafrost.lock_family_key(p_family_id text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into permafrost.key_turns (family_id) values (p_family_id)
  on conflict (family_id) do update set family_id = excluded.family_id;
end;
$$;
comment on function permafrost.lock_family_key(text) is 'Waits for the turn at a family''s key packages, and keeps it until the transaction ends.';

-- Registration -----------------------------------------------------------------------------------------

-- Security definer: nobody else may insert key packages.
create or replace function permafrost.register_key_package(
  p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[],
  p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[], p_created_by text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_current public.frost_key_packages;
begin
  perform permafrost.check_identifier('family_id', p_family_id);
  perform permafrost.lock_family_key(p_family_id);
  select * into v_current from public.frost_key_packages
  where family_id = p_family_id and ciphersuite = p_ciphersuite and threshold = p_threshold
    and participants = p_participants and group_public_key = p_group_public_key
    and verifying_shares = p_verifying_shares and vss_commitment is not distinct from p_vss_commitment;
  -- An exact retry gets its answer again, and one that comes late does not undo a rotation.
  if v_current.retired_at is not null then
    perform permafrost.refuse('key_package_invalid',
      format('This package was registered before, as epoch %s, and is retired', v_current.epoch));
  elsif v_current.key_package_id is not null then
    return jsonb_build_object('key_package_id', v_current.key_package_id, 'epoch', v_current.epoch);
  end if;

  update public.frost_key_packages set retired_at = permafrost.now_ms()
  where family_id = p_family_id and retired_at is null;
  insert into public.frost_key_packages (family_id, epoch, ciphersuite, threshold, participants,
    group_public_key, verifying_shares, vss_commitment, created_by, exposed_at)
  values (p_family_id,
    1 + coalesce((select max(epoch) from public.frost_key_packages where family_id = p_family_id), 0),
    p_ciphersuite, p_threshold, p_participants,
    p_group_public_key, p_verifying_shares, p_vss_commitment, p_created_by,
    -- New shares of an exposed secret do not make it secret again.
    (select min(exposed_at) from public.frost_key_packages
      where family_id = p_family_id and group_public_key = p_group_public_key))
  returning * into v_current;
  return jsonb_build_object('key_package_id', v_current.key_package_id, 'epoch', v_current.epoch);
end;
$$;

create or replace function public.register_key_package(
  p_family_id text, p_ciphersuite text, p_threshold integer, p_participants text[],
  p_group_public_key text, p_verifying_shares text[], p_vss_commitment text[] default null,
  p_created_by text default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.register_key_package(p_family_id, p_ciphersuite, p_threshold, p_participants,
    p_group_public_key, p_verifying_shares, p_vss_commitment, p_created_by);
end;
comment on function public.register_key_package(text, text, integer, text[], text, text[], text[], text) is
  'Registers a family''s key and retires the epoch before it, in one transaction. verifying_shares in the order of participants. The caller has checked the points. Refuses invalid_input, participants_invalid, threshold_invalid, key_package_invalid.';
revoke all on function permafrost.tg_frost_key_packages__10_admit(), permafrost.tg_frost_key_packages__freeze(),
  permafrost.tg_frost_key_packages__40_log(), permafrost.lock_family_key(text),
  permafrost.register_key_package(text, text, integer, text[], text, text[], text[], text),
  public.register_key_package(text, text, integer, text[], text, text[], text[], text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.register_key_package(text, text, integer, text[], text, text[], text[], text),
  public.register_key_package(text, text, integer, text[], text, text[], text[], text) to service_role;

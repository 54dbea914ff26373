-- Commitments that guardians publish ahead (RFC 9591 section 5 allows it), so that a session can be signed with one call
-- each. Their points enter the ledger when they are published. One that was bound to a quorum is never bound again,
-- whatever becomes of its session; one that is not leaves with its key, its incarnation, or after seven days.

create table if not exists public.frost_nonce_pool (
  nonce_commitment text primary key,
  family_id text not null,
  key_package_id uuid not null references public.frost_key_packages (key_package_id) on delete restrict,
  participant_id text not null,
  incarnation integer not null,
  published_at bigint not null default permafrost.now_ms(),
  expires_at bigint not null,
  session_id text, -- no foreign key: a bound commitment outlives its session
  quorum integer,
  bound_at bigint,
  withdrawn_at bigint,
  constraint frost_nonce_pool_within_a_week check (expires_at > published_at and expires_at <= published_at + 604800000),
  constraint frost_nonce_pool_bound_whole check (num_nonnulls(session_id, quorum, bound_at) in (0, 3)),
  constraint frost_nonce_pool_bound_or_withdrawn check (bound_at is null or withdrawn_at is null)
);
-- what can be bound, and what a guardian has left
create index if not exists frost_nonce_pool_left_idx on public.frost_nonce_pool (family_id, participant_id, expires_at)
  where bound_at is null and withdrawn_at is null;
-- withdrawing: which quorums hang on a guardian's commitments
create index if not exists frost_nonce_pool_bound_idx on public.frost_nonce_pool (family_id, participant_id)
  where bound_at is not null;
-- cleanup_old_frost_signing_sessions
create index if not exists frost_nonce_pool_expiry_idx on public.frost_nonce_pool (expires_at);
comment on table public.frost_nonce_pool is 'Nonce commitments published ahead of sessions. Times are milliseconds since the epoch.';
comment on column public.frost_nonce_pool.session_id is 'The session whose quorum it was bound to.';

alter table public.frost_nonce_pool enable row level security;
revoke all on table public.frost_nonce_pool from public, anon, authenticated, service_role;
grant select on table public.frost_nonce_pool to authenticated, service_role;
call permafrost.protect('public.frost_nonce_pool');

drop policy if exists "Guardians read their own pools" on public.frost_nonce_pool;
create policy "Guardians read their own pools" on public.frost_nonce_pool
  for select to authenticated
  using (family_id = any ((select permafrost.families())::text[])
    and participant_id = (select permafrost.memberships()) ->> family_id);

-- Security definer only so that it may call refuse() for a role that may not.
create or replace function permafrost.tg_frost_nonce_pool__freeze() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    if old.expires_at > permafrost.now_ms() then
      perform permafrost.refuse('invalid_transition', 'A pooled commitment is withdrawn, and deleted once it has expired');
    end if;
    return old;
  end if;
  if to_jsonb(new) - '{session_id,quorum,bound_at,withdrawn_at}'::text[] is distinct from to_jsonb(old) - '{session_id,quorum,bound_at,withdrawn_at}'::text[]
    or num_nonnulls(old.bound_at, old.withdrawn_at) > 0
  then
    perform permafrost.refuse('invalid_transition', 'A pooled commitment is bound or withdrawn once, and is never bound again');
  end if;
  return new;
end;
$$;

create or replace trigger tg_frost_nonce_pool__freeze
  before update or delete on public.frost_nonce_pool
  for each row execute function permafrost.tg_frost_nonce_pool__freeze();

create or replace function permafrost.is_bound(p_commitment public.frost_nonce_commitments) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (select from public.frost_nonce_pool as p
    where p.nonce_commitment = p_commitment.nonce_commitment and p.session_id = p_commitment.session_id
      and p.quorum = p_commitment.quorum and p.participant_id = p_commitment.participant_id);
end;
$$;
comment on function permafrost.is_bound(public.frost_nonce_commitments) is
  'Whether a commitment of a quorum is the pooled one that was bound to it.';

-- What is left ------------------------------------------------------------------------------------------------------

create or replace function permafrost.pool_left(p_package public.frost_key_packages) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_live_from integer := permafrost.live_from();
begin
  return (select jsonb_object_agg(g, (select count(*) from public.frost_nonce_pool as p
      where p.family_id = p_package.family_id and p.participant_id = g and p.bound_at is null and p.withdrawn_at is null
        and p.expires_at > permafrost.now_ms() and p.key_package_id = p_package.key_package_id and p.incarnation >= v_live_from))
    from unnest(p_package.participants) as g);
end;
$$;
comment on function permafrost.pool_left(public.frost_key_packages) is 'How many commitments each guardian of a key has left, {participant: number}.';

create or replace function permafrost.binomial(p_n integer, p_k integer) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_product bigint := 1;
begin
  for i in 1 .. least(p_k, p_n - p_k) loop
    v_product := v_product * (p_n + 1 - i) / i;
    exit when v_product > 1000000; -- far more than anybody asks for
  end loop;
  return v_product;
end;
$$;
comment on function permafrost.binomial(integer, integer) is 'How many subsets of p_k there are of p_n; at least 1,000,000 stands for more.';

-- Every subset is a quorum. A guardian is in C(s - 1, t - 1) of those of s guardians; there are 35 at most.
create or replace function permafrost.one_tap_plan(
  p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_sessions integer
) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_left jsonb := permafrost.pool_left(p_package);
  v_most integer := cardinality(p_participants);
  v_signers text[];
begin
  while v_most > p_threshold and permafrost.binomial(v_most, p_threshold) > 35 loop
    v_most := v_most - 1;
  end loop;
  for v_size in reverse cardinality(p_participants) .. p_threshold loop
    select array_agg(p order by at) into v_signers from (
      select p, array_position(p_package.participants, p) as at from unnest(p_participants) as p
      where (v_left ->> p)::bigint >= p_sessions * permafrost.binomial(v_size - 1, p_threshold - 1)
      order by (v_left ->> p)::bigint desc, at limit v_size) as enough;
    exit when cardinality(v_signers) = v_size;
    v_signers := null;
  end loop;
  if cardinality(v_signers) > v_most then -- the pools suffice for more subsets than a session takes
    v_signers := null;
  end if;
  return jsonb_build_object('signers', v_signers, 'short', (
    select coalesce(jsonb_object_agg(p, missing), '{}') from (
      select p, p_sessions * permafrost.binomial(v_most - 1, p_threshold - 1) - (v_left ->> p)::bigint as missing
      from unnest(p_participants) as p where v_signers is null or p <> all (v_signers)) as s
    where missing > 0));
end;
$$;
comment on function permafrost.one_tap_plan(public.frost_key_packages, text[], integer, integer) is
  'Among whom sessions can be one_tap now: signers, in identifier order (null: it cannot be), and short, whose pools lack how many.';

create or replace function permafrost.one_tap_sessions(p_package public.frost_key_packages) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_left bigint[] := array(select value::bigint from jsonb_each_text(permafrost.pool_left(p_package)) order by value::bigint desc);
  v_sessions bigint := 0;
begin
  for v_size in p_package.threshold .. cardinality(v_left) loop
    if permafrost.binomial(v_size, p_package.threshold) <= 35 then
      v_sessions := greatest(v_sessions, v_left[v_size] / permafrost.binomial(v_size - 1, p_package.threshold - 1));
    elsif v_left[v_size] >= permafrost.binomial(v_size - 1, p_package.threshold - 1) then
      return 0; -- as one_tap_plan says
    end if;
  end loop;
  return v_sessions;
end;
$$;
comment on function permafrost.one_tap_sessions(public.frost_key_packages) is 'How many more sessions of a key would be one_tap now.';

-- Security definer: it reads the pools of all, where RLS shows a caller its own.
create or replace function permafrost.get_nonce_pool(p_family_id text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := case when not permafrost.is_operator() then permafrost.check_member_of(p_family_id) end;
  v_package public.frost_key_packages := permafrost.current_key_package(p_family_id);
  v_live_from integer := permafrost.live_from();
begin
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  return jsonb_build_object(
    'family_id', p_family_id,
    'key_package_id', v_package.key_package_id,
    'guardians', permafrost.pool_left(v_package),
    'one_tap_sessions', permafrost.one_tap_sessions(v_package),
    'own', (select coalesce(jsonb_agg(p.nonce_commitment order by p.expires_at, p.nonce_commitment), '[]')
      from public.frost_nonce_pool as p
      where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is null and p.withdrawn_at is null
        and p.expires_at > permafrost.now_ms() and p.key_package_id = v_package.key_package_id and p.incarnation >= v_live_from));
end;
$$;

create or replace function public.get_nonce_pool(p_family_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_nonce_pool(p_family_id); end;
comment on function public.get_nonce_pool(text) is
  'The pools of a family of the caller''s: guardians (how many commitments each has left), one_tap_sessions (how many they would allow now), own (the caller''s that are left). Refuses not_in_family, no_key_package.';

revoke all on function permafrost.tg_frost_nonce_pool__freeze(), permafrost.is_bound(public.frost_nonce_commitments),
  permafrost.pool_left(public.frost_key_packages), permafrost.binomial(integer, integer),
  permafrost.one_tap_plan(public.frost_key_packages, text[], integer, integer), permafrost.one_tap_sessions(public.frost_key_packages),
  permafrost.get_nonce_pool(text), public.get_nonce_pool(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_nonce_pool(text), public.get_nonce_pool(text) to authenticated, service_role;

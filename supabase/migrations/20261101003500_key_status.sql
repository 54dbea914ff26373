-- Whether a key still works: who has proved able to sign with it, and when last. A share that is lost is found out by
-- a roll call, not by the emergency.

create table if not exists permafrost.guardian_proofs (
  key_package_id uuid not null references public.frost_key_packages (key_package_id) on delete cascade,
  participant_id text not null,
  last_proved_at bigint,
  primary key (key_package_id, participant_id)
);
alter table permafrost.guardian_proofs enable row level security;
revoke all on table permafrost.guardian_proofs from public, anon, authenticated, service_role;
comment on table permafrost.guardian_proofs is
  'When each guardian of a key last had a share in a signature, to the hour: milliseconds since the epoch; null for never.';

-- The rows are there from the start: so that those who prove at once never wait for each other.
-- Security definer: it writes what no role may.
create or replace function permafrost.tg_frost_key_packages__50_prove() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into permafrost.guardian_proofs (key_package_id, participant_id)
  select new.key_package_id, p from unnest(new.participants) as p;
  return null;
end;
$$;
create or replace trigger tg_frost_key_packages__50_prove
  after insert on public.frost_key_packages
  for each row execute function permafrost.tg_frost_key_packages__50_prove();

-- Security definer: as above. A row that another signature is writing is being proved: nobody waits for it.
create or replace function permafrost.tg_frost_signing_sessions__60_prove() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant bigint := permafrost.now_ms();
begin
  update permafrost.guardian_proofs as g set last_proved_at = v_now
  from (select p.participant_id from permafrost.guardian_proofs as p
    where p.key_package_id = new.key_package_id and p.participant_id = any (new.signers)
      and (p.last_proved_at is null or p.last_proved_at < v_now - 3600000)
    for update skip locked) as free
  where g.key_package_id = new.key_package_id and g.participant_id = free.participant_id;
  return null;
end;
$$;
create or replace trigger tg_frost_signing_sessions__60_prove
  after update on public.frost_signing_sessions
  for each row when (new.status = 'completed' and old.status <> 'completed')
  execute function permafrost.tg_frost_signing_sessions__60_prove();

-- Security definer: it counts what all have open, where RLS shows a caller its own.
create or replace function permafrost.get_key_status(p_family_id text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant bigint := permafrost.now_ms();
  v_live_from constant integer := permafrost.live_from();
  v_package public.frost_key_packages;
  v_pool jsonb;
begin
  if not permafrost.is_operator() then
    perform permafrost.check_member_of(p_family_id);
  end if;
  v_package := permafrost.current_key_package(p_family_id);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  v_pool := permafrost.pool_left(v_package);
  return jsonb_build_object(
    'key_package', to_jsonb(v_package),
    'key_package_digest', permafrost.digest_of(to_jsonb(v_package)),
    'guardians', (select jsonb_agg(jsonb_build_object('participant_id', p, 'host_public_key', h.host_public_key,
        'last_proved_at', g.last_proved_at, 'pooled', coalesce((v_pool ->> p)::integer, 0)) order by n)
      from unnest(v_package.participants) with ordinality as u (p, n)
      left join permafrost.guardian_proofs as g on g.key_package_id = v_package.key_package_id and g.participant_id = p
      left join public.frost_host_keys as h on h.family_id = p_family_id and h.participant_id = p and h.retired_at is null),
    'proven', not exists (select from permafrost.guardian_proofs as g
      where g.key_package_id = v_package.key_package_id and g.last_proved_at is null),
    -- What ends with this key: to be asked for again under the next one.
    'open_sessions', (select count(*) from public.frost_signing_sessions as s where s.family_id = p_family_id
      and s.key_package_id = v_package.key_package_id and s.status < 'completed' and s.expires_at > v_now and s.incarnation >= v_live_from),
    'open_recoveries', (select count(*) from public.sss_signing_requests as r where r.family_id = p_family_id
      and r.key_package_id = v_package.key_package_id and r.status < 'completed' and r.expires_at > v_now and r.incarnation >= v_live_from),
    'pooled_commitments', (select coalesce(sum(value::integer), 0) from jsonb_each_text(v_pool)));
end;
$$;

create or replace function public.get_key_status(p_family_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_key_status(p_family_id); end;
comment on function public.get_key_status(text) is
  'The current key of a family of the caller''s: key_package and its key_package_digest; guardians ([{participant_id, host_public_key, last_proved_at, pooled}]); proven, whether each has signed with it; and what ends when it is retired: open_sessions, open_recoveries, pooled_commitments. Refuses not_in_family, no_key_package.';

revoke all on function permafrost.tg_frost_key_packages__50_prove(), permafrost.tg_frost_signing_sessions__60_prove(),
  permafrost.get_key_status(text), public.get_key_status(text) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_key_status(text), public.get_key_status(text) to authenticated, service_role;

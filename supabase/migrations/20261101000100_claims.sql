-- Who is calling: the question that every other file asks.
--
-- `public` is the API. Everything that must hold lives in `permafrost`, a schema that nobody is granted: API
-- roles reach it only through the thin functions in `public`, whose `begin atomic` bodies are resolved when
-- they are created and so need no USAGE.
--
-- Three rules for every file:
-- * `set search_path = pg_catalog, pg_temp` on every function. With an empty path PostgreSQL still looks for
--   types in pg_temp first, and a caller's temporary domain named jsonb would run its check as the owner.
-- * Every function is revoked from everybody before it is granted to anybody, so that rights are the same
--   whatever the default privileges of the project are.
-- * In PL/pgSQL, which keeps its plans: PostgreSQL plans the body of a function in SQL anew at each call. What is
--   asked of each row of a list ("is it open") is an expression: a call takes some microseconds.

create schema if not exists permafrost;
revoke all on schema permafrost from public, anon, authenticated, service_role;
comment on schema permafrost is 'Permafrost: the logic behind the API in public. Not exposed, no grants.';

-- clock_timestamp(), not now(): a caller that waited for a lock is judged by the time at its turn.
create or replace function permafrost.now_ms() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
end;
$$;
comment on function permafrost.now_ms() is 'The time now in milliseconds since the Unix epoch.';

-- The same rule as functions/_shared/caller.ts; one table of cases tests both. Only a non-empty string is a
-- claim. user_metadata is never read: its owner can write it.
-- Security definer: policies call it as the calling role. It reads nothing but the claims of the request.
create or replace function permafrost.memberships() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_place jsonb;
  v_family text;
  v_participant text;
  v_families jsonb;
  v_memberships jsonb;
begin
  foreach v_place in array array[v_claims, v_claims -> 'app_metadata'] loop
    v_family := coalesce(v_family,
      case when jsonb_typeof(v_place -> 'family_id') = 'string' then nullif(v_place ->> 'family_id', '') end);
    v_participant := coalesce(v_participant,
      case when jsonb_typeof(v_place -> 'participant_id') = 'string' then nullif(v_place ->> 'participant_id', '') end);
    v_families := coalesce(v_families,
      case when jsonb_typeof(v_place -> 'families') = 'object' then v_place -> 'families' end);
  end loop;
  v_participant := coalesce(v_participant,
    case when jsonb_typeof(v_claims -> 'sub') = 'string' then nullif(v_claims ->> 'sub', '') end);

  select coalesce(jsonb_object_agg(f.key, f.value), '{}') into v_memberships
  from jsonb_each(coalesce(v_families, '{}')) as f
  where f.key <> '' and jsonb_typeof(f.value) = 'string' and f.value <> '""';
  if v_family is not null then
    -- The one family's own claims decide, also where they name nobody.
    v_memberships := (v_memberships - v_family)
      || case when v_participant is null then '{}' else jsonb_build_object(v_family, v_participant) end;
  end if;
  return v_memberships;
end;
$$;
comment on function permafrost.memberships() is
  'Who the caller is in each of its families, {family: participant}: family_id with participant_id or sub, then families.';

-- Security definer: as memberships().
create or replace function permafrost.families() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return array(select jsonb_object_keys(permafrost.memberships()));
end;
$$;
comment on function permafrost.families() is 'The families of the caller.';

-- An operator is a role that no policy binds, so that grants and policies agree on who is one: a role that the
-- project made for its users is none, logged in or set. The role setting still names the API role inside a
-- security definer function, where current_user does not; it is 'none' in a session that set no role.
create or replace function permafrost.is_operator() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', 'service_role') = 'service_role'
    and exists (
      select from pg_catalog.pg_roles as r
      where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user)
        and (r.rolsuper or r.rolbypassrls));
end;
$$;
comment on function permafrost.is_operator() is
  'True for service_role and for direct connections that bypass RLS; false for the request of a user.';

-- The project gives this claim to people who look after it. It opens the metrics and nothing else: whoever has it is
-- still a member in everything that policies bind.
create or replace function permafrost.is_monitor() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  return permafrost.is_operator()
    or coalesce('true' in (v_claims -> 'permafrost_operator', v_claims #> '{app_metadata,permafrost_operator}'), false);
end;
$$;
comment on function permafrost.is_monitor() is
  'True for operators, and for a user whose token has the claim permafrost_operator: true, at the top level or in app_metadata.';

create or replace function permafrost.may_see(p_family_id text, p_created_by text, p_participants text[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := permafrost.memberships() ->> p_family_id;
begin
  return coalesce(v_me = p_created_by or v_me = any (p_participants), false) or permafrost.is_operator();
end;
$$;
comment on function permafrost.may_see(text, text, text[]) is
  'Whether the caller may read what p_created_by made in this family for these participants: its creator, a participant, or an operator.';

revoke all on function permafrost.now_ms(), permafrost.memberships(), permafrost.families(), permafrost.is_operator(), permafrost.is_monitor(),
  permafrost.may_see(text, text, text[]) from public, anon, authenticated, service_role;
-- Policies are evaluated as the caller.
grant execute on function permafrost.now_ms() to authenticated, service_role;
grant execute on function permafrost.memberships(), permafrost.families() to authenticated;

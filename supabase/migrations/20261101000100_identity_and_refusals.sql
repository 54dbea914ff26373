-- Who is calling, what time it is, and how a call is refused: the three questions every other file asks.
--
-- `public` is the API. Everything that must hold lives in `permafrost`, a schema nobody is granted: API
-- roles reach it only through the thin functions in `public`, whose `begin atomic` bodies are resolved
-- when they are created and so need no USAGE. Every function here is revoked from everybody before it is
-- granted to anybody, so that rights are the same whatever the project's default privileges are.

create schema if not exists permafrost;
revoke all on schema permafrost from public, anon, authenticated, service_role;
comment on schema permafrost is 'Permafrost: the logic behind the API in public. Not exposed, no grants.';

-- Time -----------------------------------------------------------------------------------------------

-- clock_timestamp(), not now(): a caller who waited for a row lock must be judged by the time at its turn.
create or replace function permafrost.now_ms() returns bigint
language sql volatile set search_path = ''
return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
comment on function permafrost.now_ms() is 'The time now in milliseconds since the Unix epoch.';
revoke all on function permafrost.now_ms() from public, anon, authenticated, service_role;
-- Column defaults are evaluated as the inserting role.
grant execute on function permafrost.now_ms() to authenticated, service_role;

-- The caller -----------------------------------------------------------------------------------------

-- In PL/pgSQL, which keeps its plans: a function in SQL with a search path of its own is planned at each call,
-- and every request asks these several times.
create or replace function permafrost.claims() returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb, '{}'::jsonb);
end;
$$;
comment on function permafrost.claims() is 'The verified JWT claims of this request, or an empty object.';
revoke all on function permafrost.claims() from public, anon, authenticated, service_role;

-- Only a non-empty string is a claim. user_metadata is never read: its owner can write it.
create or replace function permafrost.claim(p_name text) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_claims jsonb := permafrost.claims();
begin
  return coalesce(
    case when jsonb_typeof(v_claims -> p_name) = 'string' then nullif(v_claims ->> p_name, '') end,
    case when jsonb_typeof(v_claims -> 'app_metadata' -> p_name) = 'string'
      then nullif(v_claims -> 'app_metadata' ->> p_name, '') end);
end;
$$;
comment on function permafrost.claim(text) is
  'A string claim, from the top level of the JWT, else from app_metadata; null where there is none.';
revoke all on function permafrost.claim(text) from public, anon, authenticated, service_role;

-- These two are security definer because policies run them as the calling role, which may not execute
-- claim(); they read nothing but the request's own claims.
create or replace function permafrost.current_family_id() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return permafrost.claim('family_id');
end;
$$;
comment on function permafrost.current_family_id() is 'The family of the caller, or null.';

create or replace function permafrost.current_participant_id() returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return coalesce(permafrost.claim('participant_id'),
    case when jsonb_typeof(permafrost.claims() -> 'sub') = 'string' then nullif(permafrost.claims() ->> 'sub', '') end);
end;
$$;
comment on function permafrost.current_participant_id() is
  'The participant the caller is: the participant_id claim, else sub; null where there is neither.';

revoke all on function permafrost.current_family_id() from public, anon, authenticated, service_role;
revoke all on function permafrost.current_participant_id() from public, anon, authenticated, service_role;
grant execute on function permafrost.current_family_id() to authenticated;
grant execute on function permafrost.current_participant_id() to authenticated;

-- An operator is whoever no policy binds, so that the two locks agree on who is one: a role that the project
-- made for its users is none, logged in or set. The role GUC still names the API role inside a security
-- definer function, where current_user does not; it is 'none' in a session that set no role.
create or replace function permafrost.is_operator() returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(permafrost.claims() ->> 'role', 'service_role') = 'service_role' and exists (
    select from pg_catalog.pg_roles as r
    where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user)
      and (r.rolsuper or r.rolbypassrls));
end;
$$;
comment on function permafrost.is_operator() is
  'True for service_role and for direct sessions that bypass RLS; false for anything that is a user''s request.';
revoke all on function permafrost.is_operator() from public, anon, authenticated, service_role;

-- Refusals -------------------------------------------------------------------------------------------

-- The status a code is answered with. The catalogue with texts for people is functions/_shared/errors.ts;
-- a test holds the two against each other.
create or replace function permafrost.status_of(p_code text) returns integer
language sql immutable set search_path = ''
return case
  when p_code in ('invalid_input') then 400
  when p_code in ('not_in_family', 'not_a_participant', 'not_a_signer', 'not_the_creator') then 403
  when p_code in ('session_not_found') then 404
  when p_code in ('nonce_reused', 'commitment_already_submitted', 'share_already_submitted',
    'round_closed', 'round_open', 'invalid_transition', 'session_finished') then 409
  when p_code in ('session_expired') then 410
  when p_code in ('no_key_package', 'message_hash_invalid', 'participants_invalid',
    'threshold_invalid', 'commitment_invalid', 'share_invalid', 'key_package_invalid',
    'event_mismatch') then 422
end;
comment on function permafrost.status_of(text) is 'HTTP status of an error code; null for an unknown one.';
revoke all on function permafrost.status_of(text) from public, anon, authenticated, service_role;

-- PostgREST answers SQLSTATE PTxyz with HTTP status xyz, and passes the hint on: the hint is the code.
create or replace function permafrost.refuse(p_code text, p_message text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  raise exception using
    errcode = 'PT' || permafrost.status_of(p_code), hint = p_code, message = p_message;
end;
$$;
comment on function permafrost.refuse(text, text) is
  'Raises the refusal p_code (SQLSTATE PT and its status, the code as hint). Never returns.';
revoke all on function permafrost.refuse(text, text) from public, anon, authenticated, service_role;

-- What an identifier and bytes look like ---------------------------------------------------------------

create or replace function permafrost.is_identifier(p_value text) returns boolean
language sql immutable set search_path = ''
return coalesce(char_length(p_value) between 1 and 255 and p_value !~ '[[:cntrl:]]', false);
comment on function permafrost.is_identifier(text) is
  'True for 1 to 255 characters without control characters: families, participants and sessions.';
revoke all on function permafrost.is_identifier(text) from public, anon, authenticated, service_role;

-- Lower case only, so that one point has one spelling and uniqueness of text is uniqueness of points.
create or replace function permafrost.is_hex(p_value text) returns boolean
language sql immutable set search_path = ''
return coalesce(p_value ~ '^([0-9a-f]{2})+$', false);
comment on function permafrost.is_hex(text) is 'True for one or more bytes in lower-case hex.';
revoke all on function permafrost.is_hex(text) from public, anon, authenticated, service_role;

create or replace function permafrost.is_participant_list(p_value text[]) returns boolean
language sql immutable set search_path = ''
return coalesce(
  array_ndims(p_value) = 1 and array_lower(p_value, 1) = 1
    and cardinality(p_value) <= 255
    and (select bool_and(permafrost.is_identifier(p)) and count(distinct p) = count(*)
      from unnest(p_value) as p),
  false);
comment on function permafrost.is_participant_list(text[]) is
  'True for 1 to 255 distinct identifiers: RFC 9591 identifiers are positions in such a list, from 1.';
revoke all on function permafrost.is_participant_list(text[]) from public, anon, authenticated, service_role;

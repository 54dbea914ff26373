-- What members read of recovery requests. As for sessions: a line in public over a twin in permafrost.

create or replace function permafrost.visible_request(p_request_id text) returns public.sss_signing_requests
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_request public.sss_signing_requests;
begin
  select * into v_request from public.sss_signing_requests as r where r.request_id = p_request_id;
  if not found or not permafrost.may_see(v_request.family_id, v_request.created_by, v_request.participants) then
    perform permafrost.refuse('session_not_found', 'There is no such request, or the caller may not see it');
  end if;
  return v_request;
end;
$$;
comment on function permafrost.visible_request(text) is
  'A recovery request that the caller made or is a guardian of; operators see all. Refuses session_not_found.';

-- What is true of a request now, without what can be large.
create or replace function permafrost.request_summary(
  p_request public.sss_signing_requests, p_now bigint, p_live_from integer
) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended_by text := permafrost.ended_by(p_request.incarnation, p_live_from, p_request.key_package_id, p_request.expires_at);
  v_status public.sss_request_status := permafrost.status_now(p_request.status, p_request.expires_at, p_now, v_ended_by);
  v_declined jsonb := permafrost.declined('recovery', p_request.request_id);
  v_kind integer := (p_request.event_template ->> 'kind')::integer;
  v_submitted text[];
  v_rejected text[];
begin
  p_request.event_template := null;
  select coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'submitted'), '{}'),
    coalesce(array_agg(s.guardian_id order by s.created_at) filter (where s.status = 'rejected'), '{}')
  into v_submitted, v_rejected
  from public.sss_encrypted_shares as s where s.request_id = p_request.request_id;
  return (to_jsonb(p_request) - 'event_template') || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_request.error_message, v_ended_by) end,
    'event_kind', v_kind,
    'ciphersuite', (permafrost.ciphersuite_of(p_request.key_package_id)).ciphersuite,
    'warning', permafrost.key_warning(p_request.key_package_id),
    'submitted_guardians', v_submitted,
    'rejected_guardians', v_rejected,
    'missing_guardians', (select coalesce(jsonb_agg(p order by n), '[]')
      from unnest(p_request.participants) with ordinality as u (p, n)
      where p <> all (v_submitted) and not v_declined ? p),
    'declined', v_declined,
    'is_expired', v_status = 'expired',
    'transcript_head', permafrost.transcript_head('recovery', p_request.request_id));
end;
$$;
comment on function permafrost.request_summary(public.sss_signing_requests, bigint, integer) is
  'A recovery request as lists show it: its columns with the status that is true at p_now; of its template the kind alone.';

create or replace function permafrost.request_answer(p_request public.sss_signing_requests) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_summary jsonb := permafrost.request_summary(p_request, permafrost.now_ms(), permafrost.live_from());
begin
  return v_summary || jsonb_build_object(
    'event_template', p_request.event_template,
    'key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = p_request.key_package_id),
    -- For the requester's device alone, and only while there is something to be done with them.
    'encrypted_shares', case when p_request.created_by = permafrost.memberships() ->> p_request.family_id
        and v_summary ->> 'status' in ('partial', 'ready')
      then (select coalesce(jsonb_object_agg(s.guardian_id, s.ciphertext), '{}') from public.sss_encrypted_shares as s
        where s.request_id = p_request.request_id and s.status = 'submitted')
      else '{}' end);
end;
$$;
comment on function permafrost.request_answer(public.sss_signing_requests) is
  'A recovery request as clients see it, whole; ciphertexts for its requester only.';

-- Security definer: it reads requests for the caller by visible_request's rule.
create or replace function permafrost.get_recovery_request(p_request_id text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
return permafrost.request_answer(permafrost.visible_request(p_request_id));

create or replace function public.get_recovery_request(p_request_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_recovery_request(p_request_id); end;
comment on function public.get_recovery_request(text) is
  'A recovery request the caller made or is a guardian of: all columns, with ciphersuite, key_package, submitted_guardians, rejected_guardians, missing_guardians, declined, is_expired, event_kind, warning, transcript_head, and encrypted_shares for its requester. Refuses session_not_found.';

-- Security definer: it reads requests for the caller by page_of's rule.
create or replace function permafrost.list_recovery_requests(
  p_status public.sss_request_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_requests jsonb;
begin
  select coalesce(jsonb_agg(permafrost.request_summary(r, v_now, v_live_from) order by page.n), '[]') into v_requests
  from unnest(permafrost.page_of('recovery', p_status::text, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
  join public.sss_signing_requests as r on r.request_id = page.id;
  return v_requests;
end;
$$;

create or replace function public.list_recovery_requests(
  p_status public.sss_request_status default null, p_awaiting_me boolean default false,
  p_limit integer default 50, p_before bigint default null, p_before_id text default null, p_family_id text default null
) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.list_recovery_requests(p_status, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id); end;
comment on function public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint, text, text) is
  'An array of summaries of the caller''s recovery requests, newest first, 1 to 500 of them; parameters as of list_signing_sessions. Refuses invalid_input, not_in_family.';

revoke all on function permafrost.visible_request(text), permafrost.request_summary(public.sss_signing_requests, bigint, integer),
  permafrost.request_answer(public.sss_signing_requests), permafrost.get_recovery_request(text), public.get_recovery_request(text),
  permafrost.list_recovery_requests(public.sss_request_status, boolean, integer, bigint, text, text),
  public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint, text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.get_recovery_request(text), public.get_recovery_request(text),
  permafrost.list_recovery_requests(public.sss_request_status, boolean, integer, bigint, text, text),
  public.list_recovery_requests(public.sss_request_status, boolean, integer, bigint, text, text) to authenticated, service_role;

-- What members do with sessions of their own making.

-- Security definer: so that what it returns does not depend on what RLS lets the creator read back, and so that the
-- session ends when the creator says.
create or replace function permafrost.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb, p_event_type text, p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_now bigint := permafrost.now_ms();
  v_session public.frost_signing_sessions;
begin
  insert into public.frost_signing_sessions (family_id, message_hash, event_template, event_type,
    participants, threshold, created_by, created_at, expires_at)
  values (p_family_id, p_message_hash, p_event_template, p_event_type, p_participants, p_threshold,
    v_me, v_now, permafrost.expires_at(v_now, p_expiration_seconds))
  returning * into v_session;
  return permafrost.session_answer(v_session);
end;
$$;

create or replace function public.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb default null, p_event_type text default null,
  p_expiration_seconds integer default 300
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.create_signing_session(p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_expiration_seconds);
end;
comment on function public.create_signing_session(text, text, text[], integer, jsonb, text, integer) is
  'Creates a session in a family of the caller''s, as the caller, and returns it as get_signing_session does. Refuses not_in_family, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid, rate_limited.';

create or replace function permafrost.fail_own(p_kind text, p_id text, p_family_id text, p_created_by text, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_row jsonb;
begin
  if p_created_by is distinct from permafrost.memberships() ->> p_family_id then
    perform permafrost.refuse('not_the_creator', format('Only its creator may fail a %s', v_kind.noun));
  end if;
  perform permafrost.check_reason(p_reason);
  v_row := permafrost.lock_subject(v_kind, p_id);
  -- An exact retry is no second failure.
  if v_row ->> 'status' <> 'failed' or v_row ->> 'error_message' <> p_reason then
    perform permafrost.fail_subject(v_kind, p_id, p_reason);
  end if;
end;
$$;
comment on function permafrost.fail_own(text, text, text, text, text) is
  'Fails what the caller created. Refuses not_the_creator, invalid_input, session_expired, session_finished.';

-- Security definer: authenticated may not update sessions.
create or replace function permafrost.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
begin
  perform permafrost.fail_own('session', p_session_id, v_session.family_id, v_session.created_by, p_reason);
  return permafrost.get_signing_session(p_session_id);
end;
$$;

create or replace function public.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.fail_signing_session(p_session_id, p_reason); end;
comment on function public.fail_signing_session(text, text) is
  'Fails an unfinished session of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';

revoke all on function permafrost.fail_own(text, text, text, text, text),
  permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  public.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  permafrost.fail_signing_session(text, text), public.fail_signing_session(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  public.create_signing_session(text, text, text[], integer, jsonb, text, integer),
  permafrost.fail_signing_session(text, text), public.fail_signing_session(text, text) to authenticated;

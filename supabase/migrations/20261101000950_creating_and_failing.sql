-- What members do with sessions of their own making.

create or replace function permafrost.check_member_of(p_family_id text) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if permafrost.current_participant_id() is null
    or permafrost.current_family_id() is null or p_family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_in_family', 'The caller is not a member of this family');
  end if;
end;
$$;
comment on function permafrost.check_member_of(text) is 'Refuses not_in_family for a caller of another family, or of none.';
revoke all on function permafrost.check_member_of(text) from public, anon, authenticated, service_role;

-- Security definer: so that what it returns does not depend on what RLS lets the creator read back.
create or replace function permafrost.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb, p_event_type text, p_expiration_seconds integer
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions;
  v_now bigint := permafrost.now_ms();
begin
  perform permafrost.check_member_of(p_family_id);
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'A session lasts 1 to 604,800 seconds');
  end if;
  insert into public.frost_signing_sessions (family_id, message_hash, event_template, event_type,
    participants, threshold, created_by, created_at, expires_at)
  values (p_family_id, p_message_hash, p_event_template, p_event_type, p_participants, p_threshold,
    permafrost.current_participant_id(), v_now, v_now + 1000 * p_expiration_seconds::bigint)
  returning * into v_session;
  return permafrost.session_json(v_session);
end;
$$;
revoke all on function permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.create_signing_session(text, text, text[], integer, jsonb, text, integer)
  to authenticated;

create or replace function public.create_signing_session(
  p_family_id text, p_message_hash text, p_participants text[], p_threshold integer,
  p_event_template jsonb default null, p_event_type text default null,
  p_expiration_seconds integer default 300
) returns jsonb
language sql volatile set search_path = ''
begin atomic
  select permafrost.create_signing_session(p_family_id, p_message_hash, p_participants, p_threshold,
    p_event_template, p_event_type, p_expiration_seconds);
end;
comment on function public.create_signing_session(text, text, text[], integer, jsonb, text, integer) is
  'Creates a session in the caller''s family, as the caller, and returns it as get_signing_session does. Refuses not_in_family, invalid_input, participants_invalid, threshold_invalid, message_hash_invalid.';
revoke all on function public.create_signing_session(text, text, text[], integer, jsonb, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.create_signing_session(text, text, text[], integer, jsonb, text, integer)
  to authenticated;

create or replace function permafrost.check_reason(p_reason text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if p_reason is null or char_length(p_reason) > 1000 or p_reason !~ '[^[:space:]]' then
    perform permafrost.refuse('invalid_input', 'A reason has 1 to 1,000 characters');
  end if;
end;
$$;
comment on function permafrost.check_reason(text) is 'Refuses invalid_input for what is no reason.';
revoke all on function permafrost.check_reason(text) from public, anon, authenticated, service_role;

-- Security definer: authenticated may not update sessions.
create or replace function permafrost.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_session public.frost_signing_sessions := permafrost.visible_session(p_session_id);
begin
  if v_session.created_by is distinct from permafrost.current_participant_id()
    or v_session.family_id is distinct from permafrost.current_family_id()
  then
    perform permafrost.refuse('not_the_creator', 'Only its creator may fail a session');
  end if;
  perform permafrost.check_reason(p_reason);
  v_session := permafrost.lock_session(p_session_id);
  if v_session.status = 'failed' and v_session.error_message = p_reason then
    return permafrost.session_json(v_session);
  end if;
  update public.frost_signing_sessions set status = 'failed', error_message = p_reason
  where session_id = p_session_id
  returning * into v_session;
  return permafrost.session_json(v_session);
end;
$$;
revoke all on function permafrost.fail_signing_session(text, text) from public, anon, authenticated, service_role;
grant execute on function permafrost.fail_signing_session(text, text) to authenticated;

create or replace function public.fail_signing_session(p_session_id text, p_reason text) returns jsonb
language sql volatile set search_path = ''
begin atomic select permafrost.fail_signing_session(p_session_id, p_reason); end;
comment on function public.fail_signing_session(text, text) is
  'Fails an unfinished session of the caller''s own making and returns it. Refuses session_not_found, not_the_creator, invalid_input, session_expired, session_finished.';
revoke all on function public.fail_signing_session(text, text) from public, anon, authenticated, service_role;
grant execute on function public.fail_signing_session(text, text) to authenticated;

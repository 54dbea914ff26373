-- What concerns every kind alike: a participant who says no, and the event that came of a signature.

create or replace function permafrost.visible_subject(p_id text) returns permafrost.kinds
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds := permafrost.kind_of(p_id);
  v_visible boolean := false;
begin
  if v_kind.kind is not null then
    execute format('select permafrost.may_see(t.family_id, t.created_by, %s) or $2 and permafrost.families() @> array[t.family_id]
      from %s as t where t.%I = $1', v_kind.taking_part, v_kind.relation, v_kind.id_column) into v_visible using p_id, v_kind.for_family;
  end if;
  if v_visible is not true then
    perform permafrost.refuse('session_not_found', 'There is no such session, request or ceremony, or the caller may not see it');
  end if;
  return v_kind;
end;
$$;
comment on function permafrost.visible_subject(text) is 'The kind of something that the caller may see. Refuses session_not_found.';

-- Security definer: members have no update.
create or replace function permafrost.decline_signing_request(p_session_id text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds;
  v_row jsonb;
  v_me text;
  v_decline permafrost.declines;
begin
  perform permafrost.check_reason(p_reason);
  v_kind := permafrost.visible_subject(p_session_id);
  v_row := permafrost.lock_subject(v_kind, p_session_id);
  v_me := permafrost.memberships() ->> (v_row ->> 'family_id');
  if not coalesce(v_row -> 'participants' ? v_me or v_row -> 'dealers' ? v_me, false) then
    perform permafrost.refuse('not_a_participant', format('The caller does not take part in this %s', v_kind.noun));
  end if;
  select * into v_decline from permafrost.declines
  where subject_id = p_session_id and kind = v_kind.kind and participant_id = v_me;
  if v_decline.reason is distinct from p_reason then -- else it is an exact retry
    if v_row ->> 'status' in ('completed', 'failed') then
      perform permafrost.refuse_finished(v_kind.noun, v_row ->> 'status', v_row ->> 'error_message');
    end if;
    if v_decline.reason is not null then
      perform permafrost.refuse('invalid_transition', 'The caller has declined before, for another reason');
    end if;
    insert into permafrost.declines (kind, subject_id, participant_id, reason)
    values (v_kind.kind, p_session_id, v_me, p_reason);
  end if;
  execute format('select to_jsonb(status) from %s where %I = $1', v_kind.relation, v_kind.id_column) into v_row using p_session_id;
  return jsonb_build_object('method', v_kind.method, 'status', v_row);
end;
$$;

create or replace function public.decline_signing_request(p_session_id text, p_reason text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.decline_signing_request(p_session_id, p_reason); end;
comment on function public.decline_signing_request(text, text) is
  'Says no to a session, a recovery request or a ceremony; it fails at once when too few are left. Returns method and status. Refuses session_not_found, not_a_participant, invalid_input, session_expired, session_finished, share_already_submitted, round_closed, invalid_transition.';

-- Between what a kind asks before (10) and after (30): the decline is recorded, and the others are counted.
-- Security definer: it writes the event and moves the subject.
create or replace function permafrost.tg_declines__20_count() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = new.kind;
  v_family text;
  v_others integer;
begin
  execute format('select family_id, cardinality(participants) - threshold from %s where %I = $1',
    v_kind.relation, v_kind.id_column) into v_family, v_others using new.subject_id;
  perform permafrost.log_event(new.kind, new.subject_id, v_family, 'declined', new.participant_id,
    jsonb_build_object('reason', new.reason));
  if v_others < (select count(*) from permafrost.declines where subject_id = new.subject_id and kind = new.kind) then
    perform permafrost.fail_declined(new);
  end if;
  return null;
end;
$$;

create or replace trigger tg_declines__20_count
  after insert on permafrost.declines
  for each row execute function permafrost.tg_declines__20_count();

-- Publishing --------------------------------------------------------------------------------------------------

-- A published event has the id that was signed, so the database can tell a wrong one.
-- Security definer: members have no update.
create or replace function permafrost.record_published_event(p_session_id text, p_event_id text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds := permafrost.visible_subject(p_session_id);
  v_row jsonb := permafrost.lock_subject(v_kind, p_session_id);
begin
  if p_event_id is null or length(p_event_id) <> 64 or not permafrost.is_hex(p_event_id) then
    perform permafrost.refuse('invalid_input', 'An event id must be 32 bytes of lower-case hex');
  end if;
  if v_row ->> 'status' <> 'completed' then
    perform permafrost.refuse('invalid_transition', 'Only an event that is signed can be published');
  end if;
  if v_row -> 'event_template' = 'null' or p_event_id <> v_row ->> 'message_hash' then
    perform permafrost.refuse('event_mismatch', 'This is not the event that was signed');
  end if;
  if v_row ->> 'final_event_id' <> p_event_id then
    perform permafrost.refuse('session_finished', 'Another event id was recorded before');
  end if;
  execute format('update %s set final_event_id = $2 where %I = $1 and final_event_id is null',
    v_kind.relation, v_kind.id_column) using p_session_id, p_event_id;
  return jsonb_build_object('final_event_id', p_event_id);
end;
$$;

create or replace function public.record_published_event(p_session_id text, p_event_id text) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_published_event(p_session_id, p_event_id); end;
comment on function public.record_published_event(text, text) is
  'Records, once, under which id the event of a completed session or request was published; the same id again gets the same answer. Refuses session_not_found, session_expired, invalid_input, invalid_transition, event_mismatch, session_finished.';

revoke all on function permafrost.visible_subject(text), permafrost.decline_signing_request(text, text),
  public.decline_signing_request(text, text), permafrost.tg_declines__20_count(),
  permafrost.record_published_event(text, text), public.record_published_event(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.decline_signing_request(text, text), public.decline_signing_request(text, text),
  permafrost.record_published_event(text, text), public.record_published_event(text, text) to authenticated;

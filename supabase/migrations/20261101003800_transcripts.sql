-- The record of one subject, whole, so that anybody who takes part can check it without this server: the chain,
-- every accepted share, the signature.

-- Who may read is told by its first event, which outlives the subject: who created it, and for whom.
create or replace function permafrost.check_transcript(p_subject text, p_subject_id text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_first public.frost_events;
  v_me text;
begin
  select * into v_first from public.frost_events as e
  where e.subject = p_subject and e.subject_id = p_subject_id and e.seq = 1;
  v_me := permafrost.memberships() ->> v_first.family_id;
  if v_first.event_id is null or not permafrost.is_operator() and not coalesce(
    v_me is not null and (p_subject in ('key', 'ceremony') or v_me = v_first.actor or v_first.detail -> 'participants' ? v_me
      or v_first.detail -> 'dealers' ? v_me), false)
  then
    perform permafrost.refuse('session_not_found', 'There is no such transcript, or the caller may not see it');
  end if;
  return v_first.family_id;
end;
$$;
comment on function permafrost.check_transcript(text, text) is
  'The family of a subject whose transcript the caller may read: creator, participants, of a key or a ceremony the family. Refuses session_not_found.';

-- Security definer: it reads the events of all, where RLS shows a caller fewer.
create or replace function permafrost.get_transcript(p_subject text, p_subject_id text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_family text := permafrost.check_transcript(p_subject, p_subject_id);
  v_events jsonb;
  v_key_package_id text;
begin
  select jsonb_agg(jsonb_build_object('seq', e.seq, 'subject', e.subject, 'subject_id', e.subject_id, 'family_id', e.family_id,
      'event', e.event, 'actor', e.actor, 'detail', e.detail::text, 'occurred_at', e.occurred_at,
      'digest', encode(e.digest, 'hex')) order by e.seq),
    (array_agg(e.detail ->> 'key_package_id' order by e.seq) filter (where e.detail ->> 'key_package_id' is not null))[1]
  into v_events, v_key_package_id
  from public.frost_events as e where e.subject = p_subject and e.subject_id = p_subject_id;
  return jsonb_build_object(
    'subject', p_subject,
    'subject_id', p_subject_id,
    'family_id', v_family,
    'transcript_head', v_events -> -1 ->> 'digest',
    'key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = v_key_package_id::uuid),
    'events', v_events);
end;
$$;

create or replace function public.get_transcript(p_subject text, p_subject_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_transcript(p_subject, p_subject_id); end;
comment on function public.get_transcript(text, text) is
  'The events of a session, recovery or key in their order, with detail as the text that was hashed and digest as hex; transcript_head; and the key_package. What was refused, and from whom, is this server''s word. Refuses session_not_found.';

revoke all on function permafrost.check_transcript(text, text), permafrost.get_transcript(text, text), public.get_transcript(text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.get_transcript(text, text), public.get_transcript(text, text) to authenticated, service_role;

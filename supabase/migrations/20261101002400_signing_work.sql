-- Many at once: what a guardian may answer now, in one answer; and answers to many sessions in one call, each judged
-- alone.

-- Security definer: it reads all signers' commitments, where RLS shows a caller its own.
create or replace function permafrost.get_signing_work(p_session_id text, p_batch_id text, p_after text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_most constant integer := 200000; -- bytes, so that a page with its key packages is under 256 KiB
  v_memberships jsonb := permafrost.memberships();
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_session public.frost_signing_sessions;
  v_item jsonb;
  v_size integer := 0;
  v_work jsonb := '[]';
  v_packages uuid[] := '{}';
  v_next text;
begin
  for v_session in
    select s.* from public.frost_signing_sessions as s
    where s.status = 'signing' and s.expires_at > v_now and s.incarnation >= v_live_from
      and not exists (select from public.frost_key_packages as k where k.key_package_id = s.key_package_id and k.retired_at < s.expires_at)
      and s.participants && array(select value from jsonb_each_text(v_memberships))
      and v_memberships ->> s.family_id = any (s.participants)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_batch_id is null or exists (select from public.frost_signing_batches as b
        where b.batch_id = p_batch_id and b.session_id = s.session_id))
      and (p_after is null or s.session_id > p_after)
      and s.key_package_id is not null
      and exists (select from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
        where c.session_id = s.session_id and c.participant_id = v_memberships ->> s.family_id and not c.nonce_used and q.status = 'signing')
    order by s.session_id
  loop
    v_item := jsonb_build_object(
      'session_id', v_session.session_id, 'family_id', v_session.family_id, 'message', v_session.message_hash,
      'event_template', v_session.event_template, 'participants', v_session.participants, 'threshold', v_session.threshold,
      'expires_at', v_session.expires_at, 'key_package_id', v_session.key_package_id,
      'transcript_head', permafrost.transcript_head('session', v_session.session_id),
      'quorums', (select jsonb_agg(jsonb_build_object('quorum', q.quorum, 'signers', q.signers,
          'commitments', permafrost.commitments_of(q.session_id, q.quorum)) order by q.quorum)
        from public.frost_signing_quorums as q join public.frost_nonce_commitments as c using (session_id, quorum)
        where q.session_id = v_session.session_id and q.status = 'signing' and not c.nonce_used
          and c.participant_id = v_memberships ->> v_session.family_id));
    v_size := v_size + octet_length(v_item::text);
    if v_work <> '[]' and v_size > v_most then
      v_next := v_work -> -1 ->> 'session_id';
      exit;
    end if;
    v_work := v_work || v_item;
    v_packages := v_packages || v_session.key_package_id;
  end loop;
  return jsonb_build_object(
    'work', v_work,
    'key_packages', (select coalesce(jsonb_object_agg(k.key_package_id, to_jsonb(k)), '{}')
      from public.frost_key_packages as k where k.key_package_id = any (v_packages)),
    'next', v_next);
end;
$$;

create or replace function public.get_signing_work(p_session_id text default null, p_batch_id text default null, p_after text default null)
returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_signing_work(p_session_id, p_batch_id, p_after); end;
comment on function public.get_signing_work(text, text, text) is
  'What the caller may answer now, of one session, one batch, or all, in pages under 256 KiB: work ([{session_id, family_id, message, event_template, participants, threshold, expires_at, key_package_id, transcript_head, quorums: [{quorum, signers, commitments}]}]), key_packages by id, and next, the next page''s p_after, or null.';

-- Security definer: it reads sessions for the caller by may_see's rule.
create or replace function permafrost.get_signing_sessions(p_session_ids text[], p_batch_id text, p_after integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_most constant integer := 200000; -- bytes
  v_live_from integer := permafrost.live_from();
  v_ids text[] := coalesce(p_session_ids,
    array(select b.session_id from public.frost_signing_batches as b where b.batch_id = p_batch_id order by b.position));
  v_session public.frost_signing_sessions;
  v_item jsonb;
  v_size integer := 0;
  v_sessions jsonb[] := '{}';
begin
  if cardinality(v_ids) > 256 then
    perform permafrost.refuse('invalid_input', 'session_ids must be at most 256 ids');
  end if;
  for v_position in coalesce(p_after, 0) + 1 .. cardinality(v_ids) loop
    select * into v_session from public.frost_signing_sessions as s where s.session_id = v_ids[v_position];
    continue when not found or not permafrost.may_see(v_session.family_id, v_session.created_by, v_session.participants);
    v_item := permafrost.session_answer(v_session, v_live_from);
    v_size := v_size + octet_length(v_item::text);
    if v_sessions <> '{}' and v_size > v_most then
      return jsonb_build_object('sessions', to_jsonb(v_sessions), 'next', v_position - 1);
    end if;
    v_sessions := v_sessions || v_item;
  end loop;
  return jsonb_build_object('sessions', to_jsonb(v_sessions), 'next', null);
end;
$$;

create or replace function public.get_signing_sessions(
  p_session_ids text[] default null, p_batch_id text default null, p_after integer default 0
) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_signing_sessions(p_session_ids, p_batch_id, p_after); end;
comment on function public.get_signing_sessions(text[], text, integer) is
  'Several sessions as get_signing_session shows them, in pages under 256 KiB: those of up to 256 ids, or of a batch in the order of its messages, that the caller created or takes part in. Returns sessions, and next, the next page''s p_after, or null. Refuses invalid_input.';

-- Sessions are taken in the order of their ids, whatever the order of the items: two such calls queue, and do not
-- deadlock. An item that fails costs the others nothing.
create or replace function permafrost.each_item(p_items jsonb, p_statement text) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_item record;
  v_answer jsonb;
  v_results jsonb := '{}';
  v_state text;
  v_code text;
  v_reason text;
begin
  if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and 256 then
    perform permafrost.refuse('invalid_input', 'items must be an array of 1 to 256 objects');
  end if;
  perform permafrost.check_isolation();
  perform from public.frost_signing_sessions as s
  where s.session_id in (select i ->> 'session_id' from jsonb_array_elements(p_items) as i) and s.status < 'completed'
  order by s.session_id for update;
  for v_item in select i, n from jsonb_array_elements(p_items) with ordinality as u (i, n) order by i ->> 'session_id', n loop
    begin
      execute p_statement into v_answer using v_item.i;
    exception when deadlock_detected or sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409'
      or sqlstate 'PT410' or sqlstate 'PT422' then
      get stacked diagnostics v_state = returned_sqlstate, v_code = pg_exception_hint, v_reason = message_text;
      if v_state = '40P01' then -- only a point that another call is inserting makes two such calls wait for each other
        v_code := 'nonce_reused';
        v_reason := 'A nonce point of this commitment was accepted before';
      end if;
      v_answer := jsonb_build_object('accepted', false, 'code', v_code, 'error', v_reason);
    end;
    v_results := v_results || jsonb_build_object(v_item.n::text, v_answer);
  end loop;
  -- Each answer has its own status.
  perform set_config('response.status', '200', true);
  return (select jsonb_agg(v_results -> n::text order by n) from generate_series(1, jsonb_array_length(p_items)) as n);
end;
$$;
comment on function permafrost.each_item(jsonb, text) is
  'Runs a statement on each of 1 to 256 items ($1), in the order of their session_id, and returns the answers in the order given.';

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_nonce_commitments(p_items jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.each_item(p_items,
  'select permafrost.record_nonce_commitment($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''nonce_commitment'')');

create or replace function public.record_nonce_commitments(p_items jsonb) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_nonce_commitments(p_items); end;
comment on function public.record_nonce_commitments(jsonb) is
  'record_nonce_commitment for 1 to 256 items [{session_id, participant_id, nonce_commitment}], each judged alone: its answers in the order given.';

-- Security definer: it locks and moves sessions.
create or replace function permafrost.record_signature_shares(p_items jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.each_item(p_items,
  'select case when $1 ? ''reason''
    then permafrost.record_refused_share($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''reason'', ($1 ->> ''quorum'')::integer, $1 ->> ''signature_share'')
    else permafrost.record_signature_share($1 ->> ''session_id'', $1 ->> ''participant_id'', $1 ->> ''signature_share'', ($1 ->> ''quorum'')::integer, $1 ->> ''final_signature'') end');

create or replace function public.record_signature_shares(p_items jsonb) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.record_signature_shares(p_items); end;
comment on function public.record_signature_shares(jsonb) is
  'record_signature_share for 1 to 256 items [{session_id, participant_id, signature_share, quorum?, final_signature?}], each judged alone: its answers in the order given. An item with a reason is one that did not verify: record_refused_share.';

revoke all on function permafrost.get_signing_work(text, text, text), public.get_signing_work(text, text, text),
  permafrost.get_signing_sessions(text[], text, integer), public.get_signing_sessions(text[], text, integer),
  permafrost.each_item(jsonb, text), permafrost.record_nonce_commitments(jsonb), public.record_nonce_commitments(jsonb),
  permafrost.record_signature_shares(jsonb), public.record_signature_shares(jsonb) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_signing_work(text, text, text), public.get_signing_work(text, text, text),
  permafrost.get_signing_sessions(text[], text, integer), public.get_signing_sessions(text[], text, integer) to authenticated;
grant execute on function permafrost.record_nonce_commitments(jsonb), public.record_nonce_commitments(jsonb),
  permafrost.record_signature_shares(jsonb), public.record_signature_shares(jsonb) to service_role;

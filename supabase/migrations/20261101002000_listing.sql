-- Lists, of every kind by one rule: newest first by time and id, paged by the pair of the last row, so that no
-- row is missed or shown twice, and so that many rows of one time hide none. A list over several families merges
-- a page of each.

-- Each filter is written out where it is asked for, and the query planned anew, so that it finds the index that
-- was made for it.
create or replace function permafrost.page_of(
  p_kind text, p_status text, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text
) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = p_kind;
  v_memberships jsonb := permafrost.memberships();
  v_families text[] := array(select jsonb_object_keys(v_memberships));
  v_conditions text[] := '{}';
  v_is_live text := permafrost.is_live(v_kind.key_column, '$6');
  v_page text;
  v_ids text[];
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform permafrost.refuse('invalid_input', 'limit must be from 1 to 500');
  end if;
  if p_before_id is not null and p_before is null then
    perform permafrost.refuse('invalid_input', 'before_id must come with before: they are the last row''s id and created_at');
  end if;
  if p_before is not null then
    v_conditions := v_conditions || case when p_before_id is null then 't.created_at < $3'
      else format('(t.created_at, t.%I) < ($3, $4)', v_kind.id_column) end;
  end if;
  if p_status is not null then
    v_conditions := v_conditions || format(
      case p_status
        when 'completed' then 't.status = %L'
        when 'failed' then '(t.status = %L or t.status < ''completed'' and not (%s))'
        when 'expired' then '(t.status = %L or t.status < ''completed'' and t.expires_at <= $5 and %s)'
        else 't.status = %L and t.expires_at > $5 and %s'
      end, p_status, v_is_live);
  end if;
  if p_awaiting_me then
    v_conditions := v_conditions || permafrost.is_awaiting(v_kind, '($1 ->> f)', '$5', '$6');
  end if;
  v_page := format('select t.%I as id, t.created_at from %s as t where %s order by t.created_at desc, t.%1$I desc limit $7',
    v_kind.id_column, v_kind.relation, '%s');

  if p_family_id is not null then
    v_families := array[p_family_id];
  end if;
  if permafrost.is_operator() then
    v_conditions := v_conditions || case when p_family_id is null then 'true' else 't.family_id = $2[1]' end;
    v_page := format(v_page, array_to_string(v_conditions, ' and '));
  else
    if p_family_id is not null then
      perform permafrost.check_member_of(p_family_id);
    end if;
    v_conditions := v_conditions || ('t.family_id = f' || case when v_kind.for_family then ''
      else format(' and $1 ->> f = any (%s || t.created_by)', v_kind.taking_part) end);
    v_page := format('select page.* from unnest($2) as f cross join lateral (%s) as page',
      format(v_page, array_to_string(v_conditions, ' and ')));
  end if;
  execute format('select array_agg(id order by created_at desc, id desc) from (
      select id, created_at from (%s) as pages order by created_at desc, id desc limit $7) as page', v_page)
  into v_ids using v_memberships, v_families, p_before, p_before_id, permafrost.now_ms(), permafrost.live_from(), p_limit;
  return coalesce(v_ids, '{}');
end;
$$;
comment on function permafrost.page_of(text, text, boolean, integer, bigint, text, text) is
  'The ids of a page of a kind, newest first: of the caller''s families or one; of a status that is true now; those that await the caller. Refuses invalid_input, not_in_family.';

-- In a robust session: who owes a share, and who may fill another quorum. A guardian who has answered a quorum of pooled
-- commitments waits for its co-signers while that quorum lives.
create or replace function permafrost.is_awaited(p_session public.frost_signing_sessions, p_participant_id text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_part record;
begin
  select bool_or(q.status = 'signing' and s.participant_id is null) as owes,
    bool_or(q.status = 'collecting') as waits_to_fill,
    bool_or(q.status = 'signing' and q.bound and s.participant_id is not null) as has_answered_bound,
    bool_or(p_participant_id = any (q.refused)) as is_excluded
  into v_part
  from public.frost_nonce_commitments as c join public.frost_signing_quorums as q using (session_id, quorum)
  left join public.frost_signature_shares as s using (session_id, quorum, participant_id)
  where c.session_id = p_session.session_id and c.participant_id = p_participant_id;
  if permafrost.declined('session', p_session.session_id) ? p_participant_id then
    return false;
  end if;
  return coalesce(v_part.owes, false)
    or not coalesce(v_part.waits_to_fill or v_part.has_answered_bound or v_part.is_excluded, false);
end;
$$;
comment on function permafrost.is_awaited(public.frost_signing_sessions, text) is
  'Whether a participant owes a share in a robust or one_tap session, or is idle and may fill its next quorum.';

-- Security definer: it reads sessions for the caller by page_of's rule.
create or replace function permafrost.list_signing_sessions(
  p_status public.signing_session_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text, p_family_id text
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
  v_sessions jsonb;
begin
  select coalesce(jsonb_agg(permafrost.session_summary(s, v_now, v_live_from) order by page.n), '[]') into v_sessions
  from unnest(permafrost.page_of('session', p_status::text, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
  join public.frost_signing_sessions as s on s.session_id = page.id;
  return v_sessions;
end;
$$;

create or replace function public.list_signing_sessions(
  p_status public.signing_session_status default null, p_awaiting_me boolean default false,
  p_limit integer default 50, p_before bigint default null, p_before_id text default null, p_family_id text default null
) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.list_signing_sessions(p_status, p_awaiting_me, p_limit, p_before, p_before_id, p_family_id); end;
comment on function public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint, text, text) is
  'An array of summaries of the caller''s sessions, newest first, 1 to 500 of them: of one status; only those where the caller owes a commitment or a share, or can finish; before the last row''s created_at (milliseconds) and session_id; of one family. Refuses invalid_input, not_in_family.';

revoke all on function permafrost.is_awaited(public.frost_signing_sessions, text), permafrost.page_of(text, text, boolean, integer, bigint, text, text),
  permafrost.list_signing_sessions(public.signing_session_status, boolean, integer, bigint, text, text),
  public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint, text, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.list_signing_sessions(public.signing_session_status, boolean, integer, bigint, text, text),
  public.list_signing_sessions(public.signing_session_status, boolean, integer, bigint, text, text) to authenticated, service_role;

-- Whom an event is news for. The project's own provider tells them; this says who they are, by names alone. The event is
-- read here and judged by what is true now: a webhook may come late, twice, or forged.

create or replace function permafrost.awaited(p_kind permafrost.kinds, p_id text) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_awaited text[];
begin
  execute format('select array(select p from unnest(%s) as p where %s) from %s as t where t.%I = $1', p_kind.taking_part,
    permafrost.is_awaiting(p_kind, 'p', '$2', '$3'), p_kind.relation, p_kind.id_column)
  into v_awaited using p_id, permafrost.now_ms(), permafrost.live_from();
  return v_awaited;
end;
$$;
comment on function permafrost.awaited(permafrost.kinds, text) is 'Whom something awaits now.';

-- Only the asked are told later that it is over. Nobody is asked in a dry run.
create or replace function permafrost.asked_by(p_event public.frost_events, p_people text[]) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  case
    when p_event.subject = 'ceremony' then
      return (select permafrost.senders(c, r.round)
        from public.frost_key_ceremonies as c, (values ('created', 1), ('round_one_closed', 2), ('confirming', 3)) as r (event, round)
        where c.ceremony_id = p_event.subject_id and r.event = p_event.event);
    when p_event.event = 'created' then
      return case when p_event.detail -> 'key_package_id' <> 'null' then p_people end;
    when p_event.event = 'round_one_closed' then
      return array(select jsonb_array_elements_text(p_event.detail -> 'signers'));
    when p_event.event = 'share_rejected' then
      return array[p_event.detail ->> 'guardian'];
    -- In a robust session the others of a quorum that is lost may have to fill another.
    when p_event.event in ('share_refused', 'declined') and p_event.subject = 'session' then
      return array(select distinct c.participant_id from public.frost_signing_sessions as s
        join public.frost_nonce_commitments as c using (session_id)
        join public.frost_nonce_commitments as own using (session_id, quorum)
        where s.mode <> 'two_round' and c.session_id = p_event.subject_id and own.participant_id = p_event.actor
          and c.quorum = coalesce((p_event.detail ->> 'quorum')::integer, c.quorum));
    else
      return null;
  end case;
end;
$$;
comment on function permafrost.asked_by(public.frost_events, text[]) is
  'Whom an event may have made the awaited ones, of p_people, who take part; null for an event that asks nobody.';

-- What the coordinator does follows from what somebody did just before: nobody is told of an act of their own.
create or replace function permafrost.whose_act(p_event public.frost_events) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(p_event.actor, case when p_event.event not in ('failed', 'expired') then (
    select e.actor from public.frost_events as e
    where e.subject = p_event.subject and e.subject_id = p_event.subject_id and e.seq < p_event.seq and e.actor is not null
    order by e.seq desc limit 1) end);
end;
$$;
comment on function permafrost.whose_act(public.frost_events) is 'Who did it, or did what it followed from; null for nobody.';

-- Security definer: it reads events, declines and what is of every family.
create or replace function permafrost.people_to_tell(p_event_id bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_event public.frost_events := e from public.frost_events as e where e.event_id = p_event_id;
  v_kind permafrost.kinds := k from permafrost.kinds as k where k.kind = v_event.subject;
  v_news text;
  v_people text[];
  v_creator text;
  v_awaited text[];
  v_told text[];
begin
  -- A table that is copied elsewhere fires its triggers, and what is old is no news.
  if v_kind.kind is null or v_event.occurred_at < permafrost.now_ms() - 86400000 then
    return null;
  end if;
  v_news := case when v_event.event = 'completed' then 'done' when v_event.event in ('failed', 'expired') then 'withdrawn'
    else 'awaits_you' end;
  execute format('select array(select p from unnest(%s) with ordinality as u (p, n) group by p order by min(n)), t.created_by
    from %s as t where t.%I = $1', v_kind.taking_part, v_kind.relation, v_kind.id_column) into v_people, v_creator using v_event.subject_id;
  if v_news = 'done' then
    v_told := array(select p from unnest(v_people || case when v_creator <> all (v_people) then v_creator end) with ordinality as u (p, n)
      -- A recovery ends on the device of who asked for it.
      where p <> coalesce(case v_event.subject when 'recovery' then v_creator else permafrost.whose_act(v_event) end, '') order by n);
  else
    v_awaited := case when v_news = 'awaits_you' then permafrost.awaited(v_kind, v_event.subject_id) else v_people end;
    with asking as (
      select e.seq, e.event, a.asked, coalesce(permafrost.whose_act(e), '') as whose
      from public.frost_events as e cross join lateral permafrost.asked_by(e, v_people) as a (asked)
      where e.subject = v_event.subject and e.subject_id = v_event.subject_id and e.seq <= v_event.seq and a.asked is not null
    ), people as (
      -- A decline is an act, and so is failing it; a refusal is none.
      select u.p, u.n, coalesce(max(e.seq), 0) as acted
      from unnest(v_people) with ordinality as u (p, n) left join public.frost_events as e on e.subject = v_event.subject
        and e.subject_id = v_event.subject_id and e.actor = u.p and e.event not like '%\_refused'
      where u.p = any (v_awaited) group by 1, 2
    ), open as (
      -- The first time that each was asked since they acted last.
      select p.p, p.n, min(a.seq) as asked_at from people as p join asking as a on p.p = any (a.asked) and a.whose <> p.p and a.seq > p.acted
        -- What ended with the quorum that was lost asked nobody for another.
        and not (v_news = 'withdrawn' and a.event in ('share_refused', 'declined') and a.seq = v_event.seq - 1)
      group by 1, 2
    )
    select array_agg(o.p order by o.n) into v_told from open as o
    where v_news = 'withdrawn' or o.asked_at = v_event.seq;
  end if;
  return case when cardinality(v_told) > 0 then jsonb_build_object('kind', v_news, 'family_id', v_event.family_id, 'subject', v_event.subject,
    'id', v_event.subject_id, 'participants', v_told, 'digest', encode(v_event.digest, 'hex')) end;
end;
$$;

create or replace function public.people_to_tell(p_event_id bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.people_to_tell(p_event_id); end;
comment on function public.people_to_tell(bigint) is
  'Whom an event is news for now: kind (awaits_you: it asks them, and they have not answered; done: to all but who finished it; withdrawn: it failed or expired, to those who were asked and had not answered), family_id, subject, id, participants, digest (of the event). Null where it is news for nobody: an event that is unknown, a day old, or overtaken.';

revoke all on function permafrost.awaited(permafrost.kinds, text), permafrost.asked_by(public.frost_events, text[]),
  permafrost.whose_act(public.frost_events), permafrost.people_to_tell(bigint), public.people_to_tell(bigint)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.people_to_tell(bigint), public.people_to_tell(bigint) to service_role;

-- What members read of ceremonies. As for sessions: a line in public over a twin in permafrost.

create or replace function permafrost.visible_ceremony(p_ceremony_id text) returns public.frost_key_ceremonies
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_ceremony public.frost_key_ceremonies;
begin
  select * into v_ceremony from public.frost_key_ceremonies as c where c.ceremony_id = p_ceremony_id;
  if not found or not permafrost.is_operator() and not permafrost.families() @> array[v_ceremony.family_id] then
    perform permafrost.refuse('session_not_found', 'There is no such ceremony, or the caller may not see it');
  end if;
  return v_ceremony;
end;
$$;
comment on function permafrost.visible_ceremony(text) is
  'A ceremony of a family of the caller''s: the guardians of its current key are asked whether the new one may take its place. Operators see all. Refuses session_not_found.';

create or replace function permafrost.digest_of(p_package jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return permafrost.key_package_digest((p_package ->> 'epoch')::integer, p_package ->> 'ciphersuite', (p_package ->> 'threshold')::integer,
    array(select jsonb_array_elements_text(p_package -> 'participants')), p_package ->> 'group_public_key',
    array(select jsonb_array_elements_text(p_package -> 'verifying_shares')));
end;
$$;
comment on function permafrost.digest_of(jsonb) is 'The digest of a key package that is given as JSON; key_package_digest says of what.';

-- What is true of a ceremony now, without what can be large.
create or replace function permafrost.ceremony_summary(
  p_ceremony public.frost_key_ceremonies, p_now bigint, p_live_from integer
) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended_by text := permafrost.ended_by(p_ceremony.incarnation, p_live_from, p_ceremony.current_key_package_id, p_ceremony.expires_at);
  v_status public.key_ceremony_status := permafrost.status_now(p_ceremony.status, p_ceremony.expires_at, p_now, v_ended_by);
  v_round integer := permafrost.round_of(p_ceremony.status);
begin
  return (to_jsonb(p_ceremony) - '{coordinator_messages,recovery_data,key_package}'::text[]) || jsonb_build_object(
    'status', v_status,
    'error_message', case when v_status = 'failed' then coalesce(p_ceremony.error_message, v_ended_by) end,
    'is_expired', v_status = 'expired',
    'round', case when v_status < 'completed' then v_round end,
    -- Who is waited for: a person looks at this.
    'missing', case when v_status < 'completed' then to_jsonb(permafrost.missing_senders(p_ceremony, v_round)) else '[]' end,
    'received', (select coalesce(jsonb_object_agg(r.round, r.senders), '{}') from (
      select m.round, jsonb_agg(m.participant_id order by array_position(permafrost.senders(p_ceremony, m.round), m.participant_id)) as senders
      from public.frost_ceremony_messages as m where m.ceremony_id = p_ceremony.ceremony_id group by m.round) as r),
    'declined', permafrost.declined('ceremony', p_ceremony.ceremony_id),
    'approvals_missing', case when v_status < 'completed' then permafrost.approvals_missing(p_ceremony) else 0 end,
    'transcript_head', permafrost.transcript_head('ceremony', p_ceremony.ceremony_id));
end;
$$;
comment on function permafrost.ceremony_summary(public.frost_key_ceremonies, bigint, integer) is
  'A ceremony as lists show it: its columns with the status that is true at p_now, and who is waited for.';

create or replace function permafrost.ceremony_answer(p_ceremony public.frost_key_ceremonies) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_takes_part boolean := permafrost.is_operator()
    or permafrost.memberships() ->> p_ceremony.family_id = any (p_ceremony.participants || p_ceremony.dealers);
begin
  return permafrost.ceremony_summary(p_ceremony, permafrost.now_ms(), permafrost.live_from()) || jsonb_build_object(
    -- Of this server, for a device to hold its clock against.
    'now', permafrost.now_ms(),
    'params', permafrost.ceremony_params(p_ceremony),
    'key_package', p_ceremony.key_package,
    'key_package_digest', case when p_ceremony.key_package is not null then permafrost.digest_of(p_ceremony.key_package) end,
    'from_key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = p_ceremony.from_key_package_id),
    -- What holds ciphertext is for those who hold the key.
    'coordinator_messages', case when v_takes_part then to_jsonb(p_ceremony.coordinator_messages) else '[]' end,
    'recovery_data', case when v_takes_part then p_ceremony.recovery_data end);
end;
$$;
comment on function permafrost.ceremony_answer(public.frost_key_ceremonies) is 'A ceremony as clients see it, whole but for its messages.';

-- Security definer: it reads ceremonies for the caller by visible_ceremony's rule.
create or replace function permafrost.get_key_ceremony(p_ceremony_id text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
return permafrost.ceremony_answer(permafrost.visible_ceremony(p_ceremony_id));

create or replace function public.get_key_ceremony(p_ceremony_id text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_key_ceremony(p_ceremony_id); end;
comment on function public.get_key_ceremony(text) is
  'A ceremony of a family of the caller''s: all columns (coordinator_messages and recovery_data for those who take part), with round, received ({round: [participant]}), missing, declined, approvals_missing, params (of which params_id is the SHA-256), key_package with its epoch and key_package_digest from confirming on, from_key_package, is_expired, now (milliseconds), transcript_head. Refuses session_not_found.';

-- Security definer: it reads ceremonies for the caller by page_of's rule.
create or replace function permafrost.list_key_ceremonies(
  p_family_id text, p_status public.key_ceremony_status, p_awaiting_me boolean, p_limit integer, p_before bigint, p_before_id text
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_live_from integer := permafrost.live_from();
begin
  return (select coalesce(jsonb_agg(permafrost.ceremony_summary(c, v_now, v_live_from) order by page.n), '[]')
    from unnest(permafrost.page_of('ceremony', p_status::text, p_awaiting_me,
      p_limit, p_before, p_before_id, p_family_id)) with ordinality as page (id, n)
    join public.frost_key_ceremonies as c on c.ceremony_id = page.id);
end;
$$;

create or replace function public.list_key_ceremonies(
  p_family_id text default null, p_status public.key_ceremony_status default null, p_awaiting_me boolean default false,
  p_limit integer default 50, p_before bigint default null, p_before_id text default null
) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.list_key_ceremonies(p_family_id, p_status, p_awaiting_me, p_limit, p_before, p_before_id); end;
comment on function public.list_key_ceremonies(text, public.key_ceremony_status, boolean, integer, bigint, text) is
  'An array of summaries of the ceremonies of the caller''s families, newest first, 1 to 500 of them; only those that wait for the caller''s message; the other parameters as of list_signing_sessions. Refuses invalid_input, not_in_family.';

-- Security definer: it reads all messages of a ceremony, for a guardian of its key.
create or replace function permafrost.get_recovery_data(p_key_package_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_package public.frost_key_packages := k from public.frost_key_packages as k where k.key_package_id = p_key_package_id;
  v_ceremony public.frost_key_ceremonies := c from public.frost_key_ceremonies as c where c.key_package_id = p_key_package_id;
begin
  if v_package.key_package_id is null or not permafrost.is_operator()
    and not coalesce(permafrost.memberships() ->> v_package.family_id = any (v_package.participants), false)
  then
    perform permafrost.refuse('session_not_found', 'There is no such key package, or the caller holds no share of it');
  end if;
  if v_ceremony.ceremony_id is null then
    perform permafrost.refuse('no_key_package', 'This key was not made in a ceremony: there is nothing to recover a share from');
  end if;
  return jsonb_build_object(
    'protocol', v_ceremony.protocol,
    'params', permafrost.ceremony_params(v_ceremony),
    'recovery_data', v_ceremony.recovery_data,
    'messages', (select jsonb_object_agg(r.round, r.payloads) from (
      select m.round, jsonb_object_agg(m.participant_id, m.payload) as payloads from public.frost_ceremony_messages as m
      where m.ceremony_id = v_ceremony.ceremony_id and (v_ceremony.protocol <> 'chilldkg' or m.round = 3) group by m.round) as r),
    'key_package', to_jsonb(v_package),
    'from_key_package', (select to_jsonb(k) from public.frost_key_packages as k where k.key_package_id = v_ceremony.from_key_package_id));
end;
$$;

create or replace function public.get_recovery_data(p_key_package_id uuid) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_recovery_data(p_key_package_id); end;
comment on function public.get_recovery_data(uuid) is
  'For a guardian of the key: what its share comes back from, with its host key: protocol, params (the JSON of which params_id is the SHA-256), recovery_data (chilldkg''s), messages ({round: {participant: payload}}; of chilldkg the confirmations), key_package, from_key_package. Not secret, and private to the guardians. Refuses session_not_found, no_key_package.';

revoke all on function permafrost.visible_ceremony(text), permafrost.digest_of(jsonb),
  permafrost.ceremony_summary(public.frost_key_ceremonies, bigint, integer), permafrost.ceremony_answer(public.frost_key_ceremonies),
  permafrost.get_key_ceremony(text), public.get_key_ceremony(text),
  permafrost.list_key_ceremonies(text, public.key_ceremony_status, boolean, integer, bigint, text),
  public.list_key_ceremonies(text, public.key_ceremony_status, boolean, integer, bigint, text),
  permafrost.get_recovery_data(uuid), public.get_recovery_data(uuid) from public, anon, authenticated, service_role;
grant execute on function permafrost.get_key_ceremony(text), public.get_key_ceremony(text),
  permafrost.list_key_ceremonies(text, public.key_ceremony_status, boolean, integer, bigint, text),
  public.list_key_ceremonies(text, public.key_ceremony_status, boolean, integer, bigint, text),
  permafrost.get_recovery_data(uuid), public.get_recovery_data(uuid) to authenticated, service_role;

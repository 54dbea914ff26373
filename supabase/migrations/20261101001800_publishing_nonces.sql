-- What guardians do with their pools: they publish commitments, and withdraw them.

create or replace function permafrost.pool_id(p_family_id text, p_participant_id text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  return format('[%s,%s]', to_json(p_family_id), to_json(p_participant_id));
end;
$$;
comment on function permafrost.pool_id(text, text) is 'What events call a guardian''s pool.';

create or replace function permafrost.pool_commitments(
  p_package public.frost_key_packages, p_participant_id text, p_nonce_commitments text[]
) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_incarnation integer := permafrost.enter_incarnation();
  v_new text[];
  v_left bigint;
begin
  if array_ndims(p_nonce_commitments) is distinct from 1 or cardinality(p_nonce_commitments) not between 1 and 256
    or cardinality(p_nonce_commitments) <> (select count(distinct c) from unnest(p_nonce_commitments) as c)
  then
    perform permafrost.refuse('invalid_input', 'nonce_commitments must be 1 to 256 different commitments');
  end if;
  if p_participant_id <> all (p_package.participants) then
    perform permafrost.refuse('not_a_participant', 'The caller holds no share of the family''s key');
  end if;
  v_new := array(select c from unnest(p_nonce_commitments) as c where not exists (
    select from public.frost_nonce_pool as p where p.nonce_commitment = c and p.participant_id = p_participant_id
      and p.key_package_id = p_package.key_package_id));
  v_left := (permafrost.pool_left(p_package) ->> p_participant_id)::bigint;
  if v_left + cardinality(v_new) > permafrost.limit_of('pooled_commitments', p_package.family_id) then
    perform permafrost.refuse_rate(format('A guardian may have %s commitments in its pool', permafrost.limit_of('pooled_commitments', p_package.family_id)),
      (select min(p.expires_at) - v_now from public.frost_nonce_pool as p
        where p.family_id = p_package.family_id and p.participant_id = p_participant_id and p.bound_at is null and p.withdrawn_at is null and p.expires_at > v_now));
  end if;
  insert into permafrost.nonce_ledger (point_digest, family_id, participant_id)
  select sha256(point), p_package.family_id, p_participant_id
  from unnest(v_new) as c cross join unnest(permafrost.commitment_points(p_package.key_package_id, c)) as point
  order by 1;
  insert into public.frost_nonce_pool (nonce_commitment, family_id, key_package_id, participant_id, incarnation, published_at, expires_at)
  select c, p_package.family_id, p_package.key_package_id, p_participant_id, v_incarnation, v_now, v_now + 604800000 from unnest(v_new) as c;
  if v_new <> '{}' then
    perform permafrost.log_event('pool', permafrost.pool_id(p_package.family_id, p_participant_id), p_package.family_id,
      'commitment_accepted', p_participant_id, jsonb_build_object('nonce_commitments', v_new));
  end if;
  return v_left + cardinality(v_new);
end;
$$;
comment on function permafrost.pool_commitments(public.frost_key_packages, text, text[]) is
  'Publishes those commitments that were not published before; returns how many the guardian has left.';

-- Security definer: it writes pool and ledger. A reuse is returned, so that its event stays, as of record_nonce_commitment.
create or replace function permafrost.publish_nonce_commitments(
  p_family_id text, p_participant_id text, p_nonce_commitments text[], p_valid_suites text[]
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_package public.frost_key_packages;
  v_left integer;
begin
  perform permafrost.check_isolation(), permafrost.lock_family_key(p_family_id);
  v_package := permafrost.current_key_package(p_family_id);
  if v_package.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'The family has no key package');
  end if;
  if v_package.ciphersuite <> all (p_valid_suites) then
    perform permafrost.refuse('commitment_invalid', format('Each nonce commitment must be two valid points of %s', v_package.ciphersuite));
  end if;
  begin
    v_left := permafrost.pool_commitments(v_package, p_participant_id, p_nonce_commitments);
  exception when unique_violation then
    perform permafrost.log_event('pool', permafrost.pool_id(p_family_id, p_participant_id), p_family_id, 'commitment_refused', p_participant_id,
      '{"code": "nonce_reused", "reason": "A nonce point of these commitments was accepted before"}');
    perform set_config('response.status', permafrost.http_status_of('nonce_reused')::text, true);
    return '{"accepted": false, "code": "nonce_reused", "error": "A nonce point of these commitments was accepted before"}';
  end;
  return jsonb_build_object('accepted', cardinality(p_nonce_commitments), 'available', v_left);
end;
$$;

create or replace function public.publish_nonce_commitments(
  p_family_id text, p_participant_id text, p_nonce_commitments text[], p_valid_suites text[] default null
) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.publish_nonce_commitments(p_family_id, p_participant_id, p_nonce_commitments, p_valid_suites); end;
comment on function public.publish_nonce_commitments(text, text, text[], text[]) is
  'Puts 1 to 256 commitments, whose points the caller has found valid under p_valid_suites (null: under the family''s), into a guardian''s pool: accepted (exact repeats too), available; or accepted false, code, error. Refuses no_key_package, not_a_participant, invalid_input, commitment_invalid, rate_limited.';

-- A device that lost its nonces withdraws them all: what is bound and not answered is dead, and its quorums with it.
-- Security definer: members have no update.
create or replace function permafrost.withdraw_nonce_commitments(p_family_id text, p_nonce_commitments text[]) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := permafrost.check_member_of(p_family_id);
  v_sessions text[];
  v_withdrawn integer;
  v_dead integer := 0;
begin
  perform permafrost.check_isolation(), permafrost.lock_family_key(p_family_id);
  select array_agg(distinct p.session_id order by p.session_id) into v_sessions
  from public.frost_nonce_pool as p join public.frost_nonce_commitments as c using (nonce_commitment)
  where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is not null and not c.nonce_used
    and (p_nonce_commitments is null or p.nonce_commitment = any (p_nonce_commitments));
  perform from public.frost_signing_sessions where session_id = any (v_sessions) order by session_id for update;
  with dead as (
    update public.frost_signing_quorums as q set status = 'abandoned'
    from public.frost_nonce_commitments as c
    where q.session_id = any (v_sessions) and q.bound and q.status = 'signing' and c.session_id = q.session_id and c.quorum = q.quorum
      and c.participant_id = v_me and not c.nonce_used
      and (p_nonce_commitments is null or c.nonce_commitment = any (p_nonce_commitments))
    returning 1)
  select count(*) into v_dead from dead;
  perform permafrost.fail_if_stuck(s, format('Too few are left: %s has lost its nonces', v_me))
  from public.frost_signing_sessions as s where s.session_id = any (v_sessions);
  update public.frost_nonce_pool as p set withdrawn_at = permafrost.now_ms()
  where p.family_id = p_family_id and p.participant_id = v_me and p.bound_at is null and p.withdrawn_at is null
    and (p_nonce_commitments is null or p.nonce_commitment = any (p_nonce_commitments));
  get diagnostics v_withdrawn = row_count;
  if v_withdrawn + v_dead > 0 then
    perform permafrost.log_event('pool', permafrost.pool_id(p_family_id, v_me), p_family_id, 'withdrawn', v_me,
      jsonb_build_object('withdrawn', v_withdrawn, 'dead', v_dead));
  end if;
  return jsonb_build_object('withdrawn', v_withdrawn, 'dead', v_dead);
end;
$$;

create or replace function public.withdraw_nonce_commitments(p_family_id text, p_nonce_commitments text[] default null) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.withdraw_nonce_commitments(p_family_id, p_nonce_commitments); end;
comment on function public.withdraw_nonce_commitments(text, text[]) is
  'Withdraws those of the caller''s pooled commitments that are not bound (null: all), and declares those that are bound and not answered dead: their quorums are abandoned. Returns withdrawn and dead. Refuses not_in_family.';

insert into permafrost.limits (limit_name, value) values
  ('pooled_commitments', 1000), -- of one guardian
  ('bound_unanswered', 100) -- pooled pairs of one guardian, bound by one creator
on conflict do nothing;

revoke all on function permafrost.pool_id(text, text), permafrost.pool_commitments(public.frost_key_packages, text, text[]),
  permafrost.publish_nonce_commitments(text, text, text[], text[]), public.publish_nonce_commitments(text, text, text[], text[]),
  permafrost.withdraw_nonce_commitments(text, text[]), public.withdraw_nonce_commitments(text, text[])
  from public, anon, authenticated, service_role;
grant execute on function permafrost.publish_nonce_commitments(text, text, text[], text[]), public.publish_nonce_commitments(text, text, text[], text[]) to service_role;
grant execute on function permafrost.withdraw_nonce_commitments(text, text[]), public.withdraw_nonce_commitments(text, text[]) to authenticated;

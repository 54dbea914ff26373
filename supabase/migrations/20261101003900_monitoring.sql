-- What an operator looks at. Views for questions of one's own, and one function that answers the usual ones
-- at once. Nothing here hides an error: a metric that cannot be read is an error, never a zero.

-- The same rule as permafrost.status_now, written out: a call a row would take a hundred times as long.
create or replace view public.frost_session_statuses with (security_invoker = true) as
select
  s.session_id,
  s.family_id,
  s.created_at,
  case when s.status >= 'completed' then s.status
    when s.incarnation < (select permafrost.live_from()) or k.retired_at < s.expires_at then 'failed'
    when s.expires_at <= (select permafrost.now_ms()) then 'expired'
    else s.status end as status
from public.frost_signing_sessions as s left join public.frost_key_packages as k using (key_package_id);
comment on view public.frost_session_statuses is 'Each session with the status that is true now.';

create or replace view public.frost_sessions_by_hour with (security_invoker = true) as
select s.family_id, date_trunc('hour', to_timestamp(s.created_at / 1000.0)) as hour, s.status, count(*) as sessions
from public.frost_session_statuses as s
group by 1, 2, 3;
comment on view public.frost_sessions_by_hour is 'Sessions created an hour, by family and the status that is true now.';

create or replace view public.frost_session_durations with (security_invoker = true) as
select
  s.session_id,
  s.family_id,
  s.created_at,
  -- An operator may have given a time that is ahead of ours by minutes.
  s.signing_started_at - least(s.created_at, s.signing_started_at) as round_one_ms,
  s.aggregating_started_at - s.signing_started_at as round_two_ms,
  s.completed_at - s.aggregating_started_at as aggregation_ms,
  s.completed_at - least(s.created_at, s.completed_at) as total_ms
from public.frost_signing_sessions as s;
comment on view public.frost_session_durations is 'How long each phase of a session took, in milliseconds; null for one not passed.';

create or replace view public.frost_refusals with (security_invoker = true) as
select
  e.event_id,
  e.family_id,
  e.subject_id as session_id,
  e.actor as participant_id,
  e.event,
  e.detail ->> 'code' as code,
  e.occurred_at
from public.frost_events as e
where e.subject = 'session' and e.event in ('commitment_refused', 'share_refused');
comment on view public.frost_refusals is 'Commitments and shares that were refused, to whom and why.';

-- Two questions, so that each finds the index that was made for it.
create or replace view public.frost_unhealthy_sessions with (security_invoker = true) as
select s.session_id, s.family_id, s.created_at, 'orphaned' as problem, permafrost.now_ms() - s.expires_at as for_ms
from public.frost_signing_sessions as s
where s.status < 'completed' and s.expires_at <= (select permafrost.now_ms())
union all
select s.session_id, s.family_id, s.created_at, 'stuck', permafrost.now_ms() - s.aggregating_started_at
from public.frost_signing_sessions as s
where s.status = 'aggregating' and s.aggregating_started_at <= (select permafrost.now_ms())
  and s.expires_at > (select permafrost.now_ms());
comment on view public.frost_unhealthy_sessions is
  'orphaned: past its time, and no sweep has marked it. stuck: aggregating, its last caller gone perhaps; aggregate-signature finishes it.';

revoke all on table public.frost_session_statuses, public.frost_sessions_by_hour, public.frost_session_durations, public.frost_refusals,
  public.frost_unhealthy_sessions from public, anon, authenticated, service_role;
grant select on table public.frost_session_statuses, public.frost_sessions_by_hour, public.frost_session_durations, public.frost_refusals,
  public.frost_unhealthy_sessions to service_role;
-- Security definer: the ledger's size is part of it.
create or replace function permafrost.signing_metrics(
  p_window interval, p_family_id text, p_failure_rate numeric, p_reuse_attempts integer, p_stuck_seconds integer,
  p_one_tap_sessions integer, p_proof_days integer
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now bigint := permafrost.now_ms();
  v_since bigint;
  v_statuses jsonb;
  v_by_hour jsonb;
  v_finished numeric;
  v_success_rate numeric;
  v_phases jsonb;
  v_reuse_attempts bigint;
  v_refused_shares jsonb;
  v_orphaned bigint;
  v_stuck bigint;
  v_ledger_size bigint;
  v_unrecorded bigint;
  v_restored integer;
  v_one_tap jsonb;
  v_unproven bigint;
begin
  if not permafrost.is_monitor() then
    raise insufficient_privilege using
      message = 'The metrics are for operators, and for users with the claim permafrost_operator: true';
  end if;
  if p_window is null or extract(epoch from p_window) not between 0.001 and 315576000
    or p_failure_rate is null or p_reuse_attempts is null or p_stuck_seconds is null
    or p_one_tap_sessions is null or p_proof_days is null
  then
    perform permafrost.refuse('invalid_input', 'A window is positive and at most 10 years, and thresholds are not null');
  end if;
  v_since := v_now - floor(1000 * extract(epoch from p_window))::bigint;

  with recent as (
    select s.status, s.created_at from public.frost_session_statuses as s
    where s.created_at >= v_since and (p_family_id is null or s.family_id = p_family_id)
  ), hours as (
    select date_trunc('hour', to_timestamp(created_at / 1000.0), 'UTC') as hour, status, count(*) as sessions
    from recent group by 1, 2
  )
  select
    (select jsonb_object_agg(status, sessions) from (
      select u.status, count(r.status) as sessions
      from unnest(enum_range(null::public.signing_session_status)) as u (status) left join recent as r using (status)
      group by 1) as counted),
    (select coalesce(jsonb_agg(jsonb_build_object('hour', hour, 'sessions', by_status) order by hour), '[]') from (
      select to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"') as hour, jsonb_object_agg(status, sessions) as by_status
      from hours group by 1) as counted)
  into v_statuses, v_by_hour;

  v_finished := (v_statuses ->> 'completed')::numeric + (v_statuses ->> 'failed')::numeric + (v_statuses ->> 'expired')::numeric;
  v_success_rate := round((v_statuses ->> 'completed')::numeric / nullif(v_finished, 0), 4);

  select jsonb_object_agg(phase, took) into v_phases from (
    select p.phase, jsonb_build_object(
      'median_ms', percentile_cont(0.5) within group (order by p.ms),
      'p95_ms', percentile_cont(0.95) within group (order by p.ms)) as took
    from public.frost_session_durations as d
    cross join lateral (values ('round_one', d.round_one_ms), ('round_two', d.round_two_ms),
      ('aggregation', d.aggregation_ms), ('total', d.total_ms)) as p (phase, ms)
    where d.created_at >= v_since and (p_family_id is null or d.family_id = p_family_id)
    group by p.phase) as phases;

  select count(*) into v_reuse_attempts from public.frost_refusals as r
  where r.event = 'commitment_refused' and r.code = 'nonce_reused' and r.occurred_at >= v_since and (p_family_id is null or r.family_id = p_family_id);
  select coalesce(jsonb_agg(to_jsonb(counted) order by counted.refused desc, counted.family_id, counted.participant_id), '[]')
  into v_refused_shares from (
    select r.family_id, r.participant_id, count(*) as refused from public.frost_refusals as r
    where r.event = 'share_refused' and r.occurred_at >= v_since and (p_family_id is null or r.family_id = p_family_id)
    group by 1, 2) as counted;

  select
    count(*) filter (where u.problem = 'orphaned'),
    count(*) filter (where u.problem = 'stuck' and u.for_ms > 1000 * p_stuck_seconds::bigint)
  into v_orphaned, v_stuck
  from public.frost_unhealthy_sessions as u
  where p_family_id is null or u.family_id = p_family_id;
  -- Past its limits a member's refusals are counted, but no longer recorded.
  select coalesce(sum(u.used), 0) into v_unrecorded from permafrost.usage as u
  where u.limit_name = 'unrecorded_refusals' and (p_family_id is null or u.family_id = p_family_id);
  -- Another database than the one before, which no operator has accepted: found in the window, or just now.
  select count(*) into v_restored
  from (select i.* from permafrost.incarnation_now() as i) as i
  where i.incarnation > 1 and i.reason <> 'accepted' and coalesce(i.first_seen_at, v_now) >= v_since;
  -- Of the families that use pools: how many more sessions would be one_tap now.
  select coalesce(jsonb_object_agg(k.family_id, permafrost.one_tap_sessions(k)), '{}') into v_one_tap
  from public.frost_key_packages as k
  where k.retired_at is null and (p_family_id is null or k.family_id = p_family_id)
    and exists (select from public.frost_nonce_pool as p where p.family_id = k.family_id and p.published_at >= v_since);
  -- Guardians who have not signed with their share for long, or never since it was dealt.
  select count(*) into v_unproven
  from permafrost.guardian_proofs as g join public.frost_key_packages as k using (key_package_id)
  where k.retired_at is null and (p_family_id is null or k.family_id = p_family_id)
    and coalesce(g.last_proved_at, k.created_at) < v_now - 86400000 * p_proof_days::bigint;
  select count(*) into v_ledger_size from permafrost.nonce_ledger as l
  where p_family_id is null or l.family_id = p_family_id;

  return jsonb_build_object(
    'since', v_since,
    'until', v_now,
    'family_id', p_family_id,
    'sessions', v_statuses,
    'sessions_by_hour', v_by_hour,
    'success_rate', v_success_rate,
    'failed', (v_statuses ->> 'failed')::bigint,
    'expired', (v_statuses ->> 'expired')::bigint,
    'phases', coalesce(v_phases, '{}'),
    'nonce_reuse_attempts', v_reuse_attempts,
    'refused_shares', v_refused_shares,
    'orphaned_sessions', v_orphaned,
    'stuck_sessions', v_stuck,
    'unrecorded_refusals', v_unrecorded,
    'ledger_size', v_ledger_size,
    'one_tap_sessions', v_one_tap,
    'unproven_guardians', v_unproven,
    'alerts', (select coalesce(jsonb_agg(jsonb_build_object('alert', a.alert, 'value', a.value, 'threshold', a.threshold)), '[]')
      from (values
        ('failure_rate', 1 - v_success_rate, p_failure_rate),
        ('nonce_reuse_attempts', v_reuse_attempts, p_reuse_attempts),
        -- Any session stuck longer than p_stuck_seconds is one too many.
        ('stuck_sessions', v_stuck, 1),
        ('restored, moved or upgraded', v_restored, 1),
        ('unproven_guardians', v_unproven, 1),
        -- The family with the emptiest pools.
        ('low_pools', (select min(value::bigint) from jsonb_each_text(v_one_tap)), p_one_tap_sessions)) as a (alert, value, threshold)
      where case when a.alert = 'low_pools' then a.value < a.threshold else a.value >= a.threshold end));
end;
$$;
revoke all on function permafrost.signing_metrics(interval, text, numeric, integer, integer, integer, integer)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.signing_metrics(interval, text, numeric, integer, integer, integer, integer) to authenticated, service_role;

create or replace function public.frost_signing_metrics(
  p_window interval default '24 hours', p_family_id text default null,
  p_failure_rate numeric default 0.25, p_reuse_attempts integer default 1, p_stuck_seconds integer default 60,
  p_one_tap_sessions integer default 3, p_proof_days integer default 90
) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic
  select permafrost.signing_metrics(p_window, p_family_id, p_failure_rate, p_reuse_attempts, p_stuck_seconds,
    p_one_tap_sessions, p_proof_days);
end;
comment on function public.frost_signing_metrics(interval, text, numeric, integer, integer, integer, integer) is
  'Sessions created in the window by status and hour, success_rate (null without finished sessions), failed, expired, phases (median_ms, p95_ms), nonce_reuse_attempts, refused_shares by participant, orphaned_sessions, stuck_sessions, unrecorded_refusals (of the last two minutes), ledger_size, one_tap_sessions (how many more there could be now, by family), and alerts: failure rate, reuse attempts and sessions aggregating for longer than p_stuck_seconds, at or above their thresholds; fewer than p_one_tap_sessions left in a family that has pools; guardians of a current key who have not signed with it for p_proof_days (unproven_guardians); and that the database was restored, moved or upgraded. For operators and users with the claim permafrost_operator; 42501 for others. Refuses invalid_input.';
revoke all on function public.frost_signing_metrics(interval, text, numeric, integer, integer, integer, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.frost_signing_metrics(interval, text, numeric, integer, integer, integer, integer) to authenticated, service_role;

/**
 * What must be true of every session at any moment a transaction ends, whatever raced or crashed: status,
 * signers, rows, times, events and ledger tell one and the same story, and none of it is half told.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";

interface Problem {
  readonly session_id: string;
  readonly problem: string;
}

/** Fails unless every session of the database is legal. */
export async function assertLegal(sql: postgres.Sql): Promise<void> {
  assert.deepEqual(await illegalities(sql), []);
}

/** Everything that is wrong with the database's sessions. */
export async function illegalities(sql: postgres.Sql): Promise<Problem[]> {
  return [
    ...await sql<Problem[]>`${sql.unsafe(QUORUMS)}`,
    ...await sql<Problem[]>`
    with commitments as (
      select c.session_id, count(*)::int as n, count(*) filter (where c.nonce_used)::int as used,
        array_agg(c.participant_id order by array_position(k.participants, c.participant_id)) as committed
      from public.frost_nonce_commitments as c
      join public.frost_signing_sessions as s using (session_id)
      join public.frost_key_packages as k using (key_package_id)
      group by c.session_id
    ), shares as (
      select session_id, count(*)::int as h, array_agg(participant_id) as shared
      from public.frost_signature_shares group by session_id
    ), declines as (
      select d.subject_id as session_id, count(*)::int as d, bool_or(c.participant_id is not null) as by_committed
      from permafrost.declines as d
      left join public.frost_nonce_commitments as c
        on c.session_id = d.subject_id and c.participant_id = d.participant_id
      where d.kind = 'session' group by d.subject_id
    ), trail as (
      select subject_id as session_id,
        count(*) filter (where event = 'created') as created,
        count(*) filter (where event = 'commitment_accepted') as commitments,
        array_agg(actor) filter (where event = 'commitment_accepted') as committers,
        count(*) filter (where event = 'round_one_closed') as closed,
        count(*) filter (where event = 'share_accepted') as shares,
        array_agg(actor) filter (where event = 'share_accepted') as sharers,
        count(*) filter (where event = 'aggregating') as aggregated,
        array_agg(event) filter (where event in ('completed', 'failed', 'expired')) as ends,
        min(event_id) as first,
        min(event_id) filter (where event = 'created') as created_id,
        max(event_id) filter (where event = 'commitment_accepted') as last_commitment_id,
        min(event_id) filter (where event = 'round_one_closed') as closed_id,
        min(event_id) filter (where event = 'share_accepted') as first_share_id,
        max(event_id) filter (where event = 'share_accepted') as last_share_id,
        min(event_id) filter (where event = 'aggregating') as aggregated_id,
        min(event_id) filter (where event in ('completed', 'failed', 'expired')) as end_id,
        max(event_id) filter (where event not in ('commitment_refused', 'share_refused', 'published')) as last_id
      from public.frost_events where subject = 'session' group by subject_id
    ), facts as (
      select s.*, t as trail, c.committed, h.shared,
        coalesce(c.n, 0) as n, coalesce(h.h, 0) as h, coalesce(d.d, 0) as d,
        coalesce(d.by_committed, false) as declined_by_committed,
        s.status in ('completed', 'failed', 'expired') as ended
      from public.frost_signing_sessions as s
      left join commitments as c using (session_id)
      left join shares as h using (session_id)
      left join declines as d using (session_id)
      left join trail as t using (session_id)
      where s.mode = 'two_round'
    )
    select f.session_id, v.problem from facts as f cross join lateral (values
      ('its status is not what its rows make it',
        not f.ended and f.status::text <> case
          when f.n = 0 then 'pending' when f.n < f.threshold then 'nonce_collection'
          when f.h < f.threshold then 'signing' else 'aggregating' end),
      ('more commitments than the threshold', f.n > f.threshold),
      ('completed without every share', f.status = 'completed' and f.h <> f.threshold),
      ('signers are not those who committed, in identifier order',
        f.signers is distinct from case when f.n = f.threshold then f.committed end),
      ('a share of somebody who is no signer', f.h > 0 and not f.shared <@ coalesce(f.signers, '{}')),
      ('signature, reason and status do not agree',
        (f.status = 'completed') <> (f.final_signature is not null)
          or (f.status = 'failed') <> (f.error_message is not null)),
      ('a time is missing, or there is one too many',
        (f.nonce_collection_started_at is not null) <> (f.n > 0)
          or (f.signing_started_at is not null) <> (f.n = f.threshold)
          or (f.aggregating_started_at is not null) <> (f.h = f.threshold)
          or (f.completed_at is not null) <> (f.status = 'completed')
          or (f.failed_at is not null) <> (f.status = 'failed')),
      ('times are out of order',
        f.nonce_collection_started_at < f.created_at
          or f.signing_started_at < f.nonce_collection_started_at
          or f.aggregating_started_at < f.signing_started_at
          or f.completed_at < f.aggregating_started_at
          or f.updated_at < greatest(f.aggregating_started_at, f.signing_started_at,
            f.nonce_collection_started_at, f.completed_at, f.failed_at)),
      ('a decline that leaves too few did not fail it',
        (f.declined_by_committed or cardinality(f.participants) - f.threshold < f.d) and f.status <> 'failed'),
      ('events do not tell how many did what',
        (f.trail).created <> 1 or (f.trail).commitments <> f.n or (f.trail).shares <> f.h
          or (f.trail).closed <> (f.n = f.threshold)::int
          or (f.trail).aggregated <> (f.h = f.threshold)::int),
      ('events do not name who did it',
        f.n > 0 and not (f.trail).committers <@ f.committed or f.h > 0 and not (f.trail).sharers <@ f.shared),
      ('events do not tell how it ended',
        (f.trail).ends is distinct from case when f.ended then array[f.status::text] end),
      ('events are out of order',
        (f.trail).first <> (f.trail).created_id
          or coalesce((f.trail).last_commitment_id > (f.trail).closed_id, false)
          or coalesce((f.trail).first_share_id < (f.trail).closed_id, false)
          or coalesce((f.trail).last_share_id > (f.trail).aggregated_id, false)
          or coalesce((f.trail).last_id > (f.trail).end_id, false))
    ) as v (problem, wrong)
    -- What cannot be said is wrong too, but for times that are not there yet.
    where v.wrong or v.wrong is null and v.problem <> 'times are out of order'
    union all
    select c.session_id, 'a point of ' || c.participant_id || ' is not in the ledger under its name'
    from public.frost_nonce_commitments as c
    cross join lateral (values
      (left(c.nonce_commitment, length(c.nonce_commitment) / 2)),
      (right(c.nonce_commitment, length(c.nonce_commitment) / 2))) as p (point)
    left join permafrost.nonce_ledger as l on l.point_digest = sha256(decode(p.point, 'hex'))
    where l.participant_id is distinct from c.participant_id or l.session_id is distinct from case when not exists (
      select from public.frost_nonce_pool as p where p.nonce_commitment = c.nonce_commitment) then c.session_id end
    union all
    select l.session_id, 'the ledger has a point of ' || l.participant_id || ' that was not accepted'
    from permafrost.nonce_ledger as l
    join public.frost_signing_sessions as s using (session_id)
    where not exists (select from public.frost_nonce_commitments as c
      where c.session_id = l.session_id and c.participant_id = l.participant_id and l.point_digest in (
        sha256(decode(left(c.nonce_commitment, length(c.nonce_commitment) / 2), 'hex')),
        sha256(decode(right(c.nonce_commitment, length(c.nonce_commitment) / 2), 'hex'))))
    union all
    select e.subject_id, 'event ' || e.seq || ' of this ' || e.subject || ' is no link of one chain'
    from (select e.*, lag(e.digest, 1, decode(repeat('00', 32), 'hex')) over chain as before, row_number() over chain as n
      from public.frost_events as e window chain as (partition by subject, subject_id order by seq)) as e
    where e.seq <> e.n or e.digest <> permafrost.event_digest(e.before, e.seq::text, e.subject, e.subject_id,
      e.family_id, e.event, e.actor, e.detail::text, e.occurred_at::text)`,
  ];
}

/** Of sessions in every mode: what is wrong with their quorums. */
const QUORUMS = `
  with parts as (
    select c.session_id, c.quorum, c.participant_id, c.nonce_used, s.participant_id is not null as shared,
      p.session_id is not null as pooled
    from public.frost_nonce_commitments as c
    left join public.frost_signature_shares as s using (session_id, quorum, participant_id)
    left join public.frost_nonce_pool as p using (nonce_commitment)
  ), quorums as (
    select q.*, coalesce(p.n, 0) as n, coalesce(p.shares, 0) as shares, p.committed, coalesce(p.sharers, '{}') as sharers, p.used_unlike_shared, p.pooled
    from public.frost_signing_quorums as q left join (
      select session_id, quorum, count(*)::int as n, count(*) filter (where shared)::int as shares,
        array_agg(participant_id) as committed, coalesce(array_agg(participant_id) filter (where shared), '{}') as sharers, bool_or(nonce_used <> shared) as used_unlike_shared, bool_or(pooled) as pooled
      from parts group by session_id, quorum) as p using (session_id, quorum)
  ), sums as (
    select q.session_id, count(*) as n, bool_or(q.signers is not null) as closed,
      count(*) filter (where q.shares = s.threshold) as full_ones, count(*) filter (where q.status = 'completed') as completed,
      (array_agg(to_jsonb(q.signers)) filter (where q.shares = s.threshold))[1] as finishers,
      count(*) filter (where q.status in ('collecting', 'signing')) as open, count(*) filter (where q.status = 'collecting') as collecting
    from quorums as q join public.frost_signing_sessions as s using (session_id) group by q.session_id
  ), facts as (
    select s.session_id, s.mode, s.status, s.status in ('completed', 'failed', 'expired') as ended, s.threshold, s.signers,
      s.participants, coalesce(q.n, 0) as n, coalesce(q.closed, false) as closed, coalesce(q.full_ones, 0) as full_ones,
      coalesce(q.completed, 0) as completed, q.finishers, coalesce(q.open, 0) as open, coalesce(q.collecting, 0) as collecting
    from public.frost_signing_sessions as s left join sums as q using (session_id)
  )
  select f.session_id, v.problem from facts as f cross join lateral (values
    ('its status is not what its quorums make it', not f.ended and f.status::text <> case
      when f.n = 0 then 'pending' when not f.closed then 'nonce_collection' when f.full_ones = 0 then 'signing' else 'aggregating' end),
    ('more than one quorum has all shares', f.full_ones > 1),
    ('completed without its one quorum', (f.status = 'completed') <> (f.completed = 1)),
    ('it ended, and a quorum did not', f.ended and f.open > 0),
    ('another quorum is open beside the full one', f.status = 'aggregating' and f.open <> 1),
    ('its signers are not the finishing quorum''s', f.status = 'completed' and to_jsonb(f.signers) is distinct from f.finishers),
    ('two quorums take commitments', f.collecting > 1),
    ('two rounds have more than one quorum', f.mode = 'two_round' and f.n > 1)
  ) as v (problem, wrong) where v.wrong is not false
  union all
  select q.session_id, 'quorum ' || q.quorum || ': ' || v.problem
  from quorums as q join facts as f using (session_id) cross join lateral (values
    ('it is closed without its signers, or open with them', (q.signers is null) <> (q.n < f.threshold)),
    ('its signers are not those who committed', q.signers is not null and not (q.signers @> q.committed and q.n = cardinality(q.signers))),
    ('somebody signs who takes no part', q.signers is not null and not q.signers <@ f.participants),
    ('a nonce is used without a share, or shared unused', coalesce(q.used_unlike_shared, false)),
    ('it is bound without a pool, or pooled without being bound', q.n > 0 and q.bound <> coalesce(q.pooled, false)),
    ('who shared is called refused', q.refused && q.sharers)
  ) as v (problem, wrong) where v.wrong is not false
  union all
  select p.session_id, p.participant_id || ' owes shares in two robust quorums'
  from parts as p join quorums as q using (session_id, quorum)
  where q.status in ('collecting', 'signing') and not q.bound and not p.shared
  group by p.session_id, p.participant_id having count(*) > 1
  union all
  select p.session_id, 'a pooled commitment of ' || p.participant_id || ' is bound to what has it not'
  from public.frost_nonce_pool as p join public.frost_signing_sessions using (session_id)
  left join public.frost_nonce_commitments as c using (session_id, quorum, participant_id, nonce_commitment)
  where c.session_id is null`;

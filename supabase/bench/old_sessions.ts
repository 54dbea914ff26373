/**
 * Sessions of the past, by the million: written straight into the tables by the superuser, with triggers and
 * foreign keys off, and with every row that the sessions would have left.
 */
import type { ClusterAddress } from "../local/postgres/address.ts";
import { asSuperuser } from "../local/postgres/databases.ts";

/** Sessions a family has, so that there are families as there would be. */
const SESSIONS_A_FAMILY = 1000;

/**
 * What there was: finished sessions of the last year, nine of ten completed, one of 20 failed in round one,
 * one of 20 expired without an answer. The family in question has as many as any other.
 */
const old = (count: number, family: string) => `
  create unlogged table old as
  select n, gen_random_uuid()::text as session_id,
    case when n % ${Math.max(1, Math.floor(count / SESSIONS_A_FAMILY))} = 0 then '${family}'
      else 'old-' || n % ${Math.max(1, Math.floor(count / SESSIONS_A_FAMILY))} end as family_id,
    case n % 20 when 0 then 'failed' when 1 then 'expired' else 'completed' end
      ::public.signing_session_status as status,
    permafrost.now_ms() - 86400000 - 31536000000 * (${count} - n)::bigint / ${count} as at
  from generate_series(1, ${count}) as n`;

const SESSIONS = `
  insert into public.frost_signing_sessions (session_id, family_id, message_hash, participants, threshold,
    created_by, status, key_package_id, signers, final_signature, error_message, created_at, updated_at,
    nonce_collection_started_at, signing_started_at, aggregating_started_at, completed_at, failed_at,
    expires_at, incarnation)
  select o.session_id, o.family_id, encode(sha256(convert_to(o.n::text, 'UTF8')), 'hex'),
    '{alice,bob,carol}', 2, 'alice', o.status, k.key_package_id,
    case when o.status = 'completed' then '{alice,bob}'::text[] end,
    case when o.status = 'completed' then repeat(encode(sha256(convert_to(o.n || 's', 'UTF8')), 'hex'), 2) end,
    case when o.status = 'failed' then 'Nobody came' end, o.at, o.at + 20000, o.at + 1000,
    case when o.status = 'completed' then o.at + 10000 end,
    case when o.status = 'completed' then o.at + 19000 end,
    case when o.status = 'completed' then o.at + 20000 end,
    case when o.status = 'failed' then o.at + 20000 end, o.at + 300000, 1
  from old as o left join public.frost_key_packages as k on k.family_id = o.family_id
  order by o.n`;

const QUORUMS = `
  insert into public.frost_signing_quorums (session_id, quorum, signers, status, opened_at)
  select o.session_id, 1, '{alice,bob}', 'completed', o.at from old as o where o.status = 'completed'
  order by o.session_id`;

// Sorted by what the largest index of a table is on: that halves the time it takes.
const COMMITMENTS = `
  insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment, nonce_used,
    created_at, used_at)
  select o.session_id, p.participant_id,
    '02' || encode(sha256(convert_to(o.n || p.participant_id || 'hiding', 'UTF8')), 'hex') ||
    '03' || encode(sha256(convert_to(o.n || p.participant_id || 'binding', 'UTF8')), 'hex'),
    true, o.at, o.at
  from old as o cross join (values ('alice'), ('bob')) as p (participant_id)
  where o.status = 'completed'
  order by 3`;

const LEDGER = `
  insert into permafrost.nonce_ledger (point_digest, family_id, session_id, participant_id, first_seen_at)
  select sha256(substr(decode(c.nonce_commitment, 'hex'), h.half, 33)), o.family_id, c.session_id,
    c.participant_id, c.created_at
  from public.frost_nonce_commitments as c join old as o using (session_id)
    cross join (values (1), (34)) as h (half)
  order by 1`;

const SHARES = `
  insert into public.frost_signature_shares (session_id, participant_id, signature_share, created_at)
  select c.session_id, c.participant_id,
    encode(sha256(convert_to(c.nonce_commitment, 'UTF8')), 'hex'), c.created_at
  from public.frost_nonce_commitments as c join old as o using (session_id)
  order by c.session_id`;

const EVENTS = `
  insert into public.frost_events (subject, subject_id, seq, family_id, event, actor, detail, occurred_at, digest)
  select 'session', o.session_id, e.seq, o.family_id, e.event, e.actor,
    jsonb_build_object('filling', repeat('ab', 66)), o.at, sha256(convert_to(o.session_id || e.seq, 'UTF8'))
  from old as o cross join (values (1, 'created', 'alice'), (2, 'commitment_accepted', 'alice'),
    (3, 'commitment_accepted', 'bob'), (4, 'round_one_closed', null), (5, 'share_accepted', 'alice'),
    (6, 'share_accepted', 'bob'), (7, 'aggregating', null), (8, 'completed', null)) as e (seq, event, actor)
  where o.status = 'completed' or e.event = 'created'
  order by o.session_id, e.seq`;

const HEADS = `
  insert into permafrost.event_heads (subject_id, subject, seq, digest, occurred_at)
  select o.session_id, 'session', case o.status when 'completed' then 8 else 1 end, sha256(convert_to(o.session_id, 'UTF8')), 0
  from old as o
  order by o.session_id`;

const TABLES = [
  "public.frost_signing_sessions",
  "public.frost_signing_quorums",
  "public.frost_nonce_commitments",
  "public.frost_signature_shares",
  "public.frost_events",
  "permafrost.event_heads",
  "permafrost.nonce_ledger",
];
const VACUUM = TABLES.map((table) => `vacuum (analyze) ${table}`);

/** Fills a database with finished sessions. */
export async function fillWithOldSessions(
  address: ClusterAddress,
  database: string,
  count: number,
  family: string,
  progress: (step: string) => void,
): Promise<void> {
  const amount = count.toLocaleString("en");
  const run = (...statements: string[]) =>
    asSuperuser(address, database, async (sql) => {
      await sql.unsafe("set session_replication_role = replica");
      await sql.unsafe("set work_mem = '256MB'");
      for (const statement of statements) {
        const table = /into (\S+)/.exec(statement)?.[1];
        if (table !== undefined) progress(`${amount} old sessions: ${table}`);
        await sql.unsafe(statement);
      }
    });
  await run(old(count, family), "analyze old");
  // Two at once, for two cores.
  await Promise.all([run(SESSIONS, QUORUMS, EVENTS, HEADS), run(COMMITMENTS, LEDGER, SHARES)]);
  progress("vacuum and analyze");
  await run("drop table old", ...VACUUM, "checkpoint");
}

/** Brings the planner's statistics up to date, as autovacuum would in time. */
export async function analyze(address: ClusterAddress, database: string): Promise<void> {
  await asSuperuser(address, database, async (sql) => {
    for (const statement of VACUUM) await sql.unsafe(statement);
  });
}

/** Bytes that a database takes, indexes included. */
export async function sizeOf(address: ClusterAddress, database: string): Promise<number> {
  return await asSuperuser(address, database, async (sql) => {
    const [{ size }] = await sql<{ size: string }[]>`
      select pg_database_size(current_database())::text as size`;
    return Number(size);
  });
}

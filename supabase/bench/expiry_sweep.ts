import { seededBytes } from "../tests/support/vectors/simulated_session.ts";
import type { ClusterAddress } from "../local/postgres/address.ts";
import { asSuperuser } from "../local/postgres/databases.ts";
import { pause } from "../../client/transport.ts";
import { Calls } from "./calls.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { registerFamily, SqlCaller } from "./sql_sessions.ts";
import { startRemoteStack } from "./stack_process.ts";
import { summarise, timed } from "./statistics.ts";

const FAMILY = "sweep";
const CALLERS = 4;
/** Each caller waits that long between calls: a busy system, and not one at its limit. */
const INTERVAL_MS = 25;
/** As many as one sweep may find after an outage. */
const EXPIRED = 100_000;

/** Marking sessions expired, many at once, while others sign. */
export const expirySweep: Part = {
  name: "sweep",
  title: "a sweep of expired sessions, and the calls of other sessions meanwhile",

  async run(bench: Bench): Promise<Figure[]> {
    const count = bench.quick ? EXPIRED / 10 : EXPIRED;
    const stack = await startRemoteStack(bench);
    const address = stack.cluster;

    const callers = Array.from(
      { length: CALLERS },
      (_, i) => new SqlCaller(address, "postgres", FAMILY, seededBytes(`${bench.seed}:sweep:${i}`)),
    );
    for (const { sql } of callers) bench.owned.defer(() => sql.end({ timeout: 1 }));
    await registerFamily(callers[0].sql, FAMILY);
    const straight = await besideSweep(bench, "straight RPCs", address, count, async (load) => {
      await Promise.all(callers.map((caller) => callPaced(caller, load)));
    });

    const calls = new Calls();
    const families = await Promise.all(
      ["one", "two"].map((id) => SigningFamily.bringUp(stack, id, bench.seed, calls.fetch)),
    );
    for (let i = 0; i < 10; i++) await Promise.all(families.map((family) => family.signInTurns()));
    const few = count / 5;
    const http = await besideSweep(bench, "calls over HTTP", address, few, async (load) => {
      calls.clear();
      await Promise.all(families.map(async (family) => {
        while (!load.over()) {
          await family.signInTurns();
          await pause(4 * INTERVAL_MS);
        }
      }));
      for (const ms of calls.all) load.record(ms);
    });

    bench.note(
      `${count.toLocaleString("en")} and ${
        few.toLocaleString("en")
      } expired sessions; PostgreSQL with fsync off`,
    );
    bench.note(
      `straight: ${CALLERS} callers, a call every ${INTERVAL_MS} ms each; over HTTP: two families sign all the time`,
    );
    return [...straight, ...http];
  },
};

/** Others' calls while something happens. */
interface Load {
  over(): boolean;
  record(ms: number): void;
}

async function callPaced(caller: SqlCaller, load: Load): Promise<void> {
  while (!load.over()) {
    for (const call of caller.calls()) {
      load.record((await timed(call)).ms);
      await pause(INTERVAL_MS);
    }
  }
}

/** The calls' usual times, before and after, against their times during a sweep. */
async function besideSweep(
  { quick, progress }: Bench,
  name: string,
  address: ClusterAddress,
  count: number,
  callers: (load: Load) => Promise<void>,
): Promise<Figure[]> {
  const during = async (work: Promise<unknown>): Promise<number[]> => {
    const times: number[] = [];
    let over = false;
    await Promise.all([
      callers({ over: () => over, record: (ms) => times.push(ms) }),
      work.finally(() => over = true),
    ]);
    return times;
  };
  const usually = quick ? 2_000 : 5_000;
  progress(`${name}: ${count.toLocaleString("en")} sessions that expired`);
  await addExpired(address, count);
  progress(`${name}: as usual`);
  const before = await during(pause(usually));
  progress(`${name}: during the sweep`);
  const sweep = timed(() => sweepExpired(address));
  const meanwhile = summarise(await during(sweep));
  const { ms, outcome } = await sweep;
  if (outcome !== count) throw new Error(`${outcome} of ${count} sessions were marked.`);
  progress(`${name}: as usual again`);
  const after = await during(pause(usually));
  const usual = summarise([...before, ...after]);
  return [
    { name: `${name}: the sweep`, value: ms / 1000, unit: "s" },
    { name: "  sessions a second", value: count / (ms / 1000), unit: "/s" },
    { name: "  a call as usual, p95", value: usual.p95, unit: "ms" },
    { name: "  a call meanwhile, p95", value: meanwhile.p95, unit: "ms" },
    { name: "  a call meanwhile, slowest", value: meanwhile.max, unit: "ms" },
    { name: "  p95 meanwhile ÷ as usual", value: meanwhile.p95 / usual.p95, unit: "×", atMost: 2 },
  ];
}

/** Half of them had no answer at all, half had one. */
async function addExpired(address: ClusterAddress, count: number): Promise<void> {
  await asSuperuser(address, "postgres", async (sql) => {
    await sql.unsafe("set session_replication_role = replica");
    await sql.unsafe(`
      with expired as (
        insert into public.frost_signing_sessions (family_id, message_hash, participants, threshold,
          created_by, status, created_at, updated_at, nonce_collection_started_at, expires_at)
        select 'expired-' || n % 1000, encode(sha256(convert_to(n::text, 'UTF8')), 'hex'),
          '{alice,bob,carol}', 2, 'alice',
          case n % 2 when 0 then 'pending' else 'nonce_collection' end::public.signing_session_status,
          permafrost.now_ms() - 400000, permafrost.now_ms() - 400000,
          case n % 2 when 1 then permafrost.now_ms() - 390000 end, permafrost.now_ms() - 100000 + n % 1000
        from generate_series(1, ${count}) as n
        returning session_id, status)
      insert into public.frost_nonce_commitments (session_id, participant_id, nonce_commitment)
      select session_id, 'alice', '02' || encode(sha256(convert_to(session_id || 'h', 'UTF8')), 'hex') ||
        '03' || encode(sha256(convert_to(session_id || 'b', 'UTF8')), 'hex')
      from expired where status = 'nonce_collection'`);
    await sql.unsafe("vacuum (analyze) public.frost_signing_sessions");
    await sql.unsafe("vacuum (analyze) public.frost_nonce_commitments");
    await sql.unsafe("vacuum (analyze) public.frost_session_events");
  });
}

/** As pg_cron does it, one call after another until none is left. */
async function sweepExpired(address: ClusterAddress): Promise<number> {
  return await asSuperuser(address, "postgres", async (sql) => {
    let total = 0;
    while (true) {
      const [{ count }] = await sql<{ count: number }[]>`
        select public.expire_old_frost_signing_sessions() as count`;
      if (count === 0) return total;
      total += count;
    }
  });
}

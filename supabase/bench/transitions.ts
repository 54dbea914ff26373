import { seededBytes } from "../tests/support/vectors/simulated_session.ts";
import type { ClusterAddress } from "../local/postgres/address.ts";
import type { Figure } from "./figures.ts";
import { analyze, fillWithOldSessions, sizeOf } from "./old_sessions.ts";
import type { Bench, Part } from "./part.ts";
import { playFor, registerFamily, SqlCaller, startDatabases } from "./sql_sessions.ts";
import { interleave, median, sum, timed } from "./statistics.ts";

const FAMILY = "transitions";
const CONNECTIONS = 4;
const SLICE_MS = 1000;
const READ_ROUNDS = 6;
const READS_A_ROUND = 5;

/** The calls that move sessions, on tables that hold nothing and on tables that hold a long past. */
export const transitions: Part = {
  name: "transitions",
  title: "RPC transitions straight on PostgreSQL, in empty tables and in full ones",

  async run(bench: Bench): Promise<Figure[]> {
    const rounds = bench.quick ? 6 : 16;
    const count = bench.rows ?? (bench.quick ? 100_000 : 1_000_000);
    const address = await startDatabases(bench, ["young", "old"]);
    const young = await prepare(bench, address, "young");
    const old = await prepare(
      bench,
      address,
      "old",
      () => fillWithOldSessions(address, "old", count, FAMILY, bench.progress),
    );
    bench.progress(`${rounds} rounds of ${SLICE_MS / 1000} s each`);
    const rates = await interleave(
      rounds,
      () => rate(young.callers),
      () => rate(old.callers),
    );
    const bare = await againstBareInserts(young.callers[0], bench.quick ? 100 : 400);
    bench.progress("reads");
    const reads: Figure[] = [];
    for (const [name, statement] of READS) {
      const pairs = await interleave(
        READ_ROUNDS,
        () => readTime(young, statement),
        () => readTime(old, statement),
      );
      reads.push(
        { name: `${name}, empty tables`, value: median(pairs.map(({ a }) => a)), unit: "ms" },
        { name: `${name}, full tables`, value: median(pairs.map(({ b }) => b)), unit: "ms" },
      );
    }
    const gigabytes = (await sizeOf(address, "old") / 2 ** 30).toFixed(1);
    bench.note(`full: ${count.toLocaleString("en")} sessions and all they left, ${gigabytes} GiB`);
    bench.note(`${CONNECTIONS} connections; fsync is off; medians of ${rounds} rounds in turns`);
    return [
      { name: "transitions, empty tables", value: median(rates.map(({ a }) => a)), unit: "/s" },
      { name: "transitions, full tables", value: median(rates.map(({ b }) => b)), unit: "/s" },
      {
        name: "empty ÷ full",
        value: median(rates.map(({ a, b }) => a / b)),
        unit: "×",
        atMost: 1.2,
      },
      {
        name: "a transition ÷ a bare insert, one connection",
        value: bare.transition / bare.insert,
        unit: "×",
        atMost: 3,
      },
      { name: "  a transition", value: bare.transition, unit: "ms" },
      { name: "  a bare insert into a table with a text key", value: bare.insert, unit: "ms" },
      ...reads,
    ];
  },
};

/** What guardians' apps ask all the time. */
const READS = [
  ["list_signing_sessions", "select public.list_signing_sessions()"],
  ["… that await me", "select public.list_signing_sessions(p_awaiting_me => true)"],
  ["… completed", "select public.list_signing_sessions(p_status => 'completed')"],
] as const;

interface Database {
  readonly callers: readonly SqlCaller[];
  /** Acts as a guardian and not as the service. */
  readonly reader: SqlCaller;
}

async function prepare(
  { owned, seed, progress }: Bench,
  address: ClusterAddress,
  name: string,
  fill: () => Promise<void> = () => Promise.resolve(),
): Promise<Database> {
  const connect = (i: number, role?: "authenticated") => {
    const caller = new SqlCaller(address, name, FAMILY, seededBytes(`${seed}:${name}:${i}`), role);
    owned.defer(() => caller.sql.end({ timeout: 1 }));
    return caller;
  };
  const callers = Array.from({ length: CONNECTIONS }, (_, i) => connect(i));
  await registerFamily(callers[0].sql, FAMILY);
  await fill();
  progress(`warming up on ${name} tables`);
  await playFor(SLICE_MS, callers);
  // Without statistics on the few rows that are there, plans made now would be those for empty tables.
  await analyze(address, name);
  await playFor(SLICE_MS, callers);
  return { callers, reader: connect(CONNECTIONS, "authenticated") };
}

/** Medians: of each kind of transition, then their mean; and of an insert before each session. */
async function againstBareInserts(caller: SqlCaller, sessions: number) {
  await caller.sql`create table public.bare (id text primary key, value text)`;
  const inserts: number[] = [];
  const transitions: number[][] = [];
  for (let i = 0; i < sessions; i++) {
    const insert = () =>
      caller.sql`insert into public.bare values (${crypto.randomUUID()}, ${crypto.randomUUID()})`;
    inserts.push((await timed(insert)).ms);
    let n = 0;
    for (const call of caller.calls()) (transitions[n++] ??= []).push((await timed(call)).ms);
  }
  return {
    insert: median(inserts),
    transition: sum(transitions.map(median)) / transitions.length,
  };
}

async function rate(callers: readonly SqlCaller[]): Promise<number> {
  const started = performance.now();
  const calls = await playFor(SLICE_MS, callers);
  return calls / ((performance.now() - started) / 1000);
}

async function readTime({ reader }: Database, statement: string): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < READS_A_ROUND; i++) await reader.sql.unsafe(statement);
  return (performance.now() - started) / READS_A_ROUND;
}

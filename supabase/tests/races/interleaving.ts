/**
 * Transactions side by side, statement by statement, in every order there is; as PostgreSQL's own isolation
 * tests do it. A statement that waits for another transaction is left waiting, and the order goes on.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import type { TestDatabase } from "../support/harness.ts";
import { type Call, type Outcome, preambleOf, send } from "../support/calls.ts";

/** A transaction: calls, and how it ends. What happens outside of any is one call, and commits nothing. */
export interface Transaction {
  readonly calls: readonly Call[];
  readonly end: "commit" | "rollback" | "none";
}

/** A new case of what is to be played: whatever it is about exists, and nothing has happened yet. */
export interface Scene {
  readonly transactions: readonly Transaction[];
  /** What came of it, without what differs from case to case. */
  read(): Promise<unknown>;
}

/** What an order led to: what each caller heard, and how things stand. */
interface Ending {
  readonly heard: readonly (readonly string[])[];
  readonly state: unknown;
}

/** How to play. */
export interface PlayOptions {
  /** How many cases are played side by side; they must not know of each other. */
  readonly stages?: number;
  /** Takes from an ending, as JSON, what may differ. */
  readonly normalise?: (ending: string) => string;
}

/**
 * Plays a scene in every order of its statements, and demands that each ends as some order of whole
 * transactions does: callers hear the same, and things stand the same.
 *
 * @returns How many orders there were, and how many different endings.
 */
export async function playAll(
  database: TestDatabase,
  newScene: () => Promise<Scene>,
  { stages = 3, normalise = (ending) => ending }: PlayOptions = {},
): Promise<{ orders: number; endings: number }> {
  const { transactions } = await newScene();
  const lengths = transactions.map(({ calls, end }) => calls.length + (end === "none" ? 0 : 1));
  const playing = await Promise.all(
    Array.from({ length: stages }, () => setUp(database, transactions.length)),
  );
  const endingsOf = async (orders: readonly number[][]) => {
    const left = orders.map((order, i) => ({ order, i }));
    const endings: string[] = [];
    await Promise.all(playing.map(async (stage) => {
      for (let next = left.shift(); next; next = left.shift()) {
        const ending = await play(stage, await newScene(), next.order);
        endings[next.i] = normalise(JSON.stringify(ending));
      }
    }));
    return endings;
  };
  const whole = [...interleavings(lengths.map(() => 1))]
    .map((order) => order.flatMap((actor) => Array<number>(lengths[actor]).fill(actor)));
  const serial = await endingsOf(whole);
  const orders = [...interleavings(lengths)];
  for (const [i, ending] of (await endingsOf(orders)).entries()) {
    if (serial.includes(ending)) continue;
    const allowed = serial.map((text, k) => `${whole[k]}: ${text}`).join("\n");
    assert.fail(`Order ${orders[i]} ended in\n${ending}\nand not in any of\n${allowed}`);
  }
  return { orders: orders.length, endings: new Set(serial).size };
}

/** Every order in which sequences of the given lengths can be merged; numbers are of sequences. */
export function* interleavings(lengths: readonly number[]): Generator<number[]> {
  if (lengths.every((length) => length === 0)) yield [];
  for (const [i, length] of lengths.entries()) {
    if (length === 0) continue;
    for (const rest of interleavings(lengths.with(i, length - 1))) yield [i, ...rest];
  }
}

interface Actor {
  readonly sql: postgres.Sql;
  readonly pid: number;
  last: Promise<unknown>;
  idle: boolean;
}

interface Stage {
  readonly observer: postgres.Sql;
  readonly actors: readonly Actor[];
}

async function setUp(database: TestDatabase, count: number): Promise<Stage> {
  const actors = [];
  for (let i = 0; i < count; i++) {
    const sql = database.connect("postgres", { max: 1 });
    const [{ pid }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    actors.push({ sql, pid, last: Promise.resolve(), idle: true });
  }
  return { observer: database.connect("postgres", { max: 1 }), actors };
}

async function play(stage: Stage, scene: Scene, order: readonly number[]): Promise<Ending> {
  const { transactions } = scene;
  const heard: string[][] = transactions.map(() => []);
  const texts = transactions.map(textsOf);
  for (const i of order) {
    const actor = stage.actors[i];
    const text = texts[i].shift();
    if (text === undefined) throw new Error("An order has more statements than its transactions");
    actor.idle = false;
    const said: Promise<unknown> = actor.last.then(() => send(actor.sql, text)).then((outcome) => {
      heard[i].push(told(outcome));
      if (actor.last === said) actor.idle = true;
    });
    actor.last = said;
    await untilAtRest(stage);
  }
  await Promise.all(stage.actors.map(({ last }) => last));
  return { heard, state: await scene.read() };
}

/** What each message of a transaction holds: begin with the first call, and the end by itself. */
function textsOf({ calls, end }: Transaction): string[] {
  const texts = calls.map((call, i) =>
    `${i === 0 && end !== "none" ? "begin; " : ""}${preambleOf(call)}; ${call.statement}`
  );
  return end === "none" ? texts : [...texts, end];
}

/**
 * Until each actor has its answer, or waits for another's transaction. Who waits for somebody else, such as another stage that
 * makes a table longer, goes on by itself.
 */
async function untilAtRest({ observer, actors }: Stage): Promise<void> {
  const pids = actors.map(({ pid }) => pid);
  for (;;) {
    const busy = actors.filter(({ idle }) => !idle).map(({ pid }) => pid);
    if (busy.length === 0) return;
    const [{ waiting }] = await observer<{ waiting: number }[]>`
      select count(*)::int as waiting from unnest(${busy}::int[]) as pid
      where pg_blocking_pids(pid) && ${pids}::int[]`;
    if (waiting === busy.length) return;
  }
}

/** Of an answer what is the same in every case: neither ids nor times, nor what was made up. */
function told({ code, answer }: Outcome): string {
  const facts = [
    "status",
    "nonce_count",
    "signature_count",
    "share_count",
    "threshold_met",
    "epoch",
    "value",
  ]
    .flatMap((name) => answer[name] === undefined ? [] : [`${name} ${answer[name]}`]);
  return [code, ...facts].join(", ");
}

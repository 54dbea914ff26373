/** `deno task bench`: measures the system on this machine. Figures and ratios are of one run. */
import { parseArgs } from "node:util";
import { BadArguments, readArguments } from "../local/command_line.ts";
import { outliveTerminal } from "../local/terminal.ts";
import { ceremonies } from "./ceremonies.ts";
import { concurrentSessions } from "./concurrent_sessions.ts";
import { expirySweep } from "./expiry_sweep.ts";
import { type PartFigures, table } from "./figures.ts";
import type { Part } from "./part.ts";
import { functionCpu } from "./function_cpu.ts";
import { modes } from "./modes.ts";
import { recovery } from "./recovery.ts";
import { session } from "./session.ts";
import { shareCheck } from "./share_check.ts";
import { transitions } from "./transitions.ts";
import { waiting } from "./waiting.ts";

const PARTS: readonly Part[] = [
  session,
  concurrentSessions,
  shareCheck,
  functionCpu,
  transitions,
  expirySweep,
  recovery,
  waiting,
  modes,
  ceremonies,
];

interface Request {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly seed: string;
  readonly rows?: number;
}

const PART_NAMES = PARTS.map(({ name }) => name).join(", ");

const USAGE =
  `Usage: deno task bench [--quick] [--json] [--seed <text>] [--rows <number>] [<part> ...]
Measures the system on this machine: all parts, which takes about eight minutes, or those named of
${PART_NAMES}
--quick measures less; --json writes JSON on standard output, progress on standard error; --seed takes
the secrets, messages and orders of an earlier run; --rows is how many old sessions transitions has.`;

function readRequest(args: string[]): Request {
  const { values: { quick, json, seed = crypto.randomUUID().slice(0, 8), rows }, positionals } =
    parseArgs({
      args,
      options: {
        rows: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        seed: { type: "string" },
      },
      allowPositionals: true,
    });
  const unknown = positionals.filter((given) => !PARTS.some(({ name }) => name === given));
  if (unknown.length > 0) {
    throw new BadArguments(`There is no part ${unknown.join(", ")}; there are ${PART_NAMES}`);
  }
  if (rows !== undefined && !/^[1-9]\d{0,8}$/.test(rows)) {
    throw new BadArguments("--rows must be a number from 1 to 999,999,999");
  }
  const parts = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { parts, quick, json, seed, rows: rows === undefined ? undefined : Number(rows) };
}

async function measure(
  part: Part,
  { quick, seed, rows }: Request,
  signal: AbortSignal,
  progress: (step: string) => void,
): Promise<PartFigures> {
  const notes: string[] = [];
  const owned = new AsyncDisposableStack();
  const running = part.run({
    quick,
    seed,
    rows,
    owned,
    progress: (step) => {
      signal.throwIfAborted();
      progress(`${part.name}: ${step}`);
    },
    note: (text) => notes.push(text),
  });
  try {
    const figures = await Promise.race([running, aborted(signal)]);
    return { part: part.name, title: part.title, notes, figures };
  } finally {
    // Stops what the part runs on, and so the part if it still runs.
    await owned.disposeAsync();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function main(request: Request): Promise<number> {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => controller.abort(new Error("Interrupted")));
  }
  const started = performance.now();
  const progress = (step: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.error(`${seconds.padStart(7)} s  ${step}`);
  };
  const machine =
    `${Deno.build.target}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`;
  progress(`${machine}, seed ${request.seed}`);
  const parts: PartFigures[] = [];
  try {
    for (const part of request.parts) {
      parts.push(await measure(part, request, controller.signal, progress));
    }
  } catch (error) {
    if (controller.signal.aborted) {
      console.error("Interrupted; everything is stopped.");
      return 130;
    }
    throw error;
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const { quick, seed } = request;
  if (request.json) {
    console.log(JSON.stringify({ machine, seed, quick, seconds, parts }, null, 2));
  } else {
    console.log(`\n${machine}\nseed ${seed}${quick ? ", quick" : ""}, ${seconds} s\n`);
    console.log(table(parts));
  }
  return 0;
}

if (import.meta.main) {
  const request = readArguments(USAGE, readRequest);
  outliveTerminal();
  try {
    Deno.exit(await main(request));
  } catch (error) {
    console.error(error);
    Deno.exit(1);
  }
}

import { waitFor } from "../../client/sessions/wait.ts";
import type { Supabase } from "../../client/supabase.ts";
import { pause } from "../../client/transport.ts";
import { must } from "../local/family.ts";
import { seededBytes } from "../tests/support/vectors/simulated_session.ts";
import { Calls } from "./calls.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { startRemoteStack } from "./stack_process.ts";
import { summarise } from "./statistics.ts";

/** Seconds that somebody waits before what is waited for happens: polling grows slower meanwhile. */
const DELAYS = [0.5, 3, 15];

/** How long after a session has changed its state a client that polls knows. */
export const waiting: Part = {
  name: "waiting",
  title: "waitFor with polling, from the change of state to the client",

  async run(bench: Bench): Promise<Figure[]> {
    const count = bench.quick ? 8 : 24;
    const delays = bench.quick ? DELAYS.slice(0, 2) : DELAYS;
    const stack = await startRemoteStack(bench);
    const calls = new Calls();
    const family = await SigningFamily.bringUp(stack, "waiting", bench.seed, calls.fetch);
    await family.signInTurns();
    const random = seededBytes(`${bench.seed}:waiting`);
    const figures: Figure[] = [];
    for (const seconds of delays) {
      bench.progress(`${count} clients wait ${seconds} s and more`);
      calls.clear();
      // Spread, so that they do not all poll and change in step.
      const waits = Array.from({ length: count }, () => seconds * (1 + random(1)[0] / 512));
      const latencies = await Promise.all(waits.map((wait) => latency(family, wait * 1000)));
      const { median, p95, max } = summarise(latencies);
      const polls = calls.times.get("get_signing_session")?.length ?? 0;
      figures.push(
        { name: `after ${seconds} s: median`, value: median, unit: "ms" },
        { name: "  p95", value: p95, unit: "ms" },
        { name: "  slowest", value: max, unit: "ms" },
        { name: "  questions asked by a client", value: (polls - count) / count, unit: "" },
      );
    }
    bench.note(`${count} clients at once, without Realtime; the state changes by a commitment`);
    return figures;
  },
};

/** Milliseconds from when the change was answered to when the one who waits knows. */
async function latency(family: SigningFamily, delay: number): Promise<number> {
  const [, changing, waits] = family.members;
  const sessionId = await family.ask();
  const waited = waitFor(pollingOnly(waits.supabase), sessionId, "nonce_collection", {
    method: "frost",
  }).then((result) => {
    must(result);
    return performance.now();
  });
  await pause(delay);
  must((await changing.commit(sessionId)).answer);
  const changed = performance.now();
  // It may be asked between the commit in the database and its answer.
  return Math.max(0, await waited - changed);
}

/** A client without Realtime. */
function pollingOnly(supabase: Supabase): Supabase {
  return {
    functions: supabase.functions,
    rpc: supabase.rpc.bind(supabase),
    from: supabase.from.bind(supabase),
  };
}

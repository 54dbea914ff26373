import { Calls } from "./calls.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { startRemoteStack } from "./stack_process.ts";
import { median, sum, summarise, timed } from "./statistics.ts";

const WARM_UP = 10;

/** One session after another, each call after the one before: what a signature takes by itself. */
export const session: Part = {
  name: "session",
  title: "a whole 2-of-3 session over HTTP, one call after the other",

  async run(bench: Bench): Promise<Figure[]> {
    const sessions = bench.quick ? 30 : 150;
    const stack = await startRemoteStack(bench);
    const calls = new Calls();
    const family = await SigningFamily.bringUp(stack, "session", bench.seed, calls.fetch);
    bench.progress("warming up");
    for (let i = 0; i < WARM_UP; i++) await family.signInTurns();
    bench.progress(`${sessions} sessions`);
    const whole: number[] = [];
    const requests: number[] = [];
    const perSession = new Map<string, number[]>();
    for (let i = 0; i < sessions; i++) {
      calls.clear();
      whole.push((await timed(() => family.signInTurns())).ms);
      requests.push(sum(calls.all));
      for (const [name, times] of calls.times) {
        perSession.set(name, [...perSession.get(name) ?? [], sum(times)]);
      }
    }
    bench.note(`${sessions} sessions; a Nostr event each; nonce stores in memory`);
    bench.note("the parts are medians of what a session spends on all calls of that name");
    const { median: middle, p95, max } = summarise(whole);
    return [
      { name: "whole session, median", value: middle, unit: "ms", atMost: 100 },
      { name: "whole session, p95", value: p95, unit: "ms" },
      { name: "whole session, slowest", value: max, unit: "ms" },
      ...[...perSession].map(([name, times]): Figure => ({
        name: `  in ${calls.times.get(name)?.length} × ${name}`,
        value: median(times),
        unit: "ms",
      })),
      {
        name: "  on the guardians' devices",
        value: median(whole.map((ms, i) => ms - requests[i])),
        unit: "ms",
      },
    ];
  },
};

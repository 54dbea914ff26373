import { Calls } from "./calls.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { startRemoteStack } from "./stack_process.ts";
import { summarise } from "./statistics.ts";

const FAMILIES = 8;
const WARM_UP = 3;

/** Several families that sign one session after another, all at the same time. */
export const concurrentSessions: Part = {
  name: "concurrent",
  title: `completed 2-of-3 sessions over HTTP, ${FAMILIES} families at once`,

  async run(bench: Bench): Promise<Figure[]> {
    const seconds = bench.quick ? 4 : 15;
    const stack = await startRemoteStack(bench);
    const calls = new Calls();
    const families = await Promise.all(
      Array.from(
        { length: FAMILIES },
        (_, i) => SigningFamily.bringUp(stack, `family-${i}`, bench.seed, calls.fetch),
      ),
    );
    bench.progress("warming up");
    await Promise.all(families.map(async (family) => {
      for (let i = 0; i < WARM_UP; i++) await family.signAtOnce();
    }));
    bench.progress(`${FAMILIES} families sign for ${seconds} s`);
    calls.clear();
    const started = performance.now();
    const counts = await Promise.all(families.map(async (family) => {
      let count = 0;
      while (performance.now() - started < seconds * 1000) {
        await family.signAtOnce();
        count++;
      }
      return count;
    }));
    const elapsed = (performance.now() - started) / 1000;
    const sessions = counts.reduce((total, count) => total + count, 0);
    bench.note(
      `${sessions} sessions, ${calls.all.length} calls; stack, PostgreSQL and all guardians share ${navigator.hardwareConcurrency} cores`,
    );
    return [
      { name: "completed sessions", value: sessions / elapsed, unit: "/s" },
      { name: "calls", value: calls.all.length / elapsed, unit: "/s" },
      ...percentiles("a call", calls.all),
      ...[...calls.times].flatMap(([name, times]) => percentiles(`  ${name}`, times)),
    ];
  },
};

function percentiles(name: string, times: readonly number[]): Figure[] {
  const { median, p95, p99 } = summarise(times);
  return [
    { name: `${name}, p50`, value: median, unit: "ms" },
    { name: `${name}, p95`, value: p95, unit: "ms" },
    { name: `${name}, p99`, value: p99, unit: "ms" },
  ];
}

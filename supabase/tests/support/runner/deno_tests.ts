import type { Cluster } from "../../../local/postgres/cluster.ts";
import { CLUSTER_VARIABLE } from "../cluster.ts";

/** How many tests of one kind there were. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Tests of what people use take about half of the time. */
const FIRST_LANE = /^supabase\/tests\/(client|docs)\//;

/**
 * Runs TypeScript test files, a whole run in two processes at once: most of them wait for something half of the time.
 * They print their own progress and failures; this only counts.
 */
export async function runDenoTests(
  cluster: Cluster,
  root: string,
  files: readonly string[],
): Promise<Counts> {
  const first = files.filter((file) => FIRST_LANE.test(file));
  const second = files.filter((file) => !FIRST_LANE.test(file));
  const lanes = [first, second].filter((lane) => lane.length > 0);
  const counts = await Promise.all(lanes.map((lane) => runLane(cluster, root, lane)));
  return counts.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }));
}

async function runLane(
  cluster: Cluster,
  root: string,
  files: readonly string[],
): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      // Types are the check task's business.
      args: ["test", "-A", "--no-check", `--junit-path=${report}`, ...files],
      cwd: root,
      env: { [CLUSTER_VARIABLE]: JSON.stringify(cluster.address) },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    await printByFile(child.stdout);
    const { success } = await child.status;
    const counts = readJunit(await Deno.readTextFile(report));
    // A file that cannot be loaded fails without a test that does.
    return success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    await Deno.remove(report);
  }
}

/** Where the output of a file begins, in colour or not. */
// deno-lint-ignore no-control-regex
const BEGINNING = /(?<=\n)(?:\u001b\[[0-9;]*m)*running \d/g;

/** Passes output on, a test file at a time: that of another process may come in between. */
async function printByFile(output: ReadableStream<Uint8Array>): Promise<void> {
  let text = "";
  for await (const some of output.pipeThrough(new TextDecoderStream())) {
    text += some;
    const next = [...text.matchAll(BEGINNING)].at(-1)?.index ?? 0;
    if (next === 0) continue;
    console.log(text.slice(0, next).trimEnd());
    text = text.slice(next);
  }
  if (text !== "") console.log(text.trimEnd());
}

/** Adds up the test suites of a JUnit report. */
export function readJunit(xml: string): Counts {
  let [tests, failed, skipped] = [0, 0, 0];
  for (const [tag] of xml.matchAll(/<testsuite\s[^>]*>/g)) {
    const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);
    tests += count("tests");
    failed += count("failures") + count("errors");
    skipped += count("disabled");
  }
  return { passed: tests - failed - skipped, failed, skipped };
}

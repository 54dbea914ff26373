import type { Cluster } from "../../../local/postgres/cluster.ts";
import { CLUSTER_VARIABLE } from "../cluster.ts";

/** How many tests of one kind there were. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs TypeScript test files. They print their own progress and failures; this only counts. */
export async function runDenoTests(
  cluster: Cluster,
  root: string,
  files: readonly string[],
): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { success } = await new Deno.Command(Deno.execPath(), {
      // Types are the check task's business.
      args: ["test", "-A", "--no-check", `--junit-path=${report}`, ...files],
      cwd: root,
      env: { [CLUSTER_VARIABLE]: JSON.stringify(cluster.address) },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    const counts = readJunit(await Deno.readTextFile(report));
    // A file that cannot be loaded fails without a test that does.
    return success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    await Deno.remove(report);
  }
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

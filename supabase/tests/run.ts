/**
 * Runs the tests, or those whose path holds a word.
 *
 * Every pgTAP file runs on each kind of project, whatever it grants by default, since the migrations must give
 * the same rights on all of them.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readArguments } from "../local/command_line.ts";
import { ALL_GRANTS } from "../local/platform/platform.ts";
import type { Cluster } from "../local/postgres/cluster.ts";
import { startTestCluster } from "./support/cluster.ts";
import { type Counts, runDenoTests } from "./support/runner/deno_tests.ts";
import { runPgtapFile } from "./support/runner/pgtap.ts";

const USAGE = `Usage: deno task test [<word> ...]
Runs all tests, or those whose path holds one of the words, for example a whole path or
database (pgTAP), functions (over HTTP, and their own modules), races (and crashes), client,
docs (every command of the documentation), local (this stack and its commands), frost (RFC 9591).`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["supabase/tests", "supabase/functions", "client"];

async function main(words: readonly string[]): Promise<boolean> {
  const files = (await findTests()).filter((file) =>
    words.length === 0 || words.some((word) => file.includes(word))
  );
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = (counts: Counts) => {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  };
  if (files.length === 0) {
    console.log(`No test file has ${words.join(" or ") || ".test."} in its path.`);
  } else {
    console.log("Starting a cluster and building the template databases");
    const started = performance.now();
    const cluster = await startTestCluster();
    let stopping: Promise<void> | undefined;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // One Ctrl-C may arrive more than once.
      Deno.addSignalListener(signal, () => {
        stopping ??= cluster.stop().finally(() => Deno.exit(130));
      });
    }
    console.log(`Ready${since(started)}\n`);
    try {
      for (const file of files.filter(isPgtap)) add(await runPgtap(cluster, file));
      const scripts = files.filter((file) => !isPgtap(file));
      if (scripts.length > 0) add(await runDenoTests(cluster, ROOT, scripts));
    } finally {
      await cluster.stop();
    }
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0;
}

async function runPgtap(cluster: Cluster, file: string): Promise<Counts> {
  const started = performance.now();
  const reports = await Promise.all(ALL_GRANTS.map(async (grants) => ({
    grants,
    report: await runPgtapFile(cluster, join(ROOT, file), grants),
  })));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { report } of reports) {
    counts.passed += report.passed;
    counts.failed += report.failed;
    counts.skipped += report.skipped;
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  const verdict = counts.failed > 0 ? "FAILED" : "ok";
  console.log(
    `${file} ... ${verdict} (${counts.passed} passed, ${counts.failed} failed${skipped}${
      since(started, ", ")
    })`,
  );
  for (const { grants, report } of reports) {
    for (const failure of report.failures) {
      console.log(`  where a project grants ${grants}:`);
      console.log(failure.replaceAll(/^/gm, "    "));
    }
  }
  return counts;
}

async function findTests(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) await collect(join(ROOT, folder), found);
  return found.map((file) => relative(ROOT, file)).sort();
}

async function collect(folder: string, found: string[]): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && entry.name !== "node_modules") await collect(path, found);
    else if (/\.test\.(ts|sql)$/.test(entry.name)) found.push(path);
  }
}

function isPgtap(file: string): boolean {
  return file.endsWith(".sql");
}

function since(started: number, before = " in "): string {
  const milliseconds = Math.round(performance.now() - started);
  return `${before}${
    milliseconds < 1000 ? `${milliseconds}ms` : `${(milliseconds / 1000).toFixed(1)}s`
  }`;
}

if (import.meta.main) {
  const { positionals } = readArguments(
    USAGE,
    (args) => parseArgs({ args, options: {}, allowPositionals: true }),
  );
  const passed = await main(positionals);
  Deno.exit(passed ? 0 : 1);
}

/** What a TAP stream said: https://testanything.org/tap-version-13-specification.html */
export interface TapReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The failed tests with their diagnostics, and what is wrong with the plan. */
  readonly failures: readonly string[];
}

interface Outcome {
  readonly ok: boolean;
  readonly skipped: boolean;
  readonly text: string;
  readonly diagnostics: string[];
}

/**
 * Reads the lines of a TAP stream. `interrupted` tells why it ended before its time, if it did. A
 * failed test that is marked as to do counts as skipped, since it may fail.
 */
export function readTap(lines: readonly string[], interrupted?: string): TapReport {
  const outcomes: Outcome[] = [];
  let planned: number | undefined;
  for (const line of lines) {
    const test = /^(not )?ok\b/.exec(line);
    const plan = /^1\.\.(\d+)/.exec(line);
    if (test) {
      const directive = /# *(skip|todo)\b/i.exec(line)?.[1].toLowerCase();
      const ok = test[1] === undefined;
      const skipped = directive === "skip" || (directive === "todo" && !ok);
      outcomes.push({ ok, skipped, text: line, diagnostics: [] });
    } else if (plan) {
      planned = Number(plan[1]);
    } else if (line.startsWith("#")) {
      outcomes.at(-1)?.diagnostics.push(line);
    }
  }
  const skipped = outcomes.filter((outcome) => outcome.skipped).length;
  const failed = outcomes.filter((outcome) => !outcome.ok && !outcome.skipped);
  const failures = failed.map(({ text, diagnostics }) => [text, ...diagnostics].join("\n"));
  if (interrupted !== undefined) {
    failures.push(interrupted);
  } else if (planned === undefined) {
    failures.push("The file has no plan, or does not call finish().");
  } else if (planned !== outcomes.length) {
    failures.push(`The plan was ${planned} tests, but ${outcomes.length} ran.`);
  }
  return {
    passed: outcomes.length - skipped - failed.length,
    failed: failures.length,
    skipped,
    failures,
  };
}

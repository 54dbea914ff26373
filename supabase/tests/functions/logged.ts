/** What the functions write into their log. They run in this process, so that it can be read. */
import { format } from "node:util";

/** Runs `work` and answers what was logged meanwhile, which is not printed. */
export async function logged<T>(work: () => Promise<T>): Promise<{ result: T; log: string }> {
  const lines: string[] = [];
  const names = ["debug", "log", "info", "warn", "error"] as const;
  const before = names.map((name) => console[name]);
  for (const name of names) console[name] = (...values) => lines.push(format(...values));
  try {
    return { result: await work(), log: lines.join("\n") };
  } finally {
    for (const [i, name] of names.entries()) console[name] = before[i];
  }
}

/** Running the shell blocks of a page, in a copy of the project, so that nothing of it is changed. */
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = [
  "client",
  "deno.json",
  "deno.lock",
  "supabase/config.toml",
  "supabase/functions",
  "supabase/local",
  "supabase/migrations",
  "supabase/rollback.sql",
];

/** What a block came to. */
export interface Run {
  readonly code: number;
  /** What it printed, errors included, but for the chatter of npm and of tasks. */
  readonly output: string;
}

/** A folder that is this project to whoever works in it. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  run(command: string, env: Readonly<Record<string, string>>): Promise<Run>;
}

/** The major version of a program of PostgreSQL's on this machine; 0 where there is none. */
export async function majorVersion(program: string): Promise<number> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    return Number(/\d+/.exec(new TextDecoder().decode(stdout))?.[0] ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Copies the project. Where the machine has no psql, one that stands in for it is on the path. */
export async function setUpWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), "permafrost-docs-"));
  for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const bin = join(folder, ".bin");
  await mkdir(bin);
  if (await majorVersion("psql") === 0) await standIn(join(bin, "psql"));
  return {
    folder,
    async run(command, env) {
      const { code, stdout } = await new Deno.Command("bash", {
        args: ["-euo", "pipefail", "-c", `exec 2>&1\n${command}`],
        cwd: folder,
        env: {
          NO_COLOR: "1",
          DO_NOT_TRACK: "1",
          PGSSLMODE: "disable",
          NPM_CONFIG_UPDATE_NOTIFIER: "false",
          PATH: bin + delimiter + (process.env.PATH ?? ""),
          ...env,
        },
        stdin: "null",
        stderr: "inherit",
      }).output();
      const lines = new TextDecoder().decode(stdout).split("\n");
      const output = lines.filter((line) => !/^(npm (warn|notice)|Task )/.test(line)).join("\n");
      return { code, output };
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true });
    },
  };
}

async function standIn(path: string): Promise<void> {
  const script = fileURLToPath(new URL("psql.ts", import.meta.url));
  const config = join(ROOT, "deno.json");
  const command =
    `exec "${Deno.execPath()}" run -A --no-check --config "${config}" "${script}" "$@"`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

/** Running the shell blocks of a page, in a copy of the project, so that nothing of it is changed. */
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = [
  "LICENSE",
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

/**
 * Copies the project. The path leads to the Deno that runs this, as `npx -y deno`; and where the machine
 * has no psql, to one that stands in for it.
 */
export async function setUpWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), "permafrost-docs-"));
  for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const bin = join(folder, ".bin");
  await mkdir(bin);
  const npx = (await which("npx")) ?? "false";
  await script(
    join(bin, "npx"),
    `case "$1 $2" in "-y deno"|"-y deno@${Deno.version.deno}") shift 2; exec "${Deno.execPath()}" "$@";; esac\nexec "${npx}" "$@"`,
  );
  if (await majorVersion("psql") === 0) {
    const program = fileURLToPath(new URL("psql.ts", import.meta.url));
    const config = join(ROOT, "deno.json");
    await script(
      join(bin, "psql"),
      `exec "${Deno.execPath()}" run -A --no-check --config "${config}" "${program}" "$@"`,
    );
  }
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

async function which(program: string): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", `command -v ${program} || true`],
  }).output();
  return new TextDecoder().decode(stdout).trim() || undefined;
}

async function script(path: string, commands: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${commands}\n`, { mode: 0o755 });
}

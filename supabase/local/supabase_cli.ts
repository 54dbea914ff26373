import { migrate } from "./migrate.ts";
import {
  adoptDefaultDatabase,
  createPlatformDatabase,
  createPlatformRoles,
} from "./platform/platform.ts";
import { startCluster } from "./postgres/cluster.ts";

const CLI = "supabase@3.1.0";

/** What a run of the Supabase CLI came to. */
export interface CliResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the Supabase CLI against a database. It comes from npm, at its first use by a download. */
export async function runSupabase(args: readonly string[], dbUrl: string): Promise<CliResult> {
  // Away from the project, so that neither its settings nor a link to a hosted project matter.
  const folder = await Deno.makeTempDir();
  try {
    const { success, stdout, stderr } = await new Deno.Command("npx", {
      args: ["-y", CLI, ...args, `--remote=${dbUrl}`],
      cwd: folder,
      env: { PGSSLMODE: "disable", DO_NOT_TRACK: "1", NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { success, stdout: out, stderr: err };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("npx was not found. The Supabase CLI needs Node, which brings it.");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A throw-away database that has all migrations. */
export interface MigratedDatabase {
  readonly url: string;
  /** Another one, of a project that has no migrations. */
  readonly emptyUrl: string;
}

/** Runs `work` with a throw-away database that has all migrations. */
export async function withMigratedDatabase<T>(
  work: (database: MigratedDatabase) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster();
  try {
    await createPlatformRoles(cluster.address);
    // Old projects grant everything by default, so a table left open shows there.
    await adoptDefaultDatabase(cluster.address, "everything");
    await createPlatformDatabase(cluster.address, "empty", "everything");
    await migrate(cluster.url("postgres"));
    return await work({ url: cluster.url("postgres"), emptyUrl: cluster.url("empty") });
  } finally {
    await cluster.stop();
  }
}

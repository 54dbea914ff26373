import { fileURLToPath } from "node:url";

const VERSION = "2.1.4";

/** The Deno that hosted functions run on, and the arguments with which it reads functions as they are deployed. */
export interface HostedDeno {
  readonly version: string;
  readonly path: string;
  /** For `deno run`, ahead of the script. */
  readonly args: readonly string[];
}

/** Finds the Deno of hosted functions; npm brings it, at its first use by a download. */
export async function hostedDeno(): Promise<HostedDeno> {
  // Away from the project, whose lock file it cannot read.
  const folder = await Deno.makeTempDir();
  try {
    const { success, stdout, stderr } = await new Deno.Command("npx", {
      args: ["-y", "-p", `deno@${VERSION}`, "deno", "eval", "console.log(Deno.execPath())"],
      cwd: folder,
      stdin: "null",
    }).output();
    const [path, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    if (!success) throw new Error(`Deno ${VERSION} did not start:\n${problem}`);
    return { version: VERSION, path, args: ARGS };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("npx was not found. Deno for functions comes by npm, which Node brings.");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ARGS = [
  "--allow-all",
  // What is uploaded with functions is their deno.json, and no lock file.
  `--config=${fileURLToPath(new URL("../functions/deno.json", import.meta.url))}`,
  "--no-lock",
  "--node-modules-dir=none",
];

/** The npm package as an app has it that installed its tarball. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../../deno.json" with { type: "json" };
import { buildPackage, packPackage } from "../../../client/npm/build.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const SUPABASE = "@supabase/supabase-js";
/** The versions of supabase-js that an app may have. */
export const VERSIONS = [project.imports[SUPABASE], project.imports[`${SUPABASE}-older`]]
  .map((specifier) => specifier.slice(specifier.lastIndexOf("@") + 1));

/** What is done in the folder. */
export type Work = (folder: string) => Promise<void>;

/** Runs `work` in a folder that the package was installed in as from its tarball. */
export async function withInstalled(
  work: Work,
  supabaseVersion = VERSIONS[0],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "permafrost-npm-"));
  try {
    const modules = join(folder, "node_modules");
    const installed = join(modules, project.name);
    await buildPackage(join(folder, "built"));
    const tarball = await packPackage(join(folder, "built"), folder);
    await mkdir(installed, { recursive: true });
    const unpack = ["-xzf", tarball, "--strip-components=1", "-C", installed];
    assert.ok((await new Deno.Command("tar", { args: unpack }).output()).success);
    const { dependencies, peerDependencies } = JSON.parse(
      await readFile(join(installed, "package.json"), "utf8"),
    );
    // Nothing else is there: an import that the manifest does not name fails.
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      await mkdir(join(modules, name, ".."), { recursive: true });
      const source = name === SUPABASE
        ? `.deno/${name.replace("/", "+")}@${supabaseVersion}/node_modules/${name}`
        : name;
      await symlink(join(ROOT, "node_modules", source), join(modules, name));
    }
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

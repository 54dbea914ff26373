/** What is in the repository: the product, and nothing that a working day leaves behind. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TOP = [
  ...[".ci", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"],
  ...["README.md", "client", "deno.json", "deno.lock", "docs", "supabase"],
];
/** In pieces, since nothing here may name them. */
const HOSTS = [["registry", "npmjs", "org"], ["registry", "yarnpkg", "com"], ["jsr", "io"]]
  .map((parts) => parts.join("."));

/** The paths that git tracks; `undefined` where there is no git, or no repository. */
async function tracked(): Promise<string[] | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-c", `safe.directory=*`, "ls-files", "-z"],
      cwd: ROOT,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).split("\0").filter(Boolean) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const paths = await tracked();

Deno.test({
  name:
    "the repository has texts alone, at the places that are named, and names no package registry's host",
  ignore: paths === undefined,
  async fn() {
    assert.deepEqual([...new Set(paths?.map((path) => path.split("/")[0]))].sort(), TOP);
    for (const path of paths ?? []) {
      const text = await Deno.readTextFile(`${ROOT}${path}`);
      assert.ok(!text.includes("\0"), `${path} is not a text`);
      assert.deepEqual(HOSTS.filter((host) => text.includes(host)), [], path);
    }
  },
});

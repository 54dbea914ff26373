import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const GITIGNORE = fileURLToPath(new URL("../../../.gitignore", import.meta.url));

/** What following the documentation in this folder leaves in it; no key, and no data, is to be committed. */
const LEFT_BEHIND = [
  // docs/operations.md, the key ceremony
  "ceremony.ts",
  "check_share.ts",
  "registration.json",
  "share-ann.json",
  // docs/client.md, a recovery
  "requester.json",
  // docs/deployment.md
  "before.dump",
  "data.sql",
  "ledger.backup",
  "permafrost.backup",
  "permafrost.sql",
  "schema.sql",
  "supabase/.temp/project-ref",
];

/** Files of the project whose names are like those. */
const OURS = [
  "client/guardian/key_share.ts",
  "supabase/migrations/20261101000100_identity_and_refusals.sql",
  "supabase/tests/database/schema.test.sql",
  "supabase/tests/support/vectors/share-ann.json",
];

const hasGit = await new Deno.Command("git", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "git ignores what the documentation has one write here, and nothing else",
  ignore: !hasGit,
  async fn() {
    // A repository of its own: this folder may not be one, and has settings.
    const folder = await Deno.makeTempDir();
    try {
      await git(folder, "init", "--quiet");
      await Deno.copyFile(GITIGNORE, `${folder}/.gitignore`);
      const ignored = await git(folder, "check-ignore", ...LEFT_BEHIND, ...OURS);
      assert.deepEqual(ignored.trimEnd().split("\n"), LEFT_BEHIND);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await new Deno.Command("git", { args, cwd }).output();
  // check-ignore says by status 1 that it ignores nothing.
  assert.ok(code <= 1, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

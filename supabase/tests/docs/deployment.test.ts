/** docs/deployment.md, docs/existing-project.md and docs/rollback.md do what they say. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listFunctions } from "../../local/functions.ts";
import { listMigrations } from "../../local/migrate.ts";
import { createPlatformDatabase } from "../../local/platform/platform.ts";
import { signToken } from "../../local/token.ts";
import { logged } from "../functions/logged.ts";
import { privateCluster } from "../support/harness.ts";
import { catalogOf, connected } from "../support/catalog.ts";
import { assertKnownToCli } from "./cli.ts";
import { follow, served, type Site } from "./guide.ts";
import { readPage } from "./markdown.ts";
import { setUpWorkplace } from "./shell.ts";
import { signLegacyToken, signUpGuardians } from "./users.ts";
import { saveTypeScript, walk } from "./walk.ts";

const guide = await readPage("docs/deployment.md");
const existingProject = await readPage("docs/existing-project.md");
const rollback = await readPage("docs/rollback.md");
const readme = await readPage("README.md");

const CHECKS = ["5. Check the database", "6. Try the database by plain SQL", "Afterwards"];
const USERS = ["8. Make two users guardians", "9. Register the first key"];
const SIGNING = "10. Sign with two users' tokens";

Deno.test("the guide leads from a bare database to a signature, and back", async (t) => {
  await using owned = await privateCluster();
  const { cluster } = owned;
  await using place = await setUpWorkplace();
  await createPlatformDatabase(cluster.address, "bare", "everything");
  const site: Site = { cluster, place, database: "bare", restored: "bare" };
  const untilUsers = [...new Set(guide.blocks.map(({ section }) => section))]
    .filter((section) => /^[1-7]\./.test(section));
  assert.equal(untilUsers.length, 7);
  await follow(t, guide, { ...site, sections: [...untilUsers, "Afterwards"] });
  await t.step("two users sign with their tokens", () =>
    served(site, async (stack) => {
      const PASSWORD = "correct horse battery";
      await signUpGuardians(stack, PASSWORD);
      await saveTypeScript(place, readme, "A first session by hand");
      await walk(place, guide, [...USERS, SIGNING], {
        API_URL: stack.apiUrl,
        PUBLISHABLE_KEY: stack.publishableKey,
        SECRET_KEY: stack.secretKey,
        PASSWORD,
      });
    }));
  // As often as one likes, also beside a family that has a key.
  for (const _ of ["again", "and again"]) await follow(t, guide, { ...site, sections: CHECKS });
  await t.step(
    "the session counts as a success",
    () =>
      connected(cluster.url("bare"), async (sql) => {
        const [{ rate }] = await sql`
        select frost_signing_metrics() ->> 'success_rate' as rate`;
        assert.equal(rate, "1.0000");
      }),
  );
  await follow(t, rollback, site);
});

Deno.test("what the guide checks and tries holds on the embedded stack", async (t) => {
  await using owned = await privateCluster();
  await using place = await setUpWorkplace();
  const { name } = owned.database;
  const site = { cluster: owned.cluster, place, database: name, restored: name };
  await follow(t, guide, { ...site, sections: CHECKS });
});

Deno.test("the guide's check of users fails on a project with legacy keys, and says so", async () => {
  await using owned = await privateCluster();
  await using place = await setUpWorkplace();
  const { name } = owned.database;
  await served({ cluster: owned.cluster, database: name }, async (stack) => {
    const block = guide.blocks.find(({ section, text }) =>
      section === USERS[0] && text.includes("/functions/v1/")
    );
    assert.ok(block?.expected);
    const { text, expected } = block;
    const ask = async (token: string) => {
      const { output } = await place.run(text, {
        API_URL: stack.apiUrl,
        PUBLISHABLE_KEY: stack.publishableKey,
        TOKEN1: token,
        TOKEN2: token,
      });
      return output.trim();
    };
    const member = { participant: "guardian1", family: "test-family" };
    const good = await signToken(member);
    assert.equal(await ask(good), expected);
    const legacySecret = await ask(await signLegacyToken(member));
    assert.match(legacySecret, /legacy JWT secret \(HS256\): change the project to JWT signing/);
    const variable = "SUPABASE_SECRET_KEYS";
    const keys = Deno.env.get(variable) ?? "";
    Deno.env.set(variable, "{}");
    try {
      const { result, log } = await logged(() => ask(good));
      assert.match(result, /This project has legacy API keys only/);
      assert.match(log, /This project has legacy API keys only/);
    } finally {
      Deno.env.set(variable, keys);
    }
  });
});

Deno.test("a project that has migrations takes these among its own, and goes on", async () => {
  await using owned = await privateCluster();
  const { cluster } = owned;
  await createPlatformDatabase(cluster.address, "own", "everything");
  await using place = await setUpWorkplace();
  const OWN_PROJECT = join(place.folder, "own");
  const env = { OWN_PROJECT, OWN_URL: cluster.url("own"), DB_URL: cluster.url("own") };
  await mkdir(join(OWN_PROJECT, "supabase/migrations"), { recursive: true });
  await mkdir(join(OWN_PROJECT, "supabase/functions"));
  await writeFile(join(OWN_PROJECT, "supabase/config.toml"), 'project_id = "own"\n\n');
  const run = async (script: string, succeeds = true) => {
    const { code, output } = await place.run(script, env);
    assert.equal(code === 0, succeeds, output);
    return output;
  };
  const pushOwn = async (version: string) => {
    const sql = `create table public.own_${version} (id int primary key);`;
    await writeFile(join(OWN_PROJECT, `supabase/migrations/${version}_own.sql`), sql);
    await run('cd "$OWN_PROJECT" && npx -y supabase@3.1.0 db push --yes --remote="$OWN_URL"');
  };
  // Older than ours, and younger.
  for (const version of ["20250101000000", "20990101000000"]) await pushOwn(version);
  const refused = await run('npx -y supabase@3.1.0 db push --yes --remote="$DB_URL"', false);
  assert.match(refused, /migration repair --status reverted/);
  const blocks = existingProject.blocks.filter(({ words }) => words.includes("own"));
  assert.equal(blocks.length, 2);
  for (const { text } of blocks) await run(text);
  await pushOwn("20990101000001");
  const applied = await connected(
    cluster.url("own"),
    (sql) => sql`select version from supabase_migrations.schema_migrations`,
  );
  assert.equal(applied.length, (await listMigrations()).length + 3);
  const names = (
    toml: string,
  ) => [...toml.matchAll(/^\[functions\.(.+)\]\nverify_jwt = false\n/gm)];
  const [ours, theirs] = await Promise.all(
    [place.folder, OWN_PROJECT].map((folder) =>
      readFile(join(folder, "supabase/config.toml"), "utf8")
    ),
  );
  assert.deepEqual(names(ours).map(([, name]) => name).sort(), await listFunctions());
  assert.deepEqual(names(theirs).map(([, name]) => name), names(ours).map(([, name]) => name));
  await run("cd own/supabase/functions && npx -y deno check --config=deno.json metrics/index.ts");
});

Deno.test("docs/rollback.md deletes every function", async () => {
  const deleted = [...rollback.text.matchAll(/ functions delete ([\w-]+)$/gm)];
  assert.deepEqual(deleted.map(([, name]) => name).sort(), await listFunctions());
});

Deno.test("the commands of the operators' pages that need a project are the CLI's", async () => {
  await using place = await setUpWorkplace();
  const pages = [guide, rollback, await readPage("docs/backup.md")];
  const blocks = pages.flatMap((page) => page.blocks).filter(({ language, words }) =>
    language === "sh" && words.includes("project")
  );
  assert.ok(blocks.length >= 3);
  await assertKnownToCli(blocks.map(({ text }) => text).join("\n"), place);
});

Deno.test("what the SQL editor installed, the CLI's push applies again without harm", async () => {
  await using owned = await privateCluster();
  const { cluster } = owned;
  await createPlatformDatabase(cluster.address, "editor", "everything");
  await using place = await setUpWorkplace();
  const run = async (word: string) => {
    const { text = "" } =
      guide.blocks.find((block) =>
        block.section === "4. Apply the migrations" && block.text.includes(word)
      ) ?? {};
    const { code, output } = await place.run(text, { DB_URL: cluster.url("editor") });
    assert.equal(code, 0, output);
  };
  const ours = async () =>
    (await catalogOf(cluster.url("editor"))).filter((line) => !line.includes("schema_migrations"));
  await run("psql");
  const installed = await ours();
  await run("db push");
  // The schema of the CLI's own record is new, and nothing else.
  const added = (await ours()).filter((line) => !installed.includes(line));
  assert.deepEqual(added.map((line) => line.split(" ").slice(0, 3).join(" ")), [
    "schema | supabase_migrations",
  ]);
  const applied = await connected(
    cluster.url("editor"),
    (sql) => sql`select version from supabase_migrations.schema_migrations order by 1`,
  );
  const versions = (await listMigrations()).map(({ version }) => version);
  assert.deepEqual(applied.map(({ version }) => version), versions);
});

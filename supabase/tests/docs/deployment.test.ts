/** docs/deployment.md does what it says. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listMigrations } from "../../local/migrate.ts";
import { createPlatformDatabase } from "../../local/platform/platform.ts";
import type { StackAddress } from "../../local/stack.ts";
import { foundFamily, must, refusedWith } from "../client/family.ts";
import { privateCluster } from "../harness.ts";
import { catalogOf, connected, contents, tablesOf } from "./catalog.ts";
import { assertKnownToCli } from "./cli.ts";
import { follow, guide, served } from "./guide.ts";
import { setUpWorkplace } from "./shell.ts";

Deno.test("the guide leads from a bare database to a deployment and back", async (t) => {
  await using owned = await privateCluster();
  const { cluster } = owned;
  await using place = await setUpWorkplace();
  for (const name of ["bare", "restored"]) {
    await createPlatformDatabase(cluster.address, name, "everything");
  }
  const site = { cluster, place, database: "bare", restored: "restored" };
  await follow(t, {
    ...site,
    before: { "Back up a running deployment": () => served(site, signAndLeave) },
    after: {
      "Restore it": async () => {
        const [main, restored] = [site.database, site.restored].map((name) => cluster.url(name));
        assert.deepEqual(await contents(restored), await contents(main));
        await assertOnGuard(restored);
      },
      "After a restore": () =>
        connected(cluster.url(site.restored), async (sql) => {
          const rows = await sql`
            select status, count(*)::int from frost_signing_sessions group by 1 order by 1`;
          assert.deepEqual(rows.map(({ status, count }) => `${count} ${status}`), [
            "1 completed",
            "1 failed",
            "1 expired",
          ]);
        }),
    },
  });
});

Deno.test("what the guide verifies, tests and monitors holds on the embedded stack", async (t) => {
  await using owned = await privateCluster();
  await using place = await setUpWorkplace();
  await follow(t, {
    cluster: owned.cluster,
    place,
    database: owned.database.name,
    restored: owned.database.name,
    sections: ["Verify", "The database, by plain SQL", "Monitor"],
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
  for (const { words, text } of guide.blocks) if (words.includes("own")) await run(text);
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
  assert.equal(names(ours).length, 10);
  assert.deepEqual(names(theirs).map(([, name]) => name), names(ours).map(([, name]) => name));
  await run("cd own/supabase/functions && npx -y deno check --config=deno.json metrics/index.ts");
});

Deno.test("the commands of the guide that need a project are the CLI's", async () => {
  await using place = await setUpWorkplace();
  const blocks = guide.blocks.filter(({ language, words }) =>
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
  const run = async (section: string) => {
    const { text = "" } = guide.blocks.find((block) => block.section === section) ?? {};
    const { code, output } = await place.run(text, { DB_URL: cluster.url("editor") });
    assert.equal(code, 0, output);
  };
  const ours = async () =>
    (await catalogOf(cluster.url("editor"))).filter((line) => !line.includes("schema_migrations"));
  await run("With the SQL editor");
  const installed = await ours();
  await run("With the CLI");
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

Deno.test("the guide's backup holds every table but those that the migrations fill", async () => {
  await using owned = await privateCluster();
  const filled = /ciphersuites|_transitions$/;
  const tables = (await tablesOf(owned.database.sql)).filter((name) => !filled.test(name));
  const text = guide.blocks.map((block) => block.text).join("\n");
  const backedUp = text.matchAll(/select '([\w.]+)'(?: as source)?, to_jsonb/g);
  assert.deepEqual([...backedUp].map(([, name]) => name).sort(), tables);
  const [, list] = /foreach v_table in array array\[([^\]]+)\]/.exec(text) ?? [];
  assert.deepEqual([...list.matchAll(/'([\w.]+)'/g)].map(([, name]) => name).sort(), tables);
});

/** A signature through the functions, and a session that waits for its second commitment. */
async function signAndLeave(stack: StackAddress): Promise<void> {
  const family = await foundFamily(stack);
  const [ann, bob] = family.members;
  const signed = must(await ann.sessions.createSession(family.eventRequest()));
  await family.sign(signed.sessionId);
  const { sessionId } = must(await ann.sessions.createSession(family.request()));
  const { session } = must(await ann.sessions.getSession(sessionId));
  const { nonceCommitment, answer } = await ann.guardian.commit(session);
  must(answer);
  // One that is past its time when it is restored, and not swept.
  must(await ann.sessions.createSession({ ...family.request(), expirationSeconds: 1 }));
  refusedWith("nonce_reused", await bob.sessions.submitNonceCommitment(sessionId, nonceCommitment));
}

/** A restored database refuses what the one before it refused, and goes on where that one stopped. */
function assertOnGuard(url: string): Promise<void> {
  return connected(url, async (sql) => {
    const [{ nonce_commitment, session_id, participants }] = await sql`
      select c.nonce_commitment, s.session_id, s.participants
      from frost_nonce_commitments as c join frost_signing_sessions as s using (session_id)
      where s.status = 'nonce_collection'`;
    const [, , third] = participants;
    const args = [session_id, third, nonce_commitment];
    const [{ answer }] = await sql`select record_nonce_commitment(${args[0]}, ${args[1]}, ${
      args[2]
    }) as answer`;
    assert.equal(answer.code, "nonce_reused");
    await assert.rejects(async () => await sql`delete from frost_session_events`, /append-only/);
  });
}

/** docs/deployment.md does what it says. */
import assert from "node:assert/strict";
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

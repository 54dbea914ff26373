/** docs/backup.md does what it says: what was backed up is restored whole, and nobody gets more rights. */
import assert from "node:assert/strict";
import { migrate } from "../../local/migrate.ts";
import { createPlatformDatabase } from "../../local/platform/platform.ts";
import type { StackAddress } from "../../local/stack.ts";
import { AppFamily, must, refusedWith } from "../support/app_family.ts";
import { claims, privateCluster } from "../support/harness.ts";
import { connected, contents } from "../support/catalog.ts";
import { follow, hasPgDump, served } from "./guide.ts";
import { readPage } from "./markdown.ts";
import { setUpWorkplace } from "./shell.ts";

const page = await readPage("docs/backup.md");

Deno.test({
  name: "a backup is restored whole, fails what was open, and gives nobody more rights",
  ignore: !hasPgDump,
  fn: async (t) => {
    await using owned = await privateCluster();
    const { cluster } = owned;
    await using place = await setUpWorkplace();
    for (const name of ["live", "restored", "careless"]) {
      await createPlatformDatabase(cluster.address, name, "everything");
    }
    await migrate(cluster.url("live"));
    await served({ cluster, database: "live" }, signAndLeave);
    const restored = cluster.url("restored");
    await follow(t, page, {
      cluster,
      place,
      database: "live",
      restored: "restored",
      after: {
        "Restore": async () => {
          assert.deepEqual(await contents(restored), await contents(cluster.url("live")));
          await assertOnGuard(restored);
        },
        "After a restore": () =>
          connected(restored, async (sql) => {
            const rows = await sql`
              select status, error_message, count(*)::int from frost_signing_sessions
              group by 1, 2 order by 1`;
            assert.deepEqual(rows.map(Object.values), [
              ["completed", null, 1],
              ["failed", "restored", 2],
            ]);
          }),
      },
    });
    await t.step(
      "without the migrations, the triggers still refuse a member's writing",
      async () => {
        const { output } = await place.run('pg_restore --dbname="$TO" permafrost.dump || true', {
          TO: cluster.url("careless"),
        });
        assert.match(output, /errors ignored on restore: 1$/m, output);
        await assertOnGuard(cluster.url("careless"), true);
      },
    );
  },
});

/** A signature through the functions, and sessions that are open: one of them past its time by then. */
async function signAndLeave(stack: StackAddress): Promise<void> {
  const family = await AppFamily.found(stack);
  const [ann, bob] = family.members;
  const signed = must(await ann.sessions.createSession(family.eventRequest()));
  await family.sign(signed.sessionId);
  const { sessionId } = must(await ann.sessions.createSession(family.request()));
  const { session } = must(await ann.sessions.getSession(sessionId));
  const { nonceCommitment, answer } = await ann.guardian.commit(session);
  must(answer);
  must(await ann.sessions.createSession({ ...family.request(), expirationSeconds: 1 }));
  refusedWith("nonce_reused", await bob.sessions.submitNonceCommitment(sessionId, nonceCommitment));
}

/** What was open has failed, what was used is known, and a member cannot write past the RPCs. */
function assertOnGuard(url: string, wideGrants = false): Promise<void> {
  return connected(url, async (sql) => {
    const [{ session_id, family_id, created_by, nonce_commitment }] = await sql`
      select s.session_id, s.family_id, s.created_by, c.nonce_commitment
      from frost_nonce_commitments as c join frost_signing_sessions as s using (session_id)
      where s.status = 'nonce_collection'`;
    const [{ session }] = await sql`select get_signing_session(${session_id}) as session`;
    assert.deepEqual([session.status, session.error_message], ["failed", "restored"]);
    await assert.rejects(async () =>
      await sql`
      insert into frost_nonce_commitments (session_id, participant_id, nonce_commitment)
      values (${session_id}, 'another', ${nonce_commitment})`
    );
    await assert.rejects(async () => await sql`delete from frost_events`, /append-only/);
    const [{ granted }] = await sql`
      select has_table_privilege('authenticated', 'frost_signing_sessions', 'update') as granted`;
    assert.equal(granted, wideGrants);
    const write = claims(
      sql,
      { participant: created_by, family: family_id },
      (transaction) =>
        transaction`
        update frost_signing_sessions set status = 'completed', final_signature = 'ab'
        where session_id = ${session_id}`,
    );
    await assert.rejects(write, {
      code: "42501",
      message: wideGrants
        ? "frost_signing_sessions is written by functions and operators alone"
        : "permission denied for table frost_signing_sessions",
    });
  });
}

/** Policies over many rows: who the caller is, is asked once a query, not once a row. */
import assert from "node:assert/strict";
import { claims, freshDatabase } from "../support/harness.ts";

const ROWS = 400_000;

Deno.test("over 400,000 rows a member of several families is asked for once a query", async () => {
  await using database = await freshDatabase();
  const owner = database.connect("supabase_admin", { max: 1 });
  await owner.unsafe("set session_replication_role = replica");
  await owner`
    insert into public.frost_signing_sessions (session_id, family_id, message_hash, participants, threshold,
      created_by, incarnation, created_at, expires_at)
    select 's' || n, 'family' || n % 40, 'm', array['p' || n % 7, 'x'], 1, 'c', 1, n, n + 1
    from generate_series(1, ${ROWS}::integer) as n`;
  await owner`analyze public.frost_signing_sessions`;
  await owner.unsafe(`alter database ${database.name} set track_functions = 'all'`);
  const sql = database.connect(undefined, { max: 1 });
  const member = {
    participant: "x",
    claims: { families: { family3: "p3", family4: "x", family5: "nobody" } },
  };
  for (
    const [table, expected] of [
      ["public.frost_signing_sessions", expectedCount()],
      ["public.frost_nonce_commitments", 0],
      ["public.frost_events", 0],
    ] as const
  ) {
    const counted = await claims(sql, member, async (transaction) => {
      const [{ count }] = await transaction.unsafe(`select count(*)::int from ${table}`);
      return count;
    });
    assert.equal(counted, expected, table);
  }
  // A connection tells of its calls at its end at the latest.
  await sql.end();
  const [{ calls }] = await owner`
    select coalesce(sum(calls), 0)::int as calls from pg_stat_user_functions
    where funcname in ('memberships', 'families')`;
  assert.ok(calls > 0 && calls < 20, `${calls} calls for three queries`);
});

/** In family3 as p3 of its sessions, in family4 in all of them, in family5 in none. */
function expectedCount(): number {
  let count = 0;
  for (let n = 1; n <= ROWS; n++) {
    if (n % 40 === 4 || n % 40 === 3 && n % 7 === 3) count++;
  }
  return count;
}

import assert from "node:assert/strict";
import { freshDatabase } from "../support/harness.ts";
import cases from "../support/callers.json" with { type: "json" };

Deno.test("the database knows who a caller is as the functions do", async () => {
  await using database = await freshDatabase();
  for (const { what, claims, memberships } of cases) {
    // An object around it, because the driver unwraps a promise of an array.
    const { row } = await database.sql.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      const [row] = await sql`
        select permafrost.memberships()::text as memberships, permafrost.families() as families`;
      return { row };
    });
    assert.deepEqual(JSON.parse(row.memberships), memberships, what);
    assert.deepEqual(row.families.toSorted(), Object.keys(memberships).toSorted(), what);
  }
});

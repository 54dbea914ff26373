/** docs/claims.md: its queries print what it says, and the claims of its hook make a member. */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/harness.ts";
import { readPage } from "./markdown.ts";
import { assertPrinted, printed } from "./output.ts";

const page = await readPage("docs/claims.md");

Deno.test("docs/claims.md prints what it says", async () => {
  await using database = await freshDatabase();
  const connection = database.connectTo(database.url, { max: 1 });
  const blocks = page.blocks.filter(({ language, words }) => language === "sql" && !words.length);
  assert.equal(blocks.length, 2);
  for (const { text, expected = "", line } of blocks) {
    assertPrinted(await printed(connection, text), expected, `docs/claims.md:${line}`);
    await connection.unsafe("rollback; reset role").simple();
  }
});

Deno.test("the hook of docs/claims.md makes members of its families, and of no others", async () => {
  await using database = await freshDatabase();
  const hook = page.blocks.find(({ words }) => words.includes("hook"));
  await database.sql.unsafe(hook?.text ?? "").simple();
  const [ann, stranger] = [crypto.randomUUID(), crypto.randomUUID()];
  await database.sql`
    insert into guardians.members values (${ann}, 'smith', 'ann'), (${ann}, 'treasury', 'member-7')`;
  const asAuth = database.connect("supabase_auth_admin");
  const membershipsOf = async (user_id: string) => {
    const event = { user_id, claims: { sub: user_id, role: "authenticated", app_metadata: {} } };
    const [{ answer }] = await asAuth`
      select guardians.access_token_hook(${asAuth.json(event)}) as answer`;
    return await database.sql.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${JSON.stringify(answer.claims)}, true)`;
      const [{ memberships }] = await sql`select permafrost.memberships()`;
      return memberships;
    });
  };
  assert.deepEqual(await membershipsOf(ann), { smith: "ann", treasury: "member-7" });
  assert.deepEqual(await membershipsOf(stranger), {});
  for (const role of ["anon", "authenticated"]) {
    const [{ may }] = await database.sql`
      select has_function_privilege(${role}, 'guardians.access_token_hook(jsonb)', 'execute') as may`;
    assert.equal(may, false, role);
  }
});

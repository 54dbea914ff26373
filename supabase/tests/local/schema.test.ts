/** supabase/schema.sql says all that the migrations make. */
import assert from "node:assert/strict";
import { inOrder, type Need, type Statement } from "../../local/schema/order.ts";
import { describe, schemaText } from "../../local/schema.ts";
import { withMigratedDatabase } from "../../local/supabase_cli.ts";
import { catalogOf, connected } from "../support/catalog.ts";

Deno.test("the schema's text makes in an empty project what the migrations make, and gives itself again", async () => {
  await withMigratedDatabase(async ({ url, emptyUrl }) => {
    const before = await describe(emptyUrl);
    const text = schemaText(await describe(url), before);
    await connected(emptyUrl, (sql) => sql.unsafe(text).simple());
    const made = await productOf(emptyUrl);
    assert.ok(made.length > 300);
    assert.deepEqual(made, await productOf(url));
    const again = schemaText(await describe(emptyUrl), before);
    assert.deepEqual(plain(again).split("\n"), plain(text).split("\n"));
  });
});

Deno.test("what an object needs stands before it, and what cannot stands after both", () => {
  const statement = (object: string, kind: Statement["kind"], key = object): Statement => ({
    object,
    kind,
    key,
    name: object,
    place: 0,
    text: `make ${key}`,
  });
  const statements = [
    statement("pens", "table"),
    statement("pens", "table", "policy of pens"),
    statement("pens", "table", "trigger of pens"),
    statement("clock", "function"),
    statement("is_mine", "function"),
    statement("unused", "function"),
  ];
  const needs: Need[] = [
    { key: "pens", needed: "clock" },
    { key: "policy of pens", needed: "pens" },
    { key: "policy of pens", needed: "is_mine" },
    { key: "trigger of pens", needed: "pens" },
    { key: "is_mine", needed: "pens" },
  ];
  assert.deepEqual(inOrder(statements, needs).map((group) => group.map(({ key }) => key)), [
    ["clock"],
    ["pens", "trigger of pens"],
    ["is_mine"],
    ["policy of pens"],
    ["unused"],
  ]);
});

/** A database's objects, without the history that the migrations leave. */
async function productOf(url: string): Promise<string[]> {
  const lines = await catalogOf(url);
  return lines.filter((line) => !line.includes("supabase_migrations"))
    .map((line) => plain(line.replace(/\w*=\w*\/\w+(,\w*=\w*\/\w+)*/g, sorted)));
}

/** Grants stand in the order in which they were given. */
function sorted(grants: string): string {
  return grants.split(",").sort().join(",");
}

/** Of a body that is parsed when it is made, the server adds names, and drops brackets, from one reading to the next. */
function plain(text: string): string {
  return text.replace(/ AS \w+|[()]/g, "");
}

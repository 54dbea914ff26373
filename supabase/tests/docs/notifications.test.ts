/** docs/notifications.md: its trigger sends what the function takes, and its provider sends what it was told. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type postgres from "postgres";
import { accepted } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { assertKnownToCli } from "./cli.ts";
import { readPage, readTable } from "./markdown.ts";
import { setUpWorkplace } from "./shell.ts";

const page = await readPage("docs/notifications.md");
const block = (word: string) =>
  page.blocks.find(({ words }) => words.includes(word))?.text ?? assert.fail(`No block ${word}`);

/** What the page needs of pg_net and of the Vault. */
const STUBS = `
  create schema net;
  create table net.requests (id bigint generated always as identity, url text, body jsonb, headers jsonb, timeout_milliseconds int);
  create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{"Content-Type": "application/json"}',
    timeout_milliseconds int default 5000
  ) returns bigint language sql as
    'insert into net.requests (url, body, headers, timeout_milliseconds) values (url, body, headers, timeout_milliseconds) returning id';
  create schema vault;
  create table vault.decrypted_secrets (name text primary key, decrypted_secret text);
`;

/** Sends what pg_net was asked to send; the functions' answers. */
async function deliver(sql: postgres.Sql): Promise<Record<string, unknown>[]> {
  const requests = await sql`delete from net.requests returning *`;
  const answers: Record<string, unknown>[] = [];
  for (const { url, body, headers } of requests.sort((a, b) => Number(a.id) - Number(b.id))) {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    answers.push(await response.json());
  }
  return answers;
}

Deno.test("the trigger of docs/notifications.md has its provider send mail to those who are told", async () => {
  await using place = await setUpWorkplace();
  await writeFile(join(place.folder, "provider.ts"), block("send_to_guardians.ts"));
  const example: { default: { fetch(request: Request): Promise<Response> } } = await import(
    pathToFileURL(join(place.folder, "provider.ts")).href
  );
  const received: { headers: Headers; body: string }[] = [];
  const mails: { to: string; subject: string; key: string | null }[] = [];
  const server = Deno.serve({ port: 0, onListen: () => {} }, async (request) => {
    const { url, headers, method } = request;
    const body = await request.text();
    if (new URL(url).pathname !== "/mail") {
      received.push({ headers, body });
      return await example.default.fetch(new Request(url, { method, headers, body }));
    }
    const { to, subject } = JSON.parse(body);
    mails.push({ to, subject, key: headers.get("idempotency-key") });
    return new Response(null, { status: 202 });
  });
  const here = `http://127.0.0.1:${server.addr.port}`;
  const settings = {
    PERMAFROST_NOTIFY_URL: `${here}/send`,
    PERMAFROST_NOTIFY_SECRET: "s".repeat(32),
    EMAIL_API_URL: `${here}/mail`,
    EMAIL_API_KEY: "key",
  };
  for (const [name, value] of Object.entries(settings)) Deno.env.set(name, value);
  await withStack(async (stack) => {
    const { sql } = stack.database;
    await sql.unsafe(STUBS).simple();
    for (const word of ["webhook", "addresses"]) await sql.unsafe(block(word)).simple();
    const family = await HttpFamily.found(stack);
    for (const who of family.participants) {
      await sql`insert into public.guardian_addresses values (${family.id}, ${who}, ${
        who + "@example.com"
      })`;
    }
    await family.create();
    assert.deepEqual(await deliver(sql), [], "without its secrets in the Vault nothing is sent");
    await sql`insert into vault.decrypted_secrets values ('permafrost_url', ${stack.apiUrl}),
      ('permafrost_secret_key', ${stack.secretKey})`;

    const id = await family.signing(["bob", "cleo"]);
    const [{ body }] = await sql`select body from net.requests limit 1`;
    assert.deepEqual(Object.keys(body.record), ["event_id"], "nothing of the event leaves");
    const answers = await deliver(sql);
    assert.deepEqual(answers.map(({ sent }) => sent), [0, 1], "created is overtaken");
    assert.deepEqual(mails.map(({ to, subject }) => [to, subject]), [
      ["bob@example.com", "Something awaits you"],
    ]);
    for (const who of ["bob", "cleo"]) accepted(await family.share(who, id));
    assert.deepEqual((await deliver(sql)).map(({ sent }) => sent), [2]);
    assert.deepEqual(mails.slice(1).map(({ to }) => to).sort(), [
      "ann@example.com",
      "bob@example.com",
    ]);

    // What is sent again has the keys that it had.
    const keysOf = (sent: typeof mails) =>
      sent.filter(({ subject }) => subject === "It is done").map(({ key }) => key).sort();
    const keys = keysOf(mails.splice(0));
    assert.equal(new Set(keys).size, 2);
    const [{ sent }] = await sql.unsafe(block("again"));
    assert.ok(Number(sent) > 8);
    await deliver(sql);
    assert.deepEqual(keysOf(mails), keys);

    const [{ headers, body: text }] = received;
    const forged = new Headers(headers);
    const signature = headers.get("permafrost-signature") ?? "";
    forged.set("permafrost-signature", signature.replace(/.$/, "x"));
    for (const [sent, body] of [[forged, text], [headers, "{}"]] as const) {
      const { status } = await example.default.fetch(
        new Request(here, { method: "POST", headers: sent, body }),
      );
      assert.equal(status, 401);
    }

    // Whatever goes wrong there costs no session.
    await sql`drop function net.http_post`;
    await family.create();
    await sql.unsafe("drop schema notifications cascade").simple();
    await family.create();
  });
  for (const name of Object.keys(settings)) Deno.env.delete(name);
  await server.shutdown();
});

Deno.test("the trigger of docs/notifications.md is for the events that are news", async () => {
  await using database = await freshDatabase();
  const rows = await database.sql`
    select prosrc from pg_proc where pronamespace = 'permafrost'::regnamespace
      and proname in ('asked_by', 'people_to_tell')`;
  const judged = rows.flatMap(({ prosrc }) =>
    [...prosrc.matchAll(/'(\w+)'/g)].map(([, word]) => word)
  );
  const events = readTable(await readPage("docs/protocol.md"), "## Events")
    .filter(([, subjects]) => /each|session|recovery|ceremony/.test(subjects))
    .flatMap(([names]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const [, listed = ""] = /new\.event in \(([^)]+)\)/.exec(block("webhook")) ?? [];
  assert.deepEqual(
    [...listed.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort(),
    events.filter((event) => judged.includes(event)).sort(),
  );
});

Deno.test("the commands of docs/notifications.md are the CLI's", async () => {
  await using place = await setUpWorkplace();
  const commands = page.blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
  await assertKnownToCli(commands.join("\n"), place);
});

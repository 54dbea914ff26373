/** The pages under docs/: their programs run, their queries answer, their tables and links are true. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CLIENT_ERRORS,
  FrostSessionManager,
  Guardian,
  GUARDIAN_ERRORS,
  RecoveryGuardian,
  RecoveryRequester,
  RecoveryRequests,
  selectMethod,
  SessionReader,
  UnifiedFederatedSigningService,
  USE_CASES,
} from "../../../client/mod.ts";
import { signToken } from "../../local/token.ts";
import { startRelay } from "../support/relay.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { anchorsOf, linksOf, listPages, programsOf, readPage, readTable } from "./markdown.ts";
import { assertPrinted, printed } from "./output.ts";
import { setUpWorkplace, type Workplace } from "./shell.ts";
import { walk } from "./walk.ts";

/** These have tests of their own. */
const OPERATORS_PAGES = ["backup", "claims", "deployment", "notifications", "rollback"].map((
  name,
) => `docs/${name}.md`);

const client = await readPage("docs/client.md");
const operations = await readPage("docs/operations.md");

const programs = programsOf(client);
const program = programs.map(({ text }) => text).join("\n");

Deno.test("the program of docs/client.md runs, and prints what the page says", async () => {
  await withStack(async ({ apiUrl, publishableKey, secretKey }) => {
    await using relay = startRelay();
    await using place = await setUpWorkplace();
    await writeFile(join(place.folder, "client.ts"), program);
    const [ANN, BOB] = await Promise.all(
      ["ann", "bob"].map((participant) => signToken({ participant, family: "client-family" })),
    );
    const { code, output } = await place.run("npx -y deno run -A --no-check client.ts", {
      API_URL: apiUrl,
      PUBLISHABLE_KEY: publishableKey,
      SECRET_KEY: secretKey,
      RELAY: relay.url,
      ANN,
      BOB,
    });
    assert.equal(code, 0, output);
    const { expected = "" } = programs[programs.length - 1];
    assertPrinted(output, expected, "docs/client.md");
  });
});

Deno.test("docs/client.md shows every public method of the library", () => {
  const classes = [
    FrostSessionManager,
    Guardian,
    RecoveryGuardian,
    RecoveryRequester,
    RecoveryRequests,
    SessionReader,
    UnifiedFederatedSigningService,
  ];
  for (const { name, prototype } of classes) {
    for (const member of Object.getOwnPropertyNames(prototype)) {
      if (member === "constructor") continue;
      const called = new RegExp(`\\.${member}\\b|\\b${member} \\}`);
      assert.match(program, called, `${name}.${member} is not shown`);
    }
  }
});

Deno.test("the TypeScript of every page is correct", async () => {
  await using place = await setUpWorkplace();
  const files: string[] = [];
  for (const path of await listPages()) {
    const { blocks } = await readPage(path);
    const own = blocks.filter(({ language, words }) => language === "ts" && words.length > 0);
    for (const { text, line } of own) {
      files.push(await write(place, `${path.replace(/\W/g, "_")}_${line}.ts`, text));
    }
  }
  for (const name of ["client", "ceremonies"]) {
    const blocks = programsOf(await readPage(`docs/${name}.md`));
    assert.ok(blocks.length > 5, name);
    files.push(await write(place, `${name}.ts`, blocks.map(({ text }) => text).join("\n")));
  }
  assert.ok(files.length >= 5);
  const { code, output } = await place.run(`npx -y deno check ${files.join(" ")}`, {});
  assert.equal(code, 0, output);
});

Deno.test("the key ceremony of docs/operations.md goes as it says", async () => {
  await withStack(async ({ apiUrl, publishableKey, secretKey }) => {
    await using place = await setUpWorkplace();
    await walk(place, operations, ["Key ceremony"], {
      API_URL: apiUrl,
      PUBLISHABLE_KEY: publishableKey,
      SECRET_KEY: secretKey,
    }, (script) => {
      // A person types this from the paper.
      const typed = 'FINGERPRINT=$(sed \'s/.*"key_package_fingerprint":"\\([^"]*\\).*/\\1/; ' +
        "s/..../& /g; s/ $//' share-bob.json)";
      assert.ok(script.includes("check_share.ts share-ann.json"));
      return script.replace(/^.*check_share\.ts share-ann/m, `${typed}\n$&`);
    });
  });
});

Deno.test("the queries of the pages answer", async () => {
  await using database = await freshDatabase();
  let count = 0;
  for (const path of await listPages()) {
    if (OPERATORS_PAGES.includes(path)) continue;
    for (const { language, words, text, line } of (await readPage(path)).blocks) {
      if (language !== "sql" || words.includes("project")) continue;
      count++;
      const output = await printed(database.sql, text);
      assert.match(output, /^\(\d+ rows?\)$/m, `${path}:${line}`);
    }
  }
  assert.ok(count >= 8, `There are ${count} queries`);
});

Deno.test("links lead to what is there", async () => {
  const broken: string[] = [];
  for (const path of await listPages()) {
    const page = await readPage(path);
    for (const link of linksOf(page)) {
      if (/^https?:/.test(link)) continue;
      const [file, anchor] = link.split("#");
      const target = file === "" ? page.url : new URL(file, page.url);
      const exists = await Deno.stat(target).then(() => true, () => false);
      const found = exists &&
        (anchor === undefined || anchorsOf(await readPage(target.href)).has(anchor));
      if (!found) broken.push(`${path}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("docs/operations.md has the limits as they are", async () => {
  await using database = await freshDatabase();
  const limits = await database.sql`
    select '\`' || limit_name || '\`' as name, to_char(value, 'FM9,999') as value
    from permafrost.limits where family_id is null`;
  const listed = readTable(operations, "## Limits").map(([name, value]) => [name, value]);
  assert.deepEqual(listed.sort(), limits.map(({ name, value }) => [name, value]).sort());
});

Deno.test("docs/protocol.md has the events that the database writes", async () => {
  await using database = await freshDatabase();
  const written = await database.sql`
    select distinct event from (
      select event from permafrost.transitions union select event from permafrost.settable
      union select (regexp_matches(prosrc, $$log_event\\([^,]+, [^,]+, [^,]+, '(\\w+)'$$, 'g'))[1] from pg_proc
        where pronamespace = 'permafrost'::regnamespace
      union select unnest('{created,commitment_refused,share_refused,message_refused,withdrawn,host_key_registered,host_key_retired}'::text[])) as e
    where event is not null`;
  const protocol = await readPage("docs/protocol.md");
  const listed = readTable(protocol, "## Events").flatMap(([names]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  );
  assert.deepEqual(listed.sort(), written.map(({ event }) => event).sort());
});

Deno.test("the paths that CONTRIBUTING.md names are there", async () => {
  const { prose } = await readPage("CONTRIBUTING.md");
  const paths = [...prose.matchAll(/`((?:supabase|docs|client)\/[\w./-]+)`/g)].map(([, path]) =>
    path
  );
  assert.ok(paths.length >= 20);
  const missing: string[] = [];
  for (const path of new Set(paths)) {
    await Deno.stat(new URL(`../../../${path}`, import.meta.url)).catch(() => missing.push(path));
  }
  assert.deepEqual(missing, []);
});

Deno.test("docs/client.md has the client's own codes and the use cases as they are", () => {
  const lists = { "## Conventions": CLIENT_ERRORS, "### What a guardian refuses": GUARDIAN_ERRORS };
  for (const [heading, list] of Object.entries(lists)) {
    const rows = Object.entries(list).map(([code, meaning]) => [`\`${code}\``, meaning]);
    assert.deepEqual(readTable(client, heading), rows);
  }
  const shown = readTable(client, "## UnifiedFederatedSigningService").flatMap(([cases, method]) =>
    [...cases.matchAll(/`(\w+)`/g)].map(([, useCase]) => [useCase, method.replaceAll("`", "")])
  );
  assert.deepEqual(
    shown.sort(),
    USE_CASES.map((useCase) => [useCase, selectMethod(useCase)]).sort(),
  );
});

Deno.test("docs/protocol.md has the lengths and the edges that the database has", async () => {
  await using database = await freshDatabase();
  const protocol = await readPage("docs/protocol.md");
  const rows = await database.sql`
    select '\`' || ciphersuite || '\`' as suite, element_bytes as point, scalar_bytes as scalar,
      2 * element_bytes as commitment, scalar_bytes as share, signature_bytes as signature,
      case when message_bytes_min = message_bytes_max then message_bytes_min::text
        else message_bytes_min || ' to ' || to_char(message_bytes_max, 'FM9,999') end as message,
      signers_max as signers
    from permafrost.ciphersuites`;
  const lengths = rows.map((row) => Object.values(row).map(String));
  assert.deepEqual(readTable(protocol, "## Encodings").sort(), lengths.sort());
  const edges = await database.sql`
    select from_status || ' --> ' || to_status as edge from permafrost.transitions
    where kind = 'recovery'`;
  const diagram = protocol.blocks.find(({ text }) => text.startsWith("stateDiagram"))?.text ?? "";
  const drawn = [...diagram.matchAll(/^ *(\w+ --> \w+)/gm)].map(([, edge]) => edge);
  assert.deepEqual(drawn.sort(), edges.map(({ edge }) => edge).sort());
});

async function write({ folder }: Workplace, name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), `${text}\nexport {};\n`);
  return name;
}

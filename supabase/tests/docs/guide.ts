/** Following a page that leads an operator, block by block. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { type ServedStack, serveStack } from "../../local/stack.ts";
import type { Cluster } from "../../local/postgres/cluster.ts";
import type { Block, Page } from "./markdown.ts";
import { assertPrinted, printed } from "./output.ts";
import { majorVersion, type Workplace } from "./shell.ts";

/** Whether this machine has a pg_dump that knows the server. */
export const hasPgDump = await majorVersion("pg_dump") >= 17;

/** Where to follow a page. */
export interface Site {
  readonly cluster: Cluster;
  readonly place: Workplace;
  /** The names of the database, and of the one to restore a backup into. */
  readonly database: string;
  readonly restored: string;
  /** Only these sections, if given. */
  readonly sections?: readonly string[];
  /** What to do after a section. */
  readonly after?: Readonly<Record<string, () => Promise<void>>>;
}

/** What a reader needs something else for: a project, or a folder of its own. */
const ELSEWHERE = ["project", "own"];

/** Runs a page's blocks in order, a step each, and compares what they print with what the page says. */
export async function follow(t: Deno.TestContext, page: Page, site: Site): Promise<void> {
  const { cluster, sections, after = {} } = site;
  const path = page.url.pathname.replace(/^.*\/docs\//, "docs/");
  const open = (name: string) => postgres(cluster.url(name), { max: 1, onnotice: () => {} });
  const databases = { main: open(site.database), restored: open(site.restored) };
  const blocks = page.blocks.filter(({ section, language, words }) =>
    ["sh", "sql"].includes(language) && !words.some((word) => ELSEWHERE.includes(word)) &&
    (sections?.includes(section) ?? true)
  );
  assert.ok(blocks.length > 0);
  try {
    for (const [i, block] of blocks.entries()) {
      const { language, words, expected, line, section } = block;
      const ran = await t.step({
        name: `${path}:${line} ${section}`,
        ignore: words.includes("pg_dump") && !hasPgDump,
        fn: async () => {
          const sql = words.includes("restored") ? databases.restored : databases.main;
          const output = language === "sql"
            ? await runSql(block, sql)
            : await runShell(block, site);
          if (expected !== undefined) assertPrinted(output, expected, `${path}:${line}`);
        },
      });
      // Those that follow stand on this one.
      if (!ran && !words.includes("pg_dump")) break;
      if (blocks[i + 1]?.section !== section && after[section]) {
        await t.step(`after "${section}"`, after[section]);
      }
    }
  } finally {
    await Promise.all(Object.values(databases).map((sql) => sql.end()));
  }
}

/** Runs `work` with the API over a database as it is now: the API reads the catalog once. */
export async function served<T>(
  { cluster, database }: Pick<Site, "cluster" | "database">,
  work: (stack: ServedStack) => Promise<T>,
): Promise<T> {
  const stack = await serveStack(cluster.address, database);
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

async function runSql({ text, expected = "" }: Block, sql: postgres.Sql): Promise<string> {
  const output = await printed(sql, text);
  // The editor begins anew with each block.
  await sql.unsafe("rollback; reset all; reset role").simple();
  assert.equal(/^ERROR:/m.test(output), /^ERROR:/m.test(expected), output);
  return output;
}

async function runShell({ text, words }: Block, site: Site): Promise<string> {
  const { cluster, place } = site;
  const urls = { DB_URL: cluster.url(site.database), RESTORE_URL: cluster.url(site.restored) };
  const { code, output } = /\$(API_URL|PUBLISHABLE_KEY)/.test(text)
    ? await served(site, ({ apiUrl, publishableKey, secretKey }) =>
      place.run(text, {
        ...urls,
        API_URL: apiUrl,
        PUBLISHABLE_KEY: publishableKey,
        SECRET_KEY: secretKey,
      }))
    : await place.run(text, urls);
  assert.equal(code !== 0, words.includes("fails"), output);
  return output;
}

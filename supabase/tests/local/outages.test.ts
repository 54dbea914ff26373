import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
// @ts-types="../../local/api/pg.d.ts"
import pg from "pg";
import { SECRET_KEY } from "../../local/keys.ts";
import { isTaken } from "../../local/postgres/ports.ts";
import { serveStack } from "../../local/stack.ts";
import { privateCluster, withStack } from "../support/harness.ts";
import { dataFolder } from "../support/data_folder.ts";
import { addRow, newPorts, type Ports, start } from "./dev_process.ts";

/** Far more than any answer takes, also one that waits for a connection. */
const HANGS_MS = 30_000;

const KILLS = { SIGTERM: 20, SIGKILL: 6, postmaster: 3 };

Deno.test(`PostgreSQL killed ${sum(KILLS)} times under load: every request is answered, the stack lives`, async () => {
  await using folder = await dataFolder();
  const ports = newPorts();
  const dev = await start(ports, { PERMAFROST_DATA_DIR: folder.path });
  const complaining = new Response(dev.stderr).text();
  assert.equal(await addRow(ports), 1);
  const load = new Load(ports);
  await load.untilServed();
  for (const kind of shuffled(KILLS)) {
    if (kind === "postmaster") {
      Deno.kill(await postmaster(folder.path), "SIGKILL");
    } else {
      const [first, ...others] = await backends(ports);
      // One that is killed hard has PostgreSQL end all the others itself.
      for (const pid of kind === "SIGKILL" ? [first] : [first, ...others]) Deno.kill(pid, kind);
    }
    await load.untilServed();
  }
  const answers = await load.end();
  assert.equal(await addRow(ports), 2, "what was committed is still there");
  dev.kill("SIGTERM");
  assert.equal((await dev.status).code, 0);
  const complaints = await complaining;
  assert.equal(complaints.match(/^PostgreSQL ended\..*$/gm)?.length, KILLS.postmaster);
  assert.equal(complaints.match(/^PostgreSQL runs again$/gm)?.length, KILLS.postmaster);
  const [served, failed] = [2, 5].map((hundred) =>
    answers.filter((status) => Math.floor(status / 100) === hundred).length
  );
  assert.equal(served + failed, answers.length, String([...new Set(answers)]));
  assert.ok(failed > 0, "the kills met requests at work");
  assert.deepEqual([isTaken(ports.api), isTaken(ports.db)], [false, false]);
});

Deno.test("a PostgreSQL that cannot be started again ends the stack with a sentence and status 1", async () => {
  await using folder = await dataFolder();
  const ports = newPorts();
  const dev = await start(ports, { PERMAFROST_DATA_DIR: folder.path });
  const complaints = new Response(dev.stderr).text();
  await ask(ports, "/rest/v1/frost_signing_sessions");
  // It outlives its parent, as one that computes would, and PostgreSQL does not start beside it.
  const [survivor] = await backends(ports);
  Deno.kill(survivor, "SIGSTOP");
  try {
    Deno.kill(await postmaster(folder.path), "SIGKILL");
    assert.equal((await dev.status).code, 1);
    assert.match(
      await complaints,
      /^PostgreSQL ended\. Starting it again, on the same data\nPostgreSQL did not start:\n/,
    );
    assert.deepEqual([isTaken(ports.api), isTaken(ports.db)], [false, false]);
  } finally {
    Deno.kill(survivor, "SIGKILL");
  }
});

Deno.test("a database that is not there yet is served as soon as it is", async () => {
  await using own = await privateCluster();
  const { cluster } = own;
  const stack = await serveStack(cluster.address, "test");
  const askBoth = async () => {
    const headers = { apikey: SECRET_KEY, "Content-Type": "application/json" };
    const body = JSON.stringify({
      email: `${crypto.randomUUID()}@example.com`,
      password: "secret",
    });
    const answers = [
      await fetch(`${stack.apiUrl}/rest/v1/frost_signing_sessions`, { headers }),
      await fetch(`${stack.apiUrl}/auth/v1/signup`, { method: "POST", headers, body }),
    ];
    return await Promise.all(
      answers.map(async (answer) => [answer.status, (await answer.json()).code]),
    );
  };
  try {
    await cluster.kill();
    assert.deepEqual(await askBoth(), [[503, "PGRST001"], [503, "PGRST001"]]);
    await cluster.restart();
    assert.deepEqual(await askBoth(), [[200, undefined], [200, undefined]]);
  } finally {
    await stack.stop();
  }
});

Deno.test("a request that never ends does not keep the stack from stopping", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/endless`);
  await Deno.writeTextFile(
    `${folder}/endless/index.ts`,
    `export default { fetch() {
      dispatchEvent(new Event("endless"));
      return new Promise(() => {});
    } };`,
  );
  const leaving = new AbortController();
  let stopping = 0;
  let request: Promise<unknown> = Promise.resolve();
  await withStack(async ({ apiUrl }) => {
    const arrived = new Promise((resolve) => addEventListener("endless", resolve, { once: true }));
    request = fetch(`${apiUrl}/functions/v1/endless`, { signal: leaving.signal });
    await arrived;
    stopping = performance.now();
  }, { functions: pathToFileURL(`${folder}/`) });
  assert.ok(performance.now() - stopping < HANGS_MS / 3);
  leaving.abort();
  await assert.rejects(request, { name: "AbortError" });
  await Deno.remove(folder, { recursive: true });
});

/** Callers who ask again and again, and note what they are answered. */
class Load {
  readonly #answers: number[] = [];
  readonly #callers: Promise<void>[];
  #ended = false;
  #served = 0;

  constructor(ports: Ports) {
    const paths = ["/rest/v1/frost_signing_sessions", "/functions/v1/metrics"];
    this.#callers = Array.from({ length: 8 }, async (_, i) => {
      while (!this.#ended) {
        const status = await ask(ports, paths[i % 2]);
        this.#answers.push(status);
        if (status === 200) this.#served++;
      }
    });
  }

  /** Waits until some requests that are sent from now on were answered well. */
  async untilServed(): Promise<void> {
    const wanted = this.#served + 2 * this.#callers.length;
    const deadline = Date.now() + HANGS_MS;
    while (this.#served < wanted) {
      assert.ok(Date.now() < deadline, "The stack does not serve any more.");
      const pause = new Promise<void>((resolve) => setTimeout(resolve, 5));
      // A caller who was not answered ends it.
      await Promise.race([pause, Promise.all(this.#callers)]);
    }
  }

  async end(): Promise<number[]> {
    this.#ended = true;
    await Promise.all(this.#callers);
    return this.#answers;
  }
}

/** The status of the answer to a request; it must not take long. */
async function ask({ api }: Ports, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${api}${path}`, {
    headers: { apikey: SECRET_KEY },
    signal: AbortSignal.timeout(HANGS_MS),
  });
  await response.body?.cancel();
  return response.status;
}

async function postmaster(folder: string): Promise<number> {
  const lock = await Deno.readTextFile(`${folder}/data/postmaster.pid`);
  return Number(lock.split("\n")[0]);
}

/** The processes that serve the data API's connections. */
async function backends({ db }: Ports): Promise<number[]> {
  const client = new pg.Client(`postgresql://postgres:postgres@127.0.0.1:${db}/postgres`);
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name = 'api (authenticator)'",
  );
  await client.end();
  assert.ok(rows.length > 0, "the API has connections");
  return rows.map(({ pid }) => pid);
}

/** Every kind as often as it is to come, the rare ones spread among the others. */
function shuffled<Kind extends string>(counts: Readonly<Record<Kind, number>>): Kind[] {
  const kinds: [place: number, kind: Kind][] = [];
  for (const kind in counts) {
    for (let i = 0; i < counts[kind]; i++) kinds.push([(i + 0.5) / counts[kind], kind]);
  }
  return kinds.sort(([a], [b]) => a - b).map(([, kind]) => kind);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { freePort, isTaken } from "../../local/postgres/ports.ts";

const SCRIPT = fileURLToPath(new URL("../../local/dev.ts", import.meta.url));

Deno.test("two stacks run at once, and each ends cleanly on SIGTERM", async () => {
  const stacks = [newPorts(), newPorts()];
  const running = await Promise.all(stacks.map((ports) => start(ports)));
  for (const { api, db } of stacks) {
    const sql = postgres(`postgresql://postgres:postgres@127.0.0.1:${db}/postgres`, { max: 1 });
    const [{ port }] = await sql`select inet_server_port() as port`;
    assert.equal(port, db);
    await sql.end();
    const response = await fetch(`http://127.0.0.1:${api}/functions/v1/none`);
    assert.equal(response.status, 404, await response.text());
  }
  for (const dev of running) {
    dev.kill("SIGTERM");
    assert.equal((await dev.status).code, 0);
  }
  for (const { api, db } of stacks) assert.deepEqual([isTaken(api), isTaken(db)], [false, false]);
});

Deno.test("a stack that was killed with SIGKILL does not keep the next one from its ports", async () => {
  const ports = newPorts();
  const killed = await start(ports);
  killed.kill("SIGKILL");
  await killed.status;
  assert.equal(isTaken(ports.db), true, "PostgreSQL outlived the stack");
  const next = await start(ports);
  next.kill("SIGTERM");
  assert.equal((await next.status).code, 0);
  assert.equal(isTaken(ports.db), false);
});

for (const which of ["api", "db"] as const) {
  Deno.test(`a taken ${which} port ends the stack with one sentence and status 1`, async () => {
    const ports = newPorts();
    using _listener = Deno.listen({ hostname: "127.0.0.1", port: ports[which] });
    const { code, stderr } = await command(ports).output();
    assert.equal(code, 1);
    const sentence = new RegExp(
      `^Port ${ports[which]}, .*PERMAFROST_${which.toUpperCase()}_PORT to a free port\\.\\n$`,
    );
    assert.match(new TextDecoder().decode(stderr), sentence);
  });
}

Deno.test("data in PERMAFROST_DATA_DIR outlives the stack", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  try {
    for (const expected of [null, "kept"]) {
      const ports = newPorts();
      const dev = await start(ports, { PERMAFROST_DATA_DIR: folder });
      const sql = postgres(`postgresql://postgres:postgres@127.0.0.1:${ports.db}/postgres`, {
        max: 1,
        onnotice: () => {},
      });
      const [{ kept }] = await sql`select to_regclass('public.kept')::text as kept`;
      await sql`create table if not exists public.kept (id int)`;
      await sql.end();
      dev.kill("SIGTERM");
      await dev.status;
      assert.equal(kept, expected);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

interface Ports {
  readonly api: number;
  readonly db: number;
}

function newPorts(): Ports {
  return { api: freePort(), db: freePort() };
}

function command({ api, db }: Ports, env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT],
    env: { ...env, PERMAFROST_API_PORT: String(api), PERMAFROST_DB_PORT: String(db) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Starts a stack and returns when it says that it is ready. */
async function start(ports: Ports, env?: Record<string, string>): Promise<Deno.ChildProcess> {
  const dev = command(ports, env).spawn();
  let said = "";
  for await (
    const text of dev.stdout.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })
  ) {
    said += text;
    if (said.endsWith("Local stack ready\n")) break;
  }
  assert.match(said, new RegExp(`^API URL: http://127\\.0\\.0\\.1:${ports.api}$`, "m"));
  assert.match(said, /\nLocal stack ready\n$/);
  return dev;
}

import assert from "node:assert/strict";
import postgres from "postgres";
import { isTaken } from "../../local/postgres/ports.ts";
import { dataFolder } from "../support/data_folder.ts";
import { addRow, command, newPorts, portVariables, SCRIPT, start } from "./dev_process.ts";
import { closeTerminal } from "./terminal.ts";

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

Deno.test("a stack with data to keep starts on after a SIGKILL, there and elsewhere", async () => {
  await using folder = await dataFolder();
  const ports = newPorts();
  const kept = { PERMAFROST_DATA_DIR: folder.path };
  const counts: unknown[] = [];
  const cutShort = command(ports, kept).spawn();
  const output = cutShort.output();
  await untilInitdbWrites(folder.path);
  cutShort.kill("SIGKILL");
  await output;
  // What was killed last runs on the ports each time, and the third start does not know where its data is.
  for (const env of [kept, kept, {}, kept]) {
    const dev = await start(ports, env);
    counts.push(await addRow(ports));
    dev.kill("SIGKILL");
    await dev.status;
    assert.equal(isTaken(ports.db), true, "PostgreSQL outlived the stack");
  }
  const last = await start(ports, kept);
  last.kill("SIGTERM");
  assert.equal((await last.status).code, 0);
  assert.deepEqual(counts, [1, 2, 1, 3]);
  assert.deepEqual(await names(folder.path), FINISHED);
  assert.equal(isTaken(ports.db), false);
});

Deno.test("Ctrl-C while a stack starts stops it without a complaint, and the next one starts", async () => {
  await using folder = await dataFolder();
  const ports = newPorts();
  const env = { PERMAFROST_DATA_DIR: folder.path };
  // In a process group of its own, all of which gets the signal, as from a terminal.
  const dev = command(ports, env, { detached: true }).spawn();
  const output = dev.output();
  await untilInitdbWrites(folder.path);
  Deno.kill(-dev.pid, "SIGINT");
  const { code, stdout, stderr } = await output;
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.deepEqual([code, said, complaint], [0, "Starting PostgreSQL\nStopped\n", ""]);
  assert.deepEqual([isTaken(ports.api), isTaken(ports.db)], [false, false]);
  assert.deepEqual(await names(folder.path), FINISHED, "initdb was left to finish");

  const next = await start(ports, env);
  const lock = await Deno.readTextFile(`${folder.path}/data/postmaster.pid`);
  // Throws if PostgreSQL is in the stack's process group, to which a terminal sends its signals.
  Deno.kill(-Number(lock.split("\n")[0]), "SIGCONT");
  next.kill("SIGTERM");
  assert.equal((await next.status).code, 0);
});

Deno.test("closing the terminal ends the stack, and PostgreSQL with it", async () => {
  await closeTerminal(SCRIPT, "Local stack ready", portVariables(newPorts()));
});

for (const which of ["api", "db"] as const) {
  Deno.test(`a taken ${which} port ends the stack with one sentence and status 1`, async () => {
    const ports = newPorts();
    using _listener = Deno.listen({ hostname: "127.0.0.1", port: ports[which] });
    const { code, stdout, stderr } = await command(ports).output();
    assert.equal(code, 1);
    const sentence = new RegExp(
      `^Port ${ports[which]}, .*PERMAFROST_${which.toUpperCase()}_PORT to a free port\\.\\n$`,
    );
    assert.match(new TextDecoder().decode(stderr), sentence);
    const steps = which === "db" ? "Starting PostgreSQL\n" : "";
    assert.equal(
      new TextDecoder().decode(stdout),
      steps,
      "each step once, however often it was tried",
    );
  });
}

Deno.test("data in PERMAFROST_DATA_DIR outlives the stack", async () => {
  await using folder = await dataFolder();
  for (const expected of [1, 2]) {
    const ports = newPorts();
    const dev = await start(ports, { PERMAFROST_DATA_DIR: folder.path });
    const count = await addRow(ports);
    dev.kill("SIGTERM");
    await dev.status;
    assert.equal(count, expected);
  }
});

Deno.test("a stack waits a moment for data that another one uses, and then is refused", async () => {
  await using folder = await dataFolder();
  const env = { PERMAFROST_DATA_DIR: folder.path };
  const first = await start(newPorts(), env);
  const { code, stderr } = await command(newPorts(), env).output();
  const sentence = `${folder.path} is in use by another running stack.\n`;
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [1, sentence]);
  const next = await start(newPorts(), env, () => first.kill("SIGTERM"));
  next.kill("SIGTERM");
  assert.deepEqual([(await first.status).code, (await next.status).code], [0, 0]);
});

/** What is in a folder with data while no stack runs on it. */
const FINISHED = ["data", "superuser.password"];

async function untilInitdbWrites(folder: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const draft = (await names(folder)).find((name) => /^\.unfinished-[^.]*$/.test(name));
    if (draft !== undefined && (await names(`${folder}/${draft}`)).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("The stack did not start initdb.");
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

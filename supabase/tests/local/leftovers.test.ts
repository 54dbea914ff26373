import assert from "node:assert/strict";
import { join } from "node:path";
import { provideBinaries } from "../../local/postgres/binaries.ts";
import { startCluster } from "../../local/postgres/cluster.ts";
import { runAs } from "../../local/postgres/folders.ts";
import { provideData } from "../../local/postgres/initdb.ts";
import { endLeftover } from "../../local/postgres/ownership.ts";
import { freePort } from "../../local/postgres/ports.ts";
import {
  identify,
  isRunning,
  type ProcessIdentity,
  processRealm,
} from "../../local/postgres/processes.ts";
import { startServer } from "../../local/postgres/server.ts";
import { dataFolder } from "../support/data_folder.ts";

Deno.test("data is started on again though its killed PostgreSQL is still listed", async () => {
  await using folder = await dataFolder();
  await (await startCluster({ dataDir: folder.path })).stop();
  await using child = await neglectedChild();
  await leave(folder.path, child.process);
  const cluster = await startCluster({ dataDir: folder.path });
  await cluster.stop();
  assert.equal(await isRunning(child.process), false);
  Deno.kill(child.process.pid, "SIGCONT"); // Throws if the id is free again: then this showed nothing.
});

Deno.test("the lock of another process than the one that was left is not removed", async () => {
  await using folder = await dataFolder();
  await using child = await neglectedChild();
  await Deno.mkdir(join(folder.path, "data"));
  await leave(folder.path, child.process, { pid: Deno.pid });
  assert.equal(await endLeftover(folder.path), "dead");
  assert.equal(await isRunning(child.process), false);
  const lock = await Deno.readTextFile(join(folder.path, "data", "postmaster.pid"));
  assert.equal(lock, `${Deno.pid}\n`);
});

Deno.test("a PostgreSQL is on record before it is ready", async () => {
  await using folder = await dataFolder();
  const user = await runAs();
  const binaries = await provideBinaries();
  const data = await provideData({
    binaries,
    folder: folder.path,
    durable: false,
    shielded: false,
    user,
  });
  const starting = startServer({
    binaries,
    data: data.folder,
    port: freePort(),
    settings: {},
    shielded: false,
    user,
    onSpawn: ({ pid }) => Promise.resolve(Deno.kill(pid, "SIGKILL")),
  });
  await assert.rejects(starting, { name: "ServerFailed" });
});

/** A process whose parent never takes note of its end, like PID 1 of many containers. */
async function neglectedChild(): Promise<AsyncDisposable & { readonly process: ProcessIdentity }> {
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 600 >&- & echo $!; exec sleep 600 >&-"],
    // Its user may not be able to see this folder.
    cwd: "/",
    stdin: "null",
    stdout: "piped",
    // PostgreSQL heeds a process in a lock only if it is of its own user.
    ...await runAs(),
  }).spawn();
  const process = await identify(Number(await new Response(parent.stdout).text()));
  assert.ok(process);
  return {
    process,
    async [Symbol.asyncDispose]() {
      if (await isRunning(process)) Deno.kill(process.pid, "SIGKILL");
      parent.kill("SIGKILL");
      await parent.status;
    },
  };
}

/** Makes data look as if its owner had been killed, and `postgres` were what it had started. */
async function leave(
  folder: string,
  postgres: ProcessIdentity,
  locked: { readonly pid: number } = postgres,
): Promise<void> {
  const owner: ProcessIdentity = { pid: Deno.pid, started: "before" };
  const record = { realm: await processRealm(), owner, postgres };
  await Deno.writeTextFile(join(folder, "owner.json"), JSON.stringify(record));
  await Deno.writeTextFile(join(folder, "data", "postmaster.pid"), `${locked.pid}\n`);
}

/**
 * Whether a device can do its work, and for operators, whether the database is as it should be.
 *
 * @module
 */
import type { Command } from "commander";
import { listHostKeys } from "../ceremonies/calls.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import type { Doing } from "./action.ts";
import { openDevice } from "./context.ts";
import { type Device, membershipsIn } from "./device.ts";
import { columns } from "./output.ts";
import { type Check, selfCheck } from "./self_check.ts";
import { must, STATUS, Stop } from "./stop.ts";

/** How far a clock may be off, in milliseconds. */
const OFF_MS = 30_000;

/** Adds the command. */
export function addDoctor(program: Command, doing: Doing): void {
  program.command("doctor")
    .description("look whether this device can do its work")
    .option(
      "--db-url-file <path>",
      "for operators: a file with the database's connection string; asks permafrost.self_check() through psql",
    )
    .action(({ dbUrlFile }: { dbUrlFile?: string }) =>
      doing(async (output) => {
        const checks = await examine(openDevice());
        if (dbUrlFile !== undefined) checks.push(...await selfCheck(dbUrlFile));
        const ok = checks.every((check) => check.ok);
        output.result(
          { ok, checks },
          columns(checks.map((check) => [check.ok ? "ok" : "NOT OK", check.name, check.what])),
        );
        return ok ? STATUS.done : STATUS.failed;
      })
    );
}

async function examine(device: Device): Promise<Check[]> {
  const checks: Check[] = [];
  const look = async (name: string, work: () => Promise<string>) => {
    try {
      checks.push({ name, ok: true, what: await work() });
    } catch (error) {
      checks.push({
        name,
        ok: false,
        what: error instanceof Error ? error.message : String(error),
      });
    }
  };
  await look("device", async () => {
    const { participantId, familyId } = await device.settings();
    return `${participantId} of ${familyId}, in ${device.folder}`;
  });
  await look("host key", async () => (await device.hostKey()).fingerprint);
  await look("login", async () => {
    const { participantId, familyId } = await device.settings();
    const who = (await membershipsIn(device))[familyId];
    if (who !== participantId) throw new Stop(`The login is of ${who ?? "nobody"} in ${familyId}`);
    return `of ${who}`;
  });
  await look("server", async () => {
    const { familyId, participantId } = await device.settings();
    const { hostKeys } = must(await listHostKeys(await device.client(), familyId));
    const own = hostKeys.find((key) =>
      key.participantId === participantId && key.retiredAt === null
    );
    if (own?.hostPublicKey !== (await device.hostKey()).publicKey) {
      throw new Stop(
        "Another host key is registered for this guardian: another device may be in use",
      );
    }
    return "answers, and has this device's host key";
  });
  await look("clock", async () => {
    const { url, publishableKey } = await device.settings();
    return await compareClocks(url, publishableKey);
  });
  await look("share", async () => {
    const { familyId } = await device.settings();
    const newest = await device.newestShare();
    if (newest === undefined) throw new Stop("There is no key share on this device");
    const { keyPackage } = must(await readCurrentKeyPackage(await device.client(), familyId));
    const isCurrent =
      keyPackage.verifying_shares.join() === newest.keyShare.verifying_shares.join();
    if (!isCurrent) {
      throw new Stop(`The share is of epoch ${newest.epoch}, and the family has another key`);
    }
    return `of the current key, epoch ${newest.epoch}`;
  });
  await look("store", async () => {
    const store = await device.nonces();
    await store.prune(Date.now());
    return "can be written";
  });
  return checks;
}

/** Any answer tells the time, whatever it says. */
async function compareClocks(url: string, apikey: string): Promise<string> {
  const sent = Date.now();
  const { headers, body } = await fetch(`${url}/auth/v1/health`, {
    headers: { apikey },
    signal: AbortSignal.timeout(10_000),
  });
  const arrived = Date.now();
  await body?.cancel();
  // In whole seconds, cut off.
  const date = Date.parse(headers.get("date") ?? "") + 500;
  if (Number.isNaN(date)) throw new Stop("The server's answer does not say when it was made");
  const ahead = (sent + arrived) / 2 - date;
  const seconds = Math.round(Math.abs(ahead) / 1000);
  if (Math.abs(ahead) > OFF_MS) {
    throw new Stop(
      `This clock is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} the server's: set it, ` +
        "or sessions expire here at another time than there",
    );
  }
  return `${seconds} s from the server's`;
}

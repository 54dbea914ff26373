/**
 * The stack in a process of its own, as a server is: a client that shares its thread would measure itself.
 * The process says where the stack is in one line of JSON, and ends when its standard input does, which is
 * also when the bench dies.
 */
import type { ClusterAddress } from "../local/postgres/address.ts";
import { type StackAddress, startStack } from "../local/stack.ts";
import type { Bench } from "./part.ts";

/** A stack that runs elsewhere. */
export interface RemoteStack extends StackAddress {
  readonly cluster: ClusterAddress;
}

/** Starts a stack in another process; the part's end stops it. */
export async function startRemoteStack({ owned, progress }: Bench): Promise<RemoteStack> {
  progress("starting a stack");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.url],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  owned.defer(async () => {
    await child.stdin.close();
    await child.status;
  });
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.endsWith("\n")) return JSON.parse(said);
  }
  throw new Error("The stack did not start.");
}

if (import.meta.main) {
  // The terminal sends its signals to this process too; the bench decides when it ends.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  const stack = await startStack();
  const { apiUrl, dbUrl, publishableKey, secretKey } = stack;
  const address: RemoteStack = {
    apiUrl,
    dbUrl,
    publishableKey,
    secretKey,
    cluster: stack.cluster.address,
  };
  console.log(JSON.stringify(address));
  for await (const _ of Deno.stdin.readable);
  await stack.stop();
  Deno.exit(0);
}

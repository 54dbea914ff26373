import { takeNoArguments } from "./command_line.ts";
import { DataInUse } from "./postgres/homes.ts";
import { PortTaken } from "./postgres/ports.ts";
import { isRunning, launchers } from "./postgres/processes.ts";
import { type Stack, startStack } from "./stack.ts";

const USAGE = `Usage: deno task dev
Runs PostgreSQL, the APIs and the functions, until Ctrl-C.
PERMAFROST_API_PORT and PERMAFROST_DB_PORT move it from the ports 54321 and 54322;
PERMAFROST_DATA_DIR names a folder that keeps the data, which otherwise ends with the stack.`;

/** How long a stack that is just ending may still hold its ports and its data. */
const PATIENCE_MS = 3_000;

const DEFAULT_API_PORT = 54321;
const DEFAULT_DB_PORT = 54322;

/** Resolves when the user, or the end of the program that launched this one, asks to stop. */
async function untilAskedToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, resolve);
  }
  // npx does not pass every signal on. When it is gone, nobody could end this stack any more.
  const above = await launchers();
  const watch = setInterval(async () => {
    const running = await Promise.all(above.map(isRunning));
    if (running.includes(false)) resolve();
  }, 500);
  await promise;
  clearInterval(watch);
}

async function start(): Promise<Stack> {
  const apiPort = readPort("PERMAFROST_API_PORT", DEFAULT_API_PORT);
  const dbPort = readPort("PERMAFROST_DB_PORT", DEFAULT_DB_PORT);
  if (apiPort === dbPort) throw new Error("The API and the database need different ports.");
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await startStack({
        apiPort,
        dbPort,
        dataDir: Deno.env.get("PERMAFROST_DATA_DIR") || undefined,
        onProgress: console.log,
      });
    } catch (error) {
      const passing = error instanceof PortTaken || error instanceof DataInUse;
      if (!passing || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function readPort(variable: string, otherwise: number): number {
  const text = Deno.env.get(variable);
  if (!text) return otherwise;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    throw new Error(`${variable} is "${text}", which is not a port number.`);
  }
  return port;
}

if (import.meta.main) {
  takeNoArguments(USAGE);
  const asked = untilAskedToStop();
  try {
    const stack = await start();
    console.log(`API URL: ${stack.apiUrl}`);
    console.log(`DB URL: ${stack.dbUrl}`);
    console.log(`Publishable key: ${stack.publishableKey}`);
    console.log(`Secret key: ${stack.secretKey}`);
    console.log("Local stack ready");
    await asked;
    console.log("Stopping");
    await stack.stop();
    Deno.exit(0);
  } catch (error) {
    // An error of the language itself is a mistake in this program; the others are sentences.
    const mistake = error instanceof TypeError || error instanceof ReferenceError;
    console.error(error instanceof Error && !mistake ? error.message : error);
    Deno.exit(1);
  }
}

import { takeNoArguments } from "./command_line.ts";
import { CONSOLE_PATH } from "./console.ts";
import { DataInUse } from "./postgres/homes.ts";
import { PortTaken } from "./postgres/ports.ts";
import { isRunning, launchers } from "./postgres/processes.ts";
import { type Stack, startStack } from "./stack.ts";
import { outliveTerminal } from "./terminal.ts";

const USAGE = `Usage: deno task dev
Runs PostgreSQL, the APIs and the functions, until Ctrl-C.
PERMAFROST_API_PORT and PERMAFROST_DB_PORT move it from the ports 54321 and 54322;
PERMAFROST_DATA_DIR names a folder that keeps the data, which otherwise ends with the stack.`;

/** How long a stack that is just ending may still hold its ports and its data. */
const PATIENCE_MS = 3_000;

const DEFAULT_API_PORT = 54321;
const DEFAULT_DB_PORT = 54322;

/** Aborts when the user, or the end of the program that launched this one, asks to stop. */
async function watchForStop(controller: AbortController): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => controller.abort());
  }
  // npx does not pass every signal on. When it is gone, nobody could end this stack any more.
  const above = await launchers();
  setInterval(async () => {
    const running = await Promise.all(above.map(isRunning));
    if (running.includes(false)) controller.abort();
  }, 500);
}

async function start(asked: AbortSignal): Promise<Stack> {
  const apiPort = readPort("PERMAFROST_API_PORT", DEFAULT_API_PORT);
  const dbPort = readPort("PERMAFROST_DB_PORT", DEFAULT_DB_PORT);
  if (apiPort === dbPort) throw new Error("The API and the database need different ports.");
  const said = new Set<string>();
  const onProgress = (step: string) => {
    asked.throwIfAborted();
    // A step that is tried again is not news.
    if (!said.has(step)) console.log(step);
    said.add(step);
  };
  const dataDir = Deno.env.get("PERMAFROST_DATA_DIR") || undefined;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await startStack({ apiPort, dbPort, dataDir, onProgress, onOutage: console.error });
    } catch (error) {
      const passing = error instanceof PortTaken || error instanceof DataInUse;
      if (!passing || asked.aborted || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** The stack, or nothing if it was asked to stop before it was there. */
async function startUnlessStopped(asked: AbortSignal): Promise<Stack | undefined> {
  try {
    return await start(asked);
  } catch (error) {
    // Whatever the reason: who has asked to stop has what was asked for.
    if (asked.aborted) return undefined;
    throw error;
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

/** Runs a stack until it is asked to stop, or has lost its database for good. */
async function run(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const asked = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  watchForStop(controller);
  const stack = await startUnlessStopped(signal);
  if (stack === undefined) return console.log("Stopped");
  console.log(`API URL: ${stack.apiUrl}`);
  console.log(`DB URL: ${stack.dbUrl}`);
  console.log(`Publishable key: ${stack.publishableKey}`);
  console.log(`Secret key: ${stack.secretKey}`);
  // Browsers give passkeys to names, and to no addresses.
  console.log(`Console: ${stack.apiUrl.replace("127.0.0.1", "localhost")}${CONSOLE_PATH}`);
  console.log("Local stack ready");
  const lost = await Promise.race([asked, stack.lost]);
  console.log("Stopping");
  await stack.stop();
  if (lost !== undefined) throw lost;
}

if (import.meta.main) {
  takeNoArguments(USAGE);
  outliveTerminal();
  try {
    await run();
    Deno.exit(0);
  } catch (error) {
    // An error of the language itself is a mistake in this program; the others are sentences.
    const mistake = error instanceof TypeError || error instanceof ReferenceError;
    console.error(error instanceof Error && !mistake ? error.message : error);
    Deno.exit(1);
  }
}

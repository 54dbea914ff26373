/** `deno task demo`: guardians sign a Nostr event, or hold key ceremonies, on a stack that lives for as long. */
import { pause } from "../../client/transport.ts";
import { parseArgs } from "node:util";
import { readArguments } from "../local/command_line.ts";
import { outliveTerminal } from "../local/terminal.ts";
import { Steps, styled } from "./steps.ts";
import { tell as tellOfCeremonies } from "./ceremony_story.ts";
import { tell as tellOfSigning } from "./story.ts";

const USAGE = `Usage: deno task demo [-- --ceremony]
Deals a key to three guardians and has two of them sign a Nostr event, on a stack of its own.
--ceremony  instead: a key is born in shares, a guardian is replaced, a lost device comes back
It takes a few seconds, and leaves nothing behind.`;

/** Far more than it takes; a demo that hangs is one that failed. */
const DEADLINE_MS = 120_000;
/** How long a step that is under way when the demo is stopped may go on, so as not to leave things behind. */
const GRACE_MS = 10_000;

class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** One Ctrl-C arrives up to three times: from the terminal, and from npx and `deno task`, which pass it on. */
const ONE_CTRL_C_MS = 1_000;

/** Aborts at the first signal; a second one does not wait for the end. */
function stopOnSignals(controller: AbortController): void {
  let first = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        controller.abort(new Interrupted("Interrupted"));
      } else if (performance.now() - first > ONE_CTRL_C_MS) {
        // What is left then, the next stack that is started on this machine ends and removes.
        Deno.exit(130);
      }
    });
  }
}

/** Runs the demo and answers the exit status. */
async function main(ceremony: boolean): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  stopOnSignals(controller);
  const deadline = setTimeout(
    () => controller.abort(new Error(`It took longer than ${DEADLINE_MS / 1000} s.`)),
    DEADLINE_MS,
  );
  const steps = new Steps(signal);
  const owned = new AsyncDisposableStack();
  let failure: unknown;
  const title = ceremony
    ? "Permafrost: a key is born in shares, and outlives its guardians"
    : "Permafrost: two of three guardians sign a Nostr event";
  console.log(styled("bold", title));
  const story = (ceremony ? tellOfCeremonies : tellOfSigning)(steps, owned);
  try {
    await Promise.race([story, aborted(signal)]);
  } catch (error) {
    failure = signal.aborted ? signal.reason : error;
  }
  clearTimeout(deadline);
  await Promise.race([Promise.allSettled([story]), pause(GRACE_MS)]);
  try {
    if (failure === undefined) steps.chapter("The end");
    await owned.disposeAsync();
  } catch (error) {
    failure ??= error;
  }
  if (failure instanceof Interrupted) {
    console.error("\nInterrupted; everything is stopped.");
    return 130;
  }
  if (failure !== undefined) {
    console.error(`\nThe demo failed: ${sentence(failure)}`);
    return 1;
  }
  console.log(`  ${styled("green", "✓")} Everything is stopped`);
  console.log(`\nDone in ${(steps.elapsed / 1000).toFixed(1)} s`);
  return 0;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** An error of the language itself is a mistake in this program, and needs its trace. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const mistake = error instanceof TypeError || error instanceof ReferenceError;
  return mistake && error.stack ? error.stack : error.message;
}

if (import.meta.main) {
  const { values } = readArguments(
    USAGE,
    (args) => parseArgs({ args, options: { ceremony: { type: "boolean", default: false } } }),
  );
  outliveTerminal();
  Deno.exit(await main(values.ceremony));
}

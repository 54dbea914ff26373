/** What every story of the demo has. */
import { verifyEvent } from "nostr-tools/pure";
import type { Result } from "../../client/result.ts";
import type { finishEvent } from "../functions/_shared/frost/nostr.ts";
import { type StackAddress, startStack } from "../local/stack.ts";
import type { Steps } from "./steps.ts";

export async function bringUpStack(
  steps: Steps,
  owned: AsyncDisposableStack,
): Promise<StackAddress> {
  const done: string[] = [];
  const stack = await steps.step(
    "PostgreSQL, the API and the functions are up",
    async () => {
      const starting = startStack({ onProgress: (step) => done.push(step) });
      // Also when it is interrupted while it starts.
      owned.defer(async () => (await starting.catch(() => undefined))?.stop());
      return await starting;
    },
    ({ apiUrl }) => new URL(apiUrl).host,
  );
  steps.note(done.slice(1).join("\n"));
  return stack;
}

export async function checkEvent(
  steps: Steps,
  event: ReturnType<typeof finishEvent>,
): Promise<void> {
  await steps.step(
    "nostr-tools, which knows nothing of FROST, calls it valid",
    () =>
      Promise.try(() => {
        if (!verifyEvent(event)) throw new Error("nostr-tools does not accept the event.");
      }),
  );
}

/** An attempt that must fail, with this code. */
export async function refusal(
  steps: Steps,
  name: string,
  code: string,
  attempt: () => Promise<Result<object>>,
): Promise<void> {
  await steps.step(name, async () => {
    const result = await attempt();
    if (result.success) throw new Error(`It was accepted, and should have been refused: ${code}.`);
    if (result.code !== code) throw new Error(`It was refused with ${result.code}, not ${code}.`);
  }, () => `refused, ${code}`);
}

export function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

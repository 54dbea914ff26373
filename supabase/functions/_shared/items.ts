/**
 * Calls with many items, each judged alone: one that is refused costs the others nothing.
 *
 * @module
 */
import { z } from "zod";
import { refusalOf } from "./http.ts";
import { parseBody } from "./input.ts";

const SENTENCE = "must be a list of 1 to 256 items";

/** Anything: each item is judged by its own schema. */
export const Items = z.array(z.unknown(), SENTENCE).min(1, SENTENCE).max(256, SENTENCE);

/** What became of each item: its answer, or what was thrown. */
export type Outcomes<Answer> = readonly PromiseSettledResult<Answer>[];

/**
 * Hands those items on to `submit` that `schema` takes, together.
 *
 * @param submit - Answers each of them.
 * @returns What is answered of each item, in the order given.
 */
export async function judgeItems<Schema extends z.ZodType<{ readonly sessionId: string }>>(
  schema: Schema,
  items: readonly unknown[],
  submit: (items: readonly z.infer<Schema>[]) => Promise<readonly Record<string, unknown>[]>,
): Promise<Record<string, unknown>[]> {
  const parsed = await Promise.allSettled(
    items.map((item) => Promise.try(() => parseBody(schema, item, "The item"))),
  );
  const taken = parsed.flatMap((item) => item.status === "fulfilled" ? [item.value] : []);
  const answers = taken.length === 0 ? [] : await submit(taken);
  let next = 0;
  return parsed.map((item, i) => {
    if (item.status === "rejected") return { ...idOf(items[i]), ...refusalOf(item.reason) };
    return { sessionId: item.value.sessionId, ...answers[next++] };
  });
}

/** An outcome as clients see it. */
export function answerOf(
  outcome: PromiseSettledResult<Record<string, unknown>>,
): Record<string, unknown> {
  return outcome.status === "fulfilled"
    ? { success: true, ...outcome.value }
    : refusalOf(outcome.reason);
}

/** The answer of the one item of a call that takes one; throws what was thrown for it. */
export function single<Answer>([outcome]: Outcomes<Answer>): Answer {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

function idOf(item: unknown): { sessionId?: unknown } {
  return typeof item === "object" && item !== null && "sessionId" in item
    ? { sessionId: item.sessionId }
    : {};
}

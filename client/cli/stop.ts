/**
 * How a command ends that does not do what was asked.
 *
 * @module
 */
import type { Failure } from "../result.ts";

/** Exit statuses. */
export const STATUS = { done: 0, failed: 1, misused: 2, declined: 3, interrupted: 130 } as const;

/** A reason to stop, as a sentence for people; the command ends with `status`. */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly code: string;
  readonly status: number;

  constructor(
    message: string,
    { code = "failed", status = STATUS.failed }: { code?: string; status?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The data of a success. @throws {Stop} with the failure's code and sentence; a no of the person's is declined. */
export function must<Result extends { readonly success: boolean }>(
  result: Result,
): Extract<Result, { readonly success: true }> {
  if (isSuccess(result)) return result;
  const { code, error } = result as unknown as Failure;
  throw new Stop(code === "network_error" ? `The server cannot be reached: ${error}` : error, {
    code,
    status: code === "not_approved" ? STATUS.declined : STATUS.failed,
  });
}

function isSuccess<Result extends { readonly success: boolean }>(
  result: Result,
): result is Extract<Result, { readonly success: true }> {
  return result.success;
}

/**
 * What every method of this library answers: the data, or why it is missing. Methods do not throw because
 * of the server, the network or a timeout.
 *
 * @module
 */
import type { ErrorCode } from "../supabase/functions/_shared/errors.ts";
import { FrostError } from "../supabase/functions/_shared/frost/error.ts";
import { GuardianError } from "./errors.ts";

/** Codes of the client's own, with a sentence for people, beside those of the server's catalogue. */
export const CLIENT_ERRORS = {
  network_error: "The server could not be reached",
  timeout: "No answer came in time",
  aborted: "The caller gave up",
  unexpected_answer: "Something other than Permafrost answered",
  device_failed: "The nonce store or the app's own code failed",
  not_published: "No relay took the event",
  not_approved: "The guardian did not approve",
  request_changed: "The request is not what it was when it was made",
  key_package_mismatch: "The key package is not the one that was pinned",
  transcript_invalid: "The transcript contradicts itself",
  transcript_rewritten: "The transcript does not contain what was seen of it before",
  ceremony_mismatch: "The ceremony is not the one that was pinned",
  ceremony_failed: "The ceremony has failed",
  coordinator_faulty: "The server deviated from the protocol",
  shares_missing: "Fewer good shares than the threshold are there",
} as const satisfies Record<string, string>;

/** A code of the client's own. */
export type ClientErrorCode = keyof typeof CLIENT_ERRORS;

/** A code to switch on: the server's, the client's, or one that a newer server has. */
export type ResultCode = ErrorCode | ClientErrorCode | (string & Record<never, never>);

/** A refusal or a failure. Further fields of the server's answer are kept. */
export interface Failure {
  readonly success: false;
  readonly code: ResultCode;
  /** A sentence for people. */
  readonly error: string;
  /** With `internal`: what to ask the operators about. */
  readonly requestId?: string;
  /** With `rate_limited`: after how many milliseconds the call may be made again. */
  readonly retryAfterMs?: number;
  /** With `unexpected_answer`: the HTTP status. */
  readonly httpStatus?: number;
}

/** An answer with its data. */
export type Success<Data extends object> = { readonly success: true } & Data;

/** The data, or why it is missing. */
export type Result<Data extends object> = Success<Data> | Failure;

/** A success with its data. */
export function success<Data extends object>(data: Data): Success<Data> {
  return { ...data, success: true };
}

/** A failure with a code of the client's own. */
export function failure(code: ClientErrorCode, error?: string): Failure;
/** A failure with a code of the server's catalogue, for what the client finds out itself. */
export function failure(code: ErrorCode, error: string): Failure;
export function failure(code: ClientErrorCode | ErrorCode, error?: string): Failure {
  const sentence = error ?? Object.entries(CLIENT_ERRORS).find(([name]) => name === code)?.[1];
  return { success: false, code, error: sentence ?? code };
}

/** A refusal of this library's own as a failure; any other error is thrown again. */
export function failureOf(error: unknown): Failure {
  if (error instanceof GuardianError || error instanceof FrostError) {
    return { success: false, code: error.code, error: error.message };
  }
  throw error;
}

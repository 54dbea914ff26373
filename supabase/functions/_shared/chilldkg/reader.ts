/** Reading of concatenated points, scalars and strings of bytes. */
import { ChillDkgError, type ChillDkgErrorKind } from "./errors.ts";
import {
  decodePointOrInfinity,
  decodeScalar,
  type Point,
  POINT_BYTES,
  SCALAR_BYTES,
} from "./group.ts";

/** A message of the right length with a part that is no point or no scalar. Its sender broke the protocol. */
class MalformedMessage extends Error {}

/** Reads from the start of a string whose length was checked before. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A copy of the next bytes: what the caller does to the message later does not change it. */
  bytes(length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    return this.#bytes.slice(start, this.#at);
  }

  strings(count: number, length: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.bytes(length));
  }

  /** @param what - What a point is, for the error: "A commitment". */
  points(count: number, what: string): Point[] {
    return this.strings(count, POINT_BYTES).map((bytes) =>
      decodePointOrInfinity(bytes) ?? refuse(`${what} must be a compressed point or 33 zero bytes`)
    );
  }

  /** @param what - What a scalar is, for the error: "An encrypted share". */
  scalars(count: number, what: string): bigint[] {
    return this.strings(count, SCALAR_BYTES).map((bytes) =>
      decodeScalar(bytes) ?? refuse(`${what} must be below the order of the group`)
    );
  }
}

function refuse(sentence: string): never {
  throw new MalformedMessage(sentence);
}

/**
 * What `parse` returns.
 *
 * @throws {ChillDkgError} `kind` if a point or a scalar is malformed; what else `parse` throws.
 */
export function blaming<T>(
  kind: ChillDkgErrorKind,
  participant: number | undefined,
  parse: () => T,
): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw new ChillDkgError(kind, error.message, { participant });
  }
}

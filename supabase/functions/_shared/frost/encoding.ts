/**
 * Encodings: lower-case hex outside, points and scalars inside. One value has one spelling, so whatever
 * is not the canonical encoding is refused (RFC 9591 section 3.1).
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { FrostError, type FrostErrorCode } from "./error.ts";
import type { Element, Suite } from "./suites.ts";

/** The two points of a nonce commitment (RFC 9591 section 5.1). */
export interface NonceCommitment {
  readonly hiding: Element;
  readonly binding: Element;
}

/** Whether a text is lower-case hex of whole bytes, and of `bytes` of them if given. */
export function isHex(text: string, bytes?: number): boolean {
  return /^(?:[0-9a-f]{2})*$/.test(text) && (bytes === undefined || text.length === 2 * bytes);
}

/**
 * DeserializeElement (section 3.1): a point on the curve and in its prime-order subgroup, not the
 * identity, in its canonical encoding of Ne bytes.
 *
 * @param what - What the point is, for the error: "A verifying share".
 * @throws {FrostError} with `code` for anything else.
 */
export function parseElement(
  suite: Suite,
  hex: string,
  code: FrostErrorCode,
  what: string,
): Element {
  const point = parsePoint(suite, hex, code, what);
  if (!point.isTorsionFree()) throw notValid(suite, code, what);
  return point;
}

/**
 * `parseElement` without its dearest check: where the curve has a cofactor, the point may be outside the
 * prime-order subgroup. For points that were checked before, or are checked together afterwards.
 *
 * @param what - What the point is, for the error: "A verifying share".
 * @throws {FrostError} with `code` for anything else.
 */
export function parsePoint(suite: Suite, hex: string, code: FrostErrorCode, what: string): Element {
  if (!isHex(hex, suite.elementBytes)) {
    throw new FrostError(code, `${what} must be ${suite.elementBytes} bytes of lower-case hex`);
  }
  const point = decode(suite, hex);
  if (point === undefined) throw notValid(suite, code, what);
  return point;
}

function decode(suite: Suite, hex: string): Element | undefined {
  try {
    const point = suite.Point.fromBytes(hexToBytes(hex));
    point.assertValidity();
    // Another spelling of the same point would be another key in the nonce ledger.
    return !point.is0() && elementToHex(point) === hex ? point : undefined;
  } catch {
    return undefined;
  }
}

function notValid(suite: Suite, code: FrostErrorCode, what: string): FrostError {
  return new FrostError(code, `${what} must be a valid point of ${suite.name}`);
}

/**
 * DeserializeScalar (section 3.1): an integer below the group's order, zero included, of Ns bytes.
 *
 * @param what - What the scalar is, for the error: "A signature share".
 * @throws {FrostError} with `code` for anything else.
 */
export function parseScalar(suite: Suite, hex: string, code: FrostErrorCode, what: string): bigint {
  if (!isHex(hex, suite.scalarBytes)) {
    throw new FrostError(code, `${what} must be ${suite.scalarBytes} bytes of lower-case hex`);
  }
  try {
    return suite.Fn.fromBytes(hexToBytes(hex));
  } catch {
    throw new FrostError(code, `${what} must be below the order of the group of ${suite.name}`);
  }
}

/**
 * A nonce commitment: hiding ‖ binding, 2·Ne bytes.
 *
 * @param parse - `parsePoint` for a commitment that was checked before it was stored.
 * @throws {FrostError} `commitment_invalid` unless both are valid points.
 */
export function parseNonceCommitment(
  suite: Suite,
  hex: string,
  parse: typeof parseElement = parseElement,
): NonceCommitment {
  const bytes = 2 * suite.elementBytes;
  if (!isHex(hex, bytes)) {
    throw new FrostError(
      "commitment_invalid",
      `A nonce commitment of ${suite.name} must be ${bytes} bytes of lower-case hex`,
    );
  }
  const middle = hex.length / 2;
  const part = (text: string, what: string) => parse(suite, text, "commitment_invalid", what);
  return {
    hiding: part(hex.slice(0, middle), "The hiding nonce commitment"),
    binding: part(hex.slice(middle), "The binding nonce commitment"),
  };
}

/**
 * The message to sign: exactly 32 bytes for BIP-340, 1 to 8,192 bytes for the other suites.
 *
 * @throws {FrostError} `message_hash_invalid` for other lengths and what is not lower-case hex.
 */
export function parseMessage(suite: Suite, hex: string): Uint8Array {
  const { min, max } = suite.messageBytes;
  if (!isHex(hex) || hex.length < 2 * min || hex.length > 2 * max) {
    const length = min === max ? `${min}` : `${min} to ${max}`;
    throw new FrostError(
      "message_hash_invalid",
      `A message for ${suite.name} must be ${length} bytes of lower-case hex`,
    );
  }
  return hexToBytes(hex);
}

/** SerializeElement (section 3.1): Ne bytes as lower-case hex; not for the identity. */
export function elementToHex(element: Element): string {
  return bytesToHex(element.toBytes());
}

/** SerializeScalar (section 3.1): Ns bytes as lower-case hex. */
export function scalarToHex(suite: Suite, scalar: bigint): string {
  return bytesToHex(suite.Fn.toBytes(scalar));
}

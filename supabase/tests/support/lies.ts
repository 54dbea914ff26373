/** Messages of a ceremony as a liar sends them: an honest one, with something else in it. */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { Fn } from "../../functions/_shared/chilldkg/group.ts";
import {
  message1ToBytes,
  parseMessage1,
  type ParticipantMessage1,
} from "../../functions/_shared/chilldkg/messages.ts";
import type { Payload } from "../../functions/_shared/ceremony/payload.ts";
import { type CeremonyTerms, chillDkgParams } from "../../functions/_shared/ceremony/terms.ts";
import { parseScalar, scalarToHex } from "../../functions/_shared/frost/encoding.ts";
import { suiteOf } from "../../functions/_shared/frost/suites.ts";

/** A chilldkg's first message with other parts. */
export function withParts(
  terms: CeremonyTerms,
  payload: Payload,
  change: (message: ParticipantMessage1) => Partial<ParticipantMessage1>,
): Payload {
  const message = parseMessage1(hexToBytes(String(payload.message)), chillDkgParams(terms));
  return { message: bytesToHex(message1ToBytes({ ...message, ...change(message) })) };
}

/** Ciphertexts with another scalar for one recipient: what it decrypts is 1 more than its share. */
export function withBadShare(terms: CeremonyTerms, payload: Payload, recipient: string): Payload {
  if (terms.protocol === "chilldkg") {
    const position = terms.participants.indexOf(recipient);
    return withParts(terms, payload, ({ encryptedShares }) => ({
      encryptedShares: encryptedShares.map((share, i) =>
        i === position ? Fn.add(share, 1n) : share
      ),
    }));
  }
  const suite = suiteOf(terms.ciphersuite);
  const ciphertexts = ciphertextsOf(payload);
  const scalar = parseScalar(suite, ciphertexts[recipient], "share_invalid", "A ciphertext");
  const changed = scalarToHex(suite, suite.Fn.add(scalar, 1n));
  return { ...payload, ciphertexts: { ...ciphertexts, [recipient]: changed } };
}

/** The ciphertexts in a payload by recipient. */
export function ciphertextsOf({ ciphertexts }: Payload): Record<string, string> {
  if (typeof ciphertexts !== "object" || Array.isArray(ciphertexts)) {
    throw new TypeError("There are no ciphertexts in this payload");
  }
  return ciphertexts;
}

/** The points of a dealing, from the constant term up. */
export function commitmentOf({ commitment }: Payload): string[] {
  if (!Array.isArray(commitment)) throw new TypeError("There is no commitment in this payload");
  return commitment;
}

/** Hex with another last digit. */
export function otherHex(hex: unknown): string {
  const text = String(hex);
  return text.slice(0, -1) + (text.endsWith("0") ? "1" : "0");
}

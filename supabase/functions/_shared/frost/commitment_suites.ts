/** Under which suites a nonce commitment is valid: several curves encode their points in as many bytes. */
import { parseNonceCommitment } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { type Ciphersuite, CIPHERSUITES, type Suite, suiteOf } from "./suites.ts";

/**
 * The suites under which all commitments are two valid points each. The curves' arithmetic is done for those of
 * their length alone, and once a curve.
 *
 * @param nonceCommitments - hiding ‖ binding each, lower-case hex.
 */
export function validSuites(nonceCommitments: readonly string[]): Ciphersuite[] {
  const judged = new Map<Suite["Point"], boolean>();
  return CIPHERSUITES.filter((ciphersuite) => {
    const suite = suiteOf(ciphersuite);
    const valid = judged.get(suite.Point) ??
      nonceCommitments.every((commitment) => isValid(suite, commitment));
    judged.set(suite.Point, valid);
    return valid;
  });
}

function isValid(suite: Suite, nonceCommitment: string): boolean {
  try {
    parseNonceCommitment(suite, nonceCommitment);
    return true;
  } catch (error) {
    if (error instanceof FrostError) return false;
    throw error;
  }
}

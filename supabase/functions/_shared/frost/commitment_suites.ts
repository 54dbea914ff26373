/** Under which suites nonce commitments are valid: several curves encode their points in as many bytes. */
import { type NonceCommitment, parseNonceCommitment, parsePoint } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { areInSubgroup } from "./subgroup.ts";
import { type Ciphersuite, CIPHERSUITES, type Suite, suiteOf } from "./suites.ts";

/**
 * The suites under which each commitment is two valid points, in the order given. The curves' arithmetic is done for
 * commitments of their length alone, once a curve; the check of the subgroup, the dearest part of it, for all at once.
 *
 * @param nonceCommitments - hiding ‖ binding each, lower-case hex.
 */
export function validSuites(nonceCommitments: readonly string[]): Ciphersuite[][] {
  const judged = new Map<Suite["Point"], readonly boolean[]>();
  for (const suite of CIPHERSUITES.map(suiteOf)) {
    if (!judged.has(suite.Point)) judged.set(suite.Point, areValid(suite, nonceCommitments));
  }
  return nonceCommitments.map((_, i) =>
    CIPHERSUITES.filter((ciphersuite) => judged.get(suiteOf(ciphersuite).Point)?.[i])
  );
}

/** The suites under which all commitments are valid. */
export function commonSuites(nonceCommitments: readonly string[]): Ciphersuite[] {
  const each = validSuites(nonceCommitments);
  return CIPHERSUITES.filter((ciphersuite) => each.every((suites) => suites.includes(ciphersuite)));
}

function areValid(suite: Suite, nonceCommitments: readonly string[]): boolean[] {
  const decoded = nonceCommitments.map((commitment) => decode(suite, commitment));
  const pairs = decoded.flatMap((pair) => pair === undefined ? [] : [pair.hiding, pair.binding]);
  const together = areInSubgroup(suite, pairs);
  return decoded.map((pair) =>
    pair !== undefined &&
    (together || areInSubgroup(suite, [pair.hiding, pair.binding]))
  );
}

function decode(suite: Suite, nonceCommitment: string): NonceCommitment | undefined {
  try {
    return parseNonceCommitment(suite, nonceCommitment, parsePoint);
  } catch (error) {
    if (error instanceof FrostError) return undefined;
    throw error;
  }
}

/**
 * Resharing: signers of the old package, the dealers, each deal their own interpolated share λ_i·s_i on a
 * polynomial of the new degree. As Σ λ_i·s_i is the group's secret, the sums of the dealt shares are shares
 * of it, and the group public key stays. Everything here is public.
 *
 * No tweak and no negation, in the Taproot suite neither: the old package's values are taken as they are,
 * odd y included, and the sum is the old key to the bit.
 *
 * Desmedt, Jajodia: Redistributing Secret Shares to New Access Structures and Its Applications (1997).
 * Wong, Wang, Wing: Verifiable Secret Redistribution for Archive Systems (2002), for the check.
 */
import { FrostError } from "../frost/error.ts";
import { interpolationCoefficients } from "../frost/polynomial.ts";
import type { Element, Suite } from "../frost/suites.ts";
import { groupPublicKey, sumCommitments } from "./group_key.ts";

/** A dealer of a reshare, its dealing verified by `verifyDealing`. */
export interface ReshareDealer {
  /** Its position in the old package, from 1; also that of its proof of knowledge. */
  readonly identifier: number;
  /** Its verifying share in the old package. */
  readonly verifyingShare: Element;
  /** What `verifyDealing` gave. */
  readonly commitment: readonly Element[];
}

/**
 * λ_i, the interpolation coefficient of one dealer at 0 over exactly these dealers. A dealer's constant
 * term is λ_i·s_i.
 *
 * @param identifiers - Of all dealers in the old package, in any order.
 * @param identifier - The dealer's, one of them.
 * @throws {FrostError} `invalid_input` unless the identifiers are positive, all different, and hold the dealer's.
 */
export function lagrange(suite: Suite, identifiers: readonly number[], identifier: number): bigint {
  const position = identifiers.indexOf(identifier);
  if (
    position < 0 || new Set(identifiers).size !== identifiers.length ||
    !identifiers.every((each) => Number.isInteger(each) && each > 0)
  ) {
    throw new FrostError(
      "invalid_input",
      "The dealers' identifiers must be positive, all different, the dealer's among them",
    );
  }
  return interpolationCoefficients(suite.Fn, identifiers)[position];
}

/** λ_i·Y_i: what the first element of a dealer's commitment must be. Parameters as of `lagrange`. */
export function expectedConstantTerm(
  suite: Suite,
  identifiers: readonly number[],
  identifier: number,
  verifyingShare: Element,
): Element {
  return verifyingShare.multiplyUnsafe(lagrange(suite, identifiers, identifier));
}

/**
 * Verifies that the dealers deal the old key, each its own share, and gives the commitment to the new
 * polynomial.
 *
 * @param oldKey - The group public key of the old package.
 * @throws {FrostError} `ceremony_message_invalid`: naming the dealer whose constant term is not its share;
 *   for commitments of different lengths; and if the sum is not the old key, as where the dealers are not
 *   as many as the old threshold.
 */
export function verifyReshare(
  suite: Suite,
  dealers: readonly ReshareDealer[],
  oldKey: Element,
): Element[] {
  const identifiers = dealers.map(({ identifier }) => identifier);
  for (const { identifier, verifyingShare, commitment } of dealers) {
    const expected = expectedConstantTerm(suite, identifiers, identifier, verifyingShare);
    if (!expected.equals(commitment[0])) {
      throw invalid(`Dealer ${identifier} must deal its own share of the old key`);
    }
  }
  const sum = sumCommitments(suite, dealers.map(({ commitment }) => commitment));
  if (!groupPublicKey(sum).equals(oldKey)) {
    throw invalid("The dealers' constant terms must add up to the old group public key");
  }
  return sum;
}

function invalid(message: string): FrostError {
  return new FrostError("ceremony_message_invalid", message);
}

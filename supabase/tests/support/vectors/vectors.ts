/**
 * Published signing vectors: two of three sign. The figures of the five suites of RFC 9591 are those of
 * its appendix E, those of the Taproot suite the Zcash Foundation's; each names its source. All values are
 * lower-case hex. The messages are four bytes, for which the Taproot suite's coordinator has no use.
 */
import { type Ciphersuite, isCiphersuite } from "../../../functions/_shared/frost/suites.ts";
import signing from "./signing.json" with { type: "json" };

/** One published run of the protocol. */
export interface SigningVector {
  readonly ciphersuite: Ciphersuite;
  readonly source: string;
  readonly threshold: number;
  readonly message: string;
  readonly groupSecretKey: string;
  readonly groupPublicKey: string;
  /** The dealer's polynomial is groupSecretKey + coefficient·x. */
  readonly coefficient: string;
  /** The signing shares of the identifiers 1, 2 and 3. */
  readonly shares: readonly string[];
  readonly signers: readonly {
    readonly identifier: number;
    readonly hidingRandomness: string;
    readonly bindingRandomness: string;
    readonly hidingNonce: string;
    readonly bindingNonce: string;
    readonly hiding: string;
    readonly binding: string;
    readonly bindingFactorInput: string;
    readonly bindingFactor: string;
    readonly signatureShare: string;
  }[];
  readonly signature: string;
}

/** The published vectors, one a suite. */
export const SIGNING_VECTORS: readonly SigningVector[] = signing.map((vector) => {
  if (!isCiphersuite(vector.ciphersuite)) throw new Error(`No such suite: ${vector.ciphersuite}`);
  return { ...vector, ciphersuite: vector.ciphersuite };
});

/**
 * Several signature shares of one signer, checked together: for random a_i, Σ a_i·z_i·G − (Σ a_i·c_i·λ_i)·Y = Σ a_i·R_i
 * holds if every z_i·G − (c_i·λ_i)·Y = R_i does, and otherwise with a probability of at most 2^−128, since the a_i are
 * drawn after the shares were fixed. Where it does not hold, each share is checked by itself, and the bad ones are named.
 *
 * Bellare, Garay, Rabin: Fast Batch Verification for Modular Exponentiation and Digital Signatures (EUROCRYPT '98),
 * the small exponents test; as in BIP-340, the first coefficient is 1:
 * https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki#batch-verification
 */
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE, hexToBytes } from "@noble/curves/utils.js";
import { parseScalar } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { type Element, suiteOf } from "./suites.ts";
import { type SignerVerification, type VerificationContext, verifyShare } from "./verification.ts";

/** A signature share, and what it is checked with. */
export interface SubmittedShare {
  readonly context: VerificationContext;
  readonly signer: SignerVerification;
  /** Ns bytes as lower-case hex; anything else does not verify. */
  readonly signatureShare: string;
}

/**
 * Why each share does not verify, in the order given; `undefined` for one that does. Says of each what
 * `verifyShare` says.
 */
export function faultsOfShares(shares: readonly SubmittedShare[]): (string | undefined)[] {
  const faults: (string | undefined)[] = shares.map(() => undefined);
  for (const group of bySigner(shares)) {
    if (group.length > 1 && verifyTogether(group.map((i) => shares[i]))) continue;
    for (const i of group) faults[i] = faultOfShare(shares[i]);
  }
  return faults;
}

/** Positions of the shares that are checked with one verifying share. */
function bySigner(shares: readonly SubmittedShare[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { context, signer }] of shares.entries()) {
    const key = `${context.ciphersuite} ${signer.verifying_share}`;
    groups.set(key, [...groups.get(key) ?? [], i]);
  }
  return [...groups.values()];
}

function faultOfShare({ context, signer, signatureShare }: SubmittedShare): string | undefined {
  try {
    if (!verifyShare(context, signer, signatureShare)) return "The signature share does not verify";
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

/** Whether all verify; false as well where that cannot be told together. */
function verifyTogether(shares: readonly SubmittedShare[]): boolean {
  const suite = suiteOf(shares[0].context.ciphersuite);
  const { Fn, Point } = suite;
  const scalar = (hex: string) => Fn.fromBytes(hexToBytes(hex));
  let z = 0n;
  let cLambda = 0n;
  const masks: bigint[] = [];
  const commitmentShares: Element[] = [];
  try {
    for (const { context, signer, signatureShare } of shares) {
      const mask = masks.length === 0 ? 1n : randomMask();
      const share = parseScalar(suite, signatureShare, "share_invalid", "A signature share");
      const product = Fn.mul(scalar(context.challenge), scalar(signer.interpolation));
      z = Fn.add(z, Fn.mul(mask, share));
      cLambda = Fn.add(cLambda, Fn.mul(mask, product));
      masks.push(mask);
      commitmentShares.push(Point.fromBytes(hexToBytes(signer.commitment_share)));
    }
  } catch {
    return false;
  }
  if (commitmentShares.some((point) => point.is0())) return false;
  const Y = Point.fromBytes(hexToBytes(shares[0].signer.verifying_share));
  return suite.mulAdd(z, Y, Fn.neg(cLambda)).equals(mulAddUnsafe(Point, commitmentShares, masks));
}

/** 1 to 2^128. */
function randomMask(): bigint {
  return 1n + bytesToNumberBE(crypto.getRandomValues(new Uint8Array(16)));
}

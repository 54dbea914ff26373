/**
 * Several signature shares, checked together: for random a_i, Σ a_i·z_i·G − Σ a_i·c_i·λ_i·Y_i − Σ a_i·R_i = 0 holds if every
 * z_i·G − c_i·λ_i·Y_i = R_i does, and otherwise with a probability of at most 2^−128, since the a_i are drawn after the
 * shares were fixed. Where it does not hold, one half is checked, and so on, down to those that do not verify.
 *
 * What is assumed: Y_i and R_i are sums of points that were found inside the prime-order subgroup when they came in, with
 * the key package and with the commitments. No share can change that. Should somebody exchange one in the database, on a
 * curve with a cofactor: as every a_i is 1 modulo 8, one R_i outside is found as `verifyShare` finds it. Several whose parts
 * outside cancel, or a Y_i outside, may be overlooked here, where the equation inside the subgroup holds. A signature that is
 * made of such shares is verified before it is released, and `prepareVerification` says why it is valid or names a signer.
 *
 * Bellare, Garay, Rabin: Fast Batch Verification for Modular Exponentiation and Digital Signatures (EUROCRYPT '98),
 * the small exponents test, as BIP-340 has it too:
 * https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki#batch-verification
 */
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE, hexToBytes } from "@noble/curves/utils.js";
import { parsePoint, parseScalar } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { type Ciphersuite, type Element, type Suite, suiteOf } from "./suites.ts";
import { type SignerVerification, type VerificationContext, verifyShare } from "./verification.ts";

/** A signature share, and what it is checked with. */
export interface SubmittedShare {
  readonly context: VerificationContext;
  readonly signer: SignerVerification;
  /** Ns bytes as lower-case hex; anything else does not verify. */
  readonly signatureShare: string;
}

/** A share as part of a sum. */
interface Term {
  readonly suite: Suite;
  readonly position: number;
  /** a, drawn for this share. */
  readonly mask: bigint;
  /** a·z */
  readonly z: bigint;
  /** a·c·λ */
  readonly weight: bigint;
  readonly verifyingShare: string;
  /** −R */
  readonly negated: Element;
}

/** Where so many do not verify, there is no use in halving. */
const MANY = 8;

/**
 * Why each share does not verify, in the order given; `undefined` for one that does. Says of each what
 * `verifyShare` says.
 */
export function faultsOfShares(shares: readonly SubmittedShare[]): (string | undefined)[] {
  const faults: (string | undefined)[] = shares.map(() => undefined);
  for (const { position, fault } of faultsAmong(shares)) faults[position] = fault;
  return faults;
}

/**
 * The shares that do not verify, found one after the other: the first costs no more than checking all together.
 *
 * @param oneIsBad - That one does not verify is known; that they do not verify together is not asked again.
 */
export function* faultsAmong(
  shares: readonly SubmittedShare[],
  oneIsBad = false,
): Generator<{ readonly position: number; readonly fault: string }> {
  const terms = new Map<Ciphersuite, Term[]>();
  const alone: number[] = [];
  for (const [position, share] of shares.entries()) {
    const { ciphersuite } = share.context;
    const term = termOf(suiteOf(ciphersuite), share, position);
    if (term === undefined) alone.push(position);
    else terms.set(ciphersuite, [...terms.get(ciphersuite) ?? [], term]);
  }
  let found = 0;
  const judge = function* (positions: readonly number[]) {
    for (const position of positions) {
      const fault = faultOfShare(shares[position]);
      if (fault === undefined) continue;
      found++;
      yield { position, fault };
    }
  };
  yield* judge(alone);
  const known = oneIsBad && alone.length === 0 && terms.size === 1;
  const parts = [...terms.values()].map((all) => ({ all, bad: known }));
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const { all, bad } = part;
    if (all.length === 1 || found > MANY) yield* judge(all.map(({ position }) => position));
    else if (bad || !verifyTogether(all)) {
      const [left, right] = [all.slice(0, all.length >> 1), all.slice(all.length >> 1)];
      const leftIsGood = verifyTogether(left);
      parts.push({ all: right, bad: leftIsGood });
      if (!leftIsGood) parts.push({ all: left, bad: true });
    }
  }
}

function faultOfShare({ context, signer, signatureShare }: SubmittedShare): string | undefined {
  try {
    if (!verifyShare(context, signer, signatureShare)) return "The signature share does not verify";
  } catch (error) {
    if (error instanceof FrostError) return error.message;
    throw error;
  }
}

/** Nothing for a share that stands in no sum: it is checked by itself. */
function termOf(
  suite: Suite,
  { context, signer, signatureShare }: SubmittedShare,
  position: number,
): Term | undefined {
  const { Fn } = suite;
  const scalar = (hex: string) => Fn.fromBytes(hexToBytes(hex));
  const mask = position === 0 ? 1n : randomMask();
  try {
    const z = parseScalar(suite, signatureShare, "share_invalid", "A signature share");
    const R = parsePoint(suite, signer.commitment_share, "commitment_invalid", "A commitment");
    return {
      suite,
      position,
      mask,
      z: Fn.mul(mask, z),
      weight: Fn.mul(mask, Fn.mul(scalar(context.challenge), scalar(signer.interpolation))),
      verifyingShare: signer.verifying_share,
      negated: R.negate(),
    };
  } catch {
    return undefined;
  }
}

/** Whether all verify; they are of one suite, and one at least. */
function verifyTogether(terms: readonly Term[]): boolean {
  const { Fn, Point } = terms[0].suite;
  const z = terms.reduce((sum, term) => Fn.add(sum, term.z), 0n);
  // Often all are one signer's.
  const weights = new Map<string, bigint>();
  for (const { verifyingShare, weight } of terms) {
    weights.set(verifyingShare, Fn.sub(weights.get(verifyingShare) ?? 0n, weight));
  }
  const [verifyingShares, scalars] = [[...weights.keys()], [...weights.values()]];
  const keys = verifyingShares.map((hex) => Point.fromBytes(hexToBytes(hex)));
  const [commitments, masks] = [terms.map(({ negated }) => negated), terms.map(({ mask }) => mask)];
  if (keys.length === 1) { // the base point's multiples are at hand, and the masks are short
    const sum = terms[0].suite.mulAdd(z, keys[0], scalars[0]);
    return sum.add(mulAddUnsafe(Point, commitments, masks)).is0();
  }
  return mulAddUnsafe(Point, [Point.BASE, ...keys, ...commitments], [z, ...scalars, ...masks])
    .is0();
}

/** 1 modulo 8, one of 2^128. */
function randomMask(): bigint {
  return 1n + 8n * bytesToNumberBE(crypto.getRandomValues(new Uint8Array(16)));
}

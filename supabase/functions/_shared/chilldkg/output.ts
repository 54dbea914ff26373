/** The public output of a session from the sum of all commitments (section "DKG Protocol SimplPedPop"). */
import { ChillDkgError } from "./errors.ts";
import { encodePoints, type Point } from "./group.ts";
import type { DkgOutput } from "./session.ts";
import { publicSharesOf, taprootTweak } from "./vss.ts";

/** Points before they are encoded, and the tweak that the secret shares need too. */
export interface PublicPoints {
  readonly tweak: bigint;
  readonly thresholdPublicKey: Point;
  readonly publicShares: readonly Point[];
}

/** @throws {ChillDkgError} `invalid_input` as `taprootTweak`. */
export function publicPointsOf(sumOfCommitments: readonly Point[], count: number): PublicPoints {
  const { tweak, tweaked } = taprootTweak(sumOfCommitments);
  return {
    tweak,
    thresholdPublicKey: tweaked[0],
    publicShares: publicSharesOf(tweaked, count),
  };
}

/**
 * @throws {ChillDkgError} `invalid_input` if the key or a share is infinity, which only a participant
 * with commitments of unknown secrets can cause. Then no session with it can succeed.
 */
export function outputOf({ thresholdPublicKey, publicShares }: PublicPoints): DkgOutput {
  const points = [thresholdPublicKey, ...publicShares];
  if (points.some((point) => point.is0())) {
    throw new ChillDkgError(
      "invalid_input",
      "The threshold public key and the public shares must not be infinity",
    );
  }
  const [key, ...shares] = encodePoints(points);
  return { thresholdPublicKey: key, publicShares: shares };
}

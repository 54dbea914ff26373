import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { TAPROOT_CIPHERSUITE } from "../functions/_shared/frost/suites.ts";
import {
  aggregate,
  prepareVerification,
  verifyShare,
} from "../functions/_shared/frost/verification.ts";
import { faultsOfShares } from "../functions/_shared/frost/several_shares.ts";
import {
  seededBytes,
  simulateKey,
  simulateRoundOne,
  simulateSession,
  simulateShare,
} from "../tests/support/vectors/simulated_session.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { interleave, median } from "./statistics.ts";

const SIGNERS = [2, 5, 34, 67];
/** Shares that one signer sends in one call: of a 2-of-3 and a 3-of-5 session in one tap, and of batches. */
const TOGETHER = [2, 6, 32, 256];
/** Long enough for the clock, short enough for both to see the same machine. */
const CHECKS_A_ROUND = 20;
const WARM_UP_ROUNDS = 10;

/** Checking one signature share, against one BIP-340 verification by the same library. */
export const shareCheck: Part = {
  name: "share-check",
  title: "one share check ÷ one BIP-340 verification by noble",

  async run(bench: Bench): Promise<Figure[]> {
    const rounds = bench.quick ? 20 : 60;
    bench.note(
      `medians of ${rounds} rounds of ${CHECKS_A_ROUND} each, in turns; thresholds n of n`,
    );
    const figures: Figure[] = [];
    for (const count of SIGNERS) {
      bench.progress(`${count} signers`);
      figures.push(...await measure(count, rounds, `${bench.seed}:${count}`));
    }
    for (const count of TOGETHER) {
      bench.progress(`${count} shares together`);
      figures.push(await measureTogether(count, rounds, `${bench.seed}:together:${count}`));
    }
    return figures;
  },
};

async function measure(count: number, rounds: number, seed: string): Promise<Figure[]> {
  const { key, roundOne, message, shares } = simulateSession(
    TAPROOT_CIPHERSUITE,
    count,
    count,
    seed,
  );
  const prepared = performance.now();
  const verification = prepareVerification(roundOne.inputs);
  const preparation = performance.now() - prepared;
  // As the database keeps it and the function gets it.
  const { signers, ...context }: typeof verification = JSON.parse(JSON.stringify(verification));
  const signature = hexToBytes(aggregate(context, shares));
  const bytes = hexToBytes(message);
  const groupKey = hexToBytes(key.inputs.groupPublicKey).subarray(1);
  const order = seededBytes(`${seed}:order`);

  const pairs = await interleave(WARM_UP_ROUNDS + rounds, () => {
    const lots = order(CHECKS_A_ROUND);
    return duration(lots, (lot) => {
      const signer = signers[lot % signers.length];
      return verifyShare(context, signer, shares[signer.participant]);
    });
  }, () => duration(order(CHECKS_A_ROUND), () => schnorr.verify(signature, bytes, groupKey)));

  const measured = pairs.slice(WARM_UP_ROUNDS);
  const each = (times: readonly number[]) => median(times) / CHECKS_A_ROUND;
  return [
    {
      name: `${count} signers, ratio`,
      value: median(measured.map(({ a, b }) => a / b)),
      unit: "×",
      atMost: 1.1,
    },
    { name: "  a share check", value: each(measured.map(({ a }) => a)), unit: "ms" },
    { name: "  a BIP-340 verification", value: each(measured.map(({ b }) => b)), unit: "ms" },
    { name: "  preparing the session's checks, once", value: preparation, unit: "ms" },
  ];
}

/** Shares of one signer for as many messages, checked together, against a BIP-340 verification for each. */
async function measureTogether(count: number, rounds: number, seed: string): Promise<Figure> {
  const key = simulateKey(TAPROOT_CIPHERSUITE, 2, 2, seed);
  const groupKey = hexToBytes(key.inputs.groupPublicKey).subarray(1);
  const made = Array.from({ length: count }, (_, i) => {
    const message = bytesToHex(seededBytes(`${seed}:message:${i}`)(32));
    const roundOne = simulateRoundOne(key, 2, message, `${seed}:${i}`);
    const shares = roundOne.guardians.map((guardian) =>
      [guardian.participant, simulateShare(key, roundOne, guardian)] as const
    );
    const { signers: [signer], ...context } = prepareVerification(roundOne.inputs);
    const byName = Object.fromEntries(shares);
    return {
      share: { context, signer, signatureShare: byName[signer.participant] },
      signature: hexToBytes(aggregate(context, byName)),
      bytes: hexToBytes(message),
    };
  });
  const shares = made.map(({ share }) => share);
  const pairs = await interleave(WARM_UP_ROUNDS + rounds, () => {
    const started = performance.now();
    if (faultsOfShares(shares).some((fault) => fault !== undefined)) throw new Error("Refused");
    return performance.now() - started;
  }, () => {
    const started = performance.now();
    for (const { signature, bytes } of made) schnorr.verify(signature, bytes, groupKey);
    return performance.now() - started;
  });
  return {
    name: `${count} shares together, each`,
    value: median(pairs.slice(WARM_UP_ROUNDS).map(({ a, b }) => a / b)),
    unit: "×",
    atMost: 0.6,
  };
}

/** Milliseconds for as many as there are lots. All of them must be accepted. */
function duration(lots: Uint8Array, check: (lot: number) => boolean): number {
  const started = performance.now();
  for (const lot of lots) if (!check(lot)) throw new Error("A valid one was refused.");
  return performance.now() - started;
}

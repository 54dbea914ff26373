import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { TAPROOT_CIPHERSUITE } from "../functions/_shared/frost/suites.ts";
import {
  aggregate,
  prepareVerification,
  verifyShare,
} from "../functions/_shared/frost/verification.ts";
import { seededBytes, simulateSession } from "../tests/support/vectors/simulated_session.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { interleave, median } from "./statistics.ts";

const SIGNERS = [2, 5, 34, 67];
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
      atMost: 1.3,
    },
    { name: "  a share check", value: each(measured.map(({ a }) => a)), unit: "ms" },
    { name: "  a BIP-340 verification", value: each(measured.map(({ b }) => b)), unit: "ms" },
    { name: "  preparing the session's checks, once", value: preparation, unit: "ms" },
  ];
}

/** Milliseconds for as many as there are lots. All of them must be accepted. */
function duration(lots: Uint8Array, check: (lot: number) => boolean): number {
  const started = performance.now();
  for (const lot of lots) if (!check(lot)) throw new Error("A valid one was refused.");
  return performance.now() - started;
}

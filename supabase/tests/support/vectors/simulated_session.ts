/**
 * Whole signing sessions played in one process from a printed seed, with noble in the guardians' part.
 * For tests and measurements: the randomness is anybody's to repeat.
 */
import type { FrostSecret, GenNonce } from "@noble/curves/abstract/frost.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { KeyPackageInputs } from "../../../functions/_shared/frost/key_package.ts";
import { type Ciphersuite, suiteOf, TAPROOT_CIPHERSUITE } from "../../../functions/_shared/frost/suites.ts";
import type { SigningInputs } from "../../../functions/_shared/frost/verification.ts";

/** A source of bytes that says the same again for the same seed: SHA-256 of seed and counter. */
export function seededBytes(seed: string): (length?: number) => Uint8Array<ArrayBuffer> {
  let counter = 0;
  return (length = 32) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = sha256(new TextEncoder().encode(`${seed}:${counter++}`));
      bytes.set(block.subarray(0, length - at), at);
    }
    return bytes;
  };
}

/** A new seed, printed so that a failure can be repeated with `PERMAFROST_SEED`. */
export function printedSeed(test: string): string {
  const seed = Deno.env.get("PERMAFROST_SEED") ?? bytesToHex(crypto.getRandomValues(new Uint8Array(8)));
  console.log(`PERMAFROST_SEED=${seed} (${test})`);
  return seed;
}

/** A key dealt by noble, in our form and in noble's. */
export function simulateKey(ciphersuite: Ciphersuite, threshold: number, count: number, seed: string) {
  const { frost } = suiteOf(ciphersuite);
  const dealt = frost.trustedDealer(
    { min: threshold, max: count },
    undefined,
    undefined,
    seededBytes(`${seed}:key`),
  );
  const ids = Array.from({ length: count }, (_, i) => frost.Identifier.fromNumber(i + 1));
  const inputs = {
    ciphersuite,
    threshold,
    participants: ids.map((_, i) => `guardian${i + 1}`),
    groupPublicKey: bytesToHex(dealt.public.commitments[0]),
    verifyingShares: ids.map((id) => bytesToHex(dealt.public.verifyingShares[id])),
    vssCommitment: dealt.public.commitments.map((point) => bytesToHex(point)),
  } satisfies KeyPackageInputs;
  return { inputs, dealt, ids };
}

export type SimulatedKey = ReturnType<typeof simulateKey>;

/** Round one by `count` of the key's guardians, chosen by the seed, for a message. */
export function simulateRoundOne(key: SimulatedKey, count: number, message: string, seed: string) {
  const { inputs: { ciphersuite, participants, groupPublicKey, verifyingShares } } = key;
  const { frost } = suiteOf(ciphersuite);
  const random = seededBytes(`${seed}:round one`);
  const lots = participants.map((_, i) => ({ i, lot: bytesToHex(random(8)) }));
  lots.sort((a, b) => a.lot < b.lot ? -1 : 1);
  const chosen = lots.slice(0, count).map(({ i }) => i).sort((a, b) => a - b);
  const guardians = chosen.map((i) => {
    const secret = key.dealt.secretShares[key.ids[i]];
    return { participant: participants[i], secret, drawn: frost.commit(secret, random) };
  });
  const inputs = {
    keyPackage: {
      ciphersuite,
      participants,
      group_public_key: groupPublicKey,
      verifying_shares: verifyingShares,
    },
    signers: guardians.map(({ participant }) => participant),
    commitments: Object.fromEntries(guardians.map(({ participant, drawn: { commitments } }) => [
      participant,
      bytesToHex(commitments.hiding) + bytesToHex(commitments.binding),
    ])),
    message,
  } satisfies SigningInputs;
  return { inputs, guardians, commitmentList: guardians.map(({ drawn }) => drawn.commitments) };
}

export type SimulatedRoundOne = ReturnType<typeof simulateRoundOne>;

/** noble's signature share of one guardian; consumes its nonces. */
export function simulateShare(
  key: SimulatedKey,
  { inputs, commitmentList }: SimulatedRoundOne,
  { secret, drawn }: { readonly secret: FrostSecret; readonly drawn: GenNonce },
): string {
  const { frost } = suiteOf(key.inputs.ciphersuite);
  return bytesToHex(
    frost.signShare(
      secret,
      key.dealt.public,
      drawn.nonces,
      commitmentList,
      hexToBytes(inputs.message),
    ),
  );
}

/** A session with the shares of all its signers, `threshold` of the key's guardians, from a seed. */
export function simulateSession(ciphersuite: Ciphersuite, threshold: number, count: number, seed: string) {
  const key = simulateKey(ciphersuite, threshold, count, seed);
  const length = ciphersuite === TAPROOT_CIPHERSUITE ? 32 : 1 + seededBytes(`${seed}:length`)(1)[0];
  const message = bytesToHex(seededBytes(`${seed}:message`)(length));
  const roundOne = simulateRoundOne(key, threshold, message, seed);
  const shares = Object.fromEntries(
    roundOne.guardians.map((g) => [g.participant, simulateShare(key, roundOne, g)]),
  );
  return { key, roundOne, message, shares };
}

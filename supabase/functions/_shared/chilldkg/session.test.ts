/** Whole sessions from a printed seed: what they give. */
import assert from "node:assert/strict";
import { bytesToHex } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import {
  beginSession,
  blameOf,
  changed,
  completeSession,
} from "../../../tests/support/vectors/chilldkg/simulated_dkg.ts";
import { interpolationCoefficients } from "../frost/polynomial.ts";
import {
  coordinatorStep1,
  verifyParticipantMessage1,
  verifyParticipantMessage2,
} from "./coordinator.ts";
import { Fn, publicPointOf } from "./group.ts";
import { participantStep1, participantStep2 } from "./participant.ts";
import { recover } from "./recovery.ts";
import { paramsHash } from "./session.ts";

const number = (bytes: Uint8Array | undefined) =>
  BigInt(`0x${bytesToHex(bytes ?? Uint8Array.of())}`);

Deno.test("five random sessions: any threshold of shares gives the key, and everybody has the same", () => {
  const random = Random.printed("sessions");
  for (let session = 0; session < 5; session++) {
    const count = 1 + random.below(7);
    const threshold = 1 + random.below(count);
    const what = `session ${session}: ${threshold} of ${count}`;
    const { keys, params, pmsgs1, state, pmsgs2, coordinator, ends } = completeSession(
      random,
      count,
      threshold,
    );
    const { thresholdPublicKey, publicShares } = coordinator.output;
    assert.equal(coordinator.output.secretShare, undefined, what);
    for (const [i, { output, recoveryData }] of ends.entries()) {
      assert.deepEqual(recoveryData, coordinator.recoveryData, what);
      const { secretShare, ...publicOutput } = output;
      assert.deepEqual(publicOutput, coordinator.output, what);
      assert.deepEqual(publicPointOf(number(secretShare)).toBytes(), publicShares[i], what);
      assert.deepEqual(recover(keys[i], recoveryData), { output, params }, what);
      verifyParticipantMessage1(pmsgs1[i], params, i);
      verifyParticipantMessage2(pmsgs2[i], state, i);
    }
    assert.deepEqual(recover(null, coordinator.recoveryData), {
      output: coordinator.output,
      params,
    });
    const signers = random.shuffled(ends.map((_, i) => i)).slice(0, threshold);
    const weights = interpolationCoefficients(Fn, signers.map((i) => i + 1));
    const secret = signers.reduce(
      (sum, i, at) => Fn.add(sum, Fn.mul(weights[at], number(ends[i].output.secretShare))),
      0n,
    );
    assert.deepEqual(publicPointOf(secret).toBytes(), thresholdPublicKey, what);
    // Fewer shares give another key, or the polynomial would have a lower degree.
    if (threshold > 1) {
      const fewer = interpolationCoefficients(Fn, signers.slice(1).map((i) => i + 1));
      const wrong = signers.slice(1).reduce(
        (sum, i, at) => Fn.add(sum, Fn.mul(fewer[at], number(ends[i].output.secretShare))),
        0n,
      );
      assert.notDeepEqual(publicPointOf(wrong).toBytes(), thresholdPublicKey, what);
    }
  }
});

Deno.test("participantStep1() says the same again, and something else for other randomness or parameters", () => {
  const random = Random.printed("determinism");
  const { keys, params, randoms, steps } = beginSession(random, 3, 2);
  assert.deepEqual(participantStep1(keys[0], params, randoms[0]), steps[0]);
  const others = [
    participantStep1(keys[0], params, randoms[1]),
    participantStep1(keys[0], { ...params, threshold: 3 }, randoms[0]),
  ];
  for (const { state } of others) {
    assert.notDeepEqual(state.publicNonce, steps[0].state.publicNonce);
    assert.notDeepEqual(state.secretCommitment, steps[0].state.secretCommitment);
  }
  assert.notDeepEqual(paramsHash(params), paramsHash({ ...params, threshold: 3 }));
});

Deno.test("participantStep2() checks all proofs but its own, as the draft does", () => {
  const random = Random.printed("own proof");
  const { bytes, keys, params, steps, pmsgs1 } = beginSession(random, 3, 2);
  const { message } = coordinatorStep1(pmsgs1, params);
  const proofsAt = 33 * 4;
  for (const i of keys.keys()) {
    const bad = changed(message, proofsAt + 64 * i + 63);
    participantStep2(keys[i], steps[i].state, bad, bytes());
    for (const other of keys.keys()) {
      if (other === i) continue;
      assert.deepEqual(
        blameOf(() => participantStep2(keys[other], steps[other].state, bad, bytes())),
        { kind: "faulty_participant_or_coordinator", participant: i },
      );
    }
  }
});

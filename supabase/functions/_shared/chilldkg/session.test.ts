/** Whole sessions from a printed seed: what they give, and whom they blame. */
import assert from "node:assert/strict";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import { interpolationCoefficients } from "../frost/polynomial.ts";
import {
  coordinatorFinalize,
  coordinatorInvestigate,
  coordinatorStep1,
  parseParticipantMessage1,
  verifyParticipantMessage1,
  verifyParticipantMessage2,
} from "./coordinator.ts";
import { ChillDkgError } from "./errors.ts";
import { decodePoint, Fn, Point, publicPointOf } from "./group.ts";
import {
  participantFinalize,
  participantInvestigate,
  participantStep1,
  participantStep2,
} from "./participant.ts";
import {
  recover,
  signRecoveryAcknowledgment,
  verifyRecoveryAcknowledgment,
  verifyRecoveryAcknowledgments,
} from "./recovery.ts";
import { hostPublicKeyOf, paramsHash } from "./session.ts";

/** All participants up to the end of step 1. */
function begin(random: Random, count: number, threshold: number) {
  const bytes = () => hexToBytes(random.hex(32));
  const keys = Array.from({ length: count }, bytes);
  const params = { hostPublicKeys: keys.map(hostPublicKeyOf), threshold };
  const randoms = keys.map(bytes);
  const steps = keys.map((key, i) => participantStep1(key, params, randoms[i]));
  return { bytes, keys, params, randoms, steps, pmsgs1: steps.map(({ message }) => message) };
}

function complete(random: Random, count: number, threshold: number) {
  const session = begin(random, count, threshold);
  const { bytes, keys, params, steps, pmsgs1 } = session;
  const { state, message } = coordinatorStep1(pmsgs1, params);
  const signed = keys.map((key, i) => participantStep2(key, steps[i].state, message, bytes()));
  const pmsgs2 = signed.map((step) => step.message);
  const coordinator = coordinatorFinalize(state, pmsgs2);
  const ends = signed.map((step) => participantFinalize(step.state, coordinator.message));
  return { ...session, state, pmsgs2, coordinator, ends };
}

/** A copy with one bit of one byte changed. */
function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}

function errorOf(run: () => unknown): ChillDkgError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ChillDkgError, `not a ChillDkgError: ${error}`);
    return error;
  }
  return assert.fail("nothing was thrown");
}

function blameOf(run: () => unknown) {
  const { kind, participant } = errorOf(run);
  return { kind, participant };
}

const number = (bytes: Uint8Array | undefined) =>
  BigInt(`0x${bytesToHex(bytes ?? Uint8Array.of())}`);

Deno.test("five random sessions: any threshold of shares gives the key, and everybody has the same", () => {
  const random = Random.printed("sessions");
  for (let session = 0; session < 5; session++) {
    const count = 1 + random.below(7);
    const threshold = 1 + random.below(count);
    const what = `session ${session}: ${threshold} of ${count}`;
    const { keys, params, pmsgs1, state, pmsgs2, coordinator, ends } = complete(
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

Deno.test("a bad share is blamed on its sender, whoever gets it", () => {
  const random = Random.printed("bad shares");
  for (let session = 0; session < 5; session++) {
    const count = 2 + random.below(4);
    const threshold = 1 + random.below(count);
    const { bytes, keys, params, steps, pmsgs1 } = begin(random, count, threshold);
    const sender = random.below(count);
    const recipient = (sender + 1 + random.below(count - 1)) % count;
    // The last byte of the recipient's encrypted share.
    const at = pmsgs1[sender].length - 32 * (count - recipient) + 31;
    const sent = pmsgs1.with(sender, changed(pmsgs1[sender], at));
    verifyParticipantMessage1(sent[sender], params, sender);
    const { message } = coordinatorStep1(sent, params);
    const cinvs = coordinatorInvestigate(sent, params);
    for (const [i, key] of keys.entries()) {
      const step2 = () => participantStep2(key, steps[i].state, message, bytes());
      if (i !== recipient) {
        step2();
        continue;
      }
      const error = errorOf(step2);
      assert.equal(error.kind, "unknown_faulty");
      assert.deepEqual(blameOf(() => participantInvestigate(error, cinvs[i])), {
        kind: "faulty_participant_or_coordinator",
        participant: sender,
      });
    }
  }
});

Deno.test("a bad commitment is blamed on its sender by all others", () => {
  const random = Random.printed("bad commitments");
  const { bytes, keys, params, steps, pmsgs1 } = begin(random, 4, 3);
  const bad = concatBytes(
    pmsgs1[1].subarray(0, 33),
    Point.BASE.toBytes(),
    pmsgs1[1].subarray(66),
  );
  const sent = pmsgs1.with(1, bad);
  const { message } = coordinatorStep1(sent, params);
  const cinvs = coordinatorInvestigate(sent, params);
  for (const i of [0, 2, 3]) {
    const error = errorOf(() => participantStep2(keys[i], steps[i].state, message, bytes()));
    assert.equal(error.kind, "unknown_faulty");
    assert.deepEqual(blameOf(() => participantInvestigate(error, cinvs[i])), {
      kind: "faulty_participant_or_coordinator",
      participant: 1,
    });
  }
});

Deno.test("participantInvestigate() wants an error of step 2, and a message that shows a fault", () => {
  const random = Random.printed("investigations");
  const { keys, params, steps, pmsgs1, bytes } = begin(random, 2, 2);
  const cinv = coordinatorInvestigate(pmsgs1, params)[0];
  const plain = new ChillDkgError("faulty_coordinator", "Another");
  for (const error of [plain, new Error(), undefined]) {
    assert.deepEqual(blameOf(() => participantInvestigate(error, cinv)).kind, "invalid_input");
  }
  const sent = pmsgs1.with(1, changed(pmsgs1[1], pmsgs1[1].length - 33));
  const { message } = coordinatorStep1(sent, params);
  const error = errorOf(() => participantStep2(keys[0], steps[0].state, message, bytes()));
  assert.equal(
    blameOf(() => participantInvestigate(error, cinv.subarray(1))).kind,
    "invalid_input",
  );
  assert.equal(
    blameOf(() =>
      participantInvestigate(error, concatBytes(cinv.subarray(0, -1), Uint8Array.of(0)))
    )
      .kind,
    "faulty_coordinator",
  );
  // What a runtime prints of an error, and what a log may keep, must not hold the pads.
  assert.ok(error.investigation);
  assert.doesNotMatch(Deno.inspect(error, { depth: 9 }), /pads|investigation:|encryptedShare/);
  assert.doesNotMatch(JSON.stringify(error), /pads|investigation/);
});

Deno.test("participantStep1() says the same again, and something else for other randomness or parameters", () => {
  const random = Random.printed("determinism");
  const { keys, params, randoms, steps } = begin(random, 3, 2);
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

Deno.test("verifyParticipantMessage1() blames a participant for each part that it can check", () => {
  const random = Random.printed("first messages");
  const { params, pmsgs1: [first, second] } = begin(random, 3, 2);
  const replaced = (at: number, part: Uint8Array) => {
    const copy = first.slice();
    copy.set(part, at);
    return copy;
  };
  const proofAt = 66;
  const nonceAt = 66 + 64;
  const sharesAt = nonceAt + 33;
  const none = new Uint8Array(33);
  const bad: Record<string, Uint8Array> = {
    "no point in the commitment": replaced(33, new Uint8Array(33).fill(5)),
    "no secret": replaced(0, none),
    "another's secret": replaced(0, second.subarray(0, 33)),
    "the first half of the proof": changed(first, proofAt + 31),
    "the second half of the proof": changed(first, proofAt + 63),
    "a proof above the order": replaced(proofAt + 32, new Uint8Array(32).fill(255)),
    "no nonce": replaced(nonceAt, none),
    "a share above the order": replaced(sharesAt, new Uint8Array(32).fill(255)),
  };
  for (const [what, message] of Object.entries(bad)) {
    assert.deepEqual(
      blameOf(() => verifyParticipantMessage1(message, params, 0)),
      { kind: "faulty_participant", participant: 0 },
      what,
    );
  }
  // The proof holds the number of its participant.
  assert.deepEqual(blameOf(() => verifyParticipantMessage1(first, params, 1)), {
    kind: "faulty_participant",
    participant: 1,
  });
  // A coefficient other than the first may be zero.
  verifyParticipantMessage1(replaced(33, none), params, 0);
  for (const participant of [-1, 3, 0.5]) {
    assert.equal(
      blameOf(() => verifyParticipantMessage1(first, params, participant)).kind,
      "invalid_input",
    );
  }
  for (const message of [first.subarray(1), concatBytes(first, Uint8Array.of(0))]) {
    assert.equal(
      blameOf(() => verifyParticipantMessage1(message, params, 0)).kind,
      "invalid_input",
    );
    assert.equal(blameOf(() => parseParticipantMessage1(message, params)).kind, "invalid_input");
  }
  assert.equal(
    blameOf(() => parseParticipantMessage1(bad["no point in the commitment"], params)).kind,
    "invalid_input",
  );
  assert.equal(parseParticipantMessage1(first, params).encryptedShares.length, 3);
});

Deno.test("coordinatorStep1() refuses commitments that cancel each other", () => {
  const random = Random.printed("cancelled commitments");
  const { params, pmsgs1 } = begin(random, 2, 2);
  const point = (bytes: Uint8Array) => decodePoint(bytes) ?? assert.fail("no point");
  const secret = pmsgs1[1].slice();
  secret.set(point(pmsgs1[0].slice(0, 33)).negate().toBytes());
  assert.equal(blameOf(() => coordinatorStep1([pmsgs1[0], secret], params)).kind, "invalid_input");
  // The tweak depends on the first commitments alone, so the second ones may cancel a share.
  const { output } = coordinatorStep1(pmsgs1, params).state;
  const share = point(output.publicShares[0]);
  const cancelling = pmsgs1[1].slice();
  const own = point(pmsgs1[1].slice(33, 66));
  cancelling.set(own.subtract(share).toBytes(), 33);
  assert.equal(
    blameOf(() => coordinatorStep1([pmsgs1[0], cancelling], params)).kind,
    "invalid_input",
  );
});

Deno.test("verifyParticipantMessage2() blames whoever signed something else", () => {
  const random = Random.printed("second messages");
  const { state, pmsgs2 } = complete(random, 3, 2);
  for (const message of [pmsgs2[1], changed(pmsgs2[0], 0), changed(pmsgs2[0], 63)]) {
    assert.deepEqual(blameOf(() => verifyParticipantMessage2(message, state, 0)), {
      kind: "faulty_participant",
      participant: 0,
    });
  }
  for (const [message, participant] of [[pmsgs2[0].subarray(1), 0], [pmsgs2[0], 3]] as const) {
    assert.equal(
      blameOf(() => verifyParticipantMessage2(message, state, participant)).kind,
      "invalid_input",
    );
  }
});

Deno.test("acknowledgments are of one participant, one session and these parameters", () => {
  const random = Random.printed("acknowledgments");
  const { bytes, keys, params, coordinator: { recoveryData } } = complete(random, 3, 2);
  const signatures = keys.map((key) =>
    signRecoveryAcknowledgment(key, recoveryData, params, bytes())
  );
  verifyRecoveryAcknowledgments(recoveryData, params, signatures);
  for (const [signer, signature] of signatures.entries()) {
    for (const i of keys.keys()) {
      assert.equal(verifyRecoveryAcknowledgment(recoveryData, params, i, signature), i === signer);
    }
  }
  const swapped = [signatures[0], signatures[2], signatures[1]];
  assert.deepEqual(blameOf(() => verifyRecoveryAcknowledgments(recoveryData, params, swapped)), {
    kind: "recovery_acknowledgment",
    participant: 1,
  });
  const other = { ...params, threshold: 3 };
  const refusals: Record<string, () => unknown> = {
    recovery_data: () => verifyRecoveryAcknowledgments(recoveryData, other, signatures),
    invalid_input: () => verifyRecoveryAcknowledgments(recoveryData, params, signatures.slice(1)),
    host_secret_key: () => signRecoveryAcknowledgment(bytes(), recoveryData, params, bytes()),
    threshold_or_count: () =>
      verifyRecoveryAcknowledgment(recoveryData, { ...params, threshold: 0 }, 0, signatures[0]),
  };
  for (const [kind, run] of Object.entries(refusals)) assert.equal(blameOf(run).kind, kind);
  for (
    const run of [
      () => signRecoveryAcknowledgment(keys[0], recoveryData, other, bytes()),
      () => signRecoveryAcknowledgment(keys[0], recoveryData.subarray(1), params, bytes()),
      () => verifyRecoveryAcknowledgment(recoveryData.subarray(0, 3), params, 0, signatures[0]),
    ]
  ) assert.equal(blameOf(run).kind, "recovery_data");
});

Deno.test("recover() refuses recovery data with any byte changed", () => {
  const random = Random.printed("recovery data");
  const { coordinator: { recoveryData } } = complete(random, 2, 2);
  for (let at = 0; at < recoveryData.length; at += 1 + random.below(8)) {
    assert.equal(
      blameOf(() => recover(null, changed(recoveryData, at))).kind,
      "recovery_data",
      `byte ${at}`,
    );
  }
});

/** Whom an investigation blames. */
import assert from "node:assert/strict";
import { concatBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import {
  beginSession,
  blameOf,
  changed,
  errorOf,
} from "../../../tests/support/vectors/chilldkg/simulated_dkg.ts";
import {
  coordinatorInvestigate,
  coordinatorStep1,
  verifyParticipantMessage1,
} from "./coordinator.ts";
import { ChillDkgError } from "./errors.ts";
import { Point } from "./group.ts";
import { UnknownFaultyError } from "./investigation.ts";
import { participantInvestigate, participantStep2 } from "./participant.ts";

Deno.test("a bad share is blamed on its sender, whoever gets it", () => {
  const random = Random.printed("bad shares");
  for (let session = 0; session < 5; session++) {
    const count = 2 + random.below(4);
    const threshold = 1 + random.below(count);
    const { bytes, keys, params, steps, pmsgs1 } = beginSession(random, count, threshold);
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
  const { bytes, keys, params, steps, pmsgs1 } = beginSession(random, 4, 3);
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

Deno.test("participantInvestigate() wants an error of step 2 and a well-formed message", () => {
  const random = Random.printed("investigations");
  const { keys, params, steps, pmsgs1, bytes } = beginSession(random, 2, 2);
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
  const noPoint = new Uint8Array(33).fill(5);
  const noScalar = new Uint8Array(32).fill(255);
  const malformed = [
    concatBytes(cinv.subarray(0, -33), noPoint),
    concatBytes(noScalar, cinv.subarray(32)),
  ];
  for (const message of malformed) {
    assert.equal(
      blameOf(() => participantInvestigate(error, message)).kind,
      "faulty_coordinator",
    );
  }
  // What a runtime prints of an error, and what a log may keep, must not hold the pads.
  assert.ok(error instanceof UnknownFaultyError && error.investigation);
  assert.doesNotMatch(Deno.inspect(error, { depth: 9 }), /pads|investigation:|encryptedShare/);
  assert.doesNotMatch(JSON.stringify(error), /pads|investigation/);
});

Deno.test("a malformed message of the coordinator is blamed on it", () => {
  const random = Random.printed("malformed messages");
  const { bytes, keys, params, steps, pmsgs1 } = beginSession(random, 2, 2);
  const { message } = coordinatorStep1(pmsgs1, params);
  const noPoint = new Uint8Array(33).fill(5);
  const noScalar = new Uint8Array(32).fill(255);
  const malformed = {
    "a commitment to a secret": concatBytes(noPoint, message.subarray(33)),
    "a sum of commitments": concatBytes(
      message.subarray(0, 66),
      noPoint,
      message.subarray(99),
    ),
    "an encrypted share": concatBytes(message.subarray(0, -32), noScalar),
  };
  for (const [what, bad] of Object.entries(malformed)) {
    const { kind } = errorOf(() => participantStep2(keys[0], steps[0].state, bad, bytes()));
    assert.equal(kind, "faulty_coordinator", what);
  }
});

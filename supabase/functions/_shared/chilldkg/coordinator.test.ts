import assert from "node:assert/strict";
import { concatBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import {
  beginSession,
  blameOf,
  changed,
  completeSession,
} from "../../../tests/support/vectors/chilldkg/simulated_dkg.ts";
import {
  coordinatorStep1,
  parseParticipantMessage1,
  verifyParticipantMessage1,
  verifyParticipantMessage2,
} from "./coordinator.ts";
import { decodePoint } from "./group.ts";

Deno.test("verifyParticipantMessage1() blames a participant for each part that it can check", () => {
  const random = Random.printed("first messages");
  const { params, pmsgs1: [first, second] } = beginSession(random, 3, 2);
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
  const { params, pmsgs1 } = beginSession(random, 2, 2);
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
  const { state, pmsgs2 } = completeSession(random, 3, 2);
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

Deno.test("parseParticipantMessage1() keeps nothing of the bytes that the caller may change", () => {
  const { params, pmsgs1: [message] } = beginSession(Random.printed("copies"), 2, 1);
  const bytes = message.slice();
  const parsed = parseParticipantMessage1(bytes, params);
  bytes.fill(0);
  assert.deepEqual(parsed, parseParticipantMessage1(message, params));
});

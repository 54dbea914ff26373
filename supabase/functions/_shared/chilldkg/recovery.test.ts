import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import recoverVectors from "../../../tests/support/vectors/chilldkg/recover_vectors.json" with {
  type: "json",
};
import {
  blameOf,
  changed,
  completeSession,
} from "../../../tests/support/vectors/chilldkg/simulated_dkg.ts";
import {
  recover,
  signRecoveryAcknowledgment,
  verifyRecoveryAcknowledgment,
  verifyRecoveryAcknowledgments,
} from "./recovery.ts";

Deno.test("signRecoveryAcknowledgment() signs as the draft's reference implementation at a918968 does", () => {
  const [{ hostseckey, recoveryData }] = recoverVectors.validTestCases;
  const data = hexToBytes(recoveryData.toLowerCase());
  const { params } = recover(null, data);
  const key = hexToBytes((hostseckey ?? "").toLowerCase());
  assert.equal(
    bytesToHex(signRecoveryAcknowledgment(key, data, params, new Uint8Array(32).fill(7))),
    "79c1b0f98c222b192b2ff9d99f58a05e84e72112fa83d7c522b5d523d8e681ca" +
      "75ae0caee7b9cec947a28d8b0619fab7a037f54c3bf89552d5a416f06079c46b",
  );
});

Deno.test("acknowledgments are of one participant, one session and these parameters", () => {
  const random = Random.printed("acknowledgments");
  const { bytes, keys, params, coordinator: { recoveryData } } = completeSession(random, 3, 2);
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
  const { coordinator: { recoveryData } } = completeSession(random, 2, 2);
  for (let at = 0; at < recoveryData.length; at += 1 + random.below(8)) {
    assert.equal(
      blameOf(() => recover(null, changed(recoveryData, at))).kind,
      "recovery_data",
      `byte ${at}`,
    );
  }
});

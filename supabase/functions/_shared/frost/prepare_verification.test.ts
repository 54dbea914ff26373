import assert from "node:assert/strict";
import { simulateSession } from "../../../tests/support/vectors/simulated_session.ts";
import { FrostError, type FrostErrorCode } from "./error.ts";
import { groupCommitment } from "./group_commitment.ts";
import { CIPHERSUITES, type Element, suiteOf, TAPROOT_CIPHERSUITE } from "./suites.ts";
import { prepareVerification } from "./verification.ts";

const refusal = (code: FrostErrorCode) => (error: unknown) =>
  error instanceof FrostError && error.code === code;

Deno.test("prepareVerification() takes signers of the package, in its order, each once", () => {
  const { roundOne: { inputs } } = simulateSession(TAPROOT_CIPHERSUITE, 3, 5, "fixed");
  const [a, b, c] = inputs.signers;
  for (const signers of [[], [b, a, c], [a, a, b], [a, b, "guardian6"], [a, b, "toString"]]) {
    assert.throws(
      () => prepareVerification({ ...inputs, signers }),
      refusal("participants_invalid"),
      `${signers}`,
    );
  }
});

Deno.test("prepareVerification() refuses a missing or an invalid commitment, and names its signer", () => {
  const { roundOne: { inputs } } = simulateSession(TAPROOT_CIPHERSUITE, 2, 3, "fixed");
  const [a, b] = inputs.signers;
  const own = inputs.commitments[a];
  const noPoint = "02" + "00".repeat(32);
  for (
    const commitment of [
      "",
      own.slice(0, 66),
      own.slice(0, 66) + noPoint,
      noPoint + own.slice(66),
      own.toUpperCase(),
      own + own,
    ]
  ) {
    assert.throws(
      () =>
        prepareVerification({ ...inputs, commitments: { ...inputs.commitments, [a]: commitment } }),
      (error) =>
        refusal("commitment_invalid")(error) && String(error).includes(`commitment of ${a} `),
      commitment,
    );
  }
  const { [b]: _, ...missing } = inputs.commitments;
  assert.throws(
    () => prepareVerification({ ...inputs, commitments: missing }),
    refusal("commitment_invalid"),
  );
});

Deno.test("groupCommitment() refuses commitments that cancel each other out", () => {
  // Nobody can aim at that: the binding factors depend on all commitments. So the identity stands for it.
  const suite = suiteOf("FROST-ED25519-SHA512-v1");
  const { BASE, ZERO } = suite.Point;
  const signer = (identifier: number, hiding: Element) => ({
    identifier,
    commitment: { hiding, binding: ZERO },
  });
  const sum = (...signers: ReturnType<typeof signer>[]) => () =>
    groupCommitment(suite, BASE, signers, new Uint8Array(32));
  assert.throws(sum(signer(1, BASE), signer(2, ZERO)), refusal("commitment_invalid"));
  assert.throws(sum(signer(1, BASE), signer(2, BASE.negate())), refusal("commitment_invalid"));
  assert.ok(sum(signer(1, BASE), signer(2, BASE))().element.equals(BASE.double()));
});

Deno.test("prepareVerification() refuses a message of a length the suite has no use for", () => {
  for (const ciphersuite of CIPHERSUITES) {
    const { roundOne: { inputs } } = simulateSession(ciphersuite, 2, 2, "fixed");
    const { min, max } = suiteOf(ciphersuite).messageBytes;
    const wrong = ["", "00".repeat(min - 1), "00".repeat(max + 1), "0".repeat(2 * min + 1)];
    for (const message of [...wrong, "AB".repeat(min)]) {
      assert.throws(
        () => prepareVerification({ ...inputs, message }),
        refusal("message_hash_invalid"),
        `${ciphersuite} ${message.length}`,
      );
    }
    for (const length of [min, max]) {
      prepareVerification({ ...inputs, message: "00".repeat(length) });
    }
  }
});

Deno.test("prepareVerification() refuses an invalid point of the key package", () => {
  const { roundOne: { inputs } } = simulateSession(TAPROOT_CIPHERSUITE, 2, 2, "fixed");
  const { keyPackage } = inputs;
  for (
    const broken of [
      { ...keyPackage, group_public_key: keyPackage.group_public_key.slice(2) },
      { ...keyPackage, verifying_shares: keyPackage.verifying_shares.slice(0, 1) },
      { ...keyPackage, verifying_shares: keyPackage.verifying_shares.map(() => "00".repeat(33)) },
    ]
  ) {
    assert.throws(
      () => prepareVerification({ ...inputs, keyPackage: broken }),
      refusal("key_package_invalid"),
    );
  }
});

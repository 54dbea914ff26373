import assert from "node:assert/strict";
import ed25519 from "../../../tests/support/vectors/frost-core-dkg/ed25519.json" with {
  type: "json",
};
import ed448 from "../../../tests/support/vectors/frost-core-dkg/ed448.json" with { type: "json" };
import p256 from "../../../tests/support/vectors/frost-core-dkg/p256.json" with { type: "json" };
import ristretto255 from "../../../tests/support/vectors/frost-core-dkg/ristretto255.json" with {
  type: "json",
};
import secp256k1 from "../../../tests/support/vectors/frost-core-dkg/secp256k1.json" with {
  type: "json",
};
import secp256k1Tr from "../../../tests/support/vectors/frost-core-dkg/secp256k1-tr.json" with {
  type: "json",
};
import { elementToHex, parseScalar, scalarToHex } from "../frost/encoding.ts";
import { type Ciphersuite, CIPHERSUITES, suiteOf } from "../frost/suites.ts";
import { deal, verifyDealing, verifyShare } from "./dealing.ts";
import {
  groupPublicKey,
  sumCommitments,
  tweakAfterDkg,
  tweakShareAfterDkg,
  verifyingShares,
} from "./group_key.ts";

interface VectorParticipant {
  readonly signing_key: string;
  readonly coefficient: string;
  readonly vss_commitments: readonly string[];
  readonly proof_of_knowledge: string;
  /** What this participant received, by sender. */
  readonly signing_shares: Readonly<Partial<Record<string, string>>>;
  readonly verifying_share: string;
  readonly signing_share: string;
}

interface Vector {
  readonly inputs: {
    readonly verifying_key: string;
    readonly "1": VectorParticipant;
    readonly "2": VectorParticipant;
    readonly "3": VectorParticipant;
  };
}

const VECTORS: Readonly<Record<Ciphersuite, Vector>> = {
  "FROST-secp256k1-SHA256-TR-v1": secp256k1Tr,
  "FROST-secp256k1-SHA256-v1": secp256k1,
  "FROST-ED25519-SHA512-v1": ed25519,
  "FROST-RISTRETTO255-SHA512-v1": ristretto255,
  "FROST-P256-SHA256-v1": p256,
  "FROST-ED448-SHAKE256-v1": ed448,
};

for (const ciphersuite of CIPHERSUITES) {
  const suite = suiteOf(ciphersuite);
  const { inputs } = VECTORS[ciphersuite];
  const participants = [inputs["1"], inputs["2"], inputs["3"]];
  const scalar = (hex: string) => parseScalar(suite, hex, "invalid_input", "A scalar of a vector");
  const commitments = () =>
    participants.map((participant, i) =>
      verifyDealing(
        suite,
        i + 1,
        2,
        {
          commitment: participant.vss_commitments,
          proofOfKnowledge: participant.proof_of_knowledge,
        },
        `The dealing of ${i + 1}`,
      )
    );

  Deno.test(`${ciphersuite}: the published dealings verify, each for its identifier only`, () => {
    assert.equal(commitments().length, 3);
    const { vss_commitments: commitment, proof_of_knowledge: proofOfKnowledge } = inputs["1"];
    assert.throws(
      () => verifyDealing(suite, 2, 2, { commitment, proofOfKnowledge }, "The dealing"),
      /does not verify for identifier 2/,
    );
  });

  Deno.test(`${ciphersuite}: the published polynomials give the published dealings`, () => {
    for (const [i, participant] of participants.entries()) {
      const coefficients = [scalar(participant.signing_key), scalar(participant.coefficient)];
      const proof = participant.proof_of_knowledge;
      // The nonce is not published, but z = k + c·a0, and the challenge is what is tested here.
      const [encodedR, z] = [
        proof.slice(0, -2 * suite.scalarBytes),
        proof.slice(-2 * suite.scalarBytes),
      ];
      const preimage = scalarToHex(suite, BigInt(i + 1)) + participant.vss_commitments[0] +
        (suite.evenY ? "02" : "") + encodedR;
      const c = suite.HDKG(
        Uint8Array.from(preimage.match(/../g) ?? [], (hex) => parseInt(hex, 16)),
      );
      const nonce = suite.Fn.sub(scalar(z), suite.Fn.mul(c, coefficients[0]));
      for (const k of suite.evenY ? [nonce, suite.Fn.neg(nonce)] : [nonce]) {
        const dealing = deal(suite, i + 1, coefficients, k, 3);
        assert.deepEqual(dealing.commitment, participant.vss_commitments);
        assert.equal(dealing.proofOfKnowledge, proof);
        for (const [j, recipient] of participants.entries()) {
          if (j === i) continue;
          const published = recipient.signing_shares[i + 1];
          assert.equal(
            scalarToHex(suite, dealing.shares[j]),
            published,
            `from ${i + 1} to ${j + 1}`,
          );
        }
      }
    }
  });

  Deno.test(`${ciphersuite}: the published shares verify and add up to the published keys`, () => {
    const dealt = commitments();
    const commitment = sumCommitments(suite, dealt);
    const untweakedKey = groupPublicKey(commitment);
    const keys = tweakAfterDkg(suite, {
      commitment,
      verifyingShares: verifyingShares(commitment, 3),
    });
    assert.equal(elementToHex(groupPublicKey(keys.commitment)), inputs.verifying_key);
    for (const [j, recipient] of participants.entries()) {
      let share = deal(
        suite,
        j + 1,
        [scalar(recipient.signing_key), scalar(recipient.coefficient)],
        1n,
        3,
      ).shares[j];
      for (const [sender, hex] of Object.entries(recipient.signing_shares)) {
        const part = scalar(hex ?? "");
        assert.ok(verifyShare(suite, dealt[Number(sender) - 1], j + 1, part));
        share = suite.Fn.add(share, part);
      }
      assert.equal(
        scalarToHex(suite, tweakShareAfterDkg(suite, untweakedKey, share)),
        recipient.signing_share,
      );
      assert.equal(elementToHex(keys.verifyingShares[j]), recipient.verifying_share);
    }
    // The commitment is tweaked along: it is that of the verifying shares.
    assert.deepEqual(
      verifyingShares(keys.commitment, 3).map(elementToHex),
      keys.verifyingShares.map(elementToHex),
    );
  });
}

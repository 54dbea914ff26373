import assert from "node:assert/strict";
import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { Random } from "../../../tests/support/random.ts";
import { simulateKey, simulateRoundOne } from "../../../tests/support/vectors/simulated_session.ts";
import { elementToHex, parseElement, scalarToHex } from "./encoding.ts";
import { FrostError } from "./error.ts";
import { verifyKeyPackage } from "./key_package.ts";
import { areInSubgroup, outsideSubgroup } from "./subgroup.ts";
import { CIPHERSUITES, type Element, type Suite, suiteOf } from "./suites.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  type SigningInputs,
  verifyShare,
  verifySignature,
} from "./verification.ts";

/** Points of small order, the identity not among them; (0, −1) has order 2 and (1, 0) order 4. */
const SMALL: Readonly<Record<"FROST-ED25519-SHA512-v1" | "FROST-ED448-SHAKE256-v1", Element[]>> = {
  "FROST-ED25519-SHA512-v1": ED25519_TORSION_SUBGROUP.map((hex) => ed25519.Point.fromHex(hex))
    .filter((point) => !point.is0()),
  "FROST-ED448-SHAKE256-v1": [[0n, -1n], [1n, 0n], [-1n, 0n]].map(([x, y]) =>
    ed448.Point.fromAffine({ x: ed448.Point.Fp.create(x), y: ed448.Point.Fp.create(y) })
  ),
};

Deno.test("a suite's cofactor is its curve's", () => {
  const cofactors = CIPHERSUITES.map((name) => suiteOf(name).cofactor);
  assert.deepEqual(cofactors, [1, 1, Number(ed25519.Point.CURVE().h), 1, 1, 4]);
  assert.equal(ed448.Point.CURVE().h, 4n);
});

function movedBy(suite: Suite, hex: string, by: Element): string {
  return elementToHex(suite.Point.fromBytes(hexToBytes(hex)).add(by));
}

/** Exchanges stored points of one to three signers for others outside the subgroup, some of which cancel out. */
function exchanged(inputs: SigningInputs, small: readonly Element[], random: Random) {
  const suite = suiteOf(inputs.keyPackage.ciphersuite);
  const commitments = { ...inputs.commitments };
  const verifying_shares = [...inputs.keyPackage.verifying_shares];
  const changed: string[] = [];
  let by = random.pick(small);
  for (const i of random.shuffled([0, 1, 2]).slice(0, 1 + random.below(3))) {
    const name = inputs.signers[i];
    const middle = 2 * suite.elementBytes;
    const [hiding, binding] = [commitments[name].slice(0, middle), commitments[name].slice(middle)];
    const place = random.pick(["hiding", "binding", "share", "hiding and share"]);
    if (place === "binding") commitments[name] = hiding + movedBy(suite, binding, by);
    if (place.startsWith("hiding")) commitments[name] = movedBy(suite, hiding, by) + binding;
    if (place.endsWith("share")) {
      verifying_shares[i] = movedBy(suite, verifying_shares[i], random.pick(small));
    }
    changed.push(name);
    by = by.negate();
  }
  const keyPackage = { ...inputs.keyPackage, verifying_shares };
  return { inputs: { ...inputs, keyPackage, commitments }, changed };
}

/** The verifiers of RFC 8032, by its equation with the cofactor: they take an R outside the subgroup. */
const VERIFY_EDDSA = {
  "FROST-ED25519-SHA512-v1": ed25519.verify,
  "FROST-ED448-SHAKE256-v1": ed448.verify,
};

for (const ciphersuite of ["FROST-ED25519-SHA512-v1", "FROST-ED448-SHAKE256-v1"] as const) {
  const suite = suiteOf(ciphersuite);
  const { Fn, Point } = suite;
  const small = SMALL[ciphersuite];
  const moved = (hex: string, by: Element) => movedBy(suite, hex, by);
  const scalar = (hex: string) => Fn.fromBytes(hexToBytes(hex));

  Deno.test(`${ciphersuite}: points outside the subgroup are found, one by one and among many`, () => {
    const inside = Array.from({ length: 65 }, (_, i) => Point.BASE.multiplyUnsafe(BigInt(i + 1)));
    assert.ok(areInSubgroup(suite, inside) && areInSubgroup(suite, inside.slice(0, 3)));
    for (const by of small) {
      for (const points of [inside, inside.slice(0, 3)]) {
        const last = points.length - 1;
        const one = points.with(last, points[last].add(by));
        assert.equal(areInSubgroup(suite, one), false);
        // In the sum of all, these two cancel.
        assert.equal(areInSubgroup(suite, one.with(0, points[0].subtract(by))), false);
        assert.equal(areInSubgroup(suite, points.map((point) => point.add(by))), false);
      }
    }
  });

  Deno.test(`${ciphersuite}: outsideSubgroup() finds one of those outside, wherever they are`, () => {
    const inside = Array.from({ length: 5 }, (_, i) => Point.BASE.multiplyUnsafe(BigInt(i + 1)));
    for (const by of small) {
      for (const [i, point] of inside.entries()) {
        assert.equal(outsideSubgroup(suite, inside.with(i, point.add(by))), i);
      }
      const three = [1, 2, 4].reduce((all, i) => all.with(i, inside[i].add(by)), inside);
      assert.equal(outsideSubgroup(suite, three) % 3 === 0, false);
    }
  });

  Deno.test(`${ciphersuite}: a key package with points outside the subgroup is refused`, () => {
    const { inputs } = simulateKey(ciphersuite, 2, 3, "fixed");
    const { verifyingShares, vssCommitment } = inputs;
    verifyKeyPackage(inputs);
    for (const by of small) {
      const groupPublicKey = moved(inputs.groupPublicKey, by);
      const oneShare = verifyingShares.with(2, moved(verifyingShares[2], by));
      const packages = [
        { ...inputs, groupPublicKey, vssCommitment: vssCommitment.with(0, groupPublicKey) },
        { ...inputs, verifyingShares: oneShare },
        { ...inputs, verifyingShares: oneShare.with(0, moved(verifyingShares[0], by.negate())) },
        { ...inputs, vssCommitment: vssCommitment.with(1, moved(vssCommitment[1], by)) },
      ];
      for (const changed of packages) {
        assert.throws(() => verifyKeyPackage(changed), /must be in the prime-order subgroup/);
      }
      assert.throws(
        () => verifyKeyPackage({ ...packages[1], vssCommitment: null }),
        /must be in the prime-order subgroup/,
      );
    }
  });

  Deno.test(`${ciphersuite}: a signature or a key outside the subgroup is not valid, whatever RFC 8032 allows`, () => {
    const message = bytesToHex(new Uint8Array(32));
    const [x, r] = [12345n, 67890n];
    const signed = (key: Element, R: Element) => {
      const c = suite.challenge(R.toBytes(), key.toBytes(), hexToBytes(message));
      return elementToHex(R) + scalarToHex(suite, Fn.add(r, Fn.mul(c, x)));
    };
    const [key, R] = [Point.BASE.multiply(x), Point.BASE.multiply(r)];
    const allowed = VERIFY_EDDSA[ciphersuite];
    assert.ok(verifySignature(ciphersuite, elementToHex(key), message, signed(key, R)));
    for (const by of small) {
      for (const [k, commitment] of [[key, R.add(by)], [key.add(by), R]]) {
        const signature = signed(k, commitment);
        assert.ok(allowed(hexToBytes(signature), hexToBytes(message), k.toBytes()));
        assert.equal(verifySignature(ciphersuite, elementToHex(k), message, signature), false);
      }
    }
  });

  Deno.test(`${ciphersuite}: a stored group key outside the subgroup is refused`, () => {
    const { inputs } = simulateRoundOne(simulateKey(ciphersuite, 2, 2, "fixed"), 2, "00", "fixed");
    const { keyPackage } = inputs;
    for (const by of small) {
      const group_public_key = moved(keyPackage.group_public_key, by);
      assert.throws(
        () => prepareVerification({ ...inputs, keyPackage: { ...keyPackage, group_public_key } }),
        (error) => error instanceof FrostError && error.code === "key_package_invalid",
      );
    }
  });

  Deno.test(`${ciphersuite}: with stored points outside the subgroup, a session gets a valid signature or names whose they are`, () => {
    const random = Random.printed(ciphersuite);
    const key = simulateKey(ciphersuite, 3, 3, "fixed");
    const ends = { commitment: 0, share: 0, signature: 0 };
    for (let round = 0; round < 40 || Object.values(ends).includes(0); round++) {
      assert.ok(round < 1000, JSON.stringify(ends));
      const { inputs: stored, guardians } = simulateRoundOne(key, 3, random.hex(32), random.hex(8));
      const { inputs, changed } = exchanged(stored, small, random);
      let verification: ShareVerification;
      try {
        verification = prepareVerification(inputs);
      } catch (error) {
        assert.ok(error instanceof FrostError && error.code === "commitment_invalid", `${error}`);
        assert.ok(changed.some((name) => error.message.includes(`commitment of ${name} `)));
        ends.commitment++;
        continue;
      }
      // Guardians read the commitments strictly and would not answer; these do, by the book.
      const c = scalar(verification.challenge);
      const shares = Object.fromEntries(verification.signers.map((signer, i) => {
        const { secret, drawn: { nonces } } = guardians[i];
        const [d, e, y] = [nonces.hiding, nonces.binding, secret.signingShare].map((bytes) =>
          Fn.fromBytes(bytes)
        );
        const nonce = Fn.add(d, Fn.mul(e, scalar(signer.binding_factor)));
        const z = Fn.add(nonce, Fn.mul(Fn.mul(scalar(signer.interpolation), c), y));
        return [signer.participant, scalarToHex(suite, z)];
      }));
      const refused = verification.signers
        .filter((signer) => !verifyShare(verification, signer, shares[signer.participant]))
        .map(({ participant }) => participant);
      assert.ok(refused.every((name) => changed.includes(name)), `${refused} of ${changed}`);
      const signature = aggregate(verification, shares);
      const { message, keyPackage: { group_public_key } } = inputs;
      if (verifySignature(ciphersuite, group_public_key, message, signature)) {
        parseElement(suite, signature.slice(0, 2 * suite.elementBytes), "signature_invalid", "R");
      } else {
        assert.notEqual(refused.length, 0, "Nobody is named");
      }
      ends[refused.length > 0 ? "share" : "signature"]++;
    }
    console.log(`${ciphersuite}: ${JSON.stringify(ends)}`);
  });
}

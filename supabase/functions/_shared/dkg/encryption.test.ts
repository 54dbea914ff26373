import assert from "node:assert/strict";
import { bytesToHex, bytesToNumberBE, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { printedSeed, seededBytes } from "../../../tests/support/vectors/simulated_session.ts";
import { scalarToHex } from "../frost/encoding.ts";
import { FrostError } from "../frost/error.ts";
import { CIPHERSUITES, suiteOf } from "../frost/suites.ts";
import {
  decryptOwnShare,
  decryptShare,
  encryptOwnShare,
  encryptShare,
  openShare,
  pad,
  selfPad,
} from "./encryption.ts";
import { publicKeyOf, sharedPoint } from "./host_curve.ts";

function refuse(act: () => unknown, message: RegExp, code = "ceremony_message_invalid") {
  assert.throws(
    act,
    (error) => error instanceof FrostError && error.code === code && message.test(error.message),
    String(message),
  );
}

for (const ciphersuite of CIPHERSUITES) {
  const suite = suiteOf(ciphersuite);
  const { Fn } = suite;

  Deno.test(`${ciphersuite}: what was encrypted is decrypted, by its recipient only`, () => {
    const random = seededBytes(printedSeed(ciphersuite));
    for (let round = 0; round < 5; round++) {
      const [e, h, stranger] = [random(), random(), random()];
      const [E, H, id] = [publicKeyOf(e), publicKeyOf(h), bytesToHex(random())];
      const drawn = Fn.fromBytes(suite.frost.utils.randomScalar(random));
      for (const share of [drawn, 0n, 1n, Fn.ORDER - 1n]) {
        const ciphertext = encryptShare(suite, share, e, H, 3, id);
        assert.equal(ciphertext.length, 2 * suite.scalarBytes);
        assert.notEqual(ciphertext, scalarToHex(suite, share));
        assert.equal(decryptShare(suite, ciphertext, h, E, 3, id), share);
        assert.equal(openShare(suite, sharedPoint(h, E), E, H, 3, id, ciphertext), share);
        // Another key, sender, recipient or ceremony gives something else.
        assert.notEqual(decryptShare(suite, ciphertext, stranger, E, 3, id), share);
        assert.notEqual(decryptShare(suite, ciphertext, h, publicKeyOf(stranger), 3, id), share);
        assert.notEqual(decryptShare(suite, ciphertext, h, E, 4, id), share);
        assert.notEqual(decryptShare(suite, ciphertext, h, E, 3, bytesToHex(random())), share);

        const own = encryptOwnShare(suite, share, h, E, 3, id);
        assert.equal(decryptOwnShare(suite, own, h, E, 3, id), share);
        assert.notEqual(own, ciphertext);
        assert.notEqual(decryptOwnShare(suite, own, stranger, E, 3, id), share);
        assert.notEqual(decryptOwnShare(suite, own, h, H, 3, id), share);
        assert.notEqual(decryptOwnShare(suite, own, h, E, 4, id), share);
      }
    }
  });

  Deno.test(`${ciphersuite}: the pads are the documented hashes, and of full width`, () => {
    const [e, h] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(9)];
    const [E, H, id] = [publicKeyOf(e), publicKeyOf(h), "ab".repeat(32)];
    assert.equal(sharedPoint(e, H), sharedPoint(h, E));
    const text = (value: string) => new TextEncoder().encode(value);
    const hash = (...fields: Uint8Array[]) => {
      const input = fields.flatMap((field) => [Uint8Array.of(0, 0, 0, field.length), field]);
      const dkLen = suite.scalarBytes + 16;
      assert.ok(8 * dkLen >= Fn.ORDER.toString(2).length + 128);
      return bytesToNumberBE(shake256(concatBytes(...input), { dkLen })) % Fn.ORDER;
    };
    const end = [Uint8Array.of(0, 0, 1, 2), hexToBytes(id)];
    assert.equal(
      pad(suite, sharedPoint(e, H), E, H, 258, id),
      hash(
        text("permafrost/share"),
        text(ciphersuite),
        hexToBytes(sharedPoint(e, H)),
        hexToBytes(E),
        hexToBytes(H),
        ...end,
      ),
    );
    assert.equal(
      selfPad(suite, h, E, 258, id),
      hash(text("permafrost/own-share"), text(ciphersuite), h, hexToBytes(E), ...end),
    );
  });

  Deno.test(`${ciphersuite}: malformed keys, ciphertexts and ids are refused`, () => {
    const h = new Uint8Array(32).fill(9);
    const [E, id] = [publicKeyOf(new Uint8Array(32).fill(7)), "ab".repeat(32)];
    const valid = encryptOwnShare(suite, 5n, h, E, 1, id);
    const decrypt = (ciphertext: string, secret = h, key = E, params = id) => () =>
      decryptShare(suite, ciphertext, secret, key, 1, params);
    refuse(decrypt(valid.slice(2)), /A ciphertext must be \d+ bytes/);
    refuse(decrypt("ff".repeat(suite.scalarBytes)), /A ciphertext must be below the order/);
    refuse(decrypt(scalarToHex(suite, 1n).replace("1", "A")), /A ciphertext must be \d+ bytes/);
    refuse(decrypt(valid, h, "05" + E.slice(2)), /must be a valid point of secp256k1/);
    refuse(decrypt(valid, h, "02" + "ff".repeat(32)), /must be a valid point of secp256k1/);
    refuse(decrypt(valid, h, "00"), /must be 33 bytes/);
    refuse(decrypt(valid, new Uint8Array(32)), /32 bytes, from 1/, "invalid_input");
    refuse(decrypt(valid, new Uint8Array(32).fill(255)), /32 bytes, from 1/, "invalid_input");
    refuse(decrypt(valid, new Uint8Array(31).fill(1)), /32 bytes, from 1/, "invalid_input");
    refuse(decrypt(valid, h, E, "ab"), /params_id must be 32 bytes/, "invalid_input");
    refuse(() => selfPad(suite, new Uint8Array(32), E, 1, id), /32 bytes, from 1/, "invalid_input");
  });
}

Deno.test("the pads of two suites are different, those with one order too", () => {
  const [e, h] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(9)];
  const pads = CIPHERSUITES.map((ciphersuite) =>
    pad(
      suiteOf(ciphersuite),
      sharedPoint(e, publicKeyOf(h)),
      publicKeyOf(e),
      publicKeyOf(h),
      1,
      "ab".repeat(32),
    )
  );
  assert.equal(new Set(pads).size, CIPHERSUITES.length);
});

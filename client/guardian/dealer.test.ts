import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { FrostError, type FrostErrorCode } from "../../supabase/functions/_shared/frost/error.ts";
import {
  verifyingSharesInOrder,
  verifyKeyPackage,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import { nostrPublicKey } from "../../supabase/functions/_shared/frost/nostr.ts";
import { CIPHERSUITES, suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { formatFingerprint, isSameFingerprint } from "../key_package.ts";
import { dealKey, type DealOptions } from "./dealer.ts";
import { parseKeyShare } from "./key_share.ts";

const PARTICIPANTS = ["ada", "bob", "cyd"];
const OPTIONS: DealOptions = { familyId: "family", threshold: 2, participants: PARTICIPANTS };

const refusal = (code: FrostErrorCode) => (error: unknown) =>
  error instanceof FrostError && error.code === code;

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: a dealt key can be registered, and its shares are of it`, () => {
    const { registration, keyShares } = dealKey({ ...OPTIONS, ciphersuite });
    const { verifyingShares, familyId, ...rest } = registration;
    assert.equal(familyId, "family");
    verifyKeyPackage({
      ...rest,
      verifyingShares: verifyingSharesInOrder(PARTICIPANTS, verifyingShares),
    });
    for (const [i, share] of keyShares.entries()) {
      assert.equal(parseKeyShare(share).participant_id, PARTICIPANTS[i]);
      assert.ok(!JSON.stringify(registration).includes(share.signing_share));
    }
  });

  Deno.test(`${ciphersuite}: any two shares are the secret that was split`, () => {
    const { frost } = suiteOf(ciphersuite);
    const secret = bytesToHex(frost.utils.randomScalar());
    const { keyShares } = dealKey({ ...OPTIONS, ciphersuite, secret });
    for (const pair of [[0, 1], [0, 2], [2, 1]]) {
      const shares = pair.map((i) => ({
        identifier: frost.Identifier.fromNumber(keyShares[i].identifier),
        signingShare: Uint8Array.from(hexToBytes(keyShares[i].signing_share)),
      }));
      assert.equal(bytesToHex(frost.combineSecret(shares, { min: 2, max: 3 })), secret);
    }
  });
}

Deno.test("a split Nostr secret keeps its public key, whether y is odd or even", () => {
  const seen = new Set<string>();
  while (seen.size < 2) {
    const secret = generateSecretKey();
    const { registration: { groupPublicKey } } = dealKey({
      ...OPTIONS,
      secret: bytesToHex(secret),
    });
    assert.equal(nostrPublicKey(groupPublicKey), getPublicKey(secret));
    seen.add(groupPublicKey.slice(0, 2));
  }
});

Deno.test("two keys that were dealt have nothing in common", () => {
  const [a, b] = [dealKey(OPTIONS), dealKey(OPTIONS)].map(({ registration, keyShares }) => [
    registration.groupPublicKey,
    ...registration.vssCommitment,
    ...keyShares.map((share) => share.signing_share),
  ]);
  assert.deepEqual(a.filter((value) => b.includes(value)), []);
});

Deno.test("one secret dealt twice has one group key, and two fingerprints", () => {
  const secret = bytesToHex(generateSecretKey());
  const [a, b] = [dealKey({ ...OPTIONS, secret }), dealKey({ ...OPTIONS, secret })];
  assert.equal(a.registration.groupPublicKey, b.registration.groupPublicKey);
  assert.notEqual(a.fingerprint, b.fingerprint);
  const { ciphersuite, threshold, participants, groupPublicKey } = a.registration;
  const shares = participants.map((name) => a.registration.verifyingShares[name]);
  const text = JSON.stringify([ciphersuite, threshold, participants, groupPublicKey, shares]);
  assert.equal(a.fingerprint, createHash("sha256").update(text).digest("hex"));
  for (const share of a.keyShares) assert.equal(share.key_package_fingerprint, a.fingerprint);
  const shown = formatFingerprint(a.fingerprint);
  assert.match(shown, /^[0-9a-f]{4}( [0-9a-f]{4}){15}$/);
  assert.ok(isSameFingerprint(shown.toUpperCase(), a.fingerprint));
  assert.ok(!isSameFingerprint("", "") && !isSameFingerprint(a.fingerprint, b.fingerprint));
});

Deno.test("dealKey() refuses thresholds, participants, secrets and suites that are not valid", () => {
  for (const threshold of [0, 1, 4, 1.5]) {
    assert.throws(() => dealKey({ ...OPTIONS, threshold }), refusal("threshold_invalid"));
  }
  const names = Array.from({ length: 256 }, (_, i) => `${i}`);
  for (const participants of [[], ["ada"], ["ada", "ada"], names]) {
    assert.throws(() => dealKey({ ...OPTIONS, participants }), refusal("participants_invalid"));
  }
  // Else the coordinator would, after the shares are handed out and the dealer is wiped.
  for (const name of ["", "a\n", "\0", "\ud800", "x".repeat(256)]) {
    const participants = [...OPTIONS.participants.slice(1), name];
    assert.throws(() => dealKey({ ...OPTIONS, participants }), refusal("participants_invalid"));
    assert.throws(() => dealKey({ ...OPTIONS, familyId: name }), refusal("invalid_input"));
  }
  for (const secret of ["", "00".repeat(32), "ff".repeat(32), "AB".repeat(32), "01"]) {
    assert.throws(() => dealKey({ ...OPTIONS, secret }), refusal("invalid_input"));
  }
  // As an app in JavaScript may have it.
  for (const name of ["FROST-none", "toString", ""]) {
    const ciphersuite = name as typeof CIPHERSUITES[number];
    assert.throws(() => dealKey({ ...OPTIONS, ciphersuite }), refusal("invalid_input"));
  }
});

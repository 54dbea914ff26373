import assert from "node:assert/strict";
import { CIPHERSUITES } from "../../supabase/functions/_shared/frost/suites.ts";
import { verifySignature } from "../../supabase/functions/_shared/frost/verification.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { dealKey, type DealtKey } from "../guardian/dealer.ts";
import { checkShare, signWithShares } from "./reconstruction.ts";
import type { KeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";

const PARTICIPANTS = ["ann", "bob", "cleo", "dora"];
const MESSAGE = "5a".repeat(32);

function packageOf({ registration }: DealtKey): KeyPackage {
  return {
    ciphersuite: registration.ciphersuite,
    threshold: registration.threshold,
    participants: registration.participants,
    group_public_key: registration.groupPublicKey,
    verifying_shares: registration.participants.map((p) => registration.verifyingShares[p]),
  };
}

function sharesOf({ keyShares }: DealtKey, ...positions: number[]) {
  return positions.map((i) => ({
    guardian: keyShares[i].participant_id,
    signingShare: keyShares[i].signing_share,
  }));
}

const deal = (ciphersuite: (typeof CIPHERSUITES)[number] = CIPHERSUITES[0]) =>
  dealKey({ familyId: "f", threshold: 3, participants: PARTICIPANTS, ciphersuite });

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: any three of four shares make the key, and its signature verifies`, () => {
    const key = deal(ciphersuite);
    const keyPackage = packageOf(key);
    for (const positions of [[0, 1, 2], [3, 1, 0], [2, 3, 1, 0]]) {
      const shares = sharesOf(key, ...positions);
      for (const share of shares) checkShare(keyPackage, share);
      const signature = signWithShares(keyPackage, shares, MESSAGE);
      const { groupPublicKey } = key.registration;
      assert.ok(verifySignature(ciphersuite, groupPublicKey, MESSAGE, signature));
    }
  });
}

Deno.test("keys of even and of odd y both sign", () => {
  const seen = new Set<string>();
  for (let i = 0; seen.size < 2; i++) {
    assert.ok(i < 200, "All keys dealt had y of one parity");
    const key = deal();
    seen.add(key.registration.groupPublicKey.slice(0, 2));
    signWithShares(packageOf(key), sharesOf(key, 0, 1, 2), MESSAGE);
  }
});

Deno.test("checkShare() refuses another's share, another key's, and a share that is not a scalar", () => {
  const key = deal();
  const keyPackage = packageOf(key);
  const [ann, bob] = sharesOf(key, 0, 1);
  const [stranger] = sharesOf(deal(), 0);
  const refuses = (guardian: string, signingShare: string, code = "share_invalid") =>
    assert.throws(
      () => checkShare(keyPackage, { guardian, signingShare }),
      (error: unknown) => error instanceof FrostError && error.code === code,
    );
  refuses("ann", bob.signingShare);
  refuses("ann", stranger.signingShare);
  refuses("ann", "");
  refuses("ann", "00".repeat(32));
  refuses("ann", "ff".repeat(32));
  refuses("ann", ann.signingShare.toUpperCase() + "00");
  refuses("mallory", ann.signingShare, "participants_invalid");
});

Deno.test("signWithShares() signs with nothing but the key's own secret", () => {
  const key = deal();
  const keyPackage = packageOf(key);
  const shares = sharesOf(key, 0, 1, 2);
  const refuses = (code: string, sign: () => string) =>
    assert.throws(sign, (error: unknown) => error instanceof FrostError && error.code === code);
  refuses("threshold_invalid", () => signWithShares(keyPackage, shares.slice(1), MESSAGE));
  const twice = [shares[0], shares[1], shares[1]];
  refuses("threshold_invalid", () => signWithShares(keyPackage, twice, MESSAGE));
  const swapped = [shares[0], { ...shares[1], guardian: "dora" }, shares[2]];
  refuses("key_package_invalid", () => signWithShares(keyPackage, swapped, MESSAGE));
  // A server that says less is enough gets nothing signed.
  const lower = { ...keyPackage, threshold: 2 };
  refuses("key_package_invalid", () => signWithShares(lower, shares, MESSAGE));
  refuses("message_hash_invalid", () => signWithShares(keyPackage, shares, "5a"));
});

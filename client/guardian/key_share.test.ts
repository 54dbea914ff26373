import assert from "node:assert/strict";
import { dealKey } from "./dealer.ts";
import { GuardianError } from "../errors.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import { type KeyShare, parseKeyShare } from "./key_share.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });

const refused = (error: unknown) =>
  error instanceof GuardianError && error.code === "key_share_invalid";

Deno.test("a key share survives JSON", () => {
  for (const share of KEY.keyShares) {
    assert.deepEqual(parseKeyShare(JSON.parse(JSON.stringify(share))), share);
  }
});

/** A share whose maker knew what a fingerprint is made of. */
const refingerprinted = (share: KeyShare): KeyShare => ({
  ...share,
  key_package_fingerprint: keyPackageFingerprint(share),
});

Deno.test("a key share that is not of its package is refused, and not quoted", () => {
  const [ada, bob] = KEY.keyShares;
  const wrong: unknown[] = [
    { ...ada, signing_share: bob.signing_share },
    { ...ada, signing_share: "00".repeat(32) },
    { ...ada, signing_share: "ff".repeat(32) },
    { ...ada, signing_share: ada.signing_share + "00" },
    { ...ada, identifier: 2 },
    { ...ada, participant_id: "bob" },
    { ...ada, threshold: 3 },
    { ...ada, group_public_key: bob.verifying_shares[0] },
    { ...ada, verifying_shares: ada.verifying_shares.toReversed() },
    { ...ada, participants: ["ada", "bob"] },
    { ...ada, ciphersuite: "FROST-ED25519-SHA512-v1" },
    { ...ada, ciphersuite: "toString" },
    // A suite over the same curve, and a name that is not used here: all but the fingerprint fits.
    { ...ada, ciphersuite: "FROST-secp256k1-SHA256-v1" },
    { ...ada, participants: ["ada", "bob", "eve"] },
    { ...ada, key_package_fingerprint: undefined },
    { ...ada, key_package_fingerprint: ada.key_package_fingerprint.toUpperCase() },
    refingerprinted({ ...ada, participants: ["ada", "bob", ""] }),
    refingerprinted({ ...ada, threshold: 3 }),
    refingerprinted({
      ...ada,
      verifying_shares: ada.verifying_shares.with(2, bob.group_public_key),
    }),
    { ...ada, verifying_shares: undefined },
    null,
    "share",
  ];
  for (const value of wrong) {
    assert.throws(() => parseKeyShare(value), refused);
    try {
      parseKeyShare(value);
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.ok(![error.message, String(error.cause)].join().includes(ada.signing_share));
    }
  }
});

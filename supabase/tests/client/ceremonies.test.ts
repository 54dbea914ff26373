/** Whole ceremonies through the client library and the real functions. */
import assert from "node:assert/strict";
import type { CeremonyRequest } from "../../../client/ceremonies/calls.ts";
import { recoverCurrentShare } from "../../../client/ceremonies/recovery.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { must } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { randomHex } from "../support/family.ts";
import { withStack } from "../support/harness.ts";

const NAMES = ["ann", "bob", "cleo"];

const REQUESTS: readonly Omit<CeremonyRequest, "familyId" | "participants" | "threshold">[] = [
  { kind: "dkg" },
  ...CIPHERSUITES.map((
    ciphersuite,
  ) => ({ kind: "dkg", protocol: "pedersen", ciphersuite } as const)),
];

for (const request of REQUESTS) {
  const name = `${request.protocol ?? "chilldkg"} ${request.ciphersuite ?? ""}`.trim();

  Deno.test(`${name}: a key is born in shares, is dealt anew, and comes back from words`, async () => {
    await withStack(async (stack) => {
      const family = await CeremonyFamily.found(stack, NAMES);
      await family.hold("ann", { ...request, threshold: 2, participants: NAMES });
      const { groupPublicKey } = await family.sign(["ann", "cleo"], randomHex(32));

      await family.admit("dora");
      await family.hold("bob", {
        kind: "reshare",
        threshold: 2,
        participants: ["ann", "dora", "cleo"],
        dealers: ["ann", "bob"],
      });
      const again = await family.sign(["dora", "cleo"], randomHex(32));
      assert.equal(again.groupPublicKey, groupPublicKey);

      const cleo = family.guardian("cleo");
      const onNewDevice = HostKey.fromWords(cleo.hostKey.words);
      const recovered = must(await recoverCurrentShare(cleo.supabase, family.id, onNewDevice));
      assert.equal(recovered.epoch, 2);
      assert.deepEqual(recovered.keyShare, cleo.keyShare);
    });
  });
}

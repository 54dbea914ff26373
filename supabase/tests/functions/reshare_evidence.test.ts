/**
 * What evidence opens in a reshare, whose polynomials hide live shares: the ciphertext of who sent a bad share, and
 * nothing of an honest dealer.
 */
import assert from "node:assert/strict";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/curves/utils.js";
import { messageOf, type Payload } from "../../functions/_shared/ceremony/payload.ts";
import { contextOfShare } from "../../functions/_shared/ceremony/fault.ts";
import { dealingOf } from "../../functions/_shared/ceremony/verification.ts";
import { verifyShare } from "../../functions/_shared/dkg/dealing.ts";
import { openShare, proveShared } from "../../functions/_shared/dkg/evidence.ts";
import { sharedPoint } from "../../functions/_shared/dkg/host_curve.ts";
import { suiteOf } from "../../functions/_shared/frost/suites.ts";
import { accepted, refused, sharedStack } from "../support/answers.ts";
import { refusedWith } from "../support/app_family.ts";
import { type HandmadeCeremony, NAMES, sceneOf } from "../support/handmade_ceremony.ts";
import { ciphertextsOf, withBadShare } from "../support/lies.ts";

const stack = sharedStack();

/** Ephemeral keys that bob, a bad dealer, makes of honest ann's, without knowing their secrets. */
const STOLEN: ReadonlyMap<string, (E: string) => string> = new Map([
  ["another dealer's ephemeral key", (E: string) => E],
  ["another dealer's ephemeral key and a multiple of G", (E: string) => {
    const { BASE } = secp256k1.Point;
    return bytesToHex(secp256k1.Point.fromHex(E).add(BASE.multiply(5n)).toBytes());
  }],
]);

for (const [what, keyFrom] of STOLEN) {
  Deno.test(`Who deals under ${what} gets no evidence from an honest device`, async () => {
    const ceremony = await sceneOf(stack(), "reshare");
    const keys = await ceremony.keys();
    const { terms } = await ceremony.view();
    const ann = await ceremony.message("ann", 1);
    accepted(await ceremony.submit("ann", 1, ann));
    const honest = await ceremony.message("bob", 1);
    const stolen: Payload = {
      ...withBadShare(terms, honest, "cleo"),
      ephemeralKey: keyFrom(String(ann.ephemeralKey)),
    };
    // With any proof that he has, it is refused: ann's is not his, and his own is of another key.
    for (const ephemeralProof of [ann.ephemeralProof, honest.ephemeralProof]) {
      const lie = await ceremony.signed("bob", 1, { ...stolen, ephemeralProof });
      refused(await ceremony.submit("bob", 1, lie), "ceremony_message_invalid");
    }
    // Without one it is taken, and answered with no evidence.
    const { ephemeralProof: _, ...without } = stolen;
    accepted(await ceremony.submit("bob", 1, await ceremony.signed("bob", 1, without)));
    refusedWith("ceremony_message_invalid", await ceremony.family.join("cleo", ceremony.started));
    refusedWith("ceremony_failed", await ceremony.family.join("ann", ceremony.started));
    assert.equal((await ceremony.view()).status, "failed");
    assert.deepEqual(await ceremony.events("fault_reported"), []);
    assert.deepEqual((await ceremony.events("declined")).map(({ actor }) => actor), ["cleo"]);
    assert.deepEqual(await ceremony.keys(), keys);
    assert.deepEqual(await sharedPointsShown(ceremony), []);
  });
}

Deno.test("A bad dealer and bad guardians learn no more of an honest polynomial than their own shares", async () => {
  const ceremony = await sceneOf(stack(), "reshare");
  const { terms } = await ceremony.view();
  const ann = await ceremony.message("ann", 1);
  accepted(await ceremony.submit("ann", 1, ann));
  // Everybody else gets a bad share, and says so.
  const honest = await ceremony.message("bob", 1);
  const bad = ["ann", "cleo"].reduce((payload, name) => withBadShare(terms, payload, name), honest);
  accepted(await ceremony.submit("bob", 1, await ceremony.signed("bob", 1, bad)));
  await Promise.all(
    ["ann", "cleo"].map((name) => ceremony.family.join(name, ceremony.started)),
  );
  assert.deepEqual((await ceremony.view()).blamed, ["bob"]);
  const shown = await sharedPointsShown(ceremony);
  assert.ok(shown.length > 0);
  // The evidence is good for what it is about.
  assert.ok((await pointsOf(ceremony, "bob", bad, [], shown, 1n)).length > 0);
  // Of ann's polynomial, of degree t' − 1, they know bob's t' − 1 points, and need t'.
  const known = await pointsOf(ceremony, "ann", ann, ["bob"], shown);
  assert.deepEqual(known, ["bob"]);
  assert.equal(known.length, terms.threshold - 1);

  // What evidence under ann's key would be: the count sees it.
  const S = ceremony.family.guardian("cleo").hostKey.withSecret((secret) =>
    proveShared(
      secret,
      String(ann.ephemeralKey),
      contextOfShare(terms, ceremony.paramsId, { sender: "bob", recipient: "cleo" }),
    ).sharedPoint
  );
  assert.deepEqual(await pointsOf(ceremony, "ann", ann, ["bob"], [S]), ["bob", "cleo"]);
});

/** The ECDH points that anybody has shown of this ceremony, to the server or in its record. */
async function sharedPointsShown(ceremony: HandmadeCeremony): Promise<string[]> {
  const rows = await stack().database.sql<{ detail: string }[]>`
    select detail::text from public.frost_events where family_id = ${ceremony.family.id}`;
  return rows.flatMap(({ detail }) =>
    [...detail.matchAll(/"sharedPoint": ?"([0-9a-f]{66})"/g)].map(([, point]) => point)
  );
}

/**
 * At whose identifiers a dealer's polynomial is known to who has these guardians' host keys and these ECDH points: a
 * point opens every ciphertext under its key to its recipient, so each is tried on each.
 *
 * @param more - How much more than the share is in the ciphertexts.
 */
async function pointsOf(
  ceremony: HandmadeCeremony,
  dealer: string,
  dealing: Payload,
  bad: readonly string[],
  shown: readonly string[] = [],
  more = 0n,
): Promise<string[]> {
  const { terms } = await ceremony.view();
  const suite = suiteOf(terms.ciphersuite);
  const commitment = dealingOf(terms, dealer, messageOf(terms, 1, dealing));
  const E = String(dealing.ephemeralKey);
  return NAMES.filter((name, i) => {
    const { hostKey } = ceremony.family.guardian(name);
    const own = bad.includes(name) ? [hostKey.withSecret((secret) => sharedPoint(secret, E))] : [];
    return [...shown, ...own].some((S) => {
      const ciphertext = ciphertextsOf(dealing)[name];
      const { paramsId } = ceremony;
      const share = openShare(suite, S, E, hostKey.publicKey, i + 1, paramsId, ciphertext);
      return verifyShare(suite, commitment, i + 1, suite.Fn.sub(share, more));
    });
  });
}

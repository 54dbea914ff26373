/** What a guardian says of itself, and what it has seen. */
import assert from "node:assert/strict";
import type { Result } from "../result.ts";
import {
  createdFor,
  type Told,
  transcriptOf,
} from "../../supabase/tests/support/simulated_transcript.ts";
import { dealKey } from "./dealer.ts";
import { SimulatedCoordinator } from "../../supabase/tests/support/simulated_coordinator.ts";
import { MemoryNonceStore } from "./stores/memory_nonce_store.ts";

const MESSAGE = "5a".repeat(32);
const deal = () =>
  dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const KEY = deal();

Deno.test("a guardian says who it is with everything that it sends", async () => {
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE);
  const said: string[] = [];
  const { submitNonceCommitment } = coordinator.transport("ada");
  const ada = coordinator.guardian(0, {
    transport: {
      submitNonceCommitment(id, hex, who) {
        said.push(who);
        return submitNonceCommitment(id, hex, who);
      },
      submitSignatureShare: (_id, _hex, who) => Promise.resolve(said.push(who)),
    },
  });
  await ada.commit(coordinator.session);
  await coordinator.guardian(1).commit(coordinator.session);
  await ada.sign(coordinator.package());
  assert.deepEqual(said, ["ada", "ada"]);
});

Deno.test("a guardian notices that a transcript which it has seen was rewritten", async () => {
  const created = createdFor(KEY, MESSAGE);
  const [seen, then, later]: Told[][] = [
    [created],
    [created, ["declined", "cyd", { reason: "no" }]],
    [created, ["declined", "cyd", { reason: "no" }], ["expired", null, null]],
  ];
  const otherwise: Told[] = [created, ["declined", "bob", { reason: "no" }]];
  const headOf = (told: Told[]) => transcriptOf(KEY, told).transcript_head;
  const coordinator = new SimulatedCoordinator(KEY, MESSAGE, { transcript_head: headOf(seen) });
  const ada = coordinator.guardian(0, { store: new MemoryNonceStore() });
  const check = async (told: Told[], of = {}) =>
    codeOf(await ada.checkTranscript(transcriptOf(KEY, told, of)));

  assert.equal(await check(otherwise), "");
  const bob = coordinator.guardian(1);
  for (const guardian of [ada, bob]) await guardian.commit(coordinator.session);
  const changed = createdFor(KEY, "a5".repeat(32));
  assert.equal(await check([changed]), "transcript_rewritten");
  assert.equal(await check(otherwise), "");
  await ada.sign({ ...coordinator.package(), transcript_head: headOf(then) });
  assert.equal(await check(later), "");
  for (const told of [otherwise, seen]) assert.equal(await check(told), "transcript_rewritten");
  // A package that says none leaves what was seen before.
  await bob.sign(coordinator.package());
  assert.equal(codeOf(await bob.checkTranscript(transcriptOf(KEY, later))), "");
  const other = transcriptOf(KEY, [changed]);
  assert.equal(codeOf(await bob.checkTranscript(other)), "transcript_rewritten");
  // Of another session nothing was seen; but its key is known.
  assert.equal(await check(otherwise, { subjectId: "session-2" }), "");
  const ofAnotherKey = transcriptOf(deal(), seen, { subjectId: "session-2" });
  assert.equal(codeOf(await ada.checkTranscript(ofAnotherKey)), "key_package_mismatch");
  assert.equal(codeOf(await ada.checkTranscript(null)), "transcript_invalid");
});

function codeOf(result: Result<object>): string {
  return result.success ? "" : result.code;
}

import assert from "node:assert/strict";
import "fake-indexeddb/auto";
import { HostKey } from "../ceremonies/host_key.ts";
import { dealKey } from "../guardian/dealer.ts";
import { PageDevice } from "./device.ts";
import { Vault } from "./vault.ts";

/** Two tabs of one guardian. */
async function twoTabs(name: string): Promise<[PageDevice, PageDevice]> {
  const made = await Vault.create("four words are better", name);
  const opened = await Vault.open("four words are better", name);
  return [new PageDevice(made), new PageDevice(opened)];
}

const shareOf = () =>
  dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob"] }).keyShares[0];

Deno.test("a second tab writes no other host key over the one whose words may be on paper", async () => {
  const [one, other] = await twoTabs("two tabs");
  const [first, second] = [HostKey.generate(), HostKey.generate()];
  assert.equal(await one.keepHostKey(first, false), true);
  for (const onPaper of [false, true]) {
    assert.equal(await other.keepHostKey(second, onPaper), false);
  }
  assert.equal((await one.hostKey())?.words, first.words);
  assert.equal(await one.wordsAreOnPaper(first), false);
  // The same words again are no other key.
  assert.equal(await other.keepHostKey(first, true), true);
  assert.equal(await one.wordsAreOnPaper(first), true);
});

Deno.test("words are shown until they are on paper, whatever was noted of others", async () => {
  const [one] = await twoTabs("words");
  const [restored, generated] = [HostKey.generate(), HostKey.generate()];
  // The tab was killed before the key was kept.
  await one.noteWordsOnPaper(restored);
  assert.equal(await one.keepHostKey(generated, false), true);
  assert.equal(await one.wordsAreOnPaper(generated), false);
});

Deno.test("a share is not written over by that of another key in its epoch", async () => {
  const [one] = await twoTabs("shares");
  const [first, second] = [shareOf(), shareOf()];
  await one.keepShare("family", { keyShare: first, epoch: 1 });
  await one.keepShare("family", { keyShare: first, epoch: 1 });
  await assert.rejects(one.keepShare("family", { keyShare: second, epoch: 1 }), /another key/);
  assert.deepEqual((await one.shares("family")).at(0)?.keyShare, first);
  await one.keepShare("family", { keyShare: second, epoch: 2 });
  assert.deepEqual((await one.shares("family")).at(0)?.keyShare, second);
});

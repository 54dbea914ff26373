import assert from "node:assert/strict";
import { aggregate } from "../../supabase/functions/_shared/frost/verification.ts";
import { type Ciphersuite, CIPHERSUITES } from "../../supabase/functions/_shared/frost/suites.ts";
import { dealKey } from "../guardian/dealer.ts";
import { SimulatedCoordinator } from "../../supabase/tests/support/simulated_coordinator.ts";
import {
  createdFor,
  type Told,
  transcriptOf,
} from "../../supabase/tests/support/simulated_transcript.ts";
import { verifyTranscript } from "./transcript.ts";
import { digestOf, type TranscriptEvent } from "./transcript_chain.ts";

const MESSAGE = "5a".repeat(32);
const NAMES = ["ada", "bob", "cyd"];

/** Ada and cyd sign, and bob has said no: everything that the server tells of it. */
async function signed(ciphersuite?: Ciphersuite) {
  const key = dealKey({ familyId: "family", threshold: 2, participants: NAMES, ciphersuite });
  const coordinator = new SimulatedCoordinator(key, MESSAGE);
  const guardians = [coordinator.guardian(0), coordinator.guardian(2)];
  for (const guardian of guardians) await guardian.commit(coordinator.session);
  for (const guardian of guardians) await guardian.sign(coordinator.package());
  const shares: Record<string, string> = {};
  for (const name of ["ada", "cyd"]) [shares[name]] = coordinator.distinct(name, "share");
  const final_signature = aggregate(coordinator.verification(), shares);
  const told: Told[] = [
    createdFor(key, MESSAGE),
    ["declined", "bob", { reason: "on holiday ❄" }],
    ...["ada", "cyd"].map((name): Told => [
      "commitment_accepted",
      name,
      { nonce_commitment: coordinator.distinct(name, "commitment")[0] },
    ]),
    ["round_one_closed", null, { signers: ["ada", "cyd"] }],
    ["share_refused", "cyd", {
      code: "share_invalid",
      reason: "It does not verify",
      signature_share: shares.ada,
    }],
    ...["ada", "cyd"].map((name): Told => [
      "share_accepted",
      name,
      { signature_share: shares[name] },
    ]),
    ["aggregating", null, null],
    ["completed", null, { final_signature }],
  ];
  return { key, told, shares, finalSignature: final_signature };
}

const codeOf = (...args: Parameters<typeof verifyTranscript>) => {
  const result = verifyTranscript(...args);
  return result.success ? "" : result.code;
};

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`${ciphersuite}: a transcript proves who signed, and says what is the server's word`, async () => {
    const { key, told, finalSignature } = await signed(ciphersuite);
    const transcript = transcriptOf(key, told);
    const pins = { keyPackageFingerprint: key.fingerprint, seenHead: transcript.events[3].digest };
    // As it comes.
    const verified = verifyTranscript(JSON.parse(JSON.stringify(transcript)), pins);
    assert.ok(verified.success, JSON.stringify(verified));
    assert.deepEqual(verified.proven, { message: MESSAGE, shares: ["ada", "cyd"], finalSignature });
    assert.equal(verified.head, transcript.transcript_head);
    assert.deepEqual(
      verified.claimed.map(({ event, actor }) => [event, actor]),
      [["declined", "bob"], ["share_refused", "cyd"]],
    );
  });
}

Deno.test("a transcript of which anything was changed, left out or put in is invalid", async () => {
  const { key, told } = await signed();
  const good = transcriptOf(key, told);
  const { events } = good;
  const changes: Partial<TranscriptEvent>[] = [
    { actor: "ada" },
    { actor: null },
    { detail: '{"reason": "on holiday ❄"}' },
    { detail: null },
    { event: "expired" },
    { occurred_at: events[1].occurred_at + 1 },
    { seq: 3 },
    { subject_id: "s2" },
    { family_id: "other" },
    { digest: events[0].digest },
  ];
  for (const change of changes) {
    const changed = events.with(1, { ...events[1], ...change });
    assert.equal(
      codeOf({ ...good, events: changed }),
      "transcript_invalid",
      JSON.stringify(change),
    );
  }
  // Well chained, and yet not the subject's events in their order.
  for (const change of [{ seq: 3 }, { subject: "key" }, { subject_id: "s2" }, { family_id: "x" }]) {
    const rechained: TranscriptEvent[] = [];
    let before = "00".repeat(32);
    for (const [i, event] of events.entries()) {
      const changed = i === 1 ? { ...event, ...change } : event;
      before = digestOf(before, changed);
      rechained.push({ ...changed, digest: before });
    }
    const transcript = { ...good, events: rechained, transcript_head: before };
    assert.equal(codeOf(transcript), "transcript_invalid", JSON.stringify(change));
  }
  const lists = [events.toSpliced(1, 1), events.slice(0, -1), [...events, events[9]], [], null];
  for (const list of lists) {
    assert.equal(codeOf({ ...good, events: list }), "transcript_invalid");
  }
  for (const value of [null, {}, { ...good, transcript_head: "" }, { ...good, key_package: {} }]) {
    assert.equal(codeOf(value), "transcript_invalid");
  }
});

Deno.test("what a transcript tells must bear arithmetic, however well it is chained", async () => {
  const { key, told, shares } = await signed();
  const other = await signed();
  const find = (event: string) => told.findIndex(([name]) => name === event);
  const telling = (event: string, detail: object, actor?: string) => {
    const at = find(event);
    const [, who, before] = told[at];
    return told.with(at, [event, actor ?? who, { ...before, ...detail }]);
  };
  const without = (event: string) => told.toSpliced(find(event), 1);
  const stories: Record<string, readonly Told[]> = {
    "another message": telling("created", { message_hash: "a5".repeat(32) }),
    "a message that is not hex": telling("created", { message_hash: "5A" }),
    "another key package": telling("created", { key_package_id: "k2" }),
    "another threshold": telling("created", { threshold: 3 }),
    "others asked": telling("created", { participants: ["ada", "bob"] }),
    "no creation": told.slice(1),
    "two creations": [told[0], ...told],
    "a commitment of nobody's": telling("commitment_accepted", {}, "eve"),
    "a commitment that is not points": telling("commitment_accepted", { nonce_commitment: "00" }),
    "another commitment": telling("commitment_accepted", {
      nonce_commitment: other.told[3][2] && Object.values(other.told[3][2])[0],
    }),
    "a commitment twice": told.toSpliced(3, 0, told[2]),
    "a commitment after round one": told.toSpliced(5, 0, [
      "commitment_accepted",
      "bob",
      told[2][2],
    ]),
    "other signers": telling("round_one_closed", { signers: ["ada", "bob"] }),
    "too few signers": telling("round_one_closed", { signers: ["ada"] }),
    "signers out of order": telling("round_one_closed", { signers: ["cyd", "ada"] }),
    "shares without a closed round": without("round_one_closed"),
    "another's share": telling("share_accepted", { signature_share: shares.cyd }),
    "a share that is not a scalar": telling("share_accepted", { signature_share: "ff".repeat(32) }),
    "a share under another's name": telling("share_accepted", {}, "bob"),
    "a share twice": told.toSpliced(6, 0, told[6]),
    "a good share refused": telling("share_refused", { signature_share: shares.cyd }),
    "a signature with a share missing": without("share_accepted"),
    "another signature": telling("completed", { final_signature: other.finalSignature }),
    "no signature": telling("completed", { final_signature: null }),
    "an open round with a commitment that is not points": [
      told[0],
      ["commitment_accepted", "ada", { nonce_commitment: "00" }],
    ],
    "a closed round with too few signers": telling("round_one_closed", { signers: ["ada"] })
      .slice(0, 5),
    "a creation with a message that is not hex": telling("created", { message_hash: "5A" })
      .slice(0, 1),
    "a detail that is missing": told.with(2, ["commitment_accepted", "ada", null]),
  };
  for (const [story, events] of Object.entries(stories)) {
    assert.equal(codeOf(transcriptOf(key, events)), "transcript_invalid", story);
  }
  const { key_package, ...rest } = transcriptOf(key, told.slice(0, 1));
  const verifying_shares = key_package?.verifying_shares.toReversed();
  const mixed = { ...rest, key_package: { ...key_package, verifying_shares } };
  assert.equal(codeOf(mixed), "transcript_invalid", "a key package that does not hold together");
  const forged = telling("completed", { final_signature: other.finalSignature });
  const recovery = transcriptOf(key, [told[0], forged[forged.length - 1]], { subject: "recovery" });
  assert.equal(codeOf(recovery), "transcript_invalid", "another signature of a recovery");
  // And of another key, with the same names.
  assert.equal(codeOf(transcriptOf(other.key, told)), "transcript_invalid");
});

Deno.test("a transcript is held against what was pinned and what was seen before", async () => {
  const { key, told } = await signed();
  const transcript = transcriptOf(key, told);
  const rewritten = transcriptOf(key, told.with(1, ["declined", "bob", { reason: "of his own" }]));
  assert.equal(codeOf(rewritten), "");
  const seenHead = transcript.events[5].digest;
  assert.equal(codeOf(transcript, { seenHead }), "");
  assert.equal(codeOf(rewritten, { seenHead }), "transcript_rewritten");
  assert.equal(
    codeOf(transcript, { keyPackageFingerprint: "00".repeat(32) }),
    "key_package_mismatch",
  );
  const dryRun = { ...transcriptOf(key, told.slice(0, 1)), key_package: null };
  const verified = verifyTranscript(dryRun);
  assert.ok(verified.success);
  assert.deepEqual(verified.proven, { message: null, shares: [], finalSignature: null });
});

Deno.test("a session that did not finish has a transcript too, and so has a recovery", async () => {
  const { key, told, finalSignature } = await signed();
  const failed = verifyTranscript(
    transcriptOf(key, [...told.slice(0, 7), ["failed", "ada", { reason: "given up" }]]),
  );
  assert.ok(failed.success);
  assert.deepEqual(failed.proven, { message: MESSAGE, shares: ["ada"], finalSignature: null });
  assert.deepEqual(failed.claimed.map(({ event }) => event), [
    "declined",
    "share_refused",
    "failed",
  ]);
  const recovered = [told[0], told.at(-1) ?? told[0]];
  const recovery = verifyTranscript(transcriptOf(key, recovered, { subject: "recovery" }));
  assert.ok(recovery.success);
  assert.deepEqual(recovery.proven, { message: MESSAGE, shares: [], finalSignature });
});

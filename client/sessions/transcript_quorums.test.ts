/** Transcripts of sessions with several quorums. */
import assert from "node:assert/strict";
import {
  aggregate,
  prepareVerification,
} from "../../supabase/functions/_shared/frost/verification.ts";
import { dealKey } from "../guardian/dealer.ts";
import { answersOf, quorumOf, sessionOf } from "../../supabase/tests/support/simulated_quorums.ts";
import type { SigningPackage } from "../guardian/signing_session.ts";
import {
  createdFor,
  type Told,
  transcriptOf,
} from "../../supabase/tests/support/simulated_transcript.ts";
import { verifyTranscript } from "./transcript.ts";

const MESSAGE = "5a".repeat(32);
const NAMES = ["ada", "bob", "cyd"] as const;

/** Quorums of two, bound when the session was created; ada answers all of hers, and cyd finishes the second. */
async function signed() {
  const key = dealKey({ familyId: "family", threshold: 2, participants: NAMES });
  const session = sessionOf(key, MESSAGE);
  const guardians = NAMES.map((_, i) => answersOf(key, i));
  for (const guardian of guardians) await guardian.approve(session);
  const pairs = [[0, 1], [0, 2], [1, 2]];
  const packages: SigningPackage[] = [];
  for (const pair of pairs) {
    const drawn: [string, string][] = [];
    for (const i of pair) drawn.push([NAMES[i], await guardians[i].draw()]);
    packages.push(quorumOf(key, session, Object.fromEntries(drawn)));
  }
  const share = async (i: number, q: number): Promise<Told> => ["share_accepted", NAMES[i], {
    quorum: q + 1,
    signature_share: await guardians[i].shareOf(packages[q]),
  }];
  const shares = [await share(0, 0), await share(0, 1), await share(2, 1)];
  const [, ada, cyd] = shares.map(([, , detail]) => String(Object.values(detail ?? {})[1]));
  const { signers, commitments, message, key_package: keyPackage } = packages[1];
  const verification = prepareVerification({ keyPackage, signers, commitments, message });
  const final_signature = aggregate(verification, { ada, cyd });
  const closed = packages.map(({ signers, commitments }, i): Told => [
    "round_one_closed",
    null,
    { quorum: i + 1, signers, commitments },
  ]);
  const ending: Told[] = [["aggregating", null, null], ["completed", null, { final_signature }]];
  return {
    key,
    told: [createdFor(key, MESSAGE), ...closed, ...shares, ...ending],
    final_signature,
  };
}

const codeOf = (...args: Parameters<typeof verifyTranscript>) => {
  const result = verifyTranscript(...args);
  return result.success ? "" : result.code;
};

Deno.test("a transcript proves the quorum that finished, and the shares of the others", async () => {
  const { key, told, final_signature: finalSignature } = await signed();
  const verified = verifyTranscript(transcriptOf(key, told));
  assert.ok(verified.success, JSON.stringify(verified));
  assert.deepEqual(verified.proven, { message: MESSAGE, shares: ["ada", "cyd"], finalSignature });
  assert.deepEqual(verified.claimed, []);
});

Deno.test("what is told of quorums must bear arithmetic", async () => {
  const { key, told } = await signed();
  const telling = (at: number, detail: object): Told[] => {
    const [event, actor, before] = told[at];
    return told.with(at, [event, actor, { ...before, ...detail }]);
  };
  const commitments = (at: number): object => {
    const [, , detail] = told[at];
    return detail !== null && "commitments" in detail ? { ...Object(detail.commitments) } : {};
  };
  const stories: Record<string, Told[]> = {
    "a commitment in two quorums": telling(2, {
      commitments: { ...commitments(2), ...commitments(1) },
    }),
    "the commitments of another quorum": telling(3, { commitments: commitments(2) }),
    "a share in another quorum": telling(4, { quorum: 2 }),
    "a share in no quorum": telling(4, { quorum: 9 }),
    "a quorum that is not a number": telling(4, { quorum: "1" }),
    "a quorum that is closed twice": told.toSpliced(2, 0, told[1]),
    "a quorum without commitments": telling(2, { commitments: null }),
    "a commitment of nobody's": telling(1, { commitments: { ...commitments(1), eve: "00" } }),
    "a commitment that is not points": telling(1, { commitments: { ada: "00", bob: "11" } }),
    "a signature with a share missing": told.toSpliced(6, 1),
    "commitments that are no record": telling(1, { commitments: "none" }),
  };
  for (const [story, events] of Object.entries(stories)) {
    assert.equal(codeOf(transcriptOf(key, events)), "transcript_invalid", story);
  }
});

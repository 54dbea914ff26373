/** Transcripts for tests, chained as docs and database have it, without the client's own code. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { DealtKey } from "../../../client/guardian/dealer.ts";
import type { Transcript, TranscriptEvent } from "../../../client/sessions/transcript_chain.ts";

/** An event before it is in a chain. */
export type Told = readonly [event: string, actor: string | null, detail: object | null];

/** The event that creates a session or a recovery request of a key. */
export function createdFor(key: DealtKey, message: string): Told {
  const { participants, threshold } = key.registration;
  return ["created", participants[0], {
    message_hash: message,
    participants,
    threshold,
    key_package_id: "k1",
    expires_at: 1_700_000_300_000,
    event_type: null,
  }];
}

/** The transcript in which this happened. */
export function transcriptOf(
  key: DealtKey,
  told: readonly Told[],
  { subject = "session", subjectId = "session-1" } = {},
): Transcript {
  const { familyId: family_id } = key.registration;
  const [{ ciphersuite, threshold, participants, group_public_key, verifying_shares }] =
    key.keyShares;
  return {
    ...chainOf(told, { subject, subject_id: subjectId, family_id }),
    key_package: {
      key_package_id: "k1",
      ciphersuite,
      threshold,
      participants,
      group_public_key,
      verifying_shares,
    },
  };
}

/** Events in a chain that holds together. */
export function chainOf(
  told: readonly Told[],
  about: Pick<Transcript, "subject" | "subject_id" | "family_id">,
): Omit<Transcript, "key_package"> {
  const { subject, subject_id, family_id } = about;
  let before: Buffer = Buffer.alloc(32);
  const events = told.map(([event, actor, detail], i): TranscriptEvent => {
    const text = detail === null ? null : JSON.stringify(detail);
    const occurred_at = 1_700_000_000_000 + i;
    const hash = createHash("sha256").update(before);
    for (
      const field of [
        `${i + 1}`,
        subject,
        subject_id,
        family_id,
        event,
        actor,
        text,
        `${occurred_at}`,
      ]
    ) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field === null ? 0xffffffff : Buffer.byteLength(field));
      hash.update(length).update(field ?? "");
    }
    before = hash.digest();
    const digest = before.toString("hex");
    return { seq: i + 1, ...about, event, actor, detail: text, occurred_at, digest };
  });
  return { ...about, events, transcript_head: before.toString("hex") };
}

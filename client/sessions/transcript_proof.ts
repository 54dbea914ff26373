/**
 * What follows from a transcript by arithmetic: each quorum's commitments, its shares, and the signature that one of them
 * made.
 *
 * @module
 */
import { isHex, parseNonceCommitment } from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { verifyKeyPackage } from "../../supabase/functions/_shared/frost/key_package.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  verifyShare,
  verifySignature,
} from "../../supabase/functions/_shared/frost/verification.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import type { Transcript, TranscriptEvent } from "./transcript_chain.ts";

/** What follows by arithmetic. The server cannot make it up. */
export interface Proven {
  /** The message, lower-case hex, that the following is about. */
  readonly message: string | null;
  /** Whose signature shares verify. Only the holders of their key shares could make them. */
  readonly shares: readonly string[];
  /** A valid signature of the message under the group key, if there is one. Lower-case hex. */
  readonly finalSignature: string | null;
}

/** What the events say and arithmetic does not bear out. */
export class Contradiction extends Error {
  override readonly name = "Contradiction";
}

type Key = NonNullable<Transcript["key_package"]>;

/** Goes through the events as they happened. */
export function provenBy({ events, subject }: Transcript, key: Key): Proven {
  const suite = suiteOf(key.ciphersuite);
  verifyKeyPackage({
    ciphersuite: key.ciphersuite,
    threshold: key.threshold,
    participants: key.participants,
    groupPublicKey: key.group_public_key,
    verifyingShares: key.verifying_shares,
  });
  const request = requestOf(events[0], key);
  const quorums = new Map<number, Quorum>();
  const used = new Set<string>();
  /** A commitment is of one quorum: a second use would be a reused nonce. */
  const commit = (event: TranscriptEvent, quorum: Quorum, participant: string, hex: string) => {
    parseNonceCommitment(suite, hex);
    if (used.has(hex)) throw new Contradiction(`Event ${event.seq} uses a commitment once more`);
    used.add(hex);
    keep(quorum.commitments, participant, hex, event);
  };
  let finalSignature: string | null = null;
  for (const event of events.slice(1)) {
    const { seq, actor } = event;
    switch (event.event) {
      case "created":
        throw new Contradiction(`Event ${seq} creates what was created before`);
      case "commitment_accepted": {
        const quorum = quorumOf(quorums, event);
        if (quorum.verification) {
          throw new Contradiction(`Event ${seq} is a commitment after round one`);
        }
        const participant = participantOf(event, request.participants);
        commit(event, quorum, participant, textOf(event, "nonce_commitment"));
        break;
      }
      case "round_one_closed": {
        const quorum = quorumOf(quorums, event);
        if (quorum.verification) throw new Contradiction(`Event ${seq} closes round one once more`);
        // A quorum that was bound when the session was created has had no other event.
        for (const [participant, hex] of boundBy(event, request.participants)) {
          commit(event, quorum, participant, hex);
        }
        quorum.verification = closedRoundOf(event, request, quorum.commitments, key);
        break;
      }
      case "share_accepted": {
        const { verification, shares } = quorumOf(quorums, event);
        const share = textOf(event, "signature_share");
        keep(shares, participantOf(event, request.participants), share, event);
        if (!verification || !isShareOf(verification, actor, share)) {
          throw new Contradiction(`Event ${seq} accepts a share that is not ${actor}'s`);
        }
        break;
      }
      case "share_refused": {
        const { verification } = quorumOf(quorums, event);
        const share = fieldOf(detailOf(event), "signature_share");
        if (
          verification && typeof share === "string" &&
          fieldOf(detailOf(event), "code") === "share_invalid" &&
          isShareOf(verification, actor, share)
        ) throw new Contradiction(`Event ${seq} refuses a share of ${actor}'s that verifies`);
        break;
      }
      case "completed": {
        finalSignature = textOf(event, "final_signature");
        checkSignature(event, finalSignature, request.message, key);
        // In a recovery there are no signature shares: one device has signed.
        if (subject === "session" && !isMadeBy([...quorums.values()], finalSignature)) {
          throw new Contradiction(`Event ${seq} has a signature that is not made of the shares`);
        }
      }
    }
  }
  const signed = new Set([...quorums.values()].flatMap(({ shares }) => Object.keys(shares)));
  return { message: request.message, shares: [...signed], finalSignature };
}

/** What became of one set of signers. */
interface Quorum {
  readonly commitments: Record<string, string>;
  readonly shares: Record<string, string>;
  /** Once its round one is closed. */
  verification?: ShareVerification;
}

/** The quorum that an event is about; a session of two rounds may say none. */
function quorumOf(quorums: Map<number, Quorum>, event: TranscriptEvent): Quorum {
  const number = fieldOf(detailOf(event), "quorum") ?? 1;
  if (typeof number !== "number") {
    throw new Contradiction(`Event ${event.seq} has a quorum that is not a number`);
  }
  const quorum = quorums.get(number) ?? { commitments: {}, shares: {} };
  quorums.set(number, quorum);
  return quorum;
}

/** The commitments of a quorum that was bound. */
function boundBy(event: TranscriptEvent, participants: readonly string[]): [string, string][] {
  const bound = fieldOf(detailOf(event), "commitments") ?? {};
  return Object.entries(bound).map(([participant, hex]) => {
    if (!participants.includes(participant)) {
      throw new Contradiction(
        `Event ${event.seq} binds a commitment of somebody who was not asked`,
      );
    }
    if (typeof hex === "string") return [participant, hex];
    throw new Contradiction(`Event ${event.seq} binds what is not a commitment`);
  });
}

function isMadeBy(quorums: readonly Quorum[], signature: string): boolean {
  return quorums.some(({ verification, shares }) =>
    verification !== undefined && Object.keys(shares).length === verification.signers.length &&
    aggregate(verification, shares) === signature
  );
}

interface Asked {
  readonly message: string;
  readonly participants: readonly string[];
  readonly threshold: number;
}

/** What was asked for, as the first event has it. */
function requestOf(event: TranscriptEvent, key: Key): Asked {
  if (event.event !== "created") throw new Contradiction("The first event does not create it");
  const detail = detailOf(event);
  const message = textOf(event, "message_hash");
  const participants = fieldOf(detail, "participants");
  const threshold = fieldOf(detail, "threshold");
  if (!isTextList(participants) || typeof threshold !== "number") {
    throw new Contradiction("The first event does not say who is asked, and how many");
  }
  if (fieldOf(detail, "key_package_id") !== key.key_package_id) {
    throw new Contradiction("The key package is not the one that it was created under");
  }
  if (!isHex(message)) throw new Contradiction("The message must be lower-case hex");
  return { message, participants, threshold };
}

function closedRoundOf(
  event: TranscriptEvent,
  { message, threshold }: Asked,
  commitments: Readonly<Record<string, string>>,
  key: Key,
): ShareVerification {
  const signers = fieldOf(detailOf(event), "signers");
  const complete = isTextList(signers) && signers.length === threshold &&
    Object.keys(commitments).length === threshold &&
    signers.every((signer) => Object.hasOwn(commitments, signer));
  if (!complete) {
    throw new Contradiction(`Event ${event.seq} has other signers than those who committed`);
  }
  return prepareVerification({ keyPackage: key, signers, commitments, message });
}

function isShareOf(verification: ShareVerification, actor: string | null, share: string): boolean {
  const signer = verification.signers.find(({ participant }) => participant === actor);
  try {
    return signer !== undefined && verifyShare(verification, signer, share);
  } catch (error) {
    if (error instanceof FrostError) return false;
    throw error;
  }
}

function checkSignature(event: TranscriptEvent, signature: string, message: string, key: Key) {
  if (!verifySignature(key.ciphersuite, key.group_public_key, message, signature)) {
    throw new Contradiction(`Event ${event.seq} has a signature that does not verify`);
  }
}

function keep(
  all: Record<string, string>,
  participant: string,
  value: string,
  event: TranscriptEvent,
): void {
  if (Object.hasOwn(all, participant)) {
    throw new Contradiction(`Event ${event.seq} is a second one of ${participant}`);
  }
  // Not by assignment: a participant may be called `__proto__`.
  Object.defineProperty(all, participant, { value, enumerable: true });
}

function participantOf(event: TranscriptEvent, participants: readonly string[]): string {
  if (event.actor !== null && participants.includes(event.actor)) return event.actor;
  throw new Contradiction(`Event ${event.seq} is of somebody who was not asked`);
}

function textOf(event: TranscriptEvent, name: string): string {
  const value = fieldOf(detailOf(event), name);
  if (typeof value === "string") return value;
  throw new Contradiction(`Event ${event.seq} has no ${name}`);
}

function detailOf(event: TranscriptEvent): unknown {
  try {
    return JSON.parse(event.detail ?? "null");
  } catch {
    throw new Contradiction(`Event ${event.seq} has a detail that is not JSON`);
  }
}

/**
 * The family of all tests: a key that was dealt, and what can be said of it without a server. How its members
 * reach one is added where it is needed: over HTTP, by SQL, or as an app with supabase-js.
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { dealKey, type DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import type { GuardianTransport } from "../../../client/guardian/guardian_transport.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import { eventId, type EventTemplate } from "../../functions/_shared/frost/nostr.ts";
import { type Ciphersuite, type Suite, suiteOf } from "../../functions/_shared/frost/suites.ts";
import { verifySignature } from "../../functions/_shared/frost/verification.ts";
import type { Json } from "./answers.ts";

/** What kind of family. */
export interface FamilyOptions {
  readonly id?: string;
  readonly ciphersuite?: Ciphersuite;
  readonly threshold?: number;
  /** In identifier order. */
  readonly participants?: readonly string[];
  /** An existing secret to split. */
  readonly secret?: string;
}

/** What a request for a signature has to say. */
export type RequestBody = {
  readonly familyId: string;
  readonly messageHash: string;
  readonly participants: string[];
  readonly threshold: number;
};

/** A family that nobody knows of yet. */
export class Family {
  readonly key: DealtKey;
  readonly id: string;
  readonly participants: readonly string[];
  readonly threshold: number;
  readonly suite: Suite;

  constructor(
    { id = `family-${crypto.randomUUID()}`, threshold = 2, ciphersuite, secret, ...options }:
      FamilyOptions = {},
  ) {
    const { participants = ["ann", "bob", "cleo"] } = options;
    this.key = dealKey({ familyId: id, threshold, participants, ciphersuite, secret });
    this.id = id;
    this.participants = participants;
    this.threshold = threshold;
    this.suite = suiteOf(this.key.registration.ciphersuite);
  }

  /** The body of a request for a signature of 32 random bytes, with other fields if given. */
  request<More extends Json>(more?: More): RequestBody & More {
    const { id: familyId, threshold } = this;
    const participants = [...this.participants];
    const body = { familyId, messageHash: randomHex(32), participants, threshold };
    return Object.assign(body, more);
  }

  /** The body of a request for the signature of a Nostr event. */
  eventRequest<More extends Json>(eventTemplate: EventTemplate = note(), more?: More) {
    const messageHash = eventId(eventTemplate, this.key.registration.groupPublicKey);
    return this.request({ messageHash, eventTemplate, ...more });
  }

  /** A fresh nonce commitment that no guardian will answer for. */
  freshCommitment(): string {
    const { frost } = this.suite;
    const { commitments } = frost.commit({
      identifier: frost.Identifier.fromNumber(1),
      signingShare: hexToBytes(this.key.keyShares[0].signing_share),
    });
    return bytesToHex(commitments.hiding) + bytesToHex(commitments.binding);
  }

  /** Whether this is a signature of the family's key. */
  verifies(message: string, signature: unknown): boolean {
    const { ciphersuite, groupPublicKey } = this.key.registration;
    return typeof signature === "string" &&
      verifySignature(ciphersuite, groupPublicKey, message, signature);
  }

  /** A guardian's device; by default it forgets its nonces with the test. */
  deviceOf<CommitmentAnswer, ShareAnswer>(
    participant: string,
    transport: GuardianTransport<CommitmentAnswer, ShareAnswer>,
    store: NonceStore = new MemoryNonceStore(),
  ): Guardian<CommitmentAnswer, ShareAnswer> {
    return new Guardian({ keyShare: this.keyShareOf(participant), store, transport });
  }

  keyShareOf(participant: string): KeyShare {
    const keyShare = this.key.keyShares.find((share) => share.participant_id === participant);
    if (keyShare === undefined) throw new Error(`${participant} has no share`);
    return keyShare;
  }

  /** As few signers as suffice: the first ones. */
  get fewest(): readonly string[] {
    return this.participants.slice(0, this.threshold);
  }
}

/** A short text note, another one each time. */
export function note(
  content = `Signed by a threshold of us: "${crypto.randomUUID()}"\n\u2744 é`,
): EventTemplate {
  return {
    kind: 1,
    created_at: Math.floor(Date.now() / 1000),
    tags: [["t", "permafrost"]],
    content,
  };
}

export function randomHex(bytes: number): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/**
 * What a FROST session is asked for with, and what is answered.
 *
 * @module
 */
import type { EventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import type { FrostStatus } from "./session.ts";

/** How long a session lasts by default, in seconds. */
export const DEFAULT_EXPIRATION_SECONDS = 300;

/** A request for a signature. */
export interface SessionRequest {
  /** The caller's own family. */
  readonly familyId: string;
  /** What is signed, lower-case hex: 32 bytes for the Taproot suite, 1 to 8,192 for the others. */
  readonly messageHash: string;
  /** Who may take part: guardians of the family's key. */
  readonly participants: readonly string[];
  /** How many of them sign: the key's threshold or more. */
  readonly threshold: number;
  /** The Nostr event whose id `messageHash` is; guardians are shown it. */
  readonly eventTemplate?: EventTemplate;
  readonly eventType?: string;
  /** 1 to 604,800; 300 if not given. */
  readonly expirationSeconds?: number;
}

/** A session that was created. */
export interface CreatedSession {
  readonly sessionId: string;
  readonly status: "pending";
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What members must be told about the key: that it was put together for a recovery. */
  readonly warning?: string;
}

/** What is missing to finish a session. */
export interface SessionNeeds {
  readonly status: FrostStatus;
  /** Who owes a nonce commitment, while round one is open. */
  readonly missingCommitments: readonly string[];
  /** Which signers owe a signature share, from `signing` on. */
  readonly missingSignatures: readonly string[];
  /** Every share is there, and `aggregateSignatures` makes the signature. */
  readonly canAggregate: boolean;
  readonly isExpired: boolean;
}

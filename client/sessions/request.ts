/**
 * What a FROST session is asked for with, and what is answered.
 *
 * @module
 */
import type { EventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import type { FrostStatus, SigningMode, SigningQuorum } from "./session.ts";

/** How long a session lasts by default, in seconds. */
export const DEFAULT_EXPIRATION_SECONDS = 300;

/** What is signed. */
export interface Message {
  /** Lower-case hex: 32 bytes for the Taproot suite, 1 to 8,192 for the others. */
  readonly messageHash: string;
  /** The Nostr event whose id `messageHash` is; guardians are shown it. */
  readonly eventTemplate?: EventTemplate;
  readonly eventType?: string;
}

/** Who signs, and how. */
export interface Signers {
  /** The caller's own family. */
  readonly familyId: string;
  /** Who may take part: guardians of the family's key. */
  readonly participants: readonly string[];
  /** How many of them sign: the key's threshold or more. */
  readonly threshold: number;
  /**
   * `two_round` if not given. `robust` finishes with any `threshold` guardians who answer, whatever the others do.
   * `one_tap` takes one call of each, where the guardians' pools suffice; where they do not, it is `robust`.
   */
  readonly mode?: SigningMode;
  /** 1 to 604,800; 300 if not given. */
  readonly expirationSeconds?: number;
}

/** A request for a signature. */
export type SessionRequest = Signers & Message;

/** A request for many signatures, of a session each. */
export interface BatchRequest extends Signers {
  /** 1 to 256. */
  readonly messages: readonly Message[];
}

/** What the answers to both kinds of requests say. */
interface Created {
  /** As it is: `robust` where a `one_tap` could not be. */
  readonly mode: SigningMode;
  /** `signing` in `one_tap`, where there is nothing else to do before. */
  readonly status: FrostStatus;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whose pool fell short of a `one_tap` of all, and by how many commitments. */
  readonly short?: Readonly<Record<string, number>>;
  /** What members must be told about the key: that it was put together for a recovery. */
  readonly warning?: string;
}

/** A session that was created. */
export interface CreatedSession extends Created {
  readonly sessionId: string;
  readonly quorums: readonly SigningQuorum[];
}

/** Sessions that were created together. */
export interface CreatedBatch extends Created {
  /** As `Guardian.approve` takes it; null for a batch of one, which is its session. */
  readonly batchId: string | null;
  /** In the order of the messages. */
  readonly sessionIds: readonly string[];
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

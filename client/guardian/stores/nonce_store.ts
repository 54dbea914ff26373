/**
 * Where a guardian keeps the secret nonces of sessions it has committed to.
 *
 * One pair of nonces must never answer twice: two signature shares made with it give the key share away.
 * A store therefore keeps one record a slot, and a record goes one way only:
 *
 *     nothing → committed (with nonces) → spent (nonces gone) → released (with the share)
 *
 * What a store cannot know is that it was itself put back to an earlier state. Keep it out of backups,
 * snapshots and synchronised folders. `Guardian` bounds the damage: it refuses nonces whose session has
 * expired, and those it has used since it was started.
 *
 * Beside the nonces stands the last `transcript_head` that the device saw of the session. A transcript that
 * does not contain it was rewritten since.
 */

/** What a guardian agreed to sign when it committed; round two may ask for nothing else. */
export interface ApprovedRequest {
  /** Lower-case hex. */
  readonly message: string;
  readonly threshold: number;
  readonly participants: readonly string[];
}

/** What every record holds. */
interface AnyRecord {
  /** Milliseconds since the epoch; from then on the record is of no use and may be pruned. */
  readonly expires_at: number;
  /** The last that was seen, if the coordinator said one: 32 bytes as lower-case hex. */
  readonly transcript_head?: string;
}

/** Nonces that wait for round two, and the request that they are for. Bytes as lower-case hex. */
export interface CommittedRecord extends AnyRecord {
  readonly state: "committed";
  readonly approved: ApprovedRequest;
  /** hiding ‖ binding as published: 2·Ne bytes. */
  readonly nonce_commitment: string;
  /** Secret. A scalar of Ns bytes. */
  readonly hiding_nonce: string;
  /** Secret. A scalar of Ns bytes. */
  readonly binding_nonce: string;
}

/** The nonces were taken, and no share was kept: it is being made now, or a crash came between. */
export interface SpentRecord extends AnyRecord {
  readonly state: "spent";
}

/** The share that was made, public by now, and the package it answers. Bytes as lower-case hex. */
export interface ReleasedRecord extends AnyRecord {
  readonly state: "released";
  /** SHA-256 of the package. */
  readonly package_digest: string;
  /** A scalar of Ns bytes. */
  readonly signature_share: string;
}

/** What a store holds for a slot. */
export type NonceRecord = CommittedRecord | SpentRecord | ReleasedRecord;

/** What a store keeps of a record whose nonces it hands out. */
export function spentOf({ expires_at, transcript_head }: CommittedRecord): SpentRecord {
  const spent = { state: "spent", expires_at } as const;
  return transcript_head === undefined ? spent : { ...spent, transcript_head };
}

/**
 * A nonce store. Each operation is atomic, durable when its promise resolves, and holds against other
 * users of the same store; slots are 64 lower-case hex digits.
 */
export interface NonceStore {
  /** The record of a slot, if there is one. */
  read(slot: string): Promise<NonceRecord | undefined>;

  /** Keeps nonces in an empty slot; false, changing nothing, if it is not empty. */
  create(slot: string, record: CommittedRecord): Promise<boolean>;

  /**
   * Turns `committed` into `spent` and hands the nonces out: to exactly one caller ever, and only after
   * they can no longer be read. Every other caller gets `undefined`.
   */
  take(slot: string): Promise<CommittedRecord | undefined>;

  /** Turns `spent` into `released`. Rejects if the slot is not spent. */
  release(slot: string, record: ReleasedRecord): Promise<void>;

  /** Removes what has expired by `now`, in milliseconds since the epoch; answers how many records. */
  prune(now: number): Promise<number>;
}

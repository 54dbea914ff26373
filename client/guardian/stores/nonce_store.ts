/**
 * Where a guardian keeps the secret nonces of sessions it has committed to.
 *
 * One pair of nonces must never answer twice: two signature shares made with it give the key share away.
 * A store therefore keeps one record a slot, and a record goes one way only:
 *
 *     nothing → committed or unbound (with nonces) → spent (nonces gone) → released (with the share)
 *
 * `committed` nonces are for one session of two rounds, in that session's slot. `unbound` ones are for a quorum that
 * is not known yet, in a slot of their commitment. Two records have no nonces and never change: `approved` says what
 * may be signed in a session, and `answered` counts a package of it.
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

/** A pair of nonces and its commitment. Bytes as lower-case hex. */
export interface NoncePair {
  /** hiding ‖ binding as published: 2·Ne bytes. */
  readonly nonce_commitment: string;
  /** Secret. A scalar of Ns bytes. */
  readonly hiding_nonce: string;
  /** Secret. A scalar of Ns bytes. */
  readonly binding_nonce: string;
}

/** Nonces that wait for round two, and the request that they are for. */
export interface CommittedRecord extends AnyRecord, NoncePair {
  readonly state: "committed";
  readonly approved: ApprovedRequest;
}

/** Nonces that wait for a quorum. */
export interface UnboundRecord extends AnyRecord, NoncePair {
  readonly state: "unbound";
  /** Whose they are: what `NonceStore.pairs` is asked with. */
  readonly owner: string;
  /** The only session that they may answer in; without it, they were published to the pool. */
  readonly session_id?: string;
}

/** What may be signed in a session, whatever its quorums. */
export interface ApprovedRecord extends AnyRecord {
  readonly state: "approved";
  readonly approved: ApprovedRequest;
}

/** One of the packages of an approved session that were answered. */
export interface AnsweredRecord extends AnyRecord {
  readonly state: "answered";
  /** SHA-256 of the package. */
  readonly package_digest: string;
}

/** What has nonces. */
export type HeldRecord = CommittedRecord | UnboundRecord;

/** What an empty slot takes. */
export type NewRecord = HeldRecord | ApprovedRecord | AnsweredRecord;

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
export type NonceRecord = NewRecord | SpentRecord | ReleasedRecord;

/** Whether a record has nonces. */
export function isHeld(record: NonceRecord | undefined): record is HeldRecord {
  return record?.state === "committed" || record?.state === "unbound";
}

/** A pair as a store lists it, without its nonces. */
export type PooledPair = Pick<UnboundRecord, "nonce_commitment" | "expires_at">;

/** The pooled pairs of an owner among records. */
export function pairsAmong(records: readonly NonceRecord[], owner: string): PooledPair[] {
  return records.flatMap((record) =>
    record.state === "unbound" && record.owner === owner && record.session_id === undefined
      ? [{ nonce_commitment: record.nonce_commitment, expires_at: record.expires_at }]
      : []
  );
}

/** What a store keeps of a record whose nonces it hands out. */
export function spentOf({ expires_at, transcript_head }: HeldRecord): SpentRecord {
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

  /** Keeps a record in an empty slot; false, changing nothing, if it is not empty. */
  create(slot: string, record: NewRecord): Promise<boolean>;

  /**
   * Turns `committed` or `unbound` into `spent` and hands the nonces out: to exactly one caller ever, and only after
   * they can no longer be read. Every other caller gets `undefined`.
   */
  take(slot: string): Promise<HeldRecord | undefined>;

  /** Turns `spent` into `released`. Rejects if the slot is not spent. */
  release(slot: string, record: ReleasedRecord): Promise<void>;

  /** The pooled pairs of an owner that are still unbound here; those for one session are not among them. */
  pairs(owner: string): Promise<PooledPair[]>;

  /** Removes what has expired by `now`, in milliseconds since the epoch; answers how many records. */
  prune(now: number): Promise<number>;
}

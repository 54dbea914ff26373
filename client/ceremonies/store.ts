/**
 * Where a device keeps what it is in the middle of. Each record of a ceremony is written once and never replaced:
 *
 *     begun ─→ certified (chilldkg) ─→ decided (refused, or confirmed with the share) ─→ finished
 *
 * `begun` holds the secret that all of the device's messages come from: sending again sends the same. It goes when
 * the ceremony is over for this device, and never before, because the server says so, once the device has signed the
 * ceremony's certificate: others may have a key by then.
 *
 * @module
 */
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import type { KeyShare } from "../guardian/key_share.ts";

/** From before the first message on. */
export interface BegunRecord {
  /** What the secret is for; it never serves another ceremony. */
  readonly params_id: string;
  /** Secret. 32 bytes as lower-case hex. */
  readonly seed: string;
}

/** From before it signs the certificate of a chilldkg on. */
export interface CertifiedRecord {
  readonly params_id: string;
}

/** What the device has decided, before it tells anybody. */
export type DecidedRecord = {
  readonly decision: "refused";
  readonly params_id: string;
  readonly reason: string;
} | {
  readonly decision: "confirmed";
  readonly params_id: string;
  /** What it has signed: the same for all. 32 bytes as lower-case hex. */
  readonly confirmation_hash: string;
  /** Secret. Not to be used before all have confirmed. */
  readonly key_share: KeyShare;
  readonly epoch: number;
  /** The message of round three. */
  readonly payload: Payload;
};

/** The end, for this device. */
export interface FinishedRecord {
  readonly params_id: string;
  readonly outcome: "active" | "dealt";
}

/** The records of a ceremony by stage. */
export interface CeremonyRecords {
  readonly begun: BegunRecord;
  readonly certified: CertifiedRecord;
  readonly decided: DecidedRecord;
  readonly finished: FinishedRecord;
}

/** A stage of a ceremony on a device. */
export type Stage = keyof CeremonyRecords;

/** Keeps records durably: what `create` has answered is there after a power cut. */
export interface CeremonyStore {
  /** The record of a stage; `undefined` if there is none. */
  read<S extends Stage>(ceremonyId: string, stage: S): Promise<CeremonyRecords[S] | undefined>;
  /** Writes a record; false if there is one: of two processes one writes. */
  create<S extends Stage>(
    ceremonyId: string,
    stage: S,
    record: CeremonyRecords[S],
  ): Promise<boolean>;
  /** Removes a record; nothing happens if there is none. */
  remove(ceremonyId: string, stage: Stage): Promise<void>;
}

/** A store for tests and for devices that keep nothing: a ceremony that is interrupted is lost for this guardian. */
export class MemoryCeremonyStore implements CeremonyStore {
  readonly #records = new Map<string, string>();

  read<S extends Stage>(ceremonyId: string, stage: S): Promise<CeremonyRecords[S] | undefined> {
    const text = this.#records.get(`${stage} ${ceremonyId}`);
    return Promise.resolve(text === undefined ? undefined : JSON.parse(text));
  }

  create<S extends Stage>(
    ceremonyId: string,
    stage: S,
    record: CeremonyRecords[S],
  ): Promise<boolean> {
    const key = `${stage} ${ceremonyId}`;
    if (this.#records.has(key)) return Promise.resolve(false);
    this.#records.set(key, JSON.stringify(record));
    return Promise.resolve(true);
  }

  remove(ceremonyId: string, stage: Stage): Promise<void> {
    this.#records.delete(`${stage} ${ceremonyId}`);
    return Promise.resolve();
  }
}

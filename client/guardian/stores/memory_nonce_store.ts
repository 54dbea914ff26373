import {
  type HeldRecord,
  isHeld,
  type NewRecord,
  type NonceRecord,
  type NonceStore,
  pairsAmong,
  type PooledPair,
  type ReleasedRecord,
  spentOf,
} from "./nonce_store.ts";

/**
 * Keeps nonces in memory: for tests, and for guardians that may lose the sessions that are open when they
 * stop. It leaves nothing on the device.
 */
export class MemoryNonceStore implements NonceStore {
  readonly #records = new Map<string, NonceRecord>();

  read(slot: string): Promise<NonceRecord | undefined> {
    return Promise.resolve(this.#records.get(slot));
  }

  create(slot: string, record: NewRecord): Promise<boolean> {
    const empty = !this.#records.has(slot);
    if (empty) this.#records.set(slot, record);
    return Promise.resolve(empty);
  }

  take(slot: string): Promise<HeldRecord | undefined> {
    const record = this.#records.get(slot);
    if (!isHeld(record)) return Promise.resolve(undefined);
    this.#records.set(slot, spentOf(record));
    return Promise.resolve(record);
  }

  release(slot: string, record: ReleasedRecord): Promise<void> {
    if (this.#records.get(slot)?.state !== "spent") {
      return Promise.reject(new Error("Keeping a released share failed: its nonces are not spent"));
    }
    this.#records.set(slot, record);
    return Promise.resolve();
  }

  pairs(owner: string): Promise<PooledPair[]> {
    return Promise.resolve(pairsAmong([...this.#records.values()], owner));
  }

  prune(now: number): Promise<number> {
    const expired = [...this.#records].filter(([, record]) => record.expires_at <= now);
    for (const [slot] of expired) this.#records.delete(slot);
    return Promise.resolve(expired.length);
  }
}

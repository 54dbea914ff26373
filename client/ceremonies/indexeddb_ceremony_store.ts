/**
 * A ceremony store in a browser's IndexedDB; see `DurableDatabase` for what that keeps.
 *
 * @module
 */
import { type Codec, DurableDatabase } from "../storage/durable_database.ts";
import type { CeremonyRecords, CeremonyStore, Stage } from "./store.ts";

/**
 * Keeps ceremonies in IndexedDB; see above for how.
 *
 * @example
 * ```ts
 * import { IndexedDbCeremonyStore } from "@permafrost/client/ceremonies";
 *
 * const store = await IndexedDbCeremonyStore.open("anns-ceremonies");
 * console.log(await store.read("the-ceremony", "finished"));
 * ```
 */
export class IndexedDbCeremonyStore implements CeremonyStore {
  readonly #database: DurableDatabase<CeremonyRecords[Stage]>;

  private constructor(database: DurableDatabase<CeremonyRecords[Stage]>) {
    this.#database = database;
  }

  /**
   * Opens a store, making it if it is missing. Give each guardian one of its own.
   *
   * @param name - Of the database.
   * @param codec - Makes what is stored from a record, encrypted for example, and a record from that; synchronous.
   */
  static async open(
    name = "permafrost-ceremonies",
    codec?: Codec<CeremonyRecords[Stage]>,
  ): Promise<IndexedDbCeremonyStore> {
    return new IndexedDbCeremonyStore(await DurableDatabase.open(name, codec));
  }

  /**
   * Closes the database, once what was begun is finished.
   *
   * @param reason - What further operations reject with.
   */
  close(reason?: Error): void {
    this.#database.close(reason);
  }

  async read<S extends Stage>(
    ceremonyId: string,
    stage: S,
  ): Promise<CeremonyRecords[S] | undefined> {
    const record = await this.#database.get(keyOf(ceremonyId, stage));
    return record as CeremonyRecords[S] | undefined; // this store wrote it
  }

  create<S extends Stage>(
    ceremonyId: string,
    stage: S,
    record: CeremonyRecords[S],
  ): Promise<boolean> {
    const key = keyOf(ceremonyId, stage);
    return this.#database.write(async (records) => {
      if (await records.get(key) !== undefined) return false;
      await records.put(record, key);
      return true;
    });
  }

  async remove(ceremonyId: string, stage: Stage): Promise<void> {
    await this.#database.write((records) => records.delete(keyOf(ceremonyId, stage)));
  }
}

function keyOf(ceremonyId: string, stage: Stage): string {
  return `${stage} ${ceremonyId}`;
}

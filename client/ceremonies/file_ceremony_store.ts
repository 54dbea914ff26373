/**
 * A ceremony store in a directory, for Deno and Node: a file `<digest of the ceremony's id>.<stage>` for each record.
 * It survives crashes and serves several processes.
 *
 * Records hold secrets in the clear, readable by their owner alone: use an encrypted disk.
 *
 * @module
 */
import { hashOfText } from "../../supabase/functions/_shared/ceremony/terms.ts";
import { DurableDirectory } from "../storage/durable_directory.ts";
import type { CeremonyRecords, CeremonyStore, Stage } from "./store.ts";

/**
 * Keeps ceremonies in files; see above for how.
 *
 * @example
 * ```ts
 * import { FileCeremonyStore } from "@permafrost/client/file-ceremony-store";
 *
 * const store = await FileCeremonyStore.open("anns-ceremonies");
 * console.log(await store.read("the-ceremony", "finished"));
 * ```
 */
export class FileCeremonyStore implements CeremonyStore {
  readonly #directory: DurableDirectory;

  private constructor(directory: DurableDirectory) {
    this.#directory = directory;
  }

  /** Opens a store, making the directory if it is missing. Give each guardian one of its own. */
  static async open(directory: string): Promise<FileCeremonyStore> {
    return new FileCeremonyStore(await DurableDirectory.open(directory));
  }

  async read<S extends Stage>(
    ceremonyId: string,
    stage: S,
  ): Promise<CeremonyRecords[S] | undefined> {
    const record = await this.#directory.read(nameOf(ceremonyId, stage));
    return record as CeremonyRecords[S] | undefined; // this store wrote it
  }

  create<S extends Stage>(
    ceremonyId: string,
    stage: S,
    record: CeremonyRecords[S],
  ): Promise<boolean> {
    return this.#directory.create(nameOf(ceremonyId, stage), record);
  }

  async remove(ceremonyId: string, stage: Stage): Promise<void> {
    await this.#directory.remove(nameOf(ceremonyId, stage));
  }
}

function nameOf(ceremonyId: string, stage: Stage): string {
  return `${hashOfText(ceremonyId)}.${stage}`;
}

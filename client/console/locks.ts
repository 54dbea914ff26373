/**
 * The locks of a vault: its main key, encrypted under the passphrase, and under the passkey if there is one. They are
 * one record, in a database that has the vault's name, so that each change is one durable write: after a crash there are
 * the old locks or the new ones.
 *
 * @module
 */
import { bytesToHex } from "@noble/curves/utils.js";
import { fieldOf } from "../shapes.ts";
import { DurableDatabase } from "../storage/durable_database.ts";
import { derive } from "./encryption.ts";
import { parsePasskeyLock, type PasskeyLock } from "./passkey.ts";
import { VaultError } from "./vault_error.ts";

/** The record. There is always a passphrase. */
export interface Locks {
  /** Which main key they hold; see `vaultIdOf`. */
  readonly vault_id: string;
  /** A text of `sealSecret`. */
  readonly passphrase: string;
  readonly passkey?: PasskeyLock;
}

const KEY = "locks";

/** The database of one vault's locks. */
export class LockDatabase {
  readonly #database: DurableDatabase<unknown>;

  private constructor(database: DurableDatabase<unknown>) {
    this.#database = database;
  }

  /** Opens it, making an empty one if it is missing. */
  static async open(name: string): Promise<LockDatabase> {
    return new LockDatabase(await DurableDatabase.open<unknown>(name));
  }

  /** Opens it for as long as `work` takes. */
  static async using<Answer>(
    name: string,
    work: (database: LockDatabase) => Promise<Answer>,
  ): Promise<Answer> {
    const database = await LockDatabase.open(name);
    try {
      return await work(database);
    } finally {
      database.close();
    }
  }

  /** Whether there are locks, also if they are damaged: nothing writes over them. */
  async exist(): Promise<boolean> {
    return await this.#database.get(KEY) !== undefined;
  }

  /**
   * The locks.
   *
   * @throws {VaultError} `missing`, `damaged`.
   */
  async read(): Promise<Locks> {
    return parseLocks(await this.#database.get(KEY));
  }

  /** Writes the first locks; false if there are some. */
  create(locks: Locks): Promise<boolean> {
    return this.#database.write(async (records) => {
      if (await records.get(KEY) !== undefined) return false;
      await records.put(locks, KEY);
      return true;
    });
  }

  /**
   * Changes the locks of a vault. What `change` throws leaves them as they are.
   *
   * @throws {VaultError} `missing`, also if the locks are another vault's by now: the data were cleared, and a vault
   *   was made anew in another tab.
   */
  async change(vaultId: string, change: (locks: Locks) => Locks): Promise<void> {
    await this.#database.write(async (records) => {
      const locks = parseLocks(await records.get(KEY));
      if (locks.vault_id !== vaultId) throw cleared();
      await records.put(change(locks), KEY);
    });
  }

  /** Closes the database; see `DurableDatabase`. */
  close(reason?: Error): void {
    this.#database.close(reason);
  }
}

/**
 * Names a main key without telling anything of it: 16 bytes as lower-case hex. It is in the names of the vault's
 * databases, so that a vault that was made anew never meets what an older one has left.
 */
export function vaultIdOf(mainKey: Uint8Array): string {
  return bytesToHex(derive(mainKey, "permafrost/vault-id", 16));
}

/** The browser's data were cleared while the vault was open: what it wrote now, nobody could read later. */
export function cleared(): VaultError {
  return new VaultError("missing", "The vault is gone: the browser's data were cleared");
}

function parseLocks(stored: unknown): Locks {
  if (stored === undefined) throw new VaultError("missing", "There is no vault in this browser");
  const [vault_id, passphrase] = [fieldOf(stored, "vault_id"), fieldOf(stored, "passphrase")];
  if (typeof vault_id !== "string" || typeof passphrase !== "string") {
    throw new VaultError("damaged", "The locks of the vault were changed");
  }
  const passkey = parsePasskeyLock(fieldOf(stored, "passkey"));
  return passkey === undefined ? { vault_id, passphrase } : { vault_id, passphrase, passkey };
}

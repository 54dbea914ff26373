/**
 * Where the console keeps keys and nonces: in IndexedDB, encrypted under a main key of 32 random bytes. That key is
 * stored under locks alone: always the passphrase (scrypt and AES-256-GCM, see `sealSecret`), and a passkey if the
 * person adds one (see `lockWithPasskey`). Each lock opens the vault by itself; no lock, no data.
 *
 * What it does not keep out: a script of the same origin while the vault is open, and who puts an older state of the
 * whole database back. Texts that were read stay in the page's memory, also after `lock()`, until the browser drops them.
 *
 * | database | holds |
 * |---|---|
 * | `<name>` | the locks |
 * | `<name> <vault id> entries` | the entries |
 * | `<name> <vault id> nonces <scope>` | the nonces of a scope |
 * | `<name> <vault id> ceremonies` | the ceremonies |
 *
 * Records are encrypted one by one; their keys, and the scopes, are in the clear (see `encryptedRecords`).
 *
 * @module
 */
import { IndexedDbCeremonyStore } from "../ceremonies/indexeddb_ceremony_store.ts";
import { openSecret, sealSecret } from "../ceremonies/sealed.ts";
import type { CeremonyStore } from "../ceremonies/store.ts";
import { IndexedDbNonceStore } from "../guardian/stores/indexeddb_nonce_store.ts";
import type { NonceStore } from "../guardian/stores/nonce_store.ts";
import { type Codec, DurableDatabase } from "../storage/durable_database.ts";
import { encryptedRecords } from "./encryption.ts";
import { cleared, LockDatabase, type Locks, vaultIdOf } from "./locks.ts";
import { lockWithPasskey, unlockWithPasskey } from "./passkey.ts";
import { VaultError } from "./vault_error.ts";

export { VAULT_ERRORS, VaultError, type VaultErrorCode } from "./vault_error.ts";

const NAME = "permafrost-console";

/** What `lock()` closes. */
interface Closable {
  close(reason: Error): void;
}

/**
 * A vault that is open. Several tabs may have it open at once; each operation is one transaction (see
 * `DurableDatabase`). All reject with `locked` after `lock()`, with `missing` if the browser's data were cleared
 * meanwhile, and with `damaged` for a record that was changed or moved.
 */
export class Vault {
  readonly #name: string;
  readonly #id: string;
  readonly #locks: LockDatabase;
  readonly #stores = new Map<string, Promise<Closable>>();
  #mainKey: Uint8Array | undefined;

  private constructor(name: string, mainKey: Uint8Array, locks: LockDatabase) {
    this.#name = name;
    this.#id = vaultIdOf(mainKey);
    this.#locks = locks;
    this.#mainKey = mainKey;
  }

  /** Whether there is a vault, open or not. */
  static exists(name = NAME): Promise<boolean> {
    return LockDatabase.using(name, (locks) => locks.exist());
  }

  /**
   * Makes a vault, and opens it. The passphrase is normalised (NFKC); nobody can reset it.
   *
   * @throws {VaultError} `exists`, changing nothing.
   */
  static async create(passphrase: string, name = NAME): Promise<Vault> {
    const taken = () => new VaultError("exists", "There is a vault in this browser already");
    if (await Vault.exists(name)) throw taken();
    const mainKey = crypto.getRandomValues(new Uint8Array(32));
    const sealed = await sealMainKey(mainKey, passphrase);
    const first = { vault_id: vaultIdOf(mainKey), passphrase: sealed };
    // Another tab may have made one meanwhile.
    if (!await LockDatabase.using(name, (locks) => locks.create(first))) throw taken();
    return await Vault.#unlocked(name, first, mainKey);
  }

  /** @throws {VaultError} `missing`, `wrong_passphrase`, `damaged`. */
  static async open(passphrase: string, name = NAME): Promise<Vault> {
    const locks = await LockDatabase.using(name, (database) => database.read());
    const mainKey = await openSecret("vault-key", locks.passphrase, passphrase);
    if (mainKey === undefined) {
      throw new VaultError("wrong_passphrase", "This is not the passphrase of the vault");
    }
    return await Vault.#unlocked(name, locks, mainKey);
  }

  /** Whether a passkey opens the vault, as far as this browser knows: on the authenticator it may be deleted. */
  static async hasPasskey(name = NAME): Promise<boolean> {
    try {
      const { passkey } = await LockDatabase.using(name, (locks) => locks.read());
      return passkey !== undefined;
    } catch (error) {
      // Whoever opens it then hears why it cannot be opened.
      if (error instanceof VaultError) return false;
      throw error;
    }
  }

  /**
   * Asks for the passkey, and opens the vault.
   *
   * @throws {VaultError} `missing` also if the vault has no passkey; `passkey_cancelled`, `no_prf`, `damaged`.
   */
  static async openWithPasskey(name = NAME): Promise<Vault> {
    const locks = await LockDatabase.using(name, (database) => database.read());
    if (locks.passkey === undefined) {
      throw new VaultError("missing", "The vault has no passkey; open it with the passphrase");
    }
    return await Vault.#unlocked(name, locks, await unlockWithPasskey(locks.passkey, name));
  }

  static async #unlocked(name: string, locks: Locks, mainKey: Uint8Array): Promise<Vault> {
    if (vaultIdOf(mainKey) !== locks.vault_id) {
      throw new VaultError("damaged", "The locks of the vault were changed");
    }
    return new Vault(name, mainKey, await LockDatabase.open(name));
  }

  /**
   * Adds a passkey as a second lock. It asks the person three times, and stores nothing before the passkey has given
   * the main key back once. After a refusal the credential stays on the authenticator; see `lockWithPasskey`.
   *
   * @param label - What the authenticator lists the passkey as.
   * @throws {VaultError} `exists`: remove the old one first; `no_prf`, `passkey_cancelled`, `damaged`.
   */
  async addPasskey(label: string): Promise<void> {
    const checkFree = (locks: Locks) => {
      if (locks.passkey === undefined) return;
      throw new VaultError("exists", "The vault has a passkey already; remove it first");
    };
    await this.#changeLocks(async (mainKey) => {
      checkFree(await this.#locks.read());
      const passkey = await lockWithPasskey(label, this.#name, mainKey);
      return (locks) => {
        // Another tab may have added one meanwhile.
        checkFree(locks);
        return { ...locks, passkey };
      };
    });
  }

  /** Leaves the passphrase alone as lock. The credential stays on the authenticator, and opens nothing any more. */
  async removePasskey(): Promise<void> {
    await this.#changeLocks(() => ({ passkey: _, ...locks }) => locks);
  }

  /** Puts another passphrase in the place of the one there, in one write. A passkey stays. */
  async changePassphrase(next: string): Promise<void> {
    await this.#changeLocks(async (mainKey) => {
      const passphrase = await sealMainKey(mainKey, next);
      return (locks) => ({ ...locks, passphrase });
    });
  }

  /** The text of an entry; `undefined` if there is none. */
  async read(entry: string): Promise<string | undefined> {
    return await (await this.#entries()).get(entry);
  }

  /** Writes an entry, in the place of the one there if there is one. */
  async write(entry: string, text: string): Promise<void> {
    await (await this.#entries()).write((records) => records.put(text, entry));
  }

  /** Writes an entry; false, changing nothing, if there is one. */
  async create(entry: string, text: string): Promise<boolean> {
    return await (await this.#entries()).write(async (records) => {
      if (await records.get(entry) !== undefined) return false;
      await records.put(text, entry);
      return true;
    });
  }

  /** Removes an entry; nothing happens if there is none. */
  async remove(entry: string): Promise<void> {
    await (await this.#entries()).write((records) => records.delete(entry));
  }

  /** The names of all entries. */
  async entries(): Promise<string[]> {
    return await (await this.#entries()).keys();
  }

  /**
   * The nonce store of a scope: one for each guardian and family. Asking again answers the same store. That the
   * browser's data were cleared is noticed here, not by the store: what it keeps after that is lost with the page.
   *
   * @param scope - Stays in the clear.
   */
  nonces(scope: string): Promise<NonceStore> {
    return this.#store(`nonces ${scope}`, IndexedDbNonceStore);
  }

  /** The ceremony store. Asking again answers the same store. */
  ceremonies(): Promise<CeremonyStore> {
    return this.#store("ceremonies", IndexedDbCeremonyStore);
  }

  /** Forgets the main key. What comes after rejects with `locked`, from the vault's stores too. */
  lock(): void {
    if (this.#mainKey === undefined) return;
    this.#mainKey.fill(0);
    this.#mainKey = undefined;
    for (const store of this.#stores.values()) {
      store.then((opened) => opened.close(locked()), () => {});
    }
    this.#locks.close(locked());
  }

  #entries(): Promise<DurableDatabase<string>> {
    return this.#store("entries", { open: DurableDatabase.open<string> });
  }

  /** A store of this vault, once it is sure that there are locks to read it with later. */
  async #store<Value, Store extends Closable>(
    what: string,
    kind: { open(database: string, codec: Codec<Value>): Promise<Store> },
  ): Promise<Store> {
    this.#key();
    if ((await this.#locks.read()).vault_id !== this.#id) throw cleared();
    this.#key();
    let opening = this.#stores.get(what);
    if (opening === undefined) {
      const database = `${this.#name} ${this.#id} ${what}`;
      opening = kind.open(database, encryptedRecords(() => this.#key(), database));
      this.#stores.set(what, opening);
      opening.catch(() => this.#stores.delete(what));
    }
    const store = await opening;
    this.#key();
    return store as Store; // one name has one kind
  }

  /** Changes the locks by what `work` makes with the main key; changes nothing if the vault is locked meanwhile. */
  async #changeLocks(
    work: (mainKey: Uint8Array) => Promise<(locks: Locks) => Locks> | ((locks: Locks) => Locks),
  ): Promise<void> {
    // A copy: `lock()` overwrites the key with zeros, and these must not be what the new lock holds.
    const mainKey = this.#key().slice();
    try {
      const change = await work(mainKey);
      await this.#locks.change(this.#id, change);
    } finally {
      mainKey.fill(0);
    }
  }

  #key(): Uint8Array {
    if (this.#mainKey === undefined) throw locked();
    return this.#mainKey;
  }
}

function locked(): VaultError {
  return new VaultError("locked", "The vault is locked");
}

async function sealMainKey(mainKey: Uint8Array, passphrase: string): Promise<string> {
  if (passphrase === "") throw new TypeError("The passphrase must not be empty");
  return await sealSecret("vault-key", mainKey, passphrase);
}

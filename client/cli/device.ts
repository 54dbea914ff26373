/**
 * What the command keeps: a folder with the settings, the login, the host key and key shares under a passphrase, nonces and
 * ceremonies. The folder is its owner's alone.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { membershipsOf } from "../../supabase/functions/_shared/caller.ts";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { FileCeremonyStore } from "../ceremonies/file_ceremony_store.ts";
import { HostKey } from "../ceremonies/host_key.ts";
import { openKeyShare, sealKeyShare } from "../ceremonies/sealed_share.ts";
import type { KeptShare, KeyShare } from "../guardian/key_share.ts";
import { FileNonceStore } from "../guardian/stores/file_nonce_store.ts";
import { fieldOf } from "../shapes.ts";
import { DurableDirectory } from "../storage/durable_directory.ts";
import { Stop } from "./stop.ts";

/** Node 20 has no WebSocket, and supabase-js wants one; without it the command polls. */
const realtime = { transport: globalThis.WebSocket ?? class {} };

/** Where and as whom. */
export interface Settings {
  readonly url: string;
  readonly publishableKey: string;
  readonly familyId: string;
  readonly participantId: string;
}

/** The folder of one guardian. */
export class Device {
  readonly #folder: string;
  readonly #passphrase: () => Promise<string>;

  /**
   * @param folder - `PERMAFROST_HOME`, or `~/.permafrost`.
   * @param passphrase - Asked once, when a secret is needed.
   */
  constructor(passphrase: () => Promise<string>, folder = folderOf()) {
    this.#folder = folder;
    let asked: Promise<string> | undefined;
    this.#passphrase = () => asked ??= passphrase();
  }

  get folder(): string {
    return this.#folder;
  }

  /** The file of what was signed with nobody there. */
  get signedPath(): string {
    return join(this.#folder, "signed.jsonl");
  }

  /** @throws {Stop} unless `init` was run. */
  async settings(): Promise<Settings> {
    const value = await this.#read("settings.json");
    const text = (name: string) => {
      const found = fieldOf(value, name);
      if (typeof found !== "string") {
        throw new Stop(`There is no guardian in ${this.#folder}: run "permafrost init" first`);
      }
      return found;
    };
    return {
      url: text("url"),
      publishableKey: text("publishableKey"),
      familyId: text("familyId"),
      participantId: text("participantId"),
    };
  }

  async has(name: string): Promise<boolean> {
    return (await this.#read(name)) !== undefined;
  }

  /** @throws {Stop} if there is a guardian in the folder. */
  async checkEmpty(): Promise<void> {
    if (await this.#read("host-key") !== undefined) {
      throw new Stop(
        `There is a guardian in ${this.#folder} already: name another folder by PERMAFROST_HOME`,
      );
    }
  }

  /** @throws {Stop} if there is a guardian in the folder. */
  async create(settings: Settings, hostKey: HostKey): Promise<void> {
    await this.checkEmpty();
    const sealed = await hostKey.seal(await this.#passphrase());
    const directory = await this.#directory();
    if (!await directory.create("host-key", sealed)) await this.checkEmpty();
    await directory.replace("settings.json", settings);
  }

  /** @throws {Stop} for another passphrase. */
  async hostKey(): Promise<HostKey> {
    const sealed = await this.#readText("host-key");
    if (sealed === undefined) {
      throw new Stop(
        `There is no host key in ${this.#folder}: run "permafrost init", or with 24 words on paper "permafrost init --restore"`,
      );
    }
    try {
      return await HostKey.open(sealed, await this.#passphrase());
    } catch (error) {
      throw new Stop(error instanceof Error ? error.message : String(error));
    }
  }

  /** @throws {Stop} if there is a share of another key in this epoch: nothing is written over it. */
  async keepShare(keyShare: KeyShare, epoch: number): Promise<void> {
    const sealed = await sealKeyShare(keyShare, await this.#passphrase());
    if (await (await this.#directory()).create(`share-${epoch}`, sealed)) return;
    const kept = await this.#shareOf(epoch);
    if (kept?.signing_share !== keyShare.signing_share) {
      throw new Stop(`This device has the share of another key in epoch ${epoch}: it is kept`);
    }
  }

  /** The share of the newest epoch; `undefined` if there is none. */
  async newestShare(): Promise<KeptShare | undefined> {
    const epochs = (await readdir(this.#folder).catch(() => []))
      .flatMap((name) => /^share-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
    if (epochs.length === 0) return undefined;
    const epoch = Math.max(...epochs);
    const keyShare = await this.#shareOf(epoch);
    return keyShare && { keyShare, epoch };
  }

  async #shareOf(epoch: number): Promise<KeyShare | undefined> {
    const sealed = await this.#readText(`share-${epoch}`);
    return sealed === undefined ? undefined : await openKeyShare(sealed, await this.#passphrase());
  }

  /** @throws {Stop} if there is none. */
  async share(): Promise<KeptShare> {
    const newest = await this.newestShare();
    if (newest === undefined) {
      throw new Stop('This device has no key share: join a ceremony, or run "permafrost recover"');
    }
    return newest;
  }

  nonces(): Promise<FileNonceStore> {
    return FileNonceStore.open(join(this.#folder, "nonces"));
  }

  ceremonies(): Promise<FileCeremonyStore> {
    return FileCeremonyStore.open(join(this.#folder, "ceremonies"));
  }

  /** The account's client, with the login that is kept. A token that was given is taken as it is. */
  async client(): Promise<SupabaseClient> {
    const { url, publishableKey } = await this.settings();
    const token = await this.#readText("token");
    if (token !== undefined) {
      return createClient(url, publishableKey, {
        realtime,
        accessToken: () => Promise.resolve(token.trim()),
      });
    }
    return this.#account(url, publishableKey);
  }

  #account(url: string, publishableKey: string): SupabaseClient {
    return createClient(url, publishableKey, {
      realtime,
      auth: {
        persistSession: true,
        autoRefreshToken: false,
        storage: {
          getItem: async () => await this.#readText("session") ?? null,
          setItem: (_key, value) => this.#keep("session", value),
          removeItem: async () => (await this.#directory()).remove("session"),
        },
      },
    });
  }

  async keepToken(token: string): Promise<void> {
    await this.#keep("token", token);
  }

  /** Logs in to the account; the login is kept and renewed. */
  async logIn(email: string, password: string): Promise<void> {
    const { url, publishableKey } = await this.settings();
    const { error } = await this.#account(url, publishableKey).auth
      .signInWithPassword({ email, password });
    if (error) throw new Stop(`The login was refused: ${error.message}`);
    // What was given before would go before it.
    await (await this.#directory()).remove("token");
  }

  /** The login that is kept: a token, or what supabase-js keeps; `undefined` if there is none. */
  async login(): Promise<string | undefined> {
    return await this.#readText("token") ?? await this.#readText("session");
  }

  #directory(): Promise<DurableDirectory> {
    return DurableDirectory.open(this.#folder);
  }

  async #keep(name: string, text: string): Promise<void> {
    await (await this.#directory()).replace(name, text);
  }

  /** Makes no folder. */
  #read(name: string): Promise<unknown> {
    return new DurableDirectory(this.#folder).read(name);
  }

  async #readText(name: string): Promise<string | undefined> {
    const value = await this.#read(name);
    return typeof value === "string" ? value : undefined;
  }
}

/** What the login's claims say; the server judges by them. */
export async function membershipsIn(device: Device): Promise<Readonly<Record<string, string>>> {
  const kept = await device.login();
  if (kept === undefined) throw new Stop('There is no login: run "permafrost login"');
  const token = kept.startsWith("{") ? fieldOf(JSON.parse(kept), "access_token") : kept.trim();
  const [, payload = ""] = String(token).split(".");
  return membershipsOf(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
}

function folderOf(): string {
  return process.env.PERMAFROST_HOME ?? join(homedir(), ".permafrost");
}

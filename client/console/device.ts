/**
 * What this browser keeps for a guardian, in its vault: one host key, a share for each family and epoch, which host keys
 * its person has compared, and which ceremonies it is in the middle of.
 *
 * @module
 */
import { HostKey } from "../ceremonies/host_key.ts";
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import type { Vault } from "./vault.ts";

/** A share with its epoch. */
export interface KeptShare {
  readonly keyShare: KeyShare;
  readonly epoch: number;
}

/** The device. */
export class PageDevice {
  readonly vault: Vault;

  constructor(vault: Vault) {
    this.vault = vault;
  }

  async hostKey(): Promise<HostKey | undefined> {
    const words = await this.vault.read("host-key");
    return words === undefined ? undefined : HostKey.fromWords(words);
  }

  /** @param onPaper - Whether its words come from paper. */
  async keepHostKey(hostKey: HostKey, onPaper: boolean): Promise<void> {
    if (onPaper) await this.vault.write("words-on-paper", "yes");
    await this.vault.write("host-key", hostKey.words);
  }

  /** Whether the words were written down: until then they are shown. */
  async wordsAreOnPaper(): Promise<boolean> {
    return await this.vault.read("words-on-paper") !== undefined;
  }

  async noteWordsOnPaper(): Promise<void> {
    await this.vault.write("words-on-paper", "yes");
  }

  /** The shares of a family, the newest first. */
  async shares(familyId: string): Promise<KeptShare[]> {
    const kept = await this.#all("share", familyId);
    return kept
      .map(({ name, text }) => ({ keyShare: parseKeyShare(JSON.parse(text)), epoch: Number(name) }))
      .sort((a, b) => b.epoch - a.epoch);
  }

  async keepShare(familyId: string, { keyShare, epoch }: KeptShare): Promise<void> {
    await this.vault.write(entry("share", familyId, String(epoch)), JSON.stringify(keyShare));
  }

  /** The host keys that this person has compared, by participant. */
  compared(familyId: string): Promise<Map<string, string>> {
    return this.#map("compared", familyId);
  }

  async noteCompared(familyId: string, participantId: string, hostKey: string): Promise<void> {
    await this.vault.write(entry("compared", familyId, participantId), hostKey);
  }

  /** The ceremonies that this device is in the middle of, with the `params_id` that was compared. */
  joined(familyId: string): Promise<Map<string, string>> {
    return this.#map("joined", familyId);
  }

  async noteJoined(familyId: string, ceremonyId: string, paramsId: string): Promise<void> {
    await this.vault.write(entry("joined", familyId, ceremonyId), paramsId);
  }

  async forgetJoined(familyId: string, ceremonyId: string): Promise<void> {
    await this.vault.remove(entry("joined", familyId, ceremonyId));
  }

  /** Whether this device may sign what nobody can read. */
  async signsUnreadable(familyId: string): Promise<boolean> {
    return (await this.#map("setting", familyId)).get("unreadable") === "allowed";
  }

  async allowUnreadable(familyId: string, allowed: boolean): Promise<void> {
    const name = entry("setting", familyId, "unreadable");
    await this.vault.write(name, allowed ? "allowed" : "refused");
  }

  async #map(kind: Kind, familyId: string): Promise<Map<string, string>> {
    return new Map((await this.#all(kind, familyId)).map(({ name, text }) => [name, text]));
  }

  async #all(kind: Kind, familyId: string): Promise<{ name: string; text: string }[]> {
    const found: { name: string; text: string }[] = [];
    for (const key of await this.vault.entries()) {
      if (!key.startsWith("[")) continue;
      const [ofKind, family, name]: string[] = JSON.parse(key);
      const text = ofKind === kind && family === familyId ? await this.vault.read(key) : undefined;
      if (text !== undefined) found.push({ name, text });
    }
    return found;
  }
}

type Kind = "share" | "compared" | "joined" | "setting";

/** The name of an entry of a family's: one for each thing, so that two tabs do not write over each other. */
function entry(kind: Kind, familyId: string, name: string): string {
  return JSON.stringify([kind, familyId, name]);
}

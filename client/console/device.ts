/**
 * What this browser keeps for a guardian, in its vault: one host key, a share for each family and epoch, which host keys
 * its person has compared, and which ceremonies it is in the middle of.
 *
 * @module
 */
import { HostKey } from "../ceremonies/host_key.ts";
import { type KeptShare, parseKeyShare } from "../guardian/key_share.ts";
import type { Vault } from "./vault.ts";

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

  /**
   * Keeps the host key; false if another one is there, made in another tab: its words may be on paper already.
   *
   * @param onPaper - Whether its words come from paper.
   */
  async keepHostKey(hostKey: HostKey, onPaper: boolean): Promise<boolean> {
    await this.vault.create("host-key", hostKey.words);
    const kept = await this.hostKey();
    if (kept?.publicKey !== hostKey.publicKey) return false;
    if (onPaper) await this.noteWordsOnPaper(hostKey);
    return true;
  }

  /** Whether the words of this key were written down: until then they are shown. */
  async wordsAreOnPaper({ publicKey }: HostKey): Promise<boolean> {
    return await this.vault.read("words-on-paper") === publicKey;
  }

  async noteWordsOnPaper({ publicKey }: HostKey): Promise<void> {
    await this.vault.write("words-on-paper", publicKey);
  }

  /** The shares of a family, the newest first. */
  async shares(familyId: string): Promise<KeptShare[]> {
    const kept = await this.#all("share", familyId);
    return kept
      .map(({ name, text }) => ({ keyShare: parseKeyShare(JSON.parse(text)), epoch: Number(name) }))
      .sort((a, b) => b.epoch - a.epoch);
  }

  /** @throws if there is a share of another key in this epoch: nothing is written over it. */
  async keepShare(familyId: string, { keyShare, epoch }: KeptShare): Promise<void> {
    const name = entry("share", familyId, String(epoch));
    if (await this.vault.create(name, JSON.stringify(keyShare))) return;
    const kept = parseKeyShare(JSON.parse(await this.vault.read(name) ?? "null"));
    if (kept.signing_share !== keyShare.signing_share) {
      throw new Error(`This device has the share of another key in epoch ${epoch}: it is kept`);
    }
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

/**
 * The key of a guardian's device: who it is in ceremonies, and the entropy of its 24 words. With the words and the
 * recovery data of a key, a new device has the guardian's share of that key again.
 *
 * @module
 */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { hostKeyProofHash } from "../../supabase/functions/_shared/ceremony/terms.ts";
import { publicKeyOf } from "../../supabase/functions/_shared/dkg/host_curve.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { openSecret, sealSecret } from "./sealed.ts";

/** Why a host key cannot be made of what was given. The message never holds a word. */
export class HostKeyError extends Error {
  override readonly name = "HostKeyError";
}

/**
 * A host key. Nothing prints its secret half by accident: it is private.
 *
 * @example
 * ```ts
 * import { HostKey } from "@permafrost/client/ceremonies";
 *
 * const hostKey = HostKey.generate();
 * console.log("Write these down, on paper:", hostKey.words);
 * console.log("Read this to the others:", hostKey.fingerprint);
 * const kept = await hostKey.seal("a long passphrase");
 * console.log((await HostKey.open(kept, "a long passphrase")).fingerprint === hostKey.fingerprint);
 * ```
 */
export class HostKey {
  readonly #secret: Uint8Array;
  /** 33 bytes, compressed, as lower-case hex. */
  readonly publicKey: string;

  private constructor(secret: Uint8Array) {
    this.#secret = secret;
    this.publicKey = publicKeyOf(secret, "The host key");
  }

  /** A new key, from 32 random bytes. */
  static generate(): HostKey {
    for (;;) {
      const secret = crypto.getRandomValues(new Uint8Array(32));
      // Zero and values from the group's order up are no keys.
      if (secp256k1.utils.isValidSecretKey(secret)) return new HostKey(secret);
    }
  }

  /**
   * The key of 24 words. They are BIP-39's English ones, and the entropy itself is the key: no passphrase, no PBKDF2.
   *
   * @param words - In any case, with any spaces between them.
   * @throws {HostKeyError} unless they are 24 of these words with a valid checksum, of a valid key.
   */
  static fromWords(words: string): HostKey {
    const list = words.normalize("NFKD").toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (list.length !== 24) {
      throw new HostKeyError(`There must be 24 words, not ${list.length}`);
    }
    const unknown = list.findIndex((word) => !wordlist.includes(word));
    if (unknown >= 0) throw new HostKeyError(`Word ${unknown + 1} is not in the list of words`);
    let secret: Uint8Array;
    try {
      secret = mnemonicToEntropy(list.join(" "), wordlist);
    } catch {
      throw new HostKeyError(
        "A word is wrong, or two are in the wrong order: their checksum differs",
      );
    }
    if (!secp256k1.utils.isValidSecretKey(secret)) {
      throw new HostKeyError("These words are of no key");
    }
    return new HostKey(secret);
  }

  /** The 24 words. Whoever has them has every share of this guardian. */
  get words(): string {
    return entropyToMnemonic(this.#secret, wordlist);
  }

  /** Places of four words, from 1, drawn at random: to be asked of who wrote them down. */
  placesToConfirm(): number[] {
    const places = Array.from({ length: 24 }, (_, i) => i + 1);
    const lots = crypto.getRandomValues(new Uint32Array(24));
    return places.sort((a, b) => lots[a - 1] - lots[b - 1]).slice(0, 4).sort((a, b) => a - b);
  }

  /** Whether these are the words at these places (from 1), in any case. */
  confirms(words: ReadonlyMap<number, string>): boolean {
    const own = this.words.split(" ");
    return words.size > 0 &&
      [...words].every(([place, word]) => own[place - 1] === word.trim().toLowerCase());
  }

  /** For people to read to each other: 25 digits in groups of five. See `hostKeyFingerprint`. */
  get fingerprint(): string {
    return hostKeyFingerprint(this.publicKey);
  }

  /** The proof with which the key is registered: 64 bytes as lower-case hex. */
  proof(familyId: string, participantId: string): string {
    return this.signHash(hostKeyProofHash(familyId, participantId, this.publicKey));
  }

  /**
   * A BIP-340 signature (64 bytes as lower-case hex) of a hash of 32 bytes as lower-case hex: the same again for the
   * same hash, so that a message that is sent again is the same.
   */
  signHash(hash: string): string {
    return bytesToHex(schnorr.sign(hexToBytes(hash), this.#secret, new Uint8Array(32)));
  }

  /** Lets `use` have the secret key (32 bytes); it must not keep it. */
  withSecret<Answer>(use: (secret: Uint8Array) => Answer): Answer {
    return use(this.#secret);
  }

  /** The key encrypted under a passphrase, as text to be kept; see `sealSecret`. */
  seal(passphrase: string): Promise<string> {
    return sealSecret("host-key", this.#secret, passphrase);
  }

  /**
   * The key in a text that `seal` made.
   *
   * @throws {HostKeyError} for another passphrase, and for a text that was changed or is none of these.
   */
  static async open(sealed: string, passphrase: string): Promise<HostKey> {
    const secret = await openSecret("host-key", sealed, passphrase);
    if (secret === undefined || !secp256k1.utils.isValidSecretKey(secret)) {
      throw new HostKeyError("The passphrase is another one, or the text is damaged");
    }
    return new HostKey(secret);
  }
}

/**
 * A short form of a host key, for guardians to compare by voice: a server between them can show each another key. It
 * has 25 digits; a key with the same ones takes 2^83 attempts.
 *
 * @param hostPublicKey - 33 bytes as lower-case hex.
 */
export function hostKeyFingerprint(hostPublicKey: string): string {
  return fingerprintOf("permafrost host key", hostPublicKey);
}

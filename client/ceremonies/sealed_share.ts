/**
 * A key share under a passphrase.
 *
 * @module
 */
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import { GuardianError } from "../errors.ts";
import { openSecret, sealSecret } from "./sealed.ts";

/** A key share encrypted under a passphrase, as text to be kept; see `sealSecret`. */
export function sealKeyShare(keyShare: KeyShare, passphrase: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(keyShare));
  return sealSecret("key-share", bytes, passphrase);
}

/**
 * The key share in a text of `sealKeyShare`, verified.
 *
 * @throws {GuardianError} `key_share_invalid`, also for another passphrase.
 */
export async function openKeyShare(sealed: string, passphrase: string): Promise<KeyShare> {
  const bytes = await openSecret("key-share", sealed, passphrase);
  if (bytes === undefined) {
    throw new GuardianError(
      "key_share_invalid",
      "The passphrase is another one, or the text is damaged",
    );
  }
  return parseKeyShare(JSON.parse(new TextDecoder().decode(bytes)));
}

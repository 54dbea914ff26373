/**
 * The share that others have dealt to this device.
 *
 * @module
 */
import { sumOfDealings } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import { entryOf, hexField } from "../../supabase/functions/_shared/ceremony/payload.ts";
import type { CeremonyTerms } from "../../supabase/functions/_shared/ceremony/terms.ts";
import {
  dealingOf,
  inOrder,
  type RoundMessages,
} from "../../supabase/functions/_shared/ceremony/verification.ts";
import { verifyShare } from "../../supabase/functions/_shared/dkg/dealing.ts";
import { decryptOwnShare, decryptShare } from "../../supabase/functions/_shared/dkg/encryption.ts";
import {
  groupPublicKey,
  tweakShareAfterDkg,
} from "../../supabase/functions/_shared/dkg/group_key.ts";
import { publicKeyOf } from "../../supabase/functions/_shared/dkg/host_curve.ts";
import { scalarToHex } from "../../supabase/functions/_shared/frost/encoding.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";

/** A share that was sent to this device and does not fit; `sender` is this device itself if the server changed it. */
export class BadShareError extends Error {
  override readonly name = "BadShareError";
  readonly sender: string;

  constructor(sender: string) {
    super(`The share from ${sender} does not fit what it committed to`);
    this.sender = sender;
  }
}

/**
 * A participant's share of a pedersen dkg or a reshare: the sum of what all dealt to it. A scalar as lower-case hex.
 *
 * @throws {BadShareError} for the first share that does not fit its sender's commitment.
 */
export function shareFrom(
  terms: CeremonyTerms,
  paramsId: string,
  rounds: readonly RoundMessages[],
  participant: string,
  hostSecretKey: Uint8Array,
): string {
  const suite = suiteOf(terms.ciphersuite);
  const position = terms.participants.indexOf(participant);
  const own = publicKeyOf(hostSecretKey);
  const senders = terms.dealers ?? terms.participants;
  const senderKeys = terms.dealerHostPublicKeys ?? terms.hostPublicKeys;
  const dealings = inOrder(terms, 1, rounds[0]);
  const sent = terms.protocol === "pedersen" ? inOrder(terms, 2, rounds[1]) : dealings;
  const shares = dealings.map((dealing, i) => {
    const ciphertext = entryOf(sent[i], "ciphertexts", participant);
    const E = hexField(dealing, "ephemeralKey");
    const decrypt = senderKeys[i] === own ? decryptOwnShare : decryptShare;
    const share = decrypt(suite, ciphertext, hostSecretKey, E, position + 1, paramsId);
    const commitment = dealingOf(terms, senders[i], dealing);
    if (!verifyShare(suite, commitment, position + 1, share)) throw new BadShareError(senders[i]);
    return share;
  });
  const sum = shares.reduce((total, share) => suite.Fn.add(total, share), 0n);
  if (terms.protocol === "reshare") return scalarToHex(suite, sum);
  const untweaked = groupPublicKey(sumOfDealings(terms, rounds[0]));
  return scalarToHex(suite, tweakShareAfterDkg(suite, untweaked, sum));
}

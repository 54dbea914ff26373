/**
 * Whether a ceremony is one that this device takes part in: nothing is sent before.
 *
 * @module
 */
import { paramsIdOf } from "../../supabase/functions/_shared/ceremony/terms.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import type { KeyShare } from "../guardian/key_share.ts";
import { type Failure, failure } from "../result.ts";
import type { HostKey } from "./host_key.ts";
import { type CeremonyPin, differenceFrom } from "./pins.ts";
import type { CeremonyView } from "./reading.ts";

/** Who takes part, and what it has of the ceremony. */
export interface Candidate {
  readonly ceremonyId: string;
  readonly pin: CeremonyPin;
  readonly hostKey: HostKey;
  readonly participantId: string;
  readonly familyId?: string;
  /** Of a dealer in a reshare. */
  readonly keyShare?: KeyShare;
  /** Each `params_id` under which this device has begun or decided. */
  readonly known: readonly string[];
}

/** Why the ceremony is not the one that was compared, or not this guardian's; `undefined` if it is. */
export function refusalOf(
  view: CeremonyView,
  { ceremonyId, pin, hostKey, participantId, familyId, keyShare, known }: Candidate,
): Failure | undefined {
  const { terms, paramsId } = view;
  const members = [...terms.participants, ...terms.dealers ?? []];
  if (terms.ceremonyId !== ceremonyId || paramsIdOf(terms) !== paramsId) {
    return failure("coordinator_faulty", "The ceremony's params_id is not that of its terms");
  }
  const difference = differenceFrom(pin, terms, paramsId);
  if (difference !== undefined) return failure("ceremony_mismatch", difference);
  // Host keys alone leave their order, the dealers and the threshold open: under other ones the same secrets would
  // make another message, and of two proofs with one nonce everybody has the share.
  if (known.some((id) => id !== paramsId)) {
    return failure(
      "ceremony_mismatch",
      "The server shows other terms than those under which this device has begun",
    );
  }
  if (familyId !== undefined && terms.familyId !== familyId) {
    return failure("ceremony_mismatch", "The ceremony is of another family");
  }
  if (!members.includes(participantId)) {
    return failure("not_a_participant", `${participantId} takes no part in this ceremony`);
  }
  const keys = [
    terms.hostPublicKeys[terms.participants.indexOf(participantId)],
    terms.dealerHostPublicKeys?.[terms.dealers?.indexOf(participantId) ?? -1],
  ];
  if (keys.some((key) => key !== undefined && key !== hostKey.publicKey)) {
    return failure("ceremony_mismatch", "The ceremony has another host key for this guardian");
  }
  if (terms.dealers?.includes(participantId)) {
    const old = terms.fromPackage;
    if (keyShare === undefined || keyShare.group_public_key !== old?.group_public_key) {
      return failure(
        "key_package_mismatch",
        "A dealer needs its share of the key that is dealt anew",
      );
    }
    // Whole: an old threshold or names of the server's own would hide who leaves, and a lower threshold.
    if (keyShare.key_package_fingerprint !== keyPackageFingerprint(old)) {
      return failure(
        "key_package_mismatch",
        "This device's share is of another epoch than the dealt one",
      );
    }
  }
  return undefined;
}

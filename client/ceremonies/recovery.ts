/**
 * A guardian's share of a key that was made in a ceremony, from its host key and recovery data: on a new device, with
 * nobody's help. Recovery data hold no secret and prove themselves; they are for the key's guardians alone.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { ChillDkgError } from "../../supabase/functions/_shared/chilldkg/errors.ts";
import { recover } from "../../supabase/functions/_shared/chilldkg/recovery.ts";
import { keyOf, type MadeKey } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import {
  type CeremonyTerms,
  chillDkgParams,
  hashOfText,
  keyPackageDigest,
  paramsIdOf,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import {
  type CeremonyView,
  type RoundMessages,
  SignedFault,
  transcriptHashOf,
  verifyMessage,
} from "../../supabase/functions/_shared/ceremony/verification.ts";
import { isHex } from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import { GuardianError } from "../errors.ts";
import { type Result, success } from "../result.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { BadShareError, shareFrom } from "./received_share.ts";
import type { HostKey } from "./host_key.ts";
import {
  isRedacted,
  type RecoveryData,
  RecoveryDataError,
  recoveryDataOf,
  termsFrom,
} from "./recovery_data.ts";
import { verifiedRounds } from "./shown.ts";

/** A share that came back. */
export interface RecoveredKeyShare {
  /** Secret: to be kept. */
  readonly keyShare: KeyShare;
  readonly epoch: number;
  /** Of whose ceremony it is: a host key may serve in several families. */
  readonly familyId: string;
}

/**
 * The share of a host key's guardian: for every protocol, as often as one likes.
 *
 * All confirmations are verified, this guardian's own first, and the share against the package.
 *
 * @param recoveryData - Parsed JSON.
 * @throws {RecoveryDataError} for what is malformed, was changed, or is of no ceremony of this host key.
 *
 * @example
 * ```ts
 * import { HostKey, recoverKeyShare } from "@permafrost/client/ceremonies";
 *
 * declare const words: string;
 * declare const file: string;
 * const { keyShare, epoch } = recoverKeyShare(HostKey.fromWords(words), JSON.parse(file));
 * console.log("The share of", keyShare.participant_id, "in epoch", epoch);
 * ```
 */
export function recoverKeyShare(hostKey: HostKey, recoveryData: unknown): RecoveredKeyShare {
  const data = recoveryDataOf(recoveryData);
  if (data === undefined) throw new RecoveryDataError("The recovery data is malformed");
  if (isRedacted(data)) {
    throw new RecoveryDataError(
      "The key was dealt anew since, and these ciphertexts were redacted: read the recovery data of its current epoch",
    );
  }
  const terms = termsFrom(data);
  const position = terms.hostPublicKeys.indexOf(hostKey.publicKey);
  if (position < 0) {
    throw new RecoveryDataError("The recovery data is of a key that this host key has no share of");
  }
  try {
    const paramsId = paramsIdOf(terms);
    if (hashOfText(data.params) !== paramsId) {
      throw new RecoveryDataError("The recovery data's params are not those of a ceremony");
    }
    const rounds = roundsOf(terms, paramsId, data);
    const recovery = data.recovery_data ?? undefined;
    if (recovery !== undefined && !isHex(recovery)) {
      throw new RecoveryDataError("recovery_data must be bytes in lower-case hex");
    }
    const transcriptHash = transcriptHashOf(terms, paramsId, rounds, recovery);
    const digest = keyPackageDigest(data.key_package);
    const view = {
      paramsId,
      coordinatorMessages: [],
      confirmed: { transcriptHash, packageDigest: digest },
      recoveryData: recovery,
    };
    verifyConfirmations(terms, data, view, position);
    const { key, signingShare } = terms.protocol === "chilldkg"
      ? fromChillDkg(terms, data, hostKey)
      : {
        key: keyOf(terms, rounds[0]),
        signingShare: hostKey.withSecret((secret) =>
          shareFrom(terms, paramsId, rounds, terms.participants[position], secret)
        ),
      };
    const made = {
      ciphersuite: terms.ciphersuite,
      threshold: terms.threshold,
      participants: [...terms.participants],
      group_public_key: key.group_public_key,
      verifying_shares: key.verifying_shares,
    };
    const { epoch } = data.key_package;
    if (keyPackageDigest({ ...made, epoch }) !== digest) {
      throw new RecoveryDataError("The recovery data makes another key than its key package");
    }
    const keyShare = parseKeyShare({
      ...made,
      participant_id: terms.participants[position],
      identifier: position + 1,
      signing_share: signingShare,
      key_package_fingerprint: keyPackageFingerprint(made),
    });
    return { keyShare, epoch, familyId: terms.familyId };
  } catch (cause) {
    if (cause instanceof RecoveryDataError) throw cause;
    const isKnown = cause instanceof FrostError || cause instanceof SignedFault ||
      cause instanceof ChillDkgError || cause instanceof BadShareError ||
      cause instanceof GuardianError;
    if (!isKnown) throw cause;
    throw new RecoveryDataError(`The recovery data was changed: ${cause.message}`, { cause });
  }
}

/**
 * Reads the recovery data of a key, for one of its guardians.
 *
 * Errors: `session_not_found`; `no_key_package` for a key that was not made in a ceremony.
 */
export async function readRecoveryData(
  supabase: Supabase,
  keyPackageId: string,
  options: CallOptions = {},
): Promise<Result<{ recoveryData: RecoveryData }>> {
  const read = await rpc(
    supabase,
    "get_recovery_data",
    { p_key_package_id: keyPackageId },
    recoveryDataOf,
    { ...options, safe: true },
  );
  return read.success ? success({ recoveryData: read.answer }) : read;
}

/**
 * The share of the family's current key, from the host key alone: reads the recovery data and recovers.
 *
 * Errors: `no_key_package`, `session_not_found`.
 *
 * @throws {RecoveryDataError} as `recoverKeyShare`.
 */
export async function recoverCurrentShare(
  supabase: Supabase,
  familyId: string,
  hostKey: HostKey,
  options: CallOptions = {},
): Promise<Result<RecoveredKeyShare>> {
  const current = await readCurrentKeyPackage(supabase, familyId, options);
  if (!current.success) return current;
  const read = await readRecoveryData(supabase, current.keyPackage.key_package_id, options);
  if (!read.success) return read;
  const recovered = recoverKeyShare(hostKey, read.recoveryData);
  // With one host key in two families the server could give one's share for the other's.
  if (recovered.familyId !== familyId) {
    throw new RecoveryDataError("The recovery data is of another family's key");
  }
  return success(recovered);
}

function fromChillDkg(
  terms: CeremonyTerms,
  data: RecoveryData,
  hostKey: HostKey,
): { key: Pick<MadeKey, "group_public_key" | "verifying_shares">; signingShare: string } {
  const bytes = hexToBytes(data.recovery_data ?? "");
  const { output, params } = hostKey.withSecret((secret) => recover(secret, bytes));
  const expected = chillDkgParams(terms);
  const isSame = params.threshold === expected.threshold &&
    params.hostPublicKeys.map((key) => bytesToHex(key)).join() === terms.hostPublicKeys.join();
  if (!isSame) throw new RecoveryDataError("The recovery data is of another ceremony");
  return {
    key: {
      group_public_key: bytesToHex(output.thresholdPublicKey),
      verifying_shares: output.publicShares.map((share) => bytesToHex(share)),
    },
    signingShare: bytesToHex(output.secretShare ?? new Uint8Array()),
  };
}

function roundsOf(
  terms: CeremonyTerms,
  paramsId: string,
  { messages }: RecoveryData,
): RoundMessages[] {
  if (terms.protocol === "chilldkg") return [];
  const kept = Object.entries(messages).flatMap(([round, sent]) =>
    Object.entries(sent).map(([sender, payload]) => ({ round: Number(round), sender, payload }))
  );
  return verifiedRounds({ terms, paramsId, coordinatorMessages: [] }, kept);
}

function verifyConfirmations(
  terms: CeremonyTerms,
  { messages }: RecoveryData,
  view: CeremonyView,
  own: number,
): void {
  const confirmations = new Map(Object.entries(messages[3] ?? {}));
  for (const i of [own, ...terms.participants.keys()]) {
    const name = terms.participants[i];
    try {
      verifyMessage(terms, view, 3, name, confirmations.get(name) ?? {});
    } catch (cause) {
      if (!(cause instanceof SignedFault) && !(cause instanceof FrostError)) throw cause;
      throw new RecoveryDataError(
        `${name} has not confirmed this: what is not confirmed by all is no key`,
        { cause },
      );
    }
  }
}

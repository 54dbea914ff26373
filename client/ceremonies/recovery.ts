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
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import {
  CEREMONY_KINDS,
  type CeremonyTerms,
  chillDkgParams,
  type EpochPackage,
  hashOfText,
  keyPackageDigest,
  paramsIdOf,
  type Protocol,
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
import { isCiphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import { GuardianError } from "../errors.ts";
import { type Result, success } from "../result.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import { fieldOf, isTextList } from "../shapes.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { BadShareError, shareFrom } from "./device.ts";
import type { HostKey } from "./host_key.ts";
import { epochPackageOf, isProtocol } from "./reading.ts";

/** What `get_recovery_data` answers, or a file that was made of it. Serialises to JSON. */
export interface RecoveryData {
  readonly protocol: Protocol;
  /** The JSON of which `params_id` is the SHA-256. */
  readonly params: string;
  /** Of chilldkg; hex. */
  readonly recovery_data: string | null;
  /** By round and sender; of chilldkg the confirmations alone. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, Payload>>>>;
  readonly key_package: EpochPackage;
  /** Of a reshare: the package before it. */
  readonly from_key_package: EpochPackage | null;
}

/** Why no share comes of recovery data. The message never holds a secret. */
export class RecoveryDataError extends Error {
  override readonly name = "RecoveryDataError";
}

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
  const view = { paramsId, coordinatorMessages: [] };
  return [1, 2].map((round) =>
    new Map(
      Object.entries(messages[round] ?? {}).map(([sender, payload]) =>
        [sender, verifyMessage(terms, view, round, sender, payload)] as const
      ),
    )
  );
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

/** Whether ciphertexts were replaced by their digests, as the server does when a key is dealt anew. */
function isRedacted({ recovery_data, messages }: RecoveryData): boolean {
  const values = Object.values(messages).flatMap((round) => Object.values(round))
    .flatMap(({ ciphertexts }) => Object.values(ciphertexts ?? {}));
  return [recovery_data, ...values].some((value) => value?.startsWith("sha256:"));
}

/** The terms in `params`, whose place in the JSON is fixed. */
function termsFrom(data: RecoveryData): CeremonyTerms {
  const { params, from_key_package: fromPackage } = data;
  let values: unknown;
  try {
    values = JSON.parse(params);
  } catch {
    throw new RecoveryDataError("The recovery data is malformed");
  }
  const [domain, ceremonyId, familyId, kindName, protocol, ciphersuite, threshold, ...rest] =
    Array.isArray(values) ? values : [];
  const [participants, hostPublicKeys, dealers, dealerHostPublicKeys] = rest;
  const kind = CEREMONY_KINDS.find((name) => name === kindName);
  if (
    domain !== "permafrost/ceremony" || typeof ceremonyId !== "string" ||
    typeof familyId !== "string" || kind === undefined || !isProtocol(protocol) ||
    typeof ciphersuite !== "string" || !isCiphersuite(ciphersuite) ||
    !Number.isSafeInteger(threshold) || !isTextList(participants) || !isTextList(hostPublicKeys) ||
    threshold < 2 || threshold > participants.length ||
    hostPublicKeys.length !== participants.length || !hostPublicKeys.every((key) => isHex(key, 33))
  ) throw new RecoveryDataError("The recovery data is malformed");
  const isComplete = data.protocol === protocol &&
    (protocol === "chilldkg") === (data.recovery_data !== null) &&
    (kind === "reshare") === (fromPackage !== null);
  if (!isComplete) {
    throw new RecoveryDataError("The recovery data does not fit the protocol of its params");
  }
  return {
    ceremonyId,
    familyId,
    kind,
    protocol,
    ciphersuite,
    threshold,
    participants,
    hostPublicKeys,
    dealers: isTextList(dealers) ? dealers : null,
    dealerHostPublicKeys: isTextList(dealerHostPublicKeys) ? dealerHostPublicKeys : null,
    fromPackage,
  };
}

function recoveryDataOf(value: unknown): RecoveryData | undefined {
  const protocol = fieldOf(value, "protocol");
  const params = fieldOf(value, "params");
  const recovery_data = fieldOf(value, "recovery_data") ?? null;
  const messages = fieldOf(value, "messages");
  const key_package = epochPackageOf(fieldOf(value, "key_package"));
  if (
    !isProtocol(protocol) || typeof params !== "string" || !isMessages(messages) ||
    key_package === undefined || recovery_data !== null && typeof recovery_data !== "string"
  ) return undefined;
  const before = fieldOf(value, "from_key_package") ?? null;
  const from_key_package = before === null ? null : epochPackageOf(before);
  if (from_key_package === undefined) return undefined;
  return { protocol, params, recovery_data, messages, key_package, from_key_package };
}

function isMessages(value: unknown): value is RecoveryData["messages"] {
  const isObject = (part: unknown): part is object =>
    typeof part === "object" && part !== null && !Array.isArray(part);
  return isObject(value) &&
    Object.values(value).every((round) => isObject(round) && Object.values(round).every(isObject));
}

/**
 * The form of recovery data, as the server answers them or as they stand in a file.
 *
 * @module
 */
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import {
  CEREMONY_KINDS,
  type CeremonyTerms,
  type EpochPackage,
  type Protocol,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import { isHex } from "../../supabase/functions/_shared/frost/encoding.ts";
import { isCiphersuite } from "../../supabase/functions/_shared/frost/suites.ts";
import { fieldOf, isTextList } from "../shapes.ts";
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

/** Whether ciphertexts were replaced by their digests, as the server does when a key is dealt anew. */
export function isRedacted({ recovery_data, messages }: RecoveryData): boolean {
  const values = Object.values(messages).flatMap((round) => Object.values(round))
    .flatMap(({ ciphertexts }) => Object.values(ciphertexts ?? {}));
  return [recovery_data, ...values].some((value) => value?.startsWith("sha256:"));
}

/** The terms in `params`, whose place in the JSON is fixed. @throws {RecoveryDataError} */
export function termsFrom(data: RecoveryData): CeremonyTerms {
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

/** The recovery data in a value; `undefined` if it is malformed. */
export function recoveryDataOf(value: unknown): RecoveryData | undefined {
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

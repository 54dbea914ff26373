/**
 * What a ChillDKG session starts from and ends with (sections "SessionParams Tuples", "DKGOutput Tuples",
 * "params_hash" and "hostpubkey_gen").
 *
 * https://github.com/BlockstreamResearch/bip-frost-dkg, draft 0.3.0-dev
 */
import { bytesToHex, concatBytes, equalBytes } from "@noble/curves/utils.js";
import { ChillDkgError } from "./errors.ts";
import { assertBytes, decodePoint, decodeScalar, dkgHash, publicPointOf, uint32 } from "./group.ts";

/** The common parameters of a session. All parties need the same ones, in the same order. */
export interface SessionParams {
  /** 33 bytes each, compressed. A participant's number is its place here, from 0. */
  readonly hostPublicKeys: readonly Uint8Array[];
  /** How many participants it takes to sign. */
  readonly threshold: number;
}

/** What a session gives. */
export interface DkgOutput {
  /** 32 bytes; the coordinator has none. */
  secretShare?: Uint8Array;
  /** 33 bytes, compressed. It has no Taproot script path. */
  thresholdPublicKey: Uint8Array;
  /** 33 bytes each, compressed, in the order of the host public keys. */
  publicShares: Uint8Array[];
}

/**
 * The host public key (33 bytes) of a host secret key (32 bytes). Section "hostpubkey_gen".
 *
 * @throws {ChillDkgError} `invalid_input` for another length, `host_secret_key` for zero and a value not
 * below the group's order.
 */
export function hostPublicKeyOf(hostSecretKey: Uint8Array): Uint8Array {
  assertBytes(hostSecretKey, 32, "The host secret key");
  const secret = decodeScalar(hostSecretKey);
  if (secret === undefined || secret === 0n) {
    throw new ChillDkgError(
      "host_secret_key",
      "The host secret key must be above zero and below the order of the group",
    );
  }
  return publicPointOf(secret).toBytes();
}

/**
 * Checks the threshold and every host public key. Section "SessionParams Tuples".
 *
 * @throws {ChillDkgError} `threshold_or_count`, `host_public_key` (with `participant`), or
 * `duplicate_host_public_key` (with `participant` and `participant2`).
 */
export function validateParams(params: SessionParams): void {
  assertThreshold(params);
  for (const [participant, key] of params.hostPublicKeys.entries()) {
    if (!(key instanceof Uint8Array) || decodePoint(key) === undefined) {
      throw new ChillDkgError(
        "host_public_key",
        "A host public key must be a compressed point of 33 bytes",
        { participant },
      );
    }
  }
  const owners = new Map<string, number>();
  for (const [participant2, key] of params.hostPublicKeys.entries()) {
    const hex = bytesToHex(key);
    const participant = owners.get(hex);
    if (participant !== undefined) {
      throw new ChillDkgError(
        "duplicate_host_public_key",
        "Each participant must have another host public key",
        { participant, participant2 },
      );
    }
    owners.set(hex, participant2);
  }
}

/** @throws {ChillDkgError} `threshold_or_count`. The part of `validateParams` that costs nothing. */
export function assertThreshold({ hostPublicKeys, threshold }: SessionParams): void {
  const count = hostPublicKeys.length;
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > count || count >= 2 ** 32) {
    throw new ChillDkgError(
      "threshold_or_count",
      "The threshold must be an integer from 1 to the number of participants, which is below 2^32",
    );
  }
}

/**
 * A hash (32 bytes) of the parameters, for participants to compare over another channel. Section
 * "params_hash".
 *
 * @throws {ChillDkgError} as `validateParams`.
 */
export function paramsHash(params: SessionParams): Uint8Array {
  validateParams(params);
  return dkgHash("params_hash", contextOf(params));
}

/** The threshold (4 bytes) and the host public keys. */
export function contextOf({ threshold, hostPublicKeys }: SessionParams): Uint8Array {
  return concatBytes(uint32(threshold), ...hostPublicKeys);
}

/** The number of a host key's owner; `undefined` if it is of no participant. */
export function participantOf(
  hostPublicKey: Uint8Array,
  params: SessionParams,
): number | undefined {
  const participant = params.hostPublicKeys.findIndex((key) => equalBytes(key, hostPublicKey));
  return participant === -1 ? undefined : participant;
}

/** Whether two sets of parameters are the same. */
export function areSameParams(a: SessionParams, b: SessionParams): boolean {
  return a.threshold === b.threshold && a.hostPublicKeys.length === b.hostPublicKeys.length &&
    a.hostPublicKeys.every((key, i) => equalBytes(key, b.hostPublicKeys[i]));
}

/** @throws {ChillDkgError} `invalid_input` unless there is a participant of that number. */
export function assertParticipant(participant: number, { hostPublicKeys }: SessionParams): void {
  if (
    !Number.isInteger(participant) || participant < 0 || participant >= hostPublicKeys.length
  ) {
    throw new ChillDkgError(
      "invalid_input",
      "The participant must be an integer from 0 to below the number of participants",
    );
  }
}

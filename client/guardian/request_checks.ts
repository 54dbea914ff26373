/**
 * What a guardian checks before it answers. Each check compares what the coordinator sent with what the
 * guardian knows itself: its key share and what was approved.
 */
import type { NonceCommitments } from "@noble/curves/abstract/frost.js";
import {
  parseMessage,
  parseNonceCommitment,
} from "../../supabase/functions/_shared/frost/encoding.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { eventId } from "../../supabase/functions/_shared/frost/nostr.ts";
import { suiteOf, TAPROOT_CIPHERSUITE } from "../../supabase/functions/_shared/frost/suites.ts";
import { identifiersOf } from "../../supabase/functions/_shared/frost/verification.ts";
import { GuardianError, type GuardianErrorCode } from "../errors.ts";
import type { KeyShare } from "./key_share.ts";
import type { ApprovedRequest } from "./stores/nonce_store.ts";
import type { SigningPackage, SigningSession } from "./signing_session.ts";

/**
 * The message fits the suite, and if an event is shown, the message is that event's id.
 *
 * @throws {GuardianError} `request_invalid`, `event_mismatch`.
 */
export function checkMessage(share: KeyShare, message: string, eventTemplate: unknown): void {
  as("request_invalid", () => parseMessage(suiteOf(share.ciphersuite), message));
  if (eventTemplate === undefined || eventTemplate === null) return;
  if (share.ciphersuite !== TAPROOT_CIPHERSUITE) {
    throw new GuardianError("event_mismatch", "A Nostr event cannot be signed with this key");
  }
  const id = as("event_mismatch", () => eventId(eventTemplate, share.group_public_key));
  if (id !== message) {
    throw new GuardianError(
      "event_mismatch",
      "The message is not the id of the event that is shown",
    );
  }
}

/**
 * The session can be signed with this key, by this guardian, in time.
 *
 * @throws {GuardianError} `not_a_signer`, `signers_invalid`, `session_expired`.
 */
export function checkSession(share: KeyShare, session: SigningSession, now: number): void {
  const { participants, threshold, expires_at } = session;
  if (!participants.includes(share.participant_id)) {
    throw new GuardianError("not_a_signer", "The session is not this guardian's");
  }
  if (
    new Set(participants).size !== participants.length ||
    !participants.every((participant) => share.participants.includes(participant))
  ) {
    throw new GuardianError("signers_invalid", "The participants must be guardians of this key");
  }
  if (
    !Number.isInteger(threshold) || threshold < share.threshold || threshold > participants.length
  ) {
    throw new GuardianError(
      "signers_invalid",
      `The threshold must be from ${share.threshold} to the number of participants`,
    );
  }
  if (!(expires_at > now)) throw new GuardianError("session_expired", "The session has expired");
}

/**
 * The key is the one this guardian has a share of, in every part.
 *
 * @throws {GuardianError} `key_package_mismatch`.
 */
export function checkKeyPackage(
  share: KeyShare,
  { ciphersuite, key_package }: Pick<SigningPackage, "ciphersuite" | "key_package">,
): void {
  const same = ciphersuite === share.ciphersuite &&
    key_package.ciphersuite === share.ciphersuite &&
    key_package.threshold === share.threshold &&
    key_package.group_public_key === share.group_public_key &&
    sameTexts(key_package.participants, share.participants) &&
    sameTexts(key_package.verifying_shares, share.verifying_shares);
  if (!same) {
    throw new GuardianError("key_package_mismatch", "The key package is not this guardian's");
  }
}

/**
 * The signers are participants of the key, in identifier order, as many as the session's threshold, and
 * this guardian is among them. Each of them has a valid commitment, and there is no other.
 *
 * @returns The commitment list as noble takes it.
 * @throws {GuardianError} `signers_invalid`, `not_a_signer`, `commitment_invalid`.
 */
export function commitmentListOf(share: KeyShare, request: SigningPackage): NonceCommitments[] {
  const { signers, commitments, threshold } = request;
  const suite = suiteOf(share.ciphersuite);
  const identifiers = as("signers_invalid", () => identifiersOf(share.participants, signers));
  if (signers.length !== threshold || threshold < share.threshold) {
    throw new GuardianError("signers_invalid", "The signers must be as many as the threshold");
  }
  if (!signers.includes(share.participant_id)) {
    throw new GuardianError("not_a_signer", "This guardian is not among the signers");
  }
  if (
    Object.keys(commitments).length !== signers.length ||
    !signers.every((signer) => Object.hasOwn(commitments, signer))
  ) {
    throw new GuardianError("commitment_invalid", "There must be one commitment of each signer");
  }
  return signers.map((signer, i) => {
    const { hiding, binding } = as(
      "commitment_invalid",
      () => parseNonceCommitment(suite, commitments[signer]),
    );
    const identifier = suite.frost.Identifier.fromNumber(identifiers[i]);
    return {
      identifier,
      hiding: Uint8Array.from(hiding.toBytes()),
      binding: Uint8Array.from(binding.toBytes()),
    };
  });
}

/**
 * The session is the one that was approved.
 *
 * @throws {GuardianError} `request_changed`.
 */
export function checkUnchanged(approved: ApprovedRequest, session: SigningSession): void {
  if (
    approved.message !== session.message_hash || approved.threshold !== session.threshold ||
    !sameTexts(approved.participants, session.participants)
  ) throw changed("The session is not what was approved before");
}

/**
 * The package is for the approved request, in time, and holds this guardian's commitment as published.
 *
 * @throws {GuardianError} `request_changed`, `commitment_changed`, `session_expired`.
 */
export function checkApproved(
  share: KeyShare,
  record: { approved: ApprovedRequest; nonce_commitment: string; expires_at: number },
  request: SigningPackage,
  now: number,
): void {
  const { approved, nonce_commitment, expires_at } = record;
  if (approved.message !== request.message) throw changed("The message is not the approved one");
  if (approved.threshold !== request.threshold) {
    throw changed("The threshold is not the approved one");
  }
  if (!request.signers.every((signer) => approved.participants.includes(signer))) {
    throw changed("A signer is not among the approved participants");
  }
  if (request.commitments[share.participant_id] !== nonce_commitment) {
    throw new GuardianError(
      "commitment_changed",
      "This guardian's commitment is not the one it published",
    );
  }
  if (!(expires_at > now)) throw new GuardianError("session_expired", "The session has expired");
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

function changed(message: string): GuardianError {
  return new GuardianError("request_changed", message);
}

/** A refusal of the shared modules as this guardian's. */
function as<T>(code: GuardianErrorCode, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof FrostError) throw new GuardianError(code, cause.message, { cause });
    throw cause;
  }
}

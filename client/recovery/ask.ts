/**
 * What a requester asks for, and whether a request of the server's is that.
 *
 * @module
 */
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { eventId, type EventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import {
  type KeyPackage,
  keyPackageFingerprint,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import { isSameFingerprint } from "../key_package.ts";
import { type Failure, failure } from "../result.ts";
import type { SessionRequest } from "../sessions/request.ts";
import type { RecoveryRequest } from "../sessions/session.ts";

/** What to recover for: the guardians asked are `participants`; it lasts 24 hours if nothing else is said. */
export type RecoveryAsk = SessionRequest & {
  readonly useCase?: string;
  /**
   * The pin: the fingerprint of the key package, from a key share or from the paper of the ceremony, as hex
   * or in groups. Give it where you can. Without it the server says which key is put together and whose
   * shares are good, and a requester then cannot tell a lying server from a lying guardian.
   */
  readonly keyPackageFingerprint?: string;
  /** Who this device belongs to, if it is a guardian's; see `ParticipantOptions`. */
  readonly participantId?: string;
};

/** Whether a key package is the one that was pinned, if one was. */
export function checkPin(ask: RecoveryAsk, keyPackage: KeyPackage): Failure | undefined {
  const { keyPackageFingerprint: pin } = ask;
  if (pin === undefined || isSameFingerprint(keyPackageFingerprint(keyPackage), pin)) {
    return undefined;
  }
  return failure(
    "key_package_mismatch",
    "The server's key package is not the one that was pinned: its fingerprint differs",
  );
}

/**
 * Whether a request is the one that was asked for. The server could have the key put together for a message
 * of its own, name another key, or have the shares encrypted to another device.
 */
export function checkRequest(
  ask: RecoveryAsk,
  publicKey: string,
  request: RecoveryRequest,
): Failure | undefined {
  const { key_package: keyPackage } = request;
  const { messageHash, eventTemplate, participants, threshold } = ask;
  if (request.recipient_public_key !== publicKey) {
    return failure("request_changed", "The request has another device's key");
  }
  if (request.message_hash !== messageHash) {
    return failure("request_changed", "The request is for another message");
  }
  if (request.threshold !== threshold || !isSameList(request.participants, participants)) {
    return failure(
      "request_changed",
      "The request asks other guardians, or another number of them",
    );
  }
  if (
    eventTemplate !== undefined &&
    !isEventOf(keyPackage.group_public_key, eventTemplate, messageHash)
  ) return failure("request_changed", "The request is for another key than the event's");
  return checkPin(ask, keyPackage);
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

function isEventOf(groupPublicKey: string, template: EventTemplate, id: string): boolean {
  try {
    return eventId(template, groupPublicKey) === id;
  } catch (error) {
    if (error instanceof FrostError) return false;
    throw error;
  }
}

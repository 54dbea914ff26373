/**
 * The guardian's side of a recovery: gives its signing share to the requester's device, and to no other.
 *
 * @module
 */
import { GuardianError } from "../errors.ts";
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import { EnvelopeError, recipientFingerprint, sealShare } from "./envelope.ts";
import { type RecoveryProgress, RecoveryRequests } from "./requests.ts";
import { checkKeyPackage, checkMessage, checkSession } from "../guardian/request_checks.ts";
import { failure, failureOf, type Result } from "../result.ts";
import type { RecoveryRequest } from "../sessions/session.ts";
import type { Supabase } from "../supabase.ts";
import type { CallOptions } from "../transport.ts";

/** What a guardian is asked before its share leaves the device. */
export interface RecoveryQuestion {
  /** What is to be signed is `message_hash`: the id of the `event_template`, if there is one. */
  readonly request: RecoveryRequest;
  /**
   * Of the key that the share will be encrypted to. Ask the requester, by voice or in person, what its
   * device shows: a coordinator that put its own key there would get the share.
   */
  readonly fingerprint: string;
}

/** What giving a share takes. */
export interface GiveShareOptions extends CallOptions {
  /** This guardian's own. */
  readonly keyShare: KeyShare;
  /** Nothing but `true` lets the share go. */
  readonly approve: (question: RecoveryQuestion) => boolean | Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Gives a guardian's share, once it was approved. Methods do not throw.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { type KeyShare } from "@permafrost/client/guardian";
 * import { RecoveryGuardian, RecoveryRequests } from "@permafrost/client/recovery";
 *
 * declare const keyShare: KeyShare; // from where this device keeps it
 * declare function ask(question: string): boolean;
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const read = await new RecoveryRequests(supabase).get("the request's id");
 * if (read.success) {
 *   await new RecoveryGuardian(supabase).submitShare(read.request, {
 *     keyShare,
 *     approve: ({ fingerprint }) => ask(`Does the requester's device show ${fingerprint}?`),
 *   });
 * }
 * ```
 */
export class RecoveryGuardian {
  readonly #requests: RecoveryRequests;

  /** @param supabase - Signed in as the guardian. */
  constructor(supabase: Supabase) {
    this.#requests = new RecoveryRequests(supabase);
  }

  /**
   * Checks a request, asks for approval, and hands the share in, encrypted to the request's key.
   *
   * A share that was given is given: with a threshold of them the requester has the key, not one signature.
   *
   * Errors: `key_share_invalid`, `key_package_mismatch`, `request_invalid`, `event_mismatch`,
   * `signers_invalid`, `not_a_signer`, `session_expired`; `round_open` if there is no key to encrypt to yet,
   * `invalid_input` if it is not a point of secp256k1, `not_approved`; and those of
   * `RecoveryRequests.submitShare`.
   *
   * @param request - As `RecoveryRequests.get` returns it.
   */
  async submitShare(
    request: RecoveryRequest,
    { keyShare, approve, now = Date.now, ...options }: GiveShareOptions,
  ): Promise<Result<RecoveryProgress & { thresholdMet: boolean }>> {
    let ciphertext: string;
    let participantId: string;
    try {
      const share = parseKeyShare(keyShare);
      participantId = share.participant_id;
      checkKeyPackage(share, request);
      checkMessage(share, request.message_hash, request.event_template);
      checkSession(share, {
        session_id: request.request_id,
        message_hash: request.message_hash,
        participants: request.participants,
        threshold: request.threshold,
        expires_at: request.expires_at,
      }, now());
      const recipientPublicKey = request.recipient_public_key;
      if (recipientPublicKey === null) {
        return failure("round_open", "The requester has not set the key to encrypt to");
      }
      const purpose = {
        guardianId: share.participant_id,
        keyPackageFingerprint: share.key_package_fingerprint,
        recipientPublicKey,
      };
      ciphertext = sealShare(purpose, share.signing_share);
      const fingerprint = recipientFingerprint(recipientPublicKey);
      if (await approve({ request, fingerprint }) !== true) return failure("not_approved");
    } catch (error) {
      if (error instanceof EnvelopeError) return failure("invalid_input", error.message);
      if (error instanceof GuardianError) return failureOf(error);
      throw error;
    }
    return await this.#requests.submitShare(request.request_id, ciphertext, {
      ...options,
      participantId,
    });
  }
}

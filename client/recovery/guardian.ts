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
  /** What is to be signed is `message_hash`; where there is an `event_template`, it was found to be its id. */
  readonly request: RecoveryRequest;
  /**
   * Of the key that the share will be encrypted to. Ask the requester, by another way than this one, what
   * the device shows: a coordinator that put its own key there would get the share.
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

/** Gives a guardian's share, once it was approved. Methods do not throw. */
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
   * `signers_invalid`, `not_a_signer`, `session_expired`; `round_open` without a key to encrypt to,
   * `invalid_input` for one that is none, `not_approved`; and those of `RecoveryRequests.submitShare`.
   *
   * @param request - As `RecoveryRequests.get` and `list` return it.
   */
  async submitShare(
    request: RecoveryRequest,
    { keyShare, approve, now = Date.now, ...options }: GiveShareOptions,
  ): Promise<Result<RecoveryProgress & { thresholdMet: boolean }>> {
    let ciphertext: string;
    try {
      const share = parseKeyShare(keyShare);
      checkKeyPackage(share, request);
      checkMessage(share, request.message_hash, request.event_template);
      checkSession(share, {
        session_id: request.request_id,
        message_hash: request.message_hash,
        participants: request.required_guardians,
        threshold: request.threshold,
        expires_at: request.expires_at,
      }, now());
      const recipientPublicKey = request.recipient_public_key;
      if (recipientPublicKey === null) {
        return failure("round_open", "The requester has not set the key to encrypt to");
      }
      ciphertext = sealShare({
        requestId: request.request_id,
        guardianId: share.participant_id,
        keyPackageId: request.key_package_id,
        recipientPublicKey,
      }, share.signing_share);
      const fingerprint = recipientFingerprint(recipientPublicKey);
      if (await approve({ request, fingerprint }) !== true) return failure("not_approved");
    } catch (error) {
      if (error instanceof EnvelopeError) return failure("invalid_input", error.message);
      if (error instanceof GuardianError) return failureOf(error);
      throw error;
    }
    return await this.#requests.submitShare(request.request_id, ciphertext, options);
  }
}

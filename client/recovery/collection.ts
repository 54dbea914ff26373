/**
 * What a requester has collected: the guardians' shares, decrypted and checked.
 *
 * @module
 */
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import type { Failure } from "../result.ts";
import type { RecoveryRequest, RecoveryStatus } from "../sessions/session.ts";
import { EnvelopeError, openShare, OtherKeyPackageError } from "./envelope.ts";
import { checkShare, type RecoveredShare } from "./reconstruction.ts";

/** A share that was found bad, and whose it was. */
export interface BadShare {
  readonly guardian: string;
  readonly reason: string;
}

/** What has been collected. */
export interface Collection {
  readonly status: RecoveryStatus;
  readonly threshold: number;
  /** Whose shares are good. */
  readonly good: readonly string[];
  /** Whose shares were refused just now. */
  readonly rejected: readonly BadShare[];
  /** Who may still hand a share in. */
  readonly missing: readonly string[];
  /** Whether `finish` has what it takes. */
  readonly ready: boolean;
}

/** A failure after shares were looked at says what was found. */
export type CollectionFailure = Failure & Partial<Collection>;

/** The shares of a request, as they were found. */
export interface OpenedShares {
  readonly good: RecoveredShare[];
  readonly bad: BadShare[];
  /** Of the bad ones, whose devices hold shares of another key package than the request's. */
  readonly strangers: string[];
}

/**
 * Decrypts and checks the shares of a request.
 *
 * @param publicKey - The requester's one-time key, and `secretKey` its secret half.
 */
export function openShares(
  request: RecoveryRequest,
  publicKey: string,
  secretKey: Uint8Array,
): OpenedShares {
  const opened: OpenedShares = { good: [], bad: [], strangers: [] };
  const fingerprint = keyPackageFingerprint(request.key_package);
  for (const [guardian, ciphertext] of Object.entries(request.encrypted_shares)) {
    const purpose = {
      guardianId: guardian,
      keyPackageFingerprint: fingerprint,
      recipientPublicKey: publicKey,
    };
    try {
      const share = { guardian, signingShare: openShare(purpose, secretKey, ciphertext) };
      checkShare(request.key_package, share);
      opened.good.push(share);
    } catch (error) {
      if (!(error instanceof EnvelopeError || error instanceof FrostError)) throw error;
      if (error instanceof OtherKeyPackageError) opened.strangers.push(guardian);
      opened.bad.push({ guardian, reason: error.message });
    }
  }
  return opened;
}

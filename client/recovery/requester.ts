/**
 * The requester's side of a recovery: one device collects a threshold of shares, puts the key together,
 * signs one message, and forgets it. It signs what it asked for, also if the server says otherwise later.
 *
 * @module
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { codeOfFailed } from "../../supabase/functions/_shared/errors.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { verifySignature } from "../../supabase/functions/_shared/frost/verification.ts";
import { failure, failureOf, type Result, type Success, success } from "../result.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import { pagesOf, REQUESTS } from "../sessions/list.ts";
import type { RecoveryRequest, RecoveryStatus } from "../sessions/session.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke } from "../transport.ts";
import { checkPin, checkRequest, type RecoveryAsk } from "./ask.ts";
import { type Collection, type CollectionFailure, openShares } from "./collection.ts";
import { oneTimeKey, recipientFingerprint } from "./envelope.ts";
import { type RecoveredShare, signWithShares } from "./reconstruction.ts";
import { RecoveryRequests } from "./requests.ts";

/** A requester as it is kept on its device, as JSON. Secret: with it, the shares can be read. */
export interface RequesterState {
  readonly version: 1;
  /** A scalar of 32 bytes, lower-case hex. */
  readonly secretKey: string;
  readonly ask: RecoveryAsk;
  readonly requestId?: string;
}

/**
 * Asks for shares, collects them and signs. Methods do not throw, but for `restore`.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { RecoveryRequester } from "@permafrost/client/recovery";
 *
 * declare function keepSecretly(text: string): void;
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const requester = RecoveryRequester.prepare(supabase, {
 *   familyId: "family",
 *   messageHash: "5a".repeat(32),
 *   participants: ["ann", "bob", "cleo"],
 *   threshold: 2,
 *   useCase: "emergency_recovery",
 *   keyPackageFingerprint: "from the paper of the ceremony",
 * });
 * keepSecretly(JSON.stringify(requester.exportState()));
 * const sent = await requester.send();
 * console.log("Read this to the guardians:", requester.fingerprint);
 * // Once a threshold of them has answered:
 * if (sent.success) console.log(await requester.finish());
 * ```
 */
export class RecoveryRequester {
  readonly #supabase: Supabase;
  readonly #requests: RecoveryRequests;
  readonly #secretKey: Uint8Array;
  readonly #ask: RecoveryAsk;
  /** The key that guardians encrypt to: x-only, 32 bytes as lower-case hex. */
  readonly publicKey: string;
  #requestId: string | undefined;
  /** Whether a request with this key may be there that we do not know of. */
  #maybeSent: boolean;
  #wiped = false;

  private constructor(
    supabase: Supabase,
    secretKey: Uint8Array,
    state: RequesterState,
    isNew: boolean,
  ) {
    this.#supabase = supabase;
    this.#requests = new RecoveryRequests(supabase);
    this.#secretKey = secretKey;
    this.publicKey = bytesToHex(schnorr.getPublicKey(secretKey));
    this.#ask = state.ask;
    this.#requestId = state.requestId;
    this.#maybeSent = !isNew;
  }

  /** Makes a one-time key for a request. Keep `exportState()` before `send()`: without it shares are lost. */
  static prepare(supabase: Supabase, ask: RecoveryAsk): RecoveryRequester {
    const { secretKey } = oneTimeKey();
    const state = { version: 1, secretKey: bytesToHex(secretKey), ask } as const;
    return new RecoveryRequester(supabase, secretKey, state, true);
  }

  /** Restores a requester from its state. @throws {TypeError} unless it is the state of a requester. */
  static restore(supabase: Supabase, state: RequesterState): RecoveryRequester {
    try {
      if (state.version !== 1 || typeof state.ask.messageHash !== "string") throw new Error();
      return new RecoveryRequester(supabase, hexToBytes(state.secretKey), state, false);
    } catch {
      // A wiped key is refused too. The reason is left out: it could quote the secret.
      throw new TypeError("Expected the exported state of a requester");
    }
  }

  /** What to keep, secretly, so that this can go on after the device was restarted. */
  exportState(): RequesterState {
    const secretKey = bytesToHex(this.#secretKey);
    return { version: 1, secretKey, ask: this.#ask, requestId: this.#requestId };
  }

  /** What to tell guardians who ask which key they are about to encrypt to. */
  get fingerprint(): string {
    return recipientFingerprint(this.publicKey);
  }

  /** The request, once it was sent. */
  get requestId(): string | undefined {
    return this.#requestId;
  }

  /**
   * Asks the guardians for their shares. After a failure it may be called again: it finds the request if
   * there is one.
   *
   * Errors: as `UnifiedFederatedSigningService.createSigningRequest`; `key_package_mismatch`, before anything
   * is sent, if the family's key package is not the pinned one.
   */
  async send(options: CallOptions = {}): Promise<Result<{ requestId: string; warning?: string }>> {
    const found = await this.#find(options);
    if (found.success || found.code !== "session_not_found") return found;
    const { keyPackageFingerprint: pin, participantId, ...ask } = this.#ask;
    if (pin !== undefined) {
      const current = await readCurrentKeyPackage(this.#supabase, ask.familyId, options);
      if (!current.success) return current;
      const mismatch = checkPin(this.#ask, current.keyPackage);
      if (mismatch) return mismatch;
    }
    this.#maybeSent = true;
    const created = await invoke<{ sessionId: string; warning?: string }>(
      this.#supabase,
      "create-signing-request",
      { ...ask, preferredMethod: "sss", recipientPublicKey: this.publicKey },
      { ...options, participantId, safe: false },
    );
    if (!created.success) return created;
    this.#requestId = created.sessionId;
    return success({ requestId: created.sessionId, warning: created.warning });
  }

  /**
   * Decrypts and checks the shares that are there. A guardian whose share is bad is named, and its share is
   * refused at the server, so that it can hand in another.
   *
   * Errors: `session_not_found`; `request_changed` if the request is not this device's, or no longer asks for
   * what it asked for; `key_package_mismatch`, before anybody is accused, if the server's key package is not
   * the pinned one, or nothing is pinned and the guardians have another; and those of
   * `RecoveryRequests.rejectShare`.
   */
  async collect(
    options: CallOptions = {},
  ): Promise<Success<Collection> | CollectionFailure> {
    const collected = await this.#collect(options);
    if (!collected.success) return collected;
    const { shares: _, request: __, ...collection } = collected;
    return collection;
  }

  /**
   * Collects, puts the secret together, signs what was asked for, hands the signature in, and wipes this
   * device's key. Of a request that is completed, answers the signature.
   *
   * Errors: `shares_missing`, with the collection; those of `collect`; `key_package_invalid` where the
   * shares do not make the secret; `session_expired`, `session_finished`.
   */
  async finish(
    options: CallOptions = {},
  ): Promise<
    Success<{ finalSignature: string; status: RecoveryStatus }> | CollectionFailure
  > {
    const collected = await this.#collect(options);
    if (!collected.success) return collected;
    const { shares, request, success: _, ...collection } = collected;
    const { key_package: keyPackage, message_hash: message, final_signature: done } = request;
    if (done !== null) {
      const { ciphersuite, group_public_key } = keyPackage;
      if (!verifySignature(ciphersuite, group_public_key, message, done)) {
        return failure("signature_invalid", "The request's signature does not verify");
      }
      this.wipe();
      return success({ finalSignature: done, status: request.status });
    }
    if (request.status === "expired") return failure("session_expired", "The request has expired");
    if (request.status === "failed") {
      return failure(
        codeOfFailed(request.error_message),
        `The request failed: ${request.error_message}`,
      );
    }
    if (!collection.ready) return { ...failure("shares_missing"), ...collection };
    let signature: string;
    try {
      signature = signWithShares(keyPackage, shares, message);
    } catch (error) {
      if (error instanceof FrostError) return failureOf(error);
      throw error;
    }
    const completed = await this.#requests.complete(
      request.request_id,
      signature,
      this.#asWhom(options),
    );
    if (completed.success) this.wipe();
    return completed;
  }

  /** Overwrites this device's one-time key; nothing can be read with it any more. Delete what was kept. */
  wipe(): void {
    this.#wiped = true;
    this.#secretKey.fill(0);
  }

  async #collect(
    options: CallOptions,
  ): Promise<
    | Success<Collection & { shares: RecoveredShare[]; request: RecoveryRequest }>
    | CollectionFailure
  > {
    const read = await this.#read(options);
    if (!read.success) return read;
    let { request } = read;
    // Without the key no share can be read, and no guardian is to blame for that.
    const { good: shares, bad: rejected, strangers } = this.#wiped
      ? { good: [], bad: [], strangers: [] }
      : openShares(request, this.publicKey, this.#secretKey);
    if (strangers.length > 0 && this.#ask.keyPackageFingerprint === undefined) {
      // Either the server lies or they do, and only who knows the key package can tell.
      return failure(
        "key_package_mismatch",
        `The server names another key package than the devices of ${strangers.join(", ")} hold ` +
          "shares of; pin the key package to tell who is wrong",
      );
    }
    const ciphertexts = request.encrypted_shares;
    for (const { guardian: guardianId, reason } of rejected) {
      const bad = { guardianId, ciphertext: ciphertexts[guardianId] };
      const told = await this.#requests.rejectShare(
        request.request_id,
        bad,
        reason,
        this.#asWhom(options),
      );
      if (!told.success) return { ...told, rejected };
    }
    if (rejected.length > 0) {
      const again = await this.#read(options);
      if (!again.success) return { ...again, rejected };
      request = again.request;
    }
    const { status, threshold } = request;
    return success({
      status,
      threshold,
      good: shares.map(({ guardian }) => guardian),
      rejected,
      missing: request.missing_guardians,
      ready: status === "ready" && shares.length >= threshold,
      shares,
      request,
    });
  }

  async #read(options: CallOptions): Promise<Result<{ request: RecoveryRequest }>> {
    const found = await this.#find(options);
    if (!found.success) return found;
    const read = await this.#requests.get(found.requestId, options);
    if (!read.success) return read;
    return checkRequest(this.#ask, this.publicKey, read.request) ?? read;
  }

  #asWhom(options: CallOptions) {
    return { ...options, participantId: this.#ask.participantId };
  }

  /** The request: known, or made by a call whose answer was lost. */
  async #find(options: CallOptions): Promise<Result<{ requestId: string }>> {
    if (this.#requestId === undefined && this.#maybeSent) {
      const { familyId } = this.#ask;
      for await (const page of pagesOf(this.#supabase, REQUESTS, { familyId }, options)) {
        if (!page.success) return page;
        const ours = page.rows.find((one) => one.recipient_public_key === this.publicKey);
        this.#requestId = ours?.request_id;
        if (ours !== undefined) break;
      }
    }
    return this.#requestId === undefined
      ? failure("session_not_found", "The request was not sent")
      : success({ requestId: this.#requestId });
  }
}

/**
 * The nonces of one key share: drawn, kept in their slots, and answered with once. Everything that makes a signature
 * share goes through `answer`.
 *
 * @module
 */
import type { NonceCommitments } from "@noble/curves/abstract/frost.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { GuardianError } from "../errors.ts";
import { frostSecretOf, type KeyShare } from "./key_share.ts";
import type { SigningPackage } from "./signing_session.ts";
import type { NoncePair, NonceRecord, NonceStore } from "./stores/nonce_store.ts";

/** The longest a session lives, and so the longest that nonces are kept. */
export const MAX_SESSION_MS = 604_800_000;

/** Commitments that this process has answered for, in case a store is put back under it. */
const answered = new Set<string>();

/** One key share's part of a nonce store. */
export class Nonces {
  readonly #share: KeyShare;
  readonly store: NonceStore;

  constructor(share: KeyShare, store: NonceStore) {
    this.#share = share;
    this.store = store;
  }

  /** Each share of each key has slots of its own, also if a store is shared. */
  slot(...names: readonly string[]): string {
    const { ciphersuite, group_public_key, verifying_shares, identifier } = this.#share;
    return digestOf([ciphersuite, group_public_key, verifying_shares[identifier - 1], ...names]);
  }

  /** Draws a pair (RFC 9591 section 5.1). It must be in the store before its commitment is published. */
  draw(): NoncePair {
    const secret = frostSecretOf(this.#share);
    const { nonces, commitments } = suiteOf(this.#share.ciphersuite).frost.commit(secret);
    const pair = {
      nonce_commitment: bytesToHex(commitments.hiding) + bytesToHex(commitments.binding),
      hiding_nonce: bytesToHex(nonces.hiding),
      binding_nonce: bytesToHex(nonces.binding),
    };
    for (const bytes of [secret.signingShare, nonces.hiding, nonces.binding]) bytes.fill(0);
    return pair;
  }

  /**
   * Takes the nonces of a slot, and only then makes the share of a package with them (RFC 9591 section 5.2). For
   * the same package it answers the same share again.
   *
   * @throws {GuardianError} `nonces_spent`.
   */
  async answer(
    slot: string,
    digest: string,
    request: SigningPackage,
    commitmentList: NonceCommitments[],
  ): Promise<string> {
    const taken = await this.store.take(slot);
    // Another call for this package was faster, or the store was put back to before it.
    if (taken === undefined) return releasedFor(await this.store.read(slot), digest);
    if (answered.has(taken.nonce_commitment)) throw spent();
    answered.add(taken.nonce_commitment);
    const { threshold, participants, group_public_key, ciphersuite } = this.#share;
    const secret = frostSecretOf(this.#share);
    const signature_share = bytesToHex(
      suiteOf(ciphersuite).frost.signShare(
        secret,
        {
          signers: { min: threshold, max: participants.length },
          commitments: [hexToBytes(group_public_key)],
          verifyingShares: {},
        },
        { hiding: hexToBytes(taken.hiding_nonce), binding: hexToBytes(taken.binding_nonce) },
        commitmentList,
        hexToBytes(request.message),
      ),
    );
    secret.signingShare.fill(0);
    await this.store.release(slot, {
      state: "released",
      package_digest: digest,
      signature_share,
      expires_at: taken.expires_at,
      ...seenHead(taken),
      ...seenHead(request),
    });
    return signature_share;
  }
}

/** The share that was made for this package; nothing for any other. */
export function releasedFor(record: NonceRecord | undefined, digest: string): string {
  if (record?.state === "released" && record.package_digest === digest) {
    return record.signature_share;
  }
  throw spent();
}

/** The head that came with a session or a package, as records keep it. */
export function seenHead({ transcript_head }: { transcript_head?: string }) {
  return transcript_head === undefined ? {} : { transcript_head };
}

export function spent(): GuardianError {
  return new GuardianError("nonces_spent", "The nonces of this session were used before");
}

/** What a share is made from, with what else tells two packages apart. */
export function packageDigest(request: SigningPackage, ...also: readonly string[]): string {
  const { message, signers, commitments } = request;
  return digestOf([message, signers, signers.map((signer) => commitments[signer]), ...also]);
}

function digestOf(value: unknown): string {
  return bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(value))));
}

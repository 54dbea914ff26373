/**
 * What a guardian's device computes in a ceremony: its messages, and its share. Everything comes from the host key and
 * one secret of 32 bytes, which is kept before anything is sent: what is sent again is the same to the bit.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { shake256 } from "@noble/hashes/sha3.js";
import {
  participantFinalize,
  participantStep1,
  participantStep2,
} from "../../supabase/functions/_shared/chilldkg/participant.ts";
import { signRecoveryAcknowledgment } from "../../supabase/functions/_shared/chilldkg/recovery.ts";
import { closeRound, type MadeKey } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import {
  messageHash,
  type Payload,
  unsignedText,
} from "../../supabase/functions/_shared/ceremony/payload.ts";
import {
  type CeremonyTerms,
  chillDkgParams,
  confirmationHash,
  invalidMessage,
  keyPackageDigest,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import {
  dealerIdentifiers,
  identifierOf,
  type RoundMessages,
  transcriptHashOf,
} from "../../supabase/functions/_shared/ceremony/verification.ts";
import { deal } from "../../supabase/functions/_shared/dkg/dealing.ts";
import { encryptOwnShare, encryptShare } from "../../supabase/functions/_shared/dkg/encryption.ts";
import { proveEphemeralKey } from "../../supabase/functions/_shared/dkg/evidence.ts";
import { publicKeyOf, wideHash } from "../../supabase/functions/_shared/dkg/host_curve.ts";
import { lagrange } from "../../supabase/functions/_shared/dkg/resharing.ts";
import { parseScalar } from "../../supabase/functions/_shared/frost/encoding.ts";
import {
  type KeyPackage,
  keyPackageFingerprint,
} from "../../supabase/functions/_shared/frost/key_package.ts";
import { type Suite, suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { type KeyShare, parseKeyShare } from "../guardian/key_share.ts";
import type { HostKey } from "./host_key.ts";
import { shareFrom } from "./received_share.ts";

/** What a device has to confirm. */
export interface Completion {
  readonly confirmationHash: string;
  readonly keyShare: KeyShare;
  readonly epoch: number;
  /** The message of round three. */
  readonly payload: Payload;
}

/** What a device knows of a ceremony that runs. */
export interface CeremonyState {
  readonly terms: CeremonyTerms;
  readonly paramsId: string;
  /** Of chilldkg; hex. */
  readonly coordinatorMessages: readonly string[];
  /** The messages of rounds one and two, verified. */
  readonly rounds: readonly RoundMessages[];
}

/** A guardian's device in one ceremony. */
export class CeremonyDevice {
  readonly #hostKey: HostKey;
  readonly #seed: Uint8Array;
  readonly #me: string;
  readonly #oldShare?: KeyShare;

  /**
   * @param seed - 32 bytes, for this ceremony alone.
   * @param oldShare - Of a dealer in a reshare: its share of the old key.
   */
  constructor(hostKey: HostKey, seed: string, participantId: string, oldShare?: KeyShare) {
    this.#hostKey = hostKey;
    this.#seed = hexToBytes(seed);
    this.#me = participantId;
    this.#oldShare = oldShare;
  }

  /** The message of round one. */
  roundOne({ terms, paramsId }: CeremonyState): Payload {
    if (terms.protocol === "chilldkg") {
      const { message } = this.#chillDkgStep1(terms);
      return this.#signed(terms, paramsId, 1, { message: bytesToHex(message) });
    }
    const dealing = this.#deal(terms);
    const payload: Payload = {
      commitment: [...dealing.commitment],
      proofOfKnowledge: dealing.proofOfKnowledge,
      ephemeralKey: publicKeyOf(this.#ephemeralSecret()),
    };
    if (terms.protocol === "reshare") {
      payload.ciphertexts = this.#ciphertexts(terms, paramsId, dealing.shares);
      payload.ephemeralProof = proveEphemeralKey(
        this.#ephemeralSecret(),
        paramsId,
        identifierOf(terms, this.#me),
      );
    }
    return this.#signed(terms, paramsId, 1, payload);
  }

  /**
   * The message of round two.
   *
   * @throws {ChillDkgError} of chilldkg, for what the coordinator sent.
   */
  roundTwo({ terms, paramsId, coordinatorMessages }: CeremonyState): Payload {
    if (terms.protocol === "chilldkg") {
      const { message } = this.#chillDkgStep2(terms, coordinatorMessages[0]);
      return this.#signed(terms, paramsId, 2, { message: bytesToHex(message) });
    }
    const ciphertexts = this.#ciphertexts(terms, paramsId, this.#deal(terms).shares);
    return this.#signed(terms, paramsId, 2, { ciphertexts });
  }

  /**
   * The message of round three, and the share that it is about.
   *
   * @param epoch - What the server says that the package's would be; all sign the same.
   * @throws {BadShareError}, {ChillDkgError} of chilldkg, {FrostError} for what others sent.
   */
  confirm(state: CeremonyState, epoch: number): Completion {
    const { terms, paramsId } = state;
    const { key, signingShare, recoveryData } = this.#outcome(state);
    const keyPackage = keyPackageFrom(terms, key);
    const hash = hashToConfirm(state, key, epoch, recoveryData);
    const payload: Payload = {};
    if (recoveryData !== undefined) {
      payload.acknowledgement = bytesToHex(
        this.#hostKey.withSecret((secret) =>
          signRecoveryAcknowledgment(
            secret,
            hexToBytes(recoveryData),
            chillDkgParams(terms),
            this.#derive("acknowledgement"),
          )
        ),
      );
    }
    payload.confirmation = this.#hostKey.signHash(hash);
    return {
      confirmationHash: hash,
      epoch,
      keyShare: parseKeyShare({
        ...keyPackage,
        participant_id: this.#me,
        identifier: 1 + terms.participants.indexOf(this.#me),
        signing_share: signingShare,
        key_package_fingerprint: keyPackageFingerprint(keyPackage),
      }),
      payload: this.#signed(terms, paramsId, 3, payload),
    };
  }

  /** Whether what the server keeps as this device's dealing is what it sent. */
  isOwnDealing(state: CeremonyState, payload: Payload): boolean {
    const { terms } = state;
    return unsignedText(terms, 1, this.roundOne(state)) === unsignedText(terms, 1, payload);
  }

  #outcome(
    { terms, paramsId, coordinatorMessages, rounds }: CeremonyState,
  ): { key: MadeKey; signingShare: string; recoveryData?: string } {
    if (terms.protocol === "chilldkg") {
      const { state } = this.#chillDkgStep2(terms, coordinatorMessages[0]);
      const { output, recoveryData } = participantFinalize(
        state,
        hexToBytes(coordinatorMessages[1] ?? ""),
      );
      const key = {
        group_public_key: bytesToHex(output.thresholdPublicKey),
        verifying_shares: output.publicShares.map((share) => bytesToHex(share)),
        vss_commitment: [],
      };
      const signingShare = bytesToHex(output.secretShare ?? new Uint8Array());
      return { key, signingShare, recoveryData: bytesToHex(recoveryData) };
    }
    const { key } = closeRound(terms, 2, rounds);
    if (key === undefined) throw invalidMessage("The messages make no key");
    const signingShare = this.#hostKey.withSecret((secret) =>
      shareFrom(terms, paramsId, rounds, this.#me, secret)
    );
    return { key, signingShare };
  }

  #deal(terms: CeremonyTerms) {
    const suite = suiteOf(terms.ciphersuite);
    const coefficients = Array.from(
      { length: terms.threshold },
      (_, k) => this.#scalar(suite, `coefficient ${k}`),
    );
    if (terms.kind === "reshare") coefficients[0] = this.#interpolatedShare(suite, terms);
    return deal(
      suite,
      identifierOf(terms, this.#me),
      coefficients,
      this.#scalar(suite, "nonce"),
      terms.participants.length,
    );
  }

  #interpolatedShare(suite: Suite, terms: CeremonyTerms): bigint {
    const share = this.#oldShare;
    if (share === undefined || terms.fromPackage === null) {
      throw new TypeError("A dealer needs its share of the old key");
    }
    const scalar = parseScalar(suite, share.signing_share, "share_invalid", "The old share");
    return suite.Fn.mul(lagrange(suite, dealerIdentifiers(terms), share.identifier), scalar);
  }

  #ciphertexts(terms: CeremonyTerms, paramsId: string, shares: readonly bigint[]) {
    const suite = suiteOf(terms.ciphersuite);
    const ephemeral = this.#ephemeralSecret();
    const E = publicKeyOf(ephemeral);
    // A name may be one that objects have already.
    const entries = terms.participants.map((participant, i): [string, string] => {
      const isMine = terms.hostPublicKeys[i] === this.#hostKey.publicKey;
      const ciphertext = isMine
        ? this.#hostKey.withSecret((secret) =>
          encryptOwnShare(suite, shares[i], secret, E, i + 1, paramsId)
        )
        : encryptShare(suite, shares[i], ephemeral, terms.hostPublicKeys[i], i + 1, paramsId);
      return [participant, ciphertext];
    });
    return Object.fromEntries(entries);
  }

  #chillDkgStep1(terms: CeremonyTerms) {
    return this.#hostKey.withSecret((secret) =>
      participantStep1(secret, chillDkgParams(terms), this.#seed)
    );
  }

  #chillDkgStep2(terms: CeremonyTerms, cmsg1: string) {
    const { state } = this.#chillDkgStep1(terms);
    return this.#hostKey.withSecret((secret) =>
      participantStep2(secret, state, hexToBytes(cmsg1), this.#derive("certificate"))
    );
  }

  #signed(terms: CeremonyTerms, paramsId: string, round: number, payload: Payload): Payload {
    const text = unsignedText(terms, round, payload);
    return { ...payload, signature: this.#hostKey.signHash(messageHash(paramsId, round, text)) };
  }

  #ephemeralSecret(): Uint8Array {
    return this.#derive("ephemeral key");
  }

  /** 32 bytes for one purpose. */
  #derive(purpose: string): Uint8Array {
    const label = new TextEncoder().encode(`permafrost/ceremony/${purpose}`);
    return shake256(new Uint8Array([...this.#seed, ...label]), { dkLen: 32 });
  }

  #scalar(suite: Suite, purpose: string): bigint {
    const domain = `permafrost/ceremony/${purpose}`;
    return wideHash(domain, [this.#seed], suite.scalarBytes + 16, suite.Fn.ORDER);
  }
}

/** What participants confirm of a ceremony that made a key. Errors as of `transcriptHashOf`. */
export function hashToConfirm(
  { terms, paramsId, rounds }: CeremonyState,
  key: MadeKey,
  epoch: number,
  recoveryData?: string,
): string {
  const transcriptHash = transcriptHashOf(terms, paramsId, rounds, recoveryData);
  const digest = keyPackageDigest({ ...keyPackageFrom(terms, key), epoch });
  return confirmationHash(paramsId, transcriptHash, digest);
}

function keyPackageFrom(terms: CeremonyTerms, key: MadeKey): KeyPackage {
  return {
    ciphersuite: terms.ciphersuite,
    threshold: terms.threshold,
    participants: [...terms.participants],
    group_public_key: key.group_public_key,
    verifying_shares: key.verifying_shares,
  };
}

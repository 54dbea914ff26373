/**
 * Verifying signature shares and making the signature of them: RFC 9591 sections 5.3 and 5.4.
 *
 * What depends on the signers and the message alone is computed once, when the signer set freezes, and
 * kept as JSON. Checking a share then is one equation, z·G − (c·λ)·Y = R, however many signers there are.
 * All values are public, so variable time is safe throughout.
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import {
  elementToHex,
  isHex,
  type NonceCommitment,
  parseElement,
  parseMessage,
  parseNonceCommitment,
  parsePoint,
  parseScalar,
  scalarToHex,
} from "./encoding.ts";
import { FrostError } from "./error.ts";
import { groupCommitment, isNegated, verificationKey } from "./group_commitment.ts";
import { interpolationCoefficients } from "./polynomial.ts";
import { outsideSubgroup } from "./subgroup.ts";
import { type Ciphersuite, type Element, type Suite, suiteOf } from "./suites.ts";
import type { KeyPackage } from "./key_package.ts";

/** What all share checks of a session have in common. Points and scalars as lower-case hex. */
export interface VerificationContext {
  readonly ciphersuite: Ciphersuite;
  readonly message: string;
  /** As dealt; under BIP-340 its y may be odd. Ne bytes. */
  readonly group_public_key: string;
  /** R (section 4.5); under BIP-340 its y may be odd. Ne bytes. */
  readonly group_commitment: string;
  /** c (section 4.6). Ns bytes. */
  readonly challenge: string;
}

/** What is needed besides to check one signer's share. Points and scalars as lower-case hex. */
export interface SignerVerification {
  readonly participant: string;
  /** The participant's position in the key package, from 1. */
  readonly identifier: number;
  /** ρ (section 4.4). Ns bytes. */
  readonly binding_factor: string;
  /** hiding + binding·ρ, negated under BIP-340 if R has odd y. Ne bytes. */
  readonly commitment_share: string;
  /** λ (section 4.2). Ns bytes. */
  readonly interpolation: string;
  /** Y, negated under BIP-340 if the group key has odd y. Ne bytes. */
  readonly verifying_share: string;
}

/** Everything that share checks of a session are made from; signers in ascending order of identifiers. */
export interface ShareVerification extends VerificationContext {
  readonly signers: readonly SignerVerification[];
}

/** A session whose signer set is frozen. */
export interface SigningInputs {
  /** The signers are as many as the session's threshold, so that of the key is not read. */
  readonly keyPackage: Omit<KeyPackage, "threshold">;
  /** Participants in identifier order, each once. */
  readonly signers: readonly string[];
  /** Each signer's hiding ‖ binding as lower-case hex, 2·Ne bytes. Entries of others are not read. */
  readonly commitments: Readonly<Record<string, string>>;
  /** Lower-case hex; 32 bytes for BIP-340, 1 to 8,192 bytes for the other suites. */
  readonly message: string;
}

/** A signer with its public values decoded. */
export interface VerifyingSigner {
  readonly participant: string;
  readonly identifier: number;
  readonly verifyingShare: Element;
  readonly commitment: NonceCommitment;
}

/**
 * Computes what every share of the session is checked with; the answer survives JSON.
 *
 * Verifying shares and commitments must have been checked before, by `verifyKeyPackage` and
 * `parseNonceCommitment`, as both are before they are stored. Their membership in the prime-order subgroup,
 * which is most of what reading them costs, is not checked once more, but that of the group key and of the
 * group commitment is. This is enough, even if a stored point was exchanged. RFC 9591 wants both in the
 * group (section 3.1, appendix B), and where R was outside, verifiers would not agree on the signature: RFC
 * 8032 allows an equation with the cofactor and one without (sections 5.1.7 and 5.2.7). If R is inside and
 * every share fulfils its equation, the parts outside cancel in their sum, and the signature verifies.
 * Otherwise a share does not fulfil its equation, and its signer is named.
 *
 * @throws {FrostError} `message_hash_invalid`; `participants_invalid` unless the signers are participants
 *   of the package in its order; `commitment_invalid` for a missing commitment or an invalid point;
 *   `key_package_invalid` for an invalid point of the package.
 */
export function prepareVerification(inputs: SigningInputs): ShareVerification {
  const { keyPackage, commitments } = inputs;
  const suite = suiteOf(keyPackage.ciphersuite);
  parseMessage(suite, inputs.message);
  const groupPublicKey = parseElement(
    suite,
    keyPackage.group_public_key,
    "key_package_invalid",
    "The group public key",
  );
  const identifiers = identifiersOf(keyPackage.participants, inputs.signers);
  const signers = inputs.signers.map((participant, i) => {
    if (!Object.hasOwn(commitments, participant)) {
      throw new FrostError("commitment_invalid", `A nonce commitment is missing: ${participant}`);
    }
    return {
      participant,
      identifier: identifiers[i],
      verifyingShare: parsePoint(
        suite,
        keyPackage.verifying_shares[identifiers[i] - 1] ?? "",
        "key_package_invalid",
        "A verifying share",
      ),
      commitment: commitmentOf(suite, participant, commitments[participant]),
    };
  });
  return verificationOf(suite, groupPublicKey, signers, hexToBytes(inputs.message));
}

/** Whoever reads this is often another signer: it is told whose commitment it is. */
function commitmentOf(suite: Suite, participant: string, hex: string): NonceCommitment {
  try {
    return parseNonceCommitment(suite, hex, parsePoint);
  } catch (error) {
    if (!(error instanceof FrostError)) throw error;
    throw invalidCommitment(participant, error.message);
  }
}

function invalidCommitment(participant: string, reason: string): FrostError {
  return new FrostError(
    "commitment_invalid",
    `The nonce commitment of ${participant} is not valid: ${reason}`,
  );
}

/**
 * The signers' identifiers: their positions in the key package, from 1.
 *
 * @throws {FrostError} `participants_invalid` unless all are participants, in their order, each once.
 */
export function identifiersOf(
  participants: readonly string[],
  signers: readonly string[],
): number[] {
  const identifiers = signers.map((signer) => participants.indexOf(signer) + 1);
  // Ascending from above zero: each is a participant, and none comes twice.
  if (signers.length === 0 || identifiers.some((id, i) => id <= (identifiers[i - 1] ?? 0))) {
    throw new FrostError(
      "participants_invalid",
      "Signers must be participants of the key package, in its order, each once",
    );
  }
  return identifiers;
}

/**
 * `prepareVerification` from decoded values, for messages of any length.
 *
 * @throws {FrostError} `commitment_invalid` as `groupCommitment` does, and if the group commitment is
 *   outside the prime-order subgroup.
 */
export function verificationOf(
  suite: Suite,
  groupPublicKey: Element,
  signers: readonly VerifyingSigner[],
  message: Uint8Array,
): ShareVerification {
  const key = verificationKey(suite, groupPublicKey);
  const { element: R, bindingFactors, commitmentShares } = groupCommitment(
    suite,
    key,
    signers,
    message,
  );
  if (!R.isTorsionFree()) {
    const { participant } = signers[outsideSubgroup(suite, commitmentShares)];
    throw invalidCommitment(participant, `It must be of valid points of ${suite.name}`);
  }
  const lambdas = interpolationCoefficients(suite.Fn, signers.map(({ identifier }) => identifier));
  // BIP-340 verifies with the points of even y. Where one of those is the negation of ours, every
  // guardian signs with the negated scalars, and its part is compared with the negated points.
  const negateR = isNegated(suite, R);
  const negateKey = isNegated(suite, groupPublicKey);
  return {
    ciphersuite: suite.name,
    message: bytesToHex(message),
    group_public_key: elementToHex(groupPublicKey),
    group_commitment: elementToHex(R),
    challenge: scalarToHex(suite, suite.challenge(R.toBytes(), key.toBytes(), message)),
    signers: signers.map(({ participant, identifier, verifyingShare }, i) => ({
      participant,
      identifier,
      binding_factor: scalarToHex(suite, bindingFactors[i]),
      commitment_share: elementToHex(negateR ? commitmentShares[i].negate() : commitmentShares[i]),
      interpolation: scalarToHex(suite, lambdas[i]),
      verifying_share: elementToHex(negateKey ? verifyingShare.negate() : verifyingShare),
    })),
  };
}

/**
 * Whether a signature share is its signer's answer (section 5.4, verify_signature_share). Takes the same
 * time for any number of signers.
 *
 * @param context - From `prepareVerification`, with or without its signers.
 * @param signer - The entry of the share's signer, from the same preparation.
 * @param signatureShare - A scalar of Ns bytes as lower-case hex.
 * @throws {FrostError} `share_invalid` unless it is the canonical encoding of a scalar.
 */
export function verifyShare(
  context: VerificationContext,
  signer: SignerVerification,
  signatureShare: string,
): boolean {
  const suite = suiteOf(context.ciphersuite);
  const { Fn } = suite;
  const z = parseScalar(suite, signatureShare, "share_invalid", "A signature share");
  // Checked when the key package was registered.
  const Y = suite.Point.fromBytes(hexToBytes(signer.verifying_share));
  const c = Fn.fromBytes(hexToBytes(context.challenge));
  const lambda = Fn.fromBytes(hexToBytes(signer.interpolation));
  const R = suite.mulAdd(z, Y, Fn.neg(Fn.mul(c, lambda)));
  // A point has one encoding, and encoding ours is cheaper than decoding theirs.
  return !R.is0() && elementToHex(R) === signer.commitment_share;
}

/**
 * Adds the signature shares up to a signature (section 5.3). It is valid if every share was; whoever
 * releases it checks that with `verifySignature`.
 *
 * @param signatureShares - Each signer's share; a scalar of Ns bytes as lower-case hex.
 * @returns Lower-case hex: x(R) ‖ z of 64 bytes under BIP-340, else R ‖ z of Ne + Ns bytes.
 * @throws {FrostError} `share_invalid` unless each is the canonical encoding of a scalar.
 */
export function aggregate(
  context: VerificationContext,
  signatureShares: Readonly<Record<string, string>>,
): string {
  const suite = suiteOf(context.ciphersuite);
  const z = Object.values(signatureShares).reduce(
    (sum, share) =>
      suite.Fn.add(sum, parseScalar(suite, share, "share_invalid", "A signature share")),
    0n,
  );
  const R = suite.evenY ? context.group_commitment.slice(2) : context.group_commitment;
  return R + scalarToHex(suite, z);
}

/**
 * Whether a signature is valid. Deliberately noble's verifier and not made of the parts above: a mistake
 * in those shows here.
 *
 * @param groupPublicKey - As dealt: an encoded point of Ne bytes, under BIP-340 too.
 * @param message - Lower-case hex.
 * @param signature - Lower-case hex, as `aggregate` returns it.
 * @throws {FrostError} `invalid_input` for a ciphersuite that does not exist.
 */
export function verifySignature(
  ciphersuite: Ciphersuite,
  groupPublicKey: string,
  message: string,
  signature: string,
): boolean {
  const suite = suiteOf(ciphersuite);
  if (
    !isHex(signature, suite.signatureBytes) || !isHex(groupPublicKey, suite.elementBytes) ||
    !isHex(message)
  ) return false;
  const [key, bytes, text] = [groupPublicKey, signature, message].map((hex) => hexToBytes(hex));
  if (suite.evenY) return schnorr.verify(bytes, text, key.subarray(1));
  try {
    return suite.frost.verify(bytes, text, key);
  } catch {
    // noble throws for what is no point or no scalar at all.
    return false;
  }
}

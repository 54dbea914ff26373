/**
 * The ciphersuites: RFC 9591 section 6, and FROST(secp256k1, SHA-256) with Taproot keys and BIP-340
 * signatures as the Zcash Foundation's frost-secp256k1-tr has it. Curves, fields and hashes are noble's.
 *
 * https://www.rfc-editor.org/rfc/rfc9591#section-6
 * https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki
 */
import {
  type CurvePoint,
  type CurvePointCons,
  mulAddUnsafe,
} from "@noble/curves/abstract/curve.js";
import type { FROST } from "@noble/curves/abstract/frost.js";
import { ed25519, ed25519_FROST, ristretto255, ristretto255_FROST } from "@noble/curves/ed25519.js";
import { ed448, ed448_FROST } from "@noble/curves/ed448.js";
import { p256, p256_FROST, p256_hasher } from "@noble/curves/nist.js";
import {
  schnorr,
  schnorr_FROST,
  secp256k1,
  secp256k1_FROST,
  secp256k1_hasher,
} from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, bytesToNumberLE, concatBytes } from "@noble/curves/utils.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { FrostError } from "./error.ts";

/** The ciphersuites by RFC 9591 name; the first is the default. */
export const CIPHERSUITES = [
  "FROST-secp256k1-SHA256-TR-v1",
  "FROST-secp256k1-SHA256-v1",
  "FROST-ED25519-SHA512-v1",
  "FROST-RISTRETTO255-SHA512-v1",
  "FROST-P256-SHA256-v1",
  "FROST-ED448-SHAKE256-v1",
] as const;

/** The name of a ciphersuite. */
export type Ciphersuite = (typeof CIPHERSUITES)[number];

/** Signs what Nostr and Taproot verify: BIP-340. */
export const TAPROOT_CIPHERSUITE = "FROST-secp256k1-SHA256-TR-v1";

/** An element of a suite's group. */
export interface Element extends CurvePoint<bigint, Element> {
  toBytes(): Uint8Array;
}

/** Arithmetic in the field of a suite's scalars. */
export type ScalarField = FROST["utils"]["Fn"];

/** What the modules beside this one need to know of a ciphersuite. */
export interface Suite {
  readonly name: Ciphersuite;
  /** noble's implementation: deals keys, draws nonces, signs; here it is what ours is compared with. */
  readonly frost: FROST;
  readonly Point: CurvePointCons<Element>;
  readonly Fn: ScalarField;
  /** Points of the curve for each one of the group; above 1, a point on the curve may be outside the group. */
  readonly cofactor: number;
  /** Ne: bytes of an encoded element (RFC 9591 section 3.1). */
  readonly elementBytes: number;
  /** Ns: bytes of an encoded scalar. */
  readonly scalarBytes: number;
  /** Bytes of a signature as the suite's verifiers expect it. */
  readonly signatureBytes: number;
  readonly messageBytes: { readonly min: number; readonly max: number };
  /** H1, hash to a binding factor (section 4.4). */
  readonly H1: (message: Uint8Array) => bigint;
  /** H4, the hash of the message. */
  readonly H4: (message: Uint8Array) => Uint8Array;
  /** H5, the hash of the commitment list. */
  readonly H5: (message: Uint8Array) => Uint8Array;
  /** Hash to the challenge of a dealing's proof of knowledge; not in RFC 9591, but in frost-core. */
  readonly HDKG: (message: Uint8Array) => bigint;
  /** compute_challenge (section 4.6) over encoded elements; BIP-340's for the Taproot suite. */
  readonly challenge: (
    groupCommitment: Uint8Array,
    groupPublicKey: Uint8Array,
    message: Uint8Array,
  ) => bigint;
  /** Whether a key or a nonce commitment with odd y stands for its negation (BIP-340, x-only keys). */
  readonly evenY: boolean;
  /** a·G + b·P in variable time: for public values only. */
  readonly mulAdd: (a: bigint, point: Element, b: bigint) => Element;
}

const ANY_MESSAGE = { min: 1, max: 8192 } as const;

interface Hashes {
  readonly hash: (message: Uint8Array) => Uint8Array;
  /** Hash to a scalar; by default `hash` of prefix ‖ message, reduced (sections 6.1 to 6.3). */
  readonly hashToScalar?: (message: Uint8Array, options: { DST: Uint8Array }) => bigint;
  /** H2's prefix where it is not the context string ‖ "chal". */
  readonly challengePrefix?: string;
}

const ascii = (text: string) => new TextEncoder().encode(text);

function hashesOf(
  name: Ciphersuite,
  Fn: ScalarField,
  { hash, hashToScalar, challengePrefix }: Hashes,
) {
  const reduce = (message: Uint8Array, { DST }: { DST: Uint8Array }) => {
    const digest = hash(concatBytes(DST, message));
    return Fn.create(Fn.isLE ? bytesToNumberLE(digest) : bytesToNumberBE(digest));
  };
  const toScalar = (prefix: string) => {
    const DST = ascii(prefix);
    return (message: Uint8Array) => (hashToScalar ?? reduce)(message, { DST });
  };
  const toBytes = (prefix: string) => {
    const DST = ascii(prefix);
    return (message: Uint8Array) => hash(concatBytes(DST, message));
  };
  const H2 = toScalar(challengePrefix ?? name + "chal");
  return {
    H1: toScalar(name + "rho"),
    H4: toBytes(name + "msg"),
    H5: toBytes(name + "com"),
    HDKG: toScalar(name + "dkg"),
    challenge: (groupCommitment: Uint8Array, groupPublicKey: Uint8Array, message: Uint8Array) =>
      H2(concatBytes(groupCommitment, groupPublicKey, message)),
  };
}

/** A suite whose group is a curve of noble's; its point type is known only in here. */
function defineSuite(
  name: Ciphersuite,
  frost: FROST,
  Point: CurvePointCons<Element>,
  hashes: Hashes,
  particulars: Partial<Suite> = {},
): Suite {
  const Fn = frost.utils.Fn;
  const elementBytes = Point.BASE.toBytes().length;
  return Object.freeze({
    name,
    frost,
    Point,
    Fn,
    cofactor: 1,
    elementBytes,
    scalarBytes: Fn.BYTES,
    signatureBytes: elementBytes + Fn.BYTES,
    messageBytes: ANY_MESSAGE,
    evenY: false,
    mulAdd: (a: bigint, point: Element, b: bigint) =>
      mulAddUnsafe(Point, [Point.BASE, point], [a, b]),
    ...hashesOf(name, Fn, hashes),
    ...particulars,
  });
}

/** Halves the doublings of a joint multiplication by secp256k1's endomorphism; noble offers it on its own points. */
function mulAddSecp256k1(a: bigint, point: Element, b: bigint): Element {
  if (!(point instanceof secp256k1.Point)) throw new TypeError("Expected a point of secp256k1");
  return secp256k1.Point.BASE.mulAddUnsafe(a, point, b);
}

const SUITES: Readonly<Record<Ciphersuite, Suite>> = {
  // Hashes as FROST(secp256k1, SHA-256), but for the challenge and the name in the prefixes.
  "FROST-secp256k1-SHA256-TR-v1": defineSuite(
    "FROST-secp256k1-SHA256-TR-v1",
    schnorr_FROST,
    secp256k1.Point,
    { hash: sha256, hashToScalar: secp256k1_hasher.hashToScalar },
    {
      evenY: true,
      // BIP-340 encodes R by its x coordinate alone, and Nostr and Taproot sign 32-byte hashes.
      signatureBytes: 64,
      messageBytes: { min: 32, max: 32 },
      challenge: (groupCommitment, groupPublicKey, message) =>
        secp256k1.Point.Fn.create(bytesToNumberBE(schnorr.utils.taggedHash(
          "BIP0340/challenge",
          groupCommitment.subarray(1),
          groupPublicKey.subarray(1),
          message,
        ))),
      mulAdd: mulAddSecp256k1,
    },
  ),
  "FROST-secp256k1-SHA256-v1": defineSuite(
    "FROST-secp256k1-SHA256-v1",
    secp256k1_FROST,
    secp256k1.Point,
    { hash: sha256, hashToScalar: secp256k1_hasher.hashToScalar },
    { mulAdd: mulAddSecp256k1 },
  ),
  // Section 6.1: H2 has no prefix, so that signatures are RFC 8032's.
  "FROST-ED25519-SHA512-v1": defineSuite(
    "FROST-ED25519-SHA512-v1",
    ed25519_FROST,
    ed25519.Point,
    { hash: sha512, challengePrefix: "" },
    { cofactor: 8 },
  ),
  "FROST-RISTRETTO255-SHA512-v1": defineSuite(
    "FROST-RISTRETTO255-SHA512-v1",
    ristretto255_FROST,
    ristretto255.Point,
    { hash: sha512 },
  ),
  "FROST-P256-SHA256-v1": defineSuite(
    "FROST-P256-SHA256-v1",
    p256_FROST,
    p256.Point,
    { hash: sha256, hashToScalar: p256_hasher.hashToScalar },
  ),
  // Section 6.3: H2's prefix is dom4 of RFC 8032 with no context.
  "FROST-ED448-SHAKE256-v1": defineSuite(
    "FROST-ED448-SHAKE256-v1",
    ed448_FROST,
    ed448.Point,
    { hash: (message) => shake256(message, { dkLen: 114 }), challengePrefix: "SigEd448\0\0" },
    { cofactor: 4 },
  ),
};

/** Whether a text is the name of a ciphersuite; exact, case included. */
export function isCiphersuite(name: string): name is Ciphersuite {
  return Object.hasOwn(SUITES, name);
}

/**
 * The suite of a name.
 *
 * @throws {FrostError} `invalid_input` for another name, as an app in JavaScript may give.
 */
export function suiteOf(ciphersuite: Ciphersuite): Suite {
  if (!isCiphersuite(ciphersuite)) {
    throw new FrostError(
      "invalid_input",
      `The ciphersuite must be one of ${CIPHERSUITES.join(", ")}`,
    );
  }
  return SUITES[ciphersuite];
}

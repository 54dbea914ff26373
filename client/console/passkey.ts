/**
 * A vault's main key under a passkey. The authenticator computes 32 bytes from a random input, for this credential, this
 * site and a verified person alone (WebAuthn's PRF extension); HKDF makes a key from them, and that encrypts the main
 * key. No server checks the signatures that come along: the bytes are what is wanted, and only the right ones decrypt.
 *
 * https://www.w3.org/TR/webauthn-3/#prf-extension
 *
 * @module
 */
import { bytesToHex, equalBytes, hexToBytes } from "@noble/curves/utils.js";
import { fieldOf } from "../shapes.ts";
import { decrypt, derive, encrypt } from "./encryption.ts";
import { VaultError } from "./vault_error.ts";

/** What is stored of a passkey. Nothing of it is secret. All as lower-case hex. */
export interface PasskeyLock {
  readonly credential_id: string;
  /** What the authenticator computes from: 32 bytes. */
  readonly prf_input: string;
  /** The main key, encrypted. */
  readonly wrapped_key: string;
}

/** ES256, EdDSA and RS256: what authenticators have. */
const ALGORITHMS = [-7, -8, -257];

/**
 * Makes a passkey for the main key of a vault. The person is asked three times: to make it, and twice for what it
 * computes, since many authenticators give that only to `get()`, and since nothing may be stored before a second answer
 * has decrypted what the first one encrypted.
 *
 * After a refusal the credential stays on the authenticator, and opens nothing: a page cannot remove it. The person
 * may, in the settings of the browser or of the authenticator.
 *
 * @param label - What the authenticator lists the passkey as.
 * @throws {VaultError} `no_prf`, `passkey_cancelled`; `damaged` if the two answers were not the same.
 */
export async function lockWithPasskey(
  label: string,
  vault: string,
  mainKey: Uint8Array,
): Promise<PasskeyLock> {
  const credentialId = await makeCredential(label);
  const lock = { credential_id: bytesToHex(credentialId), prf_input: bytesToHex(random(32)) };
  const wrappedKey = await withKeyOf(
    lock,
    (key) => encrypt(key, mainKey, contextOf(vault, lock)),
  );
  const made = { ...lock, wrapped_key: bytesToHex(wrappedKey) };
  const unlocked = await unlockWithPasskey(made, vault);
  const isSame = equalBytes(unlocked, mainKey);
  unlocked.fill(0);
  if (!isSame) throw new VaultError("damaged", "The passkey did not give the key back");
  return made;
}

/**
 * The main key.
 *
 * @throws {VaultError} `no_prf`, `passkey_cancelled`, `damaged`.
 */
export function unlockWithPasskey(lock: PasskeyLock, vault: string): Promise<Uint8Array> {
  return withKeyOf(lock, (key) => {
    return decrypt(key, hexToBytes(lock.wrapped_key), contextOf(vault, lock));
  });
}

/** A lock as it was stored; `undefined` for anything else. */
export function parsePasskeyLock(stored: unknown): PasskeyLock | undefined {
  const hex = (name: string) => {
    const value = fieldOf(stored, name);
    return typeof value === "string" && /^(?:[0-9a-f]{2})+$/.test(value) ? value : undefined;
  };
  const [credential_id, prf_input, wrapped_key] = [
    hex("credential_id"),
    hex("prf_input"),
    hex("wrapped_key"),
  ];
  if (credential_id === undefined || prf_input === undefined || wrapped_key === undefined) {
    return undefined;
  }
  return { credential_id, prf_input, wrapped_key };
}

async function makeCredential(label: string): Promise<Uint8Array> {
  const credential = await ask((credentials) =>
    credentials.create({
      publicKey: {
        challenge: random(32),
        rp: { name: "Permafrost" },
        // An id of its own: under one that it has, the authenticator would write over an older passkey.
        user: { id: random(16), name: label, displayName: label },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: {
          residentKey: "required",
          requireResidentKey: true,
          userVerification: "required",
        },
        extensions: { prf: {} },
      },
    })
  );
  // Some say nothing here, and compute all the same.
  if (credential.getClientExtensionResults().prf?.enabled === false) throw noPrf();
  return new Uint8Array(credential.rawId);
}

/** Asks the passkey for what it computes, and hands the key of that to `work`. */
async function withKeyOf<Answer>(
  { credential_id, prf_input }: Omit<PasskeyLock, "wrapped_key">,
  work: (key: Uint8Array) => Answer,
): Promise<Answer> {
  const input = new Uint8Array(hexToBytes(prf_input));
  const credential = await ask((credentials) =>
    credentials.get({
      publicKey: {
        challenge: random(32),
        allowCredentials: [{ type: "public-key", id: new Uint8Array(hexToBytes(credential_id)) }],
        userVerification: "required",
        extensions: { prf: { eval: { first: input } } },
      },
    })
  );
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) throw noPrf();
  const computed = ArrayBuffer.isView(first)
    ? new Uint8Array(first.buffer, first.byteOffset, first.byteLength)
    : new Uint8Array(first);
  if (computed.length !== 32) throw noPrf();
  const key = derive(computed, "permafrost/vault-passkey", 32, input);
  try {
    return work(key);
  } finally {
    computed.fill(0);
    key.fill(0);
  }
}

async function ask(
  prompt: (credentials: CredentialsContainer) => Promise<Credential | null>,
): Promise<PublicKeyCredential> {
  const credentials: CredentialsContainer | undefined = Reflect.get(navigator, "credentials");
  if (credentials === undefined) throw noPrf();
  try {
    const credential = await prompt(credentials);
    if (credential !== null) return credential as PublicKeyCredential; // no other kind was asked for
  } catch (error) {
    // A TypeError is this module's own mistake.
    if (!(error instanceof DOMException)) throw error;
    const { name } = error;
    if (["ConstraintError", "NotSupportedError", "SecurityError"].includes(name)) {
      throw noPrf(error);
    }
    throw new VaultError(
      "passkey_cancelled",
      "The passkey was not used: you cancelled, were not verified or took too long, or it was deleted",
      { cause: error },
    );
  }
  throw noPrf();
}

function noPrf(cause?: unknown): VaultError {
  return new VaultError(
    "no_prf",
    "This browser or this authenticator cannot open a vault with a passkey",
    cause === undefined ? {} : { cause },
  );
}

/** A lock of another vault, or of another passkey, is not this one. */
function contextOf(
  vault: string,
  { credential_id }: Pick<PasskeyLock, "credential_id">,
): string[] {
  return ["permafrost/vault-passkey", vault, credential_id];
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

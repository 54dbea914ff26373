/**
 * Verifying access tokens against the project's key set, with a sentence for each way a token can be wrong.
 *
 * @module
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  importJWK,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters,
} from "jose";
import type { Claims } from "./caller.ts";
import { Refusal } from "./errors.ts";

/** A key set itself, or where it is published; null where the platform names none. */
export type KeySource = JSONWebKeySet | URL | null;

/** Seconds that clocks may differ, as the data API has it. */
const CLOCK_TOLERANCE = 30;

/**
 * The claims of an access token: signed by a key of the project, and in its time.
 *
 * @throws {Refusal} `unauthorized`, with the reason.
 * @throws {Error} where the key set cannot be had.
 */
export async function verifyToken(token: string, keys: KeySource): Promise<Claims> {
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, await keyOf(token, keys)));
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
  if (payload.iat !== undefined && payload.iat > Date.now() / 1000 + CLOCK_TOLERANCE) {
    throw notYet("iat");
  }
  return payload;
}

async function keyOf(token: string, keys: KeySource): Promise<JWTVerifyGetKey> {
  const { alg, kid } = headerOf(token);
  if (alg === "HS256") return await sharedKeyOf(token, kid, keys);
  if (kid === undefined) {
    throw new Refusal("unauthorized", "The access token must name its signing key (kid)");
  }
  if (keys === null) throw new Error("The platform names no key set: SUPABASE_JWKS is malformed");
  return keys instanceof URL ? published(keys) : createLocalJWKSet(keys);
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw malformed();
  }
}

/** A shared secret is never published; a stack of one's own may have it in its key set. */
async function sharedKeyOf(
  token: string,
  kid: string | undefined,
  keys: KeySource,
): Promise<JWTVerifyGetKey> {
  const own = keys === null || keys instanceof URL ? [] : keys.keys;
  const jwk = own.find((key) => key.kty === "oct" && key.kid === kid);
  if (kid === undefined || jwk === undefined) throw legacy(token);
  const key = await importJWK(jwk, "HS256");
  return () => Promise.resolve(key);
}

let remote: { readonly url: string; readonly keys: JWTVerifyGetKey } | undefined;

/** One for all requests, because it keeps what it has fetched. */
function published(url: URL): JWTVerifyGetKey {
  if (remote?.url !== url.href) remote = { url: url.href, keys: createRemoteJWKSet(url) };
  return remote.keys;
}

function legacy(token: string): Refusal {
  const { role } = decodeJwt(token);
  return new Refusal(
    "unauthorized",
    role === "anon" || role === "service_role"
      ? "The access token is a legacy API key (anon or service_role) where the token of a signed-in user must be"
      : "The access token is signed with the project's legacy JWT secret (HS256): change the project to JWT signing keys, then sign in again",
  );
}

function notYet(claim: string): Refusal {
  return new Refusal(
    "unauthorized",
    `The access token is not valid yet: its ${claim} is in the future, so check the clocks`,
  );
}

/** What jose throws for a token that is wrong; nothing for what is not the token's fault. */
function refusalOf(error: unknown): Refusal | undefined {
  const because = (sentence: string) => new Refusal("unauthorized", sentence);
  if (error instanceof errors.JWTExpired) {
    return because("The access token has expired: refresh the session");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf" && error.reason === "check_failed") return notYet("nbf");
    return because(`The access token's claim ${error.claim} must be a number of seconds`);
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey
  ) return because("The access token is not signed with a key of this project");
  if (error instanceof errors.JOSENotSupported) {
    return because("The access token must be signed with ES256 or RS256");
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return malformed();
}

function malformed(): Refusal {
  return new Refusal(
    "unauthorized",
    "The access token must be a signed JSON Web Token: three parts with dots between",
  );
}

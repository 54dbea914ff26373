import { compactVerify, importJWK, type JWTPayload, SignJWT } from "jose";
import { JWKS, SIGNING_KEY } from "./keys.ts";

const { alg, kid } = SIGNING_KEY;
const privateKey = importJWK(SIGNING_KEY);
const publicKey = importJWK(JWKS.keys[0]);

/** Signs the claims of a user token, as Supabase Auth does with a project's signing key. */
export async function sign(claims: JWTPayload): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg, typ: "JWT", kid })
    .sign(await privateKey);
}

/**
 * The bytes of the claims, if the token is signed with the signing key; `undefined` for anything else. Looks at
 * the signature alone, and not at what the claims say.
 */
export async function signedClaims(token: string): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(token, await publicKey, { algorithms: [alg] })).payload;
  } catch {
    return undefined;
  }
}

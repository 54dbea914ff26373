import { CompactSign } from "jose";
import { signedClaims } from "../signing.ts";

/** What Lite signs and checks tokens with. It never leaves this process: to the world, ES256 counts. */
export const LITE_SECRET = crypto.randomUUID() + crypto.randomUUID();

const secret = new TextEncoder().encode(LITE_SECRET);

/**
 * The request with its user token as Lite can check it, which knows no keys but shared secrets. A token that
 * is not signed with the signing key stays as it is, and Lite refuses it.
 */
export async function forLite(request: Request): Promise<Request> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  const claims = token === undefined ? undefined : await signedClaims(token);
  if (claims === undefined) return request;
  const { url, method, body } = request;
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${await liteToken(claims)}`);
  return new Request(url, { method, headers, body });
}

/** A token that only Lite takes. */
export async function liteToken(claims: Uint8Array): Promise<string> {
  return await new CompactSign(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
}

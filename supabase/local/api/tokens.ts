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
  const known = token === undefined ? undefined : await translated(token);
  if (known === undefined) return request;
  const { url, method, body } = request;
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${known}`);
  return new Request(url, { method, headers, body });
}

/** Tokens that were checked, as PostgREST keeps some too. Whether one has expired Lite looks at each time. */
const checked = new Map<string, Promise<string | undefined>>();
const MOST_CHECKED = 1_000;

function translated(token: string): Promise<string | undefined> {
  let translation = checked.get(token);
  if (translation === undefined) {
    translation = signedClaims(token).then((claims) => claims && liteToken(claims));
    if (checked.size === MOST_CHECKED) checked.clear();
    checked.set(token, translation);
  }
  return translation;
}

/** A token that only Lite takes. */
export async function liteToken(claims: Uint8Array): Promise<string> {
  return await new CompactSign(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(
    secret,
  );
}

import { decodeJwt } from "jose";
import { sign } from "../signing.ts";

/** A session as Supabase Auth answers it: the tokens of a user, and the user. */
export interface Session {
  readonly access_token: string;
  readonly user: {
    readonly phone?: string;
    readonly app_metadata: Readonly<Record<string, unknown>>;
    readonly user_metadata: Readonly<Record<string, unknown>>;
  };
}

/** Whether an answer is a session. */
export function isSession(answer: unknown): answer is Session {
  return typeof answer === "object" && answer !== null && "access_token" in answer &&
    typeof answer.access_token === "string" && "user" in answer;
}

/**
 * The session with its access token signed with the signing key, and with the claims that Supabase Auth puts
 * there and Lite does not: among them the metadata, where a user's family is.
 */
export async function issue(session: Session, issuer: URL): Promise<Session> {
  const { phone = "", app_metadata, user_metadata } = session.user;
  const claims = {
    ...decodeJwt(session.access_token),
    iss: issuer.href,
    phone,
    app_metadata,
    user_metadata,
    aal: "aal1",
    is_anonymous: false,
  };
  return { ...session, access_token: await sign(claims) };
}

/** The same for an address that a link in an e-mail leads to: the session is in its fragment. */
export async function issueInFragment(
  address: string,
  issuer: URL,
  readUser: (accessToken: string) => Promise<Session["user"]>,
): Promise<string> {
  const url = new URL(address);
  const fragment = new URLSearchParams(url.hash.slice(1));
  const access_token = fragment.get("access_token");
  if (access_token === null) return address;
  const session = await issue({ access_token, user: await readUser(access_token) }, issuer);
  fragment.set("access_token", session.access_token);
  url.hash = fragment.toString();
  return url.href;
}

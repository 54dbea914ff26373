import { App } from "@supabase/lite";
import { JWKS, PUBLISHABLE_KEY } from "../keys.ts";
import { updateUser } from "./admin.ts";
import type { PlatformConnection } from "./connection.ts";
import { quietly } from "./quiet.ts";
import { isSession, issue, issueInFragment } from "./sessions.ts";
import { forLite } from "./tokens.ts";

/** Answers a request below `/auth/v1`. */
export type Auth = (request: Request) => Promise<Response>;

/**
 * Serves users and their sessions as GoTrue does, by Lite, but for three things: the tokens are signed with
 * the signing key, the key set is published, and an operator can change a user's metadata.
 */
export function serveAuth(
  connection: PlatformConnection,
  options: Omit<ConstructorParameters<typeof App>[0], "connection">,
): Auth {
  const app = new App({ ...options, connection });
  let ready: Promise<void> | undefined;
  const ask = async (request: Request) => await quietly(() => app.fetch(request));

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/auth/v1/.well-known/jwks.json") {
      return Response.json(JWKS, { headers: { "Access-Control-Allow-Origin": "*" } });
    }
    // Only few use the rest, and it creates some twenty tables.
    ready ??= connection.withoutLosses(() => app.ensureSystemSchema()).catch((error) => {
      ready = undefined;
      throw error;
    });
    await ready;
    const issuer = new URL("/auth/v1", request.url);
    const readUser = (token: string) =>
      ask(
        new Request(`${issuer}/user`, {
          headers: { apikey: PUBLISHABLE_KEY, Authorization: `Bearer ${token}` },
        }),
      );
    const user = /^\/auth\/v1\/admin\/users\/([^/]+)$/.exec(pathname)?.[1];
    if (user !== undefined && request.method === "PUT") {
      return await updateUser(connection, readUser, request, user);
    }
    const response = await ask(await forLite(request));
    const { status } = response;
    const headers = new Headers(response.headers);
    const location = headers.get("Location");
    if (location !== null) {
      const read = async (token: string) => await (await readUser(token)).json();
      headers.set("Location", await issueInFragment(location, issuer, read));
      return new Response(response.body, { status, headers });
    }
    if (!headers.get("Content-Type")?.includes("json")) return response;
    const body: unknown = await response.clone().json();
    if (!isSession(body)) return response;
    headers.delete("Content-Length");
    return Response.json(await issue(body, issuer), { status, headers });
  };
}

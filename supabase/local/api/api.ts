import { App } from "@supabase/lite";
import { PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";
import type { ClusterAddress } from "../postgres/address.ts";
import { serveAuth } from "./auth.ts";
import { PlatformConnection } from "./connection.ts";
import { answerUnreachable } from "./errors.ts";
import { quietly } from "./quiet.ts";
import { forLite, LITE_SECRET } from "./tokens.ts";

/** The data API and the auth API over one database. */
export interface Api {
  /** Answers a request below `/rest/v1` or `/auth/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

const KEYS = {
  jwt_secret: LITE_SECRET,
  publishable_key: PUBLISHABLE_KEY,
  secret_key: SECRET_KEY,
};

/** How many requests the data API works on at once; further ones wait. */
const POOL_SIZE = 32;

/**
 * Serves a database as PostgREST and GoTrue do, by `@supabase/lite`.
 *
 * As on a hosted project, the data API logs in as `authenticator`, which owns nothing and may grant
 * nothing, and the auth API as `supabase_auth_admin`. So the rights in the database stay those that
 * the migrations gave.
 */
export function serveApi(address: ClusterAddress, database: string): Api {
  const rest = new PlatformConnection(address, database, "authenticator", POOL_SIZE);
  const auth = new PlatformConnection(address, database, "supabase_auth_admin", 4);
  const app = new App({
    connection: rest,
    auth: { ...KEYS, enabled: false },
    db: WITHOUT_MIGRATIONS,
    options: { server: { ...ONLY_API, middlewares: [believeTokens] } },
  });
  const fetchAuth = serveAuth(auth, {
    auth: { ...KEYS, enabled: true },
    db: WITHOUT_MIGRATIONS,
    options: { server: ONLY_API },
  });

  return {
    async fetch(request) {
      if (new URL(request.url).pathname.startsWith("/auth/v1/")) {
        return await fetchAuth(request).catch(answerUnreachable);
      }
      try {
        // Lite would take a database that it cannot reach for one without tables, for ever.
        await quietly(() => rest.introspect());
      } catch (error) {
        return answerUnreachable(error);
      }
      const response = await quietly(async () => await app.fetch(await forLite(request)));
      // Lite finds no RPC of that method, and browsers take nothing but a success for a yes.
      return request.method === "OPTIONS"
        ? new Response(null, { status: 204, headers: response.headers })
        : response;
    },
    async close() {
      await Promise.all([rest.close(), auth.close()]);
    },
  };
}

const WITHOUT_MIGRATIONS = { migrations: { enabled: false } };
const ONLY_API = { disableStudio: true, disableFallback: true };

type ServerOptions = NonNullable<
  NonNullable<ConstructorParameters<typeof App>[0]["options"]>["server"]
>;

/** Lite looks each token's user up in `auth.users`. PostgREST believes a signed token, and so do we. */
const believeTokens: NonNullable<ServerOptions["middlewares"]>[number] = async (context, next) => {
  const known = () => Promise.resolve({});
  const users = { repo: { findUserById: known, findSessionById: known } };
  // Lite's types do not know a part of its own interface as enough.
  Reflect.apply(context.set, context, ["authService", users]);
  await next();
};

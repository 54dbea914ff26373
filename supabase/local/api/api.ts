import { App } from "@supabase/lite";
import { PostgresConnection } from "@supabase/lite/postgres";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";
import { type ClusterAddress, databaseUrl, type DatabaseUser } from "../postgres/address.ts";
import { asPostgrestWould } from "./errors.ts";
import { quietly } from "./quiet.ts";
import { requestSettings } from "./request_settings.ts";

/** The data API and the auth API over one database. */
export interface Api {
  /** Answers a request below `/rest/v1` or `/auth/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

const KEYS = {
  jwt_secret: JWT_SECRET,
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
  const restApp = new App({
    connection: rest,
    auth: { ...KEYS, enabled: false },
    db: WITHOUT_MIGRATIONS,
    options: { server: { ...ONLY_API, middlewares: [believeTokens] } },
  });
  const authApp = new App({
    connection: auth,
    auth: { ...KEYS, enabled: true },
    db: WITHOUT_MIGRATIONS,
    options: { server: ONLY_API },
  });
  let authReady: Promise<void> | undefined;

  return {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/auth/v1/.well-known/jwks.json") {
        // A shared secret is never published: like a hosted project with one, this shows no key.
        return Response.json({ keys: [] });
      }
      if (!pathname.startsWith("/auth/v1/")) {
        const response = await quietly(() => restApp.fetch(request));
        // Lite finds no RPC of that method, and browsers take nothing but a success for a yes.
        return request.method === "OPTIONS"
          ? new Response(null, { status: 204, headers: response.headers })
          : response;
      }
      // Only few use it, and it creates some twenty tables.
      authReady ??= authApp.ensureSystemSchema();
      await authReady;
      return await quietly(() => authApp.fetch(request));
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

/** Lite writes the JSON of an argument itself; its driver would make a JSON string of that. */
const JSONB = {
  to: 3802,
  from: [3802],
  serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
  parse: (text: string) => JSON.parse(text),
};

type WithContext<T> = Parameters<typeof PostgresConnection.prototype.withContext<T>>;

/** Lite's connection, without the liberties it takes with a database that is not its own. */
class PlatformConnection extends PostgresConnection {
  readonly #catalogUrl: string;
  #catalog?: ReturnType<PostgresConnection["introspect"]>;

  constructor(address: ClusterAddress, database: string, user: DatabaseUser, max: number) {
    super({
      url: databaseUrl(address, database, user),
      postgresOptions: {
        max,
        onnotice: () => {},
        connection: { search_path: "public, extensions", application_name: `api (${user})` },
        types: { jsonb: JSONB },
      },
    });
    this.#catalogUrl = databaseUrl(address, database);
    // "active" means: set role and claims in each request. Left alone, Lite first looks for a table
    // with RLS and, where there is one, grants ALL on every table of its schema to all three roles.
    Object.assign(this, { rlsState: "active" });
    this.#prepareStatements();
  }

  /** Lite has each statement parsed and described anew: a round trip more than one that is prepared. */
  #prepareStatements(): void {
    const reserve = this.driver.reserve.bind(this.driver);
    this.driver.reserve = async () => {
      const reserved = await reserve();
      const { unsafe } = reserved;
      const prepared: typeof unsafe = (text, values, options) =>
        unsafe(text, values, { prepare: values !== undefined && values.length > 0, ...options });
      return Object.assign(reserved, { unsafe: prepared });
    };
  }

  /** Reads the catalog as `postgres`: `information_schema` shows the authenticator nothing. */
  override introspect(): ReturnType<PostgresConnection["introspect"]> {
    this.#catalog ??= (async () => {
      const catalog = new PostgresConnection({
        url: this.#catalogUrl,
        postgresOptions: { max: 1, onnotice: () => {} },
      });
      try {
        return await catalog.introspect();
      } finally {
        await catalog.close();
      }
    })();
    return this.#catalog;
  }

  /**
   * Sets role, claims and the rest in one statement, as PostgREST does. Lite takes up to eleven, each a
   * round trip: most of the time of a call.
   */
  override withContext<T>(...[vars, work, options]: WithContext<T>): Promise<T> {
    if (vars === undefined || options?.transaction || options?.forceRollback) {
      return super.withContext(vars, work, options);
    }
    const settings = requestSettings({ vars, rpc: options?.rpc });
    return this.kysely.transaction().execute(async (transaction) => {
      await transaction.selectNoFrom(({ fn, val }) =>
        settings.map(([name, value], i) =>
          fn("set_config", [val(name), val(value), val(true)]).as(`set_${i}`)
        )
      ).execute();
      return await work(transaction);
    });
  }

  override normalizeDbError(error: unknown): unknown {
    return asPostgrestWould(error);
  }
}

import { PostgresConnection } from "@supabase/lite/postgres";
import { Kysely, PostgresDialect } from "kysely";
import { type ClusterAddress, databaseUrl, type DatabaseUser } from "../postgres/address.ts";
import { asPostgrestWould } from "./errors.ts";
import { connectPool, DatabaseUnreachable, type Pool, type PoolOptions } from "./pool.ts";
import { requestSettings } from "./request_settings.ts";

/**
 * Lite's connection on a driver that survives the loss of one: Lite's own driver ends the process. That one is
 * there too, but connects only when it is asked, which nobody does.
 */
class SteadyConnection extends PostgresConnection {
  readonly #pool: Pool;

  constructor(options: PoolOptions) {
    super({ url: options.url });
    this.#pool = connectPool(options);
    this.kysely = new Kysely({ dialect: new PostgresDialect({ pool: this.#pool }) });
  }

  /**
   * Does work of Lite's that hides its errors, and would go on without the database.
   *
   * @throws {DatabaseUnreachable} if the database could not be reached meanwhile.
   */
  async withoutLosses<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#pool.losses;
    const result = await work();
    if (this.#pool.losses > before) throw new DatabaseUnreachable("The connection was lost");
    return result;
  }

  override async close(): Promise<void> {
    await this.#pool.end();
  }
}

type Catalog = ReturnType<PostgresConnection["introspect"]>;
type WithContext<T> = Parameters<typeof PostgresConnection.prototype.withContext<T>>;

/** Lite's connection, without the liberties it takes with a database that is not its own. */
export class PlatformConnection extends SteadyConnection {
  readonly #catalogUrl: string;
  #catalog?: Catalog;

  constructor(address: ClusterAddress, database: string, user: DatabaseUser, max: number) {
    super({ url: databaseUrl(address, database, user), max, name: `api (${user})` });
    this.#catalogUrl = databaseUrl(address, database);
    // "active" means: set role and claims in each request. Left alone, Lite first looks for a table
    // with RLS and, where there is one, grants ALL on every table of its schema to all three roles.
    Object.assign(this, { rlsState: "active" });
  }

  /** Reads the catalog as `postgres`: `information_schema` shows the authenticator nothing. */
  override introspect(): Catalog {
    this.#catalog ??= this.#readCatalog().catch((error) => {
      // Not kept: the database may be there again at the next request.
      this.#catalog = undefined;
      throw error;
    });
    return this.#catalog;
  }

  async #readCatalog(): Catalog {
    const catalog = new SteadyConnection({ url: this.#catalogUrl, max: 1, name: "api (catalog)" });
    try {
      return await catalog.withoutLosses(() => catalog.introspect());
    } finally {
      await catalog.close();
    }
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

// @ts-types="./pg.d.ts"
import pg, { type PoolClient } from "pg";
import type { PostgresPool } from "kysely";
import { parserOf } from "./column_types.ts";

/** How to connect. */
export interface PoolOptions {
  readonly url: string;
  /** How many connections there are at most; who needs a further one waits. */
  readonly max: number;
  readonly name: string;
}

/** The database could not be reached, or the connection was lost before it had answered. */
export class DatabaseUnreachable extends Error {
  override readonly name = "DatabaseUnreachable";
}

/** As long as PostgREST waits for a connection when all of them are busy. */
const ACQUISITION_MS = 10_000;

/** "cached plan must not change result type": a statement was planned for columns that are others now. */
const STALE_PLAN = "0A000";

/** The connections to a database. */
export interface Pool extends PostgresPool {
  /** How often the database could not be reached, or a connection was lost. Lite hides some of it. */
  readonly losses: number;
  /** Cuts the connections; what still runs on them fails. */
  end(): Promise<void>;
}

/**
 * Connects by the driver `pg`. A connection that is lost costs the requests that use it and no other: they
 * fail at once with {@link DatabaseUnreachable}, and the next request connects anew.
 */
export function connectPool({ url, max, name }: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: name,
    connectionTimeoutMillis: ACQUISITION_MS,
    options: "-c TimeZone=UTC -c search_path=public,extensions",
    types: { getTypeParser: parserOf },
  });
  const clients = new Set<PoolClient>();
  const statements = new StatementNames();
  let losses = 0;
  /** Tells what PostgreSQL answered from what happened on the way to it. */
  const reached: Reached = async (work) => {
    try {
      return await work;
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code ?? "" : undefined;
      if (code === undefined || ENDING.test(code)) losses++;
      if (code !== undefined && !NOT_CONNECTED.test(code)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new DatabaseUnreachable(message, { cause: error });
    }
  };
  pool.on("connect", (client) => {
    clients.add(client);
    // While a request uses a connection nobody else listens, and an error that nobody hears ends the process.
    client.on("error", () => {});
    prepareStatements(client, statements, reached);
  });
  pool.on("error", () => {});
  pool.on("remove", (client) => clients.delete(client));
  return {
    get losses() {
      return losses;
    },
    connect: () => reached(pool.connect()),
    async end() {
      const ended = pool.end();
      for (const client of clients) client.end().catch(() => {});
      await ended;
    },
  };
}

type Reached = <T>(work: Promise<T>) => Promise<T>;

/** With these PostgreSQL refuses a connection: it starts or recovers, or has too many. */
const NOT_CONNECTED = /^(57P03|53300)$/;

/** With these, and when it stops, it ends a connection. */
const ENDING = /^(57P|53300)/;

/** A name for every statement, so that PostgreSQL parses and plans it once for each connection. */
class StatementNames {
  #generation = 0;
  readonly #names = new Map<string, string>();

  of(text: string): string {
    const name = this.#names.get(text) ?? `statement_${this.#generation}_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** Has every statement parsed and planned anew. */
  forget(): void {
    this.#generation++;
    this.#names.clear();
  }
}

function prepareStatements(
  client: PoolClient,
  statements: StatementNames,
  reached: Reached,
): void {
  const query = client.query.bind(client);
  Object.assign(client, {
    async query(text: string, values: readonly unknown[] = []) {
      // PostgreSQL takes several statements at once only where there is neither name nor value.
      if (values.length === 0) return await reached(query(text));
      try {
        return await reached(query({ name: statements.of(text), text, values: [...values] }));
      } catch (error) {
        if (error instanceof pg.DatabaseError && error.code === STALE_PLAN) statements.forget();
        throw error;
      }
    },
  });
}

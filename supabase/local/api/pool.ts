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

/**
 * Connects by the driver `pg`. A connection that is lost costs the requests that use it and no other: they
 * fail at once with {@link DatabaseUnreachable}, and the next request connects anew.
 *
 * `end()` cuts the connections; what still runs on them fails.
 */
export function connectPool({ url, max, name }: PoolOptions): PostgresPool {
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
  pool.on("connect", (client) => {
    clients.add(client);
    // While a request uses a connection nobody else listens, and an error that nobody hears ends the process.
    client.on("error", () => {});
    prepareStatements(client, statements);
  });
  pool.on("error", () => {});
  pool.on("remove", (client) => clients.delete(client));
  return {
    connect: () => reached(pool.connect()),
    async end() {
      const ended = pool.end();
      for (const client of clients) client.end().catch(() => {});
      await ended;
    },
  };
}

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

function prepareStatements(client: PoolClient, statements: StatementNames): void {
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

/** Tells what PostgreSQL answered from what happened on the way to it. */
async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof pg.DatabaseError && !STARTING_OR_FULL.test(error.code ?? "")) throw error;
    throw new DatabaseUnreachable(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** With these PostgreSQL refuses a connection: it starts or recovers, or has too many. */
const STARTING_OR_FULL = /^(57P03|53300)$/;

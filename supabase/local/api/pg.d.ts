// What is used of the driver `pg`, which brings no types. Those of DefinitelyTyped bring types of Node along, which
// are others than Deno's.

import type { PostgresPoolClient, PostgresQueryResult } from "kysely";

interface Statement {
  text: string;
  name?: string;
  values?: unknown[];
}

interface ClientOptions {
  connectionString?: string;
  application_name?: string;
  options?: string;
  types?: { getTypeParser(type: number, format?: string): (text: string) => unknown };
}

interface PoolOptions extends ClientOptions {
  max?: number;
  connectionTimeoutMillis?: number;
}

declare class Client {
  constructor(options: string | ClientOptions);
  connect(): Promise<void>;
  query:
    & PostgresPoolClient["query"]
    & (<Row>(
      statement: string | Statement,
    ) => Promise<PostgresQueryResult<Row>>);
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): this;
}

declare class PoolClient extends Client {
  release(): void;
}

declare class Pool {
  constructor(options: PoolOptions);
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "connect" | "remove", listener: (client: PoolClient) => void): this;
}

declare class DatabaseError extends Error {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

declare const pg: {
  Client: typeof Client;
  Pool: typeof Pool;
  DatabaseError: typeof DatabaseError;
  types: { getTypeParser(type: number, format: "text"): (text: string) => unknown };
};

export type { PoolClient };
export default pg;

/**
 * The part of a supabase-js client that this library uses, by its shape. Asking for the class itself would
 * refuse the client of an app with another version of supabase-js: classes with private members of two
 * versions are two types.
 *
 * @module
 */

/**
 * What this library calls on a supabase-js client of any version. An app may have typed its client by a
 * database of its own, so `rpc` and `from` have no types here.
 */
export interface Supabase {
  readonly functions: {
    invoke(
      name: string,
      options: { body: Record<string, unknown>; signal: AbortSignal },
    ): PromiseLike<FunctionAnswer>;
  };
  rpc(name: never, args: never): object;
  from(table: never): object;
}

/** An answer of an edge function as functions-js hands it over. */
export interface FunctionAnswer {
  readonly data: unknown;
  readonly error: unknown;
}

/** An answer of PostgREST as postgrest-js hands it over. */
export interface PostgrestAnswer {
  readonly data: unknown;
  readonly error: unknown;
  readonly status: number;
}

/** The same client without the types of a database. */
interface UntypedSupabase {
  rpc(name: string, args: Readonly<Record<string, unknown>>): {
    abortSignal(signal: AbortSignal): PromiseLike<PostgrestAnswer>;
  };
  from(table: string): {
    select(columns: string): {
      match(values: Readonly<Record<string, string>>): Rows;
    };
  };
}

/** Rows that a select is to answer. */
interface Rows {
  is(column: string, value: null): Rows;
  abortSignal(signal: AbortSignal): PromiseLike<PostgrestAnswer> & {
    maybeSingle(): PromiseLike<PostgrestAnswer>;
  };
}

function isUntyped(supabase: object): supabase is UntypedSupabase {
  return "rpc" in supabase && "from" in supabase;
}

function untyped(supabase: Supabase): UntypedSupabase {
  const client: object = supabase;
  if (!isUntyped(client)) throw new TypeError("Expected a supabase-js client");
  return client;
}

/** Calls an RPC, once. */
export async function callRpc(
  supabase: Supabase,
  name: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<PostgrestAnswer> {
  return await untyped(supabase).rpc(name, args).abortSignal(signal);
}

/** Reads the one row of a table with these values; null where there is none. */
export async function selectOne(
  supabase: Supabase,
  table: string,
  columns: readonly string[],
  where: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<PostgrestAnswer> {
  return await matching(supabase, table, columns, where).abortSignal(signal).maybeSingle();
}

/** Reads the rows of a table with these values. */
export async function selectAll(
  supabase: Supabase,
  table: string,
  columns: readonly string[],
  where: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<PostgrestAnswer> {
  return await matching(supabase, table, columns, where).abortSignal(signal);
}

function matching(
  supabase: Supabase,
  table: string,
  columns: readonly string[],
  where: Readonly<Record<string, string | null>>,
) {
  const values: Record<string, string> = {};
  for (const [column, value] of Object.entries(where)) if (value !== null) values[column] = value;
  let rows = untyped(supabase).from(table).select(columns.join()).match(values);
  for (const [column, value] of Object.entries(where)) {
    if (value === null) rows = rows.is(column, value);
  }
  return rows;
}

/** What else a client has where it has Realtime. */
export interface RealtimeSupabase {
  channel(topic: string, options: { config: { private: boolean } }): Channel;
  removeChannel(channel: Channel): Promise<unknown>;
  readonly realtime: {
    getChannels(): Channel[];
    setAuth(): Promise<void>;
    isConnected(): boolean;
    disconnect(): unknown;
  };
}

/** A channel of Realtime. */
export interface Channel {
  readonly topic: string;
  on(
    type: "broadcast",
    filter: { event: string },
    listener: (message: { payload?: unknown }) => void,
  ): unknown;
  subscribe(changed: (status: string) => void): unknown;
}

/** Whether a client has Realtime. */
export function hasRealtime(supabase: object): supabase is RealtimeSupabase {
  return "channel" in supabase && "removeChannel" in supabase && "realtime" in supabase;
}

/**
 * The part of a supabase-js client that this library uses, by its shape. Asking for the class itself would
 * refuse the client of an app with another version of supabase-js: classes with private members of two
 * versions are two types.
 *
 * @module
 */

/** What this library calls on a supabase-js client, whatever its version and its database's types. */
export interface Supabase {
  readonly functions: {
    invoke(
      name: string,
      options: { body: Record<string, unknown>; signal: AbortSignal },
    ): PromiseLike<FunctionAnswer>;
  };
  rpc(name: string, args: Record<string, unknown>): {
    abortSignal(signal: AbortSignal): PromiseLike<PostgrestAnswer>;
  };
  /** Has `select`. Its type is worked out from the columns, which overtaxes the compiler here. */
  from(table: string): object;
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

/** What `from` answers. */
interface Table {
  select(columns: string): {
    eq(column: string, value: string): {
      abortSignal(signal: AbortSignal): { maybeSingle(): PromiseLike<PostgrestAnswer> };
    };
  };
}

/** Reads the row of a table with this value in this column. */
export async function selectOne(
  supabase: Supabase,
  table: string,
  columns: readonly string[],
  [column, value]: readonly [column: string, value: string],
  signal: AbortSignal,
): Promise<PostgrestAnswer> {
  const rows = supabase.from(table);
  if (!isTable(rows)) throw new TypeError("Expected a supabase-js client");
  return await rows.select(columns.join()).eq(column, value).abortSignal(signal).maybeSingle();
}

function isTable(value: object): value is Table {
  return "select" in value;
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

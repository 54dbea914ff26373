/** What a request of the data API runs with. */
export interface RequestContext {
  /** Who asks: the database role, and the claims of the token. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** Of a function call. */
  readonly rpc?: {
    readonly method: string;
    readonly path: string;
    readonly readOnly: boolean;
    readonly requestHeaders?: Readonly<Record<string, string>>;
  };
}

/**
 * The settings that PostgREST makes for a request's transaction, in their order
 * (PostgREST's documentation, "Transactions"). What a function may answer with starts empty.
 */
export function requestSettings({ vars, rpc }: RequestContext): [name: string, value: string][] {
  const { role, uid, jwt } = identityOf(vars);
  const settings: [string, string][] = [
    ["role", role],
    ["request.jwt.claim.role", role],
    ["request.jwt.claim.sub", uid],
  ];
  if (jwt !== undefined) settings.push(["request.jwt.claims", JSON.stringify(jwt)]);
  if (rpc === undefined) return settings;
  settings.push(
    ["request.method", rpc.method],
    ["request.path", rpc.path],
    ["request.headers", JSON.stringify(rpc.requestHeaders ?? {})],
    ["response.status", ""],
    ["response.headers", ""],
  );
  if (rpc.readOnly) settings.push(["transaction_read_only", "on"]);
  return settings;
}

function identityOf({ auth }: Readonly<Record<string, unknown>>) {
  const { role, uid, jwt }: { role?: unknown; uid?: unknown; jwt?: unknown } = isObject(auth)
    ? auth
    : {};
  return {
    role: typeof role === "string" && role !== "" ? role : "anon",
    uid: typeof uid === "string" ? uid : "",
    jwt: isObject(jwt) ? jwt : undefined,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

import { JWKS, PUBLISHABLE_KEY, SECRET_KEY } from "./keys.ts";

/** The edge functions, as the platform serves them. */
export interface Functions {
  /** Answers a request below `/functions/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): void;
}

/** What the functions are told about their surroundings. */
export interface FunctionsOptions {
  readonly apiUrl: string;
  readonly dbUrl: string;
  /** The folder with a folder for each function. */
  readonly folder?: URL;
}

interface EdgeFunction {
  fetch(request: Request): Response | Promise<Response>;
}

const FOLDER = new URL("../functions/", import.meta.url);
const PREFIX = "/functions/v1/";

let serving = false;

/**
 * Serves the functions inside this process. They read their settings from its environment, so a
 * process can serve those of one stack at a time. Code is loaded at a function's first request.
 */
export async function serveFunctions(options: FunctionsOptions): Promise<Functions> {
  if (serving) {
    throw new Error("This process already serves the functions of another stack; stop that first.");
  }
  const { apiUrl, dbUrl, folder = FOLDER } = options;
  const names = new Set(await listFunctions(folder));
  const restore = setEnvironment({
    SUPABASE_URL: apiUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET_KEY }),
    SUPABASE_JWKS: JSON.stringify(JWKS),
    SUPABASE_DB_URL: dbUrl,
  });
  serving = true;
  return {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const name = pathname.slice(PREFIX.length).split("/")[0];
      if (!names.has(name)) {
        return answer(404, "NOT_FOUND", "Requested function was not found");
      }
      try {
        const { fetch } = await load(new URL(`${name}/index.ts`, folder));
        return await fetch(request);
      } catch (error) {
        console.error(`The function ${name} threw:`, error);
        return answer(500, "WORKER_ERROR", "Function exited due to an error");
      }
    },
    close() {
      restore();
      serving = false;
    },
  };
}

/** The names of the functions: of the folders that do not start with an underscore. */
export async function listFunctions(folder: URL = FOLDER): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && /^[a-z0-9][a-z0-9_-]*$/i.test(name)) names.push(name);
  }
  return names.sort();
}

async function load(url: URL): Promise<EdgeFunction> {
  const module: { default?: unknown } = await import(url.href);
  if (!isEdgeFunction(module.default)) {
    throw new Error(`${url.pathname} has no default export with a fetch method.`);
  }
  return module.default;
}

function isEdgeFunction(value: unknown): value is EdgeFunction {
  return typeof value === "object" && value !== null && "fetch" in value &&
    typeof value.fetch === "function";
}

function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
}

function answer(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, {
    status,
    headers: { "Access-Control-Allow-Origin": "*" },
  });
}

/** The console beside the local APIs, at `/console/`: built at the first request, for this stack's own origin. */
import { buildConsole, type Files } from "../../client/console/build.ts";
import { PUBLISHABLE_KEY } from "./keys.ts";

/** Below which path it is. */
export const CONSOLE_PATH = "/console/";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
};

let built: Promise<Files> | undefined;

/** Answers a request below `/console`. */
export async function serveConsole(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith(CONSOLE_PATH)) {
    return new Response(null, { status: 308, headers: { location: CONSOLE_PATH } });
  }
  built ??= buildConsole({ url: "", publishableKey: PUBLISHABLE_KEY });
  return fileResponse(await built, pathname.slice(CONSOLE_PATH.length));
}

/** Answers with a file of the console; with its page for an empty path. */
export function fileResponse(files: Files, path: string): Response {
  const name = path === "" ? "index.html" : path;
  const content = files.get(name);
  if (content === undefined) return new Response("There is no such file", { status: 404 });
  return new Response(new Uint8Array(content), {
    headers: {
      "content-type": TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    },
  });
}

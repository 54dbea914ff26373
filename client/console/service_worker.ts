/**
 * Keeps the page's own files, so that it opens without a network. It answers with what it has kept, whole and of one
 * build, by their hashes; another build waits until its person takes it, and files that are of no build are not kept.
 *
 * @module
 */

/** Of a service worker's global scope, what is used here. */
interface Scope {
  readonly clients: {
    claim(): Promise<void>;
    matchAll(
      options: { includeUncontrolled: boolean },
    ): Promise<readonly { postMessage(message: string): void }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate",
    listener: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(
    type: "fetch",
    listener: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
}

/** Put in by the build: the files, other than this one, by their SHA-256. */
declare const BUILD: { readonly name: string; readonly files: Readonly<Record<string, string>> };

const SELF = "service_worker.js";

const scope = globalThis as unknown as Scope;

scope.addEventListener("install", (event) =>
  event.waitUntil((async () => {
    const kept = new Map<string, Response>();
    // The manifest, whose hash people compare, must be of what is kept with it.
    const manifest = await fresh("manifest.json");
    kept.set("manifest.json", manifest.clone());
    const { [SELF]: own, ...listed } = await hashesIn(manifest);
    if (JSON.stringify(listed) !== JSON.stringify(BUILD.files)) {
      return await refuse("manifest.json");
    }
    for (const [path, hash] of Object.entries({ ...listed, [SELF]: own })) {
      const answer = await fresh(path);
      if (await hashOf(answer.clone()) !== hash) return await refuse(path);
      if (path !== SELF) kept.set(path, answer);
    }
    const cache = await caches.open(BUILD.name);
    for (const [path, answer] of kept) await cache.put(`./${path}`, answer);
  })()));

async function hashesIn(manifest: Response): Promise<Record<string, string>> {
  try {
    return await manifest.json();
  } catch {
    return await refuse("manifest.json");
  }
}

/** A file as the host has it now, as an answer that does not depend on how it was asked for. */
async function fresh(path: string): Promise<Response> {
  const answer = await fetch(`./${path}`, { cache: "reload" });
  if (answer.status >= 500) throw new Error(`${path}: ${answer.status}`);
  if (!answer.ok) return await refuse(path);
  const headers = new Headers(answer.headers);
  for (const name of ["vary", "content-encoding", "content-length"]) headers.delete(name);
  return new Response(await answer.arrayBuffer(), { headers });
}

async function hashOf(answer: Response): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keeps nothing, and tells the open pages. */
async function refuse(path: string): Promise<never> {
  const pages = await scope.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage("files differ");
  throw new Error(`${path} is not that of this build`);
}

scope.addEventListener("activate", (event) =>
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== BUILD.name) await caches.delete(name);
    await scope.clients.claim();
  })()));

scope.addEventListener("message", ({ data }) => {
  if (data === "update") void scope.skipWaiting();
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  const path = request.mode === "navigate" ? "index.html" : pathname.split("/").at(-1) ?? "";
  event.respondWith((async () => {
    const cache = await caches.open(BUILD.name);
    const kept = await cache.match(`./${path}`);
    if (kept !== undefined) return kept;
    const hash = BUILD.files[path];
    if (hash === undefined) return await fetch(request);
    // The browser has dropped it: the host's is taken if it is the same.
    const answer = await fresh(path);
    return await hashOf(answer.clone()) === hash ? answer : Response.error();
  })());
});

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
    const { [SELF]: own, ...listed }: Record<string, string> = await manifest.json();
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

async function fresh(path: string): Promise<Response> {
  const answer = await fetch(`./${path}`, { cache: "reload" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
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
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(BUILD.name);
    const kept = await cache.match(request.mode === "navigate" ? "./index.html" : request);
    return kept ?? await fetch(request);
  })());
});

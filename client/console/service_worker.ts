/**
 * Keeps the page's own files, so that it opens without a network. It answers with what it has kept, whole and of one
 * build; another build waits until its person takes it.
 *
 * @module
 */

/** Of a service worker's global scope, what is used here. */
interface Scope {
  readonly clients: { claim(): Promise<void> };
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

/** Put in by the build. */
declare const BUILD: { readonly name: string; readonly files: readonly string[] };

const scope = globalThis as unknown as Scope;

scope.addEventListener("install", (event) =>
  event.waitUntil((async () => {
    const cache = await caches.open(BUILD.name);
    await cache.addAll(BUILD.files.map((file) => new Request(`./${file}`, { cache: "reload" })));
  })()));

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

/**
 * A headless Chromium, driven by its DevTools protocol.
 *
 * https://chromedevtools.github.io/devtools-protocol/
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is: `CHROMIUM`, or where distributions put it. */
export function findChromium(): string | undefined {
  return [Deno.env.get("CHROMIUM"), ...PATHS].find((path) => path && existsSync(path));
}

export interface Page {
  /** Runs JavaScript in the page and answers its value, that of a promise once it is there. */
  evaluate(expression: string): Promise<unknown>;
  reload(): Promise<void>;
  /** Kills the browser, as a crash would, and opens the page again in a new one with the same profile. */
  crash(): Promise<void>;
}

/** Runs `work` with a page. */
export async function withPage(
  chromium: string,
  url: string,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "permafrost-chromium-"));
  let browser = await launch(chromium, profile, url);
  try {
    await work({
      evaluate: (expression) => browser.evaluate(expression),
      reload: () => browser.reload(),
      async crash() {
        await browser.kill();
        browser = await launch(chromium, profile, url);
      },
    });
  } finally {
    await browser.kill();
    await removeProfile(profile);
  }
}

/** Children of a killed browser take a moment to end, and until then may write once more. */
async function removeProfile(profile: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await rm(profile, { recursive: true, force: true });
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

interface Browser extends Pick<Page, "evaluate" | "reload"> {
  kill(): Promise<void>;
}

async function launch(chromium: string, profile: string, url: string): Promise<Browser> {
  const process = new Deno.Command(chromium, {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const address = await debuggingAddress(process.stderr);
  const port = new URL(address).port;
  const created = await fetch(`http://127.0.0.1:${port}/json/new?${url}`, { method: "PUT" });
  const { webSocketDebuggerUrl } = await created.json();
  const session = await connect(webSocketDebuggerUrl);
  await session.call("Page.enable");
  await session.call("Runtime.enable");
  await loaded(session);
  return {
    async evaluate(expression) {
      const { result, exceptionDetails } = await session.call("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails === undefined) return result?.value;
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    },
    async reload() {
      await session.call("Page.reload");
      await loaded(session);
    },
    async kill() {
      session.close();
      // Its children end with it.
      process.kill("SIGKILL");
      await process.status;
    },
  };
}

async function debuggingAddress(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium did not start: ${said}`);
    said += value;
    const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
    if (address === undefined) continue;
    // What else it says must be read, or it would wait for that.
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return address;
  }
}

interface Answer {
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

interface Session {
  call(method: string, params?: Record<string, unknown>): Promise<Answer>;
  close(): void;
}

async function connect(address: string): Promise<Session> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  };
  socket.onclose = () => {
    for (const call of waiting.values()) call.reject(new Error("Chromium has gone"));
  };
  let last = 0;
  return {
    call(method, params = {}) {
      const call = Promise.withResolvers<Answer>();
      waiting.set(++last, call);
      socket.send(JSON.stringify({ id: last, method, params }));
      return call.promise;
    },
    close: () => socket.close(),
  };
}

/** Pages say so themselves, since a load event may have been before anybody listened. */
async function loaded(session: Session): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const expression = "globalThis.pageReady === true";
    const { result } = await session.call("Runtime.evaluate", { expression })
      .catch((): Answer => ({}));
    if (result?.value === true) return;
    if (performance.now() > deadline) throw new Error("The page did not load");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

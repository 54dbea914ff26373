/** A headless Chromium with a profile of its own, that tests can crash. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page as BrowserPage } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is: `CHROMIUM`, or where distributions put it. */
export function findChromium(): string | undefined {
  return [Deno.env.get("CHROMIUM"), ...PATHS].find((path) => path && existsSync(path));
}

export interface Page {
  /** Runs JavaScript in the page and answers its value, that of a promise once it is there. */
  evaluate(expression: string): Promise<unknown>;
  reload(): Promise<void>;
  /** Crashes the browser, and opens the page again in a new one with the same profile. */
  crash(): Promise<void>;
  /** Gives the page an authenticator without a person: who touches it and is verified is for the test to say. */
  addAuthenticator(options: { hasPrf: boolean }): Promise<Authenticator>;
  /** Deletes what the page's origin has kept, as a user or the browser itself does. */
  clearData(): Promise<void>;
}

/** An authenticator of a page. It outlives reloads, not a crash. */
export interface Authenticator {
  /** How many passkeys it has. */
  count(): Promise<number>;
  /** Whether the person will be verified from now on. */
  verify(verified: boolean): Promise<void>;
  /** Deletes its passkeys, as a person does in the browser's settings. */
  clear(): Promise<void>;
  /** Takes it away. One that has not verified somebody refuses everybody from then on: add another. */
  remove(): Promise<void>;
}

/** Runs `work` with a page. */
export async function withPage(
  executablePath: string,
  url: string,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "permafrost-chromium-"));
  let browser = await launch(executablePath, profile, url);
  try {
    await work({
      evaluate: (expression) => browser.page.evaluate(expression),
      async reload() {
        await browser.page.reload();
        await browser.page.waitForFunction("globalThis.pageReady === true");
      },
      async crash() {
        await crash(browser.context);
        browser = await launch(executablePath, profile, url);
      },
      addAuthenticator: (options) => addAuthenticator(browser.context, browser.page, options),
      async clearData() {
        const session = await browser.context.newCDPSession(browser.page);
        const { origin } = new URL(url);
        await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
      },
    });
  } finally {
    await browser.context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function launch(
  executablePath: string,
  profile: string,
  url: string,
): Promise<{ context: BrowserContext; page: BrowserPage }> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    // Chromium's own sandbox does not run as root.
    args: ["--no-sandbox"],
  });
  const [page = await context.newPage()] = context.pages();
  await page.goto(url);
  await page.waitForFunction("globalThis.pageReady === true");
  return { context, page };
}

async function crash(context: BrowserContext): Promise<void> {
  const browser = context.browser();
  if (browser === null) throw new Error("Crashing a browser failed: it has ended");
  const ended = new Promise((resolve) => browser.once("disconnected", resolve));
  const session = await browser.newBrowserCDPSession();
  // It gives no answer.
  session.send("Browser.crash").catch(() => {});
  await ended;
}

async function addAuthenticator(
  context: BrowserContext,
  page: BrowserPage,
  { hasPrf }: { hasPrf: boolean },
): Promise<Authenticator> {
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf,
    },
  });
  return {
    async count() {
      const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
      return credentials.length;
    },
    async verify(isUserVerified) {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    async clear() {
      await session.send("WebAuthn.clearCredentials", { authenticatorId });
    },
    async remove() {
      await session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
    },
  };
}

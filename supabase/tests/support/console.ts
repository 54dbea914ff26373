/** Guardians at the console: each with a browser profile of its own, and what a person does there. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@supabase/supabase-js";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { StackAddress } from "../../local/stack.ts";
import { CONSOLE_PATH } from "../../local/console.ts";
import { findChromium } from "./chromium.ts";

/** Where the pictures of the pages are kept, to be looked at. */
const PICTURES = fileURLToPath(new URL("../../../dist/screenshots/", import.meta.url));

const PASSPHRASE = "four words are better";

/** Waits until a page opens without a network, too. */
export async function shellIsKept(page: Page): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  while (!await page.evaluate("navigator.serviceWorker.controller?.state === 'activated'")) {
    signal.throwIfAborted();
    await page.waitForTimeout(50);
  }
}

/** Runs `work` with a browser; profiles are made in it. */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    // Chromium's own sandbox does not run as root.
    args: ["--no-sandbox"],
  });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

/** A guardian with a browser. */
export class Person {
  readonly name: string;
  readonly #stack: StackAddress;
  readonly context: BrowserContext;
  #page: Page;
  /** The 24 words, once it has seen them. */
  words = "";
  /** Errors of the pages, and what their policy has blocked; not what a server refused. */
  readonly complaints: string[] = [];

  private constructor(name: string, stack: StackAddress, context: BrowserContext, page: Page) {
    this.name = name;
    this.#stack = stack;
    this.context = context;
    this.#page = page;
    this.#listen();
  }

  /** Opens the console in a new profile. */
  static async arrive(browser: Browser, stack: StackAddress, name: string): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 420, height: 900 } });
    context.setDefaultTimeout(20_000);
    const person = new Person(name, stack, context, await context.newPage());
    await person.visit();
    return person;
  }

  get page(): Page {
    return this.#page;
  }

  get email(): string {
    return `${this.name}@example.com`;
  }

  /** The console's address, by a name: browsers give passkeys to names alone. */
  async visit(route = ""): Promise<void> {
    const origin = this.#stack.apiUrl.replace("127.0.0.1", "localhost");
    await this.#page.goto(`${origin}${CONSOLE_PATH}${route}`);
  }

  /** Signs up, is put into a family by an operator, and makes this browser its own. */
  async becomeGuardian(
    families: Readonly<Record<string, string>>,
    { killed = false, pictured = false }: {
      /** Whether its tab is killed at each step. */
      killed?: boolean;
      /** Whether pictures are kept of the way in. */
      pictured?: boolean;
    } = {},
  ): Promise<void> {
    const picture = async (name: string) => {
      if (pictured) await this.picture(name);
    };
    await picture("log-in");
    await this.signUp();
    await picture("protect");
    await this.joinFamilies(families);
    if (killed) await this.reopen({ locked: false });
    await this.protect();
    if (killed) await this.reopen();
    await picture("make-words");
    await this.press("Show my 24 words");
    await this.readWords();
    await picture("words");
    if (killed) {
      const { words } = this;
      await this.reopen();
      await this.readWords();
      assert.equal(this.words, words);
    }
    await this.press("I have written them down");
    if (killed) {
      await this.reopen();
      await this.press("I have written them down");
    }
    await this.confirmWords();
    await this.heading("You are in no family yet");
    await picture("no-family");
    if (killed) await this.reopen();
    await this.press("Look again");
    await this.heading("Inbox");
  }

  /** The same with 24 words that are on paper, of a guardian whose key is there; gets the share back. */
  async comeBack(families: Readonly<Record<string, string>>, words: string): Promise<void> {
    await this.signUp();
    await this.joinFamilies(families);
    await this.protect();
    await this.tick(/I have 24 words/);
    await this.fill("The 24 words", words);
    await this.press("Use these words");
    await this.press("Look again");
    await this.heading("Inbox");
    await this.go("Family");
    await this.press("Get my share back");
    await this.sees("This device has your share of the current key");
    await this.go("Inbox");
  }

  async signUp(): Promise<void> {
    await this.fill("E-mail", this.email);
    await this.fill("Password", "a password of the account");
    await this.press("Sign up");
    await this.heading("Protect this browser");
  }

  async protect(): Promise<void> {
    await this.fill("Passphrase", PASSPHRASE);
    await this.fill("The same again", PASSPHRASE);
    await this.press("Protect");
    await this.heading("Your 24 words");
  }

  async readWords(): Promise<void> {
    await this.heading("Write these words down");
    this.words = (await this.#page.locator("ol.words li").allTextContents()).join(" ");
    assert.equal(this.words.split(" ").length, 24);
  }

  async confirmWords(): Promise<void> {
    for (const label of await this.#page.locator(".field label").allTextContents()) {
      const place = Number(label.replace("Word ", ""));
      await this.fill(label, this.words.split(" ")[place - 1]);
    }
    await this.press("That is what it says");
  }

  /** What an operator does: puts the account into families. */
  async joinFamilies(families: Readonly<Record<string, string>>, more = {}): Promise<void> {
    const { apiUrl, secretKey } = this.#stack;
    const { auth: { admin } } = createClient(apiUrl, secretKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const { error } = await admin.updateUserById(await this.userId(), {
      app_metadata: { families, ...more },
    });
    assert.equal(error, null);
  }

  /** Of its account, out of what supabase-js keeps in the browser. */
  async userId(): Promise<string> {
    const kept = await this.#page.evaluate(
      "localStorage.getItem(Object.keys(localStorage).find((key) => key.endsWith('-auth-token')))",
    );
    return JSON.parse(String(kept)).user.id;
  }

  /** The tab is killed, and another one opened at the same place. */
  async reopen({ locked = true } = {}): Promise<void> {
    const url = this.#page.url();
    await this.#page.close();
    this.#page = await this.context.newPage();
    this.#listen();
    await this.#page.goto(url);
    if (locked) await this.unlock();
  }

  async unlock(): Promise<void> {
    await this.heading("Unlock");
    await this.fill("Passphrase", PASSPHRASE);
    await this.press("Unlock");
  }

  /** Goes to one of the pages by the navigation. */
  async go(name: string): Promise<void> {
    await this.#page.getByRole("navigation").getByRole("link", { name }).click();
    await this.heading(name);
  }

  async press(name: string): Promise<void> {
    await this.#page.getByRole("button", { name, exact: true }).click();
  }

  async fill(label: string, value: string): Promise<void> {
    await this.#page.getByLabel(label, { exact: true }).fill(value);
  }

  async tick(label: string | RegExp): Promise<void> {
    await this.#page.getByLabel(label).check();
  }

  async heading(name: string | RegExp): Promise<void> {
    await this.#page.getByRole("heading", { level: 1, name }).waitFor();
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.#page.getByText(text).first().waitFor();
  }

  /** Waits until a text is gone. */
  async seesNoMore(text: string | RegExp): Promise<void> {
    await this.#page.getByText(text).first().waitFor({ state: "detached" });
  }

  /** Keeps a picture, and asks what a screen reader's user would miss. */
  async picture(name: string): Promise<void> {
    await mkdir(PICTURES, { recursive: true });
    await this.#page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    await this.#page.evaluate(axe.source);
    const found = await this.#page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
    assert.ok(typeof found === "object" && found !== null && "violations" in found);
    assert.deepEqual(found.violations, [], name);
  }

  #listen(): void {
    this.#page.on("console", (message) => {
      const isOfNetwork = /^(Failed to load resource|WebSocket connection)/.test(message.text());
      if (message.type() === "error" && !isOfNetwork) this.complaints.push(message.text());
    });
    this.#page.on("pageerror", (error) => this.complaints.push(String(error)));
  }
}

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { findChromium, type Page, withPage } from "../support/chromium.ts";

const chromium = findChromium();
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** No `unsafe-eval`: neither the vault nor its ciphers make code from text. */
const POLICY = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'";

async function bundlePage(): Promise<string> {
  try {
    const { outputFiles: [{ text }] } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: ["client/console/vault_page.js"],
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      nodePaths: [`${ROOT}node_modules`],
      logLevel: "error",
    });
    return text;
  } finally {
    await esbuild.stop();
  }
}

/** Works with the vault of a page, called `vault` there. */
class VaultPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** What a work in the page comes to. */
  async value(work: string): Promise<unknown> {
    const outcome = await this.#outcome(work);
    assert.ok("value" in outcome, `${work}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  /** The code with which the vault refuses a work. */
  async code(work: string): Promise<unknown> {
    const outcome = await this.#outcome(work);
    assert.ok("name" in outcome && "code" in outcome, `${work}: ${JSON.stringify(outcome)}`);
    assert.equal(outcome.name, "VaultError");
    return outcome.code;
  }

  /** The name of the error that a work ends with. */
  async error(work: string): Promise<unknown> {
    const outcome = await this.#outcome(work);
    assert.ok("name" in outcome, `${work}: ${JSON.stringify(outcome)}`);
    return outcome.name;
  }

  async #outcome(work: string): Promise<object> {
    const outcome = await this.page.evaluate(`outcome(async () => ${work})`);
    assert.ok(typeof outcome === "object" && outcome !== null, `${outcome}`);
    return outcome;
  }
}

/** Runs `work` with a page that has the vault in it, at a name: there are no passkeys for an IP address. */
async function withVaultPage(work: (page: VaultPage) => Promise<void>): Promise<void> {
  const script = await bundlePage();
  const html = "<!doctype html><title>Vault</title><script type=module src=/page.js></script>";
  const pages = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const [body, type] = url.endsWith("/page.js")
      ? [script, "text/javascript"]
      : [html, "text/html"];
    return new Response(body, {
      headers: { "content-type": type, "content-security-policy": POLICY },
    });
  });
  try {
    const url = `http://localhost:${pages.addr.port}/`;
    await withPage(chromium ?? "", url, (page) => work(new VaultPage(page)));
  } finally {
    await pages.shutdown();
  }
}

const CREATE = `{ globalThis.vault = await Vault.create("four words are better") }`;
const OPEN = `{ globalThis.vault = await Vault.open("four words are better") }`;
const OPEN_WITH_PASSKEY = `{ globalThis.vault = await Vault.openWithPasskey() }`;

Deno.test({
  name:
    "a vault in Chromium opens with its passkey, for a verified person alone, and always by the passphrase",
  ignore: chromium === undefined,
  async fn() {
    await withVaultPage(async (vault) => {
      assert.equal(await vault.error(`eval("1")`), "EvalError", "the policy holds");
      await vault.value(CREATE);
      await vault.value(`vault.write("host-key", "the words")`);
      assert.equal(await vault.code(OPEN_WITH_PASSKEY), "missing");

      const stranger = await vault.page.addAuthenticator({ hasPrf: true });
      await stranger.verify(false);
      assert.equal(await vault.code(`vault.addPasskey("Ann")`), "passkey_cancelled");
      assert.equal(await vault.value(`Vault.hasPasskey()`), false);
      assert.equal(await stranger.count(), 0);
      await stranger.remove();

      const first = await vault.page.addAuthenticator({ hasPrf: true });
      await vault.value(`vault.addPasskey("Ann")`);
      assert.equal(await vault.code(`vault.addPasskey("Ann again")`), "exists");
      assert.equal(await vault.value(`Vault.hasPasskey()`), true);
      assert.equal(await first.count(), 1);
      await vault.page.reload();
      assert.equal(await vault.value(`globalThis.vault`), undefined);
      await vault.value(OPEN_WITH_PASSKEY);
      assert.equal(await vault.value(`vault.read("host-key")`), "the words");
      await vault.value(`vault.lock()`);
      assert.equal(await vault.code(`vault.read("host-key")`), "locked");

      // Each lock stays what it is when the other one changes.
      await vault.value(OPEN_WITH_PASSKEY);
      await vault.value(`vault.changePassphrase("another four words")`);
      await vault.value(OPEN_WITH_PASSKEY);
      await vault.value(`vault.changePassphrase("four words are better")`);
      await first.verify(false);
      assert.equal(await vault.code(OPEN_WITH_PASSKEY), "passkey_cancelled");
      await vault.value(OPEN);
      await vault.value(`vault.removePasskey()`);
      assert.equal(await vault.code(OPEN_WITH_PASSKEY), "missing");
      await first.remove();

      const second = await vault.page.addAuthenticator({ hasPrf: true });
      await vault.value(`vault.addPasskey("Ann, a new one")`);
      await vault.value(OPEN_WITH_PASSKEY);
      assert.equal(await vault.value(`vault.read("host-key")`), "the words");
      await second.clear();
      assert.equal(await vault.code(OPEN_WITH_PASSKEY), "passkey_cancelled");
      await vault.value(OPEN);
      assert.equal(await vault.value(`vault.read("host-key")`), "the words");
    });
  },
});

Deno.test({
  name: "a vault in Chromium stores no passkey that computes nothing, and outlives a crash",
  ignore: chromium === undefined,
  async fn() {
    await withVaultPage(async (vault) => {
      const authenticator = await vault.page.addAuthenticator({ hasPrf: false });
      await vault.value(CREATE);
      await vault.value(`vault.write("host-key", "the words")`);
      const slot = "ab".repeat(32);
      const record = { state: "answered", package_digest: "d0", expires_at: 2_000 };
      const nonces = `(await vault.nonces("ann smith"))`;
      await vault.value(`${nonces}.create("${slot}", ${JSON.stringify(record)})`);
      assert.equal(await vault.code(`vault.addPasskey("Ann")`), "no_prf");
      assert.equal(await authenticator.count(), 1, "the credential stays on the authenticator");
      assert.equal(await vault.value(`Vault.hasPasskey()`), false);
      assert.equal(typeof await vault.value(`(await askToPersist()).persisted`), "boolean");

      await vault.page.crash();
      assert.equal(await vault.value(`Vault.exists()`), true);
      assert.equal(await vault.code(OPEN_WITH_PASSKEY), "missing");
      await vault.value(OPEN);
      assert.equal(await vault.value(`vault.read("host-key")`), "the words");
      assert.deepEqual(await vault.value(`${nonces}.read("${slot}")`), record);
    });
  },
});

/** The files of the console: what they allow, that they can be compared, and that they open without a network. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as esbuild from "esbuild";
import { buildConsole, digestOf, type Files } from "../../../client/console/build.ts";
import { fileResponse } from "../../local/console.ts";
import { findChromium } from "../support/chromium.ts";
import { shellIsKept, withBrowser } from "../support/console.ts";

const PROJECT = { url: "https://abc.supabase.co", publishableKey: "sb_publishable_x" };

Deno.test("the console's files talk to the project alone, and their hashes stand in the manifest", async () => {
  const files = await buildConsole(PROJECT);
  await esbuild.stop();
  const text = (path: string) => new TextDecoder().decode(files.get(path));
  const html = text("index.html");
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.match(policy, /connect-src 'self' https:\/\/abc\.supabase\.co wss:\/\/abc\.supabase\.co;/);
  assert.ok(!/unsafe|\*/.test(policy), policy);
  assert.ok(text("_headers").includes(`${policy}; frame-ancestors 'none'`));
  // Nothing is fetched from anywhere else, and nothing stands in the page that the policy would block.
  assert.deepEqual(html.match(/(?:src|href)="(?!\.\/)[^"]*"|style="|<script>|<style>/g), null);
  assert.deepEqual(JSON.parse(text("config.json")), PROJECT);
  const manifest: Record<string, string> = JSON.parse(text("manifest.json"));
  const hashed = [...files.keys()].filter((path) => !["manifest.json", "_headers"].includes(path));
  assert.deepEqual(Object.keys(manifest), hashed.sort());
  for (const path of hashed) {
    assert.equal(manifest[path], createHash("sha256").update(text(path)).digest("hex"), path);
  }
});

/** Of the manifest, as the page computes it. */
const digest = `fetch("./manifest.json").then((answer) => answer.arrayBuffer())
  .then((bytes) => crypto.subtle.digest("SHA-256", bytes))
  .then((hash) => [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join(""))`;

Deno.test({
  name: "the page opens without a network, says when it is outdated, and updates when told",
  ignore: findChromium() === undefined,
  async fn() {
    const old = await buildConsole({ url: "", publishableKey: "old" });
    const next = await buildConsole({ url: "", publishableKey: "next" });
    await esbuild.stop();
    assert.notEqual(digestOf(old), digestOf(next));
    let served: Files | undefined = old;
    const host = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ url }) => {
        if (served === undefined) return new Response(null, { status: 503 });
        const path = new URL(url).pathname.slice(1);
        // Hosts do these things.
        if (path === "index.html") {
          return new Response(null, { status: 307, headers: { location: "/" } });
        }
        const answer = fileResponse(served, path);
        answer.headers.set("vary", "Accept, Sec-Fetch-Dest");
        return answer;
      },
    );
    try {
      await withBrowser(async (browser) => {
        const page = await (await browser.newContext()).newPage();
        page.setDefaultTimeout(20_000);
        await page.goto(`http://localhost:${host.addr.port}/`);
        const login = page.getByRole("heading", { name: "Log in" });
        await login.waitFor();
        await shellIsKept(page);
        served = undefined;
        await page.reload();
        await login.waitFor();
        // A file that is not the build's: nothing of it is kept, and the page says so.
        served = new Map([...next, ["main.js", new TextEncoder().encode("alert(1)")]]);
        await page.reload();
        await page.getByText("This page goes on with what it has").waitFor();
        await login.waitFor();
        const stranger = await (await browser.newContext()).newPage();
        served = new Map([...next, ["main.css", new Uint8Array()]]);
        await stranger.goto(`http://localhost:${host.addr.port}/`);
        await stranger.getByText("What you see may be of them: do not go on").waitFor();
        served = new Map([...next].filter(([path]) => path !== "icon.svg"));
        await page.reload();
        await page.getByText("files that are not those of its build").waitFor();
        served = new Map([...next, [
          "manifest.json",
          old.get("manifest.json") ?? new Uint8Array(),
        ]]);
        await page.reload();
        await page.getByText("files that are not those of its build").waitFor();
        served = next;
        await page.reload();
        await page.getByText("This page is outdated").waitFor();
        assert.equal(await page.evaluate(digest), digestOf(old));
        const key =
          "fetch('./config.json').then((answer) => answer.json()).then((config) => config.publishableKey)";
        assert.equal(await page.evaluate(key), "old");
        await page.getByRole("button", { name: "Update" }).click();
        await page.getByText("This page is outdated").waitFor({ state: "detached" });
        await login.waitFor();
        assert.equal(await page.evaluate(key), "next");
        assert.equal(await page.evaluate(digest), digestOf(next));
      });
    } finally {
      await host.shutdown();
    }
  },
});

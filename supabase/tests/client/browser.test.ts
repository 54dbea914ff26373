import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildPackage } from "../../../client/npm/build.ts";
import project from "../../../deno.json" with { type: "json" };
import { signToken } from "../../local/token.ts";
import { withStack } from "../support/harness.ts";
import { findChromium, withPage } from "../support/chromium.ts";
import { AppFamily, must } from "../support/app_family.ts";

const chromium = findChromium();
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The page with the npm package in it, as an app's bundler would make it. */
async function bundlePage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "permafrost-page-"));
  try {
    await buildPackage(join(folder, "built"));
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: ["supabase/tests/client/browser_page.js"],
      outfile: join(folder, "page.js"),
      bundle: true,
      format: "esm",
      platform: "browser",
      alias: { [project.name]: join(folder, "built/mod.js") },
      nodePaths: [join(ROOT, "node_modules")],
      logLevel: "error",
    });
    return await readFile(join(folder, "page.js"), "utf8");
  } finally {
    await esbuild.stop();
    await rm(folder, { recursive: true });
  }
}

Deno.test({
  name: "a guardian's page in Chromium signs, with its nonces in IndexedDB, across a crash",
  ignore: chromium === undefined,
  async fn() {
    const script = await bundlePage();
    const html = "<!doctype html><title>Guardian</title><script type=module src=/page.js></script>";
    const pages = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ url }) =>
        url.endsWith("/page.js")
          ? new Response(script, { headers: { "content-type": "text/javascript" } })
          : new Response(html, { headers: { "content-type": "text/html" } }),
    );
    try {
      await withStack(async (stack) => {
        const family = await AppFamily.found(stack);
        const [ann, bob] = family.members;
        const request = family.eventRequest();
        const { apiUrl, publishableKey } = stack;
        const token = await signToken({ participant: "ann", family: family.id });
        const settings = JSON.stringify({ apiUrl, publishableKey, token, keyShare: ann.keyShare });
        const url = `http://127.0.0.1:${pages.addr.port}/`;
        await withPage(chromium ?? "", url, async (page) => {
          const open = () => page.evaluate(`open(${settings})`);
          const call = async (expression: string): Promise<Record<string, unknown>> => {
            const value = await page.evaluate(expression);
            assert.ok(typeof value === "object" && value !== null, `${expression}: ${value}`);
            return { ...value };
          };
          await open();
          const created = await call(
            `app.service.createSigningRequest(${JSON.stringify(request)})`,
          );
          assert.equal(created.method, "frost");
          const id = JSON.stringify(created.sessionId);
          const sessionId = String(created.sessionId);
          const first = await call(`app.commit(${id})`);
          assert.equal(first.status, "nonce_collection");

          // The nonces outlive the browser: the same commitment is published again.
          await page.crash();
          await open();
          const again = await call(`app.commit(${id})`);
          assert.equal(again.nonceCommitment, first.nonceCommitment);

          await bob.guardian.commit(must(await bob.sessions.getSession(sessionId)).session);
          const { signatureShare } = await call(`app.sign(${id})`);
          // And so does that they were used: after a restart there is the same share, and no other.
          await page.reload();
          await open();
          assert.equal((await call(`app.sign(${id})`)).signatureShare, signatureShare);
          const { signingPackage } = must(await bob.sessions.getSigningPackage(sessionId));
          await assert.rejects(page.evaluate(`app.commit(${id})`), /used before/);

          const waiting = page.evaluate(
            `app.service.waitFor(${id}, "completed", { timeoutMs: 20000 }).then((w) => w.status)`,
          );
          must((await bob.guardian.sign(signingPackage)).answer);
          assert.equal(await waiting, "completed");
          const verified = await call(`app.sessions.verifyAggregatedSignature(${id})`);
          assert.equal(verified.valid, true);
          // The browser closes the database under the store, which opens another.
          const next = must(await bob.sessions.createSession(family.request())).sessionId;
          await page.clearData();
          const committed = await call(`app.commit(${JSON.stringify(next)})`);
          assert.equal(committed.status, "nonce_collection");

          const refused = await call(`app.sessions.getSession("nowhere")`);
          assert.deepEqual([refused.success, refused.code], [false, "session_not_found"]);
        });
      });
    } finally {
      await pages.shutdown();
    }
  },
});

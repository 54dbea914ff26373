/**
 * Builds the console: static files that any host serves, with the policy and the hashes that belong to them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import type { Config } from "./config.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = `${ROOT}client/console`;

/** Files by their path below the console's own. */
export type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Builds it for a project. Besides what the page is made of there are `manifest.json`, the SHA-256 of each file, and
 * `_headers`, as Netlify and others take it.
 *
 * @param config - An empty `url` is the origin that serves the page.
 */
export async function buildConsole(config: Config): Promise<Files> {
  const policy = policyOf(config);
  const html = await readFile(`${SOURCE}/index.html`, "utf8");
  const files = new Map<string, Uint8Array>([
    ...await bundle(["main.tsx", "main.css"], {}),
    ["icon.svg", await readFile(`${SOURCE}/icon.svg`)],
    ["index.html", bytes(html.replace("CONTENT_SECURITY_POLICY", policy))],
    ["config.json", bytes(`${JSON.stringify(config)}\n`)],
  ]);
  const build = {
    name: createHash("sha256").update(manifestOf(files)).digest("hex"),
    files: hashesOf(files),
  };
  for (
    const [path, content] of await bundle(["service_worker.ts"], { BUILD: JSON.stringify(build) })
  ) {
    files.set(path, content);
  }
  files.set("manifest.json", bytes(manifestOf(files)));
  files.set("_headers", bytes(headersOf(policy)));
  return files;
}

/** The SHA-256 of the manifest, which stands for all files; the page shows the same. */
export function digestOf(files: Files): string {
  return createHash("sha256").update(files.get("manifest.json") ?? "").digest("hex");
}

async function bundle(
  names: readonly string[],
  define: Readonly<Record<string, string>>,
): Promise<[string, Uint8Array][]> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: names.map((name) => `${SOURCE}/${name}`),
    outdir: "/console",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    define,
    nodePaths: [`${ROOT}node_modules`],
    legalComments: "none",
    logLevel: "warning",
  });
  return outputFiles.map((
    { path, contents },
  ) => [path.replaceAll("\\", "/").split("/").at(-1) ?? path, contents]);
}

/** Nothing from anywhere but the page's own host, and no talking to anybody but the project. */
function policyOf({ url }: Config): string {
  const project = url === "" ? [] : [url, url.replace(/^http/, "ws")];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "worker-src 'self'",
    ["connect-src 'self'", ...project].join(" "),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function hashesOf(files: Files): Record<string, string> {
  const hashes = [...files].map((
    [path, content],
  ) => [path, createHash("sha256").update(content).digest("hex")]);
  return Object.fromEntries(hashes.sort());
}

const manifestOf = (files: Files) => `${JSON.stringify(hashesOf(files), null, 2)}\n`;

/** What a meta element cannot say, too. */
function headersOf(policy: string): string {
  return [
    "/*",
    `  Content-Security-Policy: ${policy}; frame-ancestors 'none'`,
    "  X-Content-Type-Options: nosniff",
    "  Referrer-Policy: no-referrer",
    "  Cross-Origin-Opener-Policy: same-origin",
    "  Permissions-Policy: camera=(), microphone=(), geolocation=()",
    "  Cache-Control: no-cache",
    "",
  ].join("\n");
}

const bytes = (text: string) => new TextEncoder().encode(text);

/**
 * Builds what is published, into `dist`: the npm package in `npm`, from where `npm publish` takes it; its tarball; and the
 * console in `console`, from where any host serves it.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { takeNoArguments } from "../supabase/local/command_line.ts";
import { PUBLISHABLE_KEY } from "../supabase/local/keys.ts";
import { buildConsole, digestOf } from "./console/build.ts";
import { buildPackage, packPackage } from "./npm/build.ts";

const USAGE = `Usage: deno task build
Builds the npm package into dist/npm, its tarball into dist, and the console into dist/console.
PERMAFROST_URL and PERMAFROST_PUBLISHABLE_KEY name the project that the console is for; without them
it is one on the host that serves it, with the keys of local stacks.`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));

if (import.meta.main) {
  takeNoArguments(USAGE);
  await buildPackage(`${ROOT}dist/npm`);
  const tarball = await packPackage(`${ROOT}dist/npm`, `${ROOT}dist`);
  console.log(`Built dist/npm, and packed it as ${relative(ROOT, tarball)}`);
  const files = await buildConsole({
    url: (Deno.env.get("PERMAFROST_URL") ?? "").replace(/\/$/, ""),
    publishableKey: Deno.env.get("PERMAFROST_PUBLISHABLE_KEY") || PUBLISHABLE_KEY,
  });
  await esbuild.stop();
  const folder = `${ROOT}dist/console`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [path, content] of files) await writeFile(join(folder, path), content);
  console.log(`Built dist/console. Its manifest of hashes, ${digestOf(files)}:`);
  console.log(new TextDecoder().decode(files.get("manifest.json")).trimEnd());
}

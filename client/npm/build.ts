/**
 * Builds the npm package: ES modules with types, for Node 20 and browsers. What it depends on stays outside, at the
 * versions that `deno.json` pins.
 */
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import ts from "typescript";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Entry {
  /** What it is imported by, `.` or `./…`. */
  readonly path: string;
  /** Its path below `client/`, without its ending; in the package it has the same. */
  readonly module: string;
}

/** The modules that can be imported. */
const ENTRIES: readonly Entry[] = Object.entries(project.exports)
  .map(([path, source]) => ({ path, module: source.slice("./client/".length, -".ts".length) }));

/** The module of the command `permafrost`. */
const COMMAND = "cli/main";

/** What the package's own modules import by these names is not bundled. */
const DEPENDENCIES = [
  "@clack/prompts",
  "@noble/curves",
  "@noble/hashes",
  "@scure/bip39",
  "commander",
  "idb",
  "nostr-tools",
  "uqr",
  "ws",
] as const;
const PEER = "@supabase/supabase-js";
/** The oldest that the package is tested with. */
const OLDER_PEER = "@supabase/supabase-js-older";

/** Builds the package into a folder, which is emptied first. */
export async function buildPackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await bundle(folder);
  declare(`${folder}/types`);
  await writeFile(`${folder}/package.json`, `${JSON.stringify(manifest(), null, 2)}\n`);
  await copyFile(`${ROOT}client/npm/README.md`, `${folder}/README.md`);
  await copyFile(`${ROOT}LICENSE`, `${folder}/LICENSE`);
}

/**
 * Packs a built package as `npm publish` would, into a folder; answers the tarball's path. An app installs
 * that: of a folder npm makes a link, and installs nothing that the package depends on.
 */
export async function packPackage(folder: string, destination: string): Promise<string> {
  await mkdir(destination, { recursive: true });
  const { success, stdout, stderr } = await new Deno.Command("npm", {
    args: ["pack", folder, "--pack-destination", destination, "--json"],
  }).output();
  const said = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Packing failed\n${said(stderr)}`);
  const [{ filename }]: { filename: string }[] = JSON.parse(said(stdout));
  return join(destination, filename);
}

async function bundle(folder: string): Promise<void> {
  try {
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [...ENTRIES.map(({ module }) => module), COMMAND].map((module) =>
        `client/${module}.ts`
      ),
      outdir: folder,
      bundle: true,
      // What two entries share must exist once: classes and errors are compared by identity.
      splitting: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      external: [...DEPENDENCIES, PEER].flatMap((name) => [name, `${name}/*`]).concat("node:*"),
      logLevel: "warning",
    });
  } finally {
    await esbuild.stop();
  }
}

function declare(folder: string): void {
  const program = ts.createProgram({
    rootNames: ENTRIES.map(({ module }) => `${ROOT}client/${module}.ts`),
    options: {
      strict: true,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      allowImportingTsExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      types: [],
      rootDir: ROOT,
      outDir: folder,
    },
  });
  // Whether the program is right is for `deno check` to say; what cannot be declared, for this.
  const problems = program.getDeclarationDiagnostics();
  if (problems.length > 0) {
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => ROOT,
      getNewLine: () => "\n",
    };
    throw new Error(`Declaring types failed\n${ts.formatDiagnostics(problems, host)}`);
  }
  // Node's resolution finds `x.d.ts` by `x.js`, and not by `x.ts`.
  program.emit(undefined, (path, text) => {
    ts.sys.writeFile(path, text.replace(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
  });
}

function manifest(): Record<string, unknown> {
  const imports: Readonly<Record<string, string>> = project.imports;
  const version = (name: string) => imports[name].slice(imports[name].lastIndexOf("@") + 1);
  const typesOf = ({ module }: Entry) => `./types/client/${module}.d.ts`;
  return {
    name: project.name,
    version: project.version,
    description: "FROST threshold signing on Supabase that survives: the client",
    license: project.license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: Object.fromEntries(
      ENTRIES.map((entry) => [entry.path, {
        types: typesOf(entry),
        default: `./${entry.module}.js`,
      }]),
    ),
    bin: { permafrost: `./${COMMAND}.js` },
    // For resolvers that do not read `exports`.
    main: "./mod.js",
    types: "./types/client/mod.d.ts",
    typesVersions: {
      "*": Object.fromEntries(
        ENTRIES.filter(({ path }) => path !== ".").map((entry) => [
          entry.path.slice("./".length),
          [typesOf(entry)],
        ]),
      ),
    },
    dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, version(name)])),
    peerDependencies: { [PEER]: `^${version(OLDER_PEER)}` },
  };
}

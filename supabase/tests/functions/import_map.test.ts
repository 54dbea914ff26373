/**
 * Deployment reads supabase/functions/deno.json as a plain import map, and nothing else: no lock file, no
 * folder but that one. https://github.com/WICG/import-maps#the-import-map
 */
import assert from "node:assert/strict";
import { findPackageJSON } from "node:module";
import importMap from "../../functions/deno.json" with { type: "json" };

const FUNCTIONS = new URL("../../functions/", import.meta.url);

/** Packages that come with others, but whose code no function loads: @supabase/server/core does without. */
const NOT_LOADED = ["@supabase/middleware", "std-env"];

const MAP: Readonly<Record<string, string>> = importMap.imports;

/** The key of a plain import map that is for a specifier: the same text, else the longest beginning with a slash. */
function keyFor(specifier: string): string | undefined {
  const keys = Object.keys(MAP).filter((key) =>
    key === specifier || key.endsWith("/") && specifier.startsWith(key)
  );
  return keys.toSorted((a, b) => b.length - a.length)[0];
}

/** Everything that the functions' modules import, with who imports it. */
async function importsOf(
  folder = FUNCTIONS,
): Promise<(readonly [module: URL, specifier: string])[]> {
  const found: (readonly [URL, string])[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) found.push(...await importsOf(url));
    else if (name.endsWith(".ts") && !name.endsWith(".test.ts")) {
      const source = await Deno.readTextFile(url);
      const statements = source.matchAll(/^(?:import|\} from|export .* from)\b[^"\n]*"([^"]+)"/gm);
      found.push(...[...statements].map(([, specifier]) => [url, specifier] as const));
    }
  }
  return found;
}

Deno.test("every import of the functions resolves with their import map alone, to one version", async () => {
  const imports = await importsOf();
  assert.ok(imports.length > 100, "The imports were not found");
  const used = new Set<string>();
  for (const [module, specifier] of imports) {
    const shown = `${module.pathname}: ${specifier}`;
    if (specifier.startsWith(".")) {
      const target = new URL(specifier, module);
      assert.ok(target.href.startsWith(FUNCTIONS.href), `${shown} is not deployed`);
      assert.ok((await Deno.stat(target)).isFile, shown);
    } else {
      const key = keyFor(specifier) ?? "";
      used.add(key);
      assert.match(MAP[key] ?? "nothing", /^npm:\/?(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+(\/|$)/, shown);
    }
  }
  // What is not imported pins nothing.
  assert.deepEqual([...used].sort(), Object.keys(MAP).sort());
});

/** A package as it is installed here, which is as the lock file has it. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** What the package asks for that no function can do without. */
function asksFor(
  { dependencies, peerDependencies, peerDependenciesMeta }: Package,
): (readonly [name: string, range: string])[] {
  const peers = Object.entries(peerDependencies ?? {})
    .filter(([name]) => !peerDependenciesMeta?.[name]?.optional);
  return [...Object.entries(dependencies ?? {}), ...peers]
    .filter(([name]) => !NOT_LOADED.includes(name));
}

Deno.test("without the lock file the functions load the versions that are tested here", async () => {
  const targets = Object.values(MAP);
  const pinned = new Map(
    targets.map((target) => {
      const [, name, version] = /^npm:\/?(.+?)@([^/]+)/.exec(target) ?? [];
      return [name, version];
    }),
  );
  const seen = new Set<string>();
  const visit = async (name: string, base: string) => {
    const file = findPackageJSON(name, base);
    assert.ok(file !== undefined, `${name} of ${base}`);
    const found: Package = JSON.parse(await Deno.readTextFile(file));
    if (pinned.has(name)) assert.equal(found.version, pinned.get(name), name);
    if (seen.has(name)) return;
    seen.add(name);
    for (const [dependency, range] of asksFor(found)) {
      const isOpen = !/^\d+\.\d+\.\d+$/.test(range);
      assert.ok(!isOpen || pinned.has(dependency), `${name} takes ${dependency} ${range}`);
      await visit(dependency, file);
    }
  };
  for (const name of pinned.keys()) await visit(name, FUNCTIONS.href);
  assert.ok(seen.size > pinned.size);
});

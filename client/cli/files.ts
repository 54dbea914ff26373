/**
 * Files that a command is given.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { fieldOf } from "../shapes.ts";
import { STATUS, Stop } from "./stop.ts";

/** @throws {Stop} if it cannot be read. */
export async function textIn(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const missing = fieldOf(error, "code") === "ENOENT";
    throw misused(missing ? `There is no file ${path}` : `${path} cannot be read`);
  }
}

/** @throws {Stop} if it cannot be read, or is no JSON. */
export async function jsonIn(path: string): Promise<unknown> {
  const text = await textIn(path);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the file.
    throw misused(`${path} is not JSON`);
  }
}

function misused(message: string): Stop {
  return new Stop(message, { code: "misused", status: STATUS.misused });
}

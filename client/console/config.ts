/**
 * Which project the page talks to: `config.json` beside it, as the build wrote it.
 *
 * @module
 */
import { fieldOf } from "../shapes.ts";

/** The project. */
export interface Config {
  readonly url: string;
  readonly publishableKey: string;
}

/** Reads it. An empty URL is the page's own origin, as on the local stack. @throws unless it is there and whole. */
export async function readConfig(): Promise<Config> {
  const config: unknown = await (await fetch("./config.json")).json();
  const url = fieldOf(config, "url");
  const publishableKey = fieldOf(config, "publishableKey");
  if (typeof url !== "string" || typeof publishableKey !== "string") {
    throw new Error("config.json names no project");
  }
  return { url: url || location.origin, publishableKey };
}

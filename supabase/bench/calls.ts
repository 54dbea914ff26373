import type { Fetch } from "../local/family.ts";

/** The requests that clients make, and how long each took until it was answered. */
export class Calls {
  #times = new Map<string, number[]>();

  /** To be given to the clients whose calls are to be measured. */
  readonly fetch: Fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : input;
    const name = new URL(url).pathname.split("/").at(-1) ?? "";
    const started = performance.now();
    try {
      return await fetch(input, init);
    } finally {
      const times = this.#times.get(name) ?? [];
      times.push(performance.now() - started);
      this.#times.set(name, times);
    }
  };

  /** Milliseconds of each call, by the name of the function, RPC or table. */
  get times(): ReadonlyMap<string, readonly number[]> {
    return this.#times;
  }

  /** Milliseconds of each call, of whatever kind. */
  get all(): readonly number[] {
    return [...this.#times.values()].flat();
  }

  /** Forgets what was measured: the first calls load the functions' code. */
  clear(): void {
    this.#times = new Map();
  }
}

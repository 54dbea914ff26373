import type { Cluster } from "../../local/postgres/cluster.ts";
import type { Random } from "../support/random.ts";

/** A cluster that is killed over and over, and those who keep calling it. */
export class Outages {
  /** How many calls were lost: sent to a server that ended before it answered. */
  lost = 0;
  /** How many answers were lost: what was asked for was done, and nobody heard. */
  unheard = 0;
  #sent = 0;
  #awaited?: { readonly count: number; readonly resolve: () => void };
  #over: Promise<void> = Promise.resolve();

  readonly #random: Random;

  constructor(readonly cluster: Cluster, random: Random) {
    this.#random = random;
  }

  /**
   * Calls until there is an answer. `attempt` returns undefined, or throws, where the database was gone.
   * Every attempt is the same: what a client does that does not know whether it was heard.
   */
  async answered<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (let attempts = 0;; attempts++) {
      // Nobody knows of an outage before it has met it.
      if (attempts > 0) await this.#over;
      this.#sent++;
      if (this.#awaited && this.#sent >= this.#awaited.count) this.#awaited.resolve();
      try {
        const answer = await attempt();
        // The moment between a commit and its answer is short; so that it is met often, some get lost.
        if (answer !== undefined && !this.#random.chance(0.05)) return answer;
        if (answer === undefined) this.lost++;
        else this.unheard++;
      } catch (error) {
        const code = codeOf(error);
        if (!/^(CONNECTION_CLOSED|CONNECT_TIMEOUT|ECONN|EPIPE)/.test(code)) throw error;
        // The others never left.
        if (code === "CONNECTION_CLOSED") this.lost++;
      }
    }
  }

  /** Kills PostgreSQL once `calls` more calls have been sent, and starts it again. */
  async killAfter(calls: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { count: this.#sent + calls, resolve };
    await promise;
    this.#awaited = undefined;
    const over = Promise.withResolvers<void>();
    this.#over = over.promise;
    await this.cluster.kill();
    await this.cluster.restart();
    over.resolve();
  }
}

/** Whether a code is of a server that is going down or coming up. */
export function isOutageCode(code: string): boolean {
  return /^(57P0[123]|08...)$/.test(code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

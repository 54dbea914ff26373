import type postgres from "postgres";
import type { TestDatabase } from "../support/harness.ts";
import { type Call, type Outcome, preambleOf, send } from "../support/calls.ts";

const GATE = 64_064;

/** Connections whose calls start at the same moment. */
export interface Lanes {
  /**
   * Makes calls at once, each on a connection of its own. PostgreSQL has taken in every one of them, and
   * all of them wait at one lock, before that is released: none has a head start.
   */
  atOnce(calls: readonly Call[]): Promise<Outcome[]>;
}

/** Opens as many connections as there will be calls at once. */
export function openLanes(database: TestDatabase, count: number): Lanes {
  const gate = database.connect("postgres", { max: 1 });
  const lanes = Array.from({ length: count }, () => database.connect("postgres", { max: 1 }));
  return {
    async atOnce(calls) {
      if (calls.length > count) {
        throw new Error(`There are ${count} lanes for ${calls.length} calls`);
      }
      await gate`select pg_advisory_lock(${GATE})`;
      let early = 0;
      const outcomes = calls.map(async (call, i) => {
        const text = `${preambleOf(call)};
          select pg_advisory_xact_lock_shared(${GATE});
          ${call.statement}`;
        try {
          return await send(lanes[i], text);
        } finally {
          early++;
        }
      });
      try {
        while (early === 0 && await waiting(gate) < calls.length);
        if (early > 0) throw new Error("A call did not wait for the others");
      } finally {
        await gate`select pg_advisory_unlock(${GATE})`;
      }
      return await Promise.all(outcomes);
    },
  };
}

async function waiting(sql: postgres.Sql): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from pg_locks
    where locktype = 'advisory' and objid = ${GATE} and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  return count;
}

/** Scenes with sessions, played in every order in a database where time stands still. */
import type postgres from "postgres";
import { freshDatabase, type TestDatabase } from "../support/harness.ts";
import { asOperator, type Call } from "../support/calls.ts";
import { assertLegal } from "../support/legality.ts";
import { Random } from "../support/random.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { stopClock } from "./clock.ts";
import { playAll, type PlayOptions, type Scene, type Transaction } from "./interleaving.ts";

/** Calls that commit. */
export const commits = (...calls: Call[]): Transaction => ({ calls, end: "commit" });
/** Calls that are rolled back. */
export const rollsBack = (...calls: Call[]): Transaction => ({ calls, end: "rollback" });

/** Calls that move the clock of a scene's database. */
export interface TestClock {
  readonly back: Call;
  readonly deadline: Call;
}

/** A test that plays a scene in every order, in a database where time stands still. */
export function inEveryOrder(
  name: string,
  sceneOf: (family: SqlFamily, clock: TestClock) => () => Promise<Scene>,
  { legal = true, ...options }: PlayOptions & { legal?: boolean } = {},
): void {
  Deno.test(`every order of ${name} ends as some order of whole transactions does`, async () => {
    const random = Random.printed(name);
    await using database: TestDatabase = await freshDatabase();
    const { sql } = database;
    const time = await stopClock(sql);
    const clock = {
      back: asOperator(time.moveTo(time.start)),
      deadline: asOperator(time.moveTo(time.start + 300_000)),
    };
    const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 3 });
    const { orders, endings } = await playAll(database, sceneOf(family, clock), options);
    console.log(`${orders} orders, ${endings} endings`);
    if (legal) await assertLegal(sql);
  });
}

/** A scene whose end is how its sessions stand. */
export function scene(
  { sql }: SqlFamily,
  sessions: readonly string[],
  transactions: readonly Transaction[],
): Scene {
  return {
    transactions,
    read: () => Promise.all(sessions.map((session) => stateOf(sql, session))),
  };
}

/** A session without what differs from case to case. */
async function stateOf(sql: postgres.Sql, session: string): Promise<unknown> {
  const [row] = await sql`
    select mode, status, signers, error_message, final_signature is not null as signed,
      (select coalesce(jsonb_agg(jsonb_build_array(quorum, participant_id, nonce_used) order by quorum, participant_id), '[]')
        from public.frost_nonce_commitments where session_id = s.session_id) as commitments,
      (select jsonb_agg(jsonb_build_array(quorum, participant_id) order by quorum, participant_id)
        from public.frost_signature_shares where session_id = s.session_id) as shares,
      (select jsonb_agg(jsonb_build_array(quorum, status, signers, refused) order by quorum)
        from public.frost_signing_quorums where session_id = s.session_id) as quorums,
      (select jsonb_agg(concat_ws(' ', event, actor, detail ->> 'code') order by concat_ws(' ', event, actor, detail ->> 'code'))
        from public.frost_events where subject_id = s.session_id) as events
    from public.frost_signing_sessions as s where session_id = ${session}`;
  return row;
}

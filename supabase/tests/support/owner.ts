/** What only the owner of the tables can do, and a test has to. */
import type postgres from "postgres";

/** Writes to sessions and requests what their triggers would refuse, as an attacker with the database could. */
export async function pastTheGuards(
  sql: postgres.Sql,
  work: (sql: postgres.TransactionSql) => Promise<unknown>,
): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`alter table public.frost_signing_sessions disable trigger user`;
    await transaction`alter table public.sss_signing_requests disable trigger user`;
    await work(transaction);
    await transaction`alter table public.frost_signing_sessions enable trigger user`;
    await transaction`alter table public.sss_signing_requests enable trigger user`;
  });
}

/** Puts a session or recovery request past its time. */
export async function expire(sql: postgres.Sql, id: string): Promise<void> {
  await pastTheGuards(sql, async (transaction) => {
    await transaction`
      update public.frost_signing_sessions set created_at = 1, expires_at = 2 where session_id = ${id}`;
    await transaction`
      update public.sss_signing_requests set created_at = 1, expires_at = 2 where request_id = ${id}`;
  });
}

/** How many events of each kind a session has. */
export async function eventsOf(
  sql: postgres.Sql,
  session: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await sql<{ event: string; count: number }[]>`
    select event, count(*)::int as count from public.frost_events
    where subject_id = ${session} group by event`;
  return Object.fromEntries(rows.map(({ event, count }) => [event, count]));
}

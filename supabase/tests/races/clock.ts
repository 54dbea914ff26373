import type postgres from "postgres";

/** What time it is in one database. */
export interface Clock {
  /** Milliseconds since the epoch when the clock was stopped. */
  readonly start: number;
  /** The statement that moves it, to be made at any moment of any transaction. */
  moveTo(time: number): string;
}

/**
 * Stops the clock of a test's database, so that a deadline passes when the test says so. A sequence tells
 * the time: what it is set to is seen by every transaction at once, committed or not, as time is.
 */
export async function stopClock(sql: postgres.Sql): Promise<Clock> {
  const start = Date.now();
  const moveTo = (time: number) => `select setval('test.clock', ${time})`;
  await sql.unsafe(`
    create schema test;
    create sequence test.clock;
    grant usage on schema test to authenticated, service_role;
    grant select on sequence test.clock to authenticated, service_role;
    ${moveTo(start)};
    create or replace function permafrost.now_ms() returns bigint
    language sql volatile set search_path = '' return (select last_value from test.clock);`);
  return { start, moveTo };
}

/**
 * Robust sessions against an adversary (ROAST, Ruffing et al. 2022): with as many honest participants online as the
 * threshold, a session gets all shares of a quorum, in at most n − t + 1 quorums, whatever the others do and in
 * whatever order things arrive. Schedules are random, for every threshold of up to 15 participants.
 */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/harness.ts";
import { Random } from "../support/random.ts";

const MOST_PARTICIPANTS = 15;
/** Small families are played through more often: a schedule among 15 takes as long as ten among 5. */
const schedulesOf = (participants: number): number => participants <= 8 ? 68 : 2;

/**
 * Plays one schedule, and answers how many quorums had all their commitments. Each turn somebody acts: who is honest does what it
 * owes; the others, at random, nothing, that, a bad share, or they decline.
 */
const PLAY = `
create function pg_temp.play(p_family text, p_n integer, p_t integer) returns integer language plpgsql as $$
declare
  v_all text[] := array(select 'p' || i from generate_series(1, p_n) as i);
  v_honest text[] := array(select p from unnest(v_all) as p order by random() limit p_t);
  v_session text := gen_random_uuid();
  v_who text;
  v_owed integer;
  v_turn integer := 0;
  v_luck float;
begin
  insert into public.frost_signing_sessions (session_id, family_id, message_hash, participants, threshold, created_by, mode)
  values (v_session, p_family, repeat('ab', 32), v_all, p_t, 'p1', 'robust');
  loop
    v_turn := v_turn + 1;
    if v_turn > 100 * p_n then
      raise exception 'no end after % turns', v_turn;
    end if;
    -- The others are as quick as the honest ones, or quicker.
    v_who := case when random() < 0.5 then v_honest[1 + floor(random() * p_t)::integer] else v_all[1 + floor(random() * p_n)::integer] end;
    select min(q.quorum) into v_owed from public.frost_signing_quorums as q
    where q.session_id = v_session and q.status = 'signing' and v_who = any (q.signers) and not exists (
      select from public.frost_signature_shares as s where s.session_id = v_session and s.quorum = q.quorum and s.participant_id = v_who);
    v_luck := random();
    if v_who = any (v_honest) then
      v_luck := 0.5;
    end if;
    continue when v_luck < 0.3; -- late, or never
    if v_owed is not null and v_luck > 0.8 then
      perform public.record_refused_share(v_session, v_who, 'bad', v_owed, 'ab');
    elsif v_luck > 0.97 then
      insert into permafrost.declines (kind, subject_id, participant_id, reason) values ('session', v_session, v_who, 'no') on conflict do nothing;
    elsif v_owed is not null then
      perform public.record_signature_share(v_session, v_who, md5(random()::text) || md5(random()::text), v_owed);
    else
      perform public.record_nonce_commitment(v_session, v_who, (select string_agg('02' || md5(random()::text) || md5(random()::text), '') from generate_series(1, 2)));
    end if;
    exit when (select status >= 'aggregating' from public.frost_signing_sessions where session_id = v_session);
  end loop;
  if (select status from public.frost_signing_sessions where session_id = v_session) <> 'aggregating' then
    raise exception 'it ended as %', (select status || ': ' || error_message from public.frost_signing_sessions where session_id = v_session);
  end if;
  return (select count(*) from public.frost_signing_quorums where session_id = v_session and signers is not null);
end
$$`;

Deno.test("with a threshold of honest guardians a robust session ends, in at most n - t + 1 quorums, whatever the others do", async () => {
  const random = Random.printed("robust schedules");
  await using database = await freshDatabase();
  const lanes = [database.connect(undefined, { max: 1 }), database.connect(undefined, { max: 1 })];
  await Promise.all(lanes.map((sql) => sql.unsafe(PLAY)));
  const sizes: [number, number][] = [];
  for (let n = 2; n <= MOST_PARTICIPANTS; n++) for (let t = 2; t <= n; t++) sizes.push([n, t]);
  let played = 0;
  let most = 0;
  await Promise.all(lanes.map(async (sql) => {
    for (let size = sizes.pop(); size; size = sizes.pop()) {
      const [n, t] = size;
      const family = `family-${n}-${t}`;
      const point = () => `02${random.hex(32)}`;
      const shares = Array.from({ length: n }, point);
      const names = shares.map((_, i) => `p${i + 1}`);
      await sql`select public.register_key_package(${family}, 'FROST-secp256k1-SHA256-TR-v1', ${t}, ${names}, ${point()}, ${shares})`;
      for (let i = 0; i < schedulesOf(n); i++) {
        const seed = Number.parseInt(random.hex(3), 16) / 2 ** 24;
        await sql`select setseed(${seed})`;
        try {
          const [{ quorums }] = await sql`select pg_temp.play(${family}, ${n}, ${t}) as quorums`;
          assert.ok(quorums <= n - t + 1, `${quorums} quorums`);
          most = Math.max(most, quorums);
        } catch (error) {
          throw new Error(`${t} of ${n}, setseed(${seed})`, { cause: error });
        }
        played++;
      }
    }
  }));
  console.log(`${played} schedules; ${most} quorums at the most`);
});

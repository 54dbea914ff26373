import assert from "node:assert/strict";
import { asService, make } from "../support/calls.ts";
import { SqlFamily } from "../support/sql_family.ts";
import { commits, inEveryOrder, rollsBack, scene } from "./every_order.ts";
import { interleavings, type PlayOptions } from "./interleaving.ts";

const SWEEP = asService("expire_old_frost_signing_sessions");

/**
 * There is one clock for all cases. And whoever comes after the deadline does not wait for the end of a
 * transaction that came before it: past its time a session is over, and how it ended may not be known yet.
 */
const DEADLINE: PlayOptions = {
  stages: 1,
  normalise: (ending) => ending.replaceAll(/session_(expired|finished)/g, "over"),
};

Deno.test("there are as many orders as there should be", () => {
  assert.deepEqual([...interleavings([1, 1])], [[0, 1], [1, 0]]);
  assert.equal([...interleavings([3, 3])].length, 20);
  assert.equal([...interleavings([2, 2, 2])].length, 90);
});

inEveryOrder("three commitments where two are needed", (family) => async () => {
  const session = await family.session();
  return scene(family, [session], family.guardians.map((g) => commits(family.commit(session, g))));
});

inEveryOrder("the last two commitments and a failure", (family) => async () => {
  const session = await family.session();
  const [first, second, third] = family.guardians;
  await family.must(family.commit(session, first));
  return scene(family, [session], [
    commits(family.commit(session, second)),
    commits(family.commit(session, third)),
    commits(await family.fail(session)),
  ]);
});

inEveryOrder("one nonce in three sessions, once rolled back", (family) => async () => {
  const sessions = [await family.session(), await family.session(), await family.session()];
  const [a, b] = [family.random.point(), family.random.point()];
  const [first] = family.guardians;
  return scene(family, sessions, [
    rollsBack(family.commit(sessions[0], first, a + b)),
    commits(family.commit(sessions[1], first, b + a)),
    commits(family.commit(sessions[2], first, a + family.random.point())),
  ]);
});

inEveryOrder("the last two shares and the completion", (family) => async () => {
  const { session, signers: [first, second] } = await family.signing(2);
  return scene(family, [session], [
    commits(family.share(session, first)),
    commits(family.share(session, second)),
    commits(family.complete(session)),
  ]);
});

inEveryOrder("a share and its retry, before a failure", (family) => async () => {
  const { session, signers: [signer] } = await family.signing(2);
  const share = family.share(session, signer);
  return scene(family, [session], [
    commits(share, share),
    commits(await family.fail(session)),
  ]);
});

inEveryOrder("two completions and a failure", (family) => async () => {
  const { session } = await family.signing(0);
  return scene(family, [session], [
    commits(family.complete(session)),
    commits(family.complete(session)),
    commits(await family.fail(session)),
  ]);
});

inEveryOrder("a share, its nonce marked by hand, and a rollback", (family) => async () => {
  const { session, signers: [signer] } = await family.signing(1);
  const [{ nonce_commitment }] = await family.sql<{ nonce_commitment: string }[]>`
    select nonce_commitment from public.frost_nonce_commitments
    where session_id = ${session} and participant_id = ${signer}`;
  const mark = asService("mark_nonce_as_used", { p_nonce_commitment: nonce_commitment });
  return scene(family, [session], [
    commits(family.share(session, signer)),
    commits(mark),
    rollsBack(mark),
  ]);
}, { legal: false });

inEveryOrder("two declines and a commitment", (family) => async () => {
  const session = await family.session();
  const [first, second] = family.guardians;
  return scene(family, [session], [
    commits(await family.decline(session, first)),
    commits(await family.decline(session, second)),
    commits(family.commit(session, first)),
  ]);
});

inEveryOrder("the last share, the deadline and a sweep", (family, clock) => async () => {
  // What the case before left open is out of this one's way.
  for (const call of [clock.deadline, SWEEP, clock.back]) await make(family.sql, call);
  const { session, signers: [signer] } = await family.signing(1);
  return scene(family, [session], [
    commits(family.share(session, signer)),
    { calls: [clock.deadline], end: "none" },
    commits(SWEEP),
  ]);
}, DEADLINE);

inEveryOrder("the last commitment, the deadline and a failure", (family, clock) => async () => {
  await make(family.sql, clock.back);
  const session = await family.session();
  await family.must(family.commit(session, family.guardians[0]));
  return scene(family, [session], [
    commits(family.commit(session, family.guardians[1])),
    { calls: [clock.deadline], end: "none" },
    commits(await family.fail(session)),
  ]);
}, DEADLINE);

inEveryOrder("two registrations and a session", (known) => async () => {
  const { sql, random } = known;
  const family = await SqlFamily.found(sql, random, { threshold: 2, guardians: 2 });
  const create = await family.as(family.creator, "create_signing_session", {
    p_family_id: family.id,
    p_message_hash: random.hex(32),
    p_participants: family.guardians,
    p_threshold: 2,
  });
  const transactions = [family.registration(), family.registration(), create].map((c) =>
    commits(c)
  );
  const read = async () => [
    ...await sql`
      select epoch, retired_at is null as current,
        (select count(*)::int from public.frost_signing_sessions
          where key_package_id = k.key_package_id) as sessions
      from public.frost_key_packages as k where family_id = ${family.id} order by epoch`,
  ];
  return { transactions, read };
});

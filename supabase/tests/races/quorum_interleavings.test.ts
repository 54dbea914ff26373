/** Quorums in every order: who comes at once with whom never decides what holds, but only who is first. */
import type { Call } from "../support/calls.ts";
import { asService } from "../support/calls.ts";
import type { SqlFamily } from "../support/sql_family.ts";
import { commits, inEveryOrder, rollsBack, scene } from "./every_order.ts";

/** The cases of a scene share their family's pools. */
const ONE_POOL = { stages: 1 } as const;

inEveryOrder("three commitments of a robust session for two", (family) => async () => {
  const session = await family.session({ mode: "robust" });
  return scene(family, [session], family.guardians.map((g) => commits(family.commit(session, g))));
});

inEveryOrder(
  "a refused share, a good one, and the next quorum's commitment",
  (family) => async () => {
    const session = await family.session({ mode: "robust" });
    const [first, second, third] = family.guardians;
    for (const guardian of [first, second]) await family.must(family.commit(session, guardian));
    return scene(family, [session], [
      commits(family.refuse(session, first, 1)),
      commits(family.share(session, second), family.commit(session, second)),
      commits(family.commit(session, third)),
    ]);
  },
);

inEveryOrder("the last shares of two quorums, and a failure", (family) => async () => {
  const { session, shareIn } = await oneTapSession(family);
  await family.must(shareIn(0, 1));
  await family.must(shareIn(0, 2));
  return scene(family, [session], [
    commits(shareIn(1, 1)),
    commits(shareIn(2, 2)),
    commits(await family.fail(session)),
  ]);
}, ONE_POOL);

inEveryOrder("a decline, and the last shares of two quorums", (family) => async () => {
  const { session, shareIn } = await oneTapSession(family);
  await family.must(shareIn(0, 1));
  await family.must(shareIn(0, 2));
  return scene(family, [session], [
    commits(await family.decline(session, family.guardians[1])),
    commits(shareIn(1, 1)),
    rollsBack(shareIn(2, 2)),
  ]);
}, ONE_POOL);

inEveryOrder(
  "two one_tap creations for which the pools suffice once, and a withdrawal",
  (family) => async () => {
    await fill(family, 2);
    const [first, second] = family.guardians;
    const withdrawal = await family.as(second, "withdraw_nonce_commitments", {
      p_family_id: family.id,
    });
    const creations = [await family.oneTap(first), await family.oneTap(second)];
    return {
      transactions: [...creations.map((call) => commits(call)), commits(withdrawal)],
      async read() {
        const [row] = await family.sql`
        select (select jsonb_agg(participant_id order by participant_id) from public.frost_nonce_pool
            where family_id = ${family.id} and bound_at is null and withdrawn_at is null) as left,
          (select jsonb_agg(mode order by mode) from (select detail ->> 'mode' as mode from public.frost_events
            where family_id = ${family.id} and event = 'created' order by event_id desc limit 2) as newest) as modes`;
        return row;
      },
    };
  },
  ONE_POOL,
);

inEveryOrder("two calls that share in two sessions, in opposite order", (family) => async () => {
  const sessions = [await family.signing(2), await family.signing(2)];
  const shares = (of: number, order: readonly number[]): Call =>
    asService("record_signature_shares", {
      p_items: JSON.stringify(order.map((i) => ({
        session_id: sessions[i].session,
        participant_id: sessions[i].signers[of],
        quorum: 1,
        signature_share: family.random.hex(32),
      }))),
    });
  return scene(family, sessions.map(({ session }) => session), [
    commits(shares(0, [0, 1])),
    commits(shares(1, [1, 0])),
    commits(family.complete(sessions[0].session)),
  ]);
});

/** Leaves each guardian with so many commitments in its pool. */
async function fill(family: SqlFamily, count: number): Promise<void> {
  for (const guardian of family.guardians) {
    await family.must(
      family.as(guardian, "withdraw_nonce_commitments", { p_family_id: family.id }),
    );
    await family.must(family.publish(guardian, count));
  }
}

/** A session with a quorum for each two of three, and the share of the nth guardian in a quorum. */
async function oneTapSession(family: SqlFamily) {
  await fill(family, 2);
  const { sessions } = await family.must(family.oneTap(family.creator));
  const [{ session_id: session }] = Array.isArray(sessions) ? sessions : [];
  return {
    session: String(session),
    shareIn: (guardian: number, quorum: number) =>
      family.share(session, family.guardians[guardian], family.random.hex(32), quorum),
  };
}

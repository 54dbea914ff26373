/** Commitments that guardians publish ahead, and withdraw. */
import assert from "node:assert/strict";
import { accepted, type Json, refused, sharedStack, writesNothing } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";
import { foreignCommitment } from "./encodings.ts";

const stack = sharedStack();

const publish = (family: HttpFamily, participant: string, nonceCommitments: unknown) =>
  family.call(participant, "publish-nonce-commitments", { familyId: family.id, nonceCommitments });

const withdraw = (family: HttpFamily, participant: string, which: Json) =>
  family.call(participant, "withdraw-nonce-commitments", { familyId: family.id, ...which });

const drawn = (family: HttpFamily, count: number) =>
  Array.from({ length: count }, () => family.freshCommitment());

Deno.test("published commitments are in the guardian's pool, and the same again is no error", async () => {
  const family = await HttpFamily.found(stack());
  const [a, b, c] = drawn(family, 3);
  const { sql } = stack().database;
  const first = { success: true, accepted: 2, available: 2 };
  assert.deepEqual(accepted(await publish(family, "ann", [a, b])), first);
  const again = await writesNothing(sql, () => publish(family, "ann", [b, a]));
  assert.deepEqual(accepted(again), first);
  const more = accepted(await publish(family, "ann", [a, b, c]));
  assert.deepEqual(more, { success: true, accepted: 3, available: 3 });
  assert.equal(accepted(await publish(family, "bob", drawn(family, 1))).available, 1);
  const { body } = await family.rpc("ann", "get_nonce_pool", { p_family_id: family.id });
  assert.deepEqual(body.guardians, { ann: 3, bob: 1, cleo: 0 });
});

Deno.test("publishing takes all commitments or none, and a nonce is accepted once anywhere", async () => {
  const family = await HttpFamily.found(stack());
  const [own, others, committed, fresh] = drawn(family, 4);
  accepted(await publish(family, "ann", [own]));
  accepted(await publish(family, "bob", [others]));
  accepted(await family.commit("ann", await family.create(), committed));
  const half = (commitment: string) => fresh.slice(0, 66) + commitment.slice(66);
  for (const used of [others, committed, half(own), half(others), half(committed)]) {
    const { sql } = stack().database;
    const answer = await writesNothing(sql, () => publish(family, "ann", [fresh, used]), {
      events: 1,
    });
    refused(answer, "nonce_reused");
  }
  await writesNothing(stack().database.sql, async () => {
    for (const wrong of ["00", own.slice(0, 66).repeat(2), foreignCommitment()]) {
      refused(await publish(family, "ann", [fresh, wrong]), "commitment_invalid", wrong);
    }
    refused(await publish(family, "ann", [fresh, fresh]), "invalid_input");
    refused(await publish(family, "ann", [fresh, fresh.toUpperCase()]), "invalid_input");
  });
  accepted(await publish(family, "ann", [fresh]));
  // What is in a pool is no commitment of a session.
  refused(await family.commit("ann", await family.create(), own), "nonce_reused");
});

Deno.test("a pool takes 256 commitments a call, and holds no more than the limit", async () => {
  const family = await HttpFamily.found(stack(), { ciphersuite: "FROST-ED448-SHAKE256-v1" });
  const many = drawn(family, 257);
  for (const nonceCommitments of [[], many, "all", {}, [7], [[]], null]) {
    refused(await publish(family, "ann", nonceCommitments), "invalid_input");
  }
  assert.equal(accepted(await publish(family, "ann", many.slice(1))).available, 256);
  await stack().database.sql`
    insert into permafrost.limits values ('pooled_commitments', ${family.id}, 256)`;
  const past = await publish(family, "ann", many.slice(0, 1));
  refused(past, "rate_limited");
  assert.ok(Number(past.headers.get("retry-after")) > 0);
  assert.equal(accepted(await publish(family, "ann", many.slice(1, 9))).available, 256);
});

Deno.test("who is no guardian of the family's key has no pool", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const nonceCommitments = drawn(family, 1);
  await writesNothing(stack().database.sql, async () => {
    const body = { familyId: family.id, nonceCommitments };
    for (const name of ["publish-nonce-commitments", "withdraw-nonce-commitments"]) {
      refused(await other.call("ann", name, body), "not_in_family", name);
      const claimed = { ...body, participantId: "bob" };
      refused(await family.call("ann", name, claimed), "not_a_participant", name);
    }
    refused(await publish(family, "mallory", nonceCommitments), "not_a_participant");
  });
});

Deno.test("what is withdrawn is the list or all, said in one of the two ways", async () => {
  const family = await HttpFamily.found(stack());
  const [a, b, c] = drawn(family, 3);
  const [others] = drawn(family, 1);
  accepted(await publish(family, "ann", [a, b, c]));
  accepted(await publish(family, "bob", [others]));
  await writesNothing(stack().database.sql, async () => {
    const wrong = [{}, { all: false }, { all: "true" }, { all: true, nonceCommitments: [a] }, {
      nonceCommitments: [],
    }, { all: null, nonceCommitments: null }];
    for (const which of wrong) refused(await withdraw(family, "ann", which), "invalid_input");
  });
  const withdrawn = async (which: Json) => accepted(await withdraw(family, "ann", which));
  const one = { success: true, withdrawn: 1, dead: 0 };
  const none = { success: true, withdrawn: 0, dead: 0 };
  assert.deepEqual(await withdrawn({ nonceCommitments: [a, others] }), one);
  assert.deepEqual(await withdrawn({ nonceCommitments: [a] }), none, "The same again");
  assert.deepEqual(await withdrawn({ all: true }), { ...none, withdrawn: 2 });
  const { body } = await family.rpc("bob", "get_nonce_pool", { p_family_id: family.id });
  assert.deepEqual(body.guardians, { ann: 0, bob: 1, cleo: 0 });
  // A nonce that was withdrawn was accepted once: it is of no use to anybody.
  refused(await family.commit("ann", await family.create(), b), "nonce_reused");
});

Deno.test("bound commitments that are withdrawn are dead, and their session goes on without them", async () => {
  const family = await HttpFamily.found(stack());
  await family.fillPools(3);
  const sessionId = await family.create(family.request({ mode: "one_tap" }));
  accepted(await family.call("ann", "submit-signature-share", (await family.owed("ann"))[0]));
  const [dead] = await family.owed("ann", sessionId);
  const answer = accepted(await withdraw(family, "ann", { all: true }));
  assert.deepEqual(answer, { success: true, withdrawn: 1, dead: 1 });
  assert.deepEqual(await family.owed("ann", sessionId), []);
  refused(await family.call("ann", "submit-signature-share", dead), "round_closed");
  for (const item of await family.owed("bob", sessionId)) {
    const { body } = await family.call("bob", "submit-signature-share", item);
    if (item.quorum === 1) assert.equal(body.status, "completed");
  }
});

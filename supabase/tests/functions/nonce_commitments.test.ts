import assert from "node:assert/strict";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import {
  accepted,
  refused,
  sharedStack,
  type TestStack,
  writesNothing,
} from "../support/answers.ts";
import { INVALID_POINTS } from "./encodings.ts";
import { HttpFamily } from "../support/http_family.ts";
import { expire } from "../support/owner.ts";

const stack = sharedStack();

for (const ciphersuite of CIPHERSUITES) {
  Deno.test(`a commitment that is not two points of ${ciphersuite} is commitment_invalid, and on record`, async () => {
    const family = await HttpFamily.found(stack(), { ciphersuite });
    const sessionId = await family.create();
    const good = family.freshCommitment();
    const [hiding, binding] = halves(good);
    const bad = [...INVALID_POINTS[ciphersuite]].flatMap(([what, point]) =>
      [point + binding, hiding + point, point + point].map((hex) => ({ what, hex }))
    );
    for (const hex of ["00", hiding, good + hiding, good + "00", good.slice(2)]) {
      bad.push({ what: "another length", hex });
    }
    const { sql } = stack().database;
    await writesNothing(sql, async () => {
      for (const { what, hex } of bad) {
        refused(await family.commit("bob", sessionId, hex), "commitment_invalid", what);
      }
    }, { events: bad.length });
    const blamed = await sql`
      select actor, detail ->> 'code' as code, detail ->> 'nonce_commitment' as hex
      from public.frost_events where subject = 'session' and subject_id = ${sessionId}
        and event = 'commitment_refused' order by seq`;
    assert.deepEqual(
      blamed.map((row) => ({ ...row })),
      bad.map(({ hex }) => ({ actor: "bob", code: "commitment_invalid", hex })),
    );
    assert.equal(accepted(await family.commit("bob", sessionId, good)).nonceCount, 1);
  });
}

Deno.test("a commitment in another spelling than lower-case hex is invalid_input", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const good = family.freshCommitment();
  const spellings = [good.toUpperCase(), good.slice(1), `0x${good}`, ` ${good}`, `${good}\n`, ""];
  spellings.push(good.replace(/[a-f]/, (digit) => digit.toUpperCase()));
  await writesNothing(stack().database.sql, async () => {
    for (const each of spellings) {
      refused(await family.commit("bob", sessionId, each), "invalid_input", each);
    }
  });
});

Deno.test("one point as both hiding and binding is commitment_invalid, and is recorded", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  const [hiding] = halves(family.freshCommitment());
  const answer = await recorded(family, sessionId, "bob", hiding + hiding);
  refused(answer, "commitment_invalid");
});

Deno.test("a nonce point is accepted once: whole, half, swapped, by anybody, in any session", async () => {
  const family = await HttpFamily.found(stack());
  const other = await HttpFamily.found(stack());
  const first = await family.create();
  const second = await family.create();
  const theirs = await other.create();
  const [hiding, binding] = halves(family.freshCommitment());
  const [fresh, fresher] = halves(family.freshCommitment());
  accepted(await family.commit("bob", first, hiding + binding));
  const attempts = [
    [family, first, "cleo", hiding + binding],
    [family, second, "bob", hiding + binding],
    [family, second, "bob", binding + hiding],
    [family, second, "bob", hiding + fresh],
    [family, second, "bob", fresh + hiding],
    [family, second, "bob", binding + fresh],
    [other, theirs, "ann", fresh + binding],
  ] as const;
  for (const [who, sessionId, participant, commitment] of attempts) {
    const answer = await recorded(who, sessionId, participant, commitment);
    refused(answer, "nonce_reused", commitment);
  }
  // What was refused beside a used point is as fresh as before.
  accepted(await family.commit("bob", second, fresh + fresher));
});

Deno.test("a nonce point stays used after its session was deleted", async () => {
  const family = await HttpFamily.found(stack());
  const first = await family.create();
  const commitment = family.freshCommitment();
  accepted(await family.commit("bob", first, commitment));
  await stack().database
    .sql`delete from public.frost_signing_sessions where session_id = ${first}`;
  refused(await family.commit("bob", await family.create(), commitment), "nonce_reused");
});

Deno.test("a second commitment of a participant is commitment_already_submitted", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  accepted(await family.commit("bob", sessionId, family.freshCommitment()));
  const answer = await recorded(family, sessionId, "bob", family.freshCommitment());
  refused(answer, "commitment_already_submitted");
});

Deno.test("a late commitment is round_closed, and takes no nonce", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.signing(["cleo", "ann"]);
  const late = family.freshCommitment();
  refused(await recorded(family, sessionId, "bob", late), "round_closed");
  assert.deepEqual((await family.session(sessionId)).signers, ["ann", "cleo"]);
  accepted(await family.commit("bob", await family.create(), late));
});

Deno.test("a creator who takes no part is not_a_participant", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create(family.request({ participants: ["bob", "cleo"] }));
  const answer = await recorded(family, sessionId, "ann", family.freshCommitment());
  refused(answer, "not_a_participant");
});

Deno.test("a commitment to a session that is over says how it ended", async () => {
  const family = await HttpFamily.found(stack());
  const completed = await family.completed();
  refused(await recorded(family, completed, "cleo", family.freshCommitment()), "session_finished");
  const failed = await family.create();
  await family.rpc("ann", "fail_signing_session", { p_session_id: failed, p_reason: "no more" });
  refused(await recorded(family, failed, "cleo", family.freshCommitment()), "session_finished");
  const expired = await family.create();
  await expire(family.stack.database.sql, expired);
  refused(await recorded(family, expired, "cleo", family.freshCommitment()), "session_expired");
});

Deno.test("who has declined does not commit", async () => {
  const family = await HttpFamily.found(stack());
  const sessionId = await family.create();
  accepted(
    await family.call("bob", "decline-signing-request", { sessionId, reason: "not on Sundays" }),
  );
  const answer = await recorded(family, sessionId, "bob", family.freshCommitment());
  refused(answer, "invalid_transition");
});

/** Submits what is to be refused by the database: nothing may come of it but the event that says so. */
async function recorded(
  family: HttpFamily,
  sessionId: string,
  participant: string,
  commitment: string,
) {
  const { sql } = stack().database;
  const answer = await writesNothing(
    sql,
    () => family.commit(participant, sessionId, commitment),
    { events: 1 },
  );
  assert.deepEqual(await lastEvent(stack()), {
    session_id: sessionId,
    family_id: family.id,
    event: "commitment_refused",
    actor: participant,
    code: answer.body.code,
  });
  return answer;
}

async function lastEvent({ database }: TestStack) {
  const [event] = await database.sql`
    select subject_id as session_id, family_id, event, actor, detail ->> 'code' as code
    from public.frost_events order by event_id desc limit 1`;
  return { ...event };
}

function halves(commitment: string): [string, string] {
  const middle = commitment.length / 2;
  return [commitment.slice(0, middle), commitment.slice(middle)];
}
